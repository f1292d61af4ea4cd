"""Who has which pack at home and who waits for one: renewed, asked for by telephone; the weekly loan."""

from __future__ import annotations

from functools import partial

from fastapi import Response

from console import pack_form
from console.desk import Desk
from console.pages import Page
from console.rendering import day
from school import access, pack_clock, pack_desk, pack_loans, pack_queue, packs, weekly_loan
from school.access import Power
from school.pack_desk import Borrower
from school.pack_loans import Over, SomeoneWaits, TooOften
from school.pack_queue import HasIt, HoldState, NotLent, PackHold, TooManyHolds, Waits, Way
from school.pack_rules import coming_bag_day, filled_on, ways

EDIT = Power.EDIT_PACKS
page = Page("packs", powers=frozenset({Power.PACKS}))
FOUND = 30
"""How many children a search shows."""
WAYS = {Way.BAG: "in the book bag", Way.COLLECT: "they collect it"}


@page.get("/loans")
def show(desk: Desk, loan_id: int | None = None) -> Response:
    """Who has what, by class; what is late alone, where that is asked for. `loan_id` is one that could not be renewed."""
    only_late = desk.query.has("late")
    return desk.render(
        "packs/loans.html",
        classes=pack_desk.at_home(desk.school, desk.viewer, only_late=only_late),
        forgotten=pack_desk.forgotten_at_home(desk.school, desk.viewer),
        wishes=pack_desk.wishes(desk.school, desk.viewer),
        only_late=only_late,
        for_staff=partial(pack_desk.is_for_staff, desk.school),
        on_its_way=partial(pack_clock.on_its_way, desk.school),
        refused=pack_loans.find(desk.school, loan_id) if loan_id is not None else None,
        can_edit=desk.may(EDIT),
    )


@page.post("/loans/{loan_id:int}/renew")
def renew(desk: Desk, loan_id: int) -> Response:
    """They may keep it as long again; whoever may go beyond the rules is asked whether to."""
    loan = access.loan(desk.school, desk.viewer, loan_id)
    again = partial(show, loan_id=loan_id)
    try:
        due_on = pack_loans.renew(desk.school, loan, staff=desk.form.has("anyway") and desk.may(EDIT))
    except Over:
        return desk.to(f"{page.href}/loans", f"{loan.copy.label} is back already: nothing was changed.")
    except SomeoneWaits:
        desk.wrong(again, renew=f"{loan.copy.label} {loan.pack.title.words} is not renewed: another family waits for it.")
    except TooOften as often:
        times = "once" if often.most == 1 else f"{often.most} times"
        desk.wrong(again, renew=f"{loan.copy.label} {loan.pack.title.words} is not renewed: it was renewed {times}, which is as often as the school allows.")
    desk.changed("renewed a pack", "child", loan.child_id, label=loan.copy.label)
    whose = loan.child.name if loan.child is not None else "The family"
    return desk.to(f"{page.href}/loans", f"{whose} may keep {loan.copy.label} {loan.pack.title.words} until {day(due_on)}. They are told nothing in writing.")


# Asked for by telephone


@page.get("/{pack_id:int}/reserve")
def find(desk: Desk, pack_id: int) -> Response:
    """For whom a pack is asked for by telephone."""
    pack, words = packs.find(desk.school, pack_id), desk.value("q", desk.query.text("q", 100))
    found = pack_desk.borrowers(desk.school, desk.viewer, words)
    return desk.render(
        "packs/reserve.html", pack=pack, q=words, found=found[:FOUND], has_more=len(found) > FOUND, ways=[(w, WAYS[w]) for w in ways(desk.school)]
    )


@page.post("/{pack_id:int}/reserve")
def reserve(desk: Desk, pack_id: int) -> Response:
    """Ask for it, for a family that rang."""
    pack, again = packs.find(desk.school, pack_id), partial(find, pack_id=pack_id)
    to = pack_form.chosen(desk)
    if to is None:
        desk.wrong(again, _="Choose the child.")
    way = next((each for each in ways(desk.school) if each == desk.form.text("way", 10)), Way.BAG)
    try:
        hold = pack_queue.reserve(desk.school, pack, to.child, to.adult, way, staff=desk.may(EDIT))
    except (NotLent, HasIt, Waits, TooManyHolds) as refusal:
        desk.wrong(again, _=_why_not(refusal, to))
    desk.changed("asked for a pack for a family", "child", to.child.id, pack=pack.title.words)
    desk.afterwards(desk.hooks.wake)
    return desk.to(f"{page.href}/{pack.id}", _told(desk, hold))


def _why_not(refusal: NotLent | HasIt | Waits | TooManyHolds, to: Borrower) -> str:
    if isinstance(refusal, HasIt):
        return f"{to.adult.name} has it at home, due back on {day(refusal.loan.due_on)}."
    if isinstance(refusal, Waits):
        is_ready = refusal.hold.state == HoldState.READY
        return f"A copy is set aside for {to.adult.name} already." if is_ready else f"{to.adult.name} waits for it already."
    if isinstance(refusal, TooManyHolds):
        return f"{to.adult.name} waits for {refusal.most} packs already, which is as many as the school allows. The office can do it all the same."
    return "This pack is lent no more, or there is no copy of it."


def _told(desk: Desk, hold: PackHold) -> str:
    if hold.state == HoldState.READY and hold.copy is not None:
        until = f" until {day(hold.keep_until)}" if hold.keep_until is not None else ""
        then = f"they may collect it{until}" if hold.way == Way.COLLECT else f"it goes into the bag on {day(coming_bag_day(desk.school))}"
        return f"{hold.copy.label} is set aside for {hold.child.name}: {then}. Tell them: nothing is sent in writing."
    expected = pack_queue.expected(desk.school, hold.pack, hold)
    about = f", perhaps on {day(expected)}" if expected is not None else ""
    return f"{hold.child.name} is number {pack_queue.turn_of(desk.school, hold)} in the queue{about}. They are told when a copy is there."


# The weekly loan


@page.get("/weekly")
def weekly(desk: Desk) -> Response:
    """Which children are in the weekly loan, and who went without."""
    words, filled = desk.value("q", desk.query.text("q", 100)), filled_on(desk.school)
    found = pack_desk.borrowers(desk.school, desk.viewer, words)
    places = pack_desk.weekly_places(desk.school, desk.viewer)
    return desk.render(
        "packs/weekly.html",
        places=places,
        in_it={(place.adult_id, place.child_id) for place in places},
        without=[place.id for place in places if place.missed_on is not None and place.missed_on == filled],
        filled=filled,
        bag_day=coming_bag_day(desk.school),
        q=words,
        found=found[:FOUND],
        has_more=len(found) > FOUND,
        can_edit=desk.may(EDIT),
    )


@page.post("/weekly")
def join(desk: Desk) -> Response:
    """Sign a child up for the weekly loan."""
    to = pack_form.chosen(desk)
    if to is None:
        desk.wrong(weekly, _="Choose the child.")
    weekly_loan.join(desk.school, to.child, to.adult)
    desk.changed("signed a child up for the weekly loan", "child", to.child.id)
    return desk.to(f"{page.href}/weekly", f"{to.child.name} is in the weekly loan. {to.adult.name} is told nothing in writing.")


@page.post("/weekly/{place_id:int}/leave")
def leave(desk: Desk, place_id: int) -> Response:
    """Take a child out of the weekly loan."""
    place = access.weekly_place(desk.school, desk.viewer, place_id)
    weekly_loan.leave(desk.school, place)
    desk.changed("took a child out of the weekly loan", "child", place.child_id)
    desk.afterwards(desk.hooks.wake)
    return desk.to(f"{page.href}/weekly", f"{place.child.name} is not in the weekly loan any more. What is at home stays due as it is.")
