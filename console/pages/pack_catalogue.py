"""The catalogue of packs: each with its items and copies, made and changed; labels to print."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import Any

import segno
from fastapi import Response
from markupsafe import Markup

from console import pack_form, pack_words, pictures
from console.desk import HOME, Desk
from console.pages import Page
from console.rendering import language_name
from school import kept_files, pack_desk, pack_queue, packs
from school.access import Power
from school.errors import NotThere
from school.pack_queue import Turn
from school.packs import LabelTaken, NotSo, Pack, PackCopy, StillOut

EDIT = Power.EDIT_PACKS
page = Page("packs", powers=frozenset({Power.PACKS}))


@page.get("/catalogue")
def show_all(desk: Desk) -> Response:
    """Every pack that is lent; those that are lent no more, where that is asked for."""
    retired = desk.query.has("retired")
    found = packs.everything(desk.school, retired=retired)
    words, skill, language = desk.query.text("q", 60), desk.query.text("skill", 20), desk.query.text("language", 35)
    fits = [pack for pack in found if _fits(pack, words, skill, language)]
    return desk.render(
        "packs/catalogue.html",
        found=fits,
        is_empty=not found,
        retired=retired,
        stock=pack_desk.stock(desk.school),
        none=pack_desk.Stock(),
        q=words,
        skill=skill,
        language=language,
        skills=pack_words.SKILLS,
        languages=sorted({tag for pack in found for tag in pack.languages}, key=language_name),
        can_edit=desk.may(EDIT),
    )


def _fits(pack: Pack, words: str, skill: str, language: str) -> bool:
    text = " ".join([pack.title.words, pack.stage, *(item.name.words for item in pack.items)]).casefold()
    return all(word in text for word in words.casefold().split()) and (not skill or skill in pack.skills) and (not language or language in pack.languages)


@page.get("/{pack_id:int}")
def show(desk: Desk, pack_id: int) -> Response:
    """One pack: what is in it, where its copies are, who waits for it."""
    pack = packs.find(desk.school, pack_id)
    queue = pack_desk.queue(desk.school, desk.viewer, pack)
    return desk.render(
        "packs/show.html",
        pack=pack,
        counts=Counter(copy.state for copy in pack.copies),
        whose=pack_desk.known_to_whom(desk.school, desk.viewer, pack),
        queue=[(turn, is_seen, _expected(desk, pack, turn)) for turn, is_seen in queue],
        next_one=pack_queue.expected(desk.school, pack) if not pack.is_retired else None,
        history=pack_desk.history(desk.school, desk.viewer, pack),
        states=pack_words.STATES,
        skills=pack_words.SKILLS,
        can_edit=desk.may(EDIT),
        with_year=partial(pack_words.with_year, today=desk.school.today),
    )


def _expected(desk: Desk, pack: Pack, turn: Turn) -> Any:
    return pack_queue.expected(desk.school, pack, turn.hold) if turn.hold is not None else None


# Made and changed


@page.get("/new", needs=EDIT)
def new(desk: Desk) -> Response:
    """Where a pack is made."""
    return _form(desk, None)


@page.post("/new", needs=EDIT)
def make(desk: Desk) -> Response:
    """Make a pack, with its copies."""
    made = packs.make(desk.school, pack_form.read(desk, new), pack_form.copies(desk))
    desk.changed("made pack", "pack", made.id, title=made.title.words)
    desk.afterwards(desk.hooks.wake)
    labels = ", ".join(copy.label for copy in made.copies)
    said = f"It is in the catalogue. Its labels: {labels}." if labels else "It is in the catalogue. Add a copy: without one no family can ask for it."
    return desk.to(f"{page.href}/{made.id}", said)


@page.get("/{pack_id:int}/edit", needs=EDIT)
def edit(desk: Desk, pack_id: int) -> Response:
    """Where a pack is changed."""
    return _form(desk, packs.find(desk.school, pack_id))


@page.post("/{pack_id:int}/edit", needs=EDIT)
def change(desk: Desk, pack_id: int) -> Response:
    """Change a pack."""
    pack, again = packs.find(desk.school, pack_id), partial(edit, pack_id=pack_id)
    if desk.form.text("seen") != _mark(pack):
        desk.wrong(again, _="Someone changed this pack after you opened it. Nothing of yours is saved yet: compare, then save again.")
    packs.change(desk.school, pack, pack_form.read(desk, again, pack))
    desk.changed("changed pack", "pack", pack.id, title=pack.title.words)
    desk.afterwards(desk.hooks.wake)
    return desk.to(f"{page.href}/{pack.id}", "Saved.")


def _mark(pack: Pack) -> str:
    return pack.changed_at.isoformat()


def _form(desk: Desk, pack: Pack | None) -> Response:
    offered = pack_form.languages(desk)
    others = [language_name(tag) for tag in pack.languages if tag not in offered] if pack is not None else []
    return desk.render(
        "packs/edit.html",
        pack=pack,
        seen=_mark(pack) if pack is not None else "",
        items=pack_form.items_as_typed(pack),
        skills=[(skill, words, pack is not None and skill in pack.skills) for skill, words in pack_words.SKILLS.items()],
        languages=[(tag, language_name(tag), pack is not None and tag in pack.languages) for tag in offered],
        others=", ".join(others),
        most=packs.MOST_COPIES,
    )


@page.post("/{pack_id:int}/retire", needs=EDIT)
def retire(desk: Desk, pack_id: int) -> Response:
    """It is lent no more; whoever waits for it is told."""
    pack = packs.find(desk.school, pack_id)
    try:
        packs.retire(desk.school, pack)
    except StillOut:
        desk.wrong(partial(show, pack_id=pack_id), _="A copy is out, or set aside for a family. Take it back first, then the pack can be retired.")
    pack_queue.drop_gone(desk.school)
    desk.changed("retired pack", "pack", pack.id, title=pack.title.words)
    desk.afterwards(desk.hooks.wake)
    return desk.to(f"{page.href}/{pack.id}", "It is lent no more. Whoever waited for it is told.")


@page.post("/{pack_id:int}/again", needs=EDIT)
def lend_again(desk: Desk, pack_id: int) -> Response:
    """It is lent again."""
    pack = packs.find(desk.school, pack_id)
    try:
        packs.lend_again(desk.school, pack)
    except NotSo:
        desk.wrong(partial(show, pack_id=pack_id), _="Another pack is called so by now. Change the title of one of them first.")
    desk.changed("lends pack again", "pack", pack.id, title=pack.title.words)
    return desk.to(f"{page.href}/{pack.id}", "It is lent again.")


# Copies and labels


@page.post("/{pack_id:int}/copies", needs=EDIT)
def add_copies(desk: Desk, pack_id: int) -> Response:
    """One more copy under a label of one's own, or several with the next numbers."""
    pack, again = packs.find(desk.school, pack_id), partial(show, pack_id=pack_id)
    label, wanted = desk.form.text("new_label", 40), desk.form.number("copies")
    if not label and not (wanted and 1 <= wanted <= packs.MOST_COPIES):
        desk.wrong(again, copies=f"Write a number from 1 to {packs.MOST_COPIES}, or a label.")
    try:
        made = [packs.add_copy(desk.school, pack, label) for _ in range(1 if label else wanted or 1)]
    except LabelTaken:
        desk.wrong(again, new_label=f"Another copy has the label {packs.as_label(label)}.")
    except NotSo as refusal:
        desk.wrong(again, new_label=pack_words.faults(refusal)["label"])
    pack_queue.pass_on(desk.school, pack)
    desk.changed("added copies of a pack", "pack", pack.id, copies=len(made))
    desk.afterwards(desk.hooks.wake)
    return desk.to(f"{page.href}/{pack.id}", f"Added: {', '.join(copy.label for copy in made)}. Print {'its label' if len(made) == 1 else 'their labels'}.")


@page.get("/labels", needs=EDIT)
def labels(desk: Desk) -> Response:
    """Labels to print: of one pack, of one copy, or of all."""
    pack_id, copy_id = desk.query.number("pack"), desk.query.number("copy")
    pack = packs.find(desk.school, pack_id) if pack_id is not None else None
    copies = [packs.find_copy(desk.school, copy_id)] if copy_id is not None else pack_desk.labels(desk.school, pack)
    return desk.render("packs/labels.html", labels=[(copy, _code(desk, copy)) for copy in copies], pack=pack)


def _code(desk: Desk, copy: PackCopy) -> Markup:
    """The code of a label: the address of the copy's page, which a telephone's camera opens by itself."""
    code = segno.make(f"{desk.origin}{HOME}/packs/label/{copy.label}", error="m")
    return Markup(code.svg_inline(svgclass="code", lineclass=None, omitsize=True, border=1))  # noqa: S704 - drawn by segno; nothing of it was typed


# Its picture


@page.post("/{pack_id:int}/picture", needs=EDIT, takes_files=True, before=pictures.brought)
def add_picture(desk: Desk, pack_id: int) -> Response:
    """Give it a picture, in place of the one it has."""
    pack, found = packs.find(desk.school, pack_id), desk.prepared
    if not isinstance(found, kept_files.Examined) or not found.media_type.startswith("image/"):
        desk.wrong(partial(show, pack_id=pack_id), picture=pictures.CHOOSE)
    packs.show_picture(desk.school, pack, kept_files.keep_examined(desk.school, found))
    desk.changed("gave pack a picture", "pack", pack_id)
    return desk.to(f"{page.href}/{pack_id}", "The picture is kept.")


@page.post("/{pack_id:int}/picture/remove", needs=EDIT)
def remove_picture(desk: Desk, pack_id: int) -> Response:
    """Take its picture away."""
    packs.show_picture(desk.school, packs.find(desk.school, pack_id), None)
    desk.changed("took a pack's picture away", "pack", pack_id)
    return desk.to(f"{page.href}/{pack_id}", "The picture is gone.")


@page.get("/{pack_id:int}/picture")
def picture(desk: Desk, pack_id: int) -> Response:
    """Its picture."""
    pack = packs.find(desk.school, pack_id)
    kept = kept_files.find(desk.school, pack.picture_id) if pack.picture_id is not None else None
    if kept is None:
        raise NotThere
    return Response(kept.content, media_type=kept.media_type, headers=dict(kept_files.headers(kept, inline=True)))
