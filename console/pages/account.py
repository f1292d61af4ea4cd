"""A member of staff's own account: password, second factor, and where they are logged in."""

from __future__ import annotations

from fastapi import Response

from console.desk import Desk, Form, Hooks
from console.pages import Page
from school import accounts
from school.accounts import WeakPassword
from school.errors import NotThere

page = Page("account")


@page.get()
def show(desk: Desk) -> Response:
    """The account, and every browser that is logged in with it."""
    who = desk.viewer.staff
    return desk.render(
        "account/show.html",
        sessions=accounts.living_sessions(desk.school, who),
        has_password=_has_password(desk),
        has_second_factor=accounts.account_has_second_factor(desk.school, who),
    )


def _has_password(desk: Desk) -> bool:
    found = desk.school.session.get(accounts.Account, desk.viewer.staff.id)
    return found is not None and found.password_hash is not None


@page.get("/password")
def password(desk: Desk) -> Response:
    """Where a password is chosen."""
    return desk.render("account/password.html", shortest=accounts.SHORTEST_PASSWORD)


def _hashed(form: Form, hooks: Hooks) -> str:
    return accounts.hashed(form.text("chosen", 200))


@page.post("/password", before=_hashed)
def set_password(desk: Desk) -> Response:
    """Choose a password. Every other browser is logged out, and this one too: whoever has the old one is out."""
    chosen, who = desk.form.text("chosen", 200), desk.viewer.staff
    if chosen != desk.form.text("again", 200):
        desk.wrong(password, again="The two are not the same.")
    try:
        accounts.check_strength(desk.school, chosen, who)
    except WeakPassword:
        desk.wrong(password, chosen="Too easy to guess. Take three or four words that have nothing to do with you or the school.")
    accounts.set_password(desk.school, who, desk.prepared)
    desk.changed("set password")
    return desk.to("/console/log-in")


@page.post("/sessions/{session_id:int}/end")
def end(desk: Desk, session_id: int) -> Response:
    """Log out one browser."""
    if not accounts.end(desk.school, desk.viewer.staff, session_id):
        raise NotThere
    desk.changed("ended session")
    return desk.to("/console/account", "That browser is logged out.")


@page.post("/sessions/end")
def end_all(desk: Desk) -> Response:
    """Log out every other browser."""
    accounts.end_all(desk.school, desk.viewer.staff, but=desk.session.id)
    desk.changed("ended sessions")
    return desk.to("/console/account", "Every other browser is logged out.")
