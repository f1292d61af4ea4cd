"""Meetings that the school asks for and a parent books: the planning meeting after a child's first six weeks, the yearly EHCP review.

Policy: 'a planning meeting … after the first 6 weeks'; 'annual meetings … in order to review a child's EHCP'.

Its own refusals:

    Refusal
    ├── AskedAlready       the family was asked for such a meeting, or has booked one
    ├── NoSuchDays         the last day is before the first, or before tomorrow
    ├── NotOpen            it was answered, withdrawn, or its days are over
    └── NotToBeReminded    they were asked within a day, or not yet, or reminded already: once is enough
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import joinedload

from data.appointments import Appointment, AppointmentState, Invitation, MeetingKind
from data.outbox import Message
from data.people import Child, Guardianship, SchoolClass, Staff
from school import School, access, notices
from school.access import Viewer
from school.attention import Need, call_for_a_person
from school.calendar import instant
from school.errors import Refusal
from school.families import adults_of
from school.notices import tell

__all__ = [
    "SETTLING_IN",
    "WITH_SENIOR",
    "Invitation",
    "answer",
    "ask",
    "behind",
    "candidates",
    "find",
    "invite",
    "listed",
    "open_for",
    "plan_first_meetings",
    "remind",
    "reopen",
    "withdraw",
]

WITH_SENIOR = (MeetingKind.PLANNING, MeetingKind.EHCP)
"""The meetings that the school asks for; a senior leader attends them too."""
SETTLING_IN = timedelta(weeks=6)
"""How long a child has been at the school when the planning meeting is held. Source: the policy."""
PLANNED_WITHIN = timedelta(weeks=4)
"""In how long after that it should take place; a child who joined earlier than both is not asked about any more."""
REVIEWED_AGAIN = timedelta(weeks=46)
"""How long after a review the next is due to be asked for, so that it takes place within the year."""
STILL_NEW = timedelta(weeks=26)
"""How long a child who never had a planning meeting is proposed for one."""
ASKED_AGAIN_AFTER = timedelta(days=1)
AGAIN = ":again"
"""What the key of a reminder ends with."""
LOOKS_BACK = timedelta(days=60)
"""How long an invitation stays in the list once its days are over."""


class AskedAlready(Refusal):
    """The family was asked for such a meeting and can book it still, or has one to come."""


class NoSuchDays(Refusal):
    """The last day is before the first, or before tomorrow."""


class NotOpen(Refusal):
    """It was answered or withdrawn, or its days are over."""


class NotToBeReminded(Refusal):
    """Nobody was asked yet, or only within a day; or they were reminded already, and once is enough."""


@dataclass(frozen=True)
class Asked:
    """One invitation as staff see it: when its adults were first told, when they were reminded, and what was booked."""

    invitation: Invitation
    told_at: datetime | None
    reminded_at: datetime | None
    appointment: Appointment | None
    is_open: bool
    can_be_reminded: bool

    @property
    def is_withdrawn(self) -> bool:
        """Whether the school took it back."""
        return is_withdrawn(self.invitation)


@dataclass(frozen=True)
class Candidate:
    """A child who could be invited. `last_on` is the day of the newest such meeting, `asked` what is open or booked, `is_due` whether the time has come."""

    child: Child
    last_on: date | None
    asked: bool
    is_due: bool


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
        _tell(school, invitation)


def _tell(school: School, invitation: Invitation, more: str = "") -> int:
    """Write to each adult who may book it; how many were written to who had not been. `more` makes it another notice than the first."""
    last = instant(invitation.last_on, school.settings.closes)
    return sum(
        tell(school, adult, "meeting_invitation", {"invitation": invitation.id}, key=f"{_key(invitation)}{adult.id}{more}", useless_after=last)
        for adult in adults_of(school, invitation.child, "book")
    )


def _key(invitation: Invitation) -> str:
    return f"invitation:{invitation.id}:"


def _show_that_nobody_senior_is_there(school: School) -> None:
    """These meetings need a senior leader: without one in the list of staff nobody is asked to book what could not be booked."""
    waiting = select(Invitation.id).where(Invitation.appointment_id.is_(None), Invitation.last_on > school.today).limit(1)
    if school.session.scalar(waiting) is not None:
        call_for_a_person(school, Need.NOT_DELIVERED, key="invitations:no-senior", detail="meeting_invitation: no senior leader among the staff")


# What staff do


def ask(school: School, child: Child, kind: str, first: date, last: date) -> Invitation:
    """Ask this child's adults to book such a meeting between two days, both included; they are told as soon as it can be booked.

    Refuses with AskedAlready or NoSuchDays.
    """
    if last < first or last <= school.today:
        raise NoSuchDays
    if any(one.kind == kind for one in open_for(school, child)) or child.id in _coming(school, [child.id], kind):
        raise AskedAlready
    same = (Invitation.child_id == child.id, Invitation.kind == kind, Invitation.first_on == first)
    for old in school.session.scalars(select(Invitation).where(*same)):  # one that was withdrawn, or whose meeting is over
        school.session.delete(old)
    school.session.flush()
    made = Invitation(child_id=child.id, kind=kind, first_on=first, last_on=last)
    school.session.add(made)
    school.session.flush()
    return made


def remind(school: School, invitation: Invitation) -> int:
    """Ask once more; how many adults are told. Refuses with NotOpen or NotToBeReminded."""
    if not _is_open(school, invitation):
        raise NotOpen
    [asked] = _as_listed(school, [invitation])
    if not asked.can_be_reminded:
        raise NotToBeReminded
    return _tell(school, invitation, AGAIN)


def withdraw(school: School, invitation: Invitation) -> None:
    """The school does not ask any more. Whoever was told is not told so; what they answer goes to the office. Refuses with NotOpen.

    The row stays, its last day before its first: so a first planning meeting is not asked for again by itself.
    """
    if not _is_open(school, invitation):
        raise NotOpen
    notices.withdraw(school, _key(invitation))
    invitation.last_on = min(invitation.first_on, school.today) - timedelta(days=1)
    school.session.flush()


def is_withdrawn(invitation: Invitation) -> bool:
    """Whether the school took it back."""
    return invitation.last_on < invitation.first_on


def listed(school: School, who: Viewer) -> Sequence[Asked]:
    """The invitations that may be seen, those that wait first, by their last day; what is over stays for two months."""
    rows = select(Invitation).where(access.invitations_seen(who), Invitation.last_on >= school.today - LOOKS_BACK)
    loaded = joinedload(Invitation.child).joinedload(Child.school_class).joinedload(SchoolClass.teacher)
    return _as_listed(school, school.session.scalars(rows.options(loaded).order_by(Invitation.last_on, Invitation.id)).all())


def candidates(school: School, who: Viewer, kind: str, class_id: int | None = None) -> Sequence[Candidate]:
    """The children that may be seen, of one class or of all, and what each has had of this kind of meeting; by class and name."""
    wanted = select(Child).join(SchoolClass).where(access.children_seen(who))
    if class_id is not None:
        wanted = wanted.where(Child.class_id == class_id)
    children = school.session.scalars(wanted.options(joinedload(Child.school_class)).order_by(SchoolClass.name, Child.name, Child.id)).all()
    ids = [child.id for child in children]
    last, coming = _last(school, ids, kind), _coming(school, ids, kind)
    invited = select(Invitation.child_id, func.max(Invitation.last_on)).where(Invitation.child_id.in_(ids), Invitation.kind == kind)
    until: dict[int, date] = {row[0]: row[1] for row in school.session.execute(invited.group_by(Invitation.child_id))}
    return [
        Candidate(
            child,
            last.get(child.id),
            asked := child.id in coming or until.get(child.id, date.min) >= school.today,
            not asked and _is_due(school, child, kind, last.get(child.id), is_asked_before=child.id in until),
        )
        for child in children
    ]


def _is_due(school: School, child: Child, kind: str, last: date | None, *, is_asked_before: bool) -> bool:
    if kind == MeetingKind.EHCP:
        return last is None or last <= school.today - REVIEWED_AGAIN
    if child.joined_on is None or last is not None or is_asked_before:
        return False
    return school.today - STILL_NEW < child.joined_on <= (school.clock + school.settings.horizon).date() - SETTLING_IN


def _last(school: School, child_ids: Collection[int], kind: str) -> Mapping[int, date]:
    """The day of each child's newest meeting of this kind that has been."""
    newest = select(Appointment.child_id, func.max(Appointment.starts_at)).where(*_of(child_ids, kind), Appointment.starts_at <= school.now)
    return {row[0]: row[1].astimezone(school.clock.tzinfo).date() for row in school.session.execute(newest.group_by(Appointment.child_id))}


def _coming(school: School, child_ids: Collection[int], kind: str) -> Collection[int]:
    """Which of these children have a meeting of this kind to come."""
    return set(school.session.scalars(select(Appointment.child_id).where(*_of(child_ids, kind), Appointment.starts_at > school.now)))


def _of(child_ids: Collection[int], kind: str) -> tuple[ColumnElement[bool], ...]:
    return Appointment.child_id.in_(child_ids), Appointment.kind == kind, Appointment.state == AppointmentState.BOOKED


def _is_open(school: School, invitation: Invitation) -> bool:
    return invitation.appointment_id is None and invitation.last_on >= school.today


def _as_listed(school: School, rows: Sequence[Invitation]) -> list[Asked]:
    told = _told(school, rows)
    booked = {row.appointment_id for row in rows if row.appointment_id is not None}
    appointments = {row.id: row for row in school.session.scalars(select(Appointment).where(Appointment.id.in_(booked)))}
    found = []
    for row in rows:
        first, again = told.get((row.id, "")), told.get((row.id, AGAIN))
        is_open = _is_open(school, row)
        can_be_reminded = is_open and again is None and first is not None and first <= school.now - ASKED_AGAIN_AFTER and row.last_on > school.today
        found.append(Asked(row, first, again, appointments.get(row.appointment_id or 0), is_open, can_be_reminded))
    return sorted(found, key=lambda asked: not asked.is_open)


def _told(school: School, rows: Sequence[Invitation]) -> Mapping[tuple[int, str], datetime]:
    """When the first of its adults was told of each invitation, and of each reminder: by the invitation's id and what makes the notice another one."""
    ties = select(Guardianship.child_id, Guardianship.adult_id).where(Guardianship.child_id.in_([row.child_id for row in rows]))
    adults: dict[int, list[int]] = {}
    for child_id, adult_id in school.session.execute(ties).all():
        adults.setdefault(child_id, []).append(adult_id)
    keys = {f"{_key(row)}{adult_id}{more}": (row.id, more) for row in rows for adult_id in adults.get(row.child_id, ()) for more in ("", AGAIN)}
    found: dict[tuple[int, str], datetime] = {}
    for key, at in school.session.execute(select(Message.key, Message.created_at).where(Message.key.in_(keys))).all():
        found[keys[key]] = min(at, found.get(keys[key], at))
    return found
