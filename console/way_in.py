"""Logging in and out: password, one-time link, second factor, a class's tablet. Nobody learns here who works at the school."""

from __future__ import annotations

import json
import secrets
from datetime import datetime
from typing import TYPE_CHECKING, Any

import segno
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException

from console import guard
from console.desk import HOME, Form, csrf_of, is_ours
from school import accounts, audit, staff
from school.accounts import LinkIsOver, SessionKind, WaitFirst, WrongCode

if TYPE_CHECKING:
    from console.door import Door
    from console.rendering import Rendering
    from school.families import Staff

log = structlog.get_logger()

VISITOR = "bookbag-visitor"
LARGEST = 300 * 1024
"""A log-in form may carry what was typed into another form when its session had ended."""
LINK_MAIL = """To log in to {school}'s Bookbag, open this page:

{address}

It works once, for 20 minutes. If you did not ask for it, ignore this e-mail.
"""
SAME_ANSWER = "If that address is registered here, a link is on its way to it. It works once, for 20 minutes."


def add(app: FastAPI, door: Door, rendering: Rendering) -> None:
    """Add the routes that need no session, or only half of one."""
    way = _WayIn(door, rendering)
    for path, method, work in (
        ("/log-in", "GET", way.log_in_page),
        ("/log-in", "POST", way.log_in),
        ("/log-in/link", "POST", way.send_link),
        ("/in/{token}", "GET", way.link_page),
        ("/in/{token}", "POST", way.use_link),
        ("/second-factor", "GET", way.second_factor_page),
        ("/second-factor", "POST", way.second_factor),
        ("/tablet", "GET", way.tablet_page),
        ("/tablet", "POST", way.tablet),
        ("/log-out", "POST", way.log_out),
    ):
        app.add_api_route(path, _route(work), methods=[method], response_class=HTMLResponse, response_model=None)


def _route(work: Any) -> Any:
    async def answer(request: Request) -> Response:
        from console.door import read_form

        form = await read_form(request, LARGEST) if request.method == "POST" else Form()
        response: Response = await run_in_threadpool(work, request, form)
        return response

    return answer


def show_log_in(
    door: Door, rendering: Rendering, request: Request, *, kept: str = "", fault: str = "", email: str = "", said: str = "", to: str = ""
) -> Response:
    """The log-in page. `kept` is what was typed into a form whose session had ended: it is sent on after logging in."""
    visitor = request.cookies.get(VISITOR) or secrets.token_urlsafe(16)
    page = rendering.plain(
        "way_in/log_in.html",
        csrf=csrf_of(visitor),
        kept=kept,
        fault=fault,
        email=email,
        said=said,
        to=to,
        demo=door.demo,
        tablet=bool(request.cookies.get(door.tablet_cookie)),
    )
    response = HTMLResponse(page, 401 if kept else 422 if fault else 200)
    response.set_cookie(VISITOR, visitor, max_age=86_400, path="/", secure=guard.is_secure(door.public_url), httponly=True, samesite="lax")
    return response


class _WayIn:
    def __init__(self, door: Door, rendering: Rendering) -> None:
        self._door, self._rendering = door, rendering

    # Password

    def log_in_page(self, request: Request, form: Form) -> Response:
        """Where an address and a password are asked for."""
        return show_log_in(self._door, self._rendering, request, to=_inside(request.query_params.get("next", "")))

    def log_in(self, request: Request, form: Form) -> Response:
        """Try an address and a password."""
        email, kept, to = form.text("email", 320), form.text("kept", LARGEST), _inside(form.text("next", 500))

        def again(fault: str) -> Response:
            return show_log_in(self._door, self._rendering, request, kept=kept, fault=fault, email=email, to=to)

        if not self._is_visitor(request, form):
            return again("The page was too old. Please try again.")
        if form.has("demo") and form.text("demo") in self._door.demo:
            return self._let_in(request, self._demo_staff(form.text("demo")), kept, to)
        name = f"email:{email.casefold()}"
        try:
            with self._door.store.read() as database:
                school = self._door.school(database)
                accounts.check_wait(school, name)
                hash_of_it = accounts.password_hash_of(school, email)
        except WaitFirst as wait:
            return again(_wait(wait.until))
        if not accounts.matches(hash_of_it, form.text("password", 200)):
            with self._door.store.write() as database:
                accounts.failed(self._door.school(database), name)
            log.warning("log-in failed")
            return again("The e-mail address or the password is wrong. You can also have a link sent to you.")
        with self._door.store.write() as database:
            school = self._door.school(database)
            accounts.succeeded(school, name)
            who = staff.with_email(school, email)
        assert who is not None
        return self._let_in(request, who, kept, to)

    def _demo_staff(self, name: str) -> Staff:
        with self._door.store.read() as database:
            who = staff.with_email(self._door.school(database), self._door.demo[name])
        if who is None:
            raise HTTPException(404)
        return who

    def _let_in(self, request: Request, who: Staff, kept: str, to: str, *, kind: SessionKind = SessionKind.BROWSER, how: str = "password") -> Response:
        """A session of their own, never one that was there before: a token that someone planted is worth nothing (fixation)."""
        with self._door.store.write() as database:
            school = self._door.school(database)
            if (old := accounts.session_of(school, request.cookies.get(self._door.cookie, ""))) is not None:
                accounts.end(school, old.staff, old.id)
            token = accounts.begin(school, who, kind=kind, device=_device(request))
            audit.changed(school, who, "logged in", how=how)
        response = self._welcome(kept, token) if kept else RedirectResponse(to or HOME, 303)
        self._door.keep(response, self._door.cookie, token)
        return response

    def _welcome(self, kept: str, token: str) -> Response:
        """What was typed when the session ended, ready to be sent."""
        try:
            found = json.loads(kept)
            path, fields = str(found["path"]), [(str(name), str(value)) for name, value in found["fields"]]
        except (ValueError, TypeError, KeyError):
            return RedirectResponse(HOME, 303)
        if not _inside(path):
            return RedirectResponse(HOME, 303)
        return HTMLResponse(self._rendering.plain("way_in/kept.html", path=path, fields=fields, csrf=csrf_of(token)))

    # One-time links

    def send_link(self, request: Request, form: Form) -> Response:
        """Mail a link to whoever has this address: the same answer for everybody."""
        email = form.text("email", 320)
        if not self._is_visitor(request, form):
            return show_log_in(self._door, self._rendering, request, fault="The page was too old. Please try again.", email=email)
        try:
            with self._door.store.write() as database:
                school = self._door.school(database)
                accounts.check_wait(school, f"link:{email.casefold()}")
                accounts.failed(school, f"link:{email.casefold()}")  # each link asked for counts: nobody's mailbox is flooded
                who = staff.with_email(school, email)
                token = accounts.make_link(school, who) if who is not None and not who.has_left else None
        except WaitFirst as wait:
            return show_log_in(self._door, self._rendering, request, fault=_wait(wait.until), email=email)
        response = show_log_in(self._door, self._rendering, request, said=SAME_ANSWER, email=email)
        if who is not None and token is not None:
            address = f"{self._door.origin(request)}{HOME}/in/{token}"
            words = LINK_MAIL.format(school=self._door.settings.name, address=address)
            # After the answer: how long a mail server takes would tell who works here.
            response.background = BackgroundTask(self._door.hooks.mail, who.email, "Your link to log in", words)
        return response

    def link_page(self, request: Request, form: Form) -> Response:
        """A page with a button: a mail scanner that opens every link uses none up."""
        return HTMLResponse(self._rendering.plain("way_in/link.html", fault=""))

    def use_link(self, request: Request, form: Form) -> Response:
        """Log in by a one-time link."""
        if not guard.is_from_our_page(request, self._door.public_url):
            raise HTTPException(403)
        try:
            with self._door.store.write() as database:
                who = accounts.use_link(self._door.school(database), str(request.path_params["token"]))
                needs_password = accounts.account(self._door.school(database), who).password_hash is None
        except LinkIsOver:
            return HTMLResponse(self._rendering.plain("way_in/link.html", fault="This link was used or has expired."), 410)
        return self._let_in(request, who, "", f"{HOME}/account/password" if needs_password else "", how="link")

    # Second factor

    def second_factor_page(self, request: Request, form: Form, fault: str = "") -> Response:
        """Where a code of the authenticator app is asked for, or one is set up."""
        token = request.cookies.get(self._door.cookie, "")
        if self._door.secret_key is None:
            return HTMLResponse(
                self._rendering.plain("error.html", what="A second factor cannot be set up.", do="The technician must set secret_key first."), 503
            )
        with self._door.store.write() as database:
            school = self._door.school(database)
            session = accounts.session_of(school, token)
            if session is None:
                return RedirectResponse(f"{HOME}/log-in", 303)
            is_new = not accounts.account_has_second_factor(school, session.staff)
            if is_new:
                accounts.propose_second_factor(school, session.staff)
            made = accounts.totp(self._door.secret_key, session.staff, accounts.account(school, session.staff))
        shown = {"qr": segno.make(made.provisioning_uri()).svg_data_uri(scale=5), "secret": made.secret} if is_new else {"qr": "", "secret": ""}
        return HTMLResponse(self._rendering.plain("way_in/second_factor.html", csrf=csrf_of(token), fault=fault, **shown), 422 if fault else 200)

    def second_factor(self, request: Request, form: Form) -> Response:
        """Take a code."""
        token = request.cookies.get(self._door.cookie, "")
        if self._door.secret_key is None or not self._is_theirs(request, form):
            raise HTTPException(403)
        try:
            with self._door.store.write() as database:
                school = self._door.school(database)
                session = accounts.session_of(school, token)
                if session is None:
                    return RedirectResponse(f"{HOME}/log-in", 303)
                name = f"code:{session.staff_id}"
                accounts.check_wait(school, name)
                accounts.give_code(school, self._door.secret_key, session, form.text("code", 12))
                accounts.succeeded(school, name)
                audit.changed(school, session.staff, "gave second factor")
        except WaitFirst as wait:
            return self.second_factor_page(request, form, _wait(wait.until))
        except WrongCode:
            with self._door.store.write() as database:
                accounts.failed(self._door.school(database), name)
            return self.second_factor_page(request, form, "That is not the code of this moment. Wait for the next one and type it in.")
        return RedirectResponse(HOME, 303)

    # A class's tablet

    def tablet_page(self, request: Request, form: Form, fault: str = "") -> Response:
        """Where a class's PIN is asked for."""
        with self._door.store.read() as database:
            tablet = accounts.tablet_of(self._door.school(database), request.cookies.get(self._door.tablet_cookie, ""))
            name = tablet.staff.name if tablet else ""
        if not name:
            return RedirectResponse(f"{HOME}/log-in", 303)
        return HTMLResponse(self._rendering.plain("way_in/tablet.html", name=name, fault=fault), 422 if fault else 200)

    def tablet(self, request: Request, form: Form) -> Response:
        """Try a PIN. Only on a tablet that was set up, and slower with each failure."""
        if not guard.is_from_our_page(request, self._door.public_url):
            raise HTTPException(403)
        with self._door.store.read() as database:
            school = self._door.school(database)
            tablet = accounts.tablet_of(school, request.cookies.get(self._door.tablet_cookie, ""))
            if tablet is None:
                return RedirectResponse(f"{HOME}/log-in", 303)
            name, hash_of_it = f"tablet:{tablet.id}", accounts.pin_hash_of(school, tablet)
            try:
                accounts.check_wait(school, name)
            except WaitFirst as wait:
                return self.tablet_page(request, form, _wait(wait.until))
        if not accounts.matches(hash_of_it, form.text("pin", 20)):
            with self._door.store.write() as database:
                accounts.failed(self._door.school(database), name)
            return self.tablet_page(request, form, "That is not the PIN.")
        with self._door.store.write() as database:
            accounts.succeeded(self._door.school(database), name)
        return self._let_in(request, tablet.staff, "", "", kind=SessionKind.TABLET, how="PIN")

    def log_out(self, request: Request, form: Form) -> Response:
        """End this session."""
        response = RedirectResponse(f"{HOME}/log-in", 303)
        if self._is_theirs(request, form):
            with self._door.store.write() as database:
                school = self._door.school(database)
                session = accounts.session_of(school, request.cookies.get(self._door.cookie, ""))
                if session is not None:
                    accounts.end(school, session.staff, session.id)
            self._door.forget(response, self._door.cookie)
        return response

    def _is_visitor(self, request: Request, form: Form) -> bool:
        return guard.is_from_our_page(request, self._door.public_url) and is_ours(request.cookies.get(VISITOR, ""), form.text("csrf"))

    def _is_theirs(self, request: Request, form: Form) -> bool:
        return guard.is_from_our_page(request, self._door.public_url) and is_ours(request.cookies.get(self._door.cookie, ""), form.text("csrf"))


def _inside(address: str) -> str:
    """An address within the console; '' for any other: nobody is sent elsewhere after logging in."""
    is_ours = address.startswith(f"{HOME}/") and "//" not in address and "\\" not in address and address.isprintable()
    return address if is_ours else ""


def _wait(until: datetime) -> str:
    from console.rendering import clock

    return f"Too many tries. Wait until {clock(until)} and a little, then try again; or have a link sent to you."


def _device(request: Request) -> str:
    """What a browser calls itself, as people would: 'Chrome on Android'."""
    told = request.headers.get("user-agent", "")
    browser = next((name for mark, name in (("Edg", "Edge"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari")) if mark in told), "A browser")
    system = next(
        (
            name
            for mark, name in (("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS", "Mac"), ("Linux", "Linux"))
            if mark in told
        ),
        "",
    )
    return f"{browser} on {system}" if system else browser
