"""Every hint of every network can be read in the languages of the product."""

import re

from connectors.france import mapping as france
from connectors.hints import in_language, translations
from connectors.ksef import mapping as ksef
from connectors.lifecycle import Fix
from connectors.peppol import mapping as peppol
from connectors.sdi import mapping as sdi

LANGUAGES = ("it_IT", "de_DE", "es_ES", "fr_FR", "pl_PL")


def _hints(value):
    """All hints in a table, however deep they lie."""
    if isinstance(value, Fix):
        yield value.hint
    elif isinstance(value, (dict, tuple, list, frozenset)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _hints(item)


def test_every_hint_is_there_in_every_language():
    tables = [sdi.catalogue()]
    for module in (sdi, peppol, ksef, france):
        tables += [value for value in vars(module).values() if isinstance(value, (dict, tuple))]
    used = {hint for table in tables for hint in _hints(table) if hint}
    assert used == set(translations())
    for words in used:
        assert in_language(words, "") == words
        told = [in_language(words, language) for language in LANGUAGES]
        assert len({words, *told}) == 1 + len(LANGUAGES), "translated, and into that language"
        assert {text[-1] for text in told} == {words[-1]}


def test_numbers_and_names_survive_translation():
    for words in translations():
        for token in re.findall(r"\b(?:[A-Z]{3,}|\d[\d.]*|N\d(?:\.\d)?)\b", words):
            for language in LANGUAGES if token not in ("VAT", "UBL") else ():
                assert token in in_language(words, language), (token, language, words)


def test_a_dialect_reads_its_language():
    french = in_language("Check the delivery.", "fr_BE")
    assert french == in_language("Check the delivery.", "fr_FR") != "Check the delivery."
