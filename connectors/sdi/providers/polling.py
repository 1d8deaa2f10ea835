"""For providers that are asked about one document after the other."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from ...contract import DOCUMENT_LOOKBACK, Message
from ...errors import Retryable

BATCH = 20  # documents in one fetch, so that little is repeated after an interruption


class DocumentPoll:
    """Cursor: ``page:index`` of the next document; page 0 are the ones that the caller named.

    ``asked`` collects the documents that were asked about; the caller takes them out. ``ended``
    are those of which the provider's list says that nothing more will come. A document that the
    caller knows is left out of that list: who remembers them asks for those without an outcome
    only, once more when the list says that one has ended, and the list is read from the last run
    on.
    """

    provider = ""

    def __init__(self, documents: Sequence[str], known: Collection[str] | None) -> None:
        self._documents = list(documents)
        self._known = known
        self.asked: list[str] = []
        self.ended: set[str] = set()

    def fetch(self, since: datetime, cursor: str | None) -> tuple[Sequence[Message], str | None]:
        """The messages of the next few documents."""
        self._authorize()
        start = "0:0" if self._documents else "1:0"
        page, index = (int(number) for number in (cursor or start).split(":"))
        names, last = self._names(since, page)
        messages, reached = self._poll(names, index, self._known if page else None)
        if reached < len(names):
            return messages, f"{page}:{reached}"
        return messages, None if last else f"{page + 1}:0"

    def _names(self, since: datetime, page: int) -> tuple[list[str], bool]:
        if not page:
            return self._documents, self._known is None
        return self._page(since if self._known else since - DOCUMENT_LOOKBACK, page)

    def _poll(
        self, names: Sequence[str], index: int, known: Collection[str] | None
    ) -> tuple[list[Message], int]:
        """Messages of up to BATCH documents, and the index reached: what came is never lost."""
        messages: list[Message] = []
        for position in range(index, min(index + BATCH, len(names))):
            if known and names[position] in known and not self._has_ended(names[position]):
                continue
            try:
                messages += self._messages(names[position])
            except Retryable:
                if position == index:
                    raise
                return messages, position
            self.asked.append(names[position])
        return messages, min(index + BATCH, len(names))

    def _has_ended(self, name: str) -> bool:
        """Whether a document that is still asked about has to be asked for the last time."""
        return name in self.ended and name in self._documents

    def _authorize(self) -> None:
        """Sign in, where that is not done for good."""

    def _page(self, since: datetime, page: int) -> tuple[list[str], bool]:
        """Documents created since, and whether this page is the last one."""
        raise NotImplementedError

    def _messages(self, name: str) -> list[Message]:
        raise NotImplementedError
