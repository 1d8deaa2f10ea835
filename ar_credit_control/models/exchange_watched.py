"""The fields in which Odoo's own modules keep what an exchange said, and what their values mean.

None of these modules is needed: a field counts where it exists when the server runs. Values that
newer modules have (``RE``, ``refused`` …) stand here as well, and harm nobody who lacks them.
"""

from typing import NamedTuple


class Watched(NamedTuple):
    """A status field. ``ident`` names the transmission, ``texts`` say what went wrong.

    ``file`` holds what was sent. Records of other models than the invoice know it as ``move_id``,
    or the invoice knows them as ``link``.
    """

    network: str
    field: str
    outcomes: dict[str, str]
    ident: str = ""
    ident_is_file: bool = False
    texts: tuple[str, ...] = ()
    model: str = "account.move"
    file: str = ""
    link: str = ""


REJECTED, LOST, REFUSED = "not_issued", "issued_not_delivered", "refused_by_buyer"
SENT, DELIVERED, ACCEPTED = "sent", "delivered", "accepted"
PEPPOL = {
    "processing": SENT,
    "done": DELIVERED,
    "error": REJECTED,
    "AP": ACCEPTED,
    "PD": ACCEPTED,
    "RE": REFUSED,
    "refused": REFUSED,
    "suspended": "disputed",
    "made_available": DELIVERED,
}
ADDENDUM = "l10n_hr_edi.addendum"
WATCHED = (
    Watched(
        "sdi",
        "l10n_it_edi_state",
        {
            "being_sent": SENT,
            "processing": SENT,
            "rejected": REJECTED,
            "forwarded": DELIVERED,
            "forward_failed": LOST,
            "forward_attempt": "transient",
            "accepted_by_pa_partner": ACCEPTED,
            "rejected_by_pa_partner": REFUSED,
            # fifteen days without an answer are no acceptance
            "accepted_by_pa_partner_after_expiry": "closed",
        },
        "l10n_it_edi_attachment_name",
        True,
        ("l10n_it_edi_header",),
        file="l10n_it_edi_attachment_file",
    ),
    Watched("peppol", "peppol_move_state", PEPPOL, "peppol_message_uuid"),
    Watched(
        "ksef",
        "l10n_pl_edi_status",
        {"sent": SENT, "accepted": DELIVERED, "rejected": REJECTED},
        "l10n_pl_edi_ref",
        texts=("l10n_pl_edi_header",),
    ),
    Watched(
        "other",
        "l10n_ro_edi_state",
        {"invoice_sent": SENT, "invoice_refused": REJECTED, "invoice_validated": DELIVERED},
        "l10n_ro_edi_index",
    ),
    Watched(
        "other",
        "l10n_hu_edi_state",
        {
            "sent": SENT,
            "send_timeout": "transient",
            "rejected": REJECTED,
            "confirmed": DELIVERED,
            "confirmed_warning": DELIVERED,
        },
        "l10n_hu_edi_transaction_code",
        texts=("l10n_hu_edi_message_html",),
    ),
    Watched(
        "other",
        "l10n_es_edi_verifactu_state",
        {"rejected": REJECTED, "registered_with_errors": DELIVERED, "accepted": DELIVERED},
        texts=("l10n_es_edi_verifactu_warning",),
    ),
    Watched(  # TicketBAI
        "other",
        "state",
        {"rejected": REJECTED, "accepted": DELIVERED},
        texts=("response_message",),
        model="l10n_es_edi_tbai.document",
        link="l10n_es_tbai_post_document_id",
    ),
    # the Spanish SII and whatever else is sent by the documents that Odoo's formats share
    Watched(
        "other",
        "blocking_level",
        {"error": REJECTED},
        texts=("error",),
        model="account.edi.document",
    ),
    Watched("other", "state", {"sent": DELIVERED}, model="account.edi.document"),
    Watched(
        "other",
        "l10n_my_edi_state",
        {"in_progress": SENT, "valid": DELIVERED, "invalid": REJECTED, "rejected": REFUSED},
        "l10n_my_edi_external_uuid",
    ),
    Watched(
        "other",
        "nemhandel_move_state",
        {"processing": SENT, "done": DELIVERED, "error": REJECTED},
        "nemhandel_message_uuid",
    ),
    Watched(
        "other",
        "l10n_tr_nilvera_send_status",
        {"sent": SENT, "waiting": SENT, "succeed": DELIVERED, "error": REJECTED},
        "l10n_tr_nilvera_uuid",
    ),
    Watched(
        "other",
        "l10n_rs_edi_state",
        {"sent": SENT, "sending_failed": REJECTED},
        "l10n_rs_edi_uuid",
        texts=("l10n_rs_edi_error",),
    ),
    Watched(
        "other",
        "business_document_status",
        {"0": ACCEPTED, "1": REFUSED},
        texts=("business_status_reason",),
        model=ADDENDUM,
    ),
    Watched(
        "other",
        "mer_document_status",
        {"30": SENT, "40": DELIVERED, "50": REJECTED},
        "mer_document_eid",
        model=ADDENDUM,
    ),
    Watched(
        "other",
        "fiscalization_status",
        {"1": REJECTED},
        texts=("fiscalization_error",),
        model=ADDENDUM,
    ),
)
