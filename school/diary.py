"""What staff see of appointments, and book, move and call off for a family: a week of someone's time, what cannot be as it is booked.

What staff do, the family is told, in its language; nothing that was booked goes by itself.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.orm import joinedload, selectinload

from data.appointments import Appointment, AppointmentStaff, AppointmentState, Availability, AvailabilityException, MeetingKind, ParentsEvening
from data.attention import Attention
from data.people import Adult, Child, SchoolClass, Staff
from school import LONDON, School, access, appointments, invitations, slots
from school.access import Viewer
from school.appointments import Terms, Way
from school.calendar import between, calendar, instant
from school.notices import tell
from school.slots import Absence, Slot, Timetable

__all__ = ["Appointment", "MeetingKind", "Slot", "Terms", "Way"]

CAN_BE_SEEN = ("teacher", "senior", "advisor")
"""Roles whose diary is there before anything is in it."""
BY_THEMSELVES = tuple(kind for kind in MeetingKind if kind not in invitations.WITH_SENIOR)
"""The meetings for which one free member of staff is enough."""


@dataclass(frozen=True)
class Entry:
    """One stretch of a day: a meeting that is booked, a time away, or (neither of them) free times for meetings of one kind, one after the other."""

    starts_at: datetime
    ends_at: datetime
    kind: str = ""
    appointment: Appointment | None = None
    away: AvailabilityException | None = None
    slots: Sequence[Slot] = ()


@dataclass(frozen=True)
class Day:
    """One day of a diary. `no_school` says what keeps children away, if anything; `evening` is the parents' evening, for a class teacher."""

    on: date
    no_school: str
    entries: Sequence[Entry]
    evening: ParentsEvening | None = None


@dataclass(frozen=True)
class Clash:
    """A meeting that is booked and cannot be as things stand now: `person` is the one who cannot, and `why`."""

    appointment: Appointment
    person: Staff
    why: Absence


# Whose diary


def people(school: School, who: Viewer) -> Sequence[Staff]:
    """Whose diaries may be seen and hold something, or could: the viewer first, then by name; who has left, only while something is still booked with them."""
    coming = select(AppointmentStaff.staff_id).join(Appointment).where(Appointment.state == AppointmentState.BOOKED, Appointment.starts_at > school.now)
    can_be_seen = Staff.has_left.is_(False) & (Staff.role.in_(CAN_BE_SEEN) | exists().where(Availability.staff_id == Staff.id))
    rows = school.session.scalars(select(Staff).where(access.diaries_seen(who), or_(can_be_seen, Staff.id.in_(coming)))).all()
    return sorted(rows, key=lambda person: (person.id != who.staff.id, person.has_left, person.name, person.id))


def week(school: School, staff: Staff, day: date) -> Sequence[Day]:
    """The school week around a day, as `staff` has it: each school day, and any other on which something is booked; entries by time."""
    monday = day - timedelta(days=day.weekday())
    sunday = monday + timedelta(days=6)
    booked = _booked_entries(school, staff, monday, sunday)
    away = _away_entries(school, staff, monday, sunday)
    free = _free_entries(school, staff, monday, sunday, [entry.starts_at for entry in (*booked, *away)])
    evenings = _evenings(school, staff, monday, sunday)
    return [
        Day(on, calendar(school).why_no_school(on), _on(on, (*booked, *away, *free)), evenings.get(on))
        for on in (monday + timedelta(days=ahead) for ahead in range(7))
        if on.weekday() in school.settings.school_days or on in evenings or _on(on, (*booked, *free))
    ]


def _on(day: date, entries: Collection[Entry]) -> list[Entry]:
    return sorted((entry for entry in entries if _date(entry.starts_at) == day), key=lambda entry: (entry.starts_at, entry.ends_at, entry.kind))


def _date(at: datetime) -> date:
    return at.astimezone(LONDON).date()


def _booked_entries(school: School, staff: Staff, first: date, last: date) -> list[Entry]:
    theirs = Appointment.id.in_(select(AppointmentStaff.appointment_id).where(AppointmentStaff.staff_id == staff.id))
    rows = _booked(school, theirs, *_span(first, last))
    return [Entry(row.starts_at, row.starts_at + timedelta(minutes=row.minutes), row.kind, appointment=row) for row in rows]


def _away_entries(school: School, staff: Staff, first: date, last: date) -> list[Entry]:
    of_them = (AvailabilityException.staff_id == staff.id, AvailabilityException.is_extra.is_(False))
    rows = school.session.scalars(select(AvailabilityException).where(*of_them, AvailabilityException.on.between(first, last)))
    return [Entry(*between(row.on, row.starts, row.ends, widest=True), away=row) for row in rows]


def _free_entries(school: School, staff: Staff, first: date, last: date, between_them: Sequence[datetime]) -> list[Entry]:
    """The free times of each kind, those together that nothing comes between."""
    found = slots.free_by_kind(school, staff, first, last)
    return [Entry(run[0].starts_at, run[-1].ends_at, kind, slots=run) for kind, free in found.items() for run in _runs(free, between_them)]


def _runs(free: Sequence[Slot], between_them: Sequence[datetime]) -> Iterator[Sequence[Slot]]:
    run: list[Slot] = []
    for slot in free:
        if run and (slot.clock.date() != run[-1].clock.date() or any(run[-1].starts_at <= at <= slot.starts_at for at in between_them)):
            yield run
            run = []
        run.append(slot)
    if run:
        yield run


def _evenings(school: School, staff: Staff, first: date, last: date) -> dict[date, ParentsEvening]:
    if school.session.scalar(select(SchoolClass.id).where(SchoolClass.teacher_id == staff.id).limit(1)) is None:
        return {}
    return {row.on: row for row in school.session.scalars(select(ParentsEvening).where(ParentsEvening.on.between(first, last)))}


def _span(first: date, last: date) -> tuple[datetime, datetime]:
    midnight = instant(first, time()), instant(last + timedelta(days=1), time())
    assert midnight[0] is not None
    assert midnight[1] is not None  # London's clock is never changed at midnight
    return midnight[0], midnight[1]


def _booked(school: School, condition: ColumnElement[bool], begin: datetime, end: datetime | None = None) -> Sequence[Appointment]:
    statement = select(Appointment).where(condition, Appointment.state == AppointmentState.BOOKED, Appointment.starts_at >= begin)
    if end is not None:
        statement = statement.where(Appointment.starts_at < end)
    loaded = (selectinload(Appointment.staff), joinedload(Appointment.adult), joinedload(Appointment.child))
    return school.session.scalars(statement.options(*loaded).order_by(Appointment.starts_at, Appointment.id)).all()


# What cannot be


def clashes(school: School, who: Viewer, staff: Staff | None = None) -> Sequence[Clash]:
    """What is booked, may be seen and cannot be as things stand: someone is away or has left, the school is shut, or it is no such time. Soonest first.

    With `staff`, only what they take part in. A meeting stands once, with the first of its staff who cannot.
    """
    mine = access.appointments_seen(who)
    if staff is not None:
        mine &= Appointment.id.in_(select(AppointmentStaff.appointment_id).where(AppointmentStaff.staff_id == staff.id))
    rows = _booked(school, mine, school.now)
    if not rows:
        return []
    involved = {person.id: person for row in rows for person in row.staff}
    timetable = Timetable(school, list(involved.values()), school.today, _date(rows[-1].starts_at))
    return [clash for row in rows if (clash := _clash(timetable, row)) is not None]


def _clash(timetable: Timetable, row: Appointment) -> Clash | None:
    slot = appointments.slot_of(row)
    for person in row.staff:
        why = timetable.why_not(person, slot)
        if why is not None:
            return Clash(row, person, why)
    return None


# Booking for a family


@dataclass(frozen=True)
class Choice:
    """What can be booked for a child: a kind of meeting, and the member of staff to be seen."""

    kind: str
    staff: Staff


def kinds_for(school: School, who: Viewer, child: Child) -> Sequence[Choice]:
    """The meetings about this child that this viewer could book, each with whom it is: those in a diary that they see, and that the school has asked for.

    Without the times: `offered` has those.
    """
    seen = {person.id for person in people(school, who)}
    asked = {invitation.kind for invitation in invitations.open_for(school, child)}
    evening = appointments.next_evening(school)
    wanted = [kind for kind in MeetingKind if (kind in asked if kind in invitations.WITH_SENIOR else kind != MeetingKind.PARENTS_EVENING or evening)]
    found = [(kind, appointments.teacher_for(school, child, kind)) for kind in wanted]
    return [Choice(kind, staff) for kind, staff in found if staff is not None and staff.id in seen]


def offered(school: School, choice: Choice, child: Child, adult: Adult) -> Sequence[Slot]:
    """The times at which this meeting can be booked for them, soonest first."""
    return appointments.offers(school, choice.staff, choice.kind, adult, invitation=invitations.behind(school, child, choice.kind)).slots


def book(school: School, slot: Slot, child: Child, adult: Adult, terms: Terms, note: str = "") -> Appointment:
    """Book for a family that is on the telephone, by the rules that hold for all; it is told as if it had booked by itself. Refuses as `appointments.book`."""
    booked = appointments.book(school, slot, child, adult, terms, note)
    tell(school, adult, "appointment_booked", {"appointment": booked.id}, key=f"appointment:{booked.id}:booked", useless_after=booked.starts_at)
    return booked


def other_times(school: School, appointment: Appointment) -> Sequence[Slot]:
    """The times to which this appointment can be moved, soonest first: with whom it is, or who the child's teacher is now where they have left."""
    first: Staff | None = appointment.staff[0]
    if first is not None and first.has_left:
        first = appointments.teacher_for(school, appointment.child, appointment.kind)
    if first is None:
        return ()
    asked = invitations.behind(school, appointment.child, appointment.kind, appointment)
    return appointments.offers(school, first, appointment.kind, appointment.adult, invitation=asked).slots


def move(school: School, who: Viewer, appointment: Appointment, slot: Slot, *, family_asked: bool) -> None:
    """Give an appointment another time, for the family that asked or because the school must; it is told which. What staff were to do about it is done.

    Refuses with AlreadyOver, TooSoon, NotBookable or SlotTaken; then it stays where it was.
    """
    before = appointments.slot_of(appointment).identity
    appointments.move(school, appointment, slot, appointment.adult)
    told: dict[str, int | str] = {"appointment": appointment.id, "from": before, "asked": "family" if family_asked else "school"}
    key = f"appointment:{appointment.id}:moved:{appointment.version}"
    tell(school, appointment.adult, "appointment_moved", told, key=key, useless_after=appointment.starts_at)
    _done(school, who, appointment)


def cancel(school: School, who: Viewer, appointment: Appointment, *, family_asked: bool) -> None:
    """Call an appointment off, for the family that asked or because the school must; it is told which, and in the latter case asked for another time.

    What staff were to do about it is done. Refuses with AlreadyOver.
    """
    appointments.cancel(school, appointment, appointment.adult)
    told: dict[str, int | str] = {"appointment": appointment.id, "asked": "family" if family_asked else "school"}
    tell(school, appointment.adult, "appointment_called_off", told, key=f"appointment:{appointment.id}:called_off", useless_after=appointment.starts_at)
    _done(school, who, appointment)


def _done(school: School, who: Viewer, appointment: Appointment) -> None:
    """The family hears of it: nobody need ring any more because the school is shut that day or someone has left."""
    for what in ("left", "closed"):
        about_it = Attention.key.startswith(f"appointment:{appointment.id}:{what}:", autoescape=True)
        for row in school.session.scalars(select(Attention).where(about_it, Attention.done_at.is_(None))):
            row.done_at, row.done_by_id = school.now, who.staff.id
