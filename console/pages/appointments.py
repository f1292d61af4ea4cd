"""Appointments: a week of someone's time, what cannot be as it is booked, and booking, moving and calling off for a family."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from functools import partial
from itertools import groupby
from typing import Any, NoReturn
from urllib.parse import urlencode

from fastapi import Response

from console.desk import Desk
from console.pages import Page
from console.rendering import clock, day, language_name, moment
from console.typed import a_day
from console.words import MEETINGS, WAYS, WHY_NOT
from school import access, appointments, diary, family_records, messages
from school.access import Power
from school.appointments import Appointment, AppointmentState
from school.diary import BY_THEMSELVES, Choice, MeetingKind, Slot, Terms, Way
from school.errors import AlreadyOver, NotBookable, NotThere, SlotTaken, TooSoon
from school.families import Adult, Child, Staff

page = Page("appointments", "Appointments", order=30, powers=frozenset({Power.APPOINTMENTS}))

FOUND = 40
"""How many adults a search shows."""
LONGEST = {"access": 500, "note": 2_000, "reason": 200}
ASKED = {"school": "The school has to", "family": "The family asked for it"}
Show = Callable[[Desk], Response]


# A week


@page.get()
def week(desk: Desk) -> Response:
    """A week of someone's time: one's own first."""
    people = diary.people(desk.school, desk.viewer)
    person = chosen(desk, people)
    if person is None:
        return desk.render("appointments/nobody.html")
    today = desk.school.today
    monday = _monday(a_day(desk.query, "week", today) or today + timedelta(days=2 if today.weekday() > 4 else 0))
    days = diary.week(desk.school, person, monday)
    return desk.render(
        "appointments/week.html",
        person=person,
        people=people,
        monday=monday,
        this_monday=_monday(today),
        days=days,
        today=today,
        clashes=diary.clashes(desk.school, desk.viewer, person),
        last_bookable=(desk.school.clock + desk.school.settings.horizon).date(),
        meetings=MEETINGS,
        ways=WAYS,
        booked_here=BY_THEMSELVES,
        step=timedelta(days=7),
        can_set=access.sets_availability(desk.viewer, person),
    )


def chosen(desk: Desk, people: Sequence[Staff]) -> Staff | None:
    """Whose diary was asked for; the first where none was. Refuses with NotThere."""
    wanted = desk.query.number("staff")
    if wanted is None:
        return people[0] if people else None
    return access.diary(desk.school, desk.viewer, wanted)


def _monday(of: date) -> date:
    return of - timedelta(days=of.weekday())


@page.get("/clashes")
def clashes(desk: Desk) -> Response:
    """What is booked and cannot be as things stand."""
    return desk.render("appointments/clashes.html", clashes=diary.clashes(desk.school, desk.viewer), why=WHY_NOT, meetings=MEETINGS, ways=WAYS)


# One appointment


@page.get("/{appointment_id:int}")
def show(desk: Desk, appointment_id: int) -> Response:
    """One appointment, and what can be done with it."""
    appointment = _seen(desk, appointment_id)
    return desk.render("appointments/show.html", **_about(desk, appointment))


def _seen(desk: Desk, appointment_id: int) -> Appointment:
    appointment = access.appointment(desk.school, desk.viewer, appointment_id)
    desk.saw("adult", appointment.adult_id)
    return appointment


def _about(desk: Desk, appointment: Appointment) -> dict[str, Any]:
    can_change = appointment.state == AppointmentState.BOOKED and appointment.starts_at > desk.school.now
    try:
        family = access.adult(desk.school, desk.viewer, appointment.adult_id)
    except NotThere:  # with them, about a child of another class
        family = None
    clash = next((each for each in diary.clashes(desk.school, desk.viewer) if each.appointment.id == appointment.id), None) if can_change else None
    return {
        "appointment": appointment,
        "ends_at": appointment.starts_at + timedelta(minutes=appointment.minutes),
        "meetings": MEETINGS,
        "ways": WAYS,
        "why": WHY_NOT,
        "clash": clash,
        "can_change": can_change,
        "family": family,
        "asked": ASKED,
    }


@page.get("/{appointment_id:int}/move")
def move(desk: Desk, appointment_id: int, nearest: Sequence[str] = ()) -> Response:
    """Where an appointment is given another time."""
    appointment = _seen(desk, appointment_id)
    about = _about(desk, appointment)
    slots = diary.other_times(desk.school, appointment) if about["can_change"] else ()
    return desk.render("appointments/move.html", **about, **_times(slots, nearest))


@page.post("/{appointment_id:int}/move")
def moved(desk: Desk, appointment_id: int) -> Response:
    """Give an appointment another time, and tell the family."""
    appointment = access.appointment(desk.school, desk.viewer, appointment_id)
    again = partial(move, appointment_id=appointment_id)
    slot, asked = _slot(desk, again), _asked(desk, again)
    before = moment(appointment.starts_at)
    try:
        diary.move(desk.school, desk.viewer, appointment, slot, family_asked=asked == "family")
    except SlotTaken as taken:
        _taken(desk, taken, again)
    except (TooSoon, NotBookable):
        desk.wrong(again, slot="That time cannot be booked any more. Take another.")
    except AlreadyOver:
        desk.wrong(again, _="This appointment has begun, or is called off. Nothing was changed.")
    desk.changed("moved appointment", "appointment", appointment.id, before=before, now=moment(slot.starts_at), asked=asked, **_reason(desk))
    desk.afterwards(desk.hooks.wake)
    return desk.to(f"{page.href}/{appointment.id}", f"Moved to {moment(slot.starts_at)}. {_told(desk, appointment.adult)}")


@page.get("/{appointment_id:int}/cancel")
def cancel(desk: Desk, appointment_id: int) -> Response:
    """Where an appointment is called off."""
    return desk.render("appointments/cancel.html", **_about(desk, _seen(desk, appointment_id)))


@page.post("/{appointment_id:int}/cancel")
def cancelled(desk: Desk, appointment_id: int) -> Response:
    """Call an appointment off, and tell the family."""
    appointment = access.appointment(desk.school, desk.viewer, appointment_id)
    again = partial(cancel, appointment_id=appointment_id)
    asked = _asked(desk, again)
    try:
        diary.cancel(desk.school, desk.viewer, appointment, family_asked=asked == "family")
    except AlreadyOver:
        desk.wrong(again, _="This appointment has begun, or was called off before. Nothing was changed.")
    desk.changed("called off appointment", "appointment", appointment.id, asked=asked, **_reason(desk))
    desk.afterwards(desk.hooks.wake)
    return desk.to(f"{page.href}/{appointment.id}", f"Called off. {_told(desk, appointment.adult)}")


def _asked(desk: Desk, again: Show) -> str:
    asked = desk.form.text("asked", 10)
    if asked not in ASKED:
        desk.wrong(again, asked="Say whose wish it is: the family is told accordingly.")
    return asked


def _reason(desk: Desk) -> dict[str, str]:
    reason = desk.form.text("reason", LONGEST["reason"])
    return {"reason": reason} if reason else {}


def _told(desk: Desk, adult: Adult) -> str:
    if not adult.addresses:
        return f"Bookbag has no number of {adult.name}: please tell them yourself."
    leaves = messages.when_it_leaves(desk.school)
    return f"{adult.name} is told at {moment(leaves)}, when the quiet hours end." if leaves else f"{adult.name} is being told."


# Times to choose from


def _times(slots: Sequence[Slot], nearest: Sequence[str] = ()) -> dict[str, Any]:
    """Times by day, for the part of a form that chooses one; those `nearest` to what was taken meanwhile stand apart."""
    near = [slot for slot in slots if slot.identity in nearest]
    rest = [slot for slot in slots if slot.identity not in nearest]
    return {"nearest": near, "by_day": [(on, list(each)) for on, each in groupby(rest, key=lambda slot: slot.clock.date())]}


def _slot(desk: Desk, again: Show) -> Slot:
    """The time that was chosen."""
    if not desk.form.has("slot"):
        desk.wrong(again, slot="Choose a time.")
    try:
        return Slot.from_identity(desk.form.text("slot", 200))
    except NotBookable:
        raise NotThere from None


def _taken(desk: Desk, taken: SlotTaken, again: Callable[..., Response]) -> NoReturn:
    words = f"{moment(taken.starts_at)} has just been given to someone else. "
    near = ", ".join(f"{day(slot.clock)} {clock(slot.clock)}" for slot in taken.nearest)
    words += f"The nearest: {near}. Everything else you typed is still here." if near else "There is no other free time just now."
    identities = [slot.identity for slot in taken.nearest]
    desk.wrong(lambda desk: again(desk, nearest=identities), slot=words)


# Booking for a family on the telephone


@page.get("/book")
def find(desk: Desk) -> Response:
    """Which family, and which child: by a part of a name, or the end of a number."""
    words, slot = desk.query.text("q", 100), _slot_asked_for(desk)
    entries = family_records.search(desk.school, desk.viewer, words)[: FOUND + 1] if words else ()
    found = [
        (entry.adult, child, _choice(desk, child, slot), any(tie.child_id == child.id and tie.may_book for tie in entry.adult.guardianships))
        for entry in entries[:FOUND]
        for child in entry.children
    ]
    return desk.render(
        "appointments/find.html",
        q=words,
        slot=slot,
        staff=access.diary(desk.school, desk.viewer, slot.staff_ids[0]) if slot else None,
        found=found,
        has_more=len(entries) > FOUND,
        meetings=MEETINGS,
        rest=urlencode({"slot": slot.identity}) if slot else "",
    )


def _slot_asked_for(desk: Desk) -> Slot | None:
    """The time that was chosen in a diary, if it was."""
    try:
        return Slot.from_identity(desk.query.text("slot", 200)) if desk.query.has("slot") else None
    except NotBookable:
        return None


def _choice(desk: Desk, child: Child, slot: Slot | None) -> Choice | None:
    """What would be booked about this child: the meeting of the slot, where one was chosen, else the first that can be."""
    choices = diary.kinds_for(desk.school, desk.viewer, child)
    if slot is None:
        return next(iter(choices), None)
    return next((each for each in choices if (each.kind, each.staff.id) == (slot.kind, slot.staff_ids[0])), None)


@page.get("/book/{adult_id:int}/{child_id:int}")
def book(desk: Desk, adult_id: int, child_id: int, nearest: Sequence[str] = ()) -> Response:
    """Where a time is booked for a family: when, how, and what they need."""
    adult, child, may_book = _family(desk, adult_id, child_id)
    desk.saw("adult", adult.id)
    choices = diary.kinds_for(desk.school, desk.viewer, child)
    slot = _slot_asked_for(desk)
    wanted = (desk.filled or desk.query).text("kind", 20) or (slot.kind if slot else "")
    choice = next((each for each in choices if each.kind == wanted), choices[0] if choices else None)
    usual = appointments.usual_terms(desk.school, adult)
    return desk.render(
        "appointments/book.html",
        adult=adult,
        child=child,
        may_book=may_book,
        choices=choices,
        choice=choice,
        slot=slot,
        usual=usual,
        languages=_languages(desk, adult, usual),
        all_ways=[(way, WAYS[way]) for way in desk.school.settings.ways],
        booked=[row for row in appointments.upcoming(desk.school, adult) if row.child_id == child.id],
        meetings=MEETINGS,
        **_times(diary.offered(desk.school, choice, child, adult) if choice and may_book else (), nearest),
    )


@page.post("/book/{adult_id:int}/{child_id:int}")
def booked(desk: Desk, adult_id: int, child_id: int) -> Response:
    """Book it, and tell the family."""
    adult, child, may_book = _family(desk, adult_id, child_id)
    again = partial(book, adult_id=adult_id, child_id=child_id)
    slot = _slot(desk, again)
    choices = {(each.kind, each.staff.id) for each in diary.kinds_for(desk.school, desk.viewer, child)}
    if not may_book or (slot.kind, slot.staff_ids[0]) not in choices:
        raise NotThere
    try:
        made = diary.book(desk.school, slot, child, adult, _terms(desk, adult, slot.kind), desk.form.text("note", LONGEST["note"]))
    except SlotTaken as taken:
        _taken(desk, taken, again)
    except (TooSoon, NotBookable):
        desk.wrong(again, slot="That time cannot be booked any more. Take another.")
    desk.changed("booked appointment", "appointment", made.id, adult=adult.id, child=child.id, at=moment(slot.starts_at))
    desk.afterwards(desk.hooks.wake)
    return desk.to(f"{page.href}/{made.id}", f"Booked: {moment(slot.starts_at)}. {_told(desk, adult)}")


def _family(desk: Desk, adult_id: int, child_id: int) -> tuple[Adult, Child, bool]:
    """An adult, a child of theirs, and whether they may book about them. Refuses with NotThere."""
    adult, child = access.adult(desk.school, desk.viewer, adult_id), access.child(desk.school, desk.viewer, child_id)
    tie = next((each for each in family_records.ties(desk.school, desk.viewer, adult) if each.child_id == child.id), None)
    if tie is None:
        raise NotThere
    return adult, child, tie.may_book


def _languages(desk: Desk, adult: Adult, usual: Terms) -> list[tuple[str, str]]:
    """No interpreter; one of the language that is likely; one of any other that families here speak."""
    likely = [tag for tag in (usual.interpreter, adult.language) if tag and tag.split("-")[0] != "en"]
    spoken = [tag for tag in (*desk.school.settings.languages, *family_records.languages(desk.school, desk.viewer)) if tag.split("-")[0] != "en"]
    rest = sorted(set(spoken) - set(likely), key=language_name)
    return [("", "No interpreter"), *((tag, language_name(tag)) for tag in dict.fromkeys([*likely, *rest]))]


def _terms(desk: Desk, adult: Adult, kind: str) -> Terms:
    way, interpreter = desk.form.text("way", 20), desk.form.text("interpreter", 35)
    known = {tag for tag, _ in _languages(desk, adult, appointments.usual_terms(desk.school, adult))}
    if interpreter not in known:
        raise NotThere
    at_home = kind == MeetingKind.HOME_VISIT or way not in desk.school.settings.ways
    return Terms(Way.IN_PERSON if at_home else Way(way), interpreter, desk.form.text("access", LONGEST["access"]))
