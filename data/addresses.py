"""Where people are reached, and what they have agreed to."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from data.base import Base, Id, Utc

if TYPE_CHECKING:
    from data.people import Adult


class AddressState(StrEnum):
    """Whether anything may be sent to an address."""

    USABLE = "usable"
    OPTED_OUT = "opted_out"  # they said STOP here
    DOUBTED = "doubted"  # it may be someone else's by now: whoever has it is asked first
    BAD = "bad"  # the provider says there is no such number, or it blocked us; a new message from it makes it usable again


class Address(Base):
    """One place a message can go to or come from: a channel, the kind of thing `value` is, and the value.

    The same phone number is two addresses, one for SMS and one for WhatsApp, since STOP is said to each apart.
    An address without an adult or staff behind it is an unknown person.
    """

    __tablename__ = "addresses"
    __table_args__ = (UniqueConstraint("channel", "value"),)

    id: Mapped[Id]
    channel: Mapped[str] = mapped_column(String(20))
    kind: Mapped[str] = mapped_column(String(20))
    value: Mapped[str] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(20), default=AddressState.USABLE)
    state_since: Mapped[Utc | None]
    carrier_stopped_at: Mapped[Utc | None]  # since when the phone company lets nothing of ours through; only a START from there ends it
    last_heard_at: Mapped[Utc | None]  # WhatsApp's 24-hour window, 'who is writing?', and long silence
    speaker_id: Mapped[int | None] = mapped_column(ForeignKey("adults.id", ondelete="SET NULL"))  # who is writing, where two adults share it
    speaker_since: Mapped[Utc | None]
    first_greeted_at: Mapped[Utc | None]  # when it was told which school this is
    token: Mapped[str | None] = mapped_column(String(43), unique=True, index=True)  # e-mail: the unguessable part of /mail/TOKEN, once one went there
    adults: Mapped[list[Adult]] = relationship(secondary="adult_addresses", order_by="Adult.id", viewonly=True)


class Consent(Base):
    """One change of what someone agreed to: never overwritten, the newest counts.

    `how` is the way it was said: 'text', 'import', 'carrier', 'staff', 'link' (at the end of an e-mail).
    """

    __tablename__ = "consents"

    id: Mapped[Id]
    address_id: Mapped[int] = mapped_column(ForeignKey("addresses.id"), index=True)
    kind: Mapped[str] = mapped_column(String(30))  # 'all', or a kind of message
    is_given: Mapped[bool]
    at: Mapped[Utc]
    how: Mapped[str] = mapped_column(String(20))


class StartLink(Base):
    """A one-time Telegram link for one adult: proves that whoever opens it was sent it. Only a hash of its token is kept."""

    __tablename__ = "start_links"

    id: Mapped[Id]
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    adult_id: Mapped[int] = mapped_column(ForeignKey("adults.id", ondelete="CASCADE"))
    expires_at: Mapped[Utc]
    used_at: Mapped[Utc | None]
