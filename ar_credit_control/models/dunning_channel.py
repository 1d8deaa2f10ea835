"""The ways in which a notice reaches somebody; levels and notices have one field for each."""

CHANNELS = ("by_email", "by_letter", "by_call", "ask_salesperson")


def channel_names(record):
    """The channels of a level or a notice, as the user calls them."""
    return name_channels(record, [record[name] for name in CHANNELS])


def name_channels(model, chosen):
    """The names of the channels of which ``chosen``, in the order of all, is true."""
    names = (name for name, wanted in zip(CHANNELS, chosen, strict=True) if wanted)
    return ", ".join(model._fields[name]._description_string(model.env) for name in names)
