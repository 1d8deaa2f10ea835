"""Letters keep their head where wkhtmltopdf cannot print one on every page.

Linux distributions build wkhtmltopdf without its own Qt ("unpatched"): it drops the page header
and footer, it takes one document only, and its file has no outline. Core knows this and leaves it
at that, so that a letter would go out without the sender, and many could not be told apart; and it
draws the characters of fonts from the web as shapes, which makes text that
cannot be copied, files thirty times as large, and takes seven times as long. There, head and foot
are printed once, above and below the letter; many letters are printed as one document, in a font of
the machine's own, and the file gets the outline by which core takes it apart.
"""

import io
import re

from lxml import html
from odoo import models
from odoo.addons.base.models.ir_actions_report import _wkhtml
from odoo.tools.pdf import PdfFileReader, PdfFileWriter
from pypdf.generic import (
    ArrayObject,
    DictionaryObject,
    NameObject,
    NumberObject,
    TextStringObject,
)

# One pixel in a colour that nobody uses and no eye tells from white: here a letter begins.
MARK = '<div style="width: 1px; height: 1px; background-color: #fdfefd"></div>'
FONT = """<style>.article, .article * {
    font-family: Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif !important;
}</style>"""
MARKED = re.compile(rb"0\.9921\d* 0\.9960\d* 0\.9921\d* (scn|rg)\b")
HAS_CLASS = "//div[contains(concat(' ', normalize-space(@class), ' '), ' {} ')]"


class IrActionsReport(models.Model):
    _inherit = "ir.actions.report"

    def _prepare_html(self, html, report_model=False):
        if not self._prints_plain_letters():
            return super()._prepare_html(html, report_model)
        page, ids = put_letterheads_into_pages(html)
        bodies, _first, header, footer, paper = super()._prepare_html(page, report_model)
        # the space that the page's header and footer would have taken
        margins = {"data-report-margin-top": 15, "data-report-margin-bottom": 15}
        return bodies, ids, header, footer, {**paper, **margins}

    def _run_wkhtmltopdf(self, bodies, report_ref=False, **options):
        content = super()._run_wkhtmltopdf(bodies, report_ref=report_ref, **options)
        report = self._get_report(report_ref) if report_ref else self
        return add_outline(content) if report._prints_plain_letters() else content

    def _prints_plain_letters(self):
        """Whether these are the addon's letters, and wkhtmltopdf is the one without its own Qt."""
        ours = (self.report_name or "").startswith("ar_credit_control.")
        return ours and not _wkhtml().is_patched_qt


def put_letterheads_into_pages(page):
    """The page with its letters as one document, each between its own head and foot; their ids."""
    root = html.fromstring(page, parser=html.HTMLParser(encoding="utf-8"))
    articles = root.xpath(HAS_CLASS.format("article"))
    heads, feet = (root.xpath(HAS_CLASS.format(name)) for name in ("header", "footer"))
    ids = [int(article.get("data-oe-id") or 0) or None for article in articles]
    for number, (head, article, foot) in enumerate(zip(heads, articles, feet, strict=True)):
        _rename(head, "header", "o_ar_letterhead mb-4")
        _rename(foot, "footer", "o_ar_letterfoot mt-4")
        foot.set("style", "page-break-inside: avoid;" + foot.get("style", ""))
        for counter in foot.xpath(".//div[span[contains(@class, 'topage')]]"):
            counter.drop_tree()  # nothing counts the pages there
        head.insert(0, html.fromstring(MARK))
        article.insert(0, head)
        if _says_something(foot):
            article.append(foot)
        else:  # its line alone may take a page of its own
            foot.drop_tree()
        if number:
            _rename(article, "article", "o_ar_letter")
            article.set("style", "page-break-before: always;" + article.get("style", ""))
            articles[0].append(article)
    for article in articles[:1]:
        article.append(html.fromstring(FONT))
    return html.tostring(root, encoding="unicode"), ids


def add_outline(content):
    """Return a PDF with an entry in its outline for each page on which a letter begins.

    The pages' drawing instructions name the mark's colour.
    """
    reader, writer = PdfFileReader(io.BytesIO(content)), PdfFileWriter()
    writer.appendPagesFromReader(reader)
    pages = (page.get_contents() for page in reader.pages)
    starts = [place for place, page in enumerate(pages) if MARKED.search(page.get_data())]
    if len(starts) < 2:
        return content
    root, entry = writer._root_object, None
    root[NameObject("/Dests")] = DictionaryObject(
        {
            NameObject(f"/letter{place}"): ArrayObject([NumberObject(place), NameObject("/Fit")])
            for place in starts
        }
    )
    for place in reversed(starts):
        entry = writer._add_object(_outline_entry(place, entry))
    root[NameObject("/Outlines")] = DictionaryObject({NameObject("/First"): entry})
    stream = io.BytesIO()
    writer.write(stream)
    return stream.getvalue()


def _outline_entry(place, following):
    entry = DictionaryObject(
        {
            NameObject("/Title"): TextStringObject(f"letter {place}"),
            NameObject("/Dest"): NameObject(f"/letter{place}"),
        }
    )
    if following:
        entry[NameObject("/Next")] = following
    return entry


def _says_something(node):
    return bool(node.text_content().strip() or node.xpath(".//img"))


def _rename(node, old, new):
    node.set("class", " ".join(new if word == old else word for word in node.get("class").split()))
