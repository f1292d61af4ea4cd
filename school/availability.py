"""When staff can be seen: in an ordinary week, and on the days that differ.

Its own refusals:

    Refusal
    ├── Backwards          it would end before it begins, or before one meeting is over
    ├── NotInFives         a meeting is no multiple of five minutes long, or longer than four hours
    ├── Overlaps           they can be seen for such meetings then already
    └── NoDays             none of the days is today or later
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import delete, select

from data.appointments import Availability, AvailabilityException, MeetingKind
from data.people import Staff
from school import School
from school.errors import NotThere, Refusal

__all__ = ["Availability", "AvailabilityException"]

KINDS_BY_ROLE = {
    "teacher": (MeetingKind.TEACHER, MeetingKind.PLANNING, MeetingKind.EHCP),
    "senior": (MeetingKind.PLANNING, MeetingKind.EHCP),
    "advisor": (MeetingKind.HOME_VISIT,),
}
"""Which meetings someone of a role takes part in."""
ALL_DAY = (time(0, 0), time(23, 59))
"""From when until when someone is away who is away all day."""
LONGEST_MEETING = 240
MOST_DAYS = 400
"""Days that differ, said at once: more than a school year has."""


class Backwards(Refusal):
    """It would end before it begins, or before the first meeting is over."""


class NotInFives(Refusal):
    """A meeting lasts no multiple of five minutes, none at all, or more than four hours."""


@dataclass(eq=False)
class Overlaps(Refusal):
    """They can be seen for such meetings at that time already."""

    other: Availability


class NoDays(Refusal):
    """There is no day among them that is today or later."""


@dataclass(frozen=True)
class Extra:
    """What someone is there for in addition: this kind of meeting, so many minutes long each."""

    kind: str
    minutes: int


# An ordinary week


def set_weekly(school: School, staff: Staff, spans: Iterable[tuple[int, time, time]]) -> bool:
    """Parents can see `staff` in these spans: (weekday with Monday 0, start, end) on the school's clock; True if that differs from before.

    Slots are as long as the school's setting says. What is booked stays booked.
    """
    minutes = school.settings.slot_minutes
    wanted = {(kind, weekday, starts, ends, minutes) for kind in KINDS_BY_ROLE.get(staff.role, ()) for weekday, starts, ends in spans}
    rows = school.session.scalars(select(Availability).where(Availability.staff_id == staff.id))
    if wanted == {(MeetingKind(row.kind), row.weekday, row.starts, row.ends, row.minutes) for row in rows}:
        return False
    school.session.execute(delete(Availability).where(Availability.staff_id == staff.id))
    school.session.add_all(
        Availability(staff_id=staff.id, kind=kind, weekday=weekday, starts=starts, ends=ends, minutes=length)
        for kind, weekday, starts, ends, length in sorted(wanted)
    )
    school.session.flush()
    return True


def weekly(school: School, staff: Staff) -> Sequence[Availability]:
    """When `staff` can be seen in an ordinary week, by kind, day and time."""
    rows = school.session.scalars(select(Availability).where(Availability.staff_id == staff.id)).all()
    order = list(MeetingKind)
    return sorted(rows, key=lambda row: (order.index(MeetingKind(row.kind)), row.weekday, row.starts))


def window(school: School, window_id: int) -> Availability:
    """One stretch of an ordinary week. Refuses with NotThere."""
    found = school.session.get(Availability, window_id)
    if found is None:
        raise NotThere
    return found


def add_windows(school: School, staff: Staff, kind: str, weekdays: Collection[int], starts: time, ends: time, minutes: int) -> None:
    """From now on `staff` can be seen for such meetings on these weekdays, too. Refuses with Backwards, NotInFives or Overlaps; then nothing is added."""
    check_span(starts, ends, minutes)
    for weekday in sorted(weekdays):
        _check_apart(school, staff.id, kind, weekday, starts, ends)
    school.session.add_all(
        Availability(staff_id=staff.id, kind=kind, weekday=weekday, starts=starts, ends=ends, minutes=minutes) for weekday in sorted(weekdays)
    )
    school.session.flush()


def change_window(school: School, row: Availability, starts: time, ends: time, minutes: int) -> None:
    """From now on this stretch lies there. What is booked stays booked. Refuses with Backwards, NotInFives or Overlaps."""
    check_span(starts, ends, minutes)
    _check_apart(school, row.staff_id, row.kind, row.weekday, starts, ends, but=row)
    row.starts, row.ends, row.minutes = starts, ends, minutes
    school.session.flush()


def remove_window(school: School, row: Availability) -> None:
    """They can no longer be seen then. What is booked stays booked."""
    school.session.delete(row)
    school.session.flush()


def check_span(starts: time, ends: time, minutes: int) -> None:
    """Refuses with NotInFives or Backwards what could hold no meeting of so many minutes."""
    if minutes % 5 or not 0 < minutes <= LONGEST_MEETING:
        raise NotInFives
    if datetime.combine(date.min, starts) + timedelta(minutes=minutes) > datetime.combine(date.min, ends):
        raise Backwards


def _check_apart(school: School, staff_id: int, kind: str, weekday: int, starts: time, ends: time, *, but: Availability | None = None) -> None:
    same = select(Availability).where(Availability.staff_id == staff_id, Availability.kind == kind, Availability.weekday == weekday)
    for row in school.session.scalars(same):
        if row is not but and row.starts < ends and starts < row.ends:
            raise Overlaps(row)


# Days that differ


def exceptions(school: School, staff: Staff) -> Sequence[AvailabilityException]:
    """The days from today on that differ, the soonest first."""
    theirs = select(AvailabilityException).where(AvailabilityException.staff_id == staff.id, AvailabilityException.on >= school.today)
    return school.session.scalars(theirs.order_by(AvailabilityException.on, AvailabilityException.starts)).all()


def differ(school: School, staff: Staff, days: Collection[date], starts: time, ends: time, extra: Extra | None = None) -> int:
    """On these days `staff` is away from `starts` to `ends`, or there in addition (`extra`). How many days that is; what was said before is not said twice.

    Days before today are left out. What is booked stays booked: `school.diary.clashes` tells. Refuses with NoDays, Backwards or NotInFives.
    """
    if extra is not None:
        check_span(starts, ends, extra.minutes)
    elif starts >= ends:
        raise Backwards
    wanted = sorted({day for day in days if day >= school.today})[:MOST_DAYS]
    if not wanted:
        raise NoDays
    said = {(row.on, row.starts, row.ends, row.is_extra, row.kind if row.is_extra else "") for row in exceptions(school, staff)}
    more = {"kind": extra.kind, "minutes": extra.minutes} if extra else {}
    new = [day for day in wanted if (day, starts, ends, extra is not None, extra.kind if extra else "") not in said]
    school.session.add_all(AvailabilityException(staff_id=staff.id, on=day, starts=starts, ends=ends, is_extra=extra is not None, **more) for day in new)
    school.session.flush()
    return len(new)


def days_between(first: date, last: date, weekdays: Collection[int]) -> Sequence[date]:
    """The days from `first` to `last`, both included, that fall on one of these weekdays (Monday 0); no more than a year of them."""
    count = min((last - first).days + 1, MOST_DAYS)
    return [day for day in (first + timedelta(days=ahead) for ahead in range(count)) if day.weekday() in weekdays]


def as_ever(school: School, staff: Staff, ids: Collection[int]) -> int:
    """These days of `staff` differ no longer; how many of these there were."""
    rows = [row for row in exceptions(school, staff) if row.id in ids]
    for row in rows:
        school.session.delete(row)
    school.session.flush()
    return len(rows)
