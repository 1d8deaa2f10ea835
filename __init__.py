# The folder is the addon's technical name: under any other, XML ids and assets would be dead.
assert __name__ == "odoo.addons.ar_credit_control", (
    f"This addon was loaded as {__name__!r}: its folder (or the link to it in the addons path) "
    "must be called 'ar_credit_control'."
)

from .ar_credit_control import controllers, models, reports, wizards  # noqa: E402
from .ar_credit_control.models.hooks import post_init_hook, uninstall_hook  # noqa: E402
