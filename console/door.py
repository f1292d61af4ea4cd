"""The console's door: every request comes in here, is told apart from strangers, gets its transaction and its desk, and is answered after the commit."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import parse_qsl, quote, unquote

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import ClientDisconnect

from console import guard
from console.desk import HOME, Desk, Form, Hooks, Wrong, csrf_of, is_ours
from console.pages import Route, answers, pages
from console.rendering import STATIC, Rendering
from school import School, SchoolSettings, access, accounts, audit
from school.accounts import StaffSession
from school.errors import NotThere, Refusal

log = structlog.get_logger()

LARGEST_FORM = 256 * 1024
LARGEST_UPLOAD = 12 * 1024 * 1024
MOST_FIELDS = 2_000
LARGEST_ID = 2**31 - 1
"""What a database's integer holds: nothing has a larger number."""
TABLET_KEPT = 400 * 86_400
"""Seconds that a browser remembers that it is a class's tablet: as long as browsers keep anything."""
LOG_IN = f"{HOME}/log-in"
SECOND_FACTOR = f"{HOME}/second-factor"


class Store(Protocol):
    """The school's database, as the console needs it."""

    def read(self) -> AbstractContextManager[Any]:
        """A session that sees one moment and changes nothing."""

    def write(self, *, durable: bool = True) -> AbstractContextManager[Any]:
        """A session in one transaction, committed at the end."""


class TooLarge(Exception):
    """More was sent than a form of ours holds."""


@dataclass(frozen=True)
class Door:
    """What the console stands on. `away` is what the database raises when it cannot be reached. `secret_key` None: second factors cannot be set up.

    `demo` are log-ins by one click, in the demo alone: what they are to the e-mail address of who they are.
    """

    store: Store
    away: type[Exception]
    settings: SchoolSettings
    clock: Callable[[], datetime]
    hooks: Hooks
    public_url: str | None = None
    secret_key: str | None = None
    demo: Mapping[str, str] = field(default_factory=dict)

    @property
    def cookie(self) -> str:
        """The session cookie's name. Over TLS a browser lets no other host, path or plain page set one of this name (RFC 6265bis)."""
        return "__Host-bookbag" if guard.is_secure(self.public_url) else "bookbag"

    @property
    def tablet_cookie(self) -> str:
        """The name of the cookie by which a class's tablet is known."""
        return "__Host-bookbag-tablet" if guard.is_secure(self.public_url) else "bookbag-tablet"

    def school(self, session: Any) -> School:
        """The school at this moment."""
        return School(session, self.clock(), self.settings)

    def origin(self, request: Request) -> str:
        """Where the school's Bookbag is reached, without the slash: as the school says, else as this browser did."""
        return (self.public_url or str(request.base_url).rstrip("/").removesuffix(HOME)).rstrip("/")

    def keep(self, response: Response, name: str, token: str, seconds: int | None = None) -> None:
        """Give a browser a token to keep; no script may read it, no other site send it."""
        response.set_cookie(name, token, max_age=seconds, path="/", secure=guard.is_secure(self.public_url), httponly=True, samesite="lax")

    def forget(self, response: Response, name: str) -> None:
        """Have a browser forget a token."""
        response.delete_cookie(name, path="/", secure=guard.is_secure(self.public_url), httponly=True, samesite="lax")


def console(door: Door) -> FastAPI:
    """The whole console, to be mounted at /console."""
    from console import live, way_in

    app = FastAPI(title="Bookbag console", openapi_url=None)
    rendering = Rendering(door.settings.name, pages())
    app.mount("/static", StaticFiles(directory=STATIC), name="console-static")
    way_in.add(app, door, rendering)
    live.add(app, door)
    for page in pages():
        for route in page.routes:
            # Starlette's own routes: FastAPI's would look for parameters that these do not have, at a millisecond each.
            app.router.add_route(route.path, _endpoint(door, rendering, route), methods=[route.method])
    _add_errors(app, door, rendering)
    app.add_middleware(GZipMiddleware, minimum_size=1_000)
    app.middleware("http")(_with_headers(door))
    return app


def _with_headers(door: Door) -> Callable[..., Any]:
    always = guard.headers(door.public_url)

    async def add(request: Request, call_next: Callable[[Request], Any]) -> Response:
        response: Response = await call_next(request)
        for name, value in always.items():
            if name not in response.headers:
                response.headers[name] = value
        if request.url.path.startswith(f"{HOME}/static/"):
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response

    return add


def _endpoint(door: Door, rendering: Rendering, route: Route) -> Callable[[Request], Any]:
    async def answer(request: Request) -> Response:
        try:
            form = await read_form(request, LARGEST_UPLOAD if route.takes_files else LARGEST_FORM) if route.method == "POST" else Form()
            return await asyncio.to_thread(_Visit(door, rendering, route, request, form).answer)
        finally:
            await request.close()  # files that came along are gone from the disk

    return answer


async def read_form(request: Request, largest: int) -> Form:
    """What a form brought. Refuses with TooLarge as soon as it says that it is, or turns out to be; with 400 what cannot be read or did not come whole."""
    try:
        return await _form(request, largest)
    except ClientDisconnect as gone:
        raise HTTPException(400) from gone


async def _form(request: Request, largest: int) -> Form:
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared[:20]) > largest:
        raise TooLarge
    kind = request.headers.get("content-type", "").partition(";")[0].strip()
    if kind == "multipart/form-data":
        if not declared.isdecimal():
            raise TooLarge  # every browser says how much it sends; what does not could go on for ever
        try:
            brought = await request.form(max_files=20, max_fields=MOST_FIELDS, max_part_size=LARGEST_FORM)
        except (MultiPartException, HTTPException) as bad:
            raise HTTPException(400) from bad
        fields = [(key, value.replace("\x00", "")) for key, value in brought.multi_items() if isinstance(value, str)]
        return Form(fields, {key: value for key, value in brought.multi_items() if isinstance(value, UploadFile) and value.filename})
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > largest:
            raise TooLarge
    try:
        return Form(parse_qsl(body.decode("utf-8", "replace").replace("\x00", ""), keep_blank_values=True, max_num_fields=MOST_FIELDS))
    except ValueError as bad:
        raise HTTPException(400) from bad


class _Visit:
    """One request to one route, in a thread of its own."""

    def __init__(self, door: Door, rendering: Rendering, route: Route, request: Request, form: Form) -> None:
        self._door, self._rendering, self._route, self._request, self._form = door, rendering, route, request, form
        self._token = request.cookies.get(door.cookie, "")
        self._is_post = route.method == "POST"
        self._is_partial = request.headers.get("hx-request") == "true"
        self._prepared: Any = None

    def answer(self) -> Response:
        """The answer: of the page, or the way to logging in."""
        if any(isinstance(value, int) and value > LARGEST_ID for value in self._request.path_params.values()):
            raise NotThere
        session, owes = self._who()
        if session is None:
            return self._to_log_in()
        if owes:
            return RedirectResponse(SECOND_FACTOR, 303)
        if self._is_post and not (guard.is_from_our_page(self._request, self._door.public_url) and is_ours(self._token, self._form.text("csrf"))):
            raise HTTPException(403)
        try:
            return self._work(session)
        except Wrong as wrong:
            return self._again(session, wrong)

    def _who(self) -> tuple[StaffSession | None, bool]:
        if not self._token:
            return None, False
        with self._door.store.read() as database:
            school = self._door.school(database)
            session = accounts.session_of(school, self._token)
            if session is None:
                return None, False
            owes, is_stale = accounts.owes_second_factor(school, session), school.now - session.seen_at >= accounts.SEEN_EVERY
        # What an open page fetches by itself is no click: nobody may be sitting there.
        if is_stale and (self._is_post or not self._is_partial):
            with self._door.store.write(durable=False) as database:
                accounts.seen(self._door.school(database), session)
        return session, owes

    def _work(self, session: StaffSession) -> Response:
        if self._route.before is not None:
            self._prepared = self._prepare(self._route.before, session)
        opened = self._door.store.write() if self._is_post else self._door.store.read()
        with opened as database:
            desk = self._desk(database, session)
            if not answers(desk, self._route):
                raise NotThere
            number = self._form.text("form", 32) if self._is_post else ""
            led_to = accounts.first_time(desk.school, number, session.staff) if number else None
            if led_to is not None:
                return RedirectResponse(led_to or HOME, 303)
            response = self._route.work(desk, **self._request.path_params)
            if number and response.status_code == 303:
                accounts.led_to(desk.school, number, response.headers["location"])
            if desk.after:
                _ = desk.menu, desk.is_held  # found out now: a page that is drawn after the commit asks the database nothing
        return self._tidy_up(desk, session, response)

    def _prepare(self, before: Callable[[Form, Hooks], Any], session: StaffSession) -> Any:
        """What came of the slow work that goes before; for whoever may not do this at all it is not done."""
        with self._door.store.read() as database:
            if not answers(self._desk(database, session), self._route):
                raise NotThere
        return before(self._form, self._door.hooks)

    def _tidy_up(self, desk: Desk, session: StaffSession, response: Response) -> Response:
        if desk.looked_at:
            with self._door.store.write(durable=False) as database:
                for about, about_id in desk.looked_at:
                    audit.saw(self._door.school(database), session.staff, about, about_id)
        for work in desk.after:
            response = work() or response
        if desk.said:
            response.delete_cookie("said", path=HOME)
        return response

    def _again(self, session: StaffSession, wrong: Wrong) -> Response:
        """Nothing was changed: the form once more, with what was typed."""
        with self._door.store.read() as database:
            desk = replace(self._desk(database, session), faults=wrong.faults, filled=self._form)
            return wrong.show(desk)

    def _desk(self, database: Any, session: StaffSession) -> Desk:
        school, request = self._door.school(database), self._request
        return Desk(
            school=school,
            viewer=access.viewer(school, session.staff),
            session=session,
            rendering=self._rendering,
            hooks=self._door.hooks,
            path=request.url.path.rstrip("/") or HOME,
            query=Form(request.query_params.multi_items()),
            form=self._form,
            prepared=self._prepared,
            csrf=csrf_of(self._token),
            is_partial=self._is_partial,
            said="" if self._is_post else unquote(request.cookies.get("said", ""))[:300],
            origin=self._door.origin(request),
            keep_tablet=lambda response, token: self._door.keep(response, self._door.tablet_cookie, token, TABLET_KEPT),
        )

    def _to_log_in(self) -> Response:
        """The way to logging in. What was typed goes along in the page itself, so that an ended session loses nothing."""
        if self._is_partial:
            return Response(status_code=204, headers={"HX-Redirect": LOG_IN})
        address = self._request.url.path + (f"?{self._request.url.query}" if self._request.url.query else "")
        if not self._is_post:
            return RedirectResponse(f"{LOG_IN}?next={quote(address, safe='/?=')}" if address.rstrip("/") != HOME else LOG_IN, 303)
        typed = [(name, value) for name, value in self._form.fields() if name not in ("csrf", "form")]
        from console.way_in import show_log_in

        return show_log_in(self._door, self._rendering, self._request, kept=json.dumps({"path": self._request.url.path, "fields": typed}))


def _add_errors(app: FastAPI, door: Door, rendering: Rendering) -> None:
    def page(status: int, what: str, do: str) -> Callable[[Request, Exception], Response]:
        def shown(request: Request, error: Exception) -> Response:
            if status >= 500:
                log.error("console failed", path=getattr(request.scope.get("route"), "path", "unknown"), error=type(error).__name__, exc_info=error)
            return HTMLResponse(rendering.plain("error.html", what=what, do=do), status)

        return shown

    not_there = page(404, "This page is not there.", "It may have been removed, or it is not for you. Go back, or begin at Today.")
    app.add_exception_handler(NotThere, not_there)
    app.add_exception_handler(404, not_there)
    app.add_exception_handler(405, not_there)
    app.add_exception_handler(400, page(400, "What was sent cannot be read.", "Go back and try again."))
    app.add_exception_handler(
        403, page(403, "This form was not sent from its own page.", "Nothing was changed. Open the page again and send the form from there.")
    )
    app.add_exception_handler(TooLarge, page(413, "That is too large.", "Nothing was changed. A photo may have 5 MB, a sheet 10 MB."))
    app.add_exception_handler(
        Refusal, page(409, "The school's rules do not allow that.", "Nothing was changed. Go back and look again: something may have changed meanwhile.")
    )
    app.add_exception_handler(
        door.away, page(503, "The database cannot be reached just now.", "Nothing was changed. Go back: what you typed is still there. Try again in a minute.")
    )
    app.add_exception_handler(
        Exception,
        page(500, "Something went wrong here.", "Nothing was changed. Go back: what you typed is still there. If it happens again, tell the technician."),
    )
