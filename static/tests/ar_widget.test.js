import { describe, expect, test } from "@odoo/hoot";
import { click, queryAllTexts, queryOne } from "@odoo/hoot-dom";
import { animationFrame } from "@odoo/hoot-mock";
import { defineMailModels } from "@mail/../tests/mail_test_helpers";
import {
    contains,
    defineModels,
    fields,
    mockService,
    models,
    mountView,
    onRpc,
    serverState,
} from "@web/../tests/web_test_helpers";
import {
    ageingBar,
    distinctFindings,
    exposureParts,
    isBlank,
    limitBar,
    shortDigits,
} from "@ar_credit_control/ar_widget/gauge";

const EURO = 2;
serverState.currencies = [
    { id: 1, name: "USD", symbol: "$", position: "before" },
    { id: EURO, name: "EUR", symbol: "€", position: "after" },
];

function ageing(...amounts) {
    const keys = ["not_due", "due_1_30", "due_31_60", "due_61_90", "due_over_90"];
    const labels = ["Not due", "1–30 days", "31–60 days", "61–90 days", "Over 90 days"];
    return keys.map((key, i) => ({ key, label: labels[i], amount: amounts[i] || 0 }));
}

function position(values = {}) {
    return {
        visible: true,
        partner_id: 7,
        currency_id: EURO,
        limit: { kind: "amount", amount: 20000, valid_until: false, temporary_until: false },
        exposure: 12400,
        available: 7600,
        use_percent: 62,
        balance: 9400,
        overdue: 3200,
        not_due: 7000,
        unapplied: 800,
        payments_pending: 0,
        draft_invoices: 1000,
        orders: 2000,
        this_order: 0,
        disputed: 0,
        promised: 0,
        insured: 0,
        shared_exposure: 0,
        ageing: ageing(7000, 2000, 1200),
        oldest_due: "2026-10-10",
        oldest_days: 43,
        by_currency: [],
        chips: [],
        last_contact: false,
        decision: "warn",
        findings: [{ effect: "warn", message: "3,200.00 € overdue." }],
        advice: "Overdue 3,200.00 € since 43 days: ask for payment before you quote.",
        actions: { statement: true, open_items: true },
        ...values,
    };
}

const UNSEEN = {
    visible: false,
    partner_id: 7,
    currency_id: EURO,
    decision: "hold",
    findings: [{ effect: "hold", message: "Ask the credit manager." }],
    advice: "An order would be held.",
    chips: [],
    last_contact: false,
    actions: { statement: false, open_items: false },
};

class Order extends models.Model {
    name = fields.Char();
    ar_widget = fields.Generic({ type: "json" });

    _records = [{ id: 1, name: "S1", ar_widget: false }];
}

defineMailModels();
defineModels([Order]);

async function mountForm(value, options = "{}") {
    Order._records = [{ id: 1, name: "S1", ar_widget: value }];
    await mountView({
        type: "form",
        resModel: "order",
        resId: 1,
        arch: `<form><field name="ar_widget" widget="ar_position" options="${options}"/></form>`,
    });
}

function width(selector) {
    return queryOne(selector).style.width;
}

describe("gauge", () => {
    describe.current.tags("headless");

    test("limitBar: within the limit, the rest of the bar is free", () => {
        expect(limitBar(position())).toEqual({
            scale: 20000,
            overdue: 12,
            current: 50,
            free: 38,
            mark: false,
        });
    });

    test("limitBar: above the limit, the bar is the exposure and a mark is the limit", () => {
        const bar = limitBar(position({ exposure: 25000, overdue: 5000, unapplied: 0 }));
        expect(bar).toEqual({ scale: 25000, overdue: 20, current: 80, free: 0, mark: 80 });
    });

    test("limitBar: exposure of companies that share the limit counts", () => {
        const bar = limitBar(position({ exposure: 5000, overdue: 0, shared_exposure: 5000 }));
        expect(bar.current).toBe(50);
    });

    test("limitBar: without a limit the bar is the exposure alone", () => {
        for (const kind of ["none", "no_credit"]) {
            const bar = limitBar(position({ limit: { kind, amount: 0 }, exposure: 100, overdue: 50, unapplied: 0 }));
            expect(bar).toEqual({ scale: 100, overdue: 50, current: 50, free: 0, mark: false });
        }
    });

    test("limitBar: a customer in credit shows an empty bar, nothing divides by zero", () => {
        const bar = limitBar(position({ exposure: -50, overdue: 10, limit: { kind: "none", amount: 0 } }));
        expect(bar).toEqual({ scale: 0, overdue: 0, current: 0, free: 0, mark: false });
    });

    test("limitBar: what credit in hand covers is not overdue", () => {
        const bar = limitBar(position({ unapplied: 1000, payments_pending: 2000 }));
        expect([bar.overdue, bar.current]).toEqual([1, 61]);
    });

    test("limitBar: overdue never fills more than the exposure", () => {
        expect(limitBar(position({ exposure: 1000, overdue: 4000 })).overdue).toBe(5);
    });

    test("ageingBar: empty buckets are left out, widths add up to 100", () => {
        const bar = ageingBar(ageing(500, 0, 300, 0, 200));
        expect(bar.map(({ key, width }) => [key, width])).toEqual([
            ["not_due", 50],
            ["due_31_60", 30],
            ["due_over_90", 20],
        ]);
        expect(ageingBar(ageing())).toEqual([]);
    });

    test("shortDigits: decimals only below a hundred", () => {
        expect(shortDigits(12.5)).toBe(undefined);
        expect(shortDigits(12)).toEqual([16, 0]);
        expect(shortDigits(-1234.56)).toEqual([16, 0]);
    });

    test("exposureParts: what is not zero, adding up to the exposure", () => {
        const parts = exposureParts(position({ this_order: 0 }));
        expect(parts.map((part) => part.key)).toEqual([
            "not_due",
            "overdue",
            "unapplied",
            "draft_invoices",
            "orders",
        ]);
        expect(parts.reduce((sum, part) => sum + part.amount, 0)).toBe(12400);
    });

    test("distinctFindings: the same text once", () => {
        const [hold, warn] = ["hold", "warn"].map((effect) => ({ effect, message: "Ask." }));
        expect(distinctFindings([hold, warn])).toEqual([hold]);
        expect(distinctFindings([hold, { ...warn, message: "Other." }])).toHaveLength(2);
    });

    test("isBlank: no limit and no amount", () => {
        const nothing = {
            limit: { kind: "none", amount: 0 },
            exposure: 0,
            overdue: 0,
            not_due: 0,
            unapplied: 0,
            draft_invoices: 0,
            orders: 0,
            ageing: ageing(),
        };
        expect(isBlank(position(nothing))).toBe(true);
        expect(isBlank(position({ ...nothing, limit: { kind: "no_credit", amount: 0 } }))).toBe(false);
        expect(isBlank(position({ ...nothing, unapplied: 5 }))).toBe(false);
    });
});

describe("form", () => {
    describe.current.tags("desktop");

    test("shows decision, advice, limit, ageing and oldest overdue", async () => {
        await mountForm(position());
        expect(".o_ar_position").toHaveClass("o_ar_warn");
        expect(".o_ar_sign").toHaveText("Warning");
        expect(".o_ar_sign .o_ar_shape").toHaveClass("fa-exclamation");
        expect(".o_ar_advice").toHaveText(/ask for payment before you quote/);
        expect(".o_ar_limit").toHaveText(/62% of 20,000/);
        expect(".o_ar_limit").toHaveText(/Available\s*7,600/);
        expect(width(".o_ar_track .o_ar_late")).toBe("12%");
        expect(".o_ar_limit").toHaveText(/Overdue\s*3,200\s*€\s*Credit\s*800/);
        expect(".o_ar_oldest").toHaveText(/43 days/);
        expect(queryAllTexts(".o_ar_ageing .o_ar_key").map((text) => text.replace(/\s+/g, " "))).toEqual([
            "Not due 7,000 €",
            "1–30 days 2,000 €",
            "31–60 days 1,200 €",
        ]);
    });

    for (const [decision, word, icon] of [
        ["pass", "OK", "fa-check"],
        ["hold", "Hold", "fa-hand-paper-o"],
    ]) {
        test(`${decision} is told by word and icon, not by colour alone`, async () => {
            await mountForm(position({ decision }));
            expect(".o_ar_sign").toHaveText(word);
            expect(".o_ar_sign .o_ar_shape").toHaveClass(icon);
        });
    }

    test("bars are described for screen readers with exact amounts", async () => {
        await mountForm(position());
        expect(".o_ar_limit .o_ar_track").toHaveAttribute("role", "img");
        expect(".o_ar_limit .o_ar_track").toHaveAttribute("aria-label", /12,400\.00.*3,200\.00.*7,600\.00/);
        expect(".o_ar_ageing .o_ar_track").toHaveAttribute("aria-label", /1–30 days 2,000\.00/);
    });

    test("no limit set is said in words and never called unlimited", async () => {
        await mountForm(
            position({ limit: { kind: "none", amount: 0 }, available: false, use_percent: false })
        );
        expect(".o_ar_limit").toHaveText(/No limit set/);
        expect(".o_ar_limit").not.toHaveText(/Available|nlimited/);
    });

    test("no credit means payment in advance", async () => {
        await mountForm(
            position({ limit: { kind: "no_credit", amount: 0 }, available: -100, use_percent: false })
        );
        expect(".o_ar_limit").toHaveText(/No credit: payment in advance/);
        expect(".o_ar_limit").not.toHaveText(/Exceeded/);
    });

    test("a limit exceeded says by how much and marks the limit", async () => {
        await mountForm(position({ exposure: 25000, available: -5000, use_percent: 125 }));
        expect(".o_ar_limit").toHaveText(/125% of 20,000/);
        expect(".o_ar_alarm").toHaveText(/Exceeded by\s*5,000/);
        expect(".o_ar_mark").toHaveCount(1);
    });

    test("a user who may not see amounts gets decision, findings and advice", async () => {
        await mountForm(UNSEEN);
        expect(".o_ar_sign").toHaveText("Hold");
        expect(".o_ar_advice").toHaveText("An order would be held.");
        expect(".o_ar_findings li").toHaveText("Ask the credit manager.");
        expect(".o_ar_bars, .o_ar_actions, .o_ar_details").toHaveCount(0);
    });

    test("nothing is shown without a customer", async () => {
        await mountForm(false);
        expect(".o_ar_position").toHaveCount(0);
    });

    test("a new customer has one line without empty bars", async () => {
        await mountForm(
            position({
                decision: "pass",
                limit: { kind: "none", amount: 0 },
                available: false,
                ...Object.fromEntries(
                    ["exposure", "overdue", "not_due", "unapplied", "draft_invoices", "orders"].map(
                        (key) => [key, 0]
                    )
                ),
                ageing: ageing(),
            })
        );
        expect(".o_ar_bars").toHaveCount(0);
        expect(".o_ar_head").toHaveCount(1);
    });

    test("chips, foreign currencies and last contact", async () => {
        await mountForm(
            position({
                chips: [{ key: "grade", label: "Grade D", tone: "danger", icon: "fa-star" }],
                by_currency: [{ currency_id: 1, balance: 520, overdue: 100 }],
                last_contact: { date: "2026-11-16", label: "Second reminder" },
            })
        );
        expect("[data-chip=grade]").toHaveText("Grade D");
        expect(".o_ar_foot").toHaveText(/\$\s*520 open, \$\s*100 overdue/);
        expect(".o_ar_contact").toHaveText(/Last contact 11\/16\/2026 · Second reminder/);
    });

    test("a chip opens what it is about, for who may see it", async () => {
        onRpc("res.partner", "action_ar_dunning_notices", ({ args }) => {
            expect.step(args[0]);
            return { type: "ir.actions.client", tag: "display_notification", params: {} };
        });
        const chips = [
            {
                key: "dunning",
                label: "Dunning level 2",
                tone: "warning",
                icon: "fa-envelope-o",
                action: "action_ar_dunning_notices",
            },
        ];
        await mountForm(position({ chips }));
        await contains("button[data-chip=dunning]").click();
        expect.verifySteps([[7]]);
    });

    test("a chip opens nothing for who may not see amounts", async () => {
        await mountForm({
            ...UNSEEN,
            chips: [{ key: "dunning", label: "Dunning level 2", tone: "warning", icon: "", action: "x" }],
        });
        expect("span[data-chip=dunning]").toHaveCount(1);
        expect("button[data-chip=dunning]").toHaveCount(0);
    });

    test("several findings are listed, each with its effect in words", async () => {
        await mountForm(
            position({
                findings: [
                    { effect: "hold", message: "Limit exceeded." },
                    { effect: "warn", message: "Review due." },
                ],
            })
        );
        expect(queryAllTexts(".o_ar_findings li")).toEqual(["Limit exceeded.", "Review due."]);
        expect(".o_ar_findings li:first .fa").toHaveAttribute("aria-label", "Hold");
    });

    test("details add up to the exposure and are remembered", async () => {
        await mountForm(position({ shared_exposure: 50, insured: 5000 }));
        expect(".o_ar_details").toHaveCount(0);
        await contains(".o_ar_toggle").click();
        expect(".o_ar_toggle").toHaveAttribute("aria-expanded", "true");
        expect(".o_ar_total").toHaveText(/12,400\.00/);
        expect(".o_ar_details").toHaveText(/Unapplied credit\s*-800\.00/);
        expect(".o_ar_details").toHaveText(/Insured\s*5,000\.00/);
        expect(localStorage.getItem("ar_credit_control.widget.details")).toBe("1");
    });

    test("the buttons open what the server returns, asked with the customer's id", async () => {
        onRpc("res.partner", "action_ar_statement", ({ args }) => {
            expect.step(["statement", args[0]]);
            return { type: "ir.actions.report" };
        });
        onRpc("res.partner", "action_ar_open_items", ({ args }) => {
            expect.step(["items", args[0]]);
            return { type: "ir.actions.act_window" };
        });
        mockService("action", { doAction: (action) => expect.step(action.type) });
        await mountForm(position());
        await click(".o_ar_actions button:contains(Statement)");
        await animationFrame();
        await click(".o_ar_actions button:contains(Open invoices)");
        await animationFrame();
        expect.verifySteps([
            ["statement", [7]],
            "ir.actions.report",
            ["items", [7]],
            "ir.actions.act_window",
        ]);
    });

    test("buttons that the user may not use are left out", async () => {
        await mountForm(position({ actions: { statement: false, open_items: true } }));
        expect(".o_ar_actions button:contains(Statement)").toHaveCount(0);
        expect(".o_ar_actions button:contains(Open invoices)").toHaveCount(1);
    });
});

describe("compact", () => {
    describe.current.tags("desktop");

    test("by option: one line with sign, overdue and available", async () => {
        await mountForm(position(), "{'compact': true}");
        expect(".o_ar_position").toHaveCount(0);
        expect(".o_ar_compact").toHaveText(/Warning\s*Overdue\s*3,200\s*€\s*Available\s*7,600/);
    });

    test("in a list it is compact by itself", async () => {
        Order._records = [
            { id: 1, name: "S1", ar_widget: position({ limit: { kind: "none", amount: 0 }, available: false }) },
            { id: 2, name: "S2", ar_widget: false },
            { id: 3, name: "S3", ar_widget: UNSEEN },
        ];
        await mountView({
            type: "list",
            resModel: "order",
            arch: `<list><field name="name"/><field name="ar_widget" widget="ar_position"/></list>`,
        });
        expect(".o_ar_compact").toHaveCount(2);
        expect(".o_ar_compact:first").toHaveText(/No limit set/);
        expect(".o_ar_compact:last").toHaveText("Hold");
    });
});
