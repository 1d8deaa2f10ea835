import { registry } from "@web/core/registry";

// A collector proposes, looks at what would leave, leaves one customer out, and sends the rest.
registry.category("web_tour.tours").add("ar_dunning_run", {
    steps: () => [
        {
            content: "A new run",
            trigger: ".o_list_button_add",
            run: "click",
        },
        {
            content: "Nothing leaves before it was seen",
            trigger: "button[name=action_propose]:contains(Propose):visible",
            run: "click",
        },
        {
            content: "One notice a customer, with its level and amount",
            trigger: ".o_field_widget[name=notice_ids] .o_data_row:contains(Forgetful & Sons):contains(First):contains(300.00)",
        },
        {
            content: "Look at one of them",
            trigger: ".o_field_widget[name=notice_ids] .o_data_row:contains(Excused & Sons) .o_data_cell[name=partner_id]",
            run: "click",
        },
        {
            content: "The message as the customer would read it",
            trigger: ".modal .o_field_widget[name=preview]:contains(Total to pay)",
        },
        {
            trigger: ".modal button[name=action_leave_out]",
            run: "click",
        },
        {
            trigger: ".modal .o_statusbar_status button.o_arrow_button_current:contains(Left out)",
        },
        {
            trigger: ".modal .o_form_button_cancel, .modal footer button:contains(Close)",
            run: "click",
        },
        {
            content: "Back on the run",
            trigger: "body:not(:has(.modal)) .o_data_row:contains(Excused & Sons):contains(Left out)",
        },
        {
            trigger: "button[name=action_confirm]",
            run: "click",
        },
        {
            content: "Now it may leave",
            trigger: "button[name=action_process]:contains(Send):visible",
            run: "click",
        },
        {
            content: "Sent, and told so",
            trigger: ".o_statusbar_status button.o_arrow_button_current:contains(Done)",
        },
        {
            trigger: ".o_data_row:contains(Forgetful & Sons):contains(Sent)",
        },
    ],
});
