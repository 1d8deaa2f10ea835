import { Component, useState } from "@odoo/owl";
import { browser } from "@web/core/browser/browser";
import { deserializeDate, formatDate } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { formatMonetary, formatPercentage } from "@web/views/fields/formatters";
import { standardFieldProps } from "@web/views/fields/standard_field_props";
import {
    ageingBar,
    distinctFindings,
    exposureParts,
    inHand,
    isBlank,
    limitBar,
    shortDigits,
} from "./gauge";

/**
 * What the server computes; `false` when there is no customer.
 *
 * @typedef {Object} ArPosition
 * @property {boolean} visible may see amounts; false: figures, limit, ageing and currencies are absent
 * @property {number} partner_id
 * @property {number} currency_id
 * @property {{kind: "none"|"no_credit"|"amount", amount: number, valid_until: string|false,
 *     temporary_until: string|false}} limit
 * @property {number} exposure
 * @property {number|false} available
 * @property {number|false} use_percent
 * @property {number} balance
 * @property {number} overdue
 * @property {number} not_due
 * @property {number} unapplied
 * @property {number} payments_pending
 * @property {number} draft_invoices
 * @property {number} orders
 * @property {number} this_order
 * @property {number} disputed
 * @property {number} promised
 * @property {number} insured
 * @property {number} shared_exposure in other companies that share the limit
 * @property {{key: string, label: string, amount: number}[]} ageing
 * @property {string|false} oldest_due
 * @property {number} oldest_days
 * @property {{currency_id: number, balance: number, overdue: number}[]} by_currency foreign ones
 * @property {{key: string, label: string, tone: "danger"|"warning"|"info"|"success",
 *     icon: string, title: (string|undefined), action: (string|undefined)}[]} chips
 *     with the method of the customer that opens what a chip is about
 * @property {{date: string, label: string}|false} last_contact
 * @property {"pass"|"warn"|"hold"} decision
 * @property {{effect: "warn"|"hold", message: string}[]} findings
 * @property {string} advice
 * @property {{statement: boolean, open_items: boolean, dispute: (boolean|undefined),
 *     promise: (boolean|undefined)}} actions
 */

const DETAILS_KEY = "ar_credit_control.widget.details";

// Colour is never the only sign: each decision has its word, its icon and its shape.
const SIGNS = {
    pass: { word: _t("OK"), icon: "fa-check", tone: "success" },
    warn: { word: _t("Warning"), icon: "fa-exclamation", tone: "warning" },
    hold: { word: _t("Hold"), icon: "fa-hand-paper-o", tone: "danger" },
};

// What is absent for whoever may not see amounts.
const UNSEEN = { limit: { kind: "none", amount: 0 }, ageing: [], by_currency: [], chips: [] };

const PARTS = {
    not_due: _t("Not due"),
    overdue: _t("Overdue"),
    unapplied: _t("Unapplied credit"),
    payments_pending: _t("Payments under way"),
    draft_invoices: _t("Draft invoices"),
    orders: _t("Orders to invoice"),
    this_order: _t("This order"),
};

export class ArPositionField extends Component {
    static template = "ar_credit_control.ArPositionField";
    static props = { ...standardFieldProps, compact: { type: Boolean, optional: true } };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.state = useState({ details: browser.localStorage.getItem(DETAILS_KEY) === "1" });
    }

    get labels() {
        return { title: _t("Receivables"), warn: SIGNS.warn.word, hold: SIGNS.hold.word };
    }

    /** @returns {ArPosition|false} */
    get position() {
        const position = this.props.record.data[this.props.name];
        return position && { ...UNSEEN, ...position };
    }

    get sign() {
        return SIGNS[this.position.decision];
    }

    get blank() {
        return isBlank(this.position);
    }

    get bar() {
        return limitBar(this.position);
    }

    get findings() {
        return distinctFindings(this.position.findings);
    }

    get inHand() {
        return inHand(this.position);
    }

    get ageing() {
        return ageingBar(this.position.ageing);
    }

    get parts() {
        return exposureParts(this.position).map((part) => ({ ...part, label: PARTS[part.key] }));
    }

    get notes() {
        const { disputed, promised, insured, shared_exposure } = this.position;
        return [
            { label: _t("Other companies, same limit"), amount: shared_exposure },
            { label: _t("Disputed"), amount: disputed },
            { label: _t("Promised"), amount: promised },
            { label: _t("Insured"), amount: insured },
        ].filter((note) => note.amount);
    }

    get exceeded() {
        return this.position.available !== false && this.position.available < 0;
    }

    get availableLabel() {
        return this.exceeded ? _t("Exceeded by") : _t("Available");
    }

    get limitLabel() {
        const { limit } = this.position;
        if (limit.kind === "no_credit") {
            return _t("No credit: payment in advance");
        }
        return limit.kind === "none" ? _t("No limit set") : this.amountLimitLabel;
    }

    get amountLimitLabel() {
        const { limit, use_percent } = this.position;
        return _t("%(percent)s of %(limit)s", {
            percent: formatPercentage((use_percent || 0) / 100, { digits: [16, 0] }),
            limit: this.short(limit.amount),
        });
    }

    get limitDates() {
        const { valid_until, temporary_until } = this.position.limit;
        const dates = [];
        if (temporary_until) {
            dates.push(_t("Raised until %s", this.date(temporary_until)));
        }
        if (valid_until) {
            dates.push(_t("Limit valid until %s", this.date(valid_until)));
        }
        return dates;
    }

    get limitAria() {
        const { exposure, overdue, available } = this.position;
        const parts = [
            _t("Exposure %s", this.money(exposure)),
            this.limitLabel,
            _t("Overdue %s", this.money(overdue)),
        ];
        if (available !== false) {
            parts.push(`${this.availableLabel} ${this.money(Math.abs(available))}`);
        }
        return parts.join(", ");
    }

    get ageingAria() {
        const buckets = this.ageing.map((bucket) => this.bucketText(bucket));
        return `${_t("Ageing")}: ${buckets.join(", ") || _t("nothing open")}`;
    }

    bucketText(bucket) {
        return `${bucket.label} ${this.money(bucket.amount)}`;
    }

    money(amount, currencyId = this.position.currency_id) {
        return formatMonetary(amount, { currencyId });
    }

    short(amount, currencyId = this.position.currency_id) {
        return formatMonetary(amount, { currencyId, digits: shortDigits(amount) });
    }

    date(value) {
        return formatDate(deserializeDate(value));
    }

    toggleDetails() {
        this.state.details = !this.state.details;
        browser.localStorage.setItem(DETAILS_KEY, this.state.details ? "1" : "0");
    }

    /** Whoever may not see the amounts may not see the documents behind a chip either. */
    opens(chip) {
        return this.position.visible && chip.action;
    }

    async open(method) {
        const action = await this.orm.call("res.partner", method, [[this.position.partner_id]]);
        await this.action.doAction(action);
    }
}

export class ArPositionCompactField extends ArPositionField {
    static template = "ar_credit_control.ArPositionCompact";
}

const arPositionField = {
    component: ArPositionField,
    displayName: _t("Receivables position"),
    supportedTypes: ["json"],
    supportedOptions: [
        {
            label: _t("Compact"),
            name: "compact",
            type: "boolean",
            help: _t("One line: sign, overdue and available amount."),
        },
    ],
    extractProps: ({ options }) => ({ compact: Boolean(options.compact) }),
};
const compactField = { ...arPositionField, component: ArPositionCompactField, label: false };

registry.category("fields").add("ar_position", arPositionField);
registry.category("fields").add("list.ar_position", compactField);
registry.category("fields").add("kanban.ar_position", compactField);
