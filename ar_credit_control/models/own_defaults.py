"""Fields that are closed to users begin as the product has it.

What a caller gives is checked where a record is made. A context (``default_…``) and a user's own
defaults would fill in the same fields behind that check.
"""


def without_own_defaults(model, vals_list, closed):
    """``model`` and ``vals_list`` to create with, so that nobody's defaults fill ``closed`` fields.

    :param closed: names of fields that none of the values has
    """
    if model.env.su:
        return model, vals_list
    context = {
        key: value
        for key, value in model.env.context.items()
        if not (key.startswith("default_") and key.removeprefix("default_") in closed)
    }
    # what users keep for themselves is read for no other end
    mine = model.env["ir.default"].sudo()
    mine = mine.search([("user_id", "=", model.env.uid), ("field_id.model", "=", model._name)])
    model = model.with_env(model.env(context=context))
    fields = [model._fields[name] for name in closed & set(mine.field_id.mapped("name"))]
    begin = {field.name: field.default(model) if field.default else False for field in fields}
    return model, [{**begin, **vals} for vals in vals_list]
