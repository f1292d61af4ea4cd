"""The school itself: its classes and who teaches them, its year, its hours. What the office changes without the technician."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, time, timedelta
from functools import partial
from typing import Any

from fastapi import Response

from console.desk import HOME, Desk
from console.pages import Page
from console.rendering import day
from school import set_up, staff
from school.access import Power
from school.importing import cells
from school.importing.table import Unreadable
from school.set_up import BOOKING, IN_FIVES, KINDS, Backwards, NotEmpty, Overlaps, SameName

page = Page("school", "School", order=80, powers=frozenset({Power.SET_UP}))
Show = Callable[[Desk], Response]
BACKWARDS = "It would end before it begins."
LONGEST = timedelta(days=366)


@page.get()
def show(desk: Desk) -> Response:
    """How the school is set up."""
    coming = [each for each in set_up.year(desk.school, desk.school.today) if each.starts <= desk.school.today + timedelta(days=120)]
    return desk.render(
        "school/show.html",
        classes=staff.all_classes(desk.school),
        sizes=set_up.sizes(desk.school),
        coming=coming[:6],
        has_year=bool(coming),
        settings=desk.school.settings,
    )


# Classes


@page.get("/classes/new")
def new_class(desk: Desk) -> Response:
    """Where a class is added."""
    return desk.render("school/class.html", school_class=None, **_people(desk, None))


@page.post("/classes/new")
def add_class(desk: Desk) -> Response:
    """One more class."""
    name = _class_name(desk, new_class)
    try:
        made = set_up.add_class(desk.school, name)
        _give(desk, made, name)
    except SameName:
        desk.wrong(new_class, name="Another class has this name.")
    desk.changed("added class", "class", made.id)
    return desk.to(f"{HOME}/school", f"{name} is added.")


@page.get("/classes/{class_id:int}")
def show_class(desk: Desk, class_id: int) -> Response:
    """A class, to be put right."""
    found = set_up.school_class(desk.school, class_id)
    return desk.render("school/class.html", school_class=found, **_people(desk, found))


@page.post("/classes/{class_id:int}")
def change_class(desk: Desk, class_id: int) -> Response:
    """What a class is called, who teaches it and who its team are."""
    found, again = set_up.school_class(desk.school, class_id), partial(show_class, class_id=class_id)
    name = _class_name(desk, again)
    try:
        _give(desk, found, name)
    except SameName:
        desk.wrong(again, name="Another class has this name.")
    desk.changed("changed class", "class", found.id)
    return desk.to(f"{HOME}/school", f"{name}: kept.")


@page.post("/classes/{class_id:int}/remove")
def remove_class(desk: Desk, class_id: int) -> Response:
    """A class in which nobody is or was."""
    found = set_up.school_class(desk.school, class_id)
    name = found.name
    try:
        set_up.remove_class(desk.school, found)
    except NotEmpty as refusal:
        children = f"{refusal.children} children are in it: move them first." if refusal.children else "Children who left were in it, so it stays."
        desk.wrong(partial(show_class, class_id=class_id), _=children)
    desk.changed("removed class", "class", class_id)
    return desk.to(f"{HOME}/school", f"{name} is removed.")


# The year


@page.get("/year")
def year(desk: Desk) -> Response:
    """Terms, half-terms, INSET days and closures, from this school year on."""
    today = desk.school.today
    since = date(today.year if today.month >= 8 else today.year - 1, 8, 1)
    return desk.render("school/year.html", rows=set_up.year(desk.school, since), kinds=[(kind, kind) for kind in KINDS], today=today)


@page.post("/year")
def add_stretch(desk: Desk) -> Response:
    """One more stretch. Before the school closes for a day, whoever has booked one is named."""
    what, starts = desk.form.text("what", 20), _day(desk, "starts")
    ends = _day(desk, "ends") if desk.form.text("ends") else starts
    if what not in KINDS:
        desk.wrong(year, what="Choose what it is.")
    if ends - starts > LONGEST:
        desk.wrong(year, ends="That is more than a year.")
    booked = set_up.booked_between(desk.school, starts, ends) if what == "closed" else ()
    if booked and not desk.form.has("sure"):
        return desk.render("school/closing.html", booked=booked, starts=starts, ends=ends, sees_families=desk.may(Power.FAMILIES))
    try:
        made = set_up.add_stretch(desk.school, starts, ends, what)
    except Backwards:
        desk.wrong(year, ends=BACKWARDS)
    except Overlaps as refusal:
        desk.wrong(year, starts=f"There is {what} already, from {day(refusal.other.starts)} to {day(refusal.other.ends)}. Remove that one first.")
    desk.changed("added dates", "term", made.id, what=what, starts=f"{starts}", ends=f"{ends}")
    return desk.to(f"{HOME}/school/year", f"Kept. {len(booked)} families to ring are listed under Today in a moment." if booked else "Kept.")


@page.post("/year/{term_id:int}/remove")
def remove_stretch(desk: Desk, term_id: int) -> Response:
    """It is not so any more."""
    found = set_up.stretch(desk.school, term_id)
    desk.changed("removed dates", "term", term_id, what=found.what, starts=f"{found.starts}", ends=f"{found.ends}")
    set_up.remove_stretch(desk.school, found)
    return desk.to(f"{HOME}/school/year", "Removed.")


# Hours


@page.get("/hours")
def hours(desk: Desk) -> Response:
    """When the office is there, when nothing leaves, and how times are booked."""
    now = desk.school.settings
    booking = {
        "hold_minutes": now.hold // timedelta(minutes=1),
        "notice_hours": now.notice // timedelta(hours=1),
        "horizon_weeks": now.horizon // timedelta(weeks=1),
        "slot_minutes": now.slot_minutes,
        "buffer_minutes": now.buffer // timedelta(minutes=1),
        "offer_hours": now.offer_lasts // timedelta(hours=1),
    }
    return desk.render("school/hours.html", settings=now, booking=booking)


@page.post("/hours")
def change_hours(desk: Desk) -> Response:
    """Change them: from the next message on they are so."""
    opens, closes, begins, ends, remind_at = (_clock(desk, name) for name in ("opens", "closes", "quiet_from", "quiet_to", "remind_at"))
    numbers = {name: _number(desk, name) for name in BOOKING}
    try:
        set_up.set_office_hours(desk.school, opens, closes)
    except Backwards:
        desk.wrong(hours, closes=BACKWARDS)
    set_up.set_quiet_hours(desk.school, begins, ends)
    set_up.set_booking(desk.school, remind_at, **numbers)
    kept: dict[str, Any] = {"office": f"{opens:%H:%M}-{closes:%H:%M}", "quiet": f"{begins:%H:%M}-{ends:%H:%M}", "remind_at": f"{remind_at:%H:%M}", **numbers}
    desk.changed("changed hours", **kept)
    return desk.to(f"{HOME}/school", "The hours are kept, and hold from now on.")


# What several of them share


def _people(desk: Desk, found: set_up.SchoolClass | None) -> dict[str, Any]:
    """Who may teach a class, and who may be of its team."""
    team = {member.id for member in found.team} if found else set()
    everyone = sorted(staff.everyone(desk.school), key=lambda person: person.name)
    teachers = [person for person in everyone if person.role == "teacher" or (found is not None and person.id == found.teacher_id)]
    members = [person for person in everyone if person.role in ("teacher", "class", "senior") or person.id in team]
    return {
        "teachers": [("", "nobody yet"), *((person.id, person.name) for person in teachers)],
        "members": [(person.id, person.name, person.id in team) for person in members],
    }


def _class_name(desk: Desk, again: Show) -> str:
    name = " ".join(desk.form.text("name", 101).split())
    if not name or len(name) > 100 or not name.isprintable():
        desk.wrong(again, name="Type in a name of 100 letters at most.")
    return name


def _give(desk: Desk, found: set_up.SchoolClass, name: str) -> None:
    here = {person.id: person for person in staff.everyone(desk.school)}
    team = [here[staff_id] for staff_id in desk.form.numbers("team") if staff_id in here]
    set_up.change_class(desk.school, found, name, here.get(desk.form.number("teacher") or 0), team)


def _day(desk: Desk, name: str) -> date:
    try:
        return cells.day(desk.form.text(name, 30))
    except Unreadable:
        desk.wrong(year, **{name: "Write the day as 2026-03-02 or 02/03/2026."})


def _clock(desk: Desk, name: str) -> time:
    try:
        return time.fromisoformat(desk.form.text(name, 5).zfill(5)).replace(tzinfo=None)
    except ValueError:
        desk.wrong(hours, **{name: "Write the time as 08:30."})


def _number(desk: Desk, name: str) -> int:
    least, most = BOOKING[name]
    number = desk.form.number(name)
    if number is None or not least <= number <= most:
        desk.wrong(hours, **{name: f"A number from {least} to {most}."})
    if name in IN_FIVES and number % 5:
        desk.wrong(hours, **{name: "A multiple of 5: time is given away in steps of five minutes."})
    return number
