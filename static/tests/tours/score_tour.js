import { registry } from "@web/core/registry";

const { DateTime } = luxon;
const page = (name) => `.o_notebook_headers a.nav-link:contains(${name})`;

// A credit manager asks why, follows a reason to its invoices, and knows better for a while.
registry.category("web_tour.tours").add("ar_score_manager", {
    steps: () => [
        {
            content: "Open the customer",
            trigger: ".o_data_row:contains(Late & Sons) .o_data_cell",
            run: "click",
        },
        {
            content: "The grade stands on the widget and opens what it rests on",
            trigger: ".o_ar_position button[data-chip=grade]",
            run: "click",
        },
        {
            trigger: page("Payment behaviour"),
            run: "click",
        },
        {
            content: "Reasons with their points",
            trigger: ".o_ar_score_reasons tr[data-reason=habit]:contains(days after the due date)",
        },
        {
            content: "From a reason to its invoices",
            trigger: ".o_ar_score_reasons tr[data-reason=habit] button:contains(Documents)",
            run: "click",
        },
        {
            content: "Ten instalments were paid",
            trigger: ".o_list_view .o_data_row:eq(9):contains(INV)",
        },
        {
            content: "And back",
            trigger: ".o_breadcrumb .o_back_button, .breadcrumb-item.o_back_button a",
            run: "click",
        },
        {
            trigger: page("Payment behaviour"),
            run: "click",
        },
        {
            content: "Another grade, for a reason and a time",
            trigger: ".o_field_widget[name=override_grade] input",
            run: "click",
        },
        {
            trigger: ".o_select_menu_item:contains(B)",
            run: "click",
        },
        {
            trigger: ".o_field_widget[name=override_reason] :is(input, textarea)",
            run: "edit New owner, who pays",
        },
        {
            trigger: ".o_field_widget[name=override_until] :is(input, button)",
            run: "click",
        },
        {
            trigger: ".o_field_widget[name=override_until] input",
            run: `edit ${DateTime.now().plus({ days: 40 }).toFormat("MM/dd/yyyy")}`,
        },
        {
            trigger: ".o_form_button_save",
            run: "click",
        },
        {
            content: "Both grades are seen",
            trigger: ".o_ar_score_grade:contains(B)",
        },
        {
            trigger: ".o_ar_score_note:contains(New owner, who pays):contains(computed)",
        },
        {
            content: "The proposal and its arithmetic",
            trigger: page("Proposed limit"),
            run: "click",
        },
        {
            trigger: ".o_field_widget[name=proposal_html] tr:contains(Proposed)",
        },
        {
            content: "One click for who may approve it",
            trigger: "button[name=action_accept_proposal]",
            run: "click",
        },
        {
            trigger: ".o_field_widget[name=credit_limit]",
        },
    ],
});

// A salesperson looks for customers to whom more may be sold, and reads why about another.
registry.category("web_tour.tours").add("ar_score_salesperson", {
    steps: () => [
        {
            content: "Good payers, the largest safe potential first",
            trigger: ".o_data_row:first:contains(Prompt & Daughters)",
        },
        {
            trigger: ".o_data_row:first .o_data_cell[name=partner_id]",
            run: "click",
        },
        {
            content: "The customer's widget says how it pays",
            trigger: ".o_form_view .o_ar_position button[data-chip=grade]",
        },
        {
            trigger: ".o_breadcrumb .o_back_button, .breadcrumb-item.o_back_button a",
            run: "click",
        },
        {
            content: "Straight to a quotation",
            trigger: ".o_data_row:first button[name=action_new_quotation]",
            run: "click",
        },
        {
            trigger: ".o_form_view .o_field_widget[name=partner_id] input:value(Prompt & Daughters)",
        },
    ],
});
