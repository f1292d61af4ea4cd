"""Is this still their number? Phone companies give a number that was given up to someone else, after months. A number that was gone, or of which nothing was
heard and to which nothing was sent for a year, is doubted: before anything about a child goes there, whoever has it is asked, without a name.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import delete, exists, or_, select, update

from data.addresses import Address, AddressState
from data.doubts import Doubt
from data.inbox import Mark
from data.outbox import Message, OutboxState
from data.people import Adult, AdultAddress, Staff
from school import School
from school.capability import Capability
from school.data_map import time_of
from school.errors import NotThere

__all__ = ["Doubt"]

KIND = "still_theirs"
"""The message that asks."""
GONE_CODES = frozenset({"30005"})
"""What the phone company says of a number that nobody has. Source: providers.md, error 30005 (unknown destination handset)."""
SILENCE = timedelta(days=365)
"""After so long without a word from there and with nothing sent there, nobody knows whose it is."""
WAITS = timedelta(hours=24)
"""How long what is to be said waits for the answer; after that staff see that it did not arrive."""
LOOKED_AGAIN = timedelta(minutes=30)
KEPT = time_of("closings")
"""How long a doubt is kept after it ended."""
LOOKED = "doubts-looked"
"""The mark of the day on which silence was last looked for."""
_LEFT = (OutboxState.SENT, OutboxState.DELIVERED, OutboxState.READ)


class Why(StrEnum):
    """Why a number is doubted."""

    GONE = "gone"  # the phone company said that nobody has it
    SILENT = "silent"  # nothing came from there and nothing was sent there for a year


def gone(school: School, address: Address, code: str | None) -> None:
    """A message did not arrive, for this reason of the provider's: where it is that nobody has the number, it is doubted if it ever works again."""
    if code in GONE_CODES and address.kind == "phone":
        _doubt(school, address, Why.GONE)


def is_open(school: School, address: Address) -> bool:
    """Whether this number is doubted."""
    return school.session.scalar(select(Doubt.id).join(Address).where(*_same(address), Doubt.ended_at.is_(None)).limit(1)) is not None


def back_in_use(school: School, address: Address) -> None:
    """Someone is there: it may be written to, but where it is doubted they are asked first who they are."""
    address.state = AddressState.DOUBTED if is_open(school, address) else AddressState.USABLE
    address.state_since = school.now


def said_theirs(school: School, address: Address, by: Staff | None = None) -> None:
    """It is still a parent's, as whoever has it says, or staff who rang: what waited for that leaves."""
    settled = update(Doubt).where(Doubt.address_id.in_(select(Address.id).where(*_same(address))), Doubt.ended_at.is_(None))
    school.session.execute(settled.values(ended_at=school.now, ended_by_id=by.id if by else None).execution_options(synchronize_session="fetch"))
    for each in school.session.scalars(select(Address).where(*_same(address), Address.state == AddressState.DOUBTED)).all():
        each.state, each.state_since = AddressState.USABLE, school.now
    school.session.flush()
    readers = select(AdultAddress.adult_id).join(Address).where(*_same(address))
    waits = update(Message).where(Message.adult_id.in_(readers), Message.state == OutboxState.QUEUED, Message.verdict == KIND)
    school.session.execute(waits.values(next_at=None, verdict=None).execution_options(synchronize_session=False))


def to_ask(school: School, adult: Adult) -> Sequence[Address]:
    """Where this adult could be asked, or was and may still answer; the one to try first first."""
    rows = select(Address).join(AdultAddress).where(AdultAddress.adult_id == adult.id, Address.state == AddressState.DOUBTED)
    every = school.session.scalars(rows.order_by(AdultAddress.rank, Address.id)).all()
    return [address for address in every if (row := _open_of(school, address)) is None or row.asked_at is None or row.asked_at + WAITS > school.now]


def must_ask(school: School, address: Address) -> Doubt | None:
    """The doubt about which they were not asked yet; from now on they were. None where they were."""
    row = _open_of(school, address)
    if row is None or row.asked_at is not None:
        return None
    row.asked_at = school.now
    school.session.flush()
    return row


def open_doubts(school: School) -> Sequence[tuple[Doubt, Sequence[Adult]]]:
    """What is doubted now of a number at which someone is reached, and who; the oldest first."""
    rows = school.session.scalars(select(Doubt).where(Doubt.ended_at.is_(None)).order_by(Doubt.id)).all()
    return [(row, row.address.adults) for row in rows if row.address.adults]


def find(school: School, doubt_id: int) -> Doubt:
    """One doubt. Refuses with NotThere."""
    row = school.session.get(Doubt, doubt_id)
    if row is None:
        raise NotThere
    return row


def _open_of(school: School, address: Address) -> Doubt | None:
    return school.session.scalars(select(Doubt).join(Address).where(*_same(address), Doubt.ended_at.is_(None)).order_by(Doubt.id)).first()


def _doubt(school: School, address: Address, why: Why) -> None:
    if is_open(school, address):
        return
    school.session.add(Doubt(address=address, why=why, at=school.now))
    for each in school.session.scalars(select(Address).where(*_same(address), Address.state == AddressState.USABLE)).all():
        each.state, each.state_since = AddressState.DOUBTED, school.now
    school.session.flush()


def _same(address: Address) -> tuple[Any, ...]:
    """All addresses of the same number, whatever the channel."""
    return (Address.kind == address.kind, Address.value == address.value)


# The capability


def due(school: School) -> None:
    """Once a day: numbers that have been silent for a year are doubted."""
    looked = school.session.get(Mark, LOOKED)
    if looked is not None and looked.value == str(school.today):
        return
    school.session.merge(Mark(name=LOOKED, value=str(school.today)))
    since = school.now - SILENCE
    was_sent_to = exists().where(Message.address_id == Address.id, Message.state.in_(_LEFT), Message.created_at > since)
    silent = (
        Address.kind == "phone",
        Address.state == AddressState.USABLE,
        Address.first_greeted_at < since,
        or_(Address.last_heard_at.is_(None), Address.last_heard_at < since),
        exists().where(AdultAddress.address_id == Address.id),
    )
    for address in school.session.scalars(select(Address).where(*silent, ~was_sent_to).order_by(Address.id)).all():
        _doubt(school, address, Why.SILENT)


def _retain(school: School) -> None:
    old = delete(Doubt).where(Doubt.ended_at < school.now - KEPT)
    school.session.execute(old.execution_options(synchronize_session=False))


capability = Capability("doubts", due=due, retain=_retain)
