"""Fetches and reads the next messages while the database stores the last ones."""

import logging
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

from ...connectors.errors import ConnectorError
from .exchange_reading import rows_of

_logger = logging.getLogger(__name__)
# What is taken in by one transaction: so many messages or bytes, or what came in so many seconds.
BATCH = 1000
BATCH_BYTES = 2**23
PATIENCE = 5.0


class Batch(NamedTuple):
    """Messages, what they say, and the cursor that follows; ``rows`` is None if one broke that."""

    messages: list
    rows: list | None
    following: str | None


class Ahead:
    """The batches of a feed, each asked for by the cursor that the one before has left.

    A thread of its own, which knows nothing of the database, is at most one batch ahead. What it
    has fetched and nobody takes is asked for again: the cursor moves with what is stored alone.

    :param since: aware time from which a feed without cursor is read
    :param network: the account's, for messages that do not tell their own
    :param eager: whether to fetch the next batch before it is asked for
    """

    def __init__(self, feed, since, network, eager=True):
        self.feed, self._since, self._network = feed, since, network
        self._eager = eager
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="ar_exchange")
        self._coming: tuple[str, Future] | None = None

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self._pool.shutdown(wait=False, cancel_futures=True)

    def take(self, cursor):
        """The batch at a cursor, or the typed error that it met."""
        coming, self._coming = self._coming, None
        expected = coming and coming[0] == cursor
        batch = (coming[1] if expected else self._start(cursor)).result()
        if self._eager and batch.following:
            self._coming = batch.following, self._start(batch.following)
        return batch

    def _start(self, cursor):
        return self._pool.submit(self._read, cursor)

    def _read(self, cursor):
        messages, following = self._fetch(cursor)
        try:
            rows = [row for message in messages for row in rows_of(message, self._network)]
        except Exception:
            _logger.exception("A page of messages is read one by one")
            rows = None
        return Batch(messages, rows, following)

    def _fetch(self, cursor):
        """(messages, next cursor) of as many pages as are worth a transaction.

        Small pages cost as much to take in as large ones.
        """
        messages, following, size = [], None, 0
        until = time.monotonic() + PATIENCE
        for page, reached in self._pages(cursor):
            following = reached
            messages += page
            size += sum(len(message.raw) for message in page)
            if len(messages) >= BATCH or size > BATCH_BYTES or time.monotonic() > until:
                break
        return messages, following

    def _pages(self, cursor):
        """Pages with the cursor that follows each, until the end or until one fails.

        What a failing page leaves behind is taken in; the next call meets the failure alone.
        """
        page, following = self.feed.fetch(self._since, cursor)
        while following and following != cursor:
            yield page, following
            cursor = following
            try:
                page, following = self.feed.fetch(self._since, cursor)
            except ConnectorError:
                return
        yield page, None  # a provider that repeats itself has nothing new to tell
