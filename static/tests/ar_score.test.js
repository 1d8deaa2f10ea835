import { describe, expect, test } from "@odoo/hoot";
import { click, queryAllTexts, queryOne } from "@odoo/hoot-dom";
import { animationFrame } from "@odoo/hoot-mock";
import { defineMailModels } from "@mail/../tests/mail_test_helpers";
import {
    defineModels,
    fields,
    mockService,
    models,
    mountView,
    onRpc,
} from "@web/../tests/web_test_helpers";
import { pointsBar } from "@ar_credit_control/ar_score/ar_score";

const CARD = {
    score: 62,
    grade: "C",
    words: "pays with some delay",
    computed: "C",
    override: false,
    stale: false,
    facts: [{ name: "Expected delay", value: "9 days (2 to 21)" }],
    months: [
        { label: "Jan 2026", score: 70, grade: "B" },
        { label: "Feb 2026", score: 62, grade: "C" },
    ],
    reasons: [
        { key: "average", name: "Average customer", text: "", points: 70, documents: false },
        { key: "late", name: "Late payments", text: "40%", points: -12, documents: true },
        { key: "recent", name: "Payments of late", text: "", points: 4, documents: true },
    ],
    total: 62,
};

class Profile extends models.Model {
    _name = "profile";
    score_card = fields.Json();
    _records = [];
}

defineMailModels();
defineModels([Profile]);

async function mountCard(card) {
    Profile._records = [{ id: 7, score_card: card }];
    await mountView({
        type: "form",
        resModel: "profile",
        resId: 7,
        arch: `<form><field name="score_card" widget="ar_score"/></form>`,
    });
}

describe("score", () => {
    describe.current.tags("headless");

    test("points go to either side of the middle, the widest to the end", () => {
        expect(pointsBar(-12, 12)).toEqual({ inset: 0, width: 50 });
        expect(pointsBar(6, 12)).toEqual({ inset: 50, width: 25 });
        expect(pointsBar(0, 0)).toEqual({ inset: 50, width: 0 });
    });
});

describe("card", () => {
    describe.current.tags("desktop");

    test("grade, figures, and reasons with their sum", async () => {
        await mountCard(CARD);
        expect(".o_ar_score_grade").toHaveText("C");
        expect(".o_ar_score_title").toHaveText(/pays with some delay/i);
        expect(queryAllTexts(".o_ar_score_facts dd")).toEqual(["9 days (2 to 21)"]);
        expect(queryAllTexts(".o_ar_score_points")).toEqual(["70", "−12", "+4", "62"]);
        expect(queryAllTexts(".o_ar_score_month")).toEqual(["B", "C"]);
        expect(queryOne(".o_ar_score_months").getAttribute("aria-label")).toBe(
            "Jan 2026: 70, grade B, Feb 2026: 62, grade C"
        );
        expect(".o_ar_score_note").toHaveCount(0);
    });

    test("a reason opens its documents", async () => {
        onRpc("action_score_documents", ({ args }) => {
            expect.step(args);
            return { type: "ir.actions.act_window", name: "History" };
        });
        mockService("action", { doAction: ({ name }) => expect.step(name) });
        await mountCard(CARD);
        expect(".o_ar_score_reasons button").toHaveCount(2);
        await click("[data-reason=late] button");
        await animationFrame();
        expect.verifySteps([[[7], "late"], "History"]);
    });

    test("a grade set by hand and books that have changed are told", async () => {
        await mountCard({ ...CARD, grade: "A", override: "Set by Jo", stale: true });
        expect(".o_ar_score_grade").toHaveText("A");
        expect(".o_ar_score_note").toHaveCount(2);
        expect(".o_ar_score_note:first").toHaveText(/Set by Jo \(computed: C\)/);
    });

    test("a customer that is not assessed is not called good", async () => {
        await mountCard(false);
        expect(".o_ar_score_none").toHaveText(/Not assessed/);
        expect(".o_ar_score_grade").toHaveCount(0);
    });
});
