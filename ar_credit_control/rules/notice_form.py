"""A text that is drawn once, with slots, and filled for each of many notices.

To run a template for each notice takes longer than all the rest of it, and most of what it yields
is the same for all.
"""

from __future__ import annotations

import re

EDGE = "\ue000"  # for private use: it stands in no text, and no escaping touches it
SLOT = re.compile(f"{EDGE}(.*?){EDGE}")
GAP = re.compile(r">\s+<")


def slot(name: str) -> str:
    """What stands in a drawn text where a value goes.

    >>> len(slot("total"))
    7
    """
    return f"{EDGE}{name}{EDGE}"


def form(text: str) -> str:
    """The drawn text as a format, to be filled by ``%`` with a dictionary.

    The values have to be escaped, where the text is HTML.

    >>> form(f"<p>100% of {slot('total')}</p>") % {"total": "5.00"}
    '<p>100% of 5.00</p>'
    """
    return SLOT.sub(r"%(\1)s", text.replace("%", "%%"))


def squeeze(markup: str) -> str:
    """Without the indentation of the template; words of two cells stay apart in plain text.

    >>> squeeze("<td>a b</td>      <td>c</td>")
    '<td>a b</td>\\n<td>c</td>'
    """
    return GAP.sub(">\n<", markup).strip()
