import { registry } from "@web/core/registry";

// A salesperson reads the warning before he types a line, is held, and asks for release.
registry.category("web_tour.tours").add("ar_credit_hold_salesperson", {
    url: "/odoo/action-sale.action_quotations",
    steps: () => [
        {
            content: "New quotation",
            trigger: ".o_list_button_add",
            run: "click",
        },
        {
            content: "Choose the customer",
            trigger: ".o_field_widget[name=partner_id] input",
            run: "edit Late & Sons",
        },
        {
            trigger: "ul.ui-autocomplete > li > a:contains(Late & Sons)",
            run: "click",
        },
        {
            content: "The widget warns before any line is typed",
            trigger: ".o_ar_position.o_ar_hold .o_ar_advice:contains(ask for payment)",
        },
        {
            content: "Overdue stands there in words and figures",
            trigger: ".o_ar_position .o_ar_legend:contains(Overdue)",
        },
        {
            content: "Add a product",
            trigger: 'a:contains("Add a product")',
            run: "click",
        },
        {
            trigger: ".o_selected_row div[name=product_template_id] input, .o_selected_row div[name=product_id] input",
            run: "edit Held thing",
        },
        {
            trigger: "ul.ui-autocomplete a:contains(Held thing)",
            run: "click",
        },
        {
            content: "The line has its price",
            trigger: ".o_field_widget[name=tax_totals]:contains(90.00)",
        },
        {
            content: "Confirm",
            trigger: "button[name=action_confirm]:visible",
            run: "click",
        },
        {
            content: "The order is kept, and says why it waits and what would release it",
            trigger: "div[name=ar_credit_hold]:contains(overdue for more than 30 days)",
        },
        {
            trigger: "div[name=ar_credit_hold]:contains(What would release it)",
        },
        {
            content: "Ask for release",
            trigger: "button[name=action_ar_request_release]:contains(Ask for release)",
            run: "click",
        },
        {
            trigger: ".modal .o_field_widget[name=note] textarea",
            run: "edit The cheque is in the post",
        },
        {
            trigger: ".modal button[name=action_request]",
            run: "click",
        },
        {
            content: "The request stands on the chatter",
            trigger: ".o-mail-Message:contains(The cheque is in the post)",
        },
    ],
});

// The credit manager finds the order, reads what he needs, and releases it with a reason.
registry.category("web_tour.tours").add("ar_credit_hold_manager", {
    url: "/odoo/orders-on-hold",
    steps: () => [
        {
            content: "Open the order that waits",
            trigger: ".o_data_row:contains(Late & Sons) .o_data_cell[name=partner_id]",
            run: "click",
        },
        {
            content: "The position of today is there",
            trigger: ".o_form_view .o_ar_position",
        },
        {
            trigger: ".o_field_widget[name=request_note]:contains(The cheque is in the post)",
        },
        {
            content: "Release",
            trigger: "button[name=action_release]:visible",
            run: "click",
        },
        {
            trigger: ".modal .o_field_widget[name=reason] textarea",
            run: "edit Payment order seen",
        },
        {
            trigger: ".modal button[name=action_release]:contains(Release and confirm)",
            run: "click",
        },
        {
            content: "Released",
            trigger: ".o_statusbar_status button.o_arrow_button_current:contains(Released)",
        },
    ],
});
