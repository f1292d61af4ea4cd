"""Becoming known: the office invites a parent by text, who answers, and is known since. Nothing goes out by itself, and nothing more than twice.

Its own refusals:

    Refusal
    ├── Known              they have written already
    ├── TooSoon            the last welcome may still be answered, or there were two
    └── NoWayThere         no text and no chat reaches them
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.exc import IntegrityError

from data.addresses import Address
from data.outbox import Lane
from data.people import Adult, AdultAddress, Guardianship, Staff
from data.welcomes import Welcome
from school import School, notices, unreachable
from school.capability import Capability
from school.errors import Refusal

__all__ = ["Welcome"]

KIND = "welcome"
"""The notice that says which school it is, what its number does, and asks whether this is the phone of one of its parents."""
MOST = 2
"""How often it goes to one adult: who answers neither is rung, not texted."""
AGAIN_AFTER = timedelta(days=3)
"""How long the first may wait for its answer before it can be sent once more."""
OF_USE = timedelta(days=2)
"""How long one that cannot leave is worth sending."""


class Known(Refusal):
    """They have written already: there is nobody to welcome."""


class TooSoon(Refusal):
    """The last may still be answered; or it was the last that goes to them."""


class NoWayThere(Refusal):
    """No text and no chat reaches them."""


def of(school: School, adult: Adult) -> Welcome | None:
    """What is known of an adult's welcome; None where there was none and they never wrote."""
    return school.session.get(Welcome, adult.id)


def candidates(school: School) -> Sequence[Adult]:
    """Whom the school may write to, can reach by a text or a chat, and never wrote to; by name."""
    written_to = exists().where(AdultAddress.adult_id == Adult.id, AdultAddress.address_id == Address.id, Address.first_greeted_at.is_not(None))
    heard_of = exists().where(Welcome.adult_id == Adult.id)
    wanted = (Adult.left_on.is_(None), _is_written_to(), _has_phone(), ~written_to, ~heard_of)
    rows = school.session.scalars(select(Adult).where(*wanted).order_by(Adult.name, Adult.id)).all()
    return [adult for adult in rows if is_reached(school, adult)]


def waiting(school: School) -> Sequence[Welcome]:
    """Those that nobody has answered yet, the oldest first."""
    rows = select(Welcome).join(Adult).where(Welcome.sent > 0, Welcome.answered_at.is_(None), Adult.left_on.is_(None))
    return school.session.scalars(rows.order_by(Welcome.sent_at, Welcome.adult_id)).all()


def answered(school: School, most: int = 100) -> Sequence[Welcome]:
    """Those who were invited and have answered, the newest first."""
    rows = select(Welcome).join(Adult).where(Welcome.sent > 0, Welcome.answered_at.is_not(None), Adult.left_on.is_(None))
    return school.session.scalars(rows.order_by(Welcome.answered_at.desc(), Welcome.adult_id).limit(most)).all()


def may_invite(school: School, adult: Adult) -> bool:
    """Whether a welcome can go to this adult now."""
    return _why_not(school, adult, of(school, adult)) is None


def invite(school: School, adult: Adult, by: Staff | None) -> None:
    """Send the welcome, or send it once more. Refuses with Known, TooSoon and NoWayThere."""
    school.session.scalars(select(Adult.id).where(Adult.id == adult.id).with_for_update()).one()
    row = school.session.get(Welcome, adult.id, populate_existing=True)
    refusal = _why_not(school, adult, row)
    if refusal is not None:
        raise refusal
    if row is None:
        row = Welcome(adult=adult, sent=0)
        school.session.add(row)
    row.sent, row.sent_at, row.sent_by_id = row.sent + 1, school.now, by.id if by else None
    school.session.flush()
    key = f"{KIND}:{adult.id}:{school.now.isoformat()}"
    notices.tell(school, adult, KIND, {"time": row.sent}, key=key, useless_after=school.now + OF_USE, lane=Lane.BROADCAST)


def is_wanted(school: School, adult: Adult) -> bool:
    """Whether a welcome that is about to leave still is: they have not written meanwhile."""
    row = of(school, adult)
    return row is not None and row.answered_at is None


def is_reached(school: School, adult: Adult) -> bool:
    """Whether a text or a chat reaches them: a welcome asks for an answer, and none can be given to a mail."""
    theirs = [link.address for link in adult.addresses if link.address.channel != "email"]
    return unreachable.reason_of(school, theirs, adult.language) is None


def begin_anew(school: School, adult: Adult) -> None:
    """They are at the school again: whoever answered long ago, and whatever was sent then, counts no more."""
    _erase(school, adult)


def was_someone_else(school: School, adult: Adult) -> None:
    """Whoever answered was not this adult: they are not known by it."""
    row = of(school, adult)
    if row is not None:
        row.answered_at = None


def _why_not(school: School, adult: Adult, row: Welcome | None) -> Refusal | None:
    if row is not None and row.answered_at is not None:
        return Known()
    if row is not None and (row.sent >= MOST or (row.sent_at is not None and row.sent_at + AGAIN_AFTER > school.now)):
        return TooSoon()
    is_theirs = adult.left_on is None and any(tie.may_hear or tie.may_book or tie.may_be_asked for tie in adult.guardianships)
    return None if is_theirs and is_reached(school, adult) else NoWayThere()


def _is_written_to() -> ColumnElement[bool]:
    may = Guardianship.may_hear | Guardianship.may_book | Guardianship.may_be_asked
    return exists().where(Guardianship.adult_id == Adult.id, may)


def _has_phone() -> ColumnElement[bool]:
    return exists().where(AdultAddress.adult_id == Adult.id, AdultAddress.address_id == Address.id, Address.channel != "email")


# The capability


def heard(school: School, adult: Adult) -> None:
    """They wrote: known from now on, where they were not."""
    row = of(school, adult)
    if row is None:
        try:
            with school.session.begin_nested():
                school.session.add(Welcome(adult_id=adult.id, sent=0, answered_at=school.now))
        except IntegrityError:  # they were invited in this very moment
            row = school.session.get_one(Welcome, adult.id, populate_existing=True)
    if row is not None and row.answered_at is None:
        row.answered_at = school.now


def _export(school: School, adult: Adult) -> Mapping[str, Any]:
    row = of(school, adult)
    if row is None:
        return {}
    times = {"sent_at": row.sent_at, "known_since": row.answered_at}
    return {"welcome": {"sent": row.sent, **{name: at.isoformat() if at else None for name, at in times.items()}}}


def _erase(school: School, adult: Adult) -> None:
    row = of(school, adult)
    if row is not None:
        school.session.delete(row)
        school.session.flush()


capability = Capability("welcomes", heard=heard, export=_export, erase=_erase)
