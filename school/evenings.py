"""Parents' evenings: when they are, and who comes to which teacher at what time.

Its own refusals, besides those of a stretch of time (school.availability):

    Refusal
    ├── SameDay            there is a parents' evening on that day already
    ├── DayIsOver          the day is before today
    └── BreakOutside       the break is not inside the evening
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from data.appointments import Appointment, AppointmentStaff, AppointmentState, MeetingKind, ParentsEvening
from data.people import SchoolClass, Staff
from school import School, access
from school.access import Viewer
from school.availability import check_span
from school.calendar import between
from school.errors import NotThere, Refusal
from school.slots import Timetable

__all__ = ["ParentsEvening"]


class SameDay(Refusal):
    """There is a parents' evening on that day already."""


class DayIsOver(Refusal):
    """The day is before today."""


class BreakOutside(Refusal):
    """The break is not inside the evening, or ends before it begins."""


@dataclass(frozen=True)
class Plan:
    """When a parents' evening is, on the school's clock: slots of `minutes`, one after the other, but in the break (both its ends, or None for no break)."""

    on: date
    starts: time
    ends: time
    minutes: int = 10
    break_starts: time | None = None
    break_ends: time | None = None


@dataclass(frozen=True)
class Line:
    """One time of a teacher's evening: free, or with whom."""

    starts_at: datetime
    minutes: int
    appointment: Appointment | None = None


@dataclass(frozen=True)
class RunningOrder:
    """One teacher's evening, by time."""

    teacher: Staff
    classes: Sequence[SchoolClass]
    lines: Sequence[Line]

    @property
    def booked(self) -> int:
        """How many families come."""
        return sum(line.appointment is not None for line in self.lines)


def evening(school: School, evening_id: int) -> ParentsEvening:
    """The parents' evening with this id. Refuses with NotThere."""
    found = school.session.get(ParentsEvening, evening_id)
    if found is None:
        raise NotThere
    return found


def upcoming(school: School) -> Sequence[ParentsEvening]:
    """The evenings from today on, the soonest first."""
    return school.session.scalars(select(ParentsEvening).where(ParentsEvening.on >= school.today).order_by(ParentsEvening.on)).all()


def past(school: School, most: int = 6) -> Sequence[ParentsEvening]:
    """The evenings that have been, the newest first."""
    return school.session.scalars(select(ParentsEvening).where(ParentsEvening.on < school.today).order_by(ParentsEvening.on.desc()).limit(most)).all()


def add(school: School, plan: Plan) -> ParentsEvening:
    """A new parents' evening with every class teacher. Refuses with SameDay, DayIsOver, BreakOutside, Backwards or NotInFives."""
    made = ParentsEvening()
    _set(school, made, plan)
    school.session.add(made)
    school.session.flush()
    return made


def change(school: School, row: ParentsEvening, plan: Plan) -> None:
    """Put an evening elsewhere. What is booked stays booked at its time: `school.diary.clashes` tells what cannot be. Refuses as `add`."""
    _set(school, row, plan)
    school.session.flush()


def remove(school: School, row: ParentsEvening) -> None:
    """There is no such evening. What is booked stays booked, until someone moves it or calls it off."""
    school.session.delete(row)
    school.session.flush()


def _set(school: School, row: ParentsEvening, plan: Plan) -> None:
    if plan.on < school.today:
        raise DayIsOver
    check_span(plan.starts, plan.ends, plan.minutes)
    if (plan.break_starts is None) != (plan.break_ends is None):
        raise BreakOutside
    if plan.break_starts is not None and plan.break_ends is not None and not plan.starts < plan.break_starts < plan.break_ends < plan.ends:
        raise BreakOutside
    if school.session.scalar(select(ParentsEvening.id).where(ParentsEvening.on == plan.on, ParentsEvening.id != (row.id or 0))) is not None:
        raise SameDay
    row.on, row.starts, row.ends, row.minutes = plan.on, plan.starts, plan.ends, plan.minutes
    row.break_starts, row.break_ends = plan.break_starts, plan.break_ends


def booked(school: School, row: ParentsEvening) -> Sequence[Appointment]:
    """What is booked for this evening, by time: of every teacher."""
    begin, end = between(row.on, time(), time(23, 59))
    of_it = (Appointment.kind == MeetingKind.PARENTS_EVENING, Appointment.state == AppointmentState.BOOKED, Appointment.starts_at.between(begin, end))
    loaded = (selectinload(Appointment.staff), joinedload(Appointment.adult), joinedload(Appointment.child))
    return school.session.scalars(select(Appointment).where(*of_it).options(*loaded).order_by(Appointment.starts_at, Appointment.id)).all()


def running_orders(school: School, who: Viewer, row: ParentsEvening) -> Sequence[RunningOrder]:
    """Each teacher's evening, by name: of those whose diary may be seen."""
    coming: dict[int, list[Appointment]] = {}
    for appointment in booked(school, row):
        coming.setdefault(appointment.staff[0].id, []).append(appointment)
    teaching = select(SchoolClass.teacher_id).where(SchoolClass.teacher_id.is_not(None))
    with_whom = select(AppointmentStaff.staff_id).where(AppointmentStaff.staff_id.in_(coming))
    seen = select(Staff).where(access.diaries_seen(who), Staff.id.in_(teaching) | Staff.id.in_(with_whom)).order_by(Staff.name, Staff.id)
    teachers = school.session.scalars(seen).all()
    classes = school.session.scalars(select(SchoolClass).where(SchoolClass.teacher_id.in_([each.id for each in teachers])).order_by(SchoolClass.name)).all()
    timetable = Timetable(school, teachers, row.on, row.on)
    return [
        RunningOrder(teacher, [each for each in classes if each.teacher_id == teacher.id], _lines(timetable, teacher, row, coming.get(teacher.id, [])))
        for teacher in teachers
    ]


def _lines(timetable: Timetable, teacher: Staff, row: ParentsEvening, coming: Sequence[Appointment]) -> Sequence[Line]:
    """Every time that is offered, and what is booked, whether it is offered still or not."""
    taken = [(appointment.starts_at, appointment.starts_at + timedelta(minutes=appointment.minutes)) for appointment in coming]
    possible = timetable.possible(teacher, MeetingKind.PARENTS_EVENING, row.on)
    free = [Line(slot.starts_at, slot.minutes) for slot in possible if not any(starts < slot.ends_at and slot.starts_at < ends for starts, ends in taken)]
    with_someone = [Line(appointment.starts_at, appointment.minutes, appointment) for appointment in coming]
    return sorted([*free, *with_someone], key=lambda line: line.starts_at)
