"""What staff find on their pages of packs: what goes out and comes back today, who has what, and for whom a pack can be handed out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import joinedload

from data.packs import CopyState, HoldState, HolidayPack, HolidayWish, Pack, PackCopy, PackHold, PackLoan, PackProblem, Way, WeeklyPlace
from data.people import Child, Guardianship, SchoolClass
from school import School, access, family_records, pack_loans, pack_queue, packs
from school.access import Viewer
from school.calendar import instant
from school.errors import NotThere
from school.pack_loans import Borrower
from school.pack_queue import Turn
from school.pack_rules import rules

__all__ = ["Borrower", "HolidayWish", "WeeklyPlace"]

HISTORY = 20
"""How many past loans of a pack are shown."""


@dataclass
class ClassDay:
    """What is to be done about packs in one class today. `gone` and `back` are what was done already: it can be undone."""

    school_class: SchoolClass
    bags: list[PackHold] = field(default_factory=list)
    collect: list[PackHold] = field(default_factory=list)
    gone: list[PackLoan] = field(default_factory=list)
    due: list[PackLoan] = field(default_factory=list)
    back: list[PackLoan] = field(default_factory=list)

    @property
    def is_quiet(self) -> bool:
        """Whether there is nothing to see."""
        return not (self.bags or self.collect or self.gone or self.due or self.back)


# Today


def today(school: School, who: Viewer) -> Sequence[ClassDay]:
    """Every class that is seen, with what goes out and comes back."""
    days = {each.id: ClassDay(each) for each in access.classes(school, who)}
    for hold in school.session.scalars(_holds(who).where(PackHold.state == HoldState.READY)):
        day = days[hold.child.class_id]
        (day.bags if hold.way == Way.BAG else day.collect).append(hold)
    begins = _midnight(school)
    done = or_(PackLoan.out_at >= begins, PackLoan.back_at >= begins)
    for loan in school.session.scalars(_loans(who).where(PackLoan.lost_at.is_(None), done | (PackLoan.back_at.is_(None) & (PackLoan.due_on <= school.today)))):
        if loan.child is not None:
            _sort_in(days[loan.child.class_id], loan, school.today)
    return list(days.values())


def _sort_in(day: ClassDay, loan: PackLoan, today: date) -> None:
    if loan.back_at is not None:
        day.back.append(loan)
    elif loan.due_on <= today:
        day.due.append(loan)
    else:
        day.gone.append(loan)


def _holds(who: Viewer) -> Select[PackHold]:
    rows = select(PackHold).join(Child, Child.id == PackHold.child_id).where(access.holds_seen(who)).order_by(Child.name, PackHold.id)
    return rows.options(joinedload(PackHold.child), joinedload(PackHold.adult), joinedload(PackHold.copy))


def _loans(who: Viewer) -> Select[PackLoan]:
    rows = select(PackLoan).outerjoin(Child, Child.id == PackLoan.child_id).where(access.loans_seen(who)).order_by(PackLoan.due_on, Child.name, PackLoan.id)
    return rows.options(joinedload(PackLoan.child), joinedload(PackLoan.adult), joinedload(PackLoan.copy))


def _midnight(school: School) -> datetime:
    found = instant(school.today, time(0, 0))
    assert found is not None  # no clock is changed at midnight
    return found


def is_for_staff(school: School, loan: PackLoan) -> bool:
    """Whether the family was reminded as often as the school does it: now someone asks them."""
    return pack_loans.is_open(loan) and loan.due_on < school.today and loan.reminded >= rules(school).overdue_times


def to_count(school: School, who: Viewer) -> Sequence[tuple[PackCopy, PackLoan | None]]:
    """What is back and not counted yet, with who had it last."""
    rows = select(PackCopy).where(PackCopy.state == CopyState.COUNTING, access.copies_handled(who)).order_by(PackCopy.label)
    return [(copy, last_seen(school, who, copy)) for copy in school.session.scalars(rows)]


def told(school: School, who: Viewer) -> Sequence[tuple[PackProblem, PackLoan | None]]:
    """What families say is missing or damaged, of what they have at home, with whose it is."""
    rows = select(PackProblem).join(PackLoan, PackLoan.id == PackProblem.loan_id)
    at_home = (PackLoan.back_at.is_(None), PackLoan.lost_at.is_(None))
    found = rows.where(PackProblem.told_by_family, PackProblem.mended_at.is_(None), *at_home, access.problems_seen(who)).order_by(PackProblem.id)
    return [(problem, pack_loans.loan_of(school, problem.copy)) for problem in school.session.scalars(found)]


def count_waiting(school: School, who: Viewer) -> int:
    """How much there is that only staff can settle: families to be asked for a pack, and what they told is wrong."""
    late = select(func.count()).where(
        access.loans_seen(who),
        PackLoan.back_at.is_(None),
        PackLoan.lost_at.is_(None),
        PackLoan.due_on < school.today,
        PackLoan.reminded >= rules(school).overdue_times,
    )
    return (school.session.scalar(late) or 0) + len(told(school, who))


# One copy


def last_seen(school: School, who: Viewer, copy: PackCopy) -> PackLoan | None:
    """The loan of this copy that ended last, where its family is seen."""
    last = pack_loans.last_loan(school, copy)
    return last if last is not None and sees_loan(school, who, last) else None


def sees_loan(school: School, who: Viewer, loan: PackLoan) -> bool:
    """Whether they see whose loan this is."""
    return school.session.scalar(select(PackLoan.id).where(PackLoan.id == loan.id, access.loans_seen(who))) is not None


def can_undo_back(loan: PackLoan) -> bool:
    """Whether it looks as if `undo_take_back` would be taken."""
    return loan.copy.state in (CopyState.SHELF, CopyState.COUNTING)


def note(school: School, copy: PackCopy, words: str) -> None:
    """What staff say of its condition."""
    copy.note = words[:500]
    school.session.flush()


def borrowers(school: School, who: Viewer, words: str) -> Sequence[Borrower]:
    """For whom a pack can be handed out, by a part of the child's or the adult's name: each child with each adult who is told about it."""
    if not words.strip():
        return []
    found = []
    for entry in family_records.search(school, who, words):
        hears = {tie.child_id for tie in entry.adult.guardianships if tie.may_hear}
        found += [Borrower(entry.adult, child) for child in entry.children if child.id in hears and child.left_on is None]
    return found


def borrower(school: School, who: Viewer, adult_id: int, child_id: int) -> Borrower:
    """This adult and child, who are seen and belong together. Refuses with NotThere."""
    adult, child = access.adult(school, who, adult_id), access.child(school, who, child_id)
    tie = school.session.get(Guardianship, (adult.id, child.id))
    if tie is None or not tie.may_hear or adult.left_on is not None or child.left_on is not None:
        raise NotThere
    return Borrower(adult, child)


# The catalogue and one pack


@dataclass(frozen=True)
class Stock:
    """How many copies of one pack there are to be lent, how many are on the shelf, and how many families wait."""

    copies: int = 0
    free: int = 0
    waiting: int = 0


def stock(school: School) -> Mapping[int, Stock]:
    """Of each pack."""
    copies = select(PackCopy.pack_id, PackCopy.state, func.count()).group_by(PackCopy.pack_id, PackCopy.state)
    found: dict[int, Stock] = {}
    for pack_id, state, count in school.session.execute(copies):
        before = found.get(pack_id, Stock())
        lent, free = count if state in packs.LENT else 0, count if state == CopyState.SHELF else 0
        found[pack_id] = Stock(before.copies + lent, before.free + free)
    waiting = select(PackHold.pack_id, func.count()).where(PackHold.state == HoldState.WAITING).group_by(PackHold.pack_id)
    for pack_id, count in school.session.execute(waiting):
        before = found.get(pack_id, Stock())
        found[pack_id] = Stock(before.copies, before.free, count)
    return found


def queue(school: School, who: Viewer, pack: Pack) -> Sequence[tuple[Turn, bool]]:
    """Who waits for a pack, the first first, and whether it is seen who that is."""
    seen = set(school.session.scalars(select(Child.id).where(access.children_seen(who))))
    return [(turn, who.class_ids is None or turn.child.id in seen) for turn in pack_queue.line(school, pack)]


def history(school: School, who: Viewer, pack: Pack) -> Sequence[PackLoan]:
    """The loans of a pack that are seen and over, the latest first."""
    rows = select(PackLoan).where(PackLoan.pack_id == pack.id, access.loans_seen(who), or_(PackLoan.back_at.is_not(None), PackLoan.lost_at.is_not(None)))
    return school.session.scalars(rows.order_by(PackLoan.out_at.desc(), PackLoan.id.desc()).limit(HISTORY)).all()


def known_to_whom(school: School, who: Viewer, pack: Pack) -> Mapping[int, Child]:
    """Who has each copy at home, or is to have it, by the copy's id, where that is seen."""
    loans = select(PackLoan.copy_id, PackLoan.child_id).where(
        PackLoan.pack_id == pack.id, PackLoan.back_at.is_(None), PackLoan.lost_at.is_(None), access.loans_seen(who)
    )
    held = select(PackHold.copy_id, PackHold.child_id).where(PackHold.pack_id == pack.id, PackHold.copy_id.is_not(None), access.holds_seen(who))
    ids = {copy_id: child_id for rows in (loans, held) for copy_id, child_id in school.session.execute(rows) if copy_id is not None}
    children = {child.id: child for child in school.session.scalars(select(Child).where(Child.id.in_([each for each in ids.values() if each is not None])))}
    return {copy_id: children[child_id] for copy_id, child_id in ids.items() if child_id in children}


def labels(school: School, pack: Pack | None = None) -> Sequence[PackCopy]:
    """The copies that are there to be labelled: of one pack, or of every one that is lent."""
    rows = select(PackCopy).join(Pack, Pack.id == PackCopy.pack_id).where(PackCopy.state.not_in((CopyState.LOST, CopyState.RETIRED)))
    wanted = PackCopy.pack_id == pack.id if pack is not None else Pack.is_retired.is_(False)
    return school.session.scalars(rows.where(wanted).order_by(PackCopy.label)).all()


# Who has what, and who waits


def at_home(school: School, who: Viewer, *, only_late: bool = False) -> Mapping[SchoolClass, Sequence[PackLoan]]:
    """What is at families' homes, by class; that which is due first first."""
    wanted: list[ColumnElement[bool]] = [PackLoan.back_at.is_(None), PackLoan.lost_at.is_(None)]
    if only_late:
        wanted.append(PackLoan.due_on < school.today)
    found: dict[SchoolClass, list[PackLoan]] = {}
    for loan in school.session.scalars(_loans(who).where(*wanted)):
        if loan.child is not None:
            found.setdefault(loan.child.school_class, []).append(loan)
    return dict(sorted(found.items(), key=lambda each: each[0].name))


def forgotten_at_home(school: School, who: Viewer) -> Sequence[PackLoan]:
    """What is out and whose family was forgotten: only whoever sees every family sees these."""
    if who.class_ids is not None:
        return []
    return school.session.scalars(_loans(who).where(PackLoan.back_at.is_(None), PackLoan.lost_at.is_(None), PackLoan.child_id.is_(None))).all()


def wishes(school: School, who: Viewer) -> Sequence[PackHold]:
    """Every wish that stands, of those who are seen: those with a copy set aside first, then by when they asked."""
    rows = _holds(who).where(PackHold.state.in_((HoldState.READY, HoldState.WAITING))).order_by(None)
    return school.session.scalars(rows.order_by(PackHold.state, PackHold.asked_at, PackHold.id)).all()


def weekly_places(school: School, who: Viewer) -> Sequence[WeeklyPlace]:
    """The places in the weekly loan that are seen, those who have waited longest first."""
    rows = select(WeeklyPlace).where(WeeklyPlace.ended_at.is_(None), access.weekly_places_seen(who))
    longest = func.coalesce(WeeklyPlace.served_at, WeeklyPlace.since)
    return school.session.scalars(rows.options(joinedload(WeeklyPlace.child), joinedload(WeeklyPlace.adult)).order_by(longest, WeeklyPlace.id)).all()


# Holiday packs


def holiday_wish(school: School, who: Viewer, pack: HolidayPack, adult_id: int, child_id: int) -> HolidayWish:
    """What this adult said to a holiday pack for this child. Refuses with NotThere."""
    rows = select(HolidayWish).where(HolidayWish.holiday_pack_id == pack.id, HolidayWish.adult_id == adult_id, HolidayWish.child_id == child_id)
    found = school.session.scalars(rows.where(access.holiday_wishes_seen(who))).first()
    if found is None:
        raise NotThere
    return found


def holiday_list(school: School, who: Viewer, pack: HolidayPack) -> Mapping[SchoolClass, Sequence[HolidayWish]]:
    """Who wants a holiday pack, by class and name, of those who are seen."""
    rows = select(HolidayWish).join(Child, Child.id == HolidayWish.child_id).where(HolidayWish.holiday_pack_id == pack.id, HolidayWish.is_wanted)
    found: dict[SchoolClass, list[HolidayWish]] = {}
    for wish in school.session.scalars(rows.where(access.holiday_wishes_seen(who)).order_by(Child.name, HolidayWish.adult_id)):
        found.setdefault(wish.child.school_class, []).append(wish)
    return dict(sorted(found.items(), key=lambda each: each[0].name))
