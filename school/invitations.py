"""Meetings that the school asks for and a parent books: the planning meeting after a child's first six weeks, the yearly EHCP review.

Policy: 'a planning meeting … after the first 6 weeks'; 'annual meetings … in order to review a child's EHCP'.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import exists, select

from data.appointments import Appointment, Invitation, MeetingKind
from data.people import Child, Staff
from school import School
from school.attention import Need, call_for_a_person
from school.calendar import instant
from school.families import adults_of
from school.notices import tell

__all__ = ["SETTLING_IN", "WITH_SENIOR", "Invitation", "answer", "behind", "find", "invite", "open_for", "plan_first_meetings", "reopen"]

WITH_SENIOR = (MeetingKind.PLANNING, MeetingKind.EHCP)
"""The meetings that the school asks for; a senior leader attends them too."""
SETTLING_IN = timedelta(weeks=6)
"""How long a child has been at the school when the planning meeting is held. Source: the policy."""
PLANNED_WITHIN = timedelta(weeks=4)
"""In how long after that it should take place; a child who joined earlier than both is not asked about any more."""


def find(school: School, invitation_id: int) -> Invitation | None:
    """One invitation, by its id."""
    return school.session.get(Invitation, invitation_id)


def open_for(school: School, child: Child) -> Sequence[Invitation]:
    """The meetings the school has asked this child's adults to book, that nobody has booked and that can still be."""
    return school.session.scalars(
        select(Invitation)
        .where(Invitation.child_id == child.id, Invitation.appointment_id.is_(None), Invitation.last_on >= school.today)
        .order_by(Invitation.first_on)
    ).all()


def behind(school: School, child: Child, kind: str, appointment: Appointment | None = None) -> Invitation | None:
    """The invitation that `appointment` answers, or that a new one of this kind would: it says between which days the meeting should be."""
    if kind not in WITH_SENIOR:
        return None
    if appointment is not None:
        return school.session.scalars(select(Invitation).where(Invitation.appointment_id == appointment.id)).first()
    return next((one for one in open_for(school, child) if one.kind == kind), None)


def answer(school: School, appointment: Appointment) -> None:
    """Someone has booked what the school asked for."""
    asked = behind(school, school.session.get_one(Child, appointment.child_id), appointment.kind)
    if asked is not None:
        asked.appointment_id = appointment.id


def reopen(school: School, appointment: Appointment) -> None:
    """What was booked was called off: the school asks still, though it does not say so again."""
    for asked in school.session.scalars(select(Invitation).where(Invitation.appointment_id == appointment.id)):
        asked.appointment_id = None


def plan_first_meetings(school: School) -> None:
    """Ask for the planning meeting of each child whose first six weeks end within the horizon; of a child whose joining day is unknown, never."""
    latest = (school.clock + school.settings.horizon).date() - SETTLING_IN
    earliest = school.today - SETTLING_IN - PLANNED_WITHIN
    planned = exists().where(Invitation.child_id == Child.id, Invitation.kind == MeetingKind.PLANNING)
    for child in school.session.scalars(
        select(Child).where(Child.joined_on > earliest, Child.joined_on <= latest, Child.left_on.is_(None), ~planned).order_by(Child.id)
    ):
        if child.joined_on is not None:
            first = child.joined_on + SETTLING_IN
            school.session.add(Invitation(child_id=child.id, kind=MeetingKind.PLANNING, first_on=first, last_on=first + PLANNED_WITHIN))
    school.session.flush()


def invite(school: School) -> None:
    """Tell the adults of each child that the school wants to meet, once each, when the meeting can be booked."""
    if school.session.scalar(select(Staff.id).where(Staff.role == "senior", Staff.has_left.is_(False)).limit(1)) is None:
        _show_that_nobody_senior_is_there(school)
        return
    invitations = select(Invitation).where(Invitation.appointment_id.is_(None), Invitation.last_on > school.today)
    for invitation in school.session.scalars(invitations.order_by(Invitation.id)):
        if invitation.first_on > (school.clock + school.settings.horizon).date():
            continue
        last = instant(invitation.last_on, school.settings.closes)
        for adult in adults_of(school, invitation.child, "book"):
            tell(school, adult, "meeting_invitation", {"invitation": invitation.id}, key=f"invitation:{invitation.id}:{adult.id}", useless_after=last)


def _show_that_nobody_senior_is_there(school: School) -> None:
    """These meetings need a senior leader: without one in the list of staff nobody is asked to book what could not be booked."""
    waiting = select(Invitation.id).where(Invitation.appointment_id.is_(None), Invitation.last_on > school.today).limit(1)
    if school.session.scalar(waiting) is not None:
        call_for_a_person(school, Need.NOT_DELIVERED, key="invitations:no-senior", detail="meeting_invitation: no senior leader among the staff")
