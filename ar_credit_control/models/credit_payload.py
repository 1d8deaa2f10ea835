from odoo import fields


class Payload(fields.Json):
    """What a widget shows: made anew for each record, and never changed by whoever reads it.

    Odoo copies other values of this type each time that they are read, which an onchange does
    several times, part by part.
    """

    def convert_to_record(self, value, record):
        return False if value is None else value

    def convert_to_cache(self, value, record, validate=True):
        return value or None
