"""Lost phones, new numbers, strangers who have a parent's old one: the address is closed, and nothing goes there until staff say so.

Closing parts the adults from the address, so that whoever writes from it is a stranger from then on; what waits to go there goes another way.

Its own refusals:

    Refusal
    └── NotClosed          it is open, or was opened by a colleague
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from sqlalchemy import delete, select, update

from data.addresses import Address
from data.attention import Need
from data.closings import Closing
from data.inbox import InboxState, Received
from data.people import Adult, AdultAddress, Staff
from school import School, addresses, attention, welcomes
from school.capability import Capability
from school.data_map import time_of
from school.errors import NotThere, Refusal

__all__ = ["Closing"]

KEPT = time_of("closings")
"""How long it is kept after it ended."""
BY_PHONE, CHAT = "phone", "telegram_chat"
"""The kinds of address that are closed: what lies in a pocket. Nobody finds a mailbox in the street."""


class Reason(StrEnum):
    """Why an address is closed."""

    WRONG_NUMBER = "wrong_number"  # whoever has it says so
    LOST = "lost"
    STOLEN = "stolen"
    STRANGER = "stranger"  # someone else answers there
    NEW_NUMBER = "new_number"  # and gave the old one up


class NotClosed(Refusal):
    """It is not closed, or not any more."""


def said_wrong_number(school: School, address: Address, text: str, language: str | None) -> None:
    """Whoever has this phone is not whom the school means: it is closed for all who were reached there, and the office rings each of them."""
    rows = close(school, address, Reason.WRONG_NUMBER)
    for made in {row.adult_id: row for row in reversed(rows)}.values():
        welcomes.was_someone_else(school, made.adult)
        attention.call_for_a_person(
            school, Need.ADDRESS, key=_key(made), adult=made.adult, address=address, text=text, language=language, detail="said it is the wrong number: closed"
        )


def close(school: School, address: Address, reason: Reason, by: Staff | None = None) -> Sequence[Closing]:
    """Nobody is reached there any more, on any channel of that number; one row for each adult and address. None where nobody was."""
    school.session.scalars(select(Address.id).where(*_same(address)).order_by(Address.id).with_for_update()).all()  # one closes it at a time
    links = select(AdultAddress).join(Address).where(*_same(address)).order_by(AdultAddress.adult_id, AdultAddress.address_id)
    made = []
    for link in school.session.scalars(links.execution_options(populate_existing=True)).all():
        adult, its = link.adult, link.address
        row = Closing(adult=adult, address=its, rank=link.rank, reason=reason, at=school.now, closed_by=by)
        addresses.part(school, adult, its)
        its.speaker_id = its.speaker_since = None
        waiting = update(Received).where(Received.address_id == its.id, Received.state == InboxState.NEW)
        school.session.execute(waiting.values(thread=f"x{its.id}").execution_options(synchronize_session=False))  # a stranger's from now on
        school.session.add(row)
        made.append(row)
    school.session.flush()
    return made


def is_closed(school: School, address: Address) -> bool:
    """Whether this address, or its number on another channel, is closed."""
    return school.session.scalar(select(Closing.id).join(Address).where(*_same(address), Closing.ended_at.is_(None)).limit(1)) is not None


def numbers_of(school: School) -> Mapping[int, set[str]]:
    """The numbers that are closed, by the adult (their id) who was reached there."""
    rows = school.session.execute(select(Closing.adult_id, Address.value).join(Address).where(Closing.ended_at.is_(None), Address.kind == BY_PHONE))
    found: dict[int, set[str]] = {}
    for adult_id, value in rows:
        found.setdefault(adult_id, set()).add(value)
    return found


def of(school: School, adult: Adult) -> Sequence[Closing]:
    """What was closed of this adult's, also what is open again, the newest first."""
    return school.session.scalars(select(Closing).where(Closing.adult_id == adult.id).order_by(Closing.id.desc())).all()


def may_close(address: Address) -> bool:
    """Whether it is of a kind that can be closed: an e-mail address can only be removed."""
    return address.kind in (BY_PHONE, CHAT)


def only_theirs(school: School, adult: Adult) -> Sequence[Address]:
    """The addresses that are closed and were this adult's alone: nobody is reached there now, and nobody else was."""
    rows = school.session.scalars(select(Closing).where(Closing.adult_id == adult.id, Closing.ended_at.is_(None)).order_by(Closing.id)).all()
    shared = select(Closing.address_id).where(Closing.adult_id != adult.id, Closing.ended_at.is_(None))
    others = set(school.session.scalars(shared.where(Closing.address_id.in_([row.address_id for row in rows]))))
    return list({row.address_id: row.address for row in rows if row.address_id not in others and not row.address.adults}.values())


def find(school: School, adult: Adult, closing_id: int) -> Closing:
    """One of this adult's. Refuses with NotThere."""
    found = school.session.get(Closing, closing_id)
    if found is None or found.adult_id != adult.id:
        raise NotThere
    return found


def reopen(school: School, closing: Closing, by: Staff | None) -> None:
    """It was theirs after all, or is back: everyone whom that took away from it is reached there again. A STOP that was said there meanwhile holds.

    The next message says again which school this is. Refuses with NotClosed.
    """
    if closing.ended_at is not None:
        raise NotClosed
    for row in end(school, closing.address, by):
        if row.adult.left_on is None:
            addresses.is_new_for(school, row.address)
            addresses.reach(school, row.adult, row.address, row.rank)


def end(school: School, address: Address, by: Staff | None = None) -> Sequence[Closing]:
    """Staff know whose this number is now: it is closed no more. Gives back what was closed of it."""
    rows = school.session.scalars(select(Closing).join(Address).where(*_same(address), Closing.ended_at.is_(None)).order_by(Closing.id)).all()
    for row in rows:
        row.ended_at, row.ended_by = school.now, by
        attention.settle(school, _key(row))
    school.session.flush()
    return rows


def _same(address: Address) -> tuple[Any, ...]:
    """All addresses of the same number, whatever the channel."""
    return (Address.kind == address.kind, Address.value == address.value)


def _key(closing: Closing) -> str:
    return f"closed:{closing.id}"


# The capability


def _export(school: School, adult: Adult) -> Mapping[str, Any]:
    return {
        "closed_addresses": [
            {"channel": row.address.channel, "value": row.address.value, "reason": row.reason, "at": row.at.isoformat(), "open_again": _when(row)}
            for row in of(school, adult)
        ]
    }


def _when(row: Closing) -> str | None:
    return row.ended_at.isoformat() if row.ended_at else None


def _erase(school: School, adult: Adult) -> None:
    school.session.execute(delete(Closing).where(Closing.adult_id == adult.id).execution_options(synchronize_session=False))


def _retain(school: School) -> None:
    old = delete(Closing).where(Closing.ended_at < school.now - KEPT)
    school.session.execute(old.execution_options(synchronize_session=False))


capability = Capability("closings", export=_export, erase=_erase, retain=_retain)
