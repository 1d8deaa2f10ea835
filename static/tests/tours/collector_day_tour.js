import { registry } from "@web/core/registry";

// A collector opens the day's first customer, logs the call, and goes on to the next one.
registry.category("web_tour.tours").add("ar_collector_day", {
    url: "/odoo/worklist",
    steps: () => [
        {
            content: "The highest amount that nobody spoke about stands first",
            trigger: ".o_data_row:first:contains('Tour First') td[name=partner_id]",
            run: "click",
        },
        {
            content: "What to do stands above the position",
            trigger: "[name=suggestion]:contains('nobody has spoken with them yet')",
        },
        {
            content: "Log the call",
            trigger: "button[name=action_log_contact]",
            run: "click",
        },
        {
            content: "The customer promised",
            trigger: ".modal .o_field_widget[name=outcome] span:contains('Promised to pay')",
            run: "click",
        },
        {
            content: "What was said",
            trigger: ".modal .o_field_widget[name=note] textarea",
            run: "edit Pays on Friday",
        },
        {
            content: "What comes next",
            trigger: ".modal .o_field_widget[name=next_step] input",
            run: "edit Check the payment",
        },
        {
            content: "And when",
            trigger: ".modal .o_field_widget[name=next_date] input, .modal .o_field_widget[name=next_date] button",
            run: "click",
        },
        {
            content: "In the calendar: the last day that it shows lies ahead",
            trigger: ".o_datetime_picker .o_date_item_cell:not(.o_out_of_range):last",
            run: "click",
        },
        {
            content: "Log it",
            trigger: ".modal footer button:contains('Log')",
            run: "click",
        },
        {
            content: "Done for today, and the contact stands below",
            trigger: ".alert-success:contains('Nothing to do today')",
        },
        {
            content: "The log shows it",
            trigger: ".o_field_widget[name=contact_ids] .o_data_row:contains('Pays on Friday')",
        },
        {
            content: "On to the next customer, from the same place in the list",
            trigger: ".o_pager_next",
            run: "click",
        },
        {
            content: "The second one",
            trigger: ".o_form_view h1:contains('Tour Second')",
        },
        {
            content: "And back",
            trigger: ".o_pager_previous",
            run: "click",
        },
        {
            content: "The first one is still there",
            trigger: ".o_form_view h1:contains('Tour First')",
        },
    ],
});
