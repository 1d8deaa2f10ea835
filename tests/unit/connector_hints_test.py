"""Every hint of every network can be read in Italian as well."""

import re

from connectors.france import mapping as france
from connectors.hints import in_language, translations
from connectors.ksef import mapping as ksef
from connectors.lifecycle import Fix
from connectors.peppol import mapping as peppol
from connectors.sdi import mapping as sdi


def _hints(value):
    """All hints in a table, however deep they lie."""
    if isinstance(value, Fix):
        yield value.hint
    elif isinstance(value, (dict, tuple, list, frozenset)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _hints(item)


def test_every_hint_is_there_in_italian():
    tables = [sdi.catalogue()]
    for module in (sdi, peppol, ksef, france):
        tables += [value for value in vars(module).values() if isinstance(value, (dict, tuple))]
    used = {hint for table in tables for hint in _hints(table) if hint}
    assert used == set(translations())
    for words in used:
        italian = in_language(words, "it_IT")
        assert italian != words and italian[-1] == words[-1]
        assert in_language(words, "") == words


def test_numbers_and_names_survive_translation():
    for words in translations():
        for token in re.findall(r"\b(?:[A-Z]{3,}|\d[\d.]*|N\d(?:\.\d)?)\b", words):
            if token not in ("VAT", "UBL"):
                assert token in in_language(words, "it_IT"), (token, words)
