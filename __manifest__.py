{
    "name": "Credit Control",
    "summary": "What customers owe, limits and holds, before the sale and until the money is in",
    "version": "19.0.1.0.0",
    "category": "Accounting/Accounting",
    "author": "ar_credit_control contributors",
    "license": "LGPL-3",
    "depends": ["account", "sale", "mail", "portal"],
    "data": [
        "security/ar_credit_groups.xml",
        "security/ir.model.access.csv",
        "security/ar_credit_rules.xml",
    ],
    "post_init_hook": "post_init_hook",
    "application": True,
}
