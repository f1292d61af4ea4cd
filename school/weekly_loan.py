"""The weekly loan: a pack that is new to the child every week, for families that signed up. `allocate` says who gets which; `docs/packs.md` explains it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import func, select

from data.packs import CopyState, Pack, PackCopy, PackLoan, WeeklyPlace
from data.people import Adult, Child
from school import School, pack_queue, packs
from school.families import require
from school.pack_rules import filled_on, is_bag_day, lock, rules

__all__ = ["WeeklyPlace"]


@dataclass(frozen=True)
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

    Whoever has waited longest chooses first, and keeps a pack, though not always the same one: it is exchanged for another new one where that lets the next
    child have a new one too (an augmenting path of a bipartite matching). A child gets a pack that it had before only where no exchange frees a new one:
    then the one that it had longest ago.
    """
    taken: dict[int, list[Wish]] = {pack: [] for pack, copies in free.items() if copies > 0}
    left = dict(room)
    for wish in sorted(wishes, key=lambda each: (each.since, each.place)):
        if left.get(wish.family, 0) > 0 and (_give(wish, taken, free, set()) or _give_again(wish, taken, free)):
            left[wish.family] -= 1
    return {wish.place: pack for pack, holders in taken.items() for wish in holders}


def _give(wish: Wish, taken: dict[int, list[Wish]], free: Mapping[int, int], tried: set[int]) -> bool:
    """Give a pack that is new to the child, if need be by giving others another one that is new to them."""
    new = [pack for pack in taken if pack not in tried and pack not in wish.had and _may_have(wish, taken, pack)]
    for pack in new:
        if len(taken[pack]) < free[pack]:
            taken[pack].append(wish)
            return True
    for pack in new:
        tried.add(pack)
        for other in list(taken[pack]):
            taken[pack].remove(other)
            if _give(other, taken, free, tried):
                taken[pack].append(wish)
                return True
            taken[pack].append(other)
    return False


def _may_have(wish: Wish, taken: Mapping[int, Sequence[Wish]], pack: int) -> bool:
    """Whether the family has none like it: not at home, and not for another of its children this week."""
    return pack not in wish.not_these and all(other.family != wish.family for other in taken[pack])


def _give_again(wish: Wish, taken: dict[int, list[Wish]], free: Mapping[int, int]) -> bool:
    """Give a pack that the child had before, the longest ago first."""
    over = [pack for pack in taken if len(taken[pack]) < free[pack] and _may_have(wish, taken, pack)]
    if not over:
        return False
    taken[min(over, key=lambda pack: wish.had[pack])].append(wish)
    return True


# Signing up


def join(school: School, child: Child, adult: Adult) -> WeeklyPlace:
    """Sign a child up; who is signed up stays as they are. Refuses with NotYourChild."""
    require(school, adult, child, "hear")
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
    wanting = [place for place in places(school) if not _is_served(school, place)]
    free = _free(school)
    given = allocate([_wish(school, place) for place in wanting], free, {place.adult_id: _room(school, place.adult) for place in wanting})
    for place in wanting:
        if place.id in given:
            _set_aside(school, place, given[place.id])
        else:
            place.missed_on = school.today
    kept.filled_on = school.today
    school.session.flush()
    return len(given)


def fill_bags_when_due(school: School) -> None:
    """The same by the clock: once on each bag day, when quiet hours are over."""
    if is_bag_day(school, school.today) and school.clock.time() >= school.settings.quiet_to and filled_on(school) != school.today:
        fill_bags(school)


def end_of_those_who_left(school: School) -> None:
    """Children and adults who left the school have no place in it any more."""
    rows = select(WeeklyPlace).join(Adult, Adult.id == WeeklyPlace.adult_id).join(Child, Child.id == WeeklyPlace.child_id)
    for place in school.session.scalars(rows.where(WeeklyPlace.ended_at.is_(None), Adult.left_on.is_not(None) | Child.left_on.is_not(None))).all():
        leave(school, place)


def _is_served(school: School, place: WeeklyPlace) -> bool:
    """Whether they have this week's pack already, or last week's still, or the child has as many as it may."""
    weekly = any(loan.is_weekly and loan.child_id == place.child_id for loan in packs.at_home(school, place.adult))
    ready = any(hold.is_weekly and hold.child_id == place.child_id and not packs.waits(hold) for hold in packs.holds(school, place.adult))
    return weekly or ready or not pack_queue.has_room(school, place.adult, place.child)


def _room(school: School, adult: Adult) -> int:
    """How many packs this family may still have."""
    return rules(school).per_family - len(packs.at_home(school, adult)) - sum(not packs.waits(hold) for hold in packs.holds(school, adult))


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


def _wish(school: School, place: WeeklyPlace) -> Wish:
    rows = select(PackLoan.pack_id, func.max(PackLoan.out_at)).where(PackLoan.adult_id == place.adult_id, PackLoan.child_id == place.child_id)
    had = dict(school.session.execute(rows.group_by(PackLoan.pack_id)).all())
    asked_for = {hold.pack_id for hold in packs.holds(school, place.adult) if packs.waits(hold) and hold.child_id == place.child_id}
    return Wish(place.id, place.adult_id, place.served_at or place.since, had, pack_queue.has_or_awaits(school, place.adult) - asked_for)


def _set_aside(school: School, place: WeeklyPlace, pack_id: int) -> None:
    pack = packs.find(school, pack_id)
    copy = school.session.scalars(select(PackCopy).where(PackCopy.pack_id == pack_id, PackCopy.state == CopyState.SHELF).order_by(PackCopy.label)).first()
    assert copy is not None  # it was counted in this transaction
    pack_queue.set_aside(school, pack_queue.weekly_hold(school, pack, place), copy)


def went_without(school: School, day: date) -> Sequence[WeeklyPlace]:
    """Those in it for whom there was none on this bag day, nor since."""
    return [place for place in places(school) if place.missed_on == day]
