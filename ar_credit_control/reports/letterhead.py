"""Letters keep their head where wkhtmltopdf cannot print one on every page.

Linux distributions build wkhtmltopdf without its own Qt ("unpatched"): it drops the page header
and footer, and it takes one document only. Core knows this and leaves it at that, so that a letter
would go out without the sender. There, head and foot are printed once, above and below the letter.
"""

from lxml import html
from odoo import models
from odoo.addons.base.models.ir_actions_report import _wkhtml

HAS_CLASS = "//div[contains(concat(' ', normalize-space(@class), ' '), ' {} ')]"


class IrActionsReport(models.Model):
    _inherit = "ir.actions.report"

    def _prepare_html(self, html, report_model=False):
        is_letter = (self.report_name or "").startswith("ar_credit_control.")
        if not is_letter or _wkhtml().is_patched_qt:
            return super()._prepare_html(html, report_model)
        bodies, ids, header, footer, paper = super()._prepare_html(
            put_letterheads_into_pages(html), report_model
        )
        # the space that the page header would have taken
        return bodies, ids, header, footer, {**paper, "data-report-margin-top": 15}


def put_letterheads_into_pages(page):
    """Return the page with its letters as one document, each between its own head and foot."""
    root = html.fromstring(page, parser=html.HTMLParser(encoding="utf-8"))
    articles = root.xpath(HAS_CLASS.format("article"))
    heads, feet = (root.xpath(HAS_CLASS.format(name)) for name in ("header", "footer"))
    for number, (head, article, foot) in enumerate(zip(heads, articles, feet, strict=True)):
        _rename(head, "header", "o_ar_letterhead mb-4")
        _rename(foot, "footer", "o_ar_letterfoot mt-4")
        for counter in foot.xpath(".//div[span[contains(@class, 'topage')]]"):
            counter.drop_tree()  # nothing counts the pages there
        article.insert(0, head)
        article.append(foot)
        if number:
            _rename(article, "article", "o_ar_letter")
            article.set("style", "page-break-before: always;" + article.get("style", ""))
            articles[0].append(article)
    return html.tostring(root, encoding="unicode")


def _rename(node, old, new):
    node.set("class", " ".join(new if word == old else word for word in node.get("class").split()))
