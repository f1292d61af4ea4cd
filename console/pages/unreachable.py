"""Whom no message reaches, why, what to do, and the letter that goes home instead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fastapi import Response

from console.desk import Desk
from console.pages import Page
from school import access, unreachable
from school.access import Power
from school.errors import NotThere
from school.unreachable import Unreached, Why
from translations import _, spoken, written
from translations.letters import what_to_do

page = Page("unreachable", "Unreachable", order=71, powers=frozenset({Power.FAMILIES}))

REASONS: Mapping[Why, tuple[str, str]] = {
    Why.NO_ADDRESS: ("No phone number", "Ask for a mobile number. Until then, print a letter."),
    Why.ONLY_EMAIL: ("Only an e-mail address", "Ask for a mobile number. Until then, print a letter."),
    Why.STOPPED: ("Said STOP", "Only they can change that, with the word START. Ring if it is urgent, or print a letter."),
    Why.BLOCKED: (
        "Said STOP, and the phone company lets nothing through",
        "Ring them and ask them to text START to the school's number. Until then not even an answer reaches them: print a letter.",
    ),
    Why.DEAD: ("No number of theirs works", "Ask for their new number. Until then, print a letter."),
    Why.STOPPED_OR_DEAD: ("Said STOP on one number, and the other does not work", "Ask for their new number, or print a letter."),
    Why.DOUBTED: ("Their number may be someone else's by now", "They are asked before anything is said there. Ring them, or see Families, Becoming known."),
    Why.LANDLINE: ("Only a landline", "A landline gets no texts: ring them, ask for a mobile number, or print a letter."),
    Why.ABROAD: ("Only a number abroad", "The school does not text that country: ask for a British mobile number, or print a letter."),
    Why.WINDOW_CLOSED: (
        "Only WhatsApp, they have not written for a day, and WhatsApp has approved no opener in their language",
        "Ask for a number that takes texts. Until then, print a letter.",
    ),
}
"""Why nobody is reached, in English, and what staff can do about it."""


@dataclass(frozen=True)
class Letter:
    """What goes home to one adult: what they were to be told, in their language."""

    unreached: Unreached
    language: str
    day: str
    hello: str
    messages: Sequence[str]
    please: str


@page.get()
def show(desk: Desk) -> Response:
    """The adults whom no message reaches."""
    return desk.render("unreachable/list.html", block="people", people=unreachable.unreached(desk.school, desk.viewer), reasons=REASONS)


@page.get("/letters")
def letters(desk: Desk) -> Response:
    """A letter to each of them, a page each."""
    return _letters(desk, unreachable.unreached(desk.school, desk.viewer))


@page.get("/{adult_id:int}/letter")
def letter(desk: Desk, adult_id: int) -> Response:
    """The letter to one of them. There is none to anyone who is reached."""
    adult = access.adult(desk.school, desk.viewer, adult_id)
    found = [each for each in unreachable.unreached(desk.school, desk.viewer) if each.adult.id == adult.id]
    if not found:
        raise NotThere
    return _letters(desk, found)


def _letters(desk: Desk, people: Sequence[Unreached]) -> Response:
    untold = unreachable.untold(desk.school, [each.adult.id for each in people])
    words = desk.hooks.worded([message.id for messages in untold.values() for message in messages])
    made = []
    for each in people:
        desk.saw("adult", each.adult.id)
        mine = [words[message.id] for message in untold.get(each.adult.id, ()) if message.id in words]
        made.append(_letter(desk, each, mine))
    return desk.render("unreachable/letters.html", letters=made, settings=desk.school.settings, days=unreachable.LETTER_DAYS)


def _letter(desk: Desk, each: Unreached, messages: Sequence[str]) -> Letter:
    theirs = each.adult.language
    reads = spoken(theirs)
    please = what_to_do(has_messages=bool(messages)).render(theirs)
    return Letter(each, theirs, written(desk.school.today, reads), _("Hello!").render(theirs), messages, please)
