"""Parents' evenings: set up, changed, and printed as a running order for each teacher."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial

from fastapi import Response

from console.desk import Desk
from console.pages import Page
from console.rendering import day
from console.typed import a_day, a_time
from console.words import WAYS, about_span
from school import access, diary, evenings
from school.access import Power
from school.availability import Backwards, NotInFives
from school.errors import NotThere
from school.evenings import BreakOutside, DayIsOver, ParentsEvening, Plan, SameDay

page = Page("appointments/evenings", powers=frozenset({Power.APPOINTMENTS}))
Show = Callable[[Desk], Response]


@page.get()
def show_all(desk: Desk) -> Response:
    """Every parents' evening to come, and the last ones that were."""
    counts = {row.id: len(evenings.booked(desk.school, row)) for row in (*evenings.upcoming(desk.school), *evenings.past(desk.school))}
    return desk.render(
        "appointments/evenings.html",
        upcoming=evenings.upcoming(desk.school),
        past=evenings.past(desk.school),
        counts=counts,
        can_set_up=desk.may(Power.SET_UP),
        sees_all=desk.viewer.class_ids is None,
    )


@page.get("/{evening_id:int}")
def show(desk: Desk, evening_id: int) -> Response:
    """One evening: who comes to which teacher, when."""
    row = evenings.evening(desk.school, evening_id)
    return desk.render(
        "appointments/evening.html",
        evening=row,
        orders=evenings.running_orders(desk.school, desk.viewer, row),
        clashes={clash.appointment.id for clash in diary.clashes(desk.school, desk.viewer)},
        can_set_up=desk.may(Power.SET_UP) and row.on >= desk.school.today,
        ways=WAYS,
    )


@page.get("/new")
def new(desk: Desk) -> Response:
    """Where a parents' evening is set up."""
    _sets_up(desk)
    return desk.render("appointments/evening_edit.html", evening=None, falling=())


@page.post("/new")
def add(desk: Desk) -> Response:
    """Set up a parents' evening."""
    _sets_up(desk)
    return _kept(desk, None, new, lambda falling: partial(_edit_again, falling=falling))


@page.get("/{evening_id:int}/edit")
def edit(desk: Desk, evening_id: int, falling: Collection[int] = ()) -> Response:
    """Where an evening is changed."""
    _sets_up(desk)
    row = evenings.evening(desk.school, evening_id)
    return desk.render("appointments/evening_edit.html", evening=row, falling=_appointments(desk, falling))


def _edit_again(desk: Desk, falling: Collection[int]) -> Response:
    return desk.render("appointments/evening_edit.html", evening=None, falling=_appointments(desk, falling))


@page.post("/{evening_id:int}/edit")
def change(desk: Desk, evening_id: int) -> Response:
    """Change an evening. What is booked and would not fit is shown first, and stays."""
    _sets_up(desk)
    row = evenings.evening(desk.school, evening_id)
    return _kept(desk, row, partial(edit, evening_id=evening_id), lambda falling: partial(edit, evening_id=evening_id, falling=falling))


@page.get("/{evening_id:int}/remove")
def removing(desk: Desk, evening_id: int) -> Response:
    """Where an evening is taken off, with what is booked for it."""
    _sets_up(desk)
    row = evenings.evening(desk.school, evening_id)
    return desk.render("appointments/evening_remove.html", evening=row, booked=evenings.booked(desk.school, row))


@page.post("/{evening_id:int}/remove")
def remove(desk: Desk, evening_id: int) -> Response:
    """Take an evening off. What is booked for it stays until each is moved or called off."""
    _sets_up(desk)
    row = evenings.evening(desk.school, evening_id)
    count = len(evenings.booked(desk.school, row))
    if count != (desk.form.number("count") or 0):
        desk.wrong(partial(removing, evening_id=evening_id), _="More was booked, or called off, since you opened this page. Look again.")
    evenings.remove(desk.school, row)
    desk.changed("removed parents' evening", "evening", evening_id, day=day(row.on), booked=count)
    if count:
        return desk.to("/console/appointments/clashes", "Removed. Call off what was booked: each family is told.")
    return desk.to(page.href, "Removed. Nobody had booked.")


def _sets_up(desk: Desk) -> None:
    """Refuses with NotThere whoever may not set up an evening."""
    if not desk.may(Power.SET_UP):
        raise NotThere


def _appointments(desk: Desk, ids: Collection[int]) -> list[object]:
    return [access.appointment(desk.school, desk.viewer, each) for each in ids]


def _kept(desk: Desk, row: ParentsEvening | None, again: Show, warn: Callable[[Collection[int]], Show]) -> Response:
    """Keep what was typed, unless it falls upon what is booked and nobody has said that this is meant."""
    plan = _plan(desk, again)
    before = {clash.appointment.id for clash in diary.clashes(desk.school, desk.viewer)}
    try:
        if row is None:
            row = evenings.add(desk.school, plan)
        else:
            evenings.change(desk.school, row, plan)
    except DayIsOver:
        desk.wrong(again, on="That day is over.")
    except SameDay:
        desk.wrong(again, on="There is a parents' evening on that day already.")
    except BreakOutside:
        desk.wrong(again, break_to="The break must lie inside the evening. Leave both empty for none.")
    except (Backwards, NotInFives) as refusal:
        desk.wrong(again, **{"minutes" if isinstance(refusal, NotInFives) else "to": about_span(refusal)})
    falling = [clash.appointment.id for clash in diary.clashes(desk.school, desk.viewer) if clash.appointment.id not in before]
    if falling and not desk.form.has("anyway"):
        count = len(falling)
        words = f"{count} booked {'meeting' if count == 1 else 'meetings'} would not fit any more. Nothing is saved yet. "
        words += "What is booked would stay until you move or call off each."
        desk.wrong(warn(falling), falling=words)
    desk.changed("set up parents' evening", "evening", row.id, day=day(plan.on), times=f"{plan.starts:%H:%M}-{plan.ends:%H:%M}")
    return desk.to(f"{page.href}/{row.id}", "Saved. Families can book it once it is near enough.")


def _plan(desk: Desk, again: Show) -> Plan:
    form = desk.form
    on, starts, ends, minutes = a_day(form, "on", desk.school.today), a_time(form, "from"), a_time(form, "to"), form.number("minutes")
    if on is None:
        desk.wrong(again, on="Say on which day.")
    if starts is None:
        desk.wrong(again, **{"from": "Write a time such as 15:30."})
    if ends is None:
        desk.wrong(again, to="Write a time such as 19:00.")
    if minutes is None:
        desk.wrong(again, minutes="Say how many minutes each family has.")
    return Plan(on, starts, ends, minutes, a_time(form, "break_from"), a_time(form, "break_to"))
