"""Safeguarding: the named persons' own inbox. Nobody else sees that it is there."""

from __future__ import annotations

from fastapi import Response

from console.desk import Desk
from console.pages import Page
from school import attention, safeguarding
from school.access import Power

page = Page("safeguarding", "Safeguarding", order=5, powers=frozenset({Power.SAFEGUARDING}))


@page.get()
def matters(desk: Desk) -> Response:
    """What waits for the named persons, or what they have dealt with."""
    is_done = desk.query.text("show") == "done"
    found = safeguarding.matters(desk.school, desk.viewer, done=is_done)
    seen = {row.id for row in found if safeguarding.was_seen(desk.school, row)}
    return desk.render("safeguarding/list.html", block="matters", matters=found, is_done=is_done, seen=seen)


@page.get("/{matter_id:int}")
def matter(desk: Desk, matter_id: int) -> Response:
    """One matter, as the record has it."""
    row = safeguarding.matter(desk.school, desk.viewer, matter_id)
    desk.saw(safeguarding.SEEN_AS, row.id)
    text = attention.written(desk.school, row)
    reading = text.read_in("en") if text is not None else None
    is_wanted = text is not None and text.translation("en") is not None
    return desk.render("safeguarding/show.html", block="matter", row=row, reading=reading, is_wanted=is_wanted, notes=safeguarding.notes(desk.school, row))


@page.post("/{matter_id:int}/english")
def english(desk: Desk, matter_id: int) -> Response:
    """Have it put into English: only now does it leave the school for a translator."""
    safeguarding.want_english(desk.school, safeguarding.matter(desk.school, desk.viewer, matter_id))
    desk.changed("had translated", safeguarding.SEEN_AS, matter_id)
    return desk.to(f"{page.href}/{matter_id}", "It is being put into English. It appears here in a moment.")


@page.post("/{matter_id:int}/note")
def note(desk: Desk, matter_id: int) -> Response:
    """Write down what was done, and close it or not."""
    row, words = safeguarding.matter(desk.school, desk.viewer, matter_id), desk.form.text("words", 5_000)
    if not words:
        desk.wrong(lambda again: matter(again, matter_id), words="Write down what you did or decided.")
    if desk.form.has("close"):
        safeguarding.close(desk.school, desk.viewer, row, words)
        desk.changed("closed", safeguarding.SEEN_AS, matter_id)
        return desk.to(page.href, "Closed. It stays on record under 'Dealt with'.")
    safeguarding.note(desk.school, desk.viewer, row, words)
    desk.changed("noted", safeguarding.SEEN_AS, matter_id)
    return desk.to(f"{page.href}/{matter_id}")


@page.post("/{matter_id:int}/reopen")
def reopen(desk: Desk, matter_id: int) -> Response:
    """It is not over."""
    safeguarding.reopen(safeguarding.matter(desk.school, desk.viewer, matter_id))
    desk.changed("reopened", safeguarding.SEEN_AS, matter_id)
    return desk.to(f"{page.href}/{matter_id}", "It waits again.")
