"""What goes home and comes back: handing out, taking back, counting, renewing, and what is damaged, missing or lost.

Its own refusals:

    Refusal
    ├── NotHere          the copy is not here to be handed out: who has it is told
    ├── NotOut           the copy is not at a family's home: nothing to take back
    ├── NoRoom           the family, or the child, has as many packs as the school allows
    ├── SomeoneWaits     another family waits for the pack
    ├── TooOften         the loan was renewed as often as the school allows
    └── Over             the loan is over, or what was done cannot be taken back any more
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select

from data.packs import CopyState, HoldState, PackCopy, PackHold, PackItem, PackLoan, PackProblem, ProblemKind, Way
from data.people import Adult, Child, Staff
from school import School, pack_queue, packs
from school.errors import Refusal
from school.families import require
from school.notices import tell, withdraw
from school.pack_rules import due_day, lock, rules

__all__ = ["PackLoan", "PackProblem", "ProblemKind"]

TAKE_BACK_A_SLIP = timedelta(minutes=5)
"""How long a family is not told what was handed out: a slip of the finger can be undone unseen."""


@dataclass
class NotHere(Refusal):
    """This copy is in that `state`; `loan` is whose, where it is out."""

    state: CopyState
    loan: PackLoan | None = None


@dataclass
class NotOut(Refusal):
    """This copy is at nobody's home: it is in that `state`; `last` is the loan that ended last."""

    state: CopyState
    last: PackLoan | None = None


class NoRoom(Refusal):
    """The family, or the child, has as many packs as the school allows."""


class SomeoneWaits(Refusal):
    """Another family waits for the pack."""


@dataclass
class TooOften(Refusal):
    """The loan was renewed `most` times."""

    most: int


class Over(Refusal):
    """The loan is over, or what was done cannot be taken back any more."""


@dataclass(frozen=True)
class Borrower:
    """Who takes a pack home at the desk: a child, and the adult who answers for it."""

    adult: Adult
    child: Child


def loan_of(school: School, copy: PackCopy) -> PackLoan | None:
    """The open loan of this copy."""
    rows = select(PackLoan).where(PackLoan.copy_id == copy.id, PackLoan.back_at.is_(None), PackLoan.lost_at.is_(None))
    return school.session.scalars(rows).first()


def last_loan(school: School, copy: PackCopy) -> PackLoan | None:
    """The loan of this copy that ended last."""
    rows = select(PackLoan).where(PackLoan.copy_id == copy.id, PackLoan.back_at.is_not(None)).order_by(PackLoan.back_at.desc()).limit(1)
    return school.session.scalars(rows).first()


def hold_of(school: School, copy: PackCopy) -> PackHold | None:
    """For whom this copy is set aside."""
    return school.session.scalars(select(PackHold).where(PackHold.copy_id == copy.id)).first()


# Out


def hand_out(school: School, copy: PackCopy, by: Staff | None, to: Borrower | None = None, *, beyond: bool = False) -> PackLoan:
    """It goes home: to whom it is set aside for, or from the shelf to `to`; the family is told when it is due back.

    Staff may go `beyond` what a family is allowed. Refuses with NotHere, NotYourChild or NoRoom.
    """
    lock(school)
    hold = hold_of(school, copy)
    if hold is not None and copy.state == CopyState.KEPT and (to is None or to.adult.id == hold.adult_id):
        who, way = Borrower(hold.adult, hold.child), Way(hold.way)
    elif to is not None and copy.state == CopyState.SHELF:
        hold, who, way = _at_the_desk(school, copy, to, beyond=beyond), to, Way.COLLECT
    else:
        raise NotHere(CopyState(copy.state), loan_of(school, copy))
    loan = PackLoan(
        copy_id=copy.id,
        pack_id=copy.pack_id,
        adult_id=who.adult.id,
        child_id=who.child.id,
        language=who.adult.language,
        class_name=who.child.school_class.name,
        way=way,
        is_weekly=hold is not None and hold.is_weekly,
        waited_since=hold.asked_at if hold is not None else None,
        out_at=school.now,
        due_on=due_day(school, school.today),
        handed_by_id=by.id if by is not None else None,
    )
    if hold is not None:
        pack_queue.end(school, hold, HoldState.TAKEN)
    copy.state = CopyState.OUT
    school.session.add(loan)
    school.session.flush()
    tell(school, who.adult, "pack_out", {"loan": loan.id}, key=f"{key(loan)}:out", not_before=school.now + TAKE_BACK_A_SLIP)
    return loan


def _at_the_desk(school: School, copy: PackCopy, to: Borrower, *, beyond: bool) -> PackHold | None:
    """What a family waits for that stands at the desk and may have this copy: their wish for it, if they had any."""
    require(school, to.adult, to.child, "hear")
    if not beyond and not pack_queue.has_room(school, to.adult, to.child):
        raise NoRoom
    theirs = next((hold for hold in packs.holds(school, to.adult) if hold.pack_id == copy.pack_id), None)
    if theirs is not None and not packs.waits(theirs):
        raise NotHere(CopyState(copy.state))  # another copy is set aside for them: that one is theirs
    return theirs


def undo_hand_out(school: School, loan: PackLoan) -> None:
    """It did not go home after all: it is set aside for them as before, or stands on the shelf if they had not asked for it.

    Refuses with Over once it is back, or on another day.
    """
    lock(school)
    if not is_open(loan) or _day(school, loan.out_at) != school.today or loan.adult is None:
        raise Over
    rows = select(PackHold).where(PackHold.pack_id == loan.pack_id, PackHold.adult_id == loan.adult_id, PackHold.state == HoldState.TAKEN)
    hold = school.session.scalars(rows.where(PackHold.ended_at == loan.out_at)).first()
    withdraw(school, f"{key(loan)}:")
    copy, adult = loan.copy, loan.adult
    school.session.delete(loan)
    school.session.flush()
    if hold is not None:
        hold.ended_at = None
        pack_queue.set_aside(school, hold, copy)
        return
    copy.state = CopyState.SHELF
    school.session.flush()
    pack_queue.pass_on(school, copy.pack)
    pack_queue.serve(school, adult)


# Back


def take_back(school: School, copy: PackCopy, by: Staff | None, *, counted: bool = False) -> PackLoan:
    """It is back: `counted` if all is there, so that the next may have it; else its pieces are counted later. Refuses with NotOut."""
    lock(school)
    loan = loan_of(school, copy)
    if loan is None or copy.state != CopyState.OUT:
        raise NotOut(CopyState(copy.state), last_loan(school, copy))
    loan.back_at, loan.taken_by_id = school.now, by.id if by is not None else None
    withdraw(school, f"{key(loan)}:")
    copy.state = CopyState.SHELF if counted else CopyState.COUNTING
    school.session.flush()
    if counted:
        pack_queue.pass_on(school, copy.pack)
    if loan.adult is not None:
        pack_queue.serve(school, loan.adult)
    return loan


def undo_take_back(school: School, copy: PackCopy) -> PackLoan:
    """It is not back after all. Refuses with Over on another day, or once it is set aside for the next family, which may have been told."""
    lock(school)
    loan = last_loan(school, copy)
    is_here = copy.state in (CopyState.COUNTING, CopyState.SHELF)
    if loan is None or loan.back_at is None or not is_here or _day(school, loan.back_at) != school.today:
        raise Over
    loan.back_at, loan.taken_by_id = None, None
    copy.state = CopyState.OUT
    school.session.flush()
    return loan


def count(school: School, copy: PackCopy, found: Mapping[PackItem, ProblemKind], *, to_repair: bool = False) -> None:
    """Its pieces were counted: what is missing or damaged is written down; then it is lent again, or goes `to_repair`. Refuses with NotOut in another state.

    What was told to be missing, and is there, is settled.
    """
    lock(school)
    if copy.state != CopyState.COUNTING:
        raise NotOut(CopyState(copy.state), last_loan(school, copy))
    known = {problem.item_id: problem for problem in problems(school, copy)}
    loan = last_loan(school, copy)
    for item, kind in found.items():
        if item.id in known:
            known[item.id].kind = kind
        else:
            _write_down(school, copy, loan, item, kind, told_by_family=False)
    for item_id, problem in known.items():
        # That all of it is damaged is for staff to settle: no count of pieces does.
        if (item_id is not None or problem.kind == ProblemKind.MISSING) and item_id not in {item.id for item in found}:
            problem.mended_at = school.now
    copy.state = CopyState.REPAIR if to_repair else CopyState.SHELF
    school.session.flush()
    pack_queue.pass_on(school, copy.pack)


# What is wrong with it


def problems(school: School, copy: PackCopy) -> Sequence[PackProblem]:
    """What is missing or damaged in this copy now."""
    rows = select(PackProblem).where(PackProblem.copy_id == copy.id, PackProblem.mended_at.is_(None))
    return school.session.scalars(rows.order_by(PackProblem.id)).all()


def tell_problem(school: School, loan: PackLoan, item: PackItem | None, kind: ProblemKind) -> PackProblem:
    """A family says that something is missing or damaged; None for the whole pack. Said twice it is one. It stays theirs until staff say otherwise."""
    same = [problem for problem in problems(school, loan.copy) if problem.item_id == (item.id if item is not None else None)]
    if same:
        same[0].kind = kind
        return same[0]
    return _write_down(school, loan.copy, loan, item, kind, told_by_family=True)


def _write_down(school: School, copy: PackCopy, loan: PackLoan | None, item: PackItem | None, kind: ProblemKind, *, told_by_family: bool) -> PackProblem:
    problem = PackProblem(
        copy_id=copy.id,
        loan_id=loan.id if loan is not None else None,
        item_id=item.id if item is not None else None,
        kind=kind,
        told_by_family=told_by_family,
        told_at=school.now,
    )
    school.session.add(problem)
    school.session.flush()
    return problem


def mend(school: School, problem: PackProblem) -> None:
    """It was found, replaced or repaired."""
    problem.mended_at = problem.mended_at or school.now
    school.session.flush()


def to_repair(school: School, copy: PackCopy) -> None:
    """It is here and not lent until it is repaired: whoever it was set aside for waits again, first in the queue. Refuses with NotOut if it is not here."""
    _set_apart(school, copy, CopyState.REPAIR)


def retire_copy(school: School, copy: PackCopy) -> None:
    """This copy is lent no more. Refuses with NotOut if it is not here."""
    _set_apart(school, copy, CopyState.RETIRED)


def _set_apart(school: School, copy: PackCopy, state: CopyState) -> None:
    lock(school)
    if copy.state == CopyState.OUT:
        raise NotOut(CopyState(copy.state))
    hold = hold_of(school, copy)
    if hold is not None:
        pack_queue.wait_again(school, hold)
    copy.state = state
    school.session.flush()
    pack_queue.pass_on(school, copy.pack)
    if hold is not None:
        pack_queue.serve(school, hold.adult)


def repaired(school: School, copy: PackCopy) -> None:
    """It can be lent again: it was repaired, found, or was to be lent no more. What was wrong with the whole of it is settled.

    Refuses with NotOut in another state.
    """
    lock(school)
    if copy.state not in (CopyState.REPAIR, CopyState.LOST, CopyState.RETIRED):
        raise NotOut(CopyState(copy.state), last_loan(school, copy))
    for problem in problems(school, copy):
        if problem.item_id is None:
            mend(school, problem)
    copy.state = CopyState.SHELF
    school.session.flush()
    pack_queue.pass_on(school, copy.pack)


def lose(school: School, copy: PackCopy) -> None:
    """It is lost: whoever had it owes it no more, and is not reminded. Refuses with NotOut where nobody had it."""
    lock(school)
    loan = loan_of(school, copy)
    if loan is None:
        raise NotOut(CopyState(copy.state), last_loan(school, copy))
    loan.lost_at, copy.state = school.now, CopyState.LOST
    withdraw(school, f"{key(loan)}:")
    school.session.flush()
    if loan.adult is not None:
        pack_queue.serve(school, loan.adult)


# Longer


def renew(school: School, loan: PackLoan, *, staff: bool = False) -> date:
    """They may keep it as long again, from the day it is due, or from today where that has passed: the new day.

    Refuses with Over; and with SomeoneWaits or TooOften, unless `staff` allow it.
    """
    lock(school)
    if not is_open(loan):
        raise Over
    if not staff:
        _require_renewable(school, loan)
    loan.due_on = due_day(school, max(loan.due_on, school.today))
    loan.renewals, loan.reminded, loan.reminded_on, loan.said_back_on = loan.renewals + 1, 0, None, None
    school.session.flush()
    return loan.due_on


def may_renew(school: School, loan: PackLoan) -> bool:
    """Whether the family may keep it longer, as things are now."""
    try:
        _require_renewable(school, loan)
    except (SomeoneWaits, TooOften):
        return False
    return True


def _require_renewable(school: School, loan: PackLoan) -> None:
    if any(turn.adult.id != loan.adult_id for turn in pack_queue.line(school, loan.pack)):
        raise SomeoneWaits
    most = rules(school).renewals
    if loan.renewals >= most:
        raise TooOften(most)


def _day(school: School, moment: datetime) -> date:
    """The day that it was at school."""
    return moment.astimezone(school.clock.tzinfo).date()


def coming_back(school: School, loan: PackLoan) -> None:
    """The family says that it is on its way: they are not reminded for a while."""
    loan.said_back_on = school.today
    school.session.flush()


def is_open(loan: PackLoan) -> bool:
    """Whether it is at their home."""
    return loan.back_at is None and loan.lost_at is None


def find(school: School, loan_id: int) -> PackLoan | None:
    """One loan, by its id."""
    return school.session.get(PackLoan, loan_id)


def key(loan: PackLoan) -> str:
    """How the key of every notice about it begins."""
    return f"pack:loan:{loan.id}"
