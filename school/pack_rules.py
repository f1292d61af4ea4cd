"""The school's rules of lending, after those of toy libraries: each is a setting that the office changes on a page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import date, timedelta

from sqlalchemy import select

from data.packs import PackRules as Kept
from data.packs import Way
from school import School
from school.calendar import calendar
from school.errors import Refusal

_ROW = 1
SOON = timedelta(days=120)
"""How far ahead a school day is looked for: longer than any holiday."""


@dataclass(frozen=True)
class PackRules:
    """How packs are lent. Days are calendar days unless it says otherwise; weekdays are numbers, Monday 0."""

    loan_days: int = 6
    """How long a pack is lent. One that would be due on a day without school is due on the next with it."""
    bag_day: int = 4
    """The weekday on which packs go home in the book bags, and the weekly loan is given out."""
    per_child: int = 2
    """Packs that one child may have at once, those that are set aside for it among them."""
    per_family: int = 4
    holds: int = 3
    """Packs that one family may wait for at once."""
    pick_up_days: int = 5
    """School days for which a pack that is collected is kept; then it passes to the next family."""
    renewals: int = 2
    """How often a loan may be renewed while nobody waits."""
    first_loan_first: bool = False
    """Families that never had a pack come before those that had one; otherwise first come, first served."""
    may_collect: bool = True
    """Families may collect a pack instead of having it sent in the bag."""
    reminder_days: int = 1
    """Days before the due day on which families are reminded; 0 for never."""
    overdue_every: int = 3
    """Days from the due day to a reminder, and between reminders."""
    overdue_times: int = 2
    """How many reminders there are after the due day; then it is for staff to ask."""


LEAST: Mapping[str, int] = {"loan_days": 1, "per_child": 1, "per_family": 1, "holds": 1, "pick_up_days": 1, "overdue_every": 1}
"""What a number must be at least, where that is not 0."""
MOST: Mapping[str, int] = {"loan_days": 90, "bag_day": 6, "reminder_days": 14, "overdue_every": 60}
MANY = 20
"""What a number may be at most, unless MOST says otherwise."""


@dataclass
class NotARule(Refusal):
    """Numbers that are not between these bounds: (least, most) by the rule's name."""

    bounds: Mapping[str, tuple[int, int]]


def rules(school: School) -> PackRules:
    """The rules as they are now."""
    known = {each.name for each in fields(PackRules)}
    return replace(PackRules(), **{name: value for name, value in _kept(school).values.items() if name in known})


def _kept(school: School) -> Kept:
    """Their row. The session holds on to it, or it would be read anew each time that it is asked for."""
    row = school.session.get_one(Kept, _ROW)
    school.session.info[Kept] = row
    return row


def bounds(name: str) -> tuple[int, int]:
    """The least and the most that this number may be."""
    return LEAST.get(name, 0), MOST.get(name, MANY)


def set_rules(school: School, wanted: PackRules) -> None:
    """From now on these hold, also for packs that are out. Refuses with NotARule."""
    numbers = {name: value for name, value in asdict(wanted).items() if not isinstance(value, bool)}
    wrong = {name: bounds(name) for name, value in numbers.items() if not bounds(name)[0] <= value <= bounds(name)[1]}
    if wrong:
        raise NotARule(wrong)
    lock(school).values = asdict(wanted)
    school.session.flush()


def lock(school: School) -> Kept:
    """Their row, for this transaction alone: whoever lends or takes back at the same moment waits, so that no copy is promised twice and no limit is passed.

    What was read before may have changed while this waited: it is read anew.
    """
    school.session.flush()
    school.session.scalars(select(Kept.id).where(Kept.id == _ROW).with_for_update()).one()
    school.session.expire_all()
    return _kept(school)


def ways(school: School) -> list[Way]:
    """How a pack may come to a family."""
    return [Way.BAG, Way.COLLECT] if rules(school).may_collect else [Way.BAG]


def due_day(school: School, start: date) -> date:
    """When a pack that goes home on day `start`, or is renewed then, is due."""
    return school_day(school, start + timedelta(days=rules(school).loan_days))


def school_day(school: School, day: date) -> date:
    """This day, or the next with school; the day itself where no term is known."""
    return next(calendar(school).school_days_between(day, day + SOON), day)


def next_bag_day(school: School, day: date) -> date:
    """The first bag day with school on or after `day`; the weekday alone where no term is known."""
    wanted = rules(school).bag_day
    days = calendar(school).school_days_between(day, day + SOON)
    return next((each for each in days if each.weekday() == wanted), day + timedelta(days=(wanted - day.weekday()) % 7))


def coming_bag_day(school: School, *, is_filled: bool = False) -> date:
    """The next day on which something that is asked for now can go home: not today once the bags have gone, or, of what fills them, once they `is_filled`."""
    has_gone = school.clock.time() >= school.settings.book_goes_home_at or (is_filled and filled_on(school) == school.today)
    return next_bag_day(school, school.today + timedelta(days=1) if has_gone else school.today)


def is_bag_day(school: School, day: date) -> bool:
    """Whether packs go home on this day."""
    return day.weekday() == rules(school).bag_day and calendar(school).is_school_day(day)


def filled_on(school: School) -> date | None:
    """The bag day for which bags were filled last."""
    return _kept(school).filled_on
