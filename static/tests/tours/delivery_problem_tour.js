import { registry } from "@web/core/registry";

// An accountant finds a rejected invoice, corrects what the exchange names, and says so.
registry.category("web_tour.tours").add("ar_delivery_problem", {
    steps: () => [
        {
            content: "The list shows which invoice did not arrive",
            trigger: ".o_list_view td[name=ar_delivery_state]:contains(not issued)",
        },
        {
            content: "Open it",
            trigger: ".o_data_row:has(td[name=ar_delivery_state]:contains(not issued)) td[name=partner_id], .o_data_row:has(td[name=ar_delivery_state]:contains(not issued)) td[name=invoice_partner_display_name]",
            run: "click",
        },
        {
            content: "The invoice says what happened",
            trigger: ".o_form_view [name=ar_delivery]:contains(IdCodice)",
        },
        {
            trigger: "[name=ar_delivery] button:contains(What to do)",
            run: "click",
        },
        {
            content: "It has an owner, a day and a task",
            trigger: ".o_form_view .alert-info:contains(send the invoice again)",
        },
        {
            trigger: ".o_group:has(.o_field_widget[name=user_id]) .o_field_widget[name=deadline]",
        },
        {
            content: "Each error with the network's words and the field to correct",
            trigger: ".o_data_row:contains(00311):contains(ABC1234 non trovato) td[name=field_label]:contains(Customer)",
        },
        {
            content: "Go to that field",
            trigger: ".o_data_row:contains(00311) button[name=action_correct]",
            run: "click",
        },
        {
            content: "Correct the customer",
            trigger: ".o_form_view .o_field_widget[name=vat] input",
            run: "edit IT00743110157",
        },
        {
            trigger: ".o_form_button_save",
            run: "click",
        },
        {
            trigger: ".o_form_saved, .o_form_status_indicator_buttons.invisible",
        },
        {
            content: "Back to the problem",
            trigger: ".o_back_button, .breadcrumb-item:last-of-type a",
            run: "click",
        },
        {
            trigger: "button[name=action_fixed]",
            run: "click",
        },
        {
            content: "Now the exchange has the word",
            trigger: ".alert-info:contains(awaited)",
        },
    ],
});

// After the new transmission arrived, nothing is left to do.
registry.category("web_tour.tours").add("ar_delivery_closed", {
    steps: () => [
        {
            content: "The problem has closed by itself",
            trigger: ".o_form_view .o_statusbar_status .o_arrow_button_current:contains(Closed)",
        },
        {
            trigger: ".o_field_widget[name=close_reason]:contains(Delivered)",
        },
    ],
});
