"""One thing that waits for a person: the way to where it is dealt with."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import Response

from console.desk import HOME, Desk
from console.pages import Page
from school import access, attention, threads
from school.access import Power
from school.errors import NotThere

page = Page("needs")

ELSEWHERE: Mapping[attention.Need, tuple[Power, str]] = {
    attention.Need.NOT_SEEN: (Power.ABSENCE, "absences"),
    attention.Need.COLLECTION: (Power.COLLECTION, "collection"),
    attention.Need.DATA_REQUEST: (Power.DATA_REQUESTS, "data"),
}
"""What is dealt with on a page of its own, by whoever may."""


@page.get("/{need_id:int}")
def show(desk: Desk, need_id: int) -> Response:
    """The thread it belongs to; a page of its own for what concerns no family."""
    row = access.need(desk.school, desk.viewer, need_id)
    if row.need == attention.Need.SAFEGUARDING:
        return desk.to(f"{HOME}/safeguarding/{row.id}")
    power, elsewhere = ELSEWHERE.get(attention.Need(row.need), (None, ""))
    if power is not None and desk.may(power):
        return desk.to(f"{HOME}/{elsewhere}")
    key = threads.key_of(row)
    if key and desk.may(Power.MESSAGES):
        try:
            threads.thread(desk.school, desk.viewer, key)
        except NotThere:
            return desk.render("needs/show.html", row=row)
        return desk.to(f"{HOME}/messages/{key}")
    return desk.render("needs/show.html", row=row)


@page.post("/{need_id:int}/done")
def done(desk: Desk, need_id: int) -> Response:
    """It has been dealt with."""
    row = access.need(desk.school, desk.viewer, need_id)
    if row.need == attention.Need.SAFEGUARDING:
        raise NotThere
    attention.tick_off(desk.school, row.id, by=desk.viewer.staff)
    desk.changed("dealt with", "need", row.id)
    return desk.to(HOME, "Done.")
