"""Packs today: what goes into which bag, what is collected, what is due back, what waits to be counted. One copy is in `pack_copies`."""

from __future__ import annotations

from functools import partial

from fastapi import Response

from console import pack_words
from console.desk import Desk
from console.guard import WITH_CAMERA
from console.pages import Page
from console.rendering import day
from school import access, pack_clock, pack_desk, pack_loans, pack_queue, packs, weekly_loan
from school.access import Power
from school.errors import NotThere
from school.pack_loans import NotHere, NotOut, Over
from school.pack_queue import Ended, HoldState
from school.pack_rules import filled_on, is_bag_day, next_bag_day, rules
from school.packs import CopyState, PackCopy

EDIT = Power.EDIT_PACKS
page = Page(
    "packs",
    "Packs",
    order=34,
    powers=frozenset({Power.PACKS}),
    waits=lambda desk: pack_desk.count_waiting(desk.school, desk.viewer) if desk.may(Power.PACKS) else 0,
)


@page.get()
def show(desk: Desk) -> Response:
    """What is to be done today, class by class."""
    days = pack_desk.today(desk.school, desk.viewer)
    filled = filled_on(desk.school)
    answer = desk.render(
        "packs/today.html",
        days=[each for each in days if not each.is_quiet],
        quiet=[each.school_class.name for each in days if each.is_quiet],
        to_count=pack_desk.to_count(desk.school, desk.viewer),
        told=pack_desk.told(desk.school, desk.viewer),
        for_staff=partial(pack_desk.is_for_staff, desk.school),
        on_its_way=partial(pack_clock.on_its_way, desk.school),
        can_undo_back=pack_desk.can_undo_back,
        kinds=pack_words.KINDS,
        bag_day=next_bag_day(desk.school, desk.school.today),
        is_bag_day=is_bag_day(desk.school, desk.school.today),
        filled=filled,
        without=[place for place in pack_desk.weekly_places(desk.school, desk.viewer) if filled is not None and place.missed_on == filled],
        can_edit=desk.may(EDIT),
        times=rules(desk.school).overdue_times,
    )
    answer.headers["Permissions-Policy"] = WITH_CAMERA
    return answer


@page.get("/bags/{class_id:int}")
def bags(desk: Desk, class_id: int) -> Response:
    """What goes into the bags of one class, and what is to come back: for paper."""
    found = access.school_class(desk.school, desk.viewer, class_id)
    [one] = [each for each in pack_desk.today(desk.school, desk.viewer) if each.school_class.id == found.id]
    weekly = {place.child_id for place in pack_desk.weekly_places(desk.school, desk.viewer)}
    return desk.render("packs/bags.html", one=one, bag_day=next_bag_day(desk.school, desk.school.today), weekly=weekly)


@page.post("/fill", needs=EDIT)
def fill(desk: Desk) -> Response:
    """Set a pack aside for every child in the weekly loan that has none yet this week."""
    count = weekly_loan.fill_bags(desk.school)
    without = len(weekly_loan.went_without(desk.school, desk.school.today))
    desk.changed("filled the bags", packs=count, without=without)
    desk.afterwards(desk.hooks.wake)
    filled = {0: "No bag was filled", 1: "1 bag is filled"}.get(count, f"{count} bags are filled")
    missed = {0: "nobody goes without", 1: "1 child goes without"}.get(without, f"{without} children go without")
    return desk.to(page.href, f"{filled}; {missed}.")


# By the label


@page.post("/label")
def by_label(desk: Desk) -> Response:
    """Do with a copy what is plain: take back what is out; show all else, with what can be done with it."""
    copy = _labelled(desk, desk.form.text("label", 200))
    if copy.state == CopyState.OUT and access.handles(desk.school, desk.viewer, copy):
        return _take_back(desk, copy, f"{page.href}/copies/{copy.id}", counted=False)
    return desk.to(f"{page.href}/copies/{copy.id}")


@page.get("/label/{label}")
def scanned(desk: Desk, label: str) -> Response:
    """Where the code on a label leads that was scanned with a telephone's own camera: to the copy, which is as it was."""
    return desk.to(f"{page.href}/copies/{packs.by_label(desk.school, label).id}")


def _labelled(desk: Desk, typed: str) -> PackCopy:
    try:
        return packs.by_label(desk.school, typed)
    except NotThere:
        desk.wrong(show, label=pack_words.no_label(typed))


# Out and back by one tap


@page.post("/holds/{hold_id:int}/out")
def hand_out(desk: Desk, hold_id: int) -> Response:
    """What is set aside for a child goes home."""
    hold = access.hold(desk.school, desk.viewer, hold_id)
    place = f"{page.href}#c{hold.child.class_id}"
    if hold.state != HoldState.READY or hold.copy is None:
        return desk.to(place, f"{hold.pack.title.words} is not set aside for {hold.child.name} any more: someone handed it out, or they gave it up.")
    try:
        loan = pack_loans.hand_out(desk.school, hold.copy, desk.viewer.staff)
    except NotHere as refusal:
        return desk.to(place, pack_words.not_here(desk, hold.copy, refusal))
    desk.changed("handed out a pack", "child", loan.child_id, label=loan.copy.label)
    desk.afterwards(desk.hooks.wake)
    return desk.to(_back_to(desk, place), pack_words.went_home(loan))


@page.post("/loans/{loan_id:int}/undo")
def undo_out(desk: Desk, loan_id: int) -> Response:
    """It did not go home after all."""
    loan = access.loan(desk.school, desk.viewer, loan_id)
    copy, child = loan.copy, loan.child
    label = copy.label
    place = f"{page.href}#c{child.class_id}" if child is not None else page.href
    try:
        pack_loans.undo_hand_out(desk.school, loan)
    except Over:
        return desk.to(_back_to(desk, place), f"{label} cannot be undone: it is back already, or went home on another day.")
    desk.changed("undid handing out a pack", "child", child.id if child is not None else None, label=label)
    hold = pack_loans.hold_of(desk.school, copy)
    # What was handed out at the desk unasked is on the shelf again, or the next family's.
    is_theirs = hold is not None and child is not None and hold.child_id == child.id
    now = f"set aside for {child.name} as before" if is_theirs and child is not None else pack_words.state(copy)
    return desk.to(_back_to(desk, place), f"Undone. {label} is {now}.")


@page.post("/copies/{copy_id:int}/back")
def take_back(desk: Desk, copy_id: int) -> Response:
    """It is back: all counted, or to be counted later."""
    copy = packs.find_copy(desk.school, copy_id)
    # Whose child had it last is told that someone was quicker, wherever the copy is by now.
    if not access.handles(desk.school, desk.viewer, copy) and (copy.state == CopyState.OUT or pack_desk.last_seen(desk.school, desk.viewer, copy) is None):
        raise NotThere
    return _take_back(desk, copy, page.href, counted=desk.form.has("counted"))


def _take_back(desk: Desk, copy: PackCopy, place: str, *, counted: bool) -> Response:
    told = [problem for problem in pack_loans.problems(desk.school, copy) if problem.told_by_family]
    try:
        # What a family said is wrong is looked at before the next has it.
        loan = pack_loans.take_back(desk.school, copy, desk.viewer.staff, counted=counted and not told)
    except NotOut as refusal:
        return desk.to(_back_to(desk, place), pack_words.not_out(desk, copy, refusal))
    desk.changed("took back a pack", "child", loan.child_id, label=copy.label)
    desk.afterwards(desk.hooks.wake)
    of_class = f"#c{loan.child.class_id}" if place == page.href and loan.child is not None else ""
    first = "The family said that something is wrong with it: look at it first. " if counted and told else ""
    return desk.to(_back_to(desk, f"{place}{of_class}"), f"{first}{pack_words.came_back(loan)}")


@page.post("/copies/{copy_id:int}/not-back")
def undo_back(desk: Desk, copy_id: int) -> Response:
    """It is not back after all."""
    copy = access.copy_to_handle(desk.school, desk.viewer, copy_id)
    if pack_desk.last_seen(desk.school, desk.viewer, copy) is None:
        raise NotThere
    try:
        loan = pack_loans.undo_take_back(desk.school, copy)
    except Over:
        return desk.to(_back_to(desk, page.href), f"{copy.label} cannot be undone: it is set aside for the next family, or came back on another day.")
    desk.changed("undid taking back a pack", "child", loan.child_id, label=copy.label)
    place = f"{page.href}#c{loan.child.class_id}" if loan.child is not None else page.href
    return desk.to(_back_to(desk, place), f"Undone. {copy.label} is out again, due back on {day(loan.due_on)}.")


def _back_to(desk: Desk, place: str) -> str:
    """Where the button stood: the page of today, unless it says that it is the copy's own or the list's."""
    asked = desk.form.text("from", 60)
    return f"{page.href}/{asked}" if asked == "loans" or (asked.startswith("copies/") and asked[7:].isdecimal()) else place


@page.post("/problems/{problem_id:int}/mended")
def mended(desk: Desk, problem_id: int) -> Response:
    """What was missing or damaged is well again."""
    problem = access.problem(desk.school, desk.viewer, problem_id)
    pack_loans.mend(desk.school, problem)
    desk.changed("settled a problem of a pack", label=problem.copy.label)
    return desk.to(_back_to(desk, page.href), f"Settled: {problem.copy.label} is complete and whole as far as that goes.")


@page.post("/holds/{hold_id:int}/give-up")
def give_up(desk: Desk, hold_id: int) -> Response:
    """They do not want it any more, they said so by voice."""
    hold = access.hold(desk.school, desk.viewer, hold_id)
    title, child = hold.pack.title.words, hold.child
    try:
        pack_queue.give_up(desk.school, hold)
    except Ended:
        return desk.to(_back_to(desk, f"{page.href}/loans"), f"{child.name} does not wait for {title} any more: nothing was changed.")
    desk.changed("gave up a hold for a family", "child", child.id, pack=title)
    desk.afterwards(desk.hooks.wake)
    return desk.to(_back_to(desk, f"{page.href}/loans"), f"{child.name} does not wait for {title} any more. They are told nothing in writing.")
