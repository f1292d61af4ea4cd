"""Calendars to subscribe to: links that show what is on, in whichever calendar someone uses, until they are taken back."""

from __future__ import annotations

from fastapi import Response

from console.desk import Desk
from console.pages import Page
from school import access, diary, feeds, groups
from school.access import Power
from school.errors import NotThere

page = Page("events/calendars", powers=frozenset({Power.GROUPS}))


@page.get()
def show(desk: Desk) -> Response:
    """Every link that opens, and where one is made."""
    return desk.render(
        "calendars/list.html",
        links=[(given, feeds.written(desk.school, given), f"{desk.origin}/calendar/{given.token}.ics") for given in feeds.everyone(desk.school)],
        classes=access.classes(desk.school, desk.viewer),
        seen=[person for person in diary.people(desk.school, desk.viewer) if not person.has_left],
        wishes=groups.count_wishes(desk.school),
    )


@page.post()
def make(desk: Desk) -> Response:
    """Make a link: for the school, a class, or a member of staff's appointments."""
    kind, _, chosen = desk.form.text("what", 30).partition(":")
    number = int(chosen) if chosen.isascii() and chosen.isdecimal() else 0
    if kind not in ("school", "class", "staff"):
        raise NotThere
    of_class = access.school_class(desk.school, desk.viewer, number) if kind == "class" else None
    of_staff = access.diary(desk.school, desk.viewer, number) if kind == "staff" else None
    given = feeds.make(desk.school, desk.viewer.staff, school_class=of_class, staff=of_staff)
    desk.changed("made a calendar link", "feed", given.id)
    return desk.to(page.href, "The link is made. Whoever has it sees this calendar: hand it on with care.")


@page.post("/{feed_id:int}/revoke")
def revoke(desk: Desk, feed_id: int) -> Response:
    """The link opens nothing any more."""
    given = feeds.find(desk.school, feed_id)
    if given is None:
        raise NotThere
    feeds.revoke(desk.school, given)
    desk.changed("took back a calendar link", "feed", feed_id)
    return desk.to(page.href, "The link opens nothing any more.")
