"""The weekly loan: a pack that is new to the child every week, for families that signed up. `allocate` says who gets which; `docs/packs.md` explains it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from sqlalchemy import func, select

from data.packs import OPEN_HOLDS, CopyState, HoldState, Pack, PackCopy, PackHold, PackLoan, WeeklyPlace
from data.people import Adult, Child
from school import School, pack_queue, packs
from school.families import require
from school.pack_rules import filled_on, is_bag_day, lock, rules

__all__ = ["WeeklyPlace"]

NEVER = datetime.min.replace(tzinfo=UTC)
"""Earlier than any loan."""


@dataclass(frozen=True, eq=False)
class Wish:
    """One child in the weekly loan: waiting `since` it got something last, or signed up. `had` says when the child had each pack last.

    What the family has at home, or has asked for by its name, is in `not_these`.
    """

    place: int
    family: int
    since: datetime
    had: Mapping[int, datetime] = field(default_factory=dict)
    not_these: Collection[int] = ()


def allocate(wishes: Sequence[Wish], free: Mapping[int, int], room: Mapping[int, int]) -> Mapping[int, int]:
    """Which pack each child gets this week: pack by place, for those who get one.

    `free` is how many copies of each pack there are to give, those that should go first first; `room` how many packs each family may still have.

    Whoever has waited longest comes first, and what they get is not taken from them for those after: a new pack where there can be one, else one that they had,
    else none. But which one may change: packs are exchanged where that lets the next child have a new one, or any (an augmenting path of a maximum flow; the
    family stands between child and pack, since two of its children do not get the same). So no other way to give them would serve the order better. A child
    that gets a pack again gets, of those that nobody needs to give up for it, the one that it had longest ago.
    """
    giving = _Giving(free)
    left = dict(room)
    for wish in sorted(wishes, key=lambda each: (each.since, each.place)):
        if left.get(wish.family, 0) > 0 and (giving.give(wish, is_new=True) or giving.give(wish, is_new=False)):
            left[wish.family] -= 1
    return {wish.place: pack for pack, holders in giving.holders.items() for wish in holders}


class _Giving:
    """Who holds what so far, and how one more is given something."""

    def __init__(self, free: Mapping[int, int]) -> None:
        self._free = free
        self.holders: dict[int, list[Wish]] = {pack: [] for pack, copies in free.items() if copies > 0}

    def give(self, wish: Wish, *, is_new: bool) -> bool:
        """Give them a pack, one that they never had if it must be new; False, and nothing is changed, where no exchange frees one."""
        return self._give(wish, is_new, set(), set())

    def _give(self, wish: Wish, is_new: bool, moved: set[int], tried: set[tuple[int, int]]) -> bool:
        """`moved` are the places, and `tried` the packs by family, that were looked at already: to come back to them helps nobody."""
        moved.add(wish.place)
        theirs = sorted((pack for pack in self.holders if self._may_have(wish, pack, is_new)), key=lambda pack: wish.had.get(pack, NEVER))
        for pack in theirs:
            if len(self.holders[pack]) < self._free[pack] and self._of_family(wish, pack) is None:
                self.holders[pack].append(wish)
                return True
        for pack in theirs:
            if (wish.family, pack) in tried:
                continue
            tried.add((wish.family, pack))
            same_family = self._of_family(wish, pack)
            for other in list(self.holders[pack]) if same_family is None else [same_family]:
                # Whoever has a new one is not left with an old one.
                if other.place not in moved and self._give(other, pack not in other.had, moved, tried):
                    self.holders[pack].remove(other)
                    self.holders[pack].append(wish)
                    return True
        return False

    def _may_have(self, wish: Wish, pack: int, is_new: bool) -> bool:
        return pack not in wish.not_these and not (is_new and pack in wish.had) and wish not in self.holders[pack]

    def _of_family(self, wish: Wish, pack: int) -> Wish | None:
        """Who of the same family holds this pack: no family gets one twice."""
        return next((other for other in self.holders[pack] if other.family == wish.family), None)


# Signing up


def join(school: School, child: Child, adult: Adult) -> WeeklyPlace:
    """Sign a child up; who is signed up stays as they are. Refuses with NotYourChild."""
    require(school, adult, child, "hear")
    lock(school)
    found = place_of(school, child, adult)
    if found is not None:
        return found
    made = WeeklyPlace(adult_id=adult.id, child_id=child.id, since=school.now)
    school.session.add(made)
    school.session.flush()
    return made


def leave(school: School, place: WeeklyPlace) -> None:
    """They want none every week any more; a pack that is set aside for them by it goes to the next."""
    place.ended_at = place.ended_at or school.now
    school.session.flush()
    for hold in packs.holds(school, place.adult):
        if hold.is_weekly and hold.child_id == place.child_id:
            pack_queue.give_up(school, hold)


def place_of(school: School, child: Child, adult: Adult) -> WeeklyPlace | None:
    """Their place, where they have one."""
    rows = select(WeeklyPlace).where(WeeklyPlace.child_id == child.id, WeeklyPlace.adult_id == adult.id, WeeklyPlace.ended_at.is_(None))
    return school.session.scalars(rows).first()


def places_of(school: School, adult: Adult) -> Sequence[WeeklyPlace]:
    """The places of this adult's children."""
    rows = select(WeeklyPlace).join(Child).where(WeeklyPlace.adult_id == adult.id, WeeklyPlace.ended_at.is_(None))
    return school.session.scalars(rows.order_by(Child.name)).all()


def places(school: School) -> Sequence[WeeklyPlace]:
    """Every place, those who have waited longest first."""
    waiting_since = func.coalesce(WeeklyPlace.served_at, WeeklyPlace.since)
    return school.session.scalars(select(WeeklyPlace).where(WeeklyPlace.ended_at.is_(None)).order_by(waiting_since, WeeklyPlace.id)).all()


# The bag day


def fill_bags(school: School) -> int:
    """Set packs aside for those in the weekly loan who have none yet this week; how many. May be done again, for what came back meanwhile."""
    kept = lock(school)
    pack_queue.pass_on_what_is_free(school)  # whoever asked for a pack by its name, and may have it, comes first
    everyone = places(school)
    wishes, room = _wishes(school, everyone)
    given = allocate([*wishes.values()], _free(school), room)
    for place in everyone:
        if place.id in given:
            _set_aside(school, place, given[place.id])
        else:
            place.missed_on = school.today if place.id in wishes else None
    kept.filled_on = school.today
    school.session.flush()
    return len(given)


def fill_bags_when_due(school: School) -> None:
    """The same by the clock: once on each bag day, when quiet hours are over."""
    if school.clock.time() >= school.settings.quiet_to and filled_on(school) != school.today and is_bag_day(school, school.today):
        fill_bags(school)


def end_of_those_who_left(school: School) -> None:
    """Children and adults who left the school, or may hear of the child no more, have no place in it."""
    gone = select(WeeklyPlace).where(WeeklyPlace.ended_at.is_(None), ~pack_queue.may_borrow(WeeklyPlace.adult_id, WeeklyPlace.child_id))
    for place in school.session.scalars(gone).all():
        leave(school, place)


def _wishes(school: School, everyone: Sequence[WeeklyPlace]) -> tuple[Mapping[int, Wish], Mapping[int, int]]:
    """The wishes of those who are to get a pack, by place, and how many each family may still have.

    Who has this week's pack already, or last week's still, gets none; nor does a child that has as many as it may.
    """
    allowed = rules(school)
    at_home = select(PackLoan.adult_id, PackLoan.child_id, PackLoan.pack_id, PackLoan.is_weekly).where(PackLoan.back_at.is_(None), PackLoan.lost_at.is_(None))
    asked = select(PackHold.adult_id, PackHold.child_id, PackHold.pack_id, PackHold.is_weekly, PackHold.state).where(PackHold.state.in_(OPEN_HOLDS))
    times = select(PackLoan.adult_id, PackLoan.child_id, PackLoan.pack_id, func.max(PackLoan.out_at))
    room: dict[int, int] = defaultdict(lambda: allowed.per_family)
    of_child: Counter[tuple[int, int]] = Counter()
    served: set[tuple[int, int]] = set()
    theirs: dict[int, set[int]] = defaultdict(set)
    had: dict[tuple[int | None, int | None], dict[int, datetime]] = defaultdict(dict)
    for adult, child, pack, is_weekly, *state in [*school.session.execute(at_home), *school.session.execute(asked)]:
        theirs[adult].add(pack)
        if state != [HoldState.WAITING]:
            room[adult] -= 1
            of_child[adult, child] += 1
            served |= {(adult, child)} if is_weekly else set()
    for adult, child, pack, last in school.session.execute(times.group_by(PackLoan.adult_id, PackLoan.child_id, PackLoan.pack_id)):
        had[adult, child][pack] = last
    wishes = {}
    for place in everyone:
        who = (place.adult_id, place.child_id)
        if who not in served and of_child[who] < allowed.per_child and room[place.adult_id] > 0:
            wishes[place.id] = Wish(place.id, place.adult_id, place.served_at or place.since, had[who], theirs[place.adult_id])
    return wishes, room


def _free(school: School) -> Mapping[int, int]:
    """The copies that are free to be given, those packs first that were lent least: whoever waits for a pack by its name and may have it has had it already."""
    times = select(PackLoan.pack_id, func.count().label("times")).group_by(PackLoan.pack_id).subquery()
    rows = (
        select(PackCopy.pack_id, func.count())
        .join(Pack, Pack.id == PackCopy.pack_id)
        .outerjoin(times, times.c.pack_id == PackCopy.pack_id)
        .where(PackCopy.state == CopyState.SHELF, Pack.is_retired.is_(False))
        .group_by(PackCopy.pack_id, times.c.times)
        .order_by(func.coalesce(times.c.times, 0), PackCopy.pack_id)
    )
    return dict(school.session.execute(rows).all())


def _set_aside(school: School, place: WeeklyPlace, pack_id: int) -> None:
    pack = packs.find(school, pack_id)
    copy = school.session.scalars(select(PackCopy).where(PackCopy.pack_id == pack_id, PackCopy.state == CopyState.SHELF).order_by(PackCopy.label)).first()
    assert copy is not None  # it was counted in this transaction
    pack_queue.set_aside(school, pack_queue.weekly_hold(school, pack, place), copy)


def went_without(school: School, day: date) -> Sequence[WeeklyPlace]:
    """Those in it for whom there was none on this bag day, nor since."""
    return [place for place in places(school) if place.missed_on == day]
