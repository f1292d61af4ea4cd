"""Who is not in school today and why; whom the office asks after; and what was said on the telephone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial

from fastapi import Response

from console.desk import HOME, Desk
from console.pages import Page
from console.typed import a_day, a_time
from school import absence, absence_list, access, family_records, missing
from school.absence import AbsenceKind, AbsenceReason, Chased, Telling
from school.access import Power
from school.calendar import calendar
from school.errors import NotThere
from school.families import Child
from school.importing import LARGEST, BadRows, table
from school.missing import Entry, NotSettled
from school.sheets import as_csv

page = Page("absences", "Absences", order=20, powers=frozenset({Power.ABSENCE}))
AT = f"{HOME}/absences"

KINDS: Mapping[str, str] = {AbsenceKind.ABSENT: "absent", AbsenceKind.LATE: "late", AbsenceKind.COMING: "in school after all"}
REASONS: Mapping[str, str] = {AbsenceReason.ILL: "ill", AbsenceReason.MEDICAL: "medical appointment", AbsenceReason.OTHER: "something else"}


@page.get()
def show(desk: Desk) -> Response:
    """The list of a day: today's, or another that is asked for."""
    day = a_day(desk.query, "day", desk.school.today) or desk.school.today
    rows = absence_list.seen(desk.school, desk.viewer, day)
    return desk.render(
        "absences/list.html",
        block="rows",
        day=day,
        today=desk.school.today,
        rows=rows,
        silent=sum(row.waits for row in rows),
        words=absence_list.words,
        kinds=KINDS,
        reasons=REASONS,
        may_ask=_may_ask(desk),
        children=family_records.children(desk.school, desk.viewer),
        next_day=absence.first_day(desk.school),
    )


@page.get("/sheet.csv")
def sheet(desk: Desk) -> Response:
    """The list of a day as a sheet for the school's own register."""
    day = a_day(desk.query, "day", desk.school.today) or desk.school.today
    rows = absence_list.seen(desk.school, desk.viewer, day)
    for row in rows:
        desk.saw("child", row.child.id)
    named = f'attachment; filename="absences-{day}.csv"'
    return Response(as_csv(absence_list.sheet(rows)), media_type="text/csv; charset=utf-8", headers={"Content-Disposition": named})


# Whom the school asks after


@page.post("/missing", takes_files=True)
def ask(desk: Desk) -> Response:
    """Who is not in class: read against the register and shown first, then asked after."""
    if not _may_ask(desk):
        raise NotThere
    pasted = _pasted(desk)
    if not pasted:
        desk.wrong(show, missing="Paste the names, one a line, or choose a file.")
    entries = missing.read_missing(desk.school, pasted)
    if not desk.form.has("sure"):
        return _looked_over(desk, pasted)
    try:
        children = missing.settled(desk.school, entries, _choices(desk, entries))
    except NotSettled:
        desk.wrong(partial(_looked_over, pasted=pasted), _="Say for each name whom it means, or 'nobody'.")
    done = absence.chase(desk.school, children, desk.school.today, desk.viewer.staff)
    for child in done.asked:
        desk.changed("asked after", "child", child.id)
    desk.afterwards(desk.hooks.wake)
    return desk.to(AT, _told(done))


@page.post("/chases/{chase_id:int}/in-class")
def in_class(desk: Desk, chase_id: int) -> Response:
    """The child is in class after all: whoever was asked is told."""
    row = absence.find_chase(desk.school, chase_id)
    if row is None:
        raise NotThere
    child = access.child(desk.school, desk.viewer, row.child_id)
    absence.take_back(desk.school, row, desk.viewer.staff)
    desk.changed("found in class", "child", child.id)
    desk.afterwards(desk.hooks.wake)
    return desk.to(AT, f"{child.first_name} is in class. The family is told, if it was asked.")


def _may_ask(desk: Desk) -> bool:
    """Whoever sees every class asks after the school's missing; a class team writes down what it is told."""
    return desk.viewer.class_ids is None


def _pasted(desk: Desk) -> str:
    """What was pasted, and what stands in the file beside it."""
    file = desk.form.files.get("file")
    if file is None:
        return desk.form.text("missing")
    try:
        return f"{desk.form.text('missing')}\n{table.decoded(file.file.read(LARGEST + 1))}".strip()
    except BadRows as refusal:
        desk.wrong(show, file=f"The file {refusal.faults[0].reason}.")


def _looked_over(desk: Desk, pasted: str) -> Response:
    """Whom the list names, before anyone is asked."""
    entries = missing.read_missing(desk.school, pasted)
    known = {each.child.id: absence.is_explained(desk.school, each.child, desk.school.today) for each in entries if each.child}
    asked = {each.child.id: absence.chase_of(desk.school, each.child, desk.school.today) is not None for each in entries if each.child}
    everyone = family_records.children(desk.school, desk.viewer)
    is_school_day = calendar(desk.school).is_school_day(desk.school.today)
    return desk.render("absences/look.html", pasted=pasted, entries=entries, known=known, asked=asked, everyone=everyone, is_school_day=is_school_day)


def _choices(desk: Desk, entries: Sequence[Entry]) -> dict[int, int | None]:
    """What was chosen for the names that nobody could be sure of: a child's id, None for nobody."""
    choices: dict[int, int | None] = {}
    for entry in entries:
        name = f"who-{entry.number}"
        child_id = desk.form.number(name)
        if desk.form.text(name) == "nobody":
            choices[entry.number] = None
        elif child_id is not None:
            choices[entry.number] = access.child(desk.school, desk.viewer, child_id).id
    return choices


def _told(done: Chased) -> str:
    parts = [
        f"Asked after {len(done.asked)}." if done.asked else "",
        f"Nobody can be asked by text about {_names(done.to_ring)}: please ring." if done.to_ring else "",
        f"Known already: {_names(done.known)}." if done.known else "",
        f"Asked before: {_names(done.asked_before)}." if done.asked_before else "",
    ]
    return " ".join(filter(None, parts)) or "Nobody was asked: the list names no child."


def _names(children: Sequence[Child]) -> str:
    return ", ".join(child.first_name for child in children)


# What was said on the telephone


@page.post("/told")
def told(desk: Desk) -> Response:
    """Write down what someone was told of a child, by voice."""
    child_id = desk.form.number("child")
    if child_id is None:
        desk.wrong(show, child="Choose the child.")
    child = access.child(desk.school, desk.viewer, child_id)
    kind = desk.form.text("kind", 20)
    first_on = a_day(desk.form, "first", desk.school.today)
    if kind not in KINDS or first_on is None:
        desk.wrong(show, first="Write the day as 2026-03-31.")
    back_on = _back(desk, first_on)
    reason = desk.form.text("reason", 20)
    absence.report(
        desk.school,
        child,
        Telling(absence.ON_THE_PHONE, staff=desk.viewer.staff, words=desk.form.text("words", 2_000)),
        first_on=first_on,
        kind=AbsenceKind(kind),
        reason=AbsenceReason(reason) if reason in REASONS and kind != AbsenceKind.COMING else None,
        back_on=back_on,
        expected_at=a_time(desk.form, "time"),
    )
    desk.changed("wrote down an absence", "child", child.id, kind=kind)
    return desk.to(f"{AT}?day={first_on}", "Written down.")


def _back(desk: Desk, first_on: date) -> date | None:
    """The day on which the child is back; None where nobody knows."""
    back_on = a_day(desk.form, "back", desk.school.today)
    if desk.form.text("back", 10) and (back_on is None or back_on <= first_on):
        desk.wrong(show, back="The day back must be later than the first day away.")
    return back_on
