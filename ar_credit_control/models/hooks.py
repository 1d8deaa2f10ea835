"""What happens once, when the addon is installed."""


def post_init_hook(env):
    """Turn core's credit limit on: without it the limit has no field on the customer form."""
    env["res.company"].search([]).account_use_credit_limit = True
