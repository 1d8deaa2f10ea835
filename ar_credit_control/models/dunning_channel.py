"""The ways in which a notice reaches somebody; levels and notices have one field for each."""

CHANNELS = ("by_email", "by_letter", "by_call", "ask_salesperson")


def channel_names(record):
    """The channels of a level or a notice, as the user calls them."""
    chosen = [record._fields[name] for name in CHANNELS if record[name]]
    return ", ".join(field._description_string(record.env) for field in chosen)
