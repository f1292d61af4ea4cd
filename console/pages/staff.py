"""Staff: who works here, what they may do, and how they get in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from fastapi import Response

from console.desk import HOME, Desk, Form, Hooks
from console.pages import Page
from console.words import about_number
from school import accounts, addresses, phone_checks, staff
from school.access import Power
from school.accounts import WaitFirst, WeakPin
from school.addresses import NotAMobile, NotANumber
from school.demo import ROLE_NAMES
from school.errors import NotThere
from school.families import Staff
from school.importing import cells
from school.importing.table import Unreadable
from school.phone_checks import CodeIsOver, CodeIsWrong
from school.staff import NAMED, EmailTaken, LastOne, NotYourself, TechnicianAlone

Show = Callable[[Desk], Response]

page = Page("staff", "Staff", order=85, powers=frozenset({Power.STAFF}))
ALONE = "Only the technician decides this about the technician, the safeguarding lead and the deputy."
YOURSELF = "Nobody changes their own role. Ask someone else who looks after staff."
LAST = "Somebody must be left who can add staff and let them in."
LINK_MAIL = """{who} has let you in to {school}'s Bookbag. To log in, open this page:

{address}

It works once, for 3 days. If you do not work at {school}, ignore this e-mail.
"""


@page.get()
def show_all(desk: Desk) -> Response:
    """Everyone who works here, and who did."""
    has_left = desk.query.has("left")
    people = staff.who_left(desk.school) if has_left else sorted(staff.everyone(desk.school), key=lambda person: (staff.ROLES.index(person.role), person.name))
    return desk.render("staff/list.html", people=people, has_left=has_left, roles=ROLE_NAMES, phone=staff.phone, named=NAMED)


@page.get("/{staff_id:int}")
def show(desk: Desk, staff_id: int) -> Response:
    """One member of staff: who they are, and how they get in."""
    person = staff.find(desk.school, staff_id)
    return desk.render(
        "staff/show.html",
        person=person,
        role=ROLE_NAMES.get(person.role, person.role),
        hours=staff.hours_in_words(person),
        phone=staff.phone(person),
        must_check=person.role in NAMED,
        check=phone_checks.under_way(desk.school, person),
        has_password=accounts.has_password(desk.school, person),
        has_second_factor=accounts.account_has_second_factor(desk.school, person),
        may_let_in=staff.may_decide(desk.school, desk.viewer, person.role),
        is_class=person.role == "class",
        has_pin=accounts.has_pin(desk.school, person),
        tablets=accounts.tablets_of(desk.school, person),
        sessions=accounts.living_sessions(desk.school, person),
    )


# Who they are


@page.get("/new")
def new(desk: Desk) -> Response:
    """Where someone is added."""
    return desk.render("staff/edit.html", person=None, hours="", **_choices(desk, None))


@page.post("/new")
def add(desk: Desk) -> Response:
    """Add someone."""
    name, email, role, hours = _typed(desk, new)
    same = staff.with_email(desk.school, email)
    if same is not None:
        desk.wrong(new, email=_taken(same.has_left))
    with _guarded(desk, new):
        person = staff.add(desk.school, email=email, name=name, role=role)
    _give(desk, person, hours)
    desk.changed("added staff", "staff", person.id, role=role)
    return desk.to(_at(person), f"{person.name} is added. Now let them in: send a link.")


@page.get("/{staff_id:int}/edit")
def edit(desk: Desk, staff_id: int) -> Response:
    """Who someone is, to be put right."""
    person = _present(desk, staff_id)
    return desk.render("staff/edit.html", person=person, hours=staff.hours_in_words(person), **_choices(desk, person))


@page.post("/{staff_id:int}/edit")
def change(desk: Desk, staff_id: int) -> Response:
    """Put right who someone is."""
    person, again = _present(desk, staff_id), partial(edit, staff_id=staff_id)
    name, email, role, hours = _typed(desk, again)
    was = person.role
    try:
        with _guarded(desk, again):
            changed = list(staff.change(desk.school, person, name=name, email=email, role=role))
    except EmailTaken as taken:
        desk.wrong(again, email=_taken(taken.has_left))
    changed += _give(desk, person, hours)
    if changed:
        desk.changed("changed staff", "staff", person.id, what=", ".join(changed), **({"was": was, "role": role} if was != role else {}))
    return desk.to(_at(person), "Kept." if changed else "")


@page.get("/{staff_id:int}/leave")
def ask_leave(desk: Desk, staff_id: int) -> Response:
    """Whether someone works here no longer."""
    return desk.render("staff/leave.html", person=_present(desk, staff_id))


@page.post("/{staff_id:int}/leave")
def leave(desk: Desk, staff_id: int) -> Response:
    """Someone works here no longer: they are out everywhere at once."""
    person = _present(desk, staff_id)
    with _guarded(desk, partial(ask_leave, staff_id=staff_id)):
        staff.leave(desk.school, person)
    accounts.shut_out(desk.school, person)
    desk.changed("staff left", "staff", person.id)
    return desk.to(f"{HOME}/staff", f"{person.name} works here no longer, and is logged out everywhere.")


@page.post("/{staff_id:int}/back")
def come_back(desk: Desk, staff_id: int) -> Response:
    """Someone works here again."""
    person = staff.find(desk.school, staff_id)
    if not person.has_left:
        raise NotThere
    with _guarded(desk, partial(show, staff_id=staff_id)):
        staff.come_back(desk.school, person)
    desk.changed("staff came back", "staff", person.id)
    return desk.to(_at(person), f"{person.name} works here again. Give them their classes and let them in.")


# Their phone


@page.get("/{staff_id:int}/phone")
def phone(desk: Desk, staff_id: int) -> Response:
    """Where someone's number is changed, or its code typed in."""
    person = _present(desk, staff_id)
    check = phone_checks.under_way(desk.school, person)
    return desk.render("staff/phone.html", person=person, phone=staff.phone(person), check=check, must_check=person.role in NAMED)


@page.post("/{staff_id:int}/phone")
def set_phone(desk: Desk, staff_id: int) -> Response:
    """Another number. That of a named person counts once a code that is texted to it comes back; so does any other that is to be checked."""
    person, again = _present(desk, staff_id), partial(phone, staff_id=staff_id)
    try:
        number = addresses.mobile(desk.form.text("number", 40))
        if person.role not in NAMED and not desk.form.has("check"):
            staff.reach_by_text(desk.school, person, number)
            desk.changed("changed staff phone", "staff", person.id, number=addresses.masked(number))
            return desk.to(_at(person), "The number is kept.")
        phone_checks.ask(desk.school, person, number)
    except (NotAMobile, NotANumber) as refusal:
        desk.wrong(again, number=about_number(refusal))
    except WaitFirst:
        desk.wrong(again, number="Codes were asked for too often. Wait a quarter of an hour.")
    desk.changed("sent phone code", "staff", person.id, number=addresses.masked(number))
    desk.afterwards(desk.hooks.wake)
    return desk.to(f"{_at(person)}/phone", "A code is on its way to that phone.")


@page.post("/{staff_id:int}/phone/code")
def confirm_phone(desk: Desk, staff_id: int) -> Response:
    """The code that came to that phone."""
    person = _present(desk, staff_id)
    try:
        phone_checks.confirm(desk.school, person, desk.form.text("code", 20))
    except CodeIsWrong:
        phone_checks.failed(desk.school, person)  # it must be counted, so this is kept
        desk.faults = {"code": "That is not the code. Look at the newest text from the school."}
        return phone(desk, staff_id)
    except CodeIsOver:
        return desk.to(f"{_at(person)}/phone", "That code is over. Have a new one sent.")
    held = staff.phone(person)
    desk.changed("checked staff phone", "staff", person.id, number=addresses.masked(held.address.value) if held else "")
    return desk.to(_at(person), "The number is checked, and counts from now on.")


@page.post("/{staff_id:int}/phone/none")
def no_phone(desk: Desk, staff_id: int) -> Response:
    """Nothing is texted to them any more, and no number is being checked."""
    person = _present(desk, staff_id)
    phone_checks.forget(desk.school, person)
    if desk.form.has("held"):
        staff.no_phone(desk.school, person)
        desk.changed("removed staff phone", "staff", person.id)
    return desk.to(_at(person), "Removed.")


# How they get in


@page.post("/{staff_id:int}/link")
def send_link(desk: Desk, staff_id: int) -> Response:
    """Let someone in: a one-time link by e-mail; shown once on the page where the school has no mail server, or it does not take it."""
    person = _present(desk, staff_id)
    may_see = staff.may_decide(desk.school, desk.viewer, person.role)
    token = accounts.make_link(desk.school, person, accounts.FIRST_LINK_LASTS)
    address = f"{desk.origin}{HOME}/in/{token}"
    desk.changed("made log-in link", "staff", person.id)
    words = LINK_MAIL.format(who=desk.viewer.staff.name, school=desk.school.settings.name, address=address)

    def mail() -> Response:
        is_sent = desk.hooks.mail(person.email, "Your link to log in", words)
        return desk.render("staff/link.html", person=person, address="" if is_sent or not may_see else address, is_sent=is_sent)

    desk.afterwards(mail)
    return desk.to(_at(person))


@page.post("/{staff_id:int}/second-factor")
def reset_second_factor(desk: Desk, staff_id: int) -> Response:
    """Someone lost the phone with their authenticator app: they set up a new one when they next log in."""
    person = _let_in(desk, staff_id)
    accounts.drop_second_factor(desk.school, person)
    desk.changed("reset second factor", "staff", person.id)
    return desk.to(_at(person), f"{person.name} is logged out, and sets up a new second step at the next log-in.")


@page.post("/{staff_id:int}/log-out")
def log_out(desk: Desk, staff_id: int) -> Response:
    """Log someone out everywhere."""
    person = _present(desk, staff_id)
    accounts.end_all(desk.school, person, but=desk.session.id)
    desk.changed("logged out", "staff", person.id)
    return desk.to(_at(person), f"{person.name} is logged out everywhere.")


def _hashed(form: Form, hooks: Hooks) -> str:
    pin = form.text("pin", 20)
    try:
        accounts.check_pin(pin)
    except WeakPin:
        return ""
    return accounts.hashed(pin)


@page.get("/{staff_id:int}/pin")
def pin(desk: Desk, staff_id: int) -> Response:
    """Where a class's PIN is chosen."""
    return desk.render("staff/pin.html", person=_class_team(desk, staff_id))


@page.post("/{staff_id:int}/pin", before=_hashed)
def set_pin(desk: Desk, staff_id: int) -> Response:
    """Set a class's PIN."""
    person = _class_team(desk, staff_id)
    if not desk.prepared:
        desk.wrong(partial(pin, staff_id=staff_id), pin="Take 6 to 12 digits that are not in a row and not the same few again and again.")
    accounts.set_pin(desk.school, person, desk.prepared)
    accounts.end_all(desk.school, person, but=desk.session.id)
    desk.changed("set PIN", "staff", person.id)
    return desk.to(_at(person), "The PIN is set. It works on this class's tablets alone.")


@page.post("/{staff_id:int}/pin/clear")
def clear_pin(desk: Desk, staff_id: int) -> Response:
    """No PIN signs in any more."""
    person = _class_team(desk, staff_id)
    accounts.set_pin(desk.school, person, None)
    accounts.end_all(desk.school, person, but=desk.session.id)
    desk.changed("cleared PIN", "staff", person.id)
    return desk.to(_at(person), "No PIN signs in any more.")


@page.post("/{staff_id:int}/tablets")
def add_tablet(desk: Desk, staff_id: int) -> Response:
    """This very device is the class's tablet from now on."""
    person = _class_team(desk, staff_id)
    token = accounts.add_tablet(desk.school, person, desk.form.text("name", 80) or "Tablet")
    desk.changed("added tablet", "staff", person.id)
    response = desk.to(_at(person), f"This device is {person.name}'s tablet now. Log out here, then sign in with the PIN.")
    desk.keep_tablet(response, token)
    return response


@page.post("/{staff_id:int}/tablets/{tablet_id:int}/revoke")
def revoke_tablet(desk: Desk, staff_id: int, tablet_id: int) -> Response:
    """The PIN works on that device no more."""
    person = staff.find(desk.school, staff_id)
    if not accounts.revoke_tablet(desk.school, person, tablet_id):
        raise NotThere
    desk.changed("revoked tablet", "staff", person.id)
    return desk.to(_at(person), "The PIN does not work on that device any more, and whoever was signed in is out.")


# What several of them share


def _at(person: Staff) -> str:
    return f"{HOME}/staff/{person.id}"


def _present(desk: Desk, staff_id: int) -> Staff:
    person = staff.find(desk.school, staff_id)
    if person.has_left:
        raise NotThere
    return person


def _let_in(desk: Desk, staff_id: int) -> Staff:
    """Someone about whose way in this viewer decides."""
    person = _present(desk, staff_id)
    if not staff.may_decide(desk.school, desk.viewer, person.role):
        desk.wrong(partial(show, staff_id=staff_id), _=ALONE)
    return person


def _class_team(desk: Desk, staff_id: int) -> Staff:
    """A class's own account: only it has a PIN and tablets."""
    person = _present(desk, staff_id)
    if person.role != "class":
        raise NotThere
    return person


def _choices(desk: Desk, person: Staff | None) -> dict[str, Any]:
    theirs = {each.id for each in person.classes} if person else set()
    return {
        "classes": [(each.id, each.name, each.id in theirs) for each in staff.all_classes(desk.school)],
        "roles": [(role, ROLE_NAMES[role]) for role in sorted(staff.ROLES, key=lambda role: ROLE_NAMES[role])],
        "is_self": person is not None and person.id == desk.viewer.staff.id,
    }


def _typed(desk: Desk, again: Show) -> tuple[str, str, str, tuple[cells.Hours, ...]]:
    """Name, e-mail address, role and hours, as typed."""
    name, email, role = " ".join(desk.form.text("name", 200).split()), desk.form.text("email", 254), desk.form.text("role", 20)
    if not name or not name.isprintable():
        desk.wrong(again, name="Type in the name as parents say it, with its title: Ms Okafor.")
    if not re.fullmatch(r"[^\s@,;<>\"]+@[^\s@,;<>\"]+", email) or not email.isprintable():
        desk.wrong(again, email="That is no e-mail address.")
    if role not in staff.ROLES:
        desk.wrong(again, role="Choose what they are.")
    try:
        return name, email, role, cells.hours(desk.form.text("hours", 500))
    except Unreadable as unknown:
        desk.wrong(again, hours=f"{unknown}.")


def _give(desk: Desk, person: Staff, hours: tuple[cells.Hours, ...]) -> list[str]:
    """Give someone their classes and hours; what of it is different now."""
    chosen = set(desk.form.numbers("class"))
    before = {each.id for each in person.classes}
    known = [each for each in staff.all_classes(desk.school) if each.id in chosen]
    if before != {each.id for each in known}:
        staff.join_classes(desk.school, person, known)
    is_new = staff.set_hours(desk.school, person, hours)
    return ["classes"] * (before != {each.id for each in known}) + ["hours"] * is_new


def _taken(has_left: bool) -> str:
    return "Someone who has left has this address: look under 'Who has left'." if has_left else "Someone else here has this address."


@contextmanager
def _guarded(desk: Desk, again: Show) -> Iterator[None]:
    try:
        with staff.guarded(desk.school, desk.viewer):
            yield
    except NotYourself:
        desk.wrong(again, _=YOURSELF)
    except LastOne:
        desk.wrong(again, _=LAST)
    except TechnicianAlone:
        desk.wrong(again, _=ALONE)
