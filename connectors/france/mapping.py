"""What the French life-cycle codes mean, as tables.

Sources: DGFiP/AIFE "Dossier général" 3.2 (statuses), AFNOR XP Z12-012 1.3 (messages), code lists
of the published schematron 1.4.0.03. Business terms are those of EN 16931.
"""

from __future__ import annotations

from ..lifecycle import Fix, Outcome

OUTCOMES: dict[str, Outcome] = {
    "200": Outcome.SENT,
    "201": Outcome.SENT,
    "202": Outcome.DELIVERED,
    "203": Outcome.DELIVERED,
    "204": Outcome.DELIVERED,
    "205": Outcome.ACCEPTED,
    "206": Outcome.DISPUTED,
    "207": Outcome.DISPUTED,
    "208": Outcome.DISPUTED,
    "209": Outcome.SENT,
    "210": Outcome.REFUSED,
    "211": Outcome.ACCEPTED,
    "212": Outcome.ACCEPTED,
    "213": Outcome.NOT_ISSUED,
    "214": Outcome.DELIVERED,
    "220": Outcome.CLOSED,
    "221": Outcome.NOT_DELIVERED,
    "250": Outcome.SENT,
    "251": Outcome.NOT_ISSUED,
    "300": Outcome.SENT,
    "301": Outcome.NOT_ISSUED,
    "500": Outcome.SENT,
    "501": Outcome.NOT_ISSUED,
    "601": Outcome.INFORMATION,  # speaks about a life-cycle message, not about an invoice
}
# Taken in, but there is no platform that the buyer could receive it on.
NOT_TRANSMITTED = ("200", "NON_TRANSMISE")

LABELS: dict[str, str] = {
    "200": "Déposée",
    "201": "Émise par la plateforme",
    "202": "Reçue par la plateforme",
    "203": "Mise à disposition",
    "204": "Prise en charge",
    "205": "Approuvée",
    "206": "Approuvée partiellement",
    "207": "En litige",
    "208": "Suspendue",
    "209": "Complétée",
    "210": "Refusée",
    "211": "Paiement transmis",
    "212": "Encaissée",
    "213": "Rejetée",
    "214": "Visée",
    "220": "Annulée",
    "221": "Erreur de routage",
    "500": "Recevable",
    "501": "Irrecevable",
}

FIXES: dict[str, Fix] = {
    "NON_TRANSMISE": Fix("customer", "", "The customer has no platform yet: send a copy."),
    "TX_TVA_ERR": Fix("invoice_line", "tax_ids", "Check the VAT rate."),
    "MONTANTTOTAL_ERR": Fix("invoice", "amount_total", "Check the total amount."),
    "CALCUL_ERR": Fix("invoice", "amount_total", "Check the computation of the amounts."),
    "NON_CONFORME": Fix("invoice", "", "A mandatory mention is missing: complete the invoice."),
    "DOUBLON": Fix("invoice", "name", "This number was sent before: look for that transmission."),
    "DOUBLE_FACT": Fix("invoice", "", "This was invoiced before: check the earlier invoice."),
    "DEST_INC": Fix("customer", "company_registry", "The recipient is unknown: check the SIREN."),
    "DEST_ERR": Fix("customer", "company_registry", "The wrong recipient: check the customer."),
    "SIRET_ERR": Fix("customer", "company_registry", "Check the customer's SIRET."),
    "CODE_ROUTAGE_ERR": Fix("customer", "", "Check the customer's routing code."),
    "ROUTAGE_ERR": Fix("customer", "", "Check the customer's electronic address in the directory."),
    "ADR_ERR": Fix("customer", "", "Check the customer's electronic address."),
    "REJ_ADR": Fix("customer", "", "Check the customer's electronic address."),
    "TRANSAC_INC": Fix("invoice", "ref", "The buyer knows no such transaction: add references."),
    "EMMET_INC": Fix("company", "company_registry", "The buyer does not know the seller."),
    "CONTRAT_TERM": Fix("invoice", "ref", "The contract has ended: check the contract reference."),
    "CMD_ERR": Fix("invoice", "ref", "Check the purchase order reference."),
    "REF_CT_ABSENT": Fix("invoice", "ref", "Add the contract reference."),
    "REF_ERR": Fix("invoice", "ref", "Check the references."),
    "PU_ERR": Fix("invoice_line", "price_unit", "Check the unit price."),
    "REM_ERR": Fix("invoice_line", "discount", "Check the discount."),
    "QTE_ERR": Fix("invoice_line", "quantity", "Check the quantity."),
    "ART_ERR": Fix("invoice_line", "product_id", "Check the item."),
    "QUALITE_ERR": Fix("invoice_line", "product_id", "Check the quality delivered."),
    "LIVR_INCOMP": Fix("invoice_line", "quantity", "The delivery is incomplete: check quantities."),
    "MODPAI_ERR": Fix("invoice", "preferred_payment_method_line_id", "Check the payment method."),
    "COORD_BANC_ERR": Fix("invoice", "partner_bank_id", "Check the bank account."),
    "JUSTIF_ABS": Fix("invoice", "attachment_ids", "Add the supporting document."),
    "REJ_SEMAN": Fix("invoice", "", "A rule of the format is broken: correct what the text names."),
    "REJ_UNI": Fix("invoice", "name", "Seller, year and number must be unique: check the number."),
    "REJ_COH": Fix("invoice", "", "Data contradict each other: correct what the text names."),
    "REJ_CONT_B2G": Fix("invoice", "ref", "Data required by public buyers are missing."),
    "REJ_REF_PJ": Fix("invoice", "attachment_ids", "An attachment is referred to but missing."),
    "REJ_ASS_PJ": Fix("invoice", "attachment_ids", "An attachment fits no invoice."),
    "IRR_SYNTAX": Fix("invoice", "", "The file breaks the syntax of its format."),
    "IRR_TAILLE_PJ": Fix("invoice", "attachment_ids", "An attachment is too large."),
    "IRR_NOM_PJ": Fix("invoice", "attachment_ids", "Rename the attachment."),
    "IRR_VID_PJ": Fix("invoice", "attachment_ids", "An attachment is empty."),
    "IRR_EXT_DOC": Fix("invoice", "attachment_ids", "This kind of attachment is not allowed."),
    "IRR_TAILLE_F": Fix("invoice", "attachment_ids", "The file is too large: shrink attachments."),
    "IRR_ANTIVIRUS": Fix("invoice", "attachment_ids", "The virus check failed: check attachments."),
}
TERMS: dict[str, Fix] = {
    "BT-1": Fix("invoice", "name", "Check the invoice number."),
    "BT-2": Fix("invoice", "invoice_date", "Check the invoice date."),
    "BT-10": Fix("invoice", "ref", "Check the buyer's reference."),
    "BT-12": Fix("invoice", "ref", "Check the contract reference."),
    "BT-13": Fix("invoice", "ref", "Check the purchase order reference."),
    "BT-84": Fix("invoice", "partner_bank_id", "Check the bank account."),
    "BT-129": Fix("invoice_line", "quantity", "Check the quantity."),
    "BT-146": Fix("invoice_line", "price_unit", "Check the unit price."),
    "BT-152": Fix("invoice_line", "tax_ids", "Check the VAT rate."),
}


def fix_for(reason: str, term: str = "") -> Fix:
    """Where to correct: by the reason, else by the business term that is named.

    >>> fix_for("TX_TVA_ERR").path, fix_for("AUTRE", "BT-13").path, fix_for("AUTRE").path
    ('invoice_line.tax_ids', 'invoice.ref', '')
    """
    return FIXES.get(reason) or TERMS.get(term) or Fix()
