"""What Peppol's codes mean, as tables.

Sources: Peppol MLS 1.1.0, BIS Message Level Response 36, BIS Invoice Response 63, EN 16931.
"""

from __future__ import annotations

from ..lifecycle import Fix, Outcome

# Which of the three specifications, by the beginning of cbc:CustomizationID.
SPECIFICATIONS: dict[str, str] = {
    "urn:peppol:edec:mls": "MLS",
    "urn:fdc:peppol.eu:poacc:trns:mlr": "MLR",
    "urn:fdc:peppol.eu:poacc:trns:invoice_response": "IMR",
}

MESSAGE_LEVEL: dict[str, Outcome] = {
    "AB": Outcome.DELIVERED,
    "AP": Outcome.DELIVERED,
    "RE": Outcome.NOT_ISSUED,
}
OUTCOMES: dict[str, dict[str, Outcome]] = {
    "MLS": MESSAGE_LEVEL,
    "MLR": MESSAGE_LEVEL,
    "IMR": {
        "AB": Outcome.DELIVERED,
        "IP": Outcome.DELIVERED,
        "UQ": Outcome.DISPUTED,
        "CA": Outcome.DISPUTED,
        "RE": Outcome.REFUSED,
        "AP": Outcome.ACCEPTED,
        "PD": Outcome.ACCEPTED,
    },
}
# A rejection for this reason alone is a failure on the last mile: the document is in order.
DELIVERY_FAILED = "FD"
# Reasons that say there is none.
NO_ISSUE = frozenset({"NON", "NOA"})

TITLES: dict[str, str] = {
    "AB": "Message acknowledged",
    "AP": "Accepted",
    "RE": "Rejected",
    "IP": "In process",
    "UQ": "Under query",
    "CA": "Conditionally accepted",
    "PD": "Paid",
}

REASONS: dict[str, str] = {
    "SV": "Syntax violation",
    "BV": "Business rule violation, fatal",
    "BW": "Business rule violation, warning",
    "FD": "Failure of delivery",
    "NON": "No issue",
    "REF": "References incorrect",
    "LEG": "Legal information incorrect",
    "REC": "Receiver unknown",
    "QUA": "Item quality insufficient",
    "DEL": "Delivery issues",
    "PRI": "Prices incorrect",
    "QTY": "Quantity incorrect",
    "ITM": "Items incorrect",
    "PAY": "Payment terms incorrect",
    "UNR": "Commercial transaction not recognised",
    "FIN": "Finance terms incorrect",
    "PPD": "Partially paid",
    "OTH": "Other",
}

FIXES: dict[str, Fix] = {
    "REF": Fix("invoice", "ref", "Check the order and contract references."),
    "LEG": Fix("company", "", "Check the legal data on the invoice."),
    "REC": Fix("customer", "peppol_endpoint", "Check the customer's Peppol address."),
    "FD": Fix("customer", "peppol_endpoint", "Check the Peppol address, or send a copy."),
    "DEL": Fix("invoice", "partner_shipping_id", "Check the delivery."),
    "PRI": Fix("invoice_line", "price_unit", "Check the prices."),
    "QTY": Fix("invoice_line", "quantity", "Check the quantities."),
    "ITM": Fix("invoice_line", "product_id", "Check the items."),
    "QUA": Fix("invoice_line", "product_id", "Check the goods that were delivered."),
    "PAY": Fix("invoice", "invoice_payment_term_id", "Check the payment terms."),
    "FIN": Fix("invoice", "partner_bank_id", "Check the bank account and financial terms."),
    "UNR": Fix("invoice", "partner_id", "Check that the invoice goes to the right customer."),
    "SV": Fix("invoice", "", "The document breaks the syntax: correct what the text names."),
    "BV": Fix("invoice", "", "The document breaks a rule: correct what the text names."),
}
# Business terms of EN 16931 and where they live.
TERMS: dict[str, Fix] = {
    "BT-1": Fix("invoice", "name", "Check the invoice number."),
    "BT-2": Fix("invoice", "invoice_date", "Check the invoice date."),
    "BT-9": Fix("invoice", "invoice_date_due", "Check the due date."),
    "BT-10": Fix("invoice", "ref", "Check the buyer's reference."),
    "BT-12": Fix("invoice", "ref", "Check the contract reference."),
    "BT-13": Fix("invoice", "ref", "Check the purchase order reference."),
    "BT-20": Fix("invoice", "invoice_payment_term_id", "Check the payment terms."),
    "BT-31": Fix("company", "vat", "Check the company's VAT number."),
    "BT-44": Fix("customer", "name", "Check the customer's name."),
    "BT-48": Fix("customer", "vat", "Check the customer's VAT number."),
    "BT-49": Fix("customer", "peppol_endpoint", "Check the customer's electronic address."),
    "BT-84": Fix("invoice", "partner_bank_id", "Check the bank account."),
    "BT-129": Fix("invoice_line", "quantity", "Check the quantity."),
    "BT-146": Fix("invoice_line", "price_unit", "Check the price."),
    "BT-151": Fix("invoice_line", "tax_ids", "Check the VAT category."),
    "BT-152": Fix("invoice_line", "tax_ids", "Check the VAT rate."),
    "BT-153": Fix("invoice_line", "name", "Check the item."),
}


def fix_for(reason: str, term: str = "") -> Fix:
    """Where to correct: by the business term that the buyer names, else by the reason.

    >>> fix_for("REF", "BT-13").path, fix_for("PRI").path, fix_for("ZZZ").path
    ('invoice.ref', 'invoice_line.price_unit', '')
    """
    return TERMS.get(term) or FIXES.get(reason) or Fix()
