"""Who gets a copy: a family asks for a pack, waits its turn, has a copy set aside, and gives it up or lets it lapse.

A copy that is free goes at once to whoever has waited longest for it: those who asked for that pack, and those in the weekly loan who went without on the last
bag day. Whoever has as many as the school allows is passed over and keeps their place. `docs/packs.md` explains it.

Its own refusals:

    Refusal
    ├── NotLent          the pack is lent no more
    ├── HasIt            this family has that pack at home
    ├── Waits            this family waits for that pack already, or has a copy set aside
    ├── TooManyHolds     this family waits for as many packs as the school allows
    └── Ended            that hold is over
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from statistics import median

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, aliased, joinedload

from data.packs import OPEN_HOLDS, CopyState, HoldState, Pack, PackCopy, PackHold, PackLoan, Way, WeeklyPlace
from data.people import Adult, Child, Guardianship
from school import School, packs
from school.calendar import calendar, instant
from school.errors import Refusal
from school.families import require
from school.notices import tell, withdraw
from school.pack_rules import SOON, PackRules, lock, next_bag_day, rules

__all__ = ["HoldState", "PackHold", "Way"]

END_OF_DAY = time(23, 59)
KNOWN = 5
"""Loans from which it can be told how long they last in truth."""
LATELY = 30
"""Loans that are looked at for that."""


class NotLent(Refusal):
    """The pack is lent no more, or there is no copy of it."""


@dataclass
class HasIt(Refusal):
    """This family has that pack at home."""

    loan: PackLoan


@dataclass
class Waits(Refusal):
    """This family waits for that pack already, or has a copy set aside."""

    hold: PackHold


@dataclass
class TooManyHolds(Refusal):
    """This family waits for `most` packs already: more it may not."""

    most: int


class Ended(Refusal):
    """That hold is over: it was taken, given up, or let lapse."""


# A family asks


def reserve(school: School, pack: Pack, child: Child, adult: Adult, way: Way = Way.BAG, *, staff: bool = False) -> PackHold:
    """Ask for a pack, for a child: `ready` at once where a copy is free for them, else in the queue.

    Refuses with NotYourChild, NotLent, HasIt, Waits or TooManyHolds; the last not where `staff` ask for them.
    """
    require(school, adult, child, "hear")
    lock(school)
    if pack.is_retired or not any(copy.state in packs.LENT for copy in pack.copies):
        raise NotLent
    for loan in packs.at_home(school, adult):
        if loan.pack_id == pack.id:
            raise HasIt(loan)
    theirs = packs.holds(school, adult)
    for hold in theirs:
        if hold.pack_id == pack.id:
            raise Waits(hold)
    most = rules(school).holds
    if not staff and sum(packs.waits(hold) for hold in theirs) >= most:
        raise TooManyHolds(most)
    made = PackHold(pack_id=pack.id, adult_id=adult.id, child_id=child.id, asked_at=school.now, way=way, state=HoldState.WAITING)
    school.session.add(made)
    school.session.flush()
    pass_on(school, pack, silently=made)
    return made


def find(school: School, hold_id: int) -> PackHold | None:
    """One hold, by its id."""
    return school.session.get(PackHold, hold_id)


def give_up(school: School, hold: PackHold, state: HoldState = HoldState.GIVEN_UP) -> None:
    """They do not want it any more: a copy that was set aside goes to the next. Refuses with Ended."""
    lock(school)
    if hold.state not in OPEN_HOLDS:
        raise Ended
    copy = hold.copy
    end(school, hold, state)
    if copy is not None:
        copy.state = CopyState.SHELF
        school.session.flush()
        pass_on(school, hold.pack)
    serve(school, hold.adult)


def end(school: School, hold: PackHold, state: HoldState) -> None:
    """This hold is over; what was to be said of it is not said any more."""
    hold.state, hold.copy_id, hold.ended_at = state, None, school.now
    withdraw(school, f"{key(hold)}:")
    school.session.flush()
    school.session.expire(hold, ["copy"])


def key(hold: PackHold) -> str:
    """How the key of every notice about it begins."""
    return f"pack:hold:{hold.id}"


# The queue


@dataclass(frozen=True)
class Turn:
    """Someone who waits: `since` when, for one named pack (`hold`) or for any (`place` in the weekly loan)."""

    since: datetime
    adult: Adult
    child: Child
    hold: PackHold | None = None
    place: WeeklyPlace | None = None


def line(school: School, pack: Pack) -> Sequence[Turn]:
    """Who waits for a copy of this pack, the first first; those too who have as many as they may, and are passed over till they bring one back."""
    rows = select(PackHold).where(PackHold.pack_id == pack.id, PackHold.state == HoldState.WAITING).order_by(PackHold.asked_at, PackHold.id)
    holds = school.session.scalars(rows.options(joinedload(PackHold.adult), joinedload(PackHold.child)))
    missed = select(WeeklyPlace).where(*_missed(pack.id)).options(joinedload(WeeklyPlace.adult), joinedload(WeeklyPlace.child)).order_by(WeeklyPlace.id)
    named = [Turn(hold.asked_at, hold.adult, hold.child, hold=hold) for hold in holds]
    weekly = [Turn(place.served_at or place.since, place.adult, place.child, place=place) for place in school.session.scalars(missed)]
    turns = sorted([*named, *weekly], key=lambda turn: turn.since)
    if not rules(school).first_loan_first:
        return turns
    had_one = set(school.session.scalars(select(PackLoan.adult_id).where(PackLoan.adult_id.in_([turn.adult.id for turn in turns]))))
    return sorted(turns, key=lambda turn: turn.adult.id in had_one)


def _missed(pack_id: int | InstrumentedAttribute[int]) -> Sequence[ColumnElement[bool]]:
    """Which places are those of children who went without on the last bag day, and for whom this would be a new pack."""
    had_or_has = exists().where(
        PackLoan.pack_id == pack_id,
        PackLoan.adult_id == WeeklyPlace.adult_id,
        or_(PackLoan.child_id == WeeklyPlace.child_id, and_(PackLoan.back_at.is_(None), PackLoan.lost_at.is_(None))),
    )
    awaits = exists().where(PackHold.pack_id == pack_id, PackHold.adult_id == WeeklyPlace.adult_id, PackHold.state.in_(OPEN_HOLDS))
    # Of two queries around them SQLAlchemy would by itself tie them to the inner one alone, and any pack would do.
    had_or_has, awaits = (each.correlate(Pack, WeeklyPlace) for each in (had_or_has, awaits))
    return WeeklyPlace.ended_at.is_(None), WeeklyPlace.missed_on.is_not(None), ~had_or_has, ~awaits


def pass_on(school: School, pack: Pack, *, silently: PackHold | None = None) -> None:
    """Set the copies on the shelf aside for those whose turn it is, and tell them; not of `silently`, whose family is being answered."""
    if pack.is_retired:
        return
    free = school.session.scalars(select(PackCopy).where(PackCopy.pack_id == pack.id, PackCopy.state == CopyState.SHELF).order_by(PackCopy.label)).all()
    for copy in free:
        turns = line(school, pack)
        allowed, has = rules(school), _has(school, {turn.adult.id for turn in turns})
        turn = next((turn for turn in turns if _fits(allowed, has, turn.adult, turn.child)), None)
        if turn is None:
            return
        if turn.place is not None:
            hold = weekly_hold(school, pack, turn.place)
        else:
            assert turn.hold is not None  # it is one or the other
            hold = turn.hold
        set_aside(school, hold, copy)
        if hold is not silently and not hold.is_weekly:
            _tell_ready(school, hold)


def weekly_hold(school: School, pack: Pack, place: WeeklyPlace) -> PackHold:
    """A wish for this pack that comes of the weekly loan; the place has had its turn."""
    asked_at = place.served_at or place.since
    hold = PackHold(pack_id=pack.id, adult_id=place.adult_id, child_id=place.child_id, asked_at=asked_at, way=Way.BAG, is_weekly=True, state=HoldState.WAITING)
    school.session.add(hold)
    place.served_at, place.missed_on = school.now, None
    school.session.flush()
    return hold


def wait_again(school: School, hold: PackHold) -> None:
    """The copy that was set aside for them cannot be lent: they wait again, in the place that they had. In the weekly loan they wait for any other."""
    if not hold.is_weekly:
        hold.state, hold.copy_id, hold.ready_at, hold.keep_until = HoldState.WAITING, None, None, None
        withdraw(school, f"{key(hold)}:")
        school.session.flush()
        school.session.expire(hold, ["copy"])
        tell(school, hold.adult, "pack_not_yet", {"hold": hold.id}, key=f"{key(hold)}:not_yet:{int(school.now.timestamp())}")
        return
    end(school, hold, HoldState.GONE)
    rows = select(WeeklyPlace).where(WeeklyPlace.adult_id == hold.adult_id, WeeklyPlace.child_id == hold.child_id, WeeklyPlace.ended_at.is_(None))
    place = school.session.scalars(rows).first()
    if place is not None:
        place.served_at, place.missed_on = hold.asked_at, school.today
        school.session.flush()


def set_aside(school: School, hold: PackHold, copy: PackCopy) -> None:
    """This copy is kept for this hold: until it is given out in the bag, or for the days in which it may be collected."""
    copy.state = CopyState.KEPT
    hold.state, hold.copy_id, hold.ready_at = HoldState.READY, copy.id, school.now
    hold.keep_until = keep_until(school) if hold.way == Way.COLLECT else None
    school.session.flush()


def _tell_ready(school: School, hold: PackHold) -> None:
    # Who had to wait again is told again: each time it is another copy, or another last day.
    since = int(hold.ready_at.timestamp()) if hold.ready_at is not None else 0
    tell(school, hold.adult, "pack_ready", {"hold": hold.id}, key=f"{key(hold)}:ready:{since}", useless_after=hold.keep_until)


def keep_until(school: School) -> datetime:
    """Until when a copy that is set aside now may be collected: the end of the last of so many school days after today."""
    days = calendar(school).school_days_between(school.today + timedelta(days=1), school.today + SOON)
    last = school.today
    for _ in range(rules(school).pick_up_days):
        last = next(days, last + timedelta(days=1))
    moment = instant(last, END_OF_DAY)
    assert moment is not None  # no clock is changed before midnight
    return moment


def has_room(school: School, adult: Adult, child: Child) -> bool:
    """Whether this family, and this child, may have one more: what is at home counts, and what is set aside."""
    return _fits(rules(school), _has(school, [adult.id]), adult, child)


def _has(school: School, adults: Collection[int]) -> Counter[tuple[int, int | None]]:
    """How many packs these adults have at home or set aside, by adult and child."""
    loans = select(PackLoan.adult_id, PackLoan.child_id).where(PackLoan.adult_id.in_(adults), PackLoan.back_at.is_(None), PackLoan.lost_at.is_(None))
    ready = select(PackHold.adult_id, PackHold.child_id).where(PackHold.adult_id.in_(adults), PackHold.state == HoldState.READY)
    return Counter((adult_id, child_id) for rows in (loans, ready) for adult_id, child_id in school.session.execute(rows) if adult_id is not None)


def _fits(allowed: PackRules, has: Counter[tuple[int, int | None]], adult: Adult, child: Child) -> bool:
    theirs = sum(count for (adult_id, _), count in has.items() if adult_id == adult.id)
    return theirs < allowed.per_family and has[adult.id, child.id] < allowed.per_child


def serve(school: School, adult: Adult) -> None:
    """They have room again: what they waited for and is on the shelf is theirs, if it is their turn."""
    for pack_id in _free_and_wanted(school, adult):
        pass_on(school, packs.find(school, pack_id))


def _free_and_wanted(school: School, adult: Adult | None = None) -> Sequence[int]:
    """The packs of which a copy is on the shelf while someone waits who has room, or this adult does."""
    free = exists().where(PackCopy.pack_id == Pack.id, PackCopy.state == CopyState.SHELF)
    named = [PackHold.pack_id == Pack.id, PackHold.state == HoldState.WAITING, *_room(school, PackHold.adult_id, PackHold.child_id)]
    weekly = [*_missed(Pack.id), *_room(school, WeeklyPlace.adult_id, WeeklyPlace.child_id)]
    if adult is not None:
        named.append(PackHold.adult_id == adult.id)
        weekly.append(WeeklyPlace.adult_id == adult.id)
    wanted = or_(exists().where(*named), exists().where(*weekly))
    return school.session.scalars(select(Pack.id).where(Pack.is_retired.is_(False), free, wanted).order_by(Pack.id)).all()


def _room(school: School, adult_id: InstrumentedAttribute[int], child_id: InstrumentedAttribute[int]) -> Sequence[ColumnElement[bool]]:
    """What `has_room` says, as the database can tell it of many at once."""
    allowed, ready = rules(school), aliased(PackHold)
    loans = select(func.count(PackLoan.id)).where(PackLoan.adult_id == adult_id, PackLoan.back_at.is_(None), PackLoan.lost_at.is_(None))
    holds = select(func.count(ready.id)).where(ready.adult_id == adult_id, ready.state == HoldState.READY)
    of_child = loans.where(PackLoan.child_id == child_id).scalar_subquery() + holds.where(ready.child_id == child_id).scalar_subquery()
    return loans.scalar_subquery() + holds.scalar_subquery() < allowed.per_family, of_child < allowed.per_child


# When it will be


def turn_of(school: School, hold: PackHold) -> int:
    """Their place in the queue, 1 the next, while they wait."""
    turns = [turn.hold for turn in line(school, hold.pack)]
    return turns.index(hold) + 1


def expected(school: School, pack: Pack, hold: PackHold | None = None) -> date | None:
    """When a copy should be there for this hold, or for someone who asks now; None where nobody can say.

    Each copy is expected when it is due, or tomorrow if it is late, and after that again as often as loans last: as the rules say, or longer where they lasted
    longer lately. Who has as many as they may is expected to bring one back first. Loans may be renewed only while nobody waits, so that this can come later,
    but not because of whoever asks after.
    """
    ahead = turn_of(school, hold) - 1 if hold is not None else len(line(school, pack))
    lasts = timedelta(days=_lasts(school))
    free = [*_free_on(school, pack, lasts)]
    heapq.heapify(free)
    for _ in range(ahead):
        if free:
            heapq.heapreplace(free, free[0] + lasts)
    if not free:
        return None
    has_room_on = free[0]
    if hold is not None and not has_room(school, hold.adult, hold.child):
        has_room_on = min((loan.due_on for loan in packs.at_home(school, hold.adult)), default=has_room_on)
    return next_bag_day(school, max(free[0], has_room_on))


def _free_on(school: School, pack: Pack, lasts: timedelta) -> Iterator[date]:
    """The day on which each copy that is lent is free again."""
    tomorrow = school.today + timedelta(days=1)
    loans = select(PackLoan.copy_id, PackLoan.due_on).where(PackLoan.pack_id == pack.id, PackLoan.back_at.is_(None), PackLoan.lost_at.is_(None))
    due = dict(school.session.execute(loans).all())
    for copy in pack.copies:
        if copy.state == CopyState.OUT:
            yield max(due.get(copy.id, tomorrow), tomorrow)
        elif copy.state == CopyState.KEPT:
            yield next_bag_day(school, school.today) + lasts
        elif copy.state in packs.LENT:
            yield tomorrow


def _lasts(school: School) -> int:
    """Days from one loan of a copy to the next."""
    out = select(PackLoan.out_at, PackLoan.back_at).where(PackLoan.back_at.is_not(None)).order_by(PackLoan.back_at.desc()).limit(LATELY)
    days = [(back - start).days for start, back in school.session.execute(out) if back is not None]
    return max(rules(school).loan_days, round(median(days)) if len(days) >= KNOWN else 0) + 1


# By the clock


def let_lapse(school: School) -> None:
    """Copies that were not collected in their time: whoever had one is told, and the next has it."""
    rows = select(PackHold).where(PackHold.state == HoldState.READY, PackHold.keep_until <= school.now).order_by(PackHold.keep_until, PackHold.id)
    for hold in _still(school, rows):
        give_up(school, hold, HoldState.LAPSED)
        tell(school, hold.adult, "pack_lapsed", {"hold": hold.id}, key=f"pack:lapsed:{hold.id}")


def drop_gone(school: School) -> None:
    """Holds of packs that are retired, and of families that left or may hear of the child no more: those who are here are told, the rest end in silence."""
    rows = select(PackHold).join(Pack).where(PackHold.state.in_(OPEN_HOLDS), Pack.is_retired | ~may_borrow(PackHold.adult_id, PackHold.child_id))
    # Who waits comes first: what was set aside for one who left is not passed on to another who did.
    for hold in _still(school, rows.order_by(PackHold.state.desc(), PackHold.id)):
        give_up(school, hold, HoldState.GONE)
        if school.session.scalar(select(may_borrow(hold.adult_id, hold.child_id))):
            tell(school, hold.adult, "pack_gone", {"hold": hold.id}, key=f"pack:gone:{hold.id}")


def may_borrow(adult_id: int | InstrumentedAttribute[int], child_id: int | InstrumentedAttribute[int]) -> ColumnElement[bool]:
    """Whether both are at the school, and this adult may hear of this child: whoever may not has no pack for it."""
    return exists().where(
        Guardianship.adult_id == adult_id,
        Guardianship.child_id == child_id,
        Guardianship.may_hear,
        Adult.id == Guardianship.adult_id,
        Adult.left_on.is_(None),
        Child.id == Guardianship.child_id,
        Child.left_on.is_(None),
    )


def _still(school: School, rows: Select[PackHold]) -> Sequence[PackHold]:
    """These holds, if there are any, for this transaction alone: what was handed out or given up a moment ago is not among them."""
    if school.session.scalars(rows.limit(1)).first() is None:
        return ()
    lock(school)
    return school.session.scalars(rows).all()


def pass_on_what_is_free(school: School) -> None:
    """Copies on the shelf for which someone waits and has room by now: the rules were changed, there are more copies, or a family has room."""
    if _free_and_wanted(school):
        lock(school)
        for pack_id in _free_and_wanted(school):
            pass_on(school, packs.find(school, pack_id))
