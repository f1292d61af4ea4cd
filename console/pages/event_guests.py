"""Who comes to an event: answers told on the telephone, who was there, and the sheet of the guests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from fastapi import Response

from console.desk import Desk
from console.pages import Page
from console.rendering import day
from school import access, event_list, events, rsvps
from school.access import Power
from school.event_list import Guest
from school.events import Event
from school.families import Adult
from school.rsvps import Answer, Full, NotInvited, NotYet, Rsvp, TooLate, TooMany
from school.sheets import as_csv

page = Page("events", powers=frozenset({Power.EVENTS}))
ANSWERS: Mapping[str, str] = {Answer.YES: "come", Answer.NO: "do not come", Answer.MAYBE: "do not know yet", Answer.WAITING: "wait for a place"}
BUTTONS = 6
"""How many numbers of people stand beside a family to be pressed, and the number that they said themselves."""
FOUND = 40
"""How many adults a search shows."""


# Answers on the telephone


@page.get("/{event_id:int}/answer", needs=Power.EDIT_EVENTS)
def find(desk: Desk, event_id: int) -> Response:
    """Who rang: by a part of a name."""
    event, words = access.event(desk.school, desk.viewer, event_id), desk.query.text("q", 100)
    found = event_list.guests(desk.school, desk.viewer, event, words) if words else ()
    return desk.render("events/find.html", event=event, q=words, found=found[:FOUND], has_more=len(found) > FOUND)


@page.get("/{event_id:int}/answer/{adult_id:int}", needs=Power.EDIT_EVENTS)
def ask(desk: Desk, event_id: int, adult_id: int) -> Response:
    """Where an answer is written down that someone gave by voice."""
    event, adult = _both(desk, event_id, adult_id)
    desk.saw("adult", adult.id)
    return desk.render("events/answer.html", event=event, adult=adult, rsvp=rsvps.of(desk.school, event, adult), left=rsvps.left(event), answers=ANSWERS)


@page.post("/{event_id:int}/answer/{adult_id:int}", needs=Power.EDIT_EVENTS)
def answer(desk: Desk, event_id: int, adult_id: int) -> Response:
    """Write an answer down."""
    event, adult = _both(desk, event_id, adult_id)
    again = partial(ask, event_id=event_id, adult_id=adult_id)
    said, people = desk.form.text("answer", 20), desk.form.number("people") or 1
    if said not in ANSWERS:
        desk.wrong(again, answer="Say what they answered.")
    try:
        rsvp = _write(desk, event, adult, Answer(said), people)
    except Full as full:
        desk.wrong(again, answer=f"{_left(full.left)} Write down fewer, or put them on the waiting list.")
    except TooMany as many:
        desk.wrong(again, people=f"One family may bring {many.most} at most.")
    except NotInvited:
        desk.wrong(again, _=f"{adult.name} is not invited to this.")
    except TooLate:
        desk.wrong(again, _=_too_late(desk, event))
    desk.changed("wrote down an answer", "event", event.id, adult=adult.id, answer=rsvp.answer, people=rsvp.people)
    desk.afterwards(desk.hooks.wake)
    return desk.to(f"{page.href}/{event_id}", f"Written down: {adult.name}: {_in_words(desk, rsvp)}.")


def _both(desk: Desk, event_id: int, adult_id: int) -> tuple[Event, Adult]:
    """An event and an adult who may both be seen. Refuses with NotThere."""
    return access.event(desk.school, desk.viewer, event_id), access.adult(desk.school, desk.viewer, adult_id)


def _write(desk: Desk, event: Event, adult: Adult, said: Answer, people: int) -> Rsvp:
    if said in (Answer.NO, Answer.MAYBE):
        return (rsvps.decline if said == Answer.NO else rsvps.perhaps)(desk.school, event, adult)
    return (rsvps.accept if said == Answer.YES else rsvps.wait)(desk.school, event, adult, people)


def _left(count: int) -> str:
    return {0: "It is full.", 1: "Only one place is left."}.get(count, f"Only {count} places are left.")


def _too_late(desk: Desk, event: Event) -> str:
    if not events.is_on(desk.school, event):
        return "It has begun, is called off, or is not open yet: no answers are taken."
    if not event.asks:
        return "This event asks for no answers. Nothing was written down."
    return f"Answers were taken until {day(event.answer_by or event.on)}. To take this one, change that day first."


def _in_words(desk: Desk, rsvp: Rsvp) -> str:
    if rsvp.answer == Answer.YES:
        return "one comes" if rsvp.people == 1 else f"{rsvp.people} come"
    if rsvp.answer == Answer.WAITING:
        return f"number {rsvps.turn(desk.school, rsvp)} on the waiting list"
    return {Answer.NO: "does not come", Answer.MAYBE: "does not know yet"}.get(
        Answer(rsvp.answer), "a place is free after all: they are asked whether they want it"
    )


# Who was there


@page.get("/{event_id:int}/attendance")
def attendance(desk: Desk, event_id: int) -> Response:
    """Where those who came are ticked, as they come in."""
    event, words = access.event(desk.school, desk.viewer, event_id), desk.query.text("q", 100)
    guests = event_list.guests(desk.school, desk.viewer, event)
    said_so = [guest for guest in guests if _is_expected(guest)]
    found = event_list.guests(desk.school, desk.viewer, event, words) if words else () if event.asks else guests
    sought = [guest for guest in found if not _is_expected(guest)]
    return desk.render(
        "events/attendance.html",
        event=event,
        q=words,
        expected=said_so,
        sought=sought[: FOUND if words else len(sought)],
        came=event_list.came(desk.school, event),
        said=rsvps.counts(desk.school, event).get(Answer.YES, 0),
        has_come=event.state == events.EventState.OPEN and event.on <= desk.school.today,
        most=min(event.most, BUTTONS),
    )


def _is_expected(guest: Guest) -> bool:
    return guest.rsvp is not None and (guest.rsvp.answer in (Answer.YES, Answer.OFFERED, Answer.CAME) or guest.rsvp.came is not None)


@page.post("/{event_id:int}/attendance/{adult_id:int}")
def tick(desk: Desk, event_id: int, adult_id: int) -> Response:
    """So many of theirs came; or nobody did; or that is taken back."""
    event, adult = _both(desk, event_id, adult_id)
    at, people = f"{page.href}/{event_id}/attendance", desk.form.number("people")
    try:
        rsvps.came(desk.school, event, adult, None if people is None else min(people, max(event.most, BUTTONS)))
    except NotYet:
        return desk.to(at, f"Nobody can have come before {day(event.on)}.")
    except NotInvited:
        return desk.to(at, f"{adult.name} is not invited to this.")
    desk.changed("ticked who came", "event", event.id, adult=adult.id, **({} if people is None else {"people": people}))
    return desk.to(f"{at}#a{adult_id}")


# The sheet


@page.get("/{event_id:int}/sheet.csv")
def sheet(desk: Desk, event_id: int) -> Response:
    """The guests, what they answered and who came, as a sheet."""
    event = access.event(desk.school, desk.viewer, event_id)
    found = event_list.answers(desk.school, desk.viewer, event)
    _saw(desk, found.everyone)
    named = f'attachment; filename="guests-{event.on}-{event.id}.csv"'
    return Response(as_csv(event_list.sheet(found)), media_type="text/csv; charset=utf-8", headers={"Content-Disposition": named})


def _saw(desk: Desk, guests: Sequence[Guest]) -> None:
    for guest in guests:
        desk.saw("adult", guest.adult.id)
