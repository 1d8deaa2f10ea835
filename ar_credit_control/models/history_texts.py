"""What a finding of the opening history says, and what to do about it."""

from odoo.tools.translate import LazyTranslate

_lt = LazyTranslate(__name__)

# code of the rule → (what is wrong, remedy); {value} is what the file says
TEXTS = {
    "header": (
        _lt("The columns fit no kind of table: %(value)s"),
        _lt("Name the columns as described, or choose the kind of table."),
    ),
    "unreadable": (
        _lt("The file cannot be read: %(value)s"),
        _lt("Save it again as CSV (UTF-8) or as XLSX."),
    ),
    "missing_column": (
        _lt("This column is missing."),
        _lt("Add the column, or rename the one that holds it."),
    ),
    "double_column": (_lt("This column stands in the file twice."), _lt("Keep one of them.")),
    "unknown_column": (
        _lt("This column is not known and is left out."),
        _lt("Nothing, or rename it if it was meant."),
    ),
    "missing": (_lt("There is no value."), _lt("Fill it in.")),
    "date": (
        _lt("'%(value)s' is not a date."),
        _lt("Write 2025-12-31 or 31/12/2025."),
    ),
    "amount": (_lt("'%(value)s' is not an amount."), _lt("Write 1234.56 or 1.234,56.")),
    "ambiguous": (
        _lt("'%(value)s' can be read in two ways."),
        _lt("Write 1234.00 for thousands, 1.23 for decimals."),
    ),
    "flag": (_lt("'%(value)s' is neither yes nor no."), _lt("Write yes or no.")),
    "zero": (_lt("The amount is zero."), _lt("Leave the line out.")),
    "negative": (_lt("The amount is negative."), _lt("Write it without the sign.")),
    "decimals": (
        _lt("%(value)s has more decimals than its currency."),
        _lt("Round it to the currency."),
    ),
    "mixed_signs": (
        _lt("The lines of one number are partly positive, partly negative."),
        _lt("Give the credit note a number of its own."),
    ),
    "due_before_date": (
        _lt("It falls due (%(value)s) before the date of the invoice."),
        _lt("Correct one of the two dates."),
    ),
    "instalment_due": (
        _lt("An instalment has no due date."),
        _lt("Give each line of the number its due date."),
    ),
    "lines_differ": (
        _lt("Another line of the same number says something else here."),
        _lt("Make the lines of the number alike, or change the number."),
    ),
    "double": (
        _lt("'%(value)s' stands in the file twice."),
        _lt("Remove one of the lines, or tell them apart."),
    ),
    "same_payment": (
        _lt("The same payment of %(value)s stands in the file twice; both are imported."),
        _lt("Remove the line if it is one payment; a reference tells payments apart."),
    ),
    "future": (_lt("%(value)s lies in the future."), _lt("Correct the date.")),
    "status": (
        _lt("'%(value)s' is not a status."),
        _lt("Write posted or registered, or leave it empty."),
    ),
    "unknown_customer": (
        _lt("There is no customer '%(value)s'."),
        _lt("Import the customer first, or correct its own line."),
    ),
    "ambiguous_customer": (
        _lt("Several customers have the reference '%(value)s'."),
        _lt("Give each its own reference."),
    ),
    "exists": (
        _lt("The customer exists as '%(value)s' and is used as it is."),
        _lt("Nothing, or change the code if it is another customer."),
    ),
    "unknown_invoice": (
        _lt("There is no invoice '%(value)s'."),
        _lt("Import the invoice first, correct its own line, or leave this empty."),
    ),
    "other_customer": (
        _lt("Invoice '%(value)s' belongs to another customer."),
        _lt("Correct the customer or the invoice number."),
    ),
    "credit_positive": (
        _lt("A credit note has a positive amount."),
        _lt("Write its amount with a minus sign."),
    ),
    "taken": (
        _lt("The journal already has a document '%(value)s'."),
        _lt("Change the number, or choose another journal."),
    ),
    "unknown_currency": (
        _lt("There is no active currency '%(value)s'."),
        _lt("Activate the currency, or correct the code."),
    ),
    "no_rate": (
        _lt("There is no exchange rate for %(value)s."),
        _lt("Add a rate for that day or an earlier one."),
    ),
    "unknown_country": (
        _lt("There is no country '%(value)s'."),
        _lt("Write its two-letter code."),
    ),
    "unknown_payment_term": (
        _lt("There are no payment terms '%(value)s'."),
        _lt("Create them, or write them as they are called in Odoo."),
    ),
    "unknown_tax": (
        _lt("There is no single sales tax '%(value)s' in percent."),
        _lt("Write the name of the tax or its percentage, or leave it empty."),
    ),
    "unknown_salesperson": (
        _lt("There is no user with the login '%(value)s'."),
        _lt("Correct the login, or leave it empty."),
    ),
    "unknown_provider": (
        _lt("There is no provider of reports '%(value)s'."),
        _lt("Create the provider with its scale first, or correct the name."),
    ),
    "outside_scale": (
        _lt("This rating is not on the provider's scale: %(value)s"),
        _lt("Correct the rating, or the scale of the provider."),
    ),
    "advised_zero": (
        _lt("The advised limit is zero."),
        _lt("Leave it empty; write yes under no_credit if the provider advises against credit."),
    ),
    "advised_both": (
        _lt("A limit of %(value)s is advised, and no credit at the same time."),
        _lt("Keep one of them."),
    ),
    "ends_before_date": (
        _lt("The report ends (%(value)s) before its own date."),
        _lt("Correct one of the two dates."),
    ),
    "says_nothing": (
        _lt("The report has neither a rating nor an advised limit."),
        _lt("Fill in one of them, or leave the line out."),
    ),
    "overpaid": (
        _lt("%(value)s is more than is open; it stays as a credit of the customer."),
        _lt("Nothing, or name more invoices."),
    ),
    "changed": (
        _lt("'%(value)s' was imported before with other content; it stays as it is."),
        _lt("Change the document itself, or leave the line out."),
    ),
    "refused": (_lt("%(value)s"), _lt("Correct what the message names and import again.")),
}


def wording(env, code, value):
    """(what is wrong, remedy) in the language of the user."""
    message, remedy = (env._(text) for text in TEXTS[code])
    return message % {"value": value}, remedy
