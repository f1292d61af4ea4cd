"""When staff can be seen: in an ordinary week, and the days that differ, said for many at once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import date, time, timedelta
from functools import partial
from itertools import groupby
from typing import NoReturn

from fastapi import Response

from console.desk import Desk
from console.pages import Page
from console.pages.appointments import chosen
from console.typed import a_day, a_time, days_in
from console.words import MEETINGS, WAYS, WHY_NOT, about_span
from school import access, availability, diary
from school.access import Power
from school.availability import ALL_DAY, Availability, Backwards, Extra, NoDays, NotInFives, Overlaps
from school.diary import Clash, MeetingKind
from school.errors import NotThere
from school.families import Staff
from school.staff import WEEKDAYS

page = Page("appointments/availability", powers=frozenset({Power.APPOINTMENTS}))

BY_THE_WEEK = tuple(kind for kind in MeetingKind if kind != MeetingKind.PARENTS_EVENING)
"""The meetings that have times in an ordinary week: a parents' evening is a day of its own."""
WEEKS_TO_TICK = 10
Show = Callable[[Desk], Response]


@page.get()
def show(desk: Desk) -> Response:
    """When someone can be seen: oneself first."""
    person = chosen(desk, diary.people(desk.school, desk.viewer))
    if person is None:
        return desk.render("appointments/nobody.html")
    return _shown(desk, person)


def _shown(desk: Desk, person: Staff, falling: Collection[int] = ()) -> Response:
    """The page of one person. `falling` are the appointments that what was typed would fall upon."""
    school = desk.school
    found = diary.clashes(school, desk.viewer, person)
    return desk.render(
        "appointments/availability.html",
        person=person,
        people=diary.people(school, desk.viewer),
        can_set=access.sets_availability(desk.viewer, person) and not person.has_left,
        windows=[(kind, list(rows)) for kind, rows in groupby(availability.weekly(school, person), key=lambda row: row.kind)],
        exceptions=availability.exceptions(school, person),
        clashes=found,
        falling=[access.appointment(school, desk.viewer, each) for each in falling],
        kinds=[(kind, MEETINGS[kind]) for kind in BY_THE_WEEK],
        usual_kind=next(iter(availability.KINDS_BY_ROLE.get(person.role, (MeetingKind.TEACHER,)))),
        minutes=school.settings.slot_minutes,
        weekdays=list(enumerate(WEEKDAYS)),
        weekdays_ticked=[(weekday, WEEKDAYS[weekday], False) for weekday in school.settings.school_days],
        today=school.today,
        to_tick=_to_tick(desk),
        all_day=ALL_DAY,
        why=WHY_NOT,
        meetings=MEETINGS,
        ways=WAYS,
    )


def _to_tick(desk: Desk) -> Sequence[Sequence[date]]:
    """The school's weekdays of the weeks that come, week by week."""
    monday = desk.school.today - timedelta(days=desk.school.today.weekday())
    weeks = [[monday + timedelta(weeks=week, days=weekday) for weekday in desk.school.settings.school_days] for week in range(WEEKS_TO_TICK)]
    return [days for days in weeks if days[-1] >= desk.school.today]


def _settable(desk: Desk, staff_id: int) -> Staff:
    """The member of staff whose times this viewer says. Refuses with NotThere."""
    person = access.diary(desk.school, desk.viewer, staff_id)
    if not access.sets_availability(desk.viewer, person):
        raise NotThere
    return person


def _again(staff_id: int, falling: Collection[int] = ()) -> Show:
    return lambda desk: _shown(desk, access.diary(desk.school, desk.viewer, staff_id), falling)


# An ordinary week


@page.post("/{staff_id:int}/windows")
def add(desk: Desk, staff_id: int) -> Response:
    """They can be seen at these times of the week, too."""
    person, again = _settable(desk, staff_id), _again(staff_id)
    weekdays = [each for each in desk.form.numbers("weekday") if each < len(WEEKDAYS)]
    if not weekdays:
        desk.wrong(again, weekday="Tick at least one day.")
    starts, ends, minutes = _span(desk, again, "from", "to", "minutes")
    try:
        availability.add_windows(desk.school, person, _kind(desk, "kind"), weekdays, starts, ends, minutes)
    except (Backwards, NotInFives, Overlaps) as refusal:
        _refused(desk, again, refusal, "to", "minutes")
    desk.changed("added times", "staff", person.id, kind=_kind(desk, "kind"), times=f"{starts:%H:%M}-{ends:%H:%M}")
    return desk.to(_at(person), "Added. Families can book these times from now on.")


@page.get("/windows/{window_id:int}")
def window(desk: Desk, window_id: int) -> Response:
    """Where times of the week are changed."""
    row, person = _window(desk, window_id)
    return desk.render("appointments/window.html", row=row, person=person, weekdays=WEEKDAYS, meetings=MEETINGS)


@page.post("/windows/{window_id:int}")
def change(desk: Desk, window_id: int) -> Response:
    """Change times of the week."""
    row, person = _window(desk, window_id)
    again = partial(window, window_id=window_id)
    starts, ends, minutes = _span(desk, again, "from", "to", "minutes")
    try:
        availability.change_window(desk.school, row, starts, ends, minutes)
    except (Backwards, NotInFives, Overlaps) as refusal:
        _refused(desk, again, refusal, "to", "minutes")
    desk.changed("changed times", "staff", person.id, kind=row.kind, times=f"{starts:%H:%M}-{ends:%H:%M}")
    return desk.to(_at(person), f"Changed. {_stays(desk, person)}")


@page.post("/windows/{window_id:int}/remove")
def remove(desk: Desk, window_id: int) -> Response:
    """They cannot be seen then any more."""
    row, person = _window(desk, window_id)
    availability.remove_window(desk.school, row)
    desk.changed("removed times", "staff", person.id, kind=row.kind, times=f"{row.starts:%H:%M}-{row.ends:%H:%M}")
    return desk.to(_at(person), f"Removed. {_stays(desk, person)}")


def _window(desk: Desk, window_id: int) -> tuple[Availability, Staff]:
    row = availability.window(desk.school, window_id)
    return row, _settable(desk, row.staff_id)


def _stays(desk: Desk, person: Staff) -> str:
    """What is to be done now about what is booked."""
    count = len(diary.clashes(desk.school, desk.viewer, person))
    return f"{count} booked {'meeting' if count == 1 else 'meetings'} cannot be as things stand: see below." if count else "What is booked can be as it is."


# Days that differ


@page.post("/{staff_id:int}/days")
def differ(desk: Desk, staff_id: int) -> Response:
    """They are away, or there in addition, on many days at once. What is booked then is shown first, and stays."""
    person, again = _settable(desk, staff_id), _again(staff_id)
    extra, days = _extra(desk, again), _days(desk, again)
    starts, ends = _when(desk, again, is_extra=extra is not None)
    before = {clash.appointment.id for clash in diary.clashes(desk.school, desk.viewer, person)}
    try:
        count = availability.differ(desk.school, person, days, starts, ends, extra)
    except NoDays:
        desk.wrong(again, first="Those days are over.")
    except (Backwards, NotInFives) as refusal:
        _refused(desk, again, refusal, "until", "length")
    falling = [clash for clash in diary.clashes(desk.school, desk.viewer, person) if clash.appointment.id not in before]
    if falling and not desk.form.has("anyway"):
        _ask_first(desk, staff_id, falling)
    desk.changed("set days", "staff", person.id, what="there" if extra else "away", days=count, times=f"{starts:%H:%M}-{ends:%H:%M}")
    said = f"{count} {'day' if count == 1 else 'days'} set." if count else "That was said already."
    return desk.to(_at(person), f"{said} {_stays(desk, person)}" if falling else said)


def _ask_first(desk: Desk, staff_id: int, falling: Sequence[Clash]) -> NoReturn:
    count = len(falling)
    words = f"{count} booked {'meeting falls' if count == 1 else 'meetings fall'} into that time. Nothing is saved yet. "
    words += f"{'It' if count == 1 else 'They'} would stay booked until you move or call off each."
    desk.wrong(_again(staff_id, [clash.appointment.id for clash in falling]), falling=words)


@page.post("/{staff_id:int}/days/remove")
def as_ever(desk: Desk, staff_id: int) -> Response:
    """These days are as ever again."""
    person = _settable(desk, staff_id)
    count = availability.as_ever(desk.school, person, desk.form.numbers("row"))
    if not count:
        return desk.to(_at(person), "Tick the days first.")
    desk.changed("unset days", "staff", person.id, days=count)
    return desk.to(_at(person), f"{count} {'day is' if count == 1 else 'days are'} as ever. {_stays(desk, person)}")


def _extra(desk: Desk, again: Show) -> Extra | None:
    what = desk.form.text("what", 10)
    if what not in ("away", "there"):
        desk.wrong(again, what="Say whether they are away or there.")
    if what == "away":
        return None
    minutes = desk.form.number("length")
    if minutes is None:
        desk.wrong(again, length="Say how many minutes each meeting has.")
    return Extra(_kind(desk, "extra_kind"), minutes)


def _days(desk: Desk, again: Show) -> Collection[date]:
    """The days that were meant: a stretch, those ticked and those pasted, together."""
    today = desk.school.today
    days = {date.fromisoformat(each) for each in desk.form.all("day") if _is_day(each)}
    pasted, unread = days_in(desk.form.text("pasted"), today)
    if unread:
        desk.wrong(again, pasted=f"These are no days: {', '.join(unread[:5])}. Write them as 4 March or 11/3/2026.")
    first, last = a_day(desk.form, "first", today), a_day(desk.form, "last", today)
    if (desk.form.text("first") and first is None) or (desk.form.text("last") and last is None):
        desk.wrong(again, first="Write each day in full.")
    if first is not None or last is not None:
        begins, ends = first or last, last or first
        assert begins is not None
        assert ends is not None
        if begins > ends:
            desk.wrong(again, last="The last day is before the first.")
        days |= set(availability.days_between(begins, ends, desk.school.settings.school_days if begins != ends else range(7)))
    days |= set(pasted)
    if not days:
        desk.wrong(again, first="Say which days: a stretch, ticked ones, or a list.")
    return days


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _when(desk: Desk, again: Show, *, is_extra: bool) -> tuple[time, time]:
    starts, ends = a_time(desk.form, "since"), a_time(desk.form, "until")
    if starts is None and ends is None and not is_extra:
        return ALL_DAY
    if starts is None:
        desk.wrong(again, since="Write a time such as 09:00.")
    if ends is None:
        desk.wrong(again, until="Write a time such as 12:00.")
    return starts, ends


# What was typed


def _kind(desk: Desk, name: str) -> str:
    kind = desk.form.text(name, 20)
    if kind not in BY_THE_WEEK:
        raise NotThere
    return kind


def _span(desk: Desk, again: Show, starts: str, ends: str, minutes: str) -> tuple[time, time, int]:
    begins, until, length = a_time(desk.form, starts), a_time(desk.form, ends), desk.form.number(minutes)
    if begins is None:
        desk.wrong(again, **{starts: "Write a time such as 15:10."})
    if until is None:
        desk.wrong(again, **{ends: "Write a time such as 16:10."})
    if length is None:
        desk.wrong(again, **{minutes: "Say how many minutes each meeting has."})
    return begins, until, length


def _refused(desk: Desk, again: Show, refusal: Backwards | NotInFives | Overlaps, ends: str, minutes: str) -> NoReturn:
    if isinstance(refusal, Overlaps):
        other = refusal.other
        words = f"There are such times already on {WEEKDAYS[other.weekday]}, {other.starts:%H:%M} to {other.ends:%H:%M}. Change those instead."
        desk.wrong(again, **{ends: words})
    desk.wrong(again, **{minutes if isinstance(refusal, NotInFives) else ends: about_span(refusal)})


def _at(person: Staff) -> str:
    return f"{page.href}?staff={person.id}"
