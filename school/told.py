"""Telling staff outside the page, by e-mail, that something waits: that it does and how much, never what or about whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, or_, select

from data.accounts import StaffSession, StaffTold
from data.attention import FOR_THE_DEPUTY, TO_LOOK_AT, Attention, Need
from data.people import Staff, WorkingHours
from school import School, access, hours, safeguarding, staff
from school.access import Viewer

FIRST_WAIT = timedelta(minutes=5)
"""How long something may lie on the page before anyone is told elsewhere: whoever sits there sees it anyway."""
AGAIN_AFTER = timedelta(hours=1)
AT_THE_PAGE = timedelta(minutes=10)
"""Whoever clicked within this time is not told: they have it before them."""


@dataclass(frozen=True)
class Waits:
    """That `count` things wait for someone, the oldest `since`; or, for a named person, that a safeguarding matter does. `at` is when that was found out."""

    staff: Staff
    count: int
    since: datetime
    at: datetime
    is_safeguarding: bool = False


def whom_to_tell(school: School) -> Sequence[Waits]:
    """Who is to be told now: in their working hours, at most once an hour, of what came since. Safeguarding: at once, at any hour."""
    found = []
    for person in staff.everyone(school):
        waits = _safeguarding(school, person) or _messages(school, person)
        if waits is not None:
            found.append(waits)
    return found


def told(school: School, waits: Waits) -> None:
    """They were told of what had come up to `waits.at`: that is not told again."""
    school.session.merge(StaffTold(staff_id=waits.staff.id, is_safeguarding=waits.is_safeguarding, at=waits.at))


def _safeguarding(school: School, person: Staff) -> Waits | None:
    if person.role not in (safeguarding.LEAD, safeguarding.DEPUTY):
        return None
    last = _last(school, person, is_safeguarding=True)
    called = {row: at for row in safeguarding.matters(school, access.viewer(school, person)) if (at := _called_at(school, person, row)) is not None}
    if not any(last is None or last < at for at in called.values()):
        return None
    return Waits(person, len(called), min(row.created_at for row in called), school.now, is_safeguarding=True)


def _called_at(school: School, person: Staff, row: Attention) -> datetime | None:
    """Since when this matter calls this named person; None while it does not. What is only to be looked at calls nobody."""
    if row.detail == TO_LOOK_AT:
        return None
    if person.role == safeguarding.LEAD or row.detail == FOR_THE_DEPUTY:
        return row.created_at
    unseen_at = row.created_at + school.settings.safeguarding_unseen
    return unseen_at if unseen_at <= school.now and not safeguarding.was_seen(school, row) else None


def _messages(school: School, person: Staff) -> Waits | None:
    if not is_at_work(school, person) or _is_at_the_page(school, person):
        return None
    last = _last(school, person, is_safeguarding=False)
    if last is not None and school.now - last < AGAIN_AFTER:
        return None
    who = access.viewer(school, person)
    awake = or_(Attention.snoozed_until.is_(None), Attention.snoozed_until <= school.now)
    conditions = [access.needs_seen(who), Attention.done_at.is_(None), awake, _is_theirs(who), Attention.created_at <= school.now - FIRST_WAIT]
    new = _waits(school, person, [*conditions, Attention.created_at > last - FIRST_WAIT] if last else conditions)
    return _waits(school, person, conditions) if new else None


def _is_theirs(who: Viewer) -> ColumnElement[bool]:
    """Whether a need is one of theirs to answer: given to them, or nobody's yet and of their class, or the office's."""
    mine, nobodys = Attention.assigned_id == who.staff.id, Attention.assigned_id.is_(None)
    if who.staff.role == "office":
        return mine | (nobodys & Attention.class_id.is_(None) & (Attention.need != Need.ADDRESS))
    if who.class_ids is not None:
        return mine | (nobodys & Attention.class_id.in_(who.class_ids))
    return mine


def _waits(school: School, person: Staff, conditions: Sequence[ColumnElement[bool]]) -> Waits | None:
    count, since = school.session.execute(select(func.count(), func.min(Attention.created_at)).where(*conditions)).one()
    return Waits(person, count, since, school.now) if count else None


def _last(school: School, person: Staff, *, is_safeguarding: bool) -> datetime | None:
    row = school.session.get(StaffTold, (person.id, is_safeguarding))
    return row.at if row else None


def _is_at_the_page(school: School, person: Staff) -> bool:
    clicked = select(StaffSession.id).where(
        StaffSession.staff_id == person.id, StaffSession.ended_at.is_(None), StaffSession.seen_at > school.now - AT_THE_PAGE
    )
    return school.session.scalar(clicked.limit(1)) is not None


def is_at_work(school: School, person: Staff) -> bool:
    """Whether it is one of their working hours on a school day; whoever gave none works when the office does."""
    if not hours.is_school_day(school):
        return False
    clock = school.clock
    rows = school.session.scalars(select(WorkingHours).where(WorkingHours.staff_id == person.id)).all()
    if not rows:
        return hours.is_open(school)
    return any(row.weekday == clock.weekday() and row.starts <= clock.time() < row.ends for row in rows)
