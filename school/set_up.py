"""What the office changes about the school itself, without the technician: its hours, its year, its classes and who teaches them.

Its own refusals:

    Refusal
    ├── Backwards          it would end before it begins
    ├── Overlaps           another stretch of this kind lies there already
    ├── SameName           another class is called so
    └── NotEmpty           children are, or were, in the class
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import joinedload, selectinload

from data.appointments import Appointment, AppointmentState
from data.people import Child, SchoolClass, Staff
from data.school_year import Term
from data.setting_up import PhoneCheck, Step, Upload
from school import LONDON, School, settings, staff
from school.capability import Capability
from school.data_map import time_of
from school.errors import NotThere, Refusal

__all__ = ["Appointment", "SchoolClass", "Term"]

KINDS = ("term", "half-term", "INSET", "closed")
"""What a stretch of the school's year can be."""
BOOKING = {
    "hold_minutes": (1, 60),
    "notice_hours": (0, 168),
    "horizon_weeks": (1, 52),
    "slot_minutes": (5, 240),
    "buffer_minutes": (0, 120),
    "offer_hours": (1, 72),
}
"""The numbers by which times are booked, each with the least and the most that it may be: as config.yml has them."""
IN_FIVES = ("slot_minutes", "buffer_minutes")
"""Those that must be a multiple of 5: time is given away in steps of five minutes."""
UPLOADS_KEPT = time_of("imports")


class Backwards(Refusal):
    """It would end before it begins."""


@dataclass(eq=False)
class Overlaps(Refusal):
    """Another stretch of the same kind lies there already."""

    other: Term


@dataclass(eq=False)
class SameName(Refusal):
    """Another class has this name; case makes no difference."""

    name: str


@dataclass(eq=False)
class NotEmpty(Refusal):
    """The class cannot go: so many children are in it, and so many who left were."""

    children: int
    left: int


# Hours


def set_office_hours(school: School, opens: time, closes: time) -> None:
    """When the office is there on a school day, on the school's clock. Refuses with Backwards."""
    if opens >= closes:
        raise Backwards
    _edit(school, "school.office_hours", {"opens": f"{opens:%H:%M}", "closes": f"{closes:%H:%M}"})


def set_quiet_hours(school: School, begins: time, ends: time) -> None:
    """When nothing leaves but what cannot wait, on the school's clock; over midnight as a rule. The same twice: never quiet."""
    _edit(school, "quiet_hours.from", f"{begins:%H:%M}")
    _edit(school, "quiet_hours.to", f"{ends:%H:%M}")


def set_booking(school: School, remind_at: time, **numbers: int) -> None:
    """How times are booked: of BOOKING, within their limits, as the caller has seen to; and when the day before a reminder leaves."""
    for name, number in numbers.items():
        _edit(school, f"appointments.{name}", number)
    _edit(school, "appointments.remind_at", f"{remind_at:%H:%M}")


def _edit(school: School, name: str, value: object) -> None:
    settings.edit(school.session, name, value)
    school.__dict__.pop("settings", None)  # found anew when they are next asked for


# The year


def year(school: School, since: date) -> Sequence[Term]:
    """The stretches that end on or after a day, in their order."""
    return school.session.scalars(select(Term).where(Term.ends >= since).order_by(Term.starts, Term.id)).all()


def stretch(school: School, term_id: int) -> Term:
    """One stretch of the year. Refuses with NotThere."""
    found = school.session.get(Term, term_id)
    if found is None:
        raise NotThere
    return found


def add_stretch(school: School, starts: date, ends: date, what: str) -> Term:
    """One more stretch of the year, both days included. Refuses with Backwards or Overlaps.

    What is booked on a closed day is put before a person by the rule of appointments: see `booked_between`.
    """
    if ends < starts:
        raise Backwards
    other = school.session.scalars(select(Term).where(Term.what == what, Term.starts <= ends, Term.ends >= starts).limit(1)).first()
    if other is not None:
        raise Overlaps(other)
    made = Term(starts=starts, ends=ends, what=what)
    school.session.add(made)
    school.session.flush()
    return made


def remove_stretch(school: School, term: Term) -> None:
    """It is not so any more."""
    school.session.delete(term)
    school.session.flush()


def booked_between(school: School, first: date, last: date) -> Sequence[Appointment]:
    """What is booked on these days, both included, and has not begun: whom the school must tell if it closes."""
    begins = datetime.combine(first, time(), LONDON).astimezone(UTC)
    ends = datetime.combine(last + timedelta(days=1), time(), LONDON).astimezone(UTC)
    booked = (Appointment.state == AppointmentState.BOOKED, Appointment.starts_at >= max(begins, school.now), Appointment.starts_at < ends)
    loaded = (joinedload(Appointment.adult), joinedload(Appointment.child), selectinload(Appointment.staff))
    return school.session.scalars(select(Appointment).where(*booked).options(*loaded).order_by(Appointment.starts_at)).all()


# Classes


def sizes(school: School) -> dict[int, int]:
    """How many children are in each class, by the class's id; one without children is not there."""
    rows = school.session.execute(select(Child.class_id, func.count()).where(Child.left_on.is_(None)).group_by(Child.class_id)).all()
    return {row[0]: row[1] for row in rows}


def school_class(school: School, class_id: int) -> SchoolClass:
    """One class. Refuses with NotThere."""
    found = school.session.get(SchoolClass, class_id)
    if found is None:
        raise NotThere
    return found


def add_class(school: School, name: str) -> SchoolClass:
    """A new class, which nobody teaches yet. Refuses with SameName."""
    if staff.class_named(school, name) is not None:
        raise SameName(name)
    made = SchoolClass(name=name)
    school.session.add(made)
    school.session.flush()
    return made


def change_class(school: School, changed: SchoolClass, name: str, teacher: Staff | None, team: Collection[Staff]) -> None:
    """What a class is called, who its team are, and whom parents book a time with, who is always of the team. Refuses with SameName."""
    same = staff.class_named(school, name)
    if same is not None and same.id != changed.id:
        raise SameName(name)
    changed.name = name
    changed.team = [*team, *([teacher] if teacher is not None and teacher not in team else [])]
    changed.teacher = teacher
    school.session.flush()
    school.session.expire(changed, ["teacher", "team"])


def remove_class(school: School, removed: SchoolClass) -> None:
    """There is no such class any more. Refuses with NotEmpty."""
    here, left = (
        school.session.scalar(select(func.count()).where(Child.class_id == removed.id, condition)) or 0
        for condition in (Child.left_on.is_(None), Child.left_on.is_not(None))
    )
    if here or left:
        raise NotEmpty(here, left)
    school.session.delete(removed)
    school.session.flush()


# What is kept for a while only


def forget(school: School) -> None:
    """Remove files that were looked at a day ago, codes that are over, and how things were before a step that cannot be taken back any more."""
    school.session.execute(delete(Upload).where(Upload.made_at < school.now - UPLOADS_KEPT))
    school.session.execute(delete(PhoneCheck).where(PhoneCheck.expires_at < school.now))
    begins = datetime.combine(school.today, time(), LONDON)
    for step in school.session.scalars(select(Step).where(Step.at < begins, Step.before.is_not(None))):
        step.before = None


capability = Capability("set_up", due=forget)
