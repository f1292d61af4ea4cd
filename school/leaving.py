"""Families that leave the school: nothing is said to them or about them any more. What was written stays, and the step can be taken back on the same day.

Its own refusals:

    Refusal
    └── TooLateToUndo      the day is over, or it was taken back already
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, time
from typing import Any

from sqlalchemy import delete, select, update

from data.addresses import Address
from data.appointments import Appointment, AppointmentState
from data.conversation import Conversation
from data.outbox import Message, OutboxState
from data.packs import PackLoan
from data.people import Adult, Child, Guardianship, Staff
from data.setting_up import Step
from school import LONDON, School, addresses, slots, welcomes
from school.errors import NotThere, Refusal
from school.notices import withdraw

__all__ = ["Step", "TooLateToUndo", "adults_without_others", "come_back", "leave", "may_undo", "steps_of_today", "undo"]

RIGHTS = ("may_hear", "may_book", "may_be_asked", "may_collect")


class TooLateToUndo(Refusal):
    """The step was taken on an earlier day, or was taken back already."""


def adults_without_others(school: School, children: Collection[Child]) -> Sequence[Adult]:
    """The adults of these children who have no other child at the school, by name."""
    ids = [child.id for child in children]
    staying = select(Guardianship.adult_id).join(Child).where(Child.left_on.is_(None), Child.id.not_in(ids))
    theirs = select(Guardianship.adult_id).where(Guardianship.child_id.in_(ids))
    return school.session.scalars(select(Adult).where(Adult.left_on.is_(None), Adult.id.in_(theirs), Adult.id.not_in(staying)).order_by(Adult.name)).all()


def leave(school: School, children: Iterable[Child], adults: Iterable[Adult], by: Staff | None) -> Step:
    """These children and adults have left: no rights, no addresses, no appointments to come. What is booked stays called off if the step is taken back."""
    step = Step(what="left", staff_id=by.id if by else None, at=school.now, before=cut(school, children, adults))
    school.session.add(step)
    school.session.flush()
    return step


def cut(school: School, children: Iterable[Child], adults: Iterable[Adult]) -> dict[str, Any]:
    """Do what `leave` says, and give back how it was before: for `restore`."""
    going, grown = [child for child in children if child.left_on is None], [adult for adult in adults if adult.left_on is None]
    ids, grown_ids = [child.id for child in going], [adult.id for adult in grown]
    cut_off = Guardianship.child_id.in_(ids) | Guardianship.adult_id.in_(grown_ids)
    rows = school.session.scalars(select(Guardianship).where(cut_off).order_by(Guardianship.adult_id, Guardianship.child_id)).all()
    before: dict[str, Any] = {
        "children": ids,
        "adults": grown_ids,
        "rights": [[row.adult_id, row.child_id, *(getattr(row, right) for right in RIGHTS)] for row in rows],
        "addresses": [[adult.id, link.address_id, link.rank] for adult in grown for link in adult.addresses],
    }
    for row in rows:
        for right in RIGHTS:
            setattr(row, right, False)
    for child in going:
        child.left_on = school.today
    for adult in grown:
        adult.left_on = school.today
    _call_off(school, ids, grown_ids)
    _fall_silent(school, grown)
    return before


def restore(school: School, before: dict[str, Any]) -> None:
    """Put back what `cut` took away, of those who are still as it left them."""
    for child in school.session.scalars(select(Child).where(Child.id.in_(before["children"]))):
        child.left_on = None
    for grown in school.session.scalars(select(Adult).where(Adult.id.in_(before["adults"]))):
        grown.left_on = None
    for adult_id, child_id, *rights in before["rights"]:
        row = school.session.get(Guardianship, (adult_id, child_id))
        if row is not None:
            for right, is_given in zip(RIGHTS, rights, strict=True):
                setattr(row, right, is_given)
    for adult_id, address_id, rank in before["addresses"]:
        adult, address = school.session.get(Adult, adult_id), school.session.get(Address, address_id)
        if adult is not None and address is not None:
            addresses.reach(school, adult, address, rank)
    school.session.flush()


def come_back(school: School, adult: Adult) -> Sequence[Child]:
    """`adult` is at the school again, on whatever day, with the children of theirs who left, who are given back.

    Rights and numbers are given anew, and they can be welcomed again.
    """
    tied = select(Child).join(Guardianship).where(Guardianship.adult_id == adult.id, Child.left_on.is_not(None)).order_by(Child.name)
    children = school.session.scalars(tied).all()
    adult.left_on = None
    for child in children:
        child.left_on = None
    school.session.flush()
    welcomes.begin_anew(school, adult)
    return children


def at_home(school: School, adult: Adult) -> Sequence[PackLoan]:
    """The packs that this adult has at home: once they have left nobody reminds them, so someone must ask for these."""
    open_loans = (PackLoan.adult_id == adult.id, PackLoan.back_at.is_(None), PackLoan.lost_at.is_(None))
    return school.session.scalars(select(PackLoan).where(*open_loans).order_by(PackLoan.due_on, PackLoan.id)).all()


def steps_of_today(school: School, what: str) -> Sequence[Step]:
    """The steps of this kind that can still be taken back, the newest first."""
    begins = datetime.combine(school.today, time(), LONDON)
    fresh = (Step.what == what, Step.undone_at.is_(None), Step.before.is_not(None), Step.at >= begins)
    return school.session.scalars(select(Step).where(*fresh).order_by(Step.id.desc())).all()


def find(school: School, step_id: int, what: str) -> Step:
    """One step of this kind. Refuses with NotThere."""
    step = school.session.get(Step, step_id)
    if step is None or step.what != what:
        raise NotThere
    return step


def may_undo(school: School, step: Step) -> bool:
    """Whether a step was taken today and not taken back since."""
    return step.undone_at is None and step.before is not None and step.at.astimezone(LONDON).date() == school.today


def undo(school: School, step: Step) -> None:
    """Take a step back. Refuses with TooLateToUndo."""
    if not may_undo(school, step) or step.before is None:
        raise TooLateToUndo
    restore(school, step.before)
    step.undone_at = school.now


def _call_off(school: School, children: Sequence[int], adults: Sequence[int]) -> None:
    """What they had booked is free for others. Nobody is told: they have left."""
    theirs = Appointment.child_id.in_(children) | Appointment.adult_id.in_(adults)
    coming = select(Appointment).where(theirs, Appointment.state == AppointmentState.BOOKED, Appointment.starts_at > school.now)
    for appointment in school.session.scalars(coming).all():
        slots.vacate(school, appointment)
        withdraw(school, f"appointment:{appointment.id}:")
        appointment.state = AppointmentState.CANCELLED
        appointment.version += 1


def _fall_silent(school: School, adults: Sequence[Adult]) -> None:
    ids = [adult.id for adult in adults]
    queued = update(Message).where(Message.adult_id.in_(ids), Message.state.in_((OutboxState.QUEUED, OutboxState.PAUSED))).values(state=OutboxState.CANCELLED)
    school.session.execute(queued.execution_options(synchronize_session=False))
    for adult in adults:
        for link in list(adult.addresses):
            addresses.part(school, adult, link.address)
    school.session.execute(delete(Conversation).where(Conversation.thread.in_([f"a{adult_id}" for adult_id in ids])))
    school.session.flush()
