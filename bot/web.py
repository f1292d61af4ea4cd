"""The web entry: webhooks in, health out, and the pages. A webhook is answered only after what it brought is stored."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.responses import PlainTextResponse
from starlette.requests import ClientDisconnect

from bot.channels.base import Channel, ChannelName, Forged, Inbound, InboundKind, Malformed, StatusUpdate, WebhookRequest
from bot.console import add_console
from bot.health import add_health
from bot.house import House
from bot.links import add_links
from bot.mail_pages import add_mail_pages
from bot.metrics import Metrics
from bot.question_page import add_questions
from bot.running import Running
from bot.timings import Passed
from bot.together import Crowded
from data.store import DatabaseAway

if TYPE_CHECKING:
    from bot.channels.twilio import TwilioChannel

log = structlog.get_logger()

LARGEST_BODY = 64 * 1024
BODY_WITHIN = 10.0
"""Seconds in which a webhook's whole body must have come: who sends a byte now and then must not keep us waiting."""
COME_AGAIN_AFTER = 10
"""Seconds after which it is worth bringing again what was refused with 503."""
EMPTY_TWIML = '<?xml version="1.0" encoding="UTF-8"?><Response/>'
REJECT_TWIML = '<?xml version="1.0" encoding="UTF-8"?><Response><Reject reason="busy"/></Response>'
"""A call that is refused so is never answered, and costs neither side anything. Source: Twilio, TwiML for voice, <Reject>."""


class TooLarge(Exception):
    """A body over 64 kB."""


def application(house: House, running: Running, metrics: Metrics, demo: Mapping[str, str] | None = None) -> FastAPI:
    """The whole of what is served. `demo` are the demo's one-click log-ins to the console: what they are to whose e-mail address."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await running.start()
        hooks.loop = asyncio.get_running_loop()
        yield
        await running.stop()

    app = FastAPI(title="Bookbag", lifespan=lifespan, openapi_url=None)
    app.state.house = house
    _add_twilio(app, house, running, metrics)
    _add_telegram(app, house, running, metrics)
    add_health(app, house, running, metrics)
    add_links(app, house)
    add_mail_pages(app, house)
    add_questions(app, house)
    _add_errors(app, metrics, running)
    hooks = add_console(app, house, demo)
    return app


def _add_twilio(app: FastAPI, house: House, running: Running, metrics: Metrics) -> None:
    """Twilio's webhooks, one for SMS and WhatsApp alike: which it is stands in the form."""
    from bot.channels.twilio_inbound import MESSAGE_PATH, STATUS_PATH, VOICE_PATH, call

    @app.post(MESSAGE_PATH)
    async def message(request: Request) -> Response:
        """One text or WhatsApp message."""
        began = time.perf_counter()
        arrivals = _twilio(house).read(await _as_webhook(request, house))
        house.timings.took(Passed.RECEIVED, time.perf_counter() - began)
        await _accept(arrivals, house, metrics)
        metrics.acknowledged.observe(time.perf_counter() - began)
        return Response(EMPTY_TWIML, media_type="text/xml")

    @app.post(VOICE_PATH)
    async def voice(request: Request) -> Response:
        """One call, which nobody answers: it becomes 'please ring me'. A withheld number is refused, and nothing is kept of it."""
        began = time.perf_counter()
        rang = call(_twilio(house).signed_form(await _as_webhook(request, house)))
        await _accept([rang] if rang else [], house, metrics)
        metrics.acknowledged.observe(time.perf_counter() - began)
        return Response(REJECT_TWIML, media_type="text/xml")

    @app.post(STATUS_PATH)
    async def status(request: Request) -> Response:
        """One delivery status, in whatever order it comes."""
        updates: list[StatusUpdate] = _twilio(house).read_status(await _as_webhook(request, house))
        if await house.dispatcher.report(updates):
            house.wake_dispatcher()
        return Response(status_code=204)


def _add_telegram(app: FastAPI, house: House, running: Running, metrics: Metrics) -> None:
    @app.post("/webhooks/telegram")
    async def update(request: Request) -> Response:
        """One Telegram update."""
        channel = house.channels.get(ChannelName.TELEGRAM)
        if channel is None:
            raise Forged
        began = time.perf_counter()
        arrivals = channel.read(await _as_webhook(request, house))
        house.timings.took(Passed.RECEIVED, time.perf_counter() - began)
        await _accept(arrivals, house, metrics)
        metrics.acknowledged.observe(time.perf_counter() - began)
        return Response()


def _add_errors(app: FastAPI, metrics: Metrics, running: Running) -> None:
    """What a provider is told when its call cannot be taken; one log line each, and never the body.

    What could not be stored is asked for again: Twilio itself never repeats a call that was answered.
    """

    def answer(status: int, why: str) -> Callable[[Request, Exception], Awaitable[Response]]:
        async def told(request: Request, error: Exception) -> Response:
            metrics.refused.labels(why).inc()
            log.warning("refused", path=_route_of(request), status=status, why=why, error=type(error).__name__)
            if status >= 500:
                running.catch_up_soon()
            return PlainTextResponse(why, status, {"Retry-After": str(COME_AGAIN_AFTER)} if status == 503 else None)

        return told

    app.add_exception_handler(Forged, answer(403, "signature or secret missing or wrong"))
    app.add_exception_handler(Malformed, answer(400, "cannot be read"))
    app.add_exception_handler(TooLarge, answer(413, "larger than 64 kB"))
    app.add_exception_handler(DatabaseAway, answer(503, "cannot be stored now"))
    app.add_exception_handler(Crowded, answer(503, "too many wait"))
    app.add_exception_handler(Exception, answer(500, "something went wrong here"))


def _route_of(request: Request) -> str:
    """The pattern of the address, not the address: links carry their tokens there."""
    return str(getattr(request.scope.get("route"), "path", "unknown"))


async def _accept(arrivals: list[Inbound], house: House, metrics: Metrics) -> None:
    if not arrivals:
        return
    new = await house.inbox.accept(arrivals)
    metrics.received.labels("voice" if arrivals[0].kind is InboundKind.CALL else arrivals[0].channel).inc(new)


async def _as_webhook(request: Request, house: House) -> WebhookRequest:
    """The call as the provider signed it: under the public address from the settings, never one that the caller names."""
    try:
        async with asyncio.timeout(BODY_WITHIN):
            body = await _body(request)
    except (TimeoutError, ClientDisconnect) as gone:
        raise Malformed("not all of it came") from gone
    base = (house.settings.public_url or str(request.base_url)).rstrip("/")
    query = f"?{request.url.query}" if request.url.query else ""
    return WebhookRequest(f"{base}{request.url.path}{query}", {name.lower(): value for name, value in request.headers.items()}, body)


async def _body(request: Request) -> bytes:
    """The whole body. Refuses with TooLarge as soon as it says that it will be too large, or turns out to be."""
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared[:20]) > LARGEST_BODY:
        raise TooLarge
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_BODY:
            raise TooLarge
    return bytes(body)


def _twilio(house: House) -> TwilioChannel:
    from bot.channels.twilio import TwilioChannel

    for name in (ChannelName.SMS, ChannelName.WHATSAPP):
        channel: Channel | None = house.channels.get(name)
        if isinstance(channel, TwilioChannel):
            return channel
    raise Forged
