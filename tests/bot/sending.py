"""A way out that stands still: one adult with a text number and a Telegram chat, channels that answer as they are told, a clock that is moved by hand."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Mapping
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, TypeVar

from sqlalchemy import select

from bot import outbox
from bot.channels.base import Attachment, ChannelName, DeliveryState, Found, Inbound, Limits, Outgoing, Receipt, StatusUpdate, WebhookRequest
from bot.channels.errors import Rejected, SendError, Verdict
from bot.dispatcher import DeliverySettings, Dispatcher
from data.addresses import Address
from data.attention import Attention
from data.outbox import Lane, Message
from data.people import Adult
from data.store import Store
from school import LONDON, School, SchoolSettings, addresses

T = TypeVar("T")
MONDAY = datetime(2026, 3, 2, 10, 0, tzinfo=LONDON)
WAITS = DeliverySettings(lookup_after=timedelta(seconds=60), retry_first=timedelta(seconds=5), retries=3)
NUMBER, CHAT = "+447700900102", "447700900102"


class Provider:
    """A channel that takes everything, but for the `answers` that were put in its way."""

    def __init__(self, name: ChannelName, *, can_be_asked: bool = True, characters: int = 900, per_second: float = 1_000) -> None:
        self.name = name
        self.limits = Limits(characters, 0, 0, per_second, repeatable_lookup=can_be_asked)
        self.sent: list[Outgoing] = []
        self.answers: deque[Receipt | Exception] = deque()
        self.records: list[Found] = []
        self.became: dict[str, StatusUpdate] = {}
        self.asked: list[str] = []
        self.listing: deque[Exception] = deque()
        self._ids = count(1)

    def read(self, request: WebhookRequest) -> list[Inbound]:
        return []

    async def send(self, message: Outgoing) -> Receipt:
        self.sent.append(message)
        answer = self.answers.popleft() if self.answers else Receipt(f"{self.name}-{next(self._ids)}")
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def find(self, message: Outgoing, since: datetime) -> list[Found]:
        if self.listing:
            raise self.listing.popleft()
        return [record for record in self.records if record.text == message.text]

    async def status_of(self, provider_id: str) -> StatusUpdate | None:
        self.asked.append(provider_id)
        if self.listing:
            raise self.listing.popleft()
        return self.became.get(provider_id)

    async def missed(self, since: datetime) -> list[Inbound]:
        return []

    async def fetch(self, address: str, most: int) -> Attachment:
        raise Rejected(Verdict.UNKNOWN, "404")

    async def forget_file(self, address: str) -> None:
        return None

    async def forget(self, provider_id: str) -> None:
        return None

    async def aclose(self) -> None:
        return None

    @property
    def texts(self) -> list[str]:
        return [message.text for message in self.sent]


class WayOut:
    """The outbox of a small school, and its dispatcher."""

    def __init__(self, database_url: str, delivery: DeliverySettings = WAITS, channels: Mapping[str, Provider] | None = None) -> None:
        self.now = MONDAY
        self.store, self.settings = Store(database_url), SchoolSettings()
        self.sms = Provider(ChannelName.SMS)
        self.telegram = Provider(ChannelName.TELEGRAM, can_be_asked=False)
        self.channels = channels or {"sms": self.sms, "telegram": self.telegram}
        self.delivery = delivery
        self.dispatcher = self.another()
        self._loop = asyncio.new_event_loop()
        self._count = count(1)
        self.write(self._people)

    def another(self) -> Dispatcher:
        """The dispatcher of another process, or of the next life of this one."""
        return Dispatcher(
            self.store,
            self.settings,
            self.channels,
            lambda: self.now,
            self.delivery,
            public_url="https://school.example",
            stopwatch=lambda: self.now.timestamp(),  # noqa: PLW0108  # it is another moment each time
        )

    def _people(self, school: School) -> None:
        adult = Adult(reference="r1", name="Tom Reed", language="en")
        school.session.add(adult)
        school.session.flush()
        addresses.reach(school, adult, addresses.at(school, "sms", "phone", NUMBER), 0)
        addresses.reach(school, adult, addresses.at(school, "telegram", "telegram_chat", CHAT), 1)
        for address in school.session.scalars(select(Address)):
            address.first_greeted_at = self.now

    def close(self) -> None:
        self._loop.close()
        self.store.close()

    def write(self, work: Callable[[School], T]) -> T:
        with self.store.write() as session:
            return work(School(session, self.now, self.settings))

    def queue(self, text: str = "Hello", *, channel: str | None = "sms", kind: str = "reply", **values: Any) -> int:
        """Something to say; a reply unless told otherwise. Its id."""

        def add(school: School) -> int:
            number = next(self._count)
            given = {"lane": Lane.REPLY if kind == "reply" else Lane.NOTICE, "key": f"k{number}", "uid": f"u{number}", "trace": "t"} | values
            address = school.session.scalars(select(Address).where(Address.channel == channel)).one() if channel else None
            row = Message(kind=kind, text=text, adult_id=school.session.scalars(select(Adult.id)).one(), address=address, created_at=school.now, **given)
            school.session.add(row)
            school.session.flush()
            return row.id

        return self.write(add)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._loop.run_until_complete(work)

    def send(self) -> int:
        """Send what is due; how many left."""
        return self.run(self.dispatcher.run_once())

    def later(self, **time: float) -> int:
        """So much later, what is due then is sent."""
        self.now += timedelta(**time)
        return self.send()

    def told(self, state: str, provider_id: str = "sms-1", *, uid: str | None = None, verdict: Verdict | None = None) -> None:
        """A provider reports."""
        self.run(self.dispatcher.report([StatusUpdate(provider_id, DeliveryState(state), uid, "1" if verdict else None, verdict)]))

    def fails(self, error: SendError, channel: str = "sms") -> None:
        """The next message on this channel comes to this."""
        self.channels[channel].answers.append(error)

    def record(self, text: str, provider_id: str = "sms-9") -> None:
        """Twilio has a message on record."""
        self.sms.records.insert(0, Found(provider_id, text, self.now.astimezone(UTC), DeliveryState.SENT))

    def row(self, message_id: int) -> Message:
        with self.store.read() as session:
            return session.get_one(Message, message_id)

    def state(self, message_id: int) -> str:
        return str(self.row(message_id).state)

    def rows(self) -> list[Message]:
        with self.store.read() as session:
            return list(session.scalars(select(Message).order_by(Message.id)))

    def calls(self) -> list[str]:
        """What staff are shown and nobody has dealt with."""
        with self.store.read() as session:
            return list(session.scalars(select(Attention.detail).where(Attention.done_at.is_(None)).order_by(Attention.id)))

    def address(self, channel: str) -> Address:
        with self.store.read() as session:
            return session.scalars(select(Address).where(Address.channel == channel)).one()


def due(way: WayOut, limit: int = 10, **channels: set[str]) -> list[int]:
    """The ids of what may leave now."""
    names = outbox.Channels(set(way.channels), channels.get("open", set(way.channels)))
    return way.write(lambda school: [message.id for message in outbox.due(school, limit, names)])
