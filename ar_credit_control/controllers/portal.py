from odoo import http
from odoo.addons.portal.controllers.portal import CustomerPortal
from odoo.exceptions import UserError, ValidationError
from odoo.http import content_disposition, request

from ..models.claim_portal import Upload
from ..rules.dispute import MOST_BYTES

PAGE = "/my/statement"


class StatementPortal(CustomerPortal):
    """The customer's own statement; no address or field of it names a customer."""

    def _prepare_home_portal_values(self, counters):
        values = super()._prepare_home_portal_values(counters)
        if "ar_open_count" in counters:
            values["ar_open_count"] = len(request.env["ar.portal"]._items())
        return values

    @http.route(PAGE, type="http", auth="user", website=True, methods=["GET"])
    def statement(self, done=None, **_kwargs):
        return self._page(done=done)

    @http.route(f"{PAGE}/pdf", type="http", auth="user", website=True, methods=["GET"])
    def statement_pdf(self, **_kwargs):
        """The letter that the company itself would send."""
        portal = request.env["ar.portal"]
        # the customer is the user's own, and the letter shows nothing else
        reports = request.env["ir.actions.report"].sudo().with_company(portal._company())
        content, _kind = reports._render_qweb_pdf(
            "ar_credit_control.action_report_statement", portal._customer().ids
        )
        name = f"{portal._customer().name}.pdf"
        headers = [
            ("Content-Type", "application/pdf"),
            ("Content-Disposition", content_disposition(name)),
        ]
        return request.make_response(content, headers=headers)

    @http.route(f"{PAGE}/promise", type="http", auth="user", website=True, methods=["POST"])
    def promise(self, day=None, **_kwargs):
        return self._do(
            "promise", lambda portal: portal._promise(self._chosen(), day, self._amounts())
        )

    @http.route(f"{PAGE}/dispute", type="http", auth="user", website=True, methods=["POST"])
    def dispute(self, reason=None, note=None, attachment=None, **_kwargs):
        upload = None
        if hasattr(attachment, "read"):
            # one byte more than is taken tells that it is too large
            upload = Upload(attachment.filename or "", attachment.read(MOST_BYTES + 1))
        return self._do(
            "dispute",
            lambda portal: portal._dispute(self._chosen(), reason, note, upload, self._amounts()),
        )

    def _chosen(self):
        return request.httprequest.form.getlist("item")

    def _amounts(self):
        """What was entered for each item, by the digits of its id."""
        form = request.httprequest.form
        return {key.removeprefix("amount_"): form[key] for key in form if key[:7] == "amount_"}

    def _do(self, what, action):
        """What the customer says, or the page again with what is wrong and what was entered."""
        try:
            with request.env.cr.savepoint():
                action(request.env["ar.portal"])
        except (UserError, ValidationError) as error:
            return self._page(error=str(error), at=what, entered=request.httprequest.form)
        return request.redirect(f"{PAGE}?done={what}")

    def _page(self, **values):
        entered = values.pop("entered", {})
        return request.render(
            "ar_credit_control.portal_statement",
            {
                **self._prepare_portal_layout_values(),
                **request.env["ar.portal"]._page_values(),
                "page_name": "ar_statement",
                "entered": entered,
                "chosen": self._chosen() if entered else [],
                **values,
            },
        )
