import { registry } from "@web/core/registry";

// A salesperson looks for the call that pays him most, and reads what he was paid.
registry.category("web_tour.tours").add("ar_commission_salesperson", {
    steps: () => [
        {
            content: "The call that is worth most comes first, although its invoices are smaller",
            trigger: ".o_data_row:first:contains(Late & Sons):contains(90.00)",
        },
        {
            content: "Whose money comes too late earns nothing",
            trigger: ".o_data_row:contains(Forgotten):contains(Too late)",
        },
        {
            trigger: ".o_data_row:first .o_data_cell[name=partner_id]",
            run: "click",
        },
        {
            content: "The customer's widget says what is at stake, and opens the invoices",
            trigger: ".o_form_view .o_ar_position button[data-chip=commission]:contains(90.00)",
            run: "click",
        },
        {
            content: "This customer's alone",
            trigger: ".o_list_view .o_data_row:eq(1):contains(Late & Sons)",
        },
        {
            trigger: ".o_list_view:not(:has(.o_data_row:contains(Forgotten)))",
        },
        {
            content: "What he was paid",
            trigger: "[data-menu-xmlid='ar_credit_control.menu_commission']",
            run: "click",
        },
        {
            trigger: "[data-menu-xmlid='ar_credit_control.menu_commission_statements']",
            run: "click",
        },
        {
            trigger: ".o_data_row:contains(salesman) .o_data_cell[name=payee_id]",
            run: "click",
        },
        {
            content: "With the arithmetic of each commission",
            trigger: ".o_field_widget[name=entry_ids] .o_data_row:contains(30.00)",
        },
        {
            content: "To read and to print, not to decide",
            trigger: ".o_statusbar_buttons:has(button:contains(Print))",
        },
        {
            trigger: ".o_form_view:not(:has(button[name=action_review]))",
        },
    ],
});

// A commission manager draws the statements of the last month and decides.
registry.category("web_tour.tours").add("ar_commission_manager", {
    steps: () => [
        {
            trigger: ".o_control_panel button:contains(Draw statements)",
            run: "click",
        },
        {
            content: "The dialog says how many people and how much",
            trigger: ".modal .o_field_widget[name=people]:contains(1)",
        },
        {
            trigger: ".modal button[name=action_draw]",
            run: "click",
        },
        {
            trigger: ".o_list_view .o_data_row:contains(salesman) .o_data_cell[name=payee_id]",
            run: "click",
        },
        {
            trigger: ".o_field_widget[name=payout]:contains(30.00)",
        },
        {
            trigger: "button[name=action_review]",
            run: "click",
        },
        {
            trigger: "button[name=action_approve]",
            run: "click",
        },
        {
            content: "Asked once more, as it is for good",
            trigger: ".modal:contains(settled for good) .modal-footer .btn-primary",
            run: "click",
        },
        {
            trigger: "button[name=action_pay]",
            run: "click",
        },
        {
            trigger: ".o_statusbar_status .o_arrow_button_current:contains(Paid)",
        },
    ],
});
