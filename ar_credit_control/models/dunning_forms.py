"""How the texts of many notices are written: what is the same for all of them is made once."""

from ast import literal_eval
from functools import cache

from markupsafe import Markup, escape
from odoo.addons.base.models.res_lang import intersperse
from odoo.tools.misc import format_date, formatLang, get_lang

from ..rules import dunning_letter as letter
from ..rules.notice_form import form, slot, squeeze
from .dunning_channel import name_channels

NBSP = "\N{NO-BREAK SPACE}"
MINUS = "-\N{ZERO WIDTH NO-BREAK SPACE}"


class Forms:
    """How one language writes values, and the templates with slots in it.

    The same amount or day is written once. What goes into a template is markup.
    """

    def __init__(self, env):
        self.env = env
        self.labels, self.bases = dict(env["ar.open.item"]._selection_bucket()), {}
        self.get = cache(self._draw)
        self.writer = cache(lambda currency: cache(amount_writer(env, currency)))
        self.purse = cache(lambda currency: cache(_markup(self.writer(currency))))
        self.plain_day = cache(lambda value: format_date(env, value))
        self.day = cache(_markup(self.plain_day))
        self.percent = cache(lambda rate: escape(formatLang(env, rate, digits=2)))
        self.count = cache(self._count)
        self.head = cache(self._draw_head)
        self.bank = cache(_get_bank)

    def base(self, notice):
        """The address of the portal, which a company may have of its own."""
        company = notice.company_id.id
        if company not in self.bases:
            self.bases[company] = notice.get_base_url()
        return self.bases[company]

    def plain_money(self, amount, currency):
        return self.writer(currency)(amount)

    def money(self, amount, currency):
        return self.purse(currency)(amount)

    def _draw(self, name, **flags):
        """One of the addon's templates as a format; ``flags`` tell what stands in it."""
        values = {**flags, "slot": slot}
        text = self.env["ir.qweb"]._render(f"ar_credit_control.{name}", values)
        return form(squeeze(str(text)))

    def _count(self, number):
        """ "1 open invoice", "3 open invoices", in the plural of the language."""
        plural, _ = letter.plural(self.env.lang or "en_US", number), self.env._
        if plural == letter.ONE:
            text = _("%s open invoice")
        elif plural == letter.FEW:
            text = _("%s open invoices (form for 2, 3, 4, 22 …)")
        else:
            text = _("%s open invoices (form for 0, 5, 11, 25 …)")
        # the brackets tell translators which form is meant
        return text.partition(" (")[0] % number

    def _draw_head(self, level, channels):
        """What stands above the text on the chatter, of a level by some channels."""
        text = self.env._(
            "%(level)s: %(items)s, %(amount)s, by %(channel)s to %(recipient)s",
            level=level.name,
            amount=slot("amount"),
            items=slot("items"),
            channel=name_channels(self.env["ar.dunning.notice"], channels),
            recipient=slot("recipient"),
        )
        link = "<p><a href='#' data-oe-model='ar.dunning.notice' data-oe-id='%s'>%s</a></p>"
        return form(Markup(link) % (slot("id"), text))


def _get_bank(company):
    """The first account of a company that is not another company's."""
    return company.partner_id.bank_ids.filtered(
        lambda bank: bank.company_id in (company, company.browse())
    )[:1]


def _markup(write):
    return lambda value: escape(write(value))


def amount_writer(env, currency):
    """A function that writes an amount as core's ``format_amount`` does.

    What that looks up for each amount, such as how the language groups digits, is looked up once.
    """
    lang, digits = get_lang(env), currency.decimal_places
    groups, separator = literal_eval(lang.grouping), lang.thousands_sep or ""
    symbol = currency.symbol or ""
    before, after = (symbol + NBSP, "") if currency.position == "before" else ("", NBSP + symbol)

    def write(amount):
        whole, *cents = f"{currency.round(amount):.{digits}f}".split(".")
        text = lang.decimal_point.join([intersperse(whole, groups, separator)[0], *cents])
        return f"{before}{text.replace(' ', NBSP).replace('-', MINUS)}{after}"

    return write
