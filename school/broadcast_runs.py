"""One sending of a broadcast: its messages, how far they have come, and whom they did not reach."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, String, and_, cast, func, literal, select

from data.addresses import Address
from data.broadcasts import BroadcastRun
from data.outbox import Message, OutboxState
from data.people import Adult
from school import School, access
from school.access import Viewer
from school.delivery import GROUPS

__all__ = ["WAITING", "BroadcastRun", "Missed", "Progress", "key", "messages", "missed", "of_runs", "progress"]

KIND = "broadcast"
"""The kind of a broadcast's messages."""
WAITING = (OutboxState.QUEUED, OutboxState.PAUSED, OutboxState.SENDING)
"""States of a message that has still to leave, or is just leaving."""


@dataclass(frozen=True)
class Progress:
    """How far one sending has come. `messages` counts them by (language, channel, state); channel '' where none is chosen yet, or there was none."""

    people: int
    messages: Mapping[tuple[str, str, OutboxState], int]

    def by_state(self) -> Mapping[OutboxState, int]:
        """How many are in each state."""
        found: Counter[OutboxState] = Counter()
        for (_, _, state), count in self.messages.items():
            found[state] += count
        return found


@dataclass(frozen=True)
class Missed:
    """One adult whom a sending did not reach, by any channel, and the message that was to tell them."""

    adult: Adult
    message: Message


def key(run_id: int, adult_id: int | str = "") -> str:
    """The key of the message to one adult; without one, how the keys of all of this run begin."""
    return f"{KIND}:{run_id}:{adult_id}"


def of_runs() -> ColumnElement[bool]:
    """Which messages are which run's, as a condition on Message and BroadcastRun. Neither the rest of a long text nor one that was sent again counts."""
    written = literal(f"{KIND}:", String) + cast(BroadcastRun.id, String) + ":" + cast(Message.adult_id, String)
    return and_(Message.created_at == BroadcastRun.planned_at, Message.key == written)


def messages(run: BroadcastRun) -> ColumnElement[bool]:
    """Which messages are this run's, as a condition on Message."""
    return and_(Message.created_at == run.planned_at, Message.key == literal(key(run.id), String) + cast(Message.adult_id, String))


def progress(school: School, run: BroadcastRun) -> Progress:
    """How far this sending has come, by language, channel and state."""
    counted = select(Adult.language, Address.channel, Message.state, func.count()).join(Adult, Adult.id == Message.adult_id)
    theirs = counted.outerjoin(Address, Address.id == Message.address_id).where(messages(run)).group_by(Adult.language, Address.channel, Message.state)
    rows = school.session.execute(theirs.order_by(Adult.language, Address.channel, Message.state))
    return Progress(run.people, {(language, channel or "", OutboxState(state)): count for language, channel, state, count in rows})


def missed(school: School, who: Viewer, run: BroadcastRun) -> Sequence[Missed]:
    """Whom of those that `who` sees this sending did not reach, by name: for a list, and for letters."""
    theirs = select(Adult, Message).join(Message, Message.adult_id == Adult.id).where(messages(run), Message.state.in_(GROUPS["failed"]))
    rows = school.session.execute(theirs.where(access.adults_seen(who)).order_by(Adult.name, Adult.id))
    return [Missed(adult, message) for adult, message in rows]
