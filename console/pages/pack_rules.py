"""How packs are lent, and how they are used: the school's rules and the figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from datetime import date
from functools import partial

from fastapi import Response

from console.desk import Desk
from console.pages import Page
from console.rendering import language_name
from console.typed import a_day
from school import pack_figures, pack_queue
from school.access import Power
from school.pack_figures import OTHERS, Figures, Line
from school.pack_import import TEMPLATE
from school.pack_rules import NotARule, PackRules, bounds, rules, set_rules
from school.sheets import as_csv

EDIT = Power.EDIT_PACKS
page = Page("packs", powers=frozenset({EDIT}))
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")
LABELS: Mapping[str, tuple[str, str]] = {
    "loan_days": ("A pack is lent for, in days", "One that would be due on a day without school is due on the next school day."),
    "renewals": ("It may be renewed, in times", "Only while nobody waits for it. 0: never."),
    "per_child": ("Packs for one child at once", "Those that are set aside count too."),
    "per_family": ("Packs for one family at once", ""),
    "holds": ("Packs that one family may wait for", ""),
    "pick_up_days": ("A pack to be collected is kept for, in school days", "Then it passes to the next family."),
    "reminder_days": ("Families are reminded before it is due, in days", "0: never."),
    "overdue_every": ("When it is late, they are reminded every so many days", ""),
    "overdue_times": ("So many times", "Then it stands under Packs for you to ask. 0: it stands there at once."),
}
"""What the numbers among the rules are called, and what they mean; in the order of the page."""


# The rules


@page.get("/rules", needs=EDIT)
def show(desk: Desk) -> Response:
    """How packs are lent."""
    known = rules(desk.school)
    numbers = [(name, label, hint, getattr(known, name), bounds(name)) for name, (label, hint) in LABELS.items()]
    return desk.render("packs/rules.html", known=known, numbers=numbers, weekdays=list(enumerate(WEEKDAYS)))


@page.post("/rules", needs=EDIT)
def change(desk: Desk) -> Response:
    """From now on packs are lent so."""
    faults = {name: _between(name) for name in (*LABELS, "bag_day") if desk.form.number(name) is None}
    if faults:
        desk.wrong(show, **faults)
    numbers = {each.name: desk.form.number(each.name) or 0 for each in fields(PackRules) if each.name in LABELS or each.name == "bag_day"}
    try:
        set_rules(desk.school, PackRules(**numbers, first_loan_first=desk.form.text("first_loan_first") == "yes", may_collect=desk.form.has("may_collect")))
    except NotARule as refusal:
        desk.wrong(show, **{name: _between(name) for name in refusal.bounds})
    pack_queue.pass_on_what_is_free(desk.school)
    desk.changed("changed the rules of packs")
    desk.afterwards(desk.hooks.wake)
    return desk.to(f"{page.href}/rules", "Saved. These rules hold from now on, also for packs that are out.")


def _between(name: str) -> str:
    least, most = bounds(name)
    return "Choose a day." if name == "bag_day" else f"Write a number from {least} to {most}."


# The figures


@page.get("/figures", needs=EDIT)
def figures(desk: Desk) -> Response:
    """How packs are used."""
    found = _figures(desk)
    return desk.render("packs/figures.html", found=found, language=partial(_language, found), since=found.since, fewest=pack_figures.FEWEST, others=OTHERS)


@page.get("/figures.csv", needs=EDIT)
def sheet(desk: Desk) -> Response:
    """The figures for a spreadsheet."""
    found = _figures(desk)
    named = f'attachment; filename="packs-since-{found.since}.csv"'
    return Response(as_csv(_rows(found)), media_type="text/csv; charset=utf-8", headers={"Content-Disposition": named})


def _figures(desk: Desk) -> Figures:
    today = desk.school.today
    september = date(today.year if today.month >= 9 else today.year - 1, 9, 1)
    return pack_figures.figures(desk.school, a_day(desk.query, "since", today) or september)


def _language(found: Figures, tag: str) -> str:
    return language_name(tag) if tag != OTHERS else "all languages" if len(found.languages) == 1 else "other languages"


def _rows(found: Figures) -> Iterator[tuple[object, ...]]:
    yield ("what", "name", "loans", "families", "renewals", "not back", "median days waited", "longest days waited")
    for pack, line, waits in found.packs:
        yield ("pack", pack.title.words, *_cells(line), waits.median_days if waits.loans else "", waits.longest_days if waits.loans else "")
    for pack in found.never:
        yield ("pack", pack.title.words, 0, 0, 0, 0, "", "")
    for name, line in found.classes.items():
        yield ("class", name or "not known", *_cells(line), "", "")
    for tag, line in found.languages.items():
        yield ("language", _language(found, tag), *_cells(line), "", "")


def _cells(line: Line) -> tuple[int, int, int, int]:
    return line.loans, line.families, line.renewals, line.not_back


# The file to begin with


@page.get("/template.csv", needs=EDIT)
def template(desk: Desk) -> Response:
    """A file with the columns of a list of packs, to be filled in and brought in."""
    return Response(as_csv(TEMPLATE), media_type="text/csv; charset=utf-8", headers={"Content-Disposition": 'attachment; filename="packs.csv"'})
