"""One sending of a broadcast: its messages, how far they have come, and whom they did not reach."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, String, and_, cast, func, literal, select

from data.addresses import Address
from data.broadcasts import BroadcastRun, BroadcastState
from data.outbox import STILL_TO_LEAVE, Message, OutboxState
from data.people import Adult
from school import School, access
from school.access import Viewer
from school.delivery import GROUPS

__all__ = ["STILL_TO_LEAVE", "BroadcastRun", "Missed", "Progress", "key", "messages", "missed", "of_runs", "progress"]

KIND = "broadcast"
"""The kind of a broadcast's messages."""


@dataclass(frozen=True)
class Progress:
    """How far one sending has come. `messages` counts them by (language, channel, state); channel '' where none is chosen yet, or there was none."""

    people: int
    messages: Mapping[tuple[str, str, OutboxState], int]


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
    """Whom of those that `who` sees this sending did not reach, by name: for a list, and for letters. Who was to have it on another's phone is among them."""
    failed = school.session.scalars(select(Message).where(messages(run), Message.state.in_(GROUPS["failed"])))
    by_adult = {**_missed_by_sharing(school, run), **{message.adult_id: message for message in failed}}
    adults = school.session.scalars(select(Adult).where(Adult.id.in_(by_adult), access.adults_seen(who)).order_by(Adult.name, Adult.id))
    return [Missed(adult, by_adult[adult.id]) for adult in adults]


def _missed_by_sharing(school: School, run: BroadcastRun) -> Mapping[int | None, Message]:
    """By adult, the message that was to come to the phone that they share, and failed or went to another."""
    is_on = run.broadcast.state != BroadcastState.CANCELLED
    missed_in = (*GROUPS["failed"], *([OutboxState.CANCELLED] if is_on else []))  # not said to the one, it came to neither
    through = {other for _, other, _ in run.sharing}
    told = {row.adult_id: row for row in school.session.scalars(select(Message).where(messages(run), Message.adult_id.in_(through)))} if through else {}
    return {
        adult_id: told[other]
        for adult_id, other, address_id in run.sharing
        if other in told and (told[other].state in missed_in or told[other].address_id not in (None, address_id))
    }
