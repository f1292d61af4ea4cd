"""Who is known: families are invited by text, and what a lost phone or a wrong number has closed is opened again."""

from __future__ import annotations

from fastapi import Response

from console.desk import Desk
from console.pages import Page
from console.pages.families import CLOSED_FOR, at, present
from school import addresses, closings, doubts, family_records, welcomes
from school.access import Power
from school.closings import NotClosed, Reason
from school.errors import NotThere
from school.welcomes import Known, NoWayThere, TooSoon

page = Page("families/known", powers=frozenset({Power.EDIT_FAMILIES}))
SHOWN = 100
WHYS = {
    doubts.Why.GONE: "the phone company said that nobody has this number",
    doubts.Why.SILENT: "nothing came from there and nothing was sent there for a year",
}
"""Why a number is doubted, in English."""


@page.get()
def show(desk: Desk) -> Response:
    """Who was never written to, who has not answered, and who has."""
    school = desk.school
    found, waiting, answered = welcomes.candidates(school), welcomes.waiting(school), welcomes.answered(school)
    for adult_id in [*(adult.id for adult in found[:SHOWN]), *(row.adult_id for row in (*waiting, *answered))]:
        desk.saw("adult", adult_id)
    return desk.render(
        "known/list.html",
        candidates=found,
        shown=SHOWN,
        waiting=[(row, welcomes.may_invite(school, row.adult)) for row in waiting],
        answered=answered,
        most=welcomes.MOST,
        doubts=doubts.open_doubts(school),
        whys=WHYS,
        shown_of=addresses.masked,
    )


@page.post("/all")
def welcome_all(desk: Desk) -> Response:
    """Invite everyone who was never written to."""
    sent = 0
    for adult in welcomes.candidates(desk.school):
        try:
            welcomes.invite(desk.school, adult, desk.viewer.staff)
        except (Known, TooSoon, NoWayThere):
            continue  # a colleague, or they themselves, were quicker
        sent += 1
        desk.changed("welcomed", "adult", adult.id)
    desk.afterwards(desk.hooks.wake)
    return desk.to(page.href, f"{sent} {'welcome is' if sent == 1 else 'welcomes are'} on the way. In quiet hours they wait until morning.")


@page.post("/{adult_id:int}/welcome")
def welcome(desk: Desk, adult_id: int) -> Response:
    """Invite one adult, or invite them once more."""
    adult = present(desk, adult_id)
    try:
        welcomes.invite(desk.school, adult, desk.viewer.staff)
    except Known:
        return desk.to(at(adult), "They have written already.")
    except TooSoon:
        return desk.to(at(adult), "They were asked before. Give them three days; after two welcomes ring them.")
    except NoWayThere:
        return desk.to(at(adult), "No text and no chat reaches them.")
    desk.changed("welcomed", "adult", adult.id)
    desk.afterwards(desk.hooks.wake)
    return desk.to(at(adult), "The welcome is on its way.")


@page.post("/{adult_id:int}/close/{address_id:int}")
def close(desk: Desk, adult_id: int, address_id: int) -> Response:
    """It is lost, stolen or someone else's: nothing is sent there, and whoever writes from there is a stranger. With it, where ticked, their other chats."""
    adult, reason = present(desk, adult_id), desk.form.text("reason", 20)
    chosen = family_records.address_of(adult, address_id)
    if not closings.may_close(chosen) or reason not in CLOSED_FOR:
        raise NotThere
    every = [link.address for link in adult.addresses if closings.may_close(link.address)]
    closed = [row for each in (every if desk.form.has("all") else [chosen]) for row in closings.close(desk.school, each, Reason(reason), desk.viewer.staff)]
    for row in closed:
        desk.changed("closed address", "adult", row.adult_id, was=addresses.masked(row.address.value), channel=row.address.channel, reason=reason)
    return desk.to(at(adult), "Closed. Nothing is sent there until you open it again; what waited goes another way.")


@page.post("/{adult_id:int}/open/{closing_id:int}")
def open_again(desk: Desk, adult_id: int, closing_id: int) -> Response:
    """It is theirs after all, or was found."""
    adult = present(desk, adult_id)
    row = closings.find(desk.school, adult, closing_id)
    try:
        closings.reopen(desk.school, row, desk.viewer.staff)
    except NotClosed:
        return desk.to(at(adult), "It is open already.")
    desk.changed("opened address", "adult", adult.id, was=addresses.masked(row.address.value))
    return desk.to(at(adult), "Open again. The next message there says which school this is.")


@page.post("/doubts/{doubt_id:int}/theirs")
def is_theirs(desk: Desk, doubt_id: int) -> Response:
    """Someone rang: the number is still theirs."""
    row = doubts.find(desk.school, doubt_id)
    if row.ended_at is None:
        doubts.said_theirs(desk.school, row.address, desk.viewer.staff)
        desk.changed("confirmed number", "doubt", row.id, number=addresses.masked(row.address.value))
    desk.afterwards(desk.hooks.wake)
    return desk.to(page.href, "It is theirs. What waited is on its way.")
