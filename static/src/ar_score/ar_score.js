import { Component } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

/**
 * What the server sends for a customer with a score; false for one that is not assessed.
 *
 * @typedef {object} ArScoreCard
 * @property {number} score 0 to 100
 * @property {string} grade in force, A to E
 * @property {string} words what the grade says
 * @property {string} computed grade of the score
 * @property {string|false} override who set the grade by hand, until when and why
 * @property {boolean} stale the ledger says something else by now
 * @property {{name: string, value: string}[]} facts
 * @property {{label: string, score: number, grade: string}[]} months oldest first
 * @property {{key: string, name: string, text: string, points: number,
 *     documents: boolean}[]} reasons whose points add up to ``total``
 * @property {number} total
 */

const TONES = { A: "success", B: "success", C: "warning", D: "danger", E: "danger" };

/** Inset and width of a bar of points around the middle, in percent of the widest. */
export function pointsBar(points, widest) {
    const width = widest ? (50 * Math.abs(points)) / widest : 0;
    return { inset: points < 0 ? 50 - width : 50, width };
}

export class ArScoreField extends Component {
    static template = "ar_credit_control.ArScoreField";
    static props = { ...standardFieldProps };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
    }

    /** @returns {ArScoreCard|false} */
    get card() {
        return this.props.record.data[this.props.name];
    }

    get tone() {
        return TONES[this.card.grade];
    }

    toneOf(grade) {
        return TONES[grade];
    }

    get base() {
        return this.card.reasons[0];
    }

    get moving() {
        const reasons = this.card.reasons.slice(1);
        const widest = Math.max(...reasons.map((reason) => Math.abs(reason.points)), 1);
        return reasons.map((reason) => ({ ...reason, ...pointsBar(reason.points, widest) }));
    }

    signed(points) {
        return points > 0 ? `+${points}` : `${points}`.replace("-", "−");
    }

    monthText(month) {
        return _t("%(month)s: %(score)s, grade %(grade)s", {
            month: month.label,
            score: month.score,
            grade: month.grade,
        });
    }

    get monthsAria() {
        return this.card.months.map((month) => this.monthText(month)).join(", ");
    }

    async open(reason) {
        const action = await this.orm.call(this.props.record.resModel, "action_score_documents", [
            [this.props.record.resId],
            reason.key,
        ]);
        await this.action.doAction(action);
    }
}

registry.category("fields").add("ar_score", {
    component: ArScoreField,
    displayName: _t("Payment behaviour"),
    supportedTypes: ["json"],
});
