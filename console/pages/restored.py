"""A school that was put back from a backup: what waits to be sent, and what becomes of each kind of it."""

from __future__ import annotations

from fastapi import Response

from console.desk import HOME, Desk
from console.pages import Page
from school import delivery, restored
from school.access import Power
from school.restored import Choice, NotEveryKind

page = Page("restored", powers=frozenset({Power.DELIVERY}))

CHOICES = ((Choice.SEND, "Send them"), (Choice.DROP, "Drop them"))


@page.get()
def show(desk: Desk) -> Response:
    """What it means, and what waits; once nothing is held, when that ended."""
    held = restored.held(desk.school)
    if held is None:
        return desk.render("restored/over.html", row=restored.newest(desk.school))
    return desk.render(
        "restored/held.html",
        row=held,
        kinds=restored.waiting(desk.school, held),
        came_in=restored.came_in(desk.school, held),
        name_of=delivery.kind_name,
        choices=CHOICES,
        may_release=desk.may(Power.BROADCASTS),
    )


@page.post("/send", needs=Power.BROADCASTS)
def release(desk: Desk) -> Response:
    """Send again: what was to be sent of what waits, and all that comes after it."""
    held = restored.held(desk.school)
    if held is None:
        return desk.to(page.href, "Someone has done that already.")
    if not desk.form.has("sure"):
        desk.wrong(show, sure="Tick this: it cannot be taken back.")
    chosen = {each.kind: Choice(said) for each in restored.waiting(desk.school, held) if (said := desk.form.text(f"kind-{each.kind}", 10)) in tuple(Choice)}
    try:
        dropped = restored.release(desk.school, desk.viewer.staff, chosen)
    except NotEveryKind:
        desk.wrong(show, _="Say of each kind what becomes of it. Something may have come since you opened the page.")
    desk.changed("let it send again after a restore", "restoration", held.id, dropped=sum(dropped.values()))
    desk.afterwards(desk.hooks.wake)
    return desk.to(HOME, "Messages are sent again.")
