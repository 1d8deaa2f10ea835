import { registry } from "@web/core/registry";

// A claim that calls did not settle is handed to an agency, with its file.
registry.category("web_tour.tours").add("ar_collector_case", {
    url: "/odoo/worklist",
    steps: () => [
        {
            content: "The customer of the day",
            trigger: ".o_data_row:contains('Tour Case') td[name=partner_id]",
            run: "click",
        },
        {
            content: "Open a case about what is overdue",
            trigger: "button[name=action_open_case]",
            run: "click",
        },
        {
            content: "The case holds the invoice",
            trigger: ".o_field_widget[name=line_ids] .o_data_row:contains('90,000,000')",
        },
        {
            content: "Whom to hand it over to",
            trigger: ".o_field_widget[name=agency_id] input",
            run: "edit Tour Agency",
        },
        {
            content: "Choose the agency",
            trigger: ".o-autocomplete--dropdown-item:contains('Tour Agency'):not(:contains('Create'))",
            run: "click",
        },
        {
            content: "Steps are kept on the case",
            trigger: ".o_notebook .nav-link[name=steps]",
            run: "click",
        },
        {
            content: "A first letter",
            trigger: ".o_field_widget[name=step_ids] .o_field_x2many_list_row_add a, .o_field_widget[name=step_ids] .o_field_x2many_list_row_add button",
            run: "click",
        },
        {
            content: "With its reference",
            trigger: ".o_field_widget[name=step_ids] .o_field_widget[name=reference] input",
            run: "edit L-1",
        },
        {
            content: "Hand it over",
            trigger: "button[name=action_hand_over]:visible",
            run: "click",
        },
        {
            content: "Reminders stop: that is what is wanted",
            trigger: ".modal footer button.btn-primary",
            run: "click",
        },
        {
            content: "The case is handed over",
            trigger: ".o_arrow_button_current:contains('Handed over')",
        },
    ],
});
