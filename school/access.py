"""What each member of staff may see and do. Decided here and nowhere else: a page asks, and what it may not show it is not given.

Policy: a class team sees its own classes; the technician (`admin`) runs the house and reads nobody's letters; only the named persons see safeguarding.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Integer, Select, cast, exists, false, func, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, aliased

from data.appointments import Appointment, AppointmentStaff, Invitation
from data.attention import FOR_THE_DEPUTY, Attention, Need
from data.events import Event, EventGuests, EventState, event_staff
from data.inbox import Received
from data.outbox import Message
from data.packs import CopyState, HolidayWish, PackCopy, PackHold, PackLoan, PackProblem, WeeklyPlace
from data.people import Adult, Child, Guardianship, SchoolClass, Staff, StaffAddress, class_staff
from school import School
from school.errors import NotThere


class Power(StrEnum):
    """One thing that a role may do."""

    MESSAGES = "messages"  # read and answer what families write
    BOOK = "book"  # the home/school book
    ABSENCE = "absence"
    COLLECTION = "collection"  # decide what a text may not decide
    APPOINTMENTS = "appointments"
    EVENTS = "events"  # see what is on and who comes, and tick who came
    EDIT_EVENTS = "edit_events"
    PACKS = "packs"  # hand out, take back and count, and see who has what
    EDIT_PACKS = "edit_packs"  # the catalogue, the rules, holiday packs; go beyond the rules
    GROUPS = "groups"  # who is in which group, and who may join
    FAMILIES = "families"  # see families
    EDIT_FAMILIES = "edit_families"
    SET_UP = "set_up"  # classes, terms, hours, imports, the new school year
    STAFF = "staff"  # who works here, and how they get in
    BROADCASTS = "broadcasts"  # write to many at once
    DELIVERY = "delivery"
    SAFEGUARDING = "safeguarding"
    DATA_REQUESTS = "data_requests"  # hand over a copy of what is held about an adult, and erase it
    AUDIT = "audit"


_CLASS = {Power.MESSAGES, Power.BOOK, Power.APPOINTMENTS, Power.FAMILIES, Power.ABSENCE, Power.DELIVERY, Power.EVENTS, Power.EDIT_EVENTS, Power.PACKS}
_OFFICE = {*_CLASS, Power.COLLECTION, Power.EDIT_FAMILIES, Power.SET_UP, Power.GROUPS, Power.BROADCASTS, Power.EDIT_PACKS}
POWERS: Mapping[str, frozenset[Power]] = {
    "admin": frozenset({Power.SET_UP, Power.STAFF, Power.DELIVERY, Power.AUDIT}),
    "office": frozenset({*_OFFICE, Power.STAFF}),
    "teacher": frozenset(_CLASS),
    "class": frozenset(_CLASS - {Power.APPOINTMENTS, Power.EDIT_EVENTS}),
    "senior": frozenset({*_OFFICE, Power.DATA_REQUESTS, Power.AUDIT}),
    "advisor": frozenset({*_CLASS, Power.EDIT_FAMILIES, Power.GROUPS, Power.BROADCASTS, Power.EDIT_PACKS}),
    "lead": frozenset({*_OFFICE, Power.SAFEGUARDING, Power.DATA_REQUESTS, Power.AUDIT}),
    "deputy": frozenset({*_OFFICE, Power.SAFEGUARDING, Power.DATA_REQUESTS, Power.AUDIT}),
}
"""What each role of `school.staff.ROLES` may do."""
OWN_CLASSES_ONLY = ("teacher", "class")
"""Roles that see the families of their own classes and no others."""
NEEDS_SECOND_FACTOR = ("admin", "lead", "deputy")
SAFEGUARDING_NEEDS = (Need.SAFEGUARDING,)
_OFFICE_ALONE = (Need.ADDRESS, Need.NOT_DELIVERED, Need.FAILED, Need.DAILY_LIMIT, Need.UPKEEP)
"""Needs that tell of no family's words: whoever looks after delivery sees them too."""

SAFEGUARDING_ALERT = "safeguarding_alert"
"""The kind of message that calls a named person: that there is one, is for the named persons alone."""
_ALARM = "safeguarding:inbox:"
"""How the key of a need begins that a parent's message raised; the message's id follows."""

Thing = TypeVar(
    "Thing",
    Adult,
    Child,
    SchoolClass,
    Attention,
    Message,
    Staff,
    Appointment,
    Invitation,
    Event,
    PackCopy,
    PackHold,
    PackLoan,
    PackProblem,
    WeeklyPlace,
)


@dataclass(frozen=True)
class Viewer:
    """One member of staff who is logged in, and what they may see: every family (`class_ids` None), or those with a child in one of these classes."""

    staff: Staff
    powers: frozenset[Power]
    class_ids: Collection[int] | None

    def may(self, power: Power) -> bool:
        """Whether they may do this at all."""
        return power in self.powers


def viewer(school: School, staff: Staff) -> Viewer:
    """What this member of staff may see and do today."""
    powers = POWERS.get(staff.role, frozenset())
    if staff.role not in OWN_CLASSES_ONLY:
        return Viewer(staff, powers, None)
    own = school.session.scalars(select(class_staff.c.class_id).where(class_staff.c.staff_id == staff.id))
    return Viewer(staff, powers, frozenset(own))


def adults_seen(who: Viewer) -> ColumnElement[bool]:
    """Which adults are seen, as a condition on Adult."""
    if Power.FAMILIES not in who.powers:
        return false()
    if who.class_ids is None:
        return true()
    in_class = Child.class_id.in_(who.class_ids) & Child.left_on.is_(None)
    return Adult.id.in_(select(Guardianship.adult_id).join(Child, Child.id == Guardianship.child_id).where(in_class))


def children_seen(who: Viewer, *, has_left: bool = False) -> ColumnElement[bool]:
    """Which children are seen, as a condition on Child. Those who left (`has_left`: these too) no class team sees any more."""
    if Power.FAMILIES not in who.powers:
        return false()
    is_here = Child.left_on.is_(None)
    if who.class_ids is not None:
        return is_here & Child.class_id.in_(who.class_ids)
    return true() if has_left else is_here


def classes_seen(who: Viewer) -> ColumnElement[bool]:
    """Which classes are seen, as a condition on SchoolClass."""
    return true() if who.class_ids is None else SchoolClass.id.in_(who.class_ids)


def diaries_seen(who: Viewer) -> ColumnElement[bool]:
    """Whose diaries are seen, as a condition on Staff: one's own, or everyone's where every family is seen."""
    if Power.APPOINTMENTS not in who.powers:
        return false()
    return true() if who.class_ids is None else Staff.id == who.staff.id


def appointments_seen(who: Viewer) -> ColumnElement[bool]:
    """Which appointments are seen and changed, as a condition on Appointment: those in a diary that is seen."""
    if Power.APPOINTMENTS not in who.powers:
        return false()
    if who.class_ids is None:
        return true()
    return Appointment.id.in_(select(AppointmentStaff.appointment_id).where(AppointmentStaff.staff_id == who.staff.id))


def invitations_seen(who: Viewer) -> ColumnElement[bool]:
    """Which invitations to a meeting are seen and changed, as a condition on Invitation: those about a child that is seen."""
    if Power.APPOINTMENTS not in who.powers:
        return false()
    return Invitation.child_id.in_(select(Child.id).where(children_seen(who)))


def events_seen(who: Viewer) -> ColumnElement[bool]:
    """Which events are seen, as a condition on Event. Who comes to one is for `adults_seen` to say: a class team sees its own families' answers alone.

    A class team sees what its families are invited to, the whole school's too, and what one of them runs; drafts, where they may change them.
    """
    if Power.EVENTS not in who.powers:
        return false()
    if who.class_ids is None:
        return true()
    is_whole_school = EventGuests.class_id.is_(None) & EventGuests.group_id.is_(None) & EventGuests.adult_id.is_(None)
    concerns_them = exists().where(EventGuests.event_id == Event.id, _is_own(who) | is_whole_school)
    runs_it = Event.id.in_(select(event_staff.c.event_id).where(event_staff.c.staff_id == who.staff.id))
    return events_changed(who) | ((Event.state != EventState.DRAFT) & (concerns_them | runs_it))


def events_changed(who: Viewer) -> ColumnElement[bool]:
    """Which events may be changed, as a condition on Event: a teacher changes those to which nobody but families of their own classes is invited."""
    if Power.EDIT_EVENTS not in who.powers:
        return false()
    if who.class_ids is None:
        return true()
    guests = exists().where(EventGuests.event_id == Event.id)
    others = exists().where(EventGuests.event_id == Event.id, EventGuests.id.not_in(select(EventGuests.id).where(_is_own(who))))
    return guests & ~others


def _is_own(who: Viewer) -> ColumnElement[bool]:
    """Which guests of events are of the viewer's own classes: a class, or one adult."""
    return EventGuests.class_id.in_(who.class_ids or ()) | EventGuests.adult_id.in_(select(Adult.id).where(adults_seen(who)))


def loans_seen(who: Viewer) -> ColumnElement[bool]:
    """Whose loans of packs are seen, as a condition on PackLoan: a class team sees those of the children of its classes."""
    return _packs_of(who, PackLoan.child_id)


def holds_seen(who: Viewer) -> ColumnElement[bool]:
    """Whose wishes for packs are seen, as a condition on PackHold."""
    return _packs_of(who, PackHold.child_id)


def weekly_places_seen(who: Viewer) -> ColumnElement[bool]:
    """Whose places in the weekly loan are seen, as a condition on WeeklyPlace."""
    return _packs_of(who, WeeklyPlace.child_id)


def holiday_wishes_seen(who: Viewer) -> ColumnElement[bool]:
    """Whose answers about holiday packs are seen, as a condition on HolidayWish."""
    return _packs_of(who, HolidayWish.child_id)


def problems_seen(who: Viewer) -> ColumnElement[bool]:
    """Which things that are wrong with packs are seen, as a condition on PackProblem: all, or what came of a loan that is seen."""
    if Power.PACKS in who.powers and who.class_ids is None:
        return true()
    return PackProblem.loan_id.in_(select(PackLoan.id).where(loans_seen(who)))


def copies_handled(who: Viewer) -> ColumnElement[bool]:
    """Which copies of packs they may hand out, take back and count, as a condition on PackCopy.

    A class team handles what nobody has, and what the children of its classes have, are to have, or had last.
    """
    if Power.PACKS not in who.powers:
        return false()
    if who.class_ids is None:
        return true()
    open_loans = select(PackLoan.copy_id).where(PackLoan.back_at.is_(None), PackLoan.lost_at.is_(None), loans_seen(who))
    held = select(PackHold.copy_id).where(PackHold.copy_id.is_not(None), holds_seen(who))
    later = aliased(PackLoan)
    had_after = exists().where(later.copy_id == PackLoan.copy_id, later.back_at > PackLoan.back_at)
    had_last = select(PackLoan.copy_id).where(PackLoan.back_at.is_not(None), loans_seen(who), ~had_after)
    theirs = (CopyState.OUT, CopyState.KEPT, CopyState.COUNTING)
    return (
        PackCopy.state.not_in(theirs)
        | ((PackCopy.state == CopyState.OUT) & PackCopy.id.in_(open_loans))
        | ((PackCopy.state == CopyState.KEPT) & PackCopy.id.in_(held))
        | ((PackCopy.state == CopyState.COUNTING) & PackCopy.id.in_(had_last))
    )


def _packs_of(who: Viewer, child_id: InstrumentedAttribute[Any]) -> ColumnElement[bool]:
    if Power.PACKS not in who.powers:
        return false()
    return true() if who.class_ids is None else child_id.in_(select(Child.id).where(children_seen(who)))


def needs_seen(who: Viewer) -> ColumnElement[bool]:
    """Which needs are seen, as a condition on Attention.

    A class team sees what was written to its class, and nothing of what its families wrote to the office. The office sees both, so that nothing waits for one
    who is away. Safeguarding is an inbox of its own: `safeguarding_seen`. What someone asks about their own data is for those who may answer it.
    """
    own = SAFEGUARDING_NEEDS if Power.DATA_REQUESTS in who.powers else (*SAFEGUARDING_NEEDS, Need.DATA_REQUEST)
    plain = Attention.need.not_in(own)
    if Power.MESSAGES not in who.powers:
        return Attention.need.in_(_OFFICE_ALONE) if Power.DELIVERY in who.powers else false()
    if who.class_ids is None:
        return plain
    return plain & Attention.class_id.in_(who.class_ids)


def safeguarding_seen(who: Viewer) -> ColumnElement[bool]:
    """Which safeguarding matters are seen: the lead sees none that are for the deputy, as those concern someone above."""
    if Power.SAFEGUARDING not in who.powers:
        return false()
    mine = Attention.need.in_(SAFEGUARDING_NEEDS)
    return mine if who.staff.role == "deputy" else mine & (Attention.detail != FOR_THE_DEPUTY)


def messages_seen(who: Viewer) -> ColumnElement[bool]:
    """Which messages out are seen, as a condition on Message: that they are there and what became of them. `reads_words` says who may read them too.

    What calls the named persons, and what answered a message that raised an alarm, is theirs; the lead sees nothing of what is for the deputy.
    """
    if Power.DELIVERY not in who.powers:
        return false()
    if who.class_ids is not None:
        # '+ 0': the newest are read until enough are theirs. By the index of adults all of theirs would be read and put in order first.
        return (Message.adult_id + 0).in_(select(Adult.id).where(adults_seen(who))) & tells_of_no_alarm()
    if Power.SAFEGUARDING not in who.powers:
        return tells_of_no_alarm()
    if who.staff.role == "deputy":
        return true()
    hers = Message.address_id.in_(select(StaffAddress.address_id).where(StaffAddress.staff_id == who.staff.id))
    is_for_deputy = _answers_to_alarms(Attention.detail == FOR_THE_DEPUTY)
    return or_(Message.kind != SAFEGUARDING_ALERT, hers) & Message.trace.not_in(is_for_deputy)


def tells_of_no_alarm() -> ColumnElement[bool]:
    """Which messages have nothing to do with a safeguarding matter, as a condition on Message."""
    return (Message.kind != SAFEGUARDING_ALERT) & Message.trace.not_in(_answers_to_alarms())


def _answers_to_alarms(*only: ColumnElement[bool]) -> Select[str]:
    """The traces of the messages in that raised an alarm: what answers them has the same."""
    raised_by = cast(func.substr(Attention.key, len(_ALARM) + 1), Integer)
    alarms = select(raised_by).where(Attention.need.in_(SAFEGUARDING_NEEDS), Attention.key.startswith(_ALARM, autoescape=True), *only)
    return select(Received.trace).where(Received.id.in_(alarms))


def reads_words(who: Viewer) -> bool:
    """Whether they may read what a message says and whose it is, where they see the message: the technician may not."""
    return Power.FAMILIES in who.powers


def message(school: School, who: Viewer, message_id: int) -> Message:
    """The message out with this id. Refuses with NotThere."""
    return _seen(school, Message, message_id, messages_seen(who))


def adult(school: School, who: Viewer, adult_id: int) -> Adult:
    """The adult with this id. Refuses with NotThere where they may not be seen, the same as where there is none."""
    return _seen(school, Adult, adult_id, adults_seen(who))


def child(school: School, who: Viewer, child_id: int) -> Child:
    """The child with this id. Refuses with NotThere."""
    return _seen(school, Child, child_id, children_seen(who))


def school_class(school: School, who: Viewer, class_id: int) -> SchoolClass:
    """The class with this id. Refuses with NotThere."""
    return _seen(school, SchoolClass, class_id, classes_seen(who))


def need(school: School, who: Viewer, need_id: int) -> Attention:
    """What waits, with this id. Refuses with NotThere."""
    return _seen(school, Attention, need_id, needs_seen(who) | safeguarding_seen(who))


def diary(school: School, who: Viewer, staff_id: int) -> Staff:
    """The member of staff with this id, whose diary may be seen. Refuses with NotThere."""
    return _seen(school, Staff, staff_id, diaries_seen(who))


def sets_availability(who: Viewer, staff: Staff) -> bool:
    """Whether they say when `staff` can be seen: each for themselves, and whoever sets up the school for everyone."""
    return who.may(Power.APPOINTMENTS) and (who.staff.id == staff.id or who.may(Power.SET_UP))


def appointment(school: School, who: Viewer, appointment_id: int) -> Appointment:
    """The appointment with this id. Refuses with NotThere."""
    return _seen(school, Appointment, appointment_id, appointments_seen(who))


def openable(school: School, who: Viewer, appointments: Collection[Appointment]) -> Collection[int]:
    """The ids of those of these appointments that may be seen."""
    ids = [each.id for each in appointments]
    return set(school.session.scalars(select(Appointment.id).where(Appointment.id.in_(ids), appointments_seen(who))))


def invitation(school: School, who: Viewer, invitation_id: int) -> Invitation:
    """The invitation with this id. Refuses with NotThere."""
    return _seen(school, Invitation, invitation_id, invitations_seen(who))


def event(school: School, who: Viewer, event_id: int) -> Event:
    """The event with this id. Refuses with NotThere."""
    return _seen(school, Event, event_id, events_seen(who))


def event_to_change(school: School, who: Viewer, event_id: int) -> Event:
    """The event with this id, which they may change. Refuses with NotThere."""
    return _seen(school, Event, event_id, events_changed(who))


def may_change(school: School, who: Viewer, of: Event) -> bool:
    """Whether they may change this event."""
    return school.session.scalar(select(Event.id).where(Event.id == of.id, events_changed(who))) is not None


def copy_to_handle(school: School, who: Viewer, copy_id: int) -> PackCopy:
    """The copy of a pack with this id, which they may hand out, take back or count. Refuses with NotThere."""
    return _seen(school, PackCopy, copy_id, copies_handled(who))


def handles(school: School, who: Viewer, copy: PackCopy) -> bool:
    """Whether they may hand out, take back or count this copy."""
    return school.session.scalar(select(PackCopy.id).where(PackCopy.id == copy.id, copies_handled(who))) is not None


def loan(school: School, who: Viewer, loan_id: int) -> PackLoan:
    """The loan with this id. Refuses with NotThere."""
    return _seen(school, PackLoan, loan_id, loans_seen(who))


def hold(school: School, who: Viewer, hold_id: int) -> PackHold:
    """The wish for a pack with this id. Refuses with NotThere."""
    return _seen(school, PackHold, hold_id, holds_seen(who))


def problem(school: School, who: Viewer, problem_id: int) -> PackProblem:
    """What is wrong with a copy, with this id. Refuses with NotThere."""
    return _seen(school, PackProblem, problem_id, problems_seen(who))


def weekly_place(school: School, who: Viewer, place_id: int) -> WeeklyPlace:
    """The place in the weekly loan with this id. Refuses with NotThere."""
    return _seen(school, WeeklyPlace, place_id, weekly_places_seen(who))


def classes(school: School, who: Viewer) -> Sequence[SchoolClass]:
    """The classes that are seen, by name."""
    return school.session.scalars(select(SchoolClass).where(classes_seen(who)).order_by(SchoolClass.name)).all()


def _seen(school: School, kind: type[Thing], thing_id: int, condition: ColumnElement[bool]) -> Thing:
    found = school.session.scalars(select(kind).where(kind.id == thing_id, condition)).first()
    if found is None:
        raise NotThere
    return found
