"""How long each stage of a message takes, and which statements take long: for Prometheus. Nothing here holds a word, a name or a number of a family.

The stages are those of docs/path-of-a-message.md. One after the other they add up to what a parent waits.
"""

from __future__ import annotations

import hashlib
import re
from enum import StrEnum
from typing import Final

import structlog
from prometheus_client import Counter, Histogram

log = structlog.get_logger()

BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 1800)
LONGEST_STATEMENT: Final = 500
"""Characters of a slow statement that are logged."""


class Passed(StrEnum):
    """What a message has just passed, in this order. Its seconds are those since the point before."""

    RECEIVED = "received"  # since the webhook's first byte: read, and its signature checked
    STORED = "stored"  # in the inbox
    UNDERSTOOD = "understood"  # with the wait for its turn
    HANDLED = "handled"  # its dialogue has run, and the reply is queued
    COMMITTED = "committed"
    CLAIMED = "claimed"  # since the reply, or whatever else is said, was due
    SENT = "sent"  # the provider has taken it
    DELIVERED = "delivered"  # the provider has said so


class Timings:
    """The times of one process. They stand in no registry until somebody wants to see them."""

    def __init__(self) -> None:
        self.stages = Histogram("bookbag_stage_seconds", "How long messages took from one stage to the next.", ["stage"], registry=None, buckets=BUCKETS)
        self.slow = Counter("bookbag_slow_queries", "Statements that took longer than log.slow_query_seconds.", ["query"], registry=None)
        for point in Passed:
            self.stages.labels(point)

    def took(self, passed: Passed, seconds: float) -> None:
        """A message has passed this, so long after what comes before it. A clock that was set back counts as no time."""
        self.stages.labels(passed).observe(max(seconds, 0.0))

    def was_slow(self, statement: str, seconds: float) -> None:
        """This statement took so long: count it by name, and say in the log what it looks like."""
        shape = without_values(statement)
        query = f"{_what(shape)} {hashlib.sha256(shape.encode()).hexdigest()[:8]}"
        self.slow.labels(query).inc()
        log.info("slow query", query=query, seconds=round(seconds, 3), statement=shape[:LONGEST_STATEMENT])


_PLACE = r"(?:\?|%\(\w+\)s(?:::[\w ]+)?)"
_PLACES = re.compile(rf"{_PLACE}(?:, {_PLACE})*")
_LITERAL = re.compile(r"'(?:[^']|'')*'|\b\d+\b")


def without_values(statement: str) -> str:
    """A statement in one line, the same however many values were given it and whatever they were, also such as were written into it."""
    return _LITERAL.sub("…", _PLACES.sub("?", " ".join(statement.split())))


def _what(shape: str) -> str:
    """What a statement does, and to which table first."""
    found = re.search(r'\b(?:FROM|INTO|UPDATE)\s+"?(\w+)', shape)
    return f"{shape.partition(' ')[0].lower()} {found[1] if found else 'nothing'}"
