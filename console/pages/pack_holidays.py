"""Holiday packs: made, offered, counted, given."""

from __future__ import annotations

from functools import partial

from fastapi import Response

from console import pack_form, pack_words
from console.desk import Desk
from console.pages import Page
from school import holiday_packs, pack_desk
from school.access import Power
from school.holiday_packs import HolidayPack, NotSo

EDIT = Power.EDIT_PACKS
page = Page("packs", powers=frozenset({Power.PACKS}))
AT = f"{page.href}/holidays"


@page.get("/holidays")
def show_all(desk: Desk) -> Response:
    """Every holiday pack, those for which answers are taken first."""
    found = [(pack, holiday_packs.count_answers(desk.school, pack)) for pack in holiday_packs.everything(desk.school)]
    return desk.render("packs/holidays.html", found=found, states=[_state(desk, pack) for pack, _ in found], left=holiday_packs.left, can_edit=desk.may(EDIT))


def _state(desk: Desk, pack: HolidayPack) -> tuple[str, str]:
    """How it stands, in words, and how good that is."""
    if pack.is_over:
        return "closed", ""
    if pack.answer_by < desk.school.today:
        return "answers are in", ""
    if pack.offer_on is None:
        return "not offered yet", "wait"
    if pack.offer_on > desk.school.today:
        return f"offered on {pack_words.with_year(pack.offer_on, desk.school.today)}", "wait"
    return "families answer", "good"


@page.get("/holidays/{holiday_id:int}")
def show(desk: Desk, holiday_id: int) -> Response:
    """One holiday pack: how many want it, and who, by class, to be ticked when it is given."""
    pack = holiday_packs.find(desk.school, holiday_id)
    classes = pack_desk.holiday_list(desk.school, desk.viewer, pack)
    return desk.render(
        "packs/holiday.html",
        pack=pack,
        counts=holiday_packs.count_answers(desk.school, pack),
        left=holiday_packs.left(pack),
        state=_state(desk, pack),
        classes=classes,
        given=sum(wish.given_at is not None for theirs in classes.values() for wish in theirs),
        can_edit=desk.may(EDIT),
        with_year=partial(pack_words.with_year, today=desk.school.today),
    )


@page.get("/holidays/new", needs=EDIT)
def new(desk: Desk) -> Response:
    """Where a holiday pack is made."""
    return desk.render("packs/holiday_edit.html", pack=None, today=desk.school.today)


@page.post("/holidays/new", needs=EDIT)
def make(desk: Desk) -> Response:
    """Make one: families are told of it on its day."""
    try:
        made = holiday_packs.make(desk.school, pack_form.read_holiday(desk, new))
    except NotSo as refusal:
        desk.wrong(new, **pack_words.holiday_faults(refusal.why))
    desk.changed("made holiday pack", "holiday pack", made.id, title=made.title.words)
    desk.afterwards(desk.hooks.wake)
    return desk.to(f"{AT}/{made.id}", "It is made. Families are told on its day, each in their own language.")


@page.get("/holidays/{holiday_id:int}/edit", needs=EDIT)
def edit(desk: Desk, holiday_id: int) -> Response:
    """Where a holiday pack is changed."""
    return desk.render("packs/holiday_edit.html", pack=holiday_packs.find(desk.school, holiday_id), today=desk.school.today)


@page.post("/holidays/{holiday_id:int}/edit", needs=EDIT)
def change(desk: Desk, holiday_id: int) -> Response:
    """Change one."""
    pack, again = holiday_packs.find(desk.school, holiday_id), partial(edit, holiday_id=holiday_id)
    try:
        holiday_packs.change(desk.school, pack, pack_form.read_holiday(desk, again))
    except NotSo as refusal:
        desk.wrong(again, **pack_words.holiday_faults(refusal.why))
    desk.changed("changed holiday pack", "holiday pack", pack.id, title=pack.title.words)
    desk.afterwards(desk.hooks.wake)
    return desk.to(f"{AT}/{pack.id}", "Saved.")


@page.post("/holidays/{holiday_id:int}/close", needs=EDIT)
def close(desk: Desk, holiday_id: int) -> Response:
    """Take no more answers."""
    pack = holiday_packs.find(desk.school, holiday_id)
    holiday_packs.close(desk.school, pack)
    desk.changed("closed holiday pack", "holiday pack", pack.id, title=pack.title.words)
    return desk.to(f"{AT}/{pack.id}", "It is closed: no more answers are taken. What was promised can still be given.")


@page.post("/holidays/{holiday_id:int}/given/{adult_id:int}/{child_id:int}")
def give(desk: Desk, holiday_id: int, adult_id: int, child_id: int) -> Response:
    """It went home; or that is taken back."""
    pack = holiday_packs.find(desk.school, holiday_id)
    wish = pack_desk.holiday_wish(desk.school, desk.viewer, pack, adult_id, child_id)
    is_given = not desk.form.has("undo")
    holiday_packs.give(desk.school, wish, is_given=is_given)
    desk.changed("gave a holiday pack" if is_given else "undid giving a holiday pack", "child", child_id, pack=pack.title.words)
    return desk.to(f"{AT}/{pack.id}#w{adult_id}-{child_id}")
