"""What to correct, in the reader's language: ``hints.csv`` has a column for each language."""

from __future__ import annotations

import csv
from functools import lru_cache
from pathlib import Path


@lru_cache(maxsize=1)
def translations() -> dict[str, dict[str, str]]:
    """Each hint of the networks' tables, by its English words: ``{words: {language: words}}``."""
    with Path(__file__).with_name("hints.csv").open(encoding="utf-8", newline="") as lines:
        return {row["en"]: row for row in csv.DictReader(lines)}


def in_language(words: str, language: str) -> str:
    """The hint in a language such as ``it_IT``; as it is where nobody has translated it.

    >>> in_language("Check the delivery.", "it_IT"), in_language("Check the delivery.", "nl_NL")
    ('Verificare la consegna.', 'Check the delivery.')
    """
    known = translations().get(words, {})
    return known.get(language.partition("_")[0]) or words
