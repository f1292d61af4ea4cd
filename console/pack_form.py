"""A pack, and a holiday pack, as they are typed into their forms: read into a plan, with everything that is wrong told at its field."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import timedelta

from fastapi import Response

from console import pack_words
from console.desk import Desk
from console.rendering import language_name
from console.typed import a_day
from school import family_records, holiday_packs, pack_desk, packs
from school.importing import cells
from school.importing.table import Unreadable
from school.pack_desk import Borrower
from school.packs import NotSo, Pack, Plan, Skill

Show = Callable[[Desk], Response]
A_DAY = "Write the day as 2026-03-31."
A_NUMBER = "Write a whole number."


def read(desk: Desk, again: Show, pack: Pack | None = None) -> Plan:
    """The pack that was typed. What cannot be read is told at its field, together with what cannot be so."""
    form, faults = desk.form, dict[str, str]()
    plan = Plan(
        title=form.text("title"),
        about=form.text("about"),
        stage=form.text("stage"),
        skills=[skill for skill in Skill if skill in form.all("skill")],
        languages=_languages(desk, faults),
        items=_items(form.text("items"), faults),
    )
    try:
        packs.check(desk.school, plan, pack)
    except NotSo as refusal:
        faults = pack_words.faults(refusal) | faults
    if pack is None and not 0 <= copies(desk) <= packs.MOST_COPIES:
        faults["copies"] = f"Write a number from 0 to {packs.MOST_COPIES}."
    if faults:
        desk.wrong(again, **faults)
    return plan


def copies(desk: Desk) -> int:
    """How many copies were asked for; -1 where that is no number."""
    number = desk.form.number("copies")
    return number if number is not None else 0 if not desk.form.text("copies") else -1


def _items(text: str, faults: dict[str, str]) -> Sequence[tuple[str, int]]:
    """One item a line, 'name | pieces'."""
    found = []
    for line in filter(None, (" ".join(each.split()) for each in text.splitlines())):
        name, bar, pieces = (part.strip() for part in line.rpartition("|"))
        if bar and (not name or not (pieces.isascii() and pieces.isdecimal() and len(pieces) < 5)):
            faults["items"] = f"Not understood: '{line[:60]}'. Write each as 'picture cards | 24'."
            continue
        found.append((name, int(pieces)) if bar else (line, 1))
    return found


def items_as_typed(pack: Pack | None) -> str:
    """The items of a pack as they stand in the form."""
    return "\n".join(f"{item.name.words} | {item.pieces}" for item in pack.items) if pack is not None else ""


def _languages(desk: Desk, faults: dict[str, str]) -> Sequence[str]:
    found = [tag for tag in languages(desk) if tag in desk.form.all("language")]
    for part in filter(None, (each.strip() for each in re.split(r"[;,\n]", desk.form.text("other_languages")))):
        try:
            found.append(cells.language(part))
        except Unreadable as error:
            faults["other_languages"] = f"{error}."
    return found


def languages(desk: Desk) -> Sequence[str]:
    """The languages that families here speak, by their names, English first."""
    spoken = {*desk.school.settings.languages, *family_records.languages(desk.school, desk.viewer), "en"}
    return sorted(spoken, key=lambda tag: (tag != "en", language_name(tag)))


def read_holiday(desk: Desk, again: Show) -> holiday_packs.Plan:
    """The holiday pack that was typed."""
    faults = dict[str, str]()
    answer_by = a_day(desk.form, "answer_by", desk.school.today)
    offer_on = a_day(desk.form, "offer_on", desk.school.today)
    stock = desk.form.number("stock")
    if answer_by is None:
        faults["answer_by"] = A_DAY if desk.form.text("answer_by") else "Say until which day families answer."
    if offer_on is None and desk.form.text("offer_on"):
        faults["offer_on"] = A_DAY
    if stock is None and desk.form.text("stock"):
        faults["stock"] = A_NUMBER
    if not desk.form.text("title"):
        faults["title"] = "Say what it is called."
    if faults:
        desk.wrong(again, **faults)
    return holiday_packs.Plan(
        title=desk.form.text("title"),
        answer_by=answer_by or desk.school.today + timedelta(days=1),
        about=desk.form.text("about"),
        offer_on=offer_on,
        stock=stock,
    )


def chosen(desk: Desk) -> Borrower | None:
    """Who was chosen, as 'adult-child'. Refuses with NotThere whoever is not seen."""
    adult_id, _, child_id = desk.form.text("to", 30).partition("-")
    if not (adult_id.isdecimal() and child_id.isdecimal()):
        return None
    return pack_desk.borrower(desk.school, desk.viewer, int(adult_id), int(child_id))
