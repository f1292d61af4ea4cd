"""The web entry: webhooks in, health out, and the pages. A webhook is answered only after what it brought is stored."""

from __future__ import annotations

import hmac
import ipaddress
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from sqlalchemy import text

from bot.channels.base import Channel, ChannelName, Forged, Inbound, Malformed, StatusUpdate, WebhookRequest
from bot.house import Embedded, House
from bot.metrics import Metrics
from bot.running import Running
from data.store import DatabaseAway
from school import School
from school.calendar_file import by_token

if TYPE_CHECKING:
    from bot.channels.twilio import TwilioChannel

log = structlog.get_logger()

LARGEST_BODY = 64 * 1024
EMPTY_TWIML = '<?xml version="1.0" encoding="UTF-8"?><Response/>'
NO_SUCH_LINK = "This link has expired or is not complete. Ask the school for a new one."


class TooLarge(Exception):
    """A body over 64 kB."""


def application(house: House, running: Running, metrics: Metrics) -> FastAPI:
    """The whole of what is served."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await running.start()
        yield
        await running.stop()

    app = FastAPI(title="Bookbag", lifespan=lifespan, openapi_url=None)
    app.state.house = house
    _add_twilio(app, house, running, metrics)
    _add_telegram(app, house, running, metrics)
    _add_health(app, house, running, metrics)
    _add_links(app, house)
    _add_errors(app, metrics, running)
    return app


def _add_twilio(app: FastAPI, house: House, running: Running, metrics: Metrics) -> None:
    """Twilio's webhooks, one for SMS and WhatsApp alike: which it is stands in the form."""

    @app.post("/webhooks/twilio/message")
    async def message(request: Request) -> Response:
        """One text or WhatsApp message."""
        began = time.perf_counter()
        arrivals = _twilio(house).read(await _as_webhook(request, house))
        await _accept(arrivals, house, metrics)
        metrics.acknowledged.observe(time.perf_counter() - began)
        return Response(EMPTY_TWIML, media_type="text/xml")

    @app.post("/webhooks/twilio/status")
    async def status(request: Request) -> Response:
        """One delivery status, in whatever order it comes."""
        updates: list[StatusUpdate] = _twilio(house).read_status(await _as_webhook(request, house))
        await house.dispatcher.report(updates)
        return Response(status_code=204)


def _add_telegram(app: FastAPI, house: House, running: Running, metrics: Metrics) -> None:
    @app.post("/webhooks/telegram")
    async def update(request: Request) -> Response:
        """One Telegram update."""
        channel = house.channels.get(ChannelName.TELEGRAM)
        if channel is None:
            raise Forged
        await _accept(channel.read(await _as_webhook(request, house)), house, metrics)
        return Response()


def _add_health(app: FastAPI, house: House, running: Running, metrics: Metrics) -> None:
    @app.get("/healthz")
    def healthz() -> dict[str, str]:
        """The process lives."""
        return {"status": "alive"}

    @app.get("/readyz")
    def readyz(request: Request) -> JSONResponse:
        """Whether messages can be taken and answered now; why not is told to loopback or with the metrics token."""
        reasons = _not_ready(house, running)
        shown: dict[str, object] = {"ready": not reasons}
        if _may_see(request, house):
            shown |= {"reasons": reasons, "off": house.settings.channels_off(), "notes": _notes(house)}
        return JSONResponse(shown, 503 if reasons else 200)

    @app.get("/metrics")
    def show_metrics(request: Request) -> Response:
        """Prometheus' text format, for loopback or with the metrics token."""
        if not _may_see(request, house):
            return PlainTextResponse("Not here.", 403)
        with house.store.read() as session:
            return Response(metrics.render(session), media_type="text/plain; version=0.0.4")


def _add_links(app: FastAPI, house: House) -> None:
    @app.get("/a/{token}.ics")
    def appointment_file(token: str) -> Response:
        """An appointment's calendar file, for whoever was sent its link."""
        with house.store.read() as session:
            file = by_token(School(session, house.clock(), house.school_settings), token)
        if file is None:
            return PlainTextResponse(NO_SUCH_LINK, 404)
        headers = {"Content-Disposition": f'attachment; filename="{file.name}"', "Cache-Control": "no-store"}
        return Response(file.content, media_type=file.media_type, headers=headers)


def _add_errors(app: FastAPI, metrics: Metrics, running: Running) -> None:
    """What a provider is told when its call cannot be taken; one log line each, and never the body."""

    def answer(status: int, why: str) -> Callable[[Request, Exception], Awaitable[Response]]:
        async def told(request: Request, error: Exception) -> Response:
            metrics.refused.labels(why).inc()
            log.warning("webhook refused", path=request.url.path, why=why)
            if status == 503:
                running.catch_up_soon()
            return PlainTextResponse(why, status)

        return told

    app.add_exception_handler(Forged, answer(403, "signature or secret missing or wrong"))
    app.add_exception_handler(Malformed, answer(400, "cannot be read"))
    app.add_exception_handler(TooLarge, answer(413, "larger than 64 kB"))
    app.add_exception_handler(DatabaseAway, answer(503, "cannot be stored now"))


async def _accept(arrivals: list[Inbound], house: House, metrics: Metrics) -> None:
    if not arrivals:
        return
    new = await house.inbox.accept(arrivals)
    metrics.received.labels(arrivals[0].channel).inc(new)


async def _as_webhook(request: Request, house: House) -> WebhookRequest:
    """The call as the provider signed it: under the public address from the settings, never one that the caller names."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_BODY:
            raise TooLarge
    base = (house.settings.public_url or str(request.base_url)).rstrip("/")
    query = f"?{request.url.query}" if request.url.query else ""
    return WebhookRequest(f"{base}{request.url.path}{query}", {name.lower(): value for name, value in request.headers.items()}, bytes(body))


def _twilio(house: House) -> TwilioChannel:
    from bot.channels.twilio import TwilioChannel

    for name in (ChannelName.SMS, ChannelName.WHATSAPP):
        channel: Channel | None = house.channels.get(name)
        if isinstance(channel, TwilioChannel):
            return channel
    raise Forged


def _not_ready(house: House, running: Running) -> list[str]:
    reasons = [f"{channel} is paused: the provider refuses our account ({code})" for channel, code in house.dispatcher.paused.items()]
    if running.is_stopping:
        reasons.append("stopping")
    try:
        with house.store.read() as session:
            session.execute(text("SELECT 1"))
    except DatabaseAway:
        reasons.append("the database cannot be reached")
    return reasons


def _notes(house: House) -> list[str]:
    """What is worth knowing and no reason to be unready."""
    notes = []
    if isinstance(house.understander, Embedded) and not house.understander.ready:
        notes.append("understanding is warming up: exact words, numbers and dates are understood meanwhile")
    if house.store.is_sqlite:
        import sqlite3

        notes.append(f"SQLite {sqlite3.sqlite_version}, one writing connection")
    return notes


def _may_see(request: Request, house: House) -> bool:
    token = house.settings.metrics_token
    given = request.headers.get("authorization", "").removeprefix("Bearer ")
    if token is not None and given and hmac.compare_digest(given.encode(), token.get_secret_value().encode()):
        return True
    host = request.client.host if request.client else ""
    return _is_loopback(host) and "x-forwarded-for" not in request.headers


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
