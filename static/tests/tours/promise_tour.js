import { registry } from "@web/core/registry";

// A collector has the customer on the phone, and writes down by when it pays.
registry.category("web_tour.tours").add("ar_promise_collector", {
    steps: () => [
        {
            content: "Open the customer",
            trigger: ".o_data_row:contains(Promising & Sons) .o_data_cell[name=complete_name]",
            run: "click",
        },
        {
            content: "The widget offers a promise",
            trigger: ".o_ar_position button:contains(Promise)",
            run: "click",
        },
        {
            content: "What is overdue is filled in",
            trigger: ".o_field_widget[name=line_ids] .o_data_row:contains(500.00)",
        },
        {
            content: "The day",
            trigger: ".o_field_widget[name=date] input, .o_field_widget[name=date] button",
            run: "click",
        },
        {
            trigger: ".o_datetime_picker .o_today",
            run: "click",
        },
        {
            trigger: ".o_field_widget[name=note] textarea",
            run: "edit The transfer leaves today",
        },
        {
            trigger: ".o_form_button_save:visible",
            run: "click",
        },
        {
            content: "It is open until judged",
            trigger: ".o_statusbar_status button.o_arrow_button_current:contains(Open)",
        },
        {
            content: "The promise may be cancelled, and stays as it was given",
            trigger: "button[name=action_cancel]:contains(Cancel the promise)",
        },
    ],
});
