"""How fast all processes of a school together send from one sender: kept in the database, which alone they share.

What may leave is taken in a transaction of its own, before any message is worded: it locks a row for a millisecond, and nobody words behind it. A process
that comes, goes, or stands still for a while changes nothing: what it took stands there, and is forgotten a second later.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from bot.pace import SLACK, room_and_window
from data.processes import SenderPace
from data.store import Store

NOW = select(func.extract("epoch", func.clock_timestamp()))
"""The database's clock: the processes' own may differ."""
LETS_GO = text("SET LOCAL idle_in_transaction_session_timeout = 1000")
"""Whoever is stopped while it has a row locked loses its connection a second later, before those that wait for the row give up."""


@dataclass(frozen=True)
class Grant:
    """So many messages may leave on a channel now; where none may, how many seconds later it is worth asking again.

    `at` names it, by the database's clock; `since` is when it was given, by this process's.
    """

    messages: int
    wait: float
    at: float
    since: float


class SharedPace:
    """What left on each channel within its window. On PostgreSQL alone; any thread may use it."""

    def __init__(self, store: Store, rates: Mapping[str, float], clock: Callable[[], float] | None = None) -> None:
        """`rates` are messages a second, by channel. `clock` counts seconds; without it the database's does."""
        self._store, self._clock, self._stopwatch = store, clock, clock or time.monotonic
        self._limits = {channel: room_and_window(rate) for channel, rate in rates.items()}

    def take(self, wanted: Mapping[str, int]) -> dict[str, Grant]:
        """How many of those that want to leave may do so now, by channel: they count as left. Raises DatabaseAway."""
        with self._store.write(durable=False) as session:
            rows = _locked(session, sorted(wanted))
            now = self._now(session)
            return {row.channel: self._grant(row, wanted[row.channel], now) for row in rows}

    def _grant(self, row: SenderPace, wanted: int, now: float) -> Grant:
        room, window = self._limits[row.channel]
        row.taken = [(at, count) for at, count in row.taken if now - at < window]
        free = room - sum(count for _, count in row.taken)
        if now < row.held_until or free <= 0:
            ends = min((at for at, _ in row.taken), default=now) + window
            return Grant(0, max(row.held_until, ends if free <= 0 else now) - now, now, self._stopwatch())
        granted = min(wanted, free)
        row.taken = [*row.taken, (now, granted)]
        return Grant(granted, 0.0, now, self._stopwatch())

    def settle(self, channel: str, grant: Grant, messages: int, parts: int) -> None:
        """Of what was granted so many messages leave now, in so many parts: what was not used is free again, and what they have beyond one each is charged on.

        Where it took long to make them ready they count from now on: until then nobody had their place, so that this passes no rate.
        """
        if messages == grant.messages and parts == messages and self._stopwatch() - grant.since < SLACK / 2:
            return
        room, window = self._limits[channel]
        with self._store.write(durable=False) as session:
            [row] = _locked(session, [channel])
            leaves = self._now(session)
            others = [(at, count) for at, count in row.taken if at != grant.at]
            more = [(leaves + (part // room) * window, 1) for part in range(messages, parts)]
            row.taken = [*others, *([(leaves, messages)] if messages else []), *more]

    def hold(self, session: Session, channel: str, seconds: float) -> None:
        """The provider asked for a pause: nothing leaves there until it is over, whoever sends. In the caller's transaction."""
        session.execute(LETS_GO)
        until = self._now(session) + seconds
        session.execute(update(SenderPace).where(SenderPace.channel == channel).values(held_until=func.greatest(SenderPace.held_until, until)))

    def _now(self, session: Session) -> float:
        return self._clock() if self._clock is not None else float(session.scalar(NOW) or 0)


def _locked(session: Session, channels: Sequence[str]) -> Sequence[SenderPace]:
    """The rows of these channels, made where they are not there, in one order for all, so that no two wait for each other."""
    session.execute(LETS_GO)
    session.execute(insert(SenderPace).values([{"channel": channel, "taken": [], "held_until": 0.0} for channel in channels]).on_conflict_do_nothing())
    return session.scalars(select(SenderPace).where(SenderPace.channel.in_(channels)).order_by(SenderPace.channel).with_for_update()).all()
