"""Appointments: the class teacher, planning meetings, EHCP reviews, parents' evenings, home visits.

Policy: 'if they wish to speak to the class teacher separately they must make an appointment by prior arrangement'; 'a planning meeting …
after the first 6 weeks'; 'annual meetings … in order to review a child's EHCP'; 'a parent's evening in both the Autumn and Summer Terms'; 'home visits'.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import joinedload, selectinload

from data.appointments import Appointment, AppointmentStaff, AppointmentState, Hold, Invitation, MeetingKind, ParentsEvening, Waiting, Way
from data.attention import Attention, Need
from data.outbox import Message
from data.people import Adult, Child, Staff
from school import School, invitations, slots, waiting
from school.attention import call_for_a_person
from school.calendar import calendar, instant
from school.calendar_file import calendar_file
from school.capability import Capability
from school.data_map import time_of
from school.errors import AlreadyOver, NotBookable, NotYours, SlotTaken, TooSoon
from school.families import require
from school.notices import tell, withdraw
from school.slots import Slot
from school.times import Wish, exactly, fits

__all__ = [
    "Appointment",
    "AppointmentState",
    "MeetingKind",
    "Offers",
    "Terms",
    "Way",
    "book",
    "cancel",
    "capability",
    "due",
    "find",
    "hold",
    "move",
    "next_evening",
    "offers",
    "reminder_time",
    "slot_of",
    "teacher_for",
    "upcoming",
    "usual_terms",
]

KEPT = time_of("appointments")
"""How long a meeting is kept after its day."""
LOOKS_BACK = timedelta(days=30)
"""How long after an appointment it is still shown that its reminder was missed: longer than a holiday in which the server is off."""


@dataclass(frozen=True)
class Terms:
    """How people will meet: the way, the language of an interpreter ('' for none), and what access someone needs."""

    way: Way = Way.IN_PERSON
    interpreter: str = ""
    access_needs: str = ""


@dataclass(frozen=True)
class Offers:
    """Slots to choose from; `fit` is whether they are what was wished or only the nearest there are."""

    slots: Sequence[Slot]
    fit: bool


def teacher_for(school: School, child: Child, kind: str) -> Staff | None:
    """Whom a parent sees for this kind of meeting: the class teacher, or for a home visit the parent support advisor; None where nobody is named."""
    if kind == MeetingKind.HOME_VISIT:
        return school.session.scalars(select(Staff).where(Staff.role == "advisor", Staff.has_left.is_(False)).order_by(Staff.id)).first()
    return child.school_class.teacher


def offers(
    school: School,
    staff: Staff,
    kind: str,
    adult: Adult,
    wishes: Sequence[Wish] = (),
    *,
    invitation: Invitation | None = None,
    most: int | None = None,
) -> Offers:
    """The free slots that fit what was wished, soonest first, `most` at most; where none does, the ones nearest to it in time."""
    first, last = school.today, (school.clock + school.settings.horizon).date()
    if invitation is not None:
        first, last = max(first, invitation.first_on), min(last, invitation.last_on)
    seniors = _seniors(school) if kind in invitations.WITH_SENIOR else ()
    if kind in invitations.WITH_SENIOR and not seniors:
        return Offers((), fit=True)
    free = slots.free_slots(school, staff, kind, first, last, adult=adult, seniors=seniors, most=None if wishes else most)
    fitting = [slot for slot in free if fits(wishes, slot.clock)][:most]
    return Offers(fitting, fit=True) if fitting or not wishes else Offers(_nearest(school, free, wishes[0]), fit=False)


def usual_terms(school: School, adult: Adult) -> Terms:
    """How this adult met the school last time; the first time in person, with an interpreter where their language is not English."""
    last = school.session.scalars(
        select(Appointment).where(Appointment.adult_id == adult.id).order_by(Appointment.booked_at.desc(), Appointment.id.desc())
    ).first()
    if last is not None:
        return Terms(Way(last.way), last.interpreter, last.access_needs)
    return Terms(interpreter="" if adult.language.split("-")[0] == "en" else adult.language)


def hold(school: School, slot: Slot, adult: Adult, invitation: Invitation | None = None) -> None:
    """Keep the slot for this adult while they decide. Refuses with TooSoon, NotBookable, or SlotTaken and the nearest free slots (of the invitation's days)."""
    _check_bookable(school, slot)
    try:
        slots.hold(school, slot, adult)
    except SlotTaken as taken:
        raise _with_nearest(school, taken, slot, adult, invitation) from None


def book(school: School, slot: Slot, child: Child, adult: Adult, terms: Terms, note: str = "") -> Appointment:
    """Give `slot` to this adult for this child; true once the caller's transaction commits.

    Refuses with NotYourChild, TooSoon (minimum notice), NotBookable, or SlotTaken and the three nearest free slots.
    """
    require(school, adult, child, "book")
    _check_bookable(school, slot)
    _check_meant_for(school, slot, child)
    asked = invitations.behind(school, child, slot.kind)
    appointment = Appointment(
        kind=slot.kind,
        child_id=child.id,
        adult_id=adult.id,
        starts_at=slot.starts_at,
        minutes=slot.minutes,
        way=terms.way,
        interpreter=terms.interpreter,
        access_needs=terms.access_needs,
        note=note,
        token=secrets.token_urlsafe(24),
        booked_at=school.now,
    )
    with school.session.begin_nested():  # a refusal leaves no trace of the attempt
        school.session.add(appointment)
        school.session.flush()
        _take(school, slot, adult, appointment, asked)
        _seat(school, appointment, slot)
    slots.release(school, adult)
    invitations.answer(school, appointment)
    waiting.leave_for(school, adult, child, slot.staff_ids[0])
    return appointment


def upcoming(school: School, adult: Adult) -> Sequence[Appointment]:
    """This adult's own appointments that have not begun, soonest first. Another adult's are never among them, even about the same child."""
    return school.session.scalars(
        select(Appointment)
        .where(Appointment.adult_id == adult.id, Appointment.state == AppointmentState.BOOKED, Appointment.starts_at > school.now)
        .options(selectinload(Appointment.staff), selectinload(Appointment.child))
        .order_by(Appointment.starts_at)
    ).all()


def find(school: School, appointment_id: int) -> Appointment | None:
    """One appointment, by its id."""
    return school.session.get(Appointment, appointment_id)


def slot_of(appointment: Appointment) -> Slot:
    """The time that an appointment has."""
    return Slot(appointment.starts_at, appointment.minutes, tuple(person.id for person in appointment.staff), appointment.kind)


def move(school: School, appointment: Appointment, slot: Slot, adult: Adult) -> None:
    """Give this appointment another time. Refuses with NotYours, AlreadyOver, TooSoon, NotBookable or SlotTaken; then it stays where it was."""
    _check_changeable(school, appointment, adult)
    _check_bookable(school, slot)
    asked = invitations.behind(school, appointment.child, appointment.kind, appointment)
    if slot.kind != appointment.kind or not _is_asked_for(asked, slot):
        raise NotBookable
    _take(school, slot, adult, appointment, asked)
    slots.vacate(school, appointment, keep=slot)
    withdraw(school, f"appointment:{appointment.id}:")
    appointment.starts_at, appointment.minutes = slot.starts_at, slot.minutes
    appointment.version += 1
    appointment.booked_at = school.now
    _seat(school, appointment, slot)
    slots.release(school, adult)


def cancel(school: School, appointment: Appointment, adult: Adult) -> None:
    """Give the time back. Refuses with NotYours or AlreadyOver."""
    _check_changeable(school, appointment, adult)
    slots.vacate(school, appointment)
    withdraw(school, f"appointment:{appointment.id}:")
    appointment.state = AppointmentState.CANCELLED
    appointment.version += 1
    invitations.reopen(school, appointment)


def next_evening(school: School) -> ParentsEvening | None:
    """The next parents' evening within the horizon, if there is one."""
    last = (school.clock + school.settings.horizon).date()
    return school.session.scalars(select(ParentsEvening).where(ParentsEvening.on.between(school.today, last)).order_by(ParentsEvening.on)).first()


def reminder_time(school: School, appointment: Appointment) -> datetime:
    """When the adult is reminded: the day before, at the school's set time (16:00 unless set), in London."""
    day = appointment.starts_at.astimezone(school.clock.tzinfo).date() - timedelta(days=1)
    at = instant(day, school.settings.reminder_at)
    return at if at is not None else appointment.starts_at - timedelta(days=1)


def due(school: School) -> None:
    """Do what the time has come for: reminders, invitations, places for those who wait. May be called at any time, twice, or late."""
    _remind(school)
    _show_what_cannot_be(school)
    invitations.plan_first_meetings(school)
    invitations.invite(school)
    waiting.offer_freed_times(school)
    slots.forget_holds(school)


def _remind(school: School) -> None:
    """One reminder for each time that was agreed before the moment of reminding; one that can no longer be of use goes to staff."""
    near = Appointment.starts_at.between(school.now - LOOKS_BACK, school.now + timedelta(days=3))
    soon = select(Appointment).where(Appointment.state == AppointmentState.BOOKED, near).order_by(Appointment.id)
    falling_due = {
        f"appointment:{row.id}:reminder:{row.version}": row
        for row in school.session.scalars(soon.options(joinedload(Appointment.adult)))
        if row.booked_at < reminder_time(school, row) <= school.now
    }
    told = _told(school, falling_due)
    for key, appointment in falling_due.items():
        if key in told:
            continue
        if appointment.starts_at > school.now:
            about = {"appointment": appointment.id}
            tell(school, appointment.adult, "appointment_reminder", about, key=key, useless_after=appointment.starts_at)
        else:
            call_for_a_person(school, Need.NOT_DELIVERED, key=key, adult=appointment.adult, detail="appointment_reminder: too late")


def _show_what_cannot_be(school: School) -> None:
    """What was booked for a day on which the school has closed since, or with someone who has left, stands until someone has rung the family: staff see it."""
    days = calendar(school)
    ahead = select(Appointment).where(Appointment.state == AppointmentState.BOOKED, Appointment.starts_at > school.now).order_by(Appointment.id)
    for appointment in school.session.scalars(ahead.options(joinedload(Appointment.adult), selectinload(Appointment.staff))):
        day = appointment.starts_at.astimezone(school.clock.tzinfo).date()
        if any(person.has_left for person in appointment.staff):
            key = f"appointment:{appointment.id}:left:{appointment.version}"
            call_for_a_person(school, Need.NO_STAFF, key=key, adult=appointment.adult, detail=f"an appointment on {day} with someone who has left")
        if days.is_closed(day):
            key = f"appointment:{appointment.id}:closed:{appointment.version}"
            call_for_a_person(school, Need.CLOSED_DAY, key=key, adult=appointment.adult, detail=f"an appointment on {day}")


def _heard(school: School, adult: Adult) -> None:
    slots.renew_holds(school, adult)


def _seniors(school: School) -> Sequence[Staff]:
    return school.session.scalars(select(Staff).where(Staff.role == "senior", Staff.has_left.is_(False)).order_by(Staff.id)).all()


def _nearest(school: School, free: Sequence[Slot], wish: Wish) -> list[Slot]:
    """The three free slots that are closest to the wished day and, on it, to the wished time; the closest first."""
    day, at = wish.first or school.today, wish.earliest or wish.latest
    if wish.excluded:
        return list(free)

    def distance(slot: Slot) -> tuple[int, int]:
        minutes = abs((slot.clock.hour - at.hour) * 60 + slot.clock.minute - at.minute) if at else 0
        return abs((slot.clock.date() - day).days), minutes

    return sorted(free, key=distance)[:3]


def _with_nearest(school: School, taken: SlotTaken, slot: Slot, adult: Adult, invitation: Invitation | None) -> SlotTaken:
    staff = school.session.get_one(Staff, slot.staff_ids[0])
    free = offers(school, staff, slot.kind, adult, invitation=invitation).slots
    return SlotTaken(taken.starts_at, _nearest(school, free, exactly(slot.clock)))


def _check_bookable(school: School, slot: Slot) -> None:
    if slot.starts_at < school.now + school.settings.notice:
        raise TooSoon(school.settings.notice)
    if slot.starts_at > school.now + school.settings.horizon or not slots.is_offered(school, slot):
        raise NotBookable
    seniors = {senior.id for senior in _seniors(school)} if slot.kind in invitations.WITH_SENIOR else set()
    if len(slot.staff_ids) != (2 if slot.kind in invitations.WITH_SENIOR else 1) or not seniors.issuperset(slot.staff_ids[1:]):
        raise NotBookable


def _check_meant_for(school: School, slot: Slot, child: Child) -> None:
    """Refuses a slot with someone who is not this child's, and a planning meeting or review that the school has not asked for."""
    staff = teacher_for(school, child, slot.kind)
    if staff is None or staff.id != slot.staff_ids[0]:
        raise NotBookable
    asked = invitations.behind(school, child, slot.kind)
    if slot.kind in invitations.WITH_SENIOR and (asked is None or not _is_asked_for(asked, slot)):
        raise NotBookable


def _is_asked_for(invitation: Invitation | None, slot: Slot) -> bool:
    """Whether a slot lies on one of the days between which the school wants to meet."""
    return invitation is None or invitation.first_on <= slot.clock.date() <= invitation.last_on


def _check_changeable(school: School, appointment: Appointment, adult: Adult) -> None:
    if appointment.adult_id != adult.id:
        raise NotYours
    if appointment.state != AppointmentState.BOOKED or appointment.starts_at <= school.now:
        raise AlreadyOver


def _take(school: School, slot: Slot, adult: Adult, appointment: Appointment, invitation: Invitation | None) -> None:
    try:
        slots.occupy(school, slot, adult, appointment=appointment)
    except SlotTaken as taken:
        raise _with_nearest(school, taken, slot, adult, invitation) from None


def _seat(school: School, appointment: Appointment, slot: Slot) -> None:
    """Who takes part, in the slot's order."""
    for seat in school.session.scalars(select(AppointmentStaff).where(AppointmentStaff.appointment_id == appointment.id)):
        school.session.delete(seat)
    school.session.flush()
    school.session.add_all(
        AppointmentStaff(appointment_id=appointment.id, staff_id=staff_id, position=position) for position, staff_id in enumerate(slot.staff_ids)
    )
    school.session.flush()
    school.session.expire(appointment, ["staff"])


def _told(school: School, keys: Collection[str]) -> set[str]:
    """Which of these notices were written already, or missed and shown to staff."""
    if not keys:
        return set()
    told = school.session.scalars(select(Message.key).where(Message.key.in_(keys)))
    return {*told, *school.session.scalars(select(Attention.key).where(Attention.key.in_(keys)))}


def _export(school: School, adult: Adult) -> Mapping[str, Any]:
    booked = school.session.scalars(select(Appointment).where(Appointment.adult_id == adult.id).order_by(Appointment.starts_at))
    waits = school.session.scalars(select(Waiting).where(Waiting.adult_id == adult.id).order_by(Waiting.id))
    return {
        "appointments": [
            {
                "starts_at": row.starts_at.isoformat(),
                "minutes": row.minutes,
                "kind": row.kind,
                "with": [person.name for person in row.staff],
                "child": row.child.name,
                "way": row.way,
                "interpreter": row.interpreter,
                "needs": row.access_needs,
                "state": row.state,
                "note": row.note,
            }
            for row in booked
        ],
        "waiting_for_a_time": [{"with": row.staff.name, "child": row.child.name, "since": row.since.isoformat()} for row in waits],
    }


def _erase(school: School, adult: Adult) -> None:
    """What they booked, kept and waited for goes; its times are free for others."""
    for appointment in school.session.scalars(select(Appointment).where(Appointment.adult_id == adult.id)).all():
        slots.vacate(school, appointment)
    for table in (Appointment, Hold, Waiting):
        school.session.execute(delete(table).where(table.adult_id == adult.id).execution_options(synchronize_session=False))
    school.session.expire_all()


def _retain(school: School) -> None:
    """Meetings, invitations and waits of long ago are removed."""
    last = school.now - KEPT
    for gone in (
        delete(Appointment).where(Appointment.starts_at < last),
        delete(Invitation).where(Invitation.last_on < last.date()),
        delete(Waiting).where(Waiting.since < last),
    ):
        school.session.execute(gone.execution_options(synchronize_session=False))
    school.session.expire_all()


def _demo(school: School) -> None:
    from school.demo_appointments import book_some  # it books by the rules above

    book_some(school)


capability = Capability(
    "appointments",
    optional={"appointment_reminder": ("reminders",)},
    due=due,
    heard=_heard,
    export=_export,
    erase=_erase,
    retain=_retain,
    demo=_demo,
    files={"Appointment": calendar_file},
)
