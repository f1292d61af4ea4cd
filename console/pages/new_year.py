"""The new school year, as one step: chosen class by class, looked at child by child, then done at once."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import Response

from console.desk import HOME, Desk
from console.pages import Page
from school import access, leaving, new_year, staff
from school.access import Power
from school.new_year import ChangedMeanwhile, Plan, TooLateToUndo

page = Page("school/new-year", powers=frozenset({Power.SET_UP}))
AT = f"{HOME}/school/new-year"
LEAVES = "leaves"


@page.get()
def choose(desk: Desk) -> Response:
    """Which class each class moves up to, and who teaches it then."""
    classes, sizes = staff.all_classes(desk.school), _sizes(desk)
    up = new_year.suggested(desk.school)
    return desk.render(
        "new_year/choose.html",
        classes=classes,
        sizes=sizes,
        up={each.id: _named(up[each.id]) for each in classes},
        targets=[*((each.id, each.name) for each in classes), (LEAVES, "leave the school")],
        teachers=_teachers(desk),
        steps=leaving.steps_of_today(desk.school, new_year.WHAT),
    )


@page.get("/plan")
def plan(desk: Desk) -> Response:
    """The whole plan, child by child. Nothing is changed yet."""
    classes = staff.all_classes(desk.school)
    known = {str(each.id) for each in classes}
    to = {each.id: chosen if (chosen := desk.query.text(f"to_{each.id}", 10)) in (*known, LEAVES) else str(each.id) for each in classes}
    teachers = {each.id: desk.query.text(f"teacher_{each.id}", 10) if desk.query.has(f"teacher_{each.id}") else _named(each.teacher_id, "") for each in classes}
    children = new_year.children(desk.school)
    moves = {child.id: None if to[child.class_id] == LEAVES else int(to[child.class_id]) for child in children}
    out = new_year.leavers(desk.school, moves)
    return desk.render(
        "new_year/plan.html",
        mark=new_year.mark(desk.school),
        children=children,
        to={child.id: to[child.class_id] for child in children},
        classes=classes,
        targets=[*((str(each.id), each.name) for each in classes), (LEAVES, "leaves")],
        teachers=teachers,
        teacher_choices=_teachers(desk),
        leavers=out,
        going=sum(move is None for move in moves.values()),
        moving=sum(move is not None and move != child.class_id for child, move in zip(children, moves.values(), strict=True)),
    )


@page.post()
def apply(desk: Desk) -> Response:
    """Do the whole plan in one step."""
    known = {each.id for each in staff.all_classes(desk.school)}
    classes: dict[int, int | None] = {}
    for child in new_year.children(desk.school):
        chosen = desk.form.text(f"child_{child.id}", 10)
        to = desk.form.number(f"child_{child.id}")
        if chosen == LEAVES:
            classes[child.id] = None
        elif to in known:
            classes[child.id] = to
    teachers = {class_id: desk.form.number(f"teacher_{class_id}") for class_id in known if desk.form.has(f"teacher_{class_id}")}
    adults = frozenset(desk.form.numbers("adult")) | _who_follows(desk, classes)
    try:
        step = new_year.apply(desk.school, Plan(classes, adults, teachers), desk.form.text("mark", 20), desk.viewer.staff)
    except ChangedMeanwhile:
        return desk.to(AT, "Children, classes or teachers were changed meanwhile, so nothing was done. Make the plan again.")
    before = step.before or {}
    children, out, grown = len(before["classes"]), len(before["children"]), len(before["adults"])
    desk.changed("new school year", "step", step.id, moved=children, left=out, adults_left=grown, teachers=len(before["teams"]))
    return desk.to(AT, f"Done: {children} children moved, {out} left, {grown} adults left with them. Today you can still undo it.")


@page.post("/{step_id:int}/undo")
def undo(desk: Desk, step_id: int) -> Response:
    """Take the step back, on the same day."""
    step = leaving.find(desk.school, step_id, new_year.WHAT)
    try:
        new_year.undo(desk.school, step)
    except TooLateToUndo:
        return desk.to(AT, "It can only be undone on the same day, once.")
    desk.changed("undid new school year", "step", step.id)
    return desk.to(AT, "Undone: children, families and teachers are as they were. Appointments that were called off stay so.")


def _who_follows(desk: Desk, classes: Mapping[int, int | None]) -> frozenset[int]:
    """Adults who were not on the page that was looked at, since a child of theirs leaves only by what was changed on it: they leave too."""
    shown = set(desk.form.numbers("shown"))
    return frozenset(adult.id for adult in new_year.leavers(desk.school, classes) if adult.id not in shown)


def _sizes(desk: Desk) -> dict[int, int]:
    sizes: dict[int, int] = {}
    for child in new_year.children(desk.school):
        sizes[child.class_id] = sizes.get(child.class_id, 0) + 1
    return sizes


def _teachers(desk: Desk) -> list[tuple[str, str]]:
    people = sorted(staff.everyone(desk.school, "teacher"), key=lambda person: person.name)
    others = {each.teacher.id: each.teacher for each in access.classes(desk.school, desk.viewer) if each.teacher and each.teacher not in people}
    return [("", "nobody yet"), *((str(person.id), person.name) for person in [*people, *others.values()])]


def _named(class_id: int | None, otherwise: str = LEAVES) -> str:
    return otherwise if class_id is None else str(class_id)
