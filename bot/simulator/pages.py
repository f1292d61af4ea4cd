"""The simulator's routes: the page, its stream of news, and what a phone sends. Each works as a plain form and reload; the script only saves the reload."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from fastapi import APIRouter, Depends, FastAPI, Form, HTTPException, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse, StreamingResponse
from fastapi.staticfiles import StaticFiles

from bot.channels.base import Attachment, Inbound, InboundKind
from bot.channels.simulator import SimulatorChannel
from bot.channels.text import clean
from bot.simulator import guard
from bot.simulator.examples import examples
from bot.simulator.history import Histories, History
from bot.simulator.live import Bell, View, events
from bot.simulator.phones import Owner, Phone, number_of, opened_first, owner_of, parse, people, unknown_phones
from bot.simulator.rendering import STATIC, Rendering, dom_id

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from bot.house import House

HOME = "/simulator"
FILES = Path(__file__).parent / "files"
LONGEST = 4_096
"""Characters of one message: Telegram's limit, the longest of the three."""
PATIENCE = 3.5
"""Seconds that a form without script waits for the reply, so that the page which follows already shows it."""


class Way(StrEnum):
    """What can be sent from a phone beside a pressed button."""

    TEXT = "text"
    EMPTY = "empty"
    PHOTO = "photo"
    VOICE = "voice"
    LOCATION = "location"
    STICKER = "sticker"
    CONTACT = "contact"


KINDS = {
    Way.TEXT: InboundKind.TEXT,
    Way.EMPTY: InboundKind.TEXT,
    Way.PHOTO: InboundKind.PHOTO,
    Way.VOICE: InboundKind.VOICE,
    Way.LOCATION: InboundKind.LOCATION,
    Way.STICKER: InboundKind.OTHER,
    Way.CONTACT: InboundKind.CONTACT,
}
SENT_FILES = {
    Way.PHOTO: (Attachment("photo.jpg", "image/jpeg", (FILES / "photo.jpg").read_bytes()),),
    Way.VOICE: (Attachment("voice.ogg", "audio/ogg", (FILES / "voice.ogg").read_bytes()),),
}
"""What comes along with them, so that staff have something to look at and to listen to."""


@dataclass(frozen=True)
class Screen:
    """One phone as the page draws it. `stand_in` is where its channel really sends, None where it is simulated."""

    phone: Phone
    owner: Owner
    history: History
    stand_in: str | None
    close: str
    show: str
    examples: Sequence[tuple[str, str, str]]


def add_simulator(app: FastAPI, house: House) -> None:
    """Add /simulator to a demo. Whoever calls has made sure that it is one (`bot.run.guard_demo`, `seed_demo`)."""
    simulator = Simulator(house)
    app.mount(f"{HOME}/static", StaticFiles(directory=STATIC), name="simulator-static")
    app.include_router(_reading(simulator))
    app.include_router(_writing(simulator))
    app.add_api_route("/", _home, include_in_schema=False)


def _home() -> RedirectResponse:
    """Whoever opens the bare address of a demo wants to see the phones."""
    return RedirectResponse(HOME, 303)


def _reading(simulator: Simulator) -> APIRouter:
    router = APIRouter(prefix=HOME, dependencies=[Depends(guard.only_here), Depends(guard.headers)])

    @router.get("")
    def page(phone: Annotated[list[str] | None, Query()] = None, show: str = "", find: str = "", draft: str = "") -> HTMLResponse:
        """The phones that the address names, or the first three."""
        return HTMLResponse(simulator.page(phone, show, find, draft), headers=guard.HEADERS)

    @router.get("/stream")
    def stream(request: Request, phone: Annotated[list[str] | None, Query()] = None) -> StreamingResponse:
        """What changes on these phones, as server-sent events."""
        phones = parse(phone or [])
        view = View(simulator.house, simulator.rendering, phones)
        is_over = getattr(request.app.state, "is_stopping", lambda: False)  # a test serves the pages without a server of its own
        news = events(simulator.house, simulator.bell, view, phones, is_over)
        return StreamingResponse(news, media_type="text/event-stream", headers=guard.HEADERS)

    @router.get("/files/{uid}")
    def file(uid: str) -> Response:
        """The file that went along with a message."""
        with simulator.house.store.read() as session:
            message = simulator.histories.message(session, uid)
            found = simulator.histories.file(session, message) if message else None
        if found is None:
            raise HTTPException(404, "This file is gone.")
        named = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(found.name)}"}
        return Response(found.content, media_type=found.media_type, headers=guard.HEADERS | named)

    return router


def _writing(simulator: Simulator) -> APIRouter:
    router = APIRouter(prefix=HOME, dependencies=[Depends(guard.only_here), Depends(guard.only_from_our_page), Depends(guard.headers)])

    @router.post("/messages")
    async def message(
        request: Request, to: Annotated[str, Form()], text: Annotated[str, Form(max_length=LONGEST)] = "", kind: Annotated[Way, Form()] = Way.TEXT
    ) -> Response:
        """Send something from a phone."""
        phone = simulator.writable(to)
        return await simulator.send(request, phone, await asyncio.to_thread(simulator.says, phone, text, kind))

    @router.post("/presses")
    async def press(request: Request, to: Annotated[str, Form()], message: Annotated[str, Form()], choice: Annotated[int, Form(ge=0)]) -> Response:
        """Press a button under a message, however old it is."""
        phone = simulator.writable(to)
        return await simulator.send(request, phone, await asyncio.to_thread(simulator.presses, phone, message, choice))

    return router


class Simulator:
    """The phones over one house."""

    def __init__(self, house: House) -> None:
        self.house, self.bell, self.rendering, self.histories = house, Bell(), Rendering(), Histories(house)

    def page(self, keys: Sequence[str] | None, show: str, find: str, draft: str) -> str:
        """The page. `keys` None: the first three; `show` is the one to be seen where there is room for one, and `draft` stands in its text field."""
        with self.house.store.read() as session:
            phones = opened_first(session) if keys is None else parse(keys)
            shown = next((phone.key for phone in phones if phone.key == show), phones[0].key if phones else "")
            return self.rendering.page(
                school=self.house.school_settings.name,
                now=self.rendering.now(self.house.clock()),
                screens=[self._screen(session, phone, phones) for phone in phones],
                shown=shown,
                draft=draft[:LONGEST],
                find=find,
                people=people(session, find),
                unknown=unknown_phones(),
                opened=[phone.key for phone in phones],
                opening=lambda phone: f"{address([*phones, phone], show=phone)}#{dom_id(phone)}",
            )

    def _screen(self, session: Session, phone: Phone, phones: Sequence[Phone]) -> Screen:
        owner = owner_of(session, phone)
        return Screen(
            phone,
            owner,
            self.histories.of(session, phone),
            self._stand_in(phone),
            close=address([other for other in phones if other != phone]),
            show=address(phones, show=phone),
            examples=[(text, language, address(phones, show=phone, draft=text)) for text, language in examples(owner.language)],
        )

    def _stand_in(self, phone: Phone) -> str | None:
        if isinstance(self.house.channels.get(phone.channel), SimulatorChannel):
            return None
        provider = self.house.settings.telegram if phone.channel == "telegram" else self.house.settings.twilio
        return provider.base_url or "its provider"

    def writable(self, key: str) -> Phone:
        """The phone of that name. Refused with 404 for none, and with 409 where a real client would send the reply."""
        phones = parse([key])
        if not phones:
            raise HTTPException(404, "There is no such phone.")
        if self._stand_in(phones[0]) is not None:
            raise HTTPException(409, f"{phones[0].channel_name} is not simulated here.")
        return phones[0]

    def says(self, phone: Phone, text: str, kind: Way) -> Inbound:
        """Something sent from a phone, as the channel would bring it."""
        if kind is Way.CONTACT:
            with self.house.store.read() as session:
                return self._channel(phone).says(phone.address, payload=number_of(session, phone), kind=InboundKind.CONTACT)
        written = "" if kind is Way.EMPTY else clean(text).replace("\r\n", "\n").strip()
        return self._channel(phone).says(phone.address, written, kind=KINDS[kind], media=SENT_FILES.get(kind, ()))

    def presses(self, phone: Phone, uid: str, choice: int) -> Inbound:
        """A button pressed under one of this phone's messages. Refused with 404 where there is none."""
        with self.house.store.read() as session:
            message = self.histories.message(session, uid)
            if message is None or message.address is None or message.address.value != phone.address or message.address.channel != phone.channel:
                raise HTTPException(404, "There is no such message on this phone.")
            buttons = self.histories.layout(session, message).buttons
            if choice >= len(buttons):
                raise HTTPException(404, "There is no such button.")
            pressed = buttons[choice]
            return self._channel(phone).says(phone.address, pressed.label, payload=pressed.id, replied_to=message.provider_id)

    def _channel(self, phone: Phone) -> SimulatorChannel:
        channel = self.house.channels[phone.channel]
        assert isinstance(channel, SimulatorChannel)
        return channel

    async def send(self, request: Request, phone: Phone, inbound: Inbound) -> Response:
        """Hand it in as any channel does. The script is answered at once; a plain form gets its page again, with the reply if that comes soon."""
        await self.house.inbox.accept([inbound])
        self.bell.ring()
        if request.headers.get("simulator") == "live":
            return Response(status_code=204, headers=guard.HEADERS)
        await self._answered(phone)
        return RedirectResponse(address(self._open_phones(request, phone), show=phone), 303, headers=guard.HEADERS)

    def _open_phones(self, request: Request, phone: Phone) -> Sequence[Phone]:
        """The phones that were open on the page which sent this form, as the browser tells it; at least the one that wrote."""
        keys = parse_qs(urlsplit(request.headers.get("referer", "")).query, keep_blank_values=True).get("phone")
        with self.house.store.read() as session:
            phones = opened_first(session) if keys is None else parse(keys)
        return phones if phone in phones else [*phones, phone]

    async def _answered(self, phone: Phone) -> None:
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while asyncio.get_running_loop().time() < deadline and await asyncio.to_thread(self._is_answering, phone):  # noqa: ASYNC110  # the database knows, and rings no bell
            await asyncio.sleep(0.1)

    def _is_answering(self, phone: Phone) -> bool:
        with self.house.store.read() as session:
            return self.histories.of(session, phone).is_answering


def address(phones: Sequence[Phone], *, show: Phone | None = None, draft: str = "") -> str:
    """The page's address with these phones open."""
    query = [("phone", phone.key) for phone in phones] or [("phone", "")]
    query += [("show", show.key)] if show else []
    query += [("draft", draft)] if draft else []
    return f"{HOME}?{urlencode(query, safe=':')}"
