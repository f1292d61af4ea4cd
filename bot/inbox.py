"""What comes in: stored, once, before anyone is told 'received'.

After `take_in` has returned, the messages cannot be lost: the row is committed and flushed, and a turn will find it however often the process dies. Where so
many wait for their turn that more could only wait as well, they are refused instead, and fetched from their provider later.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import structlog
from sqlalchemy import Integer, String, bindparam, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from bot import faults
from bot.channels.base import Inbound, InboundKind
from bot.clock import Clock
from bot.timings import Passed, Timings
from bot.together import Crowded, Together
from data.inbox import InboxState, Received, Seen
from data.store import DatabaseAway, Store
from school import School, SchoolSettings, addresses, calls, kept_files, recognition
from school.consent import CARRIER_WORDS, as_carrier_reads, heard_from, mark_bad

log = structlog.get_logger()

PATIENCE = 1.8
"""Seconds after which a provider is told 503 rather than kept waiting."""
MOST_WAITING: Final = 2_000
"""How many messages wait for their turn before more are refused, unless the settings say otherwise."""
LOOKS_EVERY = 1.0
"""Seconds between two looks at how many wait; what this process takes in meanwhile it counts itself."""
HAVE_NO_TURN: Final = frozenset({InboundKind.CALL, InboundKind.BLOCKED, InboundKind.UNBLOCKED})
"""What is taken in however many wait: no provider would bring it again."""


@dataclass
class Arrivals:
    """What came in by one call. Once its caller gave up it is not stored any more: what came before it may have been refused too, and is caught up first."""

    messages: Sequence[Inbound]
    was_fetched: bool = False
    is_given_up: bool = False

    @property
    def waits_for_turn(self) -> bool:
        """Whether something of it will have to wait for its turn."""
        return any(message.kind not in HAVE_NO_TURN for message in self.messages)


class Room:
    """Whether more messages may wait for their turn. Once `most` wait, webhooks are refused until half of that is worked off.

    What was refused is fetched meanwhile, as long as there is any room: so it comes in before what is written later. For one process; what others take in
    is seen within a second.
    """

    def __init__(self, most: int, via: str, stopwatch: Callable[[], float] = time.monotonic) -> None:
        self._most, self._via, self._stopwatch = most, via, stopwatch
        self._waiting, self._looked_at = 0, -LOOKS_EVERY
        self._was_full = False

    @property
    def is_known(self) -> bool:
        """Whether it need not be looked up now."""
        return self._stopwatch() - self._looked_at < LOOKS_EVERY

    def look(self, session: Session) -> None:
        """Find out how many wait."""
        self._waiting = session.scalar(_WAITING, {"via": self._via, "most": self._most}) or 0
        self._looked_at = self._stopwatch()

    def is_there_for(self, arrived: Arrivals) -> bool:
        """Whether these may be taken in."""
        self._was_full = self._waiting >= self._most or (self._was_full and self._waiting > self._most // 2)
        return not arrived.waits_for_turn or (self._waiting < self._most and (arrived.was_fetched or not self._was_full))

    def take(self, messages: int) -> None:
        """So many more wait."""
        self._waiting += messages


_NEW = select(Received.id).where(Received.state == InboxState.NEW, Received.via == bindparam("via", type_=String)).limit(bindparam("most", type_=Integer))
_WAITING = select(func.count()).select_from(_NEW.subquery())


class Inbox:
    """Takes messages in. What arrives while a transaction is being written goes into the next one together, so that many share one flush of the disk."""

    def __init__(
        self,
        store: Store,
        settings: SchoolSettings,
        clock: Clock,
        wake: Callable[[], None],
        via: str = "",
        *,
        most: int = MOST_WAITING,
        timings: Timings | None = None,
    ) -> None:
        """`most` messages may wait for their turn."""
        self._timings = timings or Timings()
        self._store, self._settings, self._clock, self._wake, self._via = store, settings, clock, wake, via
        self._room = Room(most, via)
        self._together = Together(self.take_in)

    async def accept(self, arrivals: Sequence[Inbound], *, fetched: bool = False) -> int:
        """Store what arrived, or was `fetched`; how many of it were new.

        Raises DatabaseAway when it could not be stored in time, and Crowded where too many wait already: the provider must not be told 'received'.
        """
        began = time.perf_counter()
        faults.reached("received")
        arrived = Arrivals(arrivals, fetched)
        if self._room.is_known and not self._room.is_there_for(arrived):
            raise Crowded
        try:
            new = await asyncio.wait_for(self._together.do(arrived), PATIENCE)
        except TimeoutError as late:
            arrived.is_given_up = True
            raise DatabaseAway("storing takes too long") from late
        if new is None:
            raise Crowded
        for _ in range(new):
            self._timings.took(Passed.STORED, time.perf_counter() - began)
        return new

    @property
    def waiting(self) -> int:
        """How many calls wait here to be written down."""
        return self._together.waiting

    def take_in(self, batches: Sequence[Arrivals]) -> list[int | None]:
        """Store several arrivals in one transaction; for each, how many messages were new, or None where too many wait.

        Raises DatabaseAway, with nothing stored.
        """
        with self._store.write(urgent=True) as session, session.no_autoflush:
            school = School(session, self._clock(), self._settings)
            session.connection()  # here is waited for the database; who gave up meanwhile is found out after that
            if not self._room.is_known:
                self._room.look(session)
            wanted = [self._wanted(arrived) for arrived in batches]
            new = _first_seen(session, [message.provider_id for arrivals in wanted for message in arrivals or ()])
            counts, traces = list[int | None](), []
            for arrivals in wanted:
                fresh = [message for message in arrivals or () if _take(new, message)]
                traces += [(message, _store(school, message, self._via)) for message in fresh]
                counts.append(None if arrivals is None else len(fresh))
        faults.reached("stored")
        for message, trace in traces:
            log.info("received", trace=trace, channel=message.channel, kind=message.kind)
        if any(counts):
            self._wake()
        return counts

    def _wanted(self, arrived: Arrivals) -> Sequence[Inbound] | None:
        """What of this is to be stored; None where there is no room for it."""
        if arrived.is_given_up:
            return ()
        if not self._room.is_there_for(arrived):
            return None
        self._room.take(len(arrived.messages))
        return arrived.messages


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
