"""The policies that a company starts with: friendly, in small steps, firm only at the end.

A level is (days, text, deadline, options); names of texts are those of ``TEXTS``.
"""

from odoo import Command

STATED = {"interest_mode": "show", "compensation_mode": "show"}
FORMAL = {"by_letter": True, "formal_notice": True, "credit_hold": True, **STATED}

# kind of payer: grace days, days between contacts, levels
READY = {
    "good": (
        5,
        10,
        [
            (10, "first", 10, {}),
            (30, "second", 10, {"attach_statement": True}),
            (45, "ask", 5, {"by_email": False, "ask_salesperson": True}),
            (60, "final", 10, {"by_letter": True}),
        ],
    ),
    "normal": (
        3,
        7,
        [
            (5, "first", 7, {"auto_send": True}),
            (20, "second", 10, {"attach_statement": True}),
            (35, "final", 10, {"by_call": True, "attach_statement": True}),
            (50, "formal", 10, FORMAL),
        ],
    ),
    "bad": (
        2,
        5,
        [
            (-5, "courtesy", 0, {"auto_send": True}),
            (4, "first", 5, {"auto_send": True}),
            (12, "second", 7, {"by_call": True, "attach_statement": True}),
            (22, "final", 8, {"credit_hold": True, "attach_invoices": True}),
            (35, "formal", 8, {**FORMAL, "hand_over": True}),
        ],
    ),
    "public": (
        5,
        14,
        [
            (15, "first", 14, {}),
            (40, "second", 14, {"by_letter": True, "attach_invoices": True}),
            (70, "final", 14, {"by_letter": True, "attach_statement": True, **STATED}),
        ],
    ),
}
TEMPLATES = {"ask": None, "formal": "dunning_text_formal"}


def ready_values(env, key, company, scheme):
    """Values of one ready-made policy; without a law nothing is stated of interest."""
    grace, interval, levels = READY[key]
    return {
        "name": _policy_names(env)[key],
        "sequence": 10 * (1 + list(READY).index(key)),
        "company_id": company.id,
        "currency_id": company.currency_id.id,
        "grace_days": grace,
        "min_interval": interval,
        "interest_scheme_id": scheme.id,
        "level_ids": [
            Command.create(_level_values(env, place, level, scheme))
            for place, level in enumerate(levels, 1)
        ],
    }


def _level_values(env, place, level, scheme):
    days, text, deadline, options = level
    template = TEMPLATES.get(text, f"dunning_text_{text}")
    if not scheme:
        options = {name: value for name, value in options.items() if name not in STATED}
    return {
        "sequence": place,
        "name": _level_names(env)[text],
        "days": days,
        "deadline_days": deadline,
        "mail_template_id": template and env.ref(f"ar_credit_control.{template}").id,
        **options,
    }


def _policy_names(env):
    return {
        "good": env._("Good payers"),
        "normal": env._("Standard"),
        "bad": env._("Late payers"),
        "public": env._("Public bodies"),
    }


def _level_names(env):
    return {
        "courtesy": env._("Courtesy note"),
        "first": env._("Friendly reminder"),
        "second": env._("Second reminder"),
        "ask": env._("Ask the salesperson"),
        "final": env._("Last reminder"),
        "formal": env._("Formal notice"),
    }
