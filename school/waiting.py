"""The waiting list of a teacher who is full: in order of asking, each freed time offered to one family for a while, then to the next."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select

from data.appointments import MeetingKind, Waiting
from data.people import Adult, Child, Guardianship, Staff
from school import School, slots
from school.calendar import after_waking, end_of_quiet
from school.families import require
from school.notices import tell

__all__ = ["Waiting"]

DECIDES_IN = timedelta(hours=1)
"""The least time in which someone can answer the offer of a freed slot; what begins sooner is not offered to those who wait, but can be booked."""


def join(school: School, adult: Adult, child: Child, staff: Staff) -> None:
    """Put this adult on the waiting list for a time with `staff`; once is enough."""
    require(school, adult, child, "book")
    if _place(school, adult.id, child.id, staff.id) is None:
        school.session.add(Waiting(adult_id=adult.id, child_id=child.id, staff_id=staff.id, since=school.now))
        school.session.flush()


def find(school: School, waiting_id: int) -> Waiting | None:
    """One place on a waiting list, by its id."""
    return school.session.get(Waiting, waiting_id)


def places(school: School, adult: Adult) -> Sequence[Waiting]:
    """This adult's places on waiting lists, the oldest first."""
    return school.session.scalars(select(Waiting).where(Waiting.adult_id == adult.id).order_by(Waiting.since)).all()


def leave(school: School, place: Waiting) -> None:
    """They no longer wait; what was kept for them is free for the next."""
    slots.release(school, place.adult, waiting_id=place.id)
    school.session.delete(place)


def leave_for(school: School, adult: Adult, child: Child, staff_id: int) -> None:
    """They have a time: if they were waiting for one, they do not any more."""
    place = _place(school, adult.id, child.id, staff_id)
    if place is not None:
        leave(school, place)


def keep(school: School, place: Waiting) -> None:
    """The time they were offered is gone, and not by their doing: they wait for the next one, in their old place."""
    slots.release(school, place.adult, waiting_id=place.id)
    place.offered = place.offered_until = None


def offer_freed_times(school: School) -> None:
    """Offer each full teacher's next free time to whoever has waited longest; after a while to the next. The limit stands still in quiet hours."""
    waiting = school.session.scalars(select(Waiting).order_by(Waiting.since, Waiting.id)).all()
    if waiting:
        slots.one_at_a_time(school)
    for place in waiting:
        if (place.offered_until is not None and place.offered_until <= school.now) or not _may_wait(school, place):
            leave(school, place)
        else:
            _follow_the_teacher(school, place)
    school.session.flush()
    full: set[int] = set()
    for place in waiting:
        if place in school.session and place.offered is None and place.staff_id not in full and not _offer(school, place):
            full.add(place.staff_id)


def _place(school: School, adult_id: int, child_id: int, staff_id: int) -> Waiting | None:
    return school.session.scalar(select(Waiting).where(Waiting.adult_id == adult_id, Waiting.child_id == child_id, Waiting.staff_id == staff_id))


def _may_wait(school: School, place: Waiting) -> bool:
    """Whether this adult could still book a time for this child."""
    right = school.session.get(Guardianship, (place.adult_id, place.child_id))
    return right is not None and right.may_book and place.child.school_class.teacher is not None


def _follow_the_teacher(school: School, place: Waiting) -> None:
    """The class has another teacher now: who waited for the old one waits for the new one, in the same place."""
    teacher = place.child.school_class.teacher
    if teacher is None or teacher.id == place.staff_id:
        return
    if _place(school, place.adult_id, place.child_id, teacher.id) is not None:
        leave(school, place)
        return
    keep(school, place)
    place.staff = teacher
    school.session.flush()


def _offer(school: School, place: Waiting) -> bool:
    """Offer the next free time that leaves a while to decide, up to the minimum notice; False if there is none. What they are deciding on is not offered."""
    told_at, last = end_of_quiet(school, school.now), (school.clock + school.settings.horizon).date()
    for slot in slots.free_slots(school, place.staff, MeetingKind.TEACHER, school.today, last):
        until = min(after_waking(school, school.now, school.settings.offer_lasts), slot.starts_at - school.settings.notice)
        if until - told_at >= min(DECIDES_IN, school.settings.offer_lasts):
            slots.hold(school, slot, place.adult, until=until, waiting_id=place.id)
            place.offered, place.offered_until = slot.identity, until
            tell(school, place.adult, "slot_offered", {"waiting": place.id}, key=f"waiting:{place.id}:{slot.identity}", useless_after=until)
            return True
    return False
