"""Invitations to planning meetings and EHCP reviews: made for many children at once, followed, repeated once, withdrawn."""

from __future__ import annotations

from datetime import timedelta

from fastapi import Response

from console.desk import Desk
from console.pages import Page
from console.typed import a_day
from console.words import MEETINGS
from school import access, invitations
from school.access import Power
from school.appointments import MeetingKind
from school.invitations import AskedAlready, NoSuchDays, NotOpen, NotToBeReminded

page = Page("appointments/invitations", powers=frozenset({Power.APPOINTMENTS}))

LASTS = timedelta(weeks=4)
"""How long a family has to choose a day, unless the page says otherwise."""
MOST = 500


@page.get()
def show_all(desk: Desk) -> Response:
    """Who was asked, and who has not booked yet."""
    rows = invitations.listed(desk.school, desk.viewer)
    return desk.render(
        "appointments/invitations.html",
        waiting=[row for row in rows if row.is_open],
        booked=[row for row in rows if row.appointment is not None],
        over=[row for row in rows if not row.is_open and row.appointment is None],
        meetings=MEETINGS,
        may_open=access.openable(desk.school, desk.viewer, [row.appointment for row in rows if row.appointment is not None]),
    )


@page.get("/new")
def new(desk: Desk) -> Response:
    """Which children's families are to be asked."""
    kind, class_id = _kind(desk), (desk.filled or desk.query).number("class")
    found = invitations.candidates(desk.school, desk.viewer, kind, class_id)
    first = desk.school.today + timedelta(days=1)
    return desk.render(
        "appointments/invite.html",
        kind=kind,
        kinds=[(each, MEETINGS[each]) for each in invitations.WITH_SENIOR],
        classes=access.classes(desk.school, desk.viewer),
        class_id=class_id,
        candidates=sorted(found, key=lambda each: not each.is_due),
        due=sum(each.is_due for each in found),
        child_id=desk.query.number("child"),
        first=first,
        last=first + LASTS,
    )


def _kind(desk: Desk) -> str:
    kind = (desk.filled or desk.query).text("kind", 20)
    return kind if kind in invitations.WITH_SENIOR else MeetingKind.EHCP


@page.post("/new")
def ask(desk: Desk) -> Response:
    """Ask these families to book such a meeting."""
    form, today = desk.form, desk.school.today
    kind = form.text("kind", 20) if form.text("kind", 20) in invitations.WITH_SENIOR else MeetingKind.EHCP
    children = [access.child(desk.school, desk.viewer, each) for each in dict.fromkeys(form.numbers("child")[:MOST])]
    first, last = a_day(form, "first", today), a_day(form, "last", today)
    if not children:
        desk.wrong(new, child="Tick at least one child.")
    if first is None or last is None:
        desk.wrong(new, **{"first" if first is None else "last": "Write the day in full."})
    made = asked_before = 0
    for child in children:
        try:
            row = invitations.ask(desk.school, child, kind, first, last)
        except AskedAlready:
            asked_before += 1
        except NoSuchDays:
            desk.wrong(new, last="The last day must be after today, and not before the first.")
        else:
            made += 1
            desk.changed("invited", "invitation", row.id, child=child.id, kind=kind)
    desk.afterwards(desk.hooks.wake)
    before = f" {asked_before} {'was' if asked_before == 1 else 'were'} asked already." if asked_before else ""
    return desk.to(page.href, f"{made} {'family is' if made == 1 else 'families are'} asked as soon as the days can be booked.{before}")


@page.post("/{invitation_id:int}/remind")
def remind(desk: Desk, invitation_id: int) -> Response:
    """Ask once more."""
    row = access.invitation(desk.school, desk.viewer, invitation_id)
    try:
        count = invitations.remind(desk.school, row)
    except NotOpen:
        return desk.to(page.href, "It is not open any more.")
    except NotToBeReminded:
        return desk.to(page.href, "They are reminded once, and not within a day of being asked.")
    desk.changed("reminded", "invitation", row.id, adults=count)
    desk.afterwards(desk.hooks.wake)
    return desk.to(page.href, f"{count} {'adult is' if count == 1 else 'adults are'} asked once more." if count else "Nobody may book about this child.")


@page.post("/{invitation_id:int}/withdraw")
def withdraw(desk: Desk, invitation_id: int) -> Response:
    """The school does not ask any more."""
    row = access.invitation(desk.school, desk.viewer, invitation_id)
    try:
        invitations.withdraw(desk.school, row)
    except NotOpen:
        return desk.to(page.href, "It is not open any more.")
    desk.changed("withdrew", "invitation", row.id, child=row.child_id)
    return desk.to(page.href, "Withdrawn. If they answer what they were sent, it comes to the office.")
