"""What a text may not decide: someone rings the number the school holds, and says here what was agreed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from fastapi import Response

from console.desk import Desk
from console.pages import Page
from school import access, collection
from school.access import Power
from school.collection import AlreadyDecided, NoteNeeded, NumberNotHeld, RequestKind, RequestState
from school.errors import NotThere

page = Page("collection", "Collection", order=22, powers=frozenset({Power.COLLECTION}))

KINDS: Mapping[str, str] = {RequestKind.COLLECTION: "who collects, or when", RequestKind.CONTACT: "new contact details", RequestKind.CARER: "a new person"}
STATES: Mapping[str, str] = {RequestState.OPEN: "not decided", RequestState.AGREED: "agreed", RequestState.REFUSED: "not agreed"}
DECIDED_FOR = timedelta(days=7)
"""How long what was decided stays on the page after its day."""


@page.get()
def show(desk: Desk) -> Response:
    """What waits to be agreed, the nearest day first; and what was decided."""
    waiting = collection.open_requests(desk.school)
    for row in waiting:
        desk.saw("adult", row.adult_id)
    return desk.render(
        "collection/list.html",
        waiting=waiting,
        decided=collection.decided_requests(desk.school, desk.school.today - DECIDED_FOR),
        numbers={row.id: collection.numbers_held(desk.school, row) for row in waiting},
        is_past={row.id: collection.is_past(desk.school, row) for row in waiting},
        words=collection.words,
        children={row.id: row.children or collection.children(desk.school, row.adult) for row in waiting},
        kinds=KINDS,
        states=STATES,
        today=desk.school.today,
        failed=desk.filled.number("request") if desk.filled is not None else None,
    )


@page.post("/{request_id:int}")
def decide(desk: Desk, request_id: int) -> Response:
    """Someone rang, and it is agreed or not: the family is told."""
    row = collection.find(desk.school, request_id)
    if row is None:
        raise NotThere
    access.adult(desk.school, desk.viewer, row.adult_id)
    rung = next((each for each in collection.numbers_held(desk.school, row) if each.id == desk.form.number("rung")), None)
    rule = collection.agree if desk.form.text("decision", 10) == "agree" else collection.refuse
    try:
        rule(desk.school, row, desk.viewer.staff, rung, desk.form.text("note", 500))
    except NoteNeeded:
        desk.wrong(show, note="Tick the number that you rang, or write how you know.")
    except NumberNotHeld:
        desk.wrong(show, note="That number is not held any more. Ring one that is.")
    except AlreadyDecided as refusal:
        return desk.to(page.href, f"A colleague was quicker: it is {STATES[RequestState(refusal.state)]}.")
    desk.changed(STATES[row.state], "request", row.id, kind=row.kind)
    desk.afterwards(desk.hooks.wake)
    return desk.to(page.href, f"{STATES[row.state].capitalize()}. {row.adult.name} is told.")
