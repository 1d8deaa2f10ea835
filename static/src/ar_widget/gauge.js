/**
 * The arithmetic of the receivables widget, free of DOM and services.
 */

/** Widths in percent of the limit bar. `scale` is what 100 % stands for. */
export function limitBar(position) {
    const { limit, exposure, shared_exposure, overdue } = position;
    const owed = Math.max(0, exposure + shared_exposure);
    const allowed = limit.kind === "amount" ? Math.max(0, limit.amount) : 0;
    const scale = Math.max(owed, allowed);
    const late = Math.min(owed, Math.max(0, overdue - inHand(position)));
    return {
        scale,
        overdue: share(late, scale),
        current: share(owed - late, scale),
        free: share(scale - owed, scale),
        /** Where the limit stands once it is exceeded; false while it is not. */
        mark: allowed > 0 && owed > allowed ? share(allowed, scale) : false,
    };
}

/** Credit notes and payments that are there, but not matched with invoices yet. */
export function inHand({ unapplied, payments_pending }) {
    return unapplied + payments_pending;
}

/** The ageing buckets that hold something, each with its width in percent. */
export function ageingBar(ageing) {
    const filled = ageing.filter((bucket) => bucket.amount > 0);
    const total = filled.reduce((sum, bucket) => sum + bucket.amount, 0);
    return filled.map((bucket) => ({ ...bucket, width: share(bucket.amount, total) }));
}

/**
 * Decimals are noise from a hundred upwards: the exact amount is in the tooltip and the details.
 *
 * @returns {[number, number] | undefined} digits for the formatter; undefined: the currency's own
 */
export function shortDigits(amount) {
    return Number.isInteger(amount) || Math.abs(amount) >= 100 ? [16, 0] : undefined;
}

/** The parts of the exposure that are not zero, in the order in which they add up. */
export function exposureParts(position) {
    return [
        ["not_due", position.not_due],
        ["overdue", position.overdue],
        ["unapplied", -position.unapplied],
        ["payments_pending", -position.payments_pending],
        ["draft_invoices", position.draft_invoices],
        ["orders", position.orders],
        ["this_order", position.this_order],
    ]
        .filter(([, amount]) => amount)
        .map(([key, amount]) => ({ key, amount }));
}

/** Findings without those that say the same again: who may not see amounts gets one text for all. */
export function distinctFindings(findings) {
    return findings.filter(
        ({ message }, index) => findings.findIndex((other) => other.message === message) === index
    );
}

/** True when there is neither a limit nor any amount: bars would be empty boxes. */
export function isBlank(position) {
    return (
        position.limit.kind === "none" &&
        !position.exposure &&
        !exposureParts(position).length &&
        !ageingBar(position.ageing).length
    );
}

function share(part, whole) {
    return whole > 0 ? Math.round((1000 * part) / whole) / 10 : 0;
}
