"""One copy of a pack: whose it is now, and what can be done with it."""

from __future__ import annotations

from functools import partial

from fastapi import Response

from console import pack_form, pack_words
from console.desk import Desk
from console.guard import WITH_CAMERA
from console.pages import Page
from school import access, pack_desk, pack_loans, packs
from school.access import Power
from school.errors import NotYourChild
from school.pack_loans import Borrower, NoRoom, NotHere, NotOut, ProblemKind
from school.packs import CopyState, PackCopy, PackItem

EDIT = Power.EDIT_PACKS
page = Page("packs", powers=frozenset({Power.PACKS}))
FOUND = 30
"""How many children a search shows."""


@page.get("/copies/{copy_id:int}")
def show(desk: Desk, copy_id: int) -> Response:
    """Where it is, whose, and what can be done with it."""
    copy = packs.find_copy(desk.school, copy_id)
    is_handled = access.handles(desk.school, desk.viewer, copy)
    loan, last = pack_loans.loan_of(desk.school, copy), pack_desk.last_seen(desk.school, desk.viewer, copy)
    hold = pack_loans.hold_of(desk.school, copy)
    words = desk.value("q", desk.query.text("q", 100))
    found = pack_desk.borrowers(desk.school, desk.viewer, words) if copy.state == CopyState.SHELF else ()
    for each in (loan, hold):
        if is_handled and each is not None and each.child_id is not None:
            desk.saw("child", each.child_id)
    answer = desk.render(
        "packs/copy.html",
        copy=copy,
        is_handled=is_handled,
        loan=loan if is_handled else None,
        hold=hold if is_handled else None,
        last=last,
        came_back_today=last is not None and last.back_at is not None and last.back_at.astimezone(desk.school.clock.tzinfo).date() == desk.school.today,
        went_home_today=loan is not None and loan.out_at.astimezone(desk.school.clock.tzinfo).date() == desk.school.today,
        problems=pack_loans.problems(desk.school, copy) if is_handled else (),
        q=words,
        found=found[:FOUND],
        has_more=len(found) > FOUND,
        states=pack_words.STATES,
        kinds=pack_words.KINDS,
        can_edit=desk.may(EDIT),
        no_room=desk.faults.get("no_room"),
    )
    answer.headers["Permissions-Policy"] = WITH_CAMERA
    return answer


@page.post("/copies/{copy_id:int}/out")
def hand_out(desk: Desk, copy_id: int) -> Response:
    """It goes home: to whom it is set aside for, or to a child who was chosen."""
    copy = access.copy_to_handle(desk.school, desk.viewer, copy_id)
    to, beyond = pack_form.chosen(desk), desk.form.has("beyond") and desk.may(EDIT)
    again = partial(show, copy_id=copy_id)
    try:
        loan = pack_loans.hand_out(desk.school, copy, desk.viewer.staff, to, beyond=beyond)
    except NoRoom:
        assert to is not None
        desk.wrong(again, no_room=f"{to.child.name}, or the family, has as many packs as the school allows.")
    except NotHere as refusal:
        desk.wrong(again, _=_not_here(desk, copy, refusal, to))
    except NotYourChild:
        desk.wrong(again, _="That adult is not told about that child any more. Choose again.")
    desk.changed("handed out a pack", "child", loan.child_id, label=copy.label, **({"beyond": 1} if beyond else {}))
    desk.afterwards(desk.hooks.wake)
    return desk.to(f"{page.href}/copies/{copy.id}", pack_words.went_home(loan))


def _not_here(desk: Desk, copy: PackCopy, refusal: NotHere, to: Borrower | None) -> str:
    if refusal.state == CopyState.SHELF and to is None:
        return "Choose the child first."
    if refusal.state == CopyState.SHELF:
        return f"Another copy of {copy.pack.title.words} is set aside for them: that one is theirs."
    return pack_words.not_here(desk, copy, refusal)


@page.post("/copies/{copy_id:int}/count")
def count(desk: Desk, copy_id: int) -> Response:
    """Its pieces were counted: what is missing or damaged; then it is lent again, or repaired."""
    copy = access.copy_to_handle(desk.school, desk.viewer, copy_id)
    found = {item: kind for item in copy.pack.items if (kind := _found(desk, item)) is not None}
    to_repair = desk.form.has("repair")
    try:
        pack_loans.count(desk.school, copy, found, to_repair=to_repair)
    except NotOut as refusal:
        desk.wrong(partial(show, copy_id=copy_id), _=f"{copy.label} does not wait to be counted: it is {pack_words.STATES[refusal.state][0]}.")
    desk.changed("counted a pack", label=copy.label, wrong=len(found))
    desk.afterwards(desk.hooks.wake)
    left = len(pack_loans.problems(desk.school, copy))
    wrong = {0: "All is there.", 1: "1 thing is written down as missing or damaged."}.get(left, f"{left} things are written down as missing or damaged.")
    then = {CopyState.SHELF: "It is on the shelf.", CopyState.KEPT: "It is set aside for the next family.", CopyState.REPAIR: "It goes into repair."}
    return desk.to(f"{page.href}/copies/{copy.id}", f"{copy.label} is counted. {wrong} {then.get(CopyState(copy.state), '')}".strip())


def _found(desk: Desk, item: PackItem) -> ProblemKind | None:
    said = desk.form.text(f"item_{item.id}", 10)
    return next((kind for kind in ProblemKind if kind == said), None)


@page.post("/copies/{copy_id:int}/lost")
def lose(desk: Desk, copy_id: int) -> Response:
    """It is lost: whoever has it owes it no more."""
    copy = access.copy_to_handle(desk.school, desk.viewer, copy_id)
    try:
        pack_loans.lose(desk.school, copy)
    except NotOut as refusal:
        desk.wrong(partial(show, copy_id=copy_id), _=pack_words.not_out(desk, copy, refusal))
    desk.changed("took a pack as lost", label=copy.label)
    desk.afterwards(desk.hooks.wake)
    return desk.to(f"{page.href}/copies/{copy.id}", f"{copy.label} is lost. The family is not reminded any more.")


@page.post("/copies/{copy_id:int}/repair", needs=EDIT)
def repair(desk: Desk, copy_id: int) -> Response:
    """It is not lent until it is repaired."""
    copy = packs.find_copy(desk.school, copy_id)
    try:
        pack_loans.to_repair(desk.school, copy)
    except NotOut as refusal:
        desk.wrong(partial(show, copy_id=copy_id), _=pack_words.not_out(desk, copy, refusal))
    desk.changed("put a pack into repair", label=copy.label)
    desk.afterwards(desk.hooks.wake)
    return desk.to(f"{page.href}/copies/{copy.id}", f"{copy.label} is in repair. Whoever it was set aside for is told, and waits again in their place.")


@page.post("/copies/{copy_id:int}/retire", needs=EDIT)
def retire(desk: Desk, copy_id: int) -> Response:
    """This copy is lent no more."""
    copy = packs.find_copy(desk.school, copy_id)
    try:
        pack_loans.retire_copy(desk.school, copy)
    except NotOut as refusal:
        desk.wrong(partial(show, copy_id=copy_id), _=pack_words.not_out(desk, copy, refusal))
    desk.changed("retired a copy of a pack", label=copy.label)
    desk.afterwards(desk.hooks.wake)
    return desk.to(f"{page.href}/copies/{copy.id}", f"{copy.label} is lent no more.")


@page.post("/copies/{copy_id:int}/again", needs=EDIT)
def again(desk: Desk, copy_id: int) -> Response:
    """It was repaired or found, or is to be lent after all."""
    copy = packs.find_copy(desk.school, copy_id)
    try:
        pack_loans.repaired(desk.school, copy)
    except NotOut as refusal:
        desk.wrong(partial(show, copy_id=copy_id), _=f"{copy.label} is {pack_words.STATES[refusal.state][0]}: it is lent already.")
    desk.changed("lends a copy of a pack again", label=copy.label)
    desk.afterwards(desk.hooks.wake)
    return desk.to(f"{page.href}/copies/{copy.id}", f"{copy.label} is lent again: it is {pack_words.state(copy)}.")


@page.post("/copies/{copy_id:int}/note")
def note(desk: Desk, copy_id: int) -> Response:
    """What staff say of its condition."""
    copy = access.copy_to_handle(desk.school, desk.viewer, copy_id)
    pack_desk.note(desk.school, copy, desk.form.text("note", 500))
    desk.changed("wrote down a pack's condition", label=copy.label)
    return desk.to(f"{page.href}/copies/{copy.id}", "The note is kept.")
