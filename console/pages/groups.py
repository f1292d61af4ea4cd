"""Groups that adults are in, may ask to join and leave: who is in each, and the wishes that staff must agree to."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from fastapi import Response

from console.desk import Desk
from console.pages import Page
from school import family_records, groups
from school.access import Power
from school.errors import NotThere
from school.groups import Decided, Group, NameTaken, NoName

page = Page("events/groups", powers=frozenset({Power.GROUPS}))
Show = Callable[[Desk], Response]
LONGEST_ABOUT = 300


@page.get()
def show_all(desk: Desk) -> Response:
    """Every group, and the wishes that wait."""
    everyone = groups.everyone(desk.school)
    for wish in (wishes := groups.wishes(desk.school)):
        desk.saw("adult", wish.adult_id)
    return desk.render(
        "groups/list.html",
        groups=everyone,
        names={group.id: group.name for group in everyone},
        terms={group.id: groups.terms_of(desk.school, group) for group in everyone},
        counts={group.id: len(groups.members(desk.school, group)) for group in everyone},
        waiting=wishes,
        wishes=len(wishes),
    )


@page.post("/wishes/{wish_id:int}")
def decide(desk: Desk, wish_id: int) -> Response:
    """Agree that someone joins, or do not: they are told."""
    wish = groups.find_wish(desk.school, wish_id)
    if wish is None:
        raise NotThere
    is_agreed = desk.form.text("decision", 10) == "agree"
    try:
        groups.decide(desk.school, wish, desk.viewer.staff, agree=is_agreed)
    except Decided:
        return desk.to(page.href, "That was decided already.")
    desk.changed("agreed to a group" if is_agreed else "did not agree to a group", "wish", wish.id, adult=wish.adult_id)
    desk.afterwards(desk.hooks.wake)
    return desk.to(page.href, f"{'Agreed' if is_agreed else 'Not agreed'}. {wish.adult.name} is told.")


@page.get("/new")
def new(desk: Desk) -> Response:
    """Where a group is made."""
    return desk.render("groups/new.html")


@page.post("/new")
def make(desk: Desk) -> Response:
    """Make a group. Nobody is in it yet."""
    group = _named(desk, new, None)
    _set_terms(desk, group)
    desk.changed("made group", "group", group.id, name=group.name)
    return desk.to(f"{page.href}/{group.id}", f"{group.name} is made.")


@page.get("/{group_id:int}")
def show(desk: Desk, group_id: int) -> Response:
    """One group: who is in it, and how one comes into it."""
    group = groups.find(desk.school, group_id)
    ids = {adult.id for adult in groups.members(desk.school, group)}
    members = [entry for entry in family_records.search(desk.school, desk.viewer) if entry.adult.id in ids]
    return desk.render(
        "groups/show.html", group=group, terms=groups.terms_of(desk.school, group), members=members, invited_to=groups.invited_to(desk.school, group)
    )


@page.post("/{group_id:int}")
def change(desk: Desk, group_id: int) -> Response:
    """Give it another name, and say who may come into it and how."""
    group = groups.find(desk.school, group_id)
    _named(desk, partial(show, group_id=group_id), group)
    _set_terms(desk, group)
    desk.changed("changed group", "group", group.id, name=group.name)
    return desk.to(f"{page.href}/{group.id}", "Saved.")


@page.get("/{group_id:int}/remove")
def removing(desk: Desk, group_id: int) -> Response:
    """Where a group is removed: what that does."""
    group = groups.find(desk.school, group_id)
    count = len(groups.members(desk.school, group))
    return desk.render("groups/remove.html", group=group, members=count, invited_to=groups.invited_to(desk.school, group))


@page.post("/{group_id:int}/remove")
def remove(desk: Desk, group_id: int) -> Response:
    """Remove a group. Nobody is told."""
    group = groups.find(desk.school, group_id)
    name = group.name
    if desk.form.number("members") != len(groups.members(desk.school, group)):
        desk.wrong(partial(removing, group_id=group_id), _="Someone joined or left since you opened this page. Look again.")
    groups.remove(desk.school, group)
    desk.changed("removed group", "group", group_id, name=name)
    return desk.to(page.href, f"{name} is removed.")


def _named(desk: Desk, again: Show, group: Group | None) -> Group:
    """The group with the name that was typed: a new one, or this one with another name."""
    name = desk.form.text("name")
    try:
        if group is None:
            return groups.make(desk.school, name)
        groups.rename(desk.school, group, name)
    except NoName:
        desk.wrong(again, name=f"At most {groups.LONGEST_NAME} letters." if name else "Say what the group is called.")
    except NameTaken:
        desk.wrong(again, name="Another group has that name.")
    return group


def _set_terms(desk: Desk, group: Group) -> None:
    """Who may come into it, and what it is."""
    how = desk.form.text("how", 10)
    groups.set_terms(desk.school, group, is_open=how in ("open", "ask"), staff_agree=how == "ask", about=desk.form.text("about", LONGEST_ABOUT))
