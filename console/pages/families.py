"""Families: who they are, what each adult may do about each child, and where they are reached."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any

from fastapi import Response

from console import preferences
from console.desk import HOME, Desk
from console.pages import Page
from console.rendering import language_name
from console.words import about_number
from school import access, addresses, closings, family_records, leaving, welcomes
from school.access import Power
from school.addresses import NotAMobile, NotAnEmail, NotANumber
from school.closings import Reason
from school.errors import NotThere
from school.family_records import Adult, AlreadyTheirs, Child, NobodyRang
from school.importing import cells
from school.importing.table import Unreadable
from school.leaving import TooLateToUndo

Show = Callable[[Desk], Response]

page = Page("families", "Families", order=60, powers=frozenset({Power.FAMILIES}))
EDIT = Power.EDIT_FAMILIES
SHOWN = 100
RIGHTS = {"hear": "hear about them", "book": "book times", "be_asked": "be asked", "collect": "collect them"}
CHANNELS = {"sms": "Text message", "whatsapp": "WhatsApp", "telegram": "Telegram", "email": "E-mail"}
CLOSED_FOR = {
    Reason.LOST: "the phone is lost",
    Reason.STOLEN: "the phone was stolen",
    Reason.STRANGER: "someone else answers there",
    Reason.NEW_NUMBER: "they have a new number",
}
"""Why an address is closed, as staff choose it."""
NO_NAME = "Type in the name."
RANG = "Say who was rung, and what they said. A text alone never changes a number."


@page.get()
def show_all(desk: Desk) -> Response:
    """Every family that may be seen, by what was asked for."""
    words, language, class_id = desk.query.text("q", 100), desk.query.text("language", 35), desk.query.number("class")
    has_left = desk.query.has("left") and desk.may(EDIT)
    found = family_records.search(desk.school, desk.viewer, words, class_id=class_id, language=language, has_left=has_left)
    spoken = sorted(family_records.languages(desk.school, desk.viewer), key=language_name)
    return desk.render(
        "families/list.html",
        entries=found[:SHOWN],
        count=len(found),
        classes=access.classes(desk.school, desk.viewer),
        languages=spoken,
        q=words,
        language=language,
        class_id=class_id,
        has_left=has_left,
        can_edit=desk.may(EDIT),
        steps=leaving.steps_of_today(desk.school, "left") if has_left else (),
        is_asked=bool(words or language or class_id or has_left),
    )


@page.get("/{adult_id:int}")
def show(desk: Desk, adult_id: int) -> Response:
    """One adult: nothing of any other is on it."""
    adult = access.adult(desk.school, desk.viewer, adult_id)
    desk.saw("adult", adult.id)
    return desk.render(
        "families/show.html",
        adult=adult,
        ties=family_records.ties(desk.school, desk.viewer, adult),
        rights=RIGHTS,
        held=family_records.rights,
        links=family_records.addresses_in_order(adult),
        channels=CHANNELS,
        shown=partial(family_records.shown, desk.viewer),
        told=preferences.told(desk, adult),
        closings=closings.of(desk.school, adult),
        closed_for={**CLOSED_FOR, Reason.WRONG_NUMBER: "whoever has it said: wrong number"},
        reasons=CLOSED_FOR,
        may_close=closings.may_close,
        welcome=welcomes.of(desk.school, adult),
        can_welcome=welcomes.may_invite(desk.school, adult),
        consents=family_records.consents(desk.school, adult),
        appointments=family_records.recent_appointments(desk.school, desk.viewer, adult),
        can_edit=desk.may(EDIT) and adult.left_on is None,
        can_bring_back=desk.may(EDIT) and adult.left_on is not None,
        reads_messages=desk.may(Power.MESSAGES),
        sends_email=desk.school.settings.writes_email,
        can_telegram=family_records.may_be_asked_to_telegram(desk.school, adult),
    )


# A new adult, and who they are


@page.get("/new", needs=EDIT)
def new(desk: Desk) -> Response:
    """Where an adult is added."""
    return desk.render("families/new.html", adult=None, **_choices(desk))


@page.post("/new", needs=EDIT)
def add(desk: Desk) -> Response:
    """Add an adult, and with them, if wanted, a child and a number."""
    name, language = _name(desk, new, "name"), _language(desk, new)
    adult = family_records.add_adult(desk.school, name=name, language=language)
    _tie_child(desk, adult, new, is_needed=False)
    if desk.form.text("number"):
        _add_number(desk, adult, new)
    desk.changed("added adult", "adult", adult.id)
    return desk.to(at(adult), f"{adult.name} is added.")


@page.get("/{adult_id:int}/edit", needs=EDIT)
def edit(desk: Desk, adult_id: int) -> Response:
    """Who an adult is, to be put right."""
    adult = present(desk, adult_id)
    desk.saw("adult", adult.id)
    theirs = {group.id for group in adult.groups}
    ticked = [(group.id, group.name, group.id in theirs) for group in family_records.groups(desk.school)]
    return desk.render("families/edit.html", adult=adult, groups_ticked=ticked, **_choices(desk, adult))


@page.post("/{adult_id:int}/edit", needs=EDIT)
def change(desk: Desk, adult_id: int) -> Response:
    """Put right who an adult is."""
    adult, again = present(desk, adult_id), partial(edit, adult_id=adult_id)
    name, language = _name(desk, again, "name"), _language(desk, again)
    changed = family_records.change_adult(
        desk.school,
        adult,
        name=name,
        language=language,
        notes=desk.form.text("notes", 5_000),
        group_ids=desk.form.numbers("group"),
        new_group=desk.form.text("new_group", 100),
    )
    if changed:
        desk.changed("changed adult", "adult", adult.id, what=", ".join(changed))
    return desk.to(at(adult), "Kept." if changed else "")


# What they may do about their children


@page.post("/{adult_id:int}/children/{child_id:int}", needs=EDIT)
def allow(desk: Desk, adult_id: int, child_id: int) -> Response:
    """Say what this adult may do about this child."""
    adult, child = present(desk, adult_id), access.child(desk.school, desk.viewer, child_id)
    _check_tied(desk, adult, child)
    chosen = [right for right in desk.form.all("right") if right in RIGHTS]
    if family_records.allow(desk.school, adult, child, chosen, desk.form.text("relationship", 50)):
        desk.changed("changed rights", "adult", adult.id, child=child.id, rights=", ".join(sorted(chosen)) or "none")
    return desk.to(at(adult), f"Kept: what {adult.name} may do about {child.first_name}.")


@page.post("/{adult_id:int}/children/{child_id:int}/end", needs=EDIT)
def untie(desk: Desk, adult_id: int, child_id: int) -> Response:
    """This adult does not stand for this child any more."""
    adult, child = present(desk, adult_id), access.child(desk.school, desk.viewer, child_id)
    family_records.untie(desk.school, adult, child)
    desk.changed("ended tie", "adult", adult.id, child=child.id)
    return desk.to(at(adult), f"{adult.name} does not stand for {child.first_name} any more.")


@page.get("/{adult_id:int}/children/new", needs=EDIT)
def new_child(desk: Desk, adult_id: int) -> Response:
    """Where a child is added to an adult."""
    return desk.render("families/new_child.html", adult=present(desk, adult_id), **_choices(desk))


@page.post("/{adult_id:int}/children/new", needs=EDIT)
def add_child(desk: Desk, adult_id: int) -> Response:
    """A child that is known or new, for whom this adult stands from now on."""
    adult = present(desk, adult_id)
    child = _tie_child(desk, adult, partial(new_child, adult_id=adult_id), is_needed=True)
    return desk.to(at(adult), f"{adult.name} stands for {child.first_name if child else 'a child'} now.")


@page.get("/children/{child_id:int}")
def show_child(desk: Desk, child_id: int) -> Response:
    """One child. Who the adults are is for the office alone."""
    child = access.child(desk.school, desk.viewer, child_id)
    desk.saw("child", child.id)
    return desk.render(
        "families/child.html",
        child=child,
        ties=family_records.ties_of_child(desk.school, child) if desk.may(EDIT) else (),
        rights=RIGHTS,
        held=family_records.rights,
        can_edit=desk.may(EDIT),
        classes=[(each.id, each.name) for each in access.classes(desk.school, desk.viewer)],
    )


@page.post("/children/{child_id:int}", needs=EDIT)
def change_child(desk: Desk, child_id: int) -> Response:
    """Put right who a child is."""
    child, again = access.child(desk.school, desk.viewer, child_id), partial(show_child, child_id=child_id)
    name, joined = _name(desk, again, "name"), _day(desk, again, "joined")
    school_class = access.school_class(desk.school, desk.viewer, desk.form.number("class") or 0)
    changed = family_records.change_child(desk.school, child, name=name, school_class=school_class, joined_on=joined)
    if changed:
        desk.changed("changed child", "child", child.id, what=", ".join(changed))
    return desk.to(f"{HOME}/families/children/{child.id}", "Kept." if changed else "")


# Where they are reached


@page.get("/{adult_id:int}/numbers/new", needs=EDIT)
def new_number(desk: Desk, adult_id: int) -> Response:
    """Where a number is added."""
    return desk.render("families/number.html", adult=present(desk, adult_id), address=None)


@page.post("/{adult_id:int}/numbers/new", needs=EDIT)
def add_number(desk: Desk, adult_id: int) -> Response:
    """One more number, after someone rang."""
    adult = present(desk, adult_id)
    _add_number(desk, adult, partial(new_number, adult_id=adult_id))
    return desk.to(at(adult), "The number is added. The first text to it says which school this is.")


@page.get("/{adult_id:int}/emails/new", needs=EDIT)
def new_email(desk: Desk, adult_id: int) -> Response:
    """Where an e-mail address is added."""
    return desk.render("families/email.html", adult=present(desk, adult_id), is_sent=desk.school.settings.writes_email)


@page.post("/{adult_id:int}/emails/new", needs=EDIT)
def add_email(desk: Desk, adult_id: int) -> Response:
    """One more e-mail address, by whoever knows that it is theirs."""
    adult, again = present(desk, adult_id), partial(new_email, adult_id=adult_id)
    try:
        family_records.add_email(desk.school, adult, desk.form.text("email", 320), desk.form.text("rang", 500), desk.viewer.staff.name)
    except NotAnEmail:
        desk.wrong(again, email="That is no e-mail address that mail can be sent to.")
    except AlreadyTheirs:
        desk.wrong(again, email="They have this e-mail address already.")
    except NobodyRang:
        desk.wrong(again, rang="Say how you know it. A text alone never changes where someone is reached.")
    desk.changed("added e-mail", "adult", adult.id)
    return desk.to(at(adult), "The e-mail address is added.")


@page.get("/{adult_id:int}/numbers/{address_id:int}", needs=EDIT)
def number(desk: Desk, adult_id: int, address_id: int) -> Response:
    """Where a number is put in place of another."""
    adult = present(desk, adult_id)
    address = family_records.address_of(adult, address_id)
    if address.kind != "phone":
        raise NotThere
    return desk.render("families/number.html", adult=adult, address=address)


@page.post("/{adult_id:int}/numbers/{address_id:int}", needs=EDIT)
def change_number(desk: Desk, adult_id: int, address_id: int) -> Response:
    """Another number in place of one, after someone rang."""
    adult, again = present(desk, adult_id), partial(number, adult_id=adult_id, address_id=address_id)
    old, rang = family_records.address_of(adult, address_id).value, desk.form.text("rang", 500)
    try:
        family_records.change_number(desk.school, adult, old, desk.form.text("number", 40), rang, desk.viewer.staff.name)
    except (NotAMobile, NotANumber) as refusal:
        desk.wrong(again, number=about_number(refusal))
    except AlreadyTheirs:
        desk.wrong(again, number="They are reached at this number already.")
    except NobodyRang:
        desk.wrong(again, rang=RANG)
    desk.changed("changed number", "adult", adult.id, was=addresses.masked(old))
    return desk.to(at(adult), "The number is changed. The first text to it says which school this is.")


@page.post("/{adult_id:int}/numbers/{address_id:int}/remove", needs=EDIT)
def remove_number(desk: Desk, adult_id: int, address_id: int) -> Response:
    """They are reached there no more."""
    adult = present(desk, adult_id)
    gone = family_records.remove_address(desk.school, adult, address_id)
    desk.changed("removed number", "adult", adult.id, was=addresses.masked(gone.value), channel=gone.channel)
    return desk.to(at(adult), f"{adult.name} is not reached there any more.")


@page.post("/{adult_id:int}/numbers/{address_id:int}/stop", needs=EDIT)
def stop(desk: Desk, adult_id: int, address_id: int) -> Response:
    """They told a person that they want no messages there."""
    adult = present(desk, adult_id)
    family_records.stop(desk.school, adult, address_id)
    desk.changed("stopped", "adult", adult.id)
    return desk.to(at(adult), "Nothing is sent there any more. Nobody here can take that back, only they.")


@page.post("/{adult_id:int}/telegram", needs=EDIT)
def telegram(desk: Desk, adult_id: int) -> Response:
    """Text them a one-time link to Telegram."""
    adult = present(desk, adult_id)
    family_records.send_telegram_link(desk.school, adult)
    desk.changed("sent Telegram link", "adult", adult.id)
    desk.afterwards(desk.hooks.wake)
    return desk.to(at(adult), "A link is on its way to their phone. It works once, for 7 days.")


# Leaving


@page.get("/{adult_id:int}/leave", needs=EDIT)
def ask_leave(desk: Desk, adult_id: int) -> Response:
    """Who of a family leaves."""
    adult = present(desk, adult_id)
    ties = family_records.ties(desk.school, desk.viewer, adult)
    return desk.render("families/leave.html", adult=adult, ties=ties, at_home=leaving.at_home(desk.school, adult))


@page.post("/{adult_id:int}/leave", needs=EDIT)
def leave(desk: Desk, adult_id: int) -> Response:
    """Children of this adult leave, and whoever has no child at the school then."""
    adult = present(desk, adult_id)
    chosen = set(desk.form.numbers("child"))
    children = [tie.child for tie in family_records.ties(desk.school, desk.viewer, adult) if tie.child_id in chosen]
    if not children and not desk.form.has("adult"):
        desk.wrong(partial(ask_leave, adult_id=adult_id), _="Tick who leaves.")
    adults = {each.id: each for each in leaving.adults_without_others(desk.school, children)} if children else {}
    if desk.form.has("adult"):
        adults[adult.id] = adult
    leaving.leave(desk.school, children, adults.values(), desk.viewer.staff)
    for child in children:
        desk.changed("left", "child", child.id)
    for each in adults.values():
        desk.changed("left", "adult", each.id)
    return desk.to(f"{HOME}/families?left=1", "They have left. Nothing is sent to them any more. Today you can still take it back.")


@page.post("/{adult_id:int}/back", needs=EDIT)
def come_back(desk: Desk, adult_id: int) -> Response:
    """An adult who had left is here again, with the children who left with them."""
    adult = access.adult(desk.school, desk.viewer, adult_id)
    if adult.left_on is None:
        raise NotThere
    children = leaving.come_back(desk.school, adult)
    desk.changed("came back", "adult", adult.id, children=len(children))
    return desk.to(at(adult), "They are here again. Say what they may do, and add their number.")


@page.post("/steps/{step_id:int}/undo", needs=EDIT)
def undo(desk: Desk, step_id: int) -> Response:
    """Take back, on the same day, that someone left."""
    step = leaving.find(desk.school, step_id, "left")
    try:
        leaving.undo(desk.school, step)
    except TooLateToUndo:
        return desk.to(f"{HOME}/families?left=1", "That can only be taken back on the same day, and once.")
    desk.changed("undid leaving", "step", step.id)
    return desk.to(f"{HOME}/families", "Taken back. What they had booked stays called off.")


# What several of them share


def at(adult: Adult) -> str:
    return f"{HOME}/families/{adult.id}"


def present(desk: Desk, adult_id: int) -> Adult:
    """An adult who has not left: nothing is changed about one who has."""
    adult = access.adult(desk.school, desk.viewer, adult_id)
    if adult.left_on is not None:
        raise NotThere
    return adult


def _check_tied(desk: Desk, adult: Adult, child: Child) -> None:
    if all(tie.child_id != child.id for tie in family_records.ties(desk.school, desk.viewer, adult)):
        raise NotThere


def _choices(desk: Desk, adult: Adult | None = None) -> dict[str, Any]:
    """The languages, classes and children that can be chosen."""
    offered = {*desk.school.settings.languages, *family_records.languages(desk.school, desk.viewer), *([adult.language] if adult else []), "en"}
    return {
        "languages": sorted(((tag, language_name(tag)) for tag in offered), key=lambda each: each[1]),
        "classes": [(each.id, each.name) for each in access.classes(desk.school, desk.viewer)],
        "children": [(child.id, f"{child.name}, {child.school_class.name}") for child in family_records.children(desk.school, desk.viewer)],
        "rights": [(right, words, True) for right, words in RIGHTS.items()],
    }


def _name(desk: Desk, again: Show, field: str) -> str:
    name = " ".join(desk.form.text(field, 201).split())
    if not name:
        desk.wrong(again, **{field: NO_NAME})
    if len(name) > 200 or not name.isprintable():
        desk.wrong(again, **{field: "A name has 200 letters at most, on one line."})
    return name


def _language(desk: Desk, again: Show) -> str:
    try:
        return cells.language(desk.form.text("other_language", 60) or desk.form.text("language", 35) or "?")
    except Unreadable as unknown:
        desk.wrong(again, other_language=f"{unknown}.")


def _day(desk: Desk, again: Show, field: str) -> date | None:
    written = desk.form.text(field, 30)
    if not written:
        return None
    try:
        return cells.day(written)
    except Unreadable as unknown:
        desk.wrong(again, **{field: f"{unknown}."})


def _tie_child(desk: Desk, adult: Adult, again: Show, *, is_needed: bool) -> Child | None:
    """The child that was chosen or typed in, for whom the adult stands from now on."""
    known, name = desk.form.number("child"), desk.form.text("child_name", 200)
    if known is None and not name:
        if is_needed:
            desk.wrong(again, child="Choose a child, or type in a new one below.")
        return None
    if known is not None:
        child = access.child(desk.school, desk.viewer, known)
    else:
        class_id = desk.form.number("class")
        if class_id is None:
            desk.wrong(again, **{"class": "Choose the class."})
        school_class = access.school_class(desk.school, desk.viewer, class_id)
        joined_on = _day(desk, again, "joined")
        child = family_records.add_child(desk.school, name=_name(desk, again, "child_name"), school_class=school_class, joined_on=joined_on)
        desk.changed("added child", "child", child.id)
    chosen = [right for right in desk.form.all("right") if right in RIGHTS]
    family_records.allow(desk.school, adult, child, chosen, desk.form.text("relationship", 50))
    desk.changed("changed rights", "adult", adult.id, child=child.id, rights=", ".join(sorted(chosen)) or "none")
    return child


def _add_number(desk: Desk, adult: Adult, again: Show) -> None:
    channels = [channel for channel in desk.form.all("channel") if channel in family_records.BY_PHONE]
    if not channels:
        desk.wrong(again, channel="Tick at least one.")
    try:
        family_records.add_number(desk.school, adult, desk.form.text("number", 40), channels, desk.form.text("rang", 500), desk.viewer.staff.name)
    except (NotAMobile, NotANumber) as refusal:
        desk.wrong(again, number=about_number(refusal))
    except AlreadyTheirs:
        desk.wrong(again, number="They are reached at this number already.")
    except NobodyRang:
        desk.wrong(again, rang=RANG)
    desk.changed("added number", "adult", adult.id, channels=", ".join(channels))
