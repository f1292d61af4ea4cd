"""What monitoring asks: is it alive, can it take and answer messages now, and how much is there of what. No answer holds a name, a number or words."""

from __future__ import annotations

import hmac
import ipaddress
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse

from bot.house import House
from bot.metrics import Metrics
from bot.running import Running
from data.inbox import Mark
from data.migrate import newer
from data.store import DatabaseAway
from school import School, upkeep

LOOKS_LAST: Final = 1.0
"""Seconds for which what was found of the database counts: who asks often must not make it write often."""


class Database:
    """Whether the database can be written now: a locked file, a full disk and a read-only one can still be read."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._looked_at, self._is_there = -LOOKS_LAST, False

    def is_there(self) -> bool:
        """Whether a small row could be written now, or less than a second ago."""
        if time.monotonic() - self._looked_at >= LOOKS_LAST:
            self._is_there, self._looked_at = self._look(), time.monotonic()
        return self._is_there

    def _look(self) -> bool:
        try:
            with self._house.store.write(durable=False) as session:
                session.merge(Mark(name="looked", value=self._house.clock().isoformat()))
        except DatabaseAway:
            return False
        return True


def health_alone(house: House, running: Running, metrics: Metrics) -> FastAPI:
    """What a process serves that shows nothing else: a worker, a scheduler."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await running.start()
        yield
        await running.stop()

    app = FastAPI(title="Bookbag", lifespan=lifespan, openapi_url=None)
    add_health(app, house, running, metrics)
    return app


def add_health(app: FastAPI, house: House, running: Running, metrics: Metrics) -> None:
    """Serve /healthz, /readyz and /metrics."""
    database = Database(house)
    if house.rasa is not None:
        metrics.watch_rasa(house.rasa)
    metrics.watch_translators(house.translators)
    metrics.watch_timings(house.timings)
    metrics.watch_connections(house.store)
    metrics.watch_queues(
        {
            "to be stored": lambda: house.inbox.waiting,
            "turns": lambda: running.turns_in_hand,
            "with a provider": lambda: house.dispatcher.in_flight,
            "reports": lambda: house.dispatcher.waiting_reports,
        }
    )

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        """The process lives."""
        return {"status": "alive"}

    @app.get("/readyz")
    def readyz(request: Request) -> JSONResponse:
        """Whether messages can be taken and answered now; why not is told to loopback or with the metrics token."""
        reasons = _not_ready(house, running, database)
        shown: dict[str, object] = {"ready": not reasons}
        if _may_see(request, house):
            shown |= {"reasons": reasons, "off": house.settings.channels_off(), "notes": _notes(house, running)}
        return JSONResponse(shown, 503 if reasons else 200)

    @app.get("/metrics")
    def show_metrics(request: Request) -> Response:
        """Prometheus' text format, for loopback or with the metrics token."""
        if not _may_see(request, house):
            return PlainTextResponse("Not here.", 403)
        return Response(metrics.render(house.store, house.dispatcher.paused, house.clock()), media_type="text/plain; version=0.0.4")


def _not_ready(house: House, running: Running, database: Database) -> list[str]:
    reasons = [f"{channel} is paused: the provider refuses our account ({code})" for channel, code in house.dispatcher.paused.items()]
    reasons += [f"{channel} is polled, and its provider does not answer: nothing comes in (the log says why)" for channel in running.deaf]
    if running.is_stopping:
        reasons.append("stopping")
    if not database.is_there():
        reasons.append("the database cannot be reached or written")
    return reasons


def _notes(house: House, running: Running) -> list[str]:
    """What is worth knowing and no reason to be unready."""
    notes = []
    if running.takes_turns and house.embedded is not None and not house.embedded.ready:
        notes.append("understanding is warming up: exact words, numbers and dates are understood meanwhile")
    if house.rasa is not None and not house.rasa.rasa_answers:
        notes.append("Rasa does not answer: the embedded engine understands alone")
    for name, guard in house.translators.providers.items():
        if guard.state.until is not None:
            notes.append(f"{name} rests until {guard.state.until:%H:%M} UTC ({guard.state.why}): the next provider translates, or texts wait")
    notes += _upgraded(house) + _upkeep(house)
    if house.store.is_sqlite:
        notes.append(f"SQLite {sqlite3.sqlite_version}, one writing connection")
    return notes


def _upgraded(house: House) -> list[str]:
    """Whether this process is one of before an upgrade that is still to be restarted; nothing where the database cannot be asked."""
    try:
        with house.store.read() as session:
            revision = newer(session.connection())
    except DatabaseAway:
        return []
    return [f"the database was upgraded (to {revision}) and this process was not: restart it with the new version"] if revision else []


def _upkeep(house: House) -> list[str]:
    """What the technician should see to; nothing where the database cannot be asked, which is a reason of its own."""
    try:
        with house.store.read() as session:
            return list(upkeep.wrong(School(session, house.clock(), house.school_settings)).values())
    except DatabaseAway:
        return []


def _may_see(request: Request, house: House) -> bool:
    """Whether the caller is this computer itself, not through a proxy, or shows the metrics token."""
    token = house.settings.metrics_token
    kind, _, given = request.headers.get("authorization", "").partition(" ")
    if token is not None and kind.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), token.get_secret_value().encode()):
        return True
    is_direct = "x-forwarded-for" not in request.headers and "forwarded" not in request.headers
    return is_direct and _is_loopback(request.client.host if request.client else "")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
