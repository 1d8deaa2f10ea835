"""What customers read is there in each language of the texts."""

import re
from pathlib import Path

import polib
import pytest

LANGUAGES = ("de", "es", "fr", "it", "pl")
CATALOGUES = Path(__file__).parents[2] / "i18n"
READ_BY_CUSTOMERS = re.compile(
    r"ir\.ui\.view,arch_db:ar_credit_control\."
    r"(dunning_\w+|report_(dunning_notice|statement|instalment_plan)\w*|portal_\w+|sale_order_portal\w*)"
)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_word_to_customers_is_left_in_english(language):
    terms = [
        entry
        for entry in polib.pofile(str(CATALOGUES / f"{language}.po"))
        if not entry.obsolete
        and any(READ_BY_CUSTOMERS.search(f"{place}:{line}") for place, line in entry.occurrences)
    ]
    assert len(terms) > 90
    assert [entry.msgid for entry in terms if not entry.translated()] == []
