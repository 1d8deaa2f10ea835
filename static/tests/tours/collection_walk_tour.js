import { registry } from "@web/core/registry";

// The way of a claim of the demo company, from the first call to the hand-over file. What happens
// between the parts (days that pass, money that comes) is done by tests/test_collection_walk.py.

const FOLLOWED = ".o_data_row:has(td[name=collector_id] img)";

function toCustomer(why) {
    return [
        {
            content: "The customer that the collector follows up",
            trigger: `${FOLLOWED}:first:contains(${why}) td[name=partner_id]`,
            run: "click",
        },
    ];
}

function today(field) {
    return [
        {
            trigger: `.o_field_widget[name=${field}] input, .o_field_widget[name=${field}] button`,
            run: "click",
        },
        {
            trigger: ".o_datetime_picker .o_today",
            run: "click",
        },
    ];
}

function logged(outcome, note) {
    return [
        {
            trigger: "button[name=action_log_contact]",
            run: "click",
        },
        {
            trigger: `.modal .o_field_widget[name=outcome] span:contains(${outcome})`,
            run: "click",
        },
        {
            trigger: ".modal .o_field_widget[name=note] textarea",
            run: `edit ${note}`,
        },
    ];
}

const saved = { trigger: ".o_form_status_indicator_buttons.invisible:not(:visible)" };
const save = { trigger: ".modal footer button:contains(Log)", run: "click" };

registry.category("web_tour.tours").add("ar_walk_call", {
    steps: () => [
        ...toCustomer("No contact"),
        ...logged("Informed", "The buyer asks his bank"),
        {
            trigger: ".modal .o_field_widget[name=next_step] input",
            run: "edit Ask for the day of the transfer",
        },
        ...today("next_date"),
        save,
        {
            content: "The next step is of today, so the customer stays on the list",
            trigger: "[name=suggestion]:contains(Ask for the day of the transfer)",
        },
        {
            content: "He calls back and names a day: what is overdue is filled in",
            trigger: ".o_ar_position button:contains(Promise)",
            run: "click",
        },
        {
            trigger: ".o_field_widget[name=line_ids] .o_data_row:eq(2)",
        },
        ...today("date"),
        {
            trigger: ".o_field_widget[name=note] textarea",
            run: "edit The transfer leaves today",
        },
        {
            trigger: ".o_form_button_save:visible",
            run: "click",
        },
        saved,
        {
            trigger: ".o_statusbar_status button.o_arrow_button_current:contains(Open)",
        },
    ],
});

registry.category("web_tour.tours").add("ar_walk_plan", {
    steps: () => [
        {
            content: "A broken promise stands above everything else",
            trigger: ".o_data_row:first:contains(Promise broken) td[name=partner_id]",
            run: "click",
        },
        {
            trigger: "[name=suggestion]:contains(and not paid)",
        },
        ...logged("No answer", "Engaged"),
        save,
        {
            content: "Nobody was reached: it is still to be done",
            trigger: "[name=suggestion]:contains(and not paid)",
        },
        {
            trigger: ".o_field_widget[name=contact_ids] .o_data_row:contains(Engaged)",
        },
        {
            content: "At last the customer asks for instalments",
            trigger: "button[name=action_new_plan]",
            run: "click",
        },
        ...today("first_date"),
        {
            trigger: "button[name=action_schedule]",
            run: "click",
        },
        {
            content: "Three instalments that add up",
            trigger: ".o_field_widget[name=instalment_ids] .o_data_row:eq(2)",
        },
        {
            trigger: "button[name=action_start]",
            run: "click",
        },
        {
            trigger: ".o_statusbar_status button.o_arrow_button_current:contains(Running)",
        },
    ],
});

registry.category("web_tour.tours").add("ar_walk_dispute", {
    steps: () => [
        {
            content: "The newest quotation",
            trigger: ".o_list_view .o_data_row:first .o_data_cell[name=partner_id]",
            run: "click",
        },
        {
            content: "The customer answers with a complaint",
            trigger: ".o_ar_position button:contains(Dispute)",
            run: "click",
        },
        {
            trigger: ".o_field_widget[name=reason] .o_radio_item:contains(Wrong quantity) input",
            run: "click",
        },
        {
            trigger: ".o_field_widget[name=line_ids] a:contains(Add a line)",
            run: "click",
        },
        {
            trigger: ".o_selected_row .o_field_widget[name=item_id] input",
            run: "edit WALK/2",
        },
        {
            trigger: "ul.ui-autocomplete a:contains(WALK/2)",
            run: "click",
        },
        {
            content: "A part of it",
            trigger: ".o_selected_row .o_field_widget[name=amount] input:value(800.00)",
            run: "edit 300",
        },
        {
            trigger: ".o_field_widget[name=note] textarea",
            run: "edit Three pallets are missing",
        },
        {
            trigger: ".o_form_button_save:visible",
            run: "click",
        },
        saved,
        {
            trigger: ".o_statusbar_status button.o_arrow_button_current:contains(Open)",
        },
        {
            trigger: ".breadcrumb-item:last a",
            run: "click",
        },
        {
            content: "The quotation shows what is disputed",
            trigger: ".o_form_view .o_ar_position [data-chip=dispute]:contains(300)",
        },
    ],
});

registry.category("web_tour.tours").add("ar_walk_notes", {
    steps: () => [
        {
            content: "A salesperson knows that his customer was spoken with",
            trigger: "button[name=action_ar_contacts]",
            run: "click",
        },
        {
            trigger: ".o_list_view .o_data_row:contains(Informed)",
        },
        {
            content: "And what comes next, but not what was said",
            trigger: ".o_list_view:not(:has(th[data-name=note])):not(:contains(asks his bank))",
        },
        {
            trigger: ".o_list_view .o_data_row:contains(Informed) td[name=channel]",
            run: "click",
        },
        {
            trigger: ".o_form_view:not(:contains(asks his bank)) .o_field_widget[name=outcome]",
        },
    ],
});

registry.category("web_tour.tours").add("ar_walk_resolve", {
    steps: () => [
        {
            trigger: "button[name=action_resolve]",
            run: "click",
        },
        {
            trigger: ".modal .o_field_widget[name=resolution] input[data-value=rejected], .modal .o_field_widget[name=resolution] .o_radio_item:contains(Rejected) input",
            run: "click",
        },
        {
            content: "Whose complaint is rejected had no reason, as a rule",
            trigger: ".modal .o_field_widget[name=justified] input:not(:checked)",
        },
        {
            trigger: ".modal .o_field_widget[name=note] textarea",
            run: "edit The carrier's receipt is signed",
        },
        {
            trigger: ".modal button[name=action_resolve]",
            run: "click",
        },
        {
            trigger: ".o_statusbar_status button.o_arrow_button_current:contains(Resolved)",
        },
    ],
});

registry.category("web_tour.tours").add("ar_walk_case", {
    steps: () => [
        {
            content: "An instalment did not come",
            trigger: ".o_data_row:first:contains(Promise broken) td[name=partner_id]",
            run: "click",
        },
        {
            trigger: "button[name=action_open_case]",
            run: "click",
        },
        {
            content: "The case holds all that is overdue",
            trigger: ".o_field_widget[name=line_ids] .o_data_row:contains(WALK/3)",
        },
        {
            trigger: "button[name=action_propose_notice]",
            run: "click",
        },
        {
            content: "One notice, to be reviewed",
            trigger: ".o_form_view [name=notice_count]:contains(1)",
        },
        {
            trigger: "button[name=action_confirm]",
            run: "click",
        },
        {
            trigger: "button[name=action_process]:contains(Send)",
            run: "click",
        },
        {
            trigger: ".o_statusbar_status button.o_arrow_button_current:contains(Done)",
            timeout: 60000,
        },
        {
            trigger: ".breadcrumb-item:last a",
            run: "click",
        },
        {
            content: "The case knows the notice and its deadline",
            trigger: ".o_statusbar_status button.o_arrow_button_current:contains(Formal notice)",
        },
        {
            trigger: ".o_field_widget[name=next_step] input:value(Decide what follows the formal notice)",
        },
        {
            trigger: ".o_field_widget[name=tracking_number] input",
            run: "edit RR123456785IT",
        },
        {
            content: "Nothing came until the deadline: an agency takes over, for 10 %",
            trigger: ".o_field_widget[name=agency_id] input",
            run: "edit Walk Recupero",
        },
        {
            trigger: ".o-autocomplete--dropdown-item:contains(Walk Recupero):not(:contains(Create))",
            run: "click",
        },
        {
            trigger: ".o_field_widget[name=fee_percent] input",
            run: "edit 10",
        },
        {
            trigger: "button[name=action_hand_over]:visible",
            run: "click",
        },
        {
            trigger: ".modal footer button.btn-primary",
            run: "click",
        },
        {
            content: "Its file takes a while: statement, invoices and notices are printed",
            trigger: ".o_arrow_button_current:contains(Handed over)",
            timeout: 60000,
        },
        {
            content: "What left the house is kept",
            trigger: ".o_notebook .nav-link[name=files]",
            run: "click",
        },
        {
            trigger: ".o_field_widget[name=file_ids] .o_data_row:contains(.zip)",
        },
        {
            trigger: ".o_notebook .nav-link[name=steps]",
            run: "click",
        },
        {
            trigger: ".o_field_widget[name=step_ids] .o_field_x2many_list_row_add a, .o_field_widget[name=step_ids] .o_field_x2many_list_row_add button",
            run: "click",
        },
        {
            trigger: ".o_field_widget[name=step_ids] .o_field_widget[name=cost] input",
            run: "edit 45",
        },
        {
            trigger: ".o_form_button_save:visible",
            run: "click",
        },
        saved,
        {
            content: "What it costs stands beside what comes in",
            trigger: ".o_field_widget[name=costs]:contains(45.00)",
        },
        saved,
    ],
});

registry.category("web_tour.tours").add("ar_walk_handed_over", {
    steps: () => [
        {
            trigger: ".o_list_view .o_data_row:first .o_data_cell[name=partner_id]",
            run: "click",
        },
        {
            content: "Whoever makes an offer sees who speaks with the customer",
            trigger: ".o_form_view .o_ar_position [data-chip=case]:contains(Handed over)",
        },
    ],
});

function attach(name) {
    // a picture of one point
    const bytes = atob(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    );
    const content = Uint8Array.from(bytes, (char) => char.charCodeAt(0));
    const files = new DataTransfer();
    files.items.add(new File([content], name, { type: "image/png" }));
    return files.files;
}

registry.category("web_tour.tours").add("ar_walk_portal", {
    steps: () => [
        {
            content: "The customer's own statement",
            trigger: "table[name=items] tr:contains(WALK/1):contains(days overdue)",
        },
        {
            trigger: "form[name=promise] .form-check:contains(WALK/1) input[name=item]",
            run: "click",
        },
        {
            content: "A day that no policy allows, past what the browser itself refuses",
            trigger: "form[name=promise] input[name=day]",
            run() {
                this.anchor.removeAttribute("max");
                this.anchor.value = "2099-12-31";
            },
        },
        {
            trigger: "form[name=promise] button[type=submit]",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "It is refused, and says what is possible",
            trigger: "div[name=error]:contains(choose a day up to):contains(or speak with)",
        },
        {
            content: "The invoice is still chosen",
            trigger: "form[name=promise] .form-check:contains(WALK/1) input[name=item]:checked",
        },
        {
            trigger: "form[name=promise] input[name=day]",
            run() {
                this.anchor.value = this.anchor.max;
            },
        },
        {
            trigger: "form[name=promise] button[type=submit]",
            run: "click",
            expectUnloadPage: true,
        },
        {
            trigger: "div[name=done]:contains(written your promise down)",
        },
        {
            trigger: "form[name=dispute] .form-check:contains(WALK/2) input[type=checkbox]",
            run: "click",
        },
        {
            trigger: "form[name=dispute] select[name=reason]",
            run: "select quality",
        },
        {
            trigger: "form[name=dispute] textarea[name=note]",
            run: "edit All of it is scratched",
        },
        {
            trigger: "form[name=dispute] input[type=file]",
            run() {
                this.anchor.files = attach("scratches.png");
            },
        },
        {
            trigger: "form[name=dispute] button[type=submit]",
            run: "click",
            expectUnloadPage: true,
        },
        {
            trigger: "div[name=done]:contains(We look into it)",
        },
        {
            content: "What was said stands there",
            trigger: "div[name=claims]:contains(Quality):contains(WALK/2)",
        },
        {
            content: "The third one is paid",
            trigger: "table[name=items] tr:contains(WALK/3) a:contains(Pay)",
            run: "click",
            expectUnloadPage: true,
        },
        {
            trigger: "a:contains(Pay Now)",
        },
    ],
});
