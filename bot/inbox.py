"""What comes in: stored, once, before anyone is told 'received'.

After `take_in` has returned, the messages cannot be lost: the row is committed and flushed, and a turn will find it however often the process dies.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog
from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from bot import faults
from bot.channels.base import Inbound, InboundKind
from bot.clock import Clock
from bot.together import Together
from data.inbox import InboxState, Received, Seen
from data.store import DatabaseAway, Store
from school import School, SchoolSettings, addresses, calls, kept_files, recognition
from school.consent import CARRIER_WORDS, as_carrier_reads, heard_from, mark_bad

log = structlog.get_logger()

PATIENCE = 1.8
"""Seconds after which a provider is told 503 rather than kept waiting."""


@dataclass
class Arrivals:
    """What came in by one call. Once its caller gave up it is not stored any more: what came before it may have been refused too, and is caught up first."""

    messages: Sequence[Inbound]
    is_given_up: bool = False


class Inbox:
    """Takes messages in. What arrives while a transaction is being written goes into the next one together, so that many share one flush of the disk."""

    def __init__(self, store: Store, settings: SchoolSettings, clock: Clock, wake: Callable[[], None], via: str = "") -> None:
        self._store, self._settings, self._clock, self._wake, self._via = store, settings, clock, wake, via
        self._together = Together(self.take_in)

    async def accept(self, arrivals: Sequence[Inbound]) -> int:
        """Store what arrived; how many of it were new. Raises DatabaseAway when it could not be stored in time: the provider must not be told 'received'."""
        faults.reached("received")
        arrived = Arrivals(arrivals)
        try:
            return await asyncio.wait_for(self._together.do(arrived), PATIENCE)
        except TimeoutError as late:
            arrived.is_given_up = True
            raise DatabaseAway("storing takes too long") from late

    def take_in(self, batches: Sequence[Arrivals]) -> list[int]:
        """Store several arrivals in one transaction; for each, how many messages were new. Raises DatabaseAway, with nothing stored."""
        with self._store.write(urgent=True) as session, session.no_autoflush:
            school = School(session, self._clock(), self._settings)
            session.connection()  # here is waited for the database; who gave up meanwhile is found out after that
            wanted = [() if arrived.is_given_up else arrived.messages for arrived in batches]
            new = _first_seen(session, [message.provider_id for arrivals in wanted for message in arrivals])
            counts, traces = [], []
            for arrivals in wanted:
                fresh = [message for message in arrivals if _take(new, message)]
                traces += [(message, _store(school, message, self._via)) for message in fresh]
                counts.append(len(fresh))
        faults.reached("stored")
        for message, trace in traces:
            log.info("received", trace=trace, channel=message.channel, kind=message.kind)
        if any(counts):
            self._wake()
        return counts


def _first_seen(session: Session, provider_ids: Sequence[str]) -> set[bytes]:
    """The fingerprints of those that were never taken in before; from now on they were."""
    if not provider_ids:
        return set()
    # In one order everywhere, so that two processes that store the same ones wait for each other and never both.
    rows = [{"hash": mark} for mark in sorted(set(map(fingerprint, provider_ids)))]
    return set(session.connection().scalars(_SEE[session.get_bind().dialect.name], rows))


_SEE = {
    name: insert(Seen.__table__).on_conflict_do_nothing().returning(Seen.__table__.c.hash)  # type: ignore[arg-type]
    for name, insert in (("postgresql", postgresql.insert), ("sqlite", sqlite.insert))
}


def _take(new: set[bytes], message: Inbound) -> bool:
    """Whether this is the first of its id; of two in one batch only the earlier is."""
    mark = fingerprint(message.provider_id)
    is_new = mark in new
    new.discard(mark)
    return is_new


def _store(school: School, message: Inbound, via: str) -> str:
    """Store one message that is new, and what it says of its address; the trace under which its way can be followed in the logs."""
    trace = secrets.token_hex(6)
    if message.kind is InboundKind.CALL and calls.rang(school, message.address, key=fingerprint(message.provider_id).hex()) is None:
        return trace
    address = addresses.at(school, message.channel, message.address_kind, message.address)
    if message.kind is InboundKind.BLOCKED:
        mark_bad(school, address)
        return trace
    heard_from(school, address, says_stop=message.opt_out == "STOP" or as_carrier_reads(message.text) in CARRIER_WORDS)
    if message.kind is InboundKind.UNBLOCKED:
        return trace
    recognition.join_same_number(school, address)
    speaker = recognition.speaker(school, address)
    row = Received(
        trace=trace,
        provider_id=message.provider_id[:64],
        via=via,
        address=address,
        thread=f"a{speaker.id}" if speaker else f"x{address.id}",
        kind=message.kind,
        text=message.text,
        payload=message.payload[:300] if message.payload else None,
        media=list(message.media) or None,
        opt_out=message.opt_out[:10] if message.opt_out else None,
        received_at=school.now,
        sent_at=message.sent_at,
        state=InboxState.NEW,
    )
    school.session.add(row)
    kept_files.count_on(school, row, message.media_names)
    return trace


def fingerprint(provider_id: str) -> bytes:
    """What is kept of a provider's id for ever, also after erasure."""
    return hashlib.sha256(provider_id.encode()).digest()[:16]


def unseen(session: Session, messages: Sequence[Inbound]) -> list[Inbound]:
    """Those that were never taken in."""
    marks = [fingerprint(message.provider_id) for message in messages]
    known: set[bytes] = set()
    for start in range(0, len(marks), 500):
        known |= set(session.scalars(select(Seen.hash).where(Seen.hash.in_(marks[start : start + 500]))))
    return [message for message, mark in zip(messages, marks, strict=True) if mark not in known]
