import { registry } from "@web/core/registry";

// A salesperson hears at the next order why the last one is not paid, and writes it down.
registry.category("web_tour.tours").add("ar_dispute_salesperson", {
    steps: () => [
        {
            content: "Open the quotation",
            trigger: ".o_data_row:contains(Refusing & Sons) .o_data_cell[name=partner_id]",
            run: "click",
        },
        {
            content: "The widget offers a dispute",
            trigger: ".o_ar_position button:contains(Dispute)",
            run: "click",
        },
        {
            content: "The customer is there already",
            trigger: ".o_breadcrumb:contains(New dispute), .o_form_view .o_field_widget[name=reason]",
        },
        {
            content: "Wrong quantity",
            trigger: ".o_field_widget[name=reason] .o_radio_item:contains(Wrong quantity) input",
            run: "click",
        },
        {
            trigger: ".o_field_widget[name=line_ids] a:contains(Add a line)",
            run: "click",
        },
        {
            content: "Choose from the customer's open invoices",
            trigger: ".o_selected_row .o_field_widget[name=item_id] input",
            run: "edit INV",
        },
        {
            trigger: "ul.ui-autocomplete a:contains(due)",
            run: "click",
        },
        {
            content: "All that is open, then a part of it",
            trigger: ".o_selected_row .o_field_widget[name=amount] input:value(500.00)",
            run: "edit 200",
        },
        {
            content: "What the customer says",
            trigger: ".o_field_widget[name=note] textarea",
            run: "edit Two of five boxes came",
        },
        {
            trigger: ".o_form_button_save:visible",
            run: "click",
        },
        {
            content: "It is open, and its owner has something to do",
            trigger: ".o_statusbar_status button.o_arrow_button_current:contains(Open)",
        },
        {
            trigger: ".o-mail-Activity:contains(Who is right)",
        },
    ],
});
