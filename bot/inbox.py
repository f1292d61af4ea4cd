"""What comes in: stored, once, before anyone is told 'received'.

After `take_in` has returned, the messages cannot be lost: the row is committed and flushed, and a turn will find it however often the process dies.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Callable, Sequence

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from bot import faults
from bot.channels.base import Inbound, InboundKind
from bot.clock import Clock
from data.addresses import Address
from data.inbox import InboxState, Received, Seen
from data.store import DatabaseAway, Store
from school import School, SchoolSettings, addresses, recognition
from school.consent import heard_from, mark_bad

PATIENCE = 1.8
"""Seconds after which a provider is told 503 rather than kept waiting; the message may still be stored, and its repeat then changes nothing."""


class Inbox:
    """Takes messages in. What arrives while a transaction is being written goes into the next one together, so that many share one flush of the disk."""

    def __init__(self, store: Store, settings: SchoolSettings, clock: Clock, wake: Callable[[], None], via: str = "") -> None:
        self._store, self._settings, self._clock, self._wake, self._via = store, settings, clock, wake, via
        self._waiting: list[tuple[Sequence[Inbound], asyncio.Future[int]]] = []
        self._writer: asyncio.Task[None] | None = None

    async def accept(self, arrivals: Sequence[Inbound]) -> int:
        """Store what arrived; how many of it were new. Raises DatabaseAway when it could not be stored in time: the provider must not be told 'received'."""
        stored: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting.append((arrivals, stored))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_all())
        try:
            return await asyncio.wait_for(stored, PATIENCE)
        except TimeoutError as late:
            raise DatabaseAway("storing takes too long") from late

    async def _write_all(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                counts = await asyncio.to_thread(self.take_in, [arrivals for arrivals, _ in batch])
            except Exception as error:
                for _, stored in batch:
                    if not stored.done():
                        stored.set_exception(error)
                continue
            for (_, stored), count in zip(batch, counts, strict=True):
                if not stored.done():
                    stored.set_result(count)

    def take_in(self, batches: Sequence[Sequence[Inbound]]) -> list[int]:
        """Store several arrivals in one transaction; for each, how many messages were new. Raises DatabaseAway, with nothing stored."""
        with self._store.write() as session:
            school = School(session, self._clock(), self._settings)
            counts = [sum(_store(school, message, self._via) for message in arrivals) for arrivals in batches]
        faults.reached("stored")
        if any(counts):
            self._wake()
        return counts


def _store(school: School, message: Inbound, via: str) -> bool:
    """Store one message unless it was seen before; whether it was new."""
    if not _first_time(school.session, message.provider_id):
        return False
    address = addresses.at(school, message.channel, message.address_kind, message.address)
    if message.kind is InboundKind.BLOCKED:
        mark_bad(school, address)
        return True
    heard_from(school, address)
    if message.kind is InboundKind.UNBLOCKED:
        return True
    speaker = recognition.speaker(school, address)
    school.session.add(
        Received(
            trace=secrets.token_hex(6),
            provider_id=message.provider_id,
            via=via,
            address_id=address.id,
            thread=f"a{speaker.id}" if speaker else f"x{address.id}",
            kind=message.kind,
            text=message.text,
            payload=message.payload,
            media=list(message.media) or None,
            opt_out=message.opt_out,
            received_at=school.now,
            sent_at=message.sent_at,
            state=InboxState.NEW,
        )
    )
    return True


def _first_time(session: Session, provider_id: str) -> bool:
    """Whether this provider id was never taken in before; from now on it was."""
    insert = (postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert)(Seen)
    statement = insert.values(hash=fingerprint(provider_id)).on_conflict_do_nothing().returning(Seen.hash)
    return session.execute(statement).first() is not None


def fingerprint(provider_id: str) -> bytes:
    """What is kept of a provider's id for ever, also after erasure."""
    return hashlib.sha256(provider_id.encode()).digest()[:16]


def unseen(session: Session, messages: Sequence[Inbound]) -> list[Inbound]:
    """Those that were never taken in."""
    known = set(session.scalars(select(Seen.hash).where(Seen.hash.in_([fingerprint(message.provider_id) for message in messages]))))
    return [message for message in messages if fingerprint(message.provider_id) not in known]
