import { registry } from "@web/core/registry";

// A customer promises the older invoice, and disputes the newer one.
registry.category("web_tour.tours").add("ar_portal_statement", {
    steps: () => [
        {
            content: "The statement with what is overdue",
            trigger: "table[name=items] tr:contains(30 days overdue)",
        },
        {
            content: "Promise the first invoice",
            trigger: "form[name=promise] input[name=item]:first",
            run: "click",
        },
        {
            trigger: "form[name=promise] input[name=day]",
            run() {
                this.anchor.value = this.anchor.min;
            },
        },
        {
            trigger: "form[name=promise] button[type=submit]",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "It stands there",
            trigger: "div[name=done]:contains(written your promise down)",
        },
        {
            trigger: "table[name=items] .badge:contains(Promised)",
        },
        {
            content: "Dispute the other one",
            trigger: "form[name=dispute] .form-check:has(input[value='120.00']) input[type=checkbox]",
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
            trigger: "form[name=dispute] button[type=submit]",
            run: "click",
            expectUnloadPage: true,
        },
        {
            trigger: "div[name=done]:contains(We look into it)",
        },
        {
            trigger: "div[name=claims]:contains(Quality)",
        },
    ],
});
