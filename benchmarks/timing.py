"""Times several ways of doing one thing so that only the ways differ."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from statistics import median


def interleave(
    ways: dict[str, Callable[[], object]], rounds: int, before: Callable[[], object] | None = None
) -> dict[str, list[float]]:
    """Seconds of every run of every way, after one round that is not counted.

    The ways take turns, each round in the opposite order, so that a machine that slows down slows
    all of them; garbage is collected between the runs, and ``before`` is called, off the clock.
    """
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    gc.collect()
    gc.freeze()  # what the set-up left behind is walked by no collection
    try:
        for turn in range(rounds + 1):
            for name in list(ways) if turn % 2 else list(reversed(ways)):
                if before:
                    before()
                gc.collect()
                taken = clock(ways[name])
                if turn:
                    seconds[name].append(taken)
    finally:
        gc.unfreeze()
    return seconds


def clock(way: Callable[[], object]) -> float:
    start = time.perf_counter()
    way()
    return time.perf_counter() - start


def medians(seconds: dict[str, list[float]]) -> dict[str, float]:
    """Median of each way, in milliseconds."""
    return {name: 1000 * median(values) for name, values in seconds.items()}


def queries(cr, way: Callable[[], object]) -> int:
    """How many statements one run sends to the database."""
    before = cr.sql_log_count
    way()
    return cr.sql_log_count - before
