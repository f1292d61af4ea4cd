"""What stands on a phone: everything that came from its address and everything that has left for it, from the database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.channels.base import Channel, ChannelName, Choice, InboundKind, Outgoing
from bot.channels.simulator import SimulatorChannel
from bot.channels.text import Layout, laid_out
from bot.simulator.phones import Phone
from bot.words_last import Words, file_of
from data.addresses import Address
from data.inbox import InboxState, Received
from data.outbox import Lane, Message, OutboxState
from school import LONDON, School
from school.files import File
from translations.sms import segments

if TYPE_CHECKING:
    from bot.house import House

LONGEST = 150
"""How many messages of each side a phone remembers."""
_ON_ITS_WAY = timedelta(minutes=1)
_SHOWN = (OutboxState.SENDING, OutboxState.SENT, OutboxState.DELIVERED, OutboxState.READ, OutboxState.UNCONFIRMED)


@dataclass(frozen=True)
class Entry:
    """One message on a phone. `uid` is the outbox's, by which a button or a file is asked for. `parts` is what an SMS costs the school, 0 elsewhere."""

    id: str
    at: datetime
    today: bool
    is_school: bool
    kind: str
    text: str
    uid: str = ""
    buttons: Sequence[Choice] = ()
    share_label: str | None = None
    filename: str | None = None
    parts: int = 0

    @property
    def order(self) -> int:
        """Milliseconds: what a page sorts by."""
        return int(self.at.timestamp() * 1000)

    @property
    def clock(self) -> str:
        """When, on the school's clock: '09:10', before today '2 Mar 09:10'."""
        clock = self.at.astimezone(LONDON)
        return f"{clock:%H:%M}" if self.today else f"{clock.day} {clock:%b %H:%M}"


@dataclass(frozen=True)
class History:
    """What a phone shows, oldest first, and whether an answer is on its way to it."""

    entries: Sequence[Entry] = ()
    is_answering: bool = False


class Histories:
    """Reads what stands on phones."""

    def __init__(self, house: House) -> None:
        self._house = house
        public_url = house.settings.public_url
        self._words = Words(house.channels, public_url.rstrip("/") if public_url else None)

    def of(self, session: Session, phone: Phone) -> History:
        """What this phone shows now; nothing for an address that was never heard of."""
        address = session.scalar(select(Address).where(Address.channel == phone.channel, Address.value == phone.address))
        if address is None:
            return History()
        school = School(session, self._house.clock(), self._house.school_settings)
        entries = [*self._heard(school, address), *self._said(school, address)]
        return History(sorted(entries, key=lambda entry: (entry.at, entry.is_school))[-LONGEST:], _is_answering(school, address))

    def message(self, session: Session, uid: str) -> Message | None:
        """The message that a button or a file belongs to."""
        return session.scalar(select(Message).where(Message.uid == uid, Message.state.in_(_SHOWN)))

    def layout(self, session: Session, message: Message) -> Layout:
        """How it stands on its phone, with its buttons."""
        return _layout(self._house.channels, self._outgoing(session, message))

    def file(self, session: Session, message: Message) -> File | None:
        """The file that went along with it, made anew; None where there is none, and where what it shows is gone."""
        return file_of(School(session, self._house.clock(), self._house.school_settings), message)

    def _outgoing(self, session: Session, message: Message) -> Outgoing:
        return self._words.again(School(session, self._house.clock(), self._house.school_settings), message)

    def _heard(self, school: School, address: Address) -> list[Entry]:
        rows = school.session.scalars(select(Received).where(Received.address_id == address.id).order_by(Received.id.desc()).limit(LONGEST))
        return [_heard_entry(row, school) for row in rows]

    def _said(self, school: School, address: Address) -> list[Entry]:
        mine = (Message.address_id == address.id, Message.state.in_(_SHOWN))
        rows = school.session.scalars(select(Message).where(*mine).order_by(Message.id.desc()).limit(LONGEST))
        return [self._said_entry(row, school) for row in rows if address.channel in self._house.channels]

    def _said_entry(self, row: Message, school: School) -> Entry:
        outgoing = self._words.again(school, row)
        layout, at, file = _layout(self._house.channels, outgoing), row.claimed_at or row.created_at, file_of(school, row)
        return Entry(
            id=f"out{row.id}",
            at=at,
            today=_is_today(at, school),
            is_school=True,
            kind=InboundKind.TEXT,
            text=layout.text,
            uid=row.uid,
            buttons=() if row.asks_contact else layout.buttons,
            share_label=(outgoing.choices[0].label if outgoing.choices else "Share my number") if row.asks_contact else None,
            filename=file.name if file else None,
            parts=segments(layout.text) if outgoing.channel is ChannelName.SMS else 0,
        )


def _heard_entry(row: Received, school: School) -> Entry:
    text = row.payload or "" if row.kind == InboundKind.CONTACT else row.text
    return Entry(id=f"in{row.id}", at=row.received_at, today=_is_today(row.received_at, school), is_school=False, kind=row.kind, text=text)


def _layout(channels: dict[str, Channel], outgoing: Outgoing) -> Layout:
    channel = channels[outgoing.channel]
    return channel.wording(outgoing) if isinstance(channel, SimulatorChannel) else laid_out(outgoing.text, outgoing.choices, channel.limits)


def _is_today(at: datetime, school: School) -> bool:
    return at.astimezone(LONDON).date() == school.today


def _is_answering(school: School, address: Address) -> bool:
    """Whether a message of theirs waits for its turn, or the reply for its leave. Not for ever: a channel may be paused."""
    since = school.now - _ON_ITS_WAY
    waits = select(Received.id).where(Received.address_id == address.id, Received.state == InboxState.NEW, Received.received_at > since)
    leaves = select(Message.id).where(
        Message.address_id == address.id, Message.state == OutboxState.QUEUED, Message.lane <= Lane.REPLY, Message.created_at > since
    )
    return any(school.session.scalar(one.limit(1)) is not None for one in (waits, leaves))
