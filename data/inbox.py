"""What came in, kept before anyone is told 'received'."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from data.addresses import Address
from data.base import Base, Id, Utc, Words


class InboxState(StrEnum):
    NEW = "new"  # waits for its turn
    HANDLED = "handled"  # its turn is committed
    ASIDE = "aside"  # on a shared phone, until it is known who wrote it
    FOR_STAFF = "for_staff"  # too late to act on, or failed three times: a person has it


class Received(Base):
    """One message from a phone. The rows of one `thread` are handled one after the other, in the order of their ids.

    `thread` is the adult ('a12'), or the address where it is not one adult's ('x7'). `payload` holds a pressed button's id, a link's token or a shared number.
    `text` and `payload` are emptied when retention or erasure takes them; the row's provider id lives on in `seen` as a hash.
    """

    __tablename__ = "inbox"
    __table_args__ = (
        Index("ix_inbox_state_id", "state", "id"),
        Index("ix_inbox_thread_state", "thread", "state", "id"),
        Index("ix_inbox_address_received", "address_id", "received_at"),
        Index("ix_inbox_topic", "topic", sqlite_where=text("topic IS NOT NULL"), postgresql_where=text("topic IS NOT NULL")),
    )

    id: Mapped[Id]
    trace: Mapped[str] = mapped_column(String(16))  # follows the message through every stage's log line
    provider_id: Mapped[str] = mapped_column(String(64), index=True)
    via: Mapped[str] = mapped_column(String(20), default="")  # '' for the school's channels; a terminal's own name, so that only it answers itself
    address_id: Mapped[int] = mapped_column(ForeignKey("addresses.id"))
    thread: Mapped[str] = mapped_column(String(20))
    kind: Mapped[str] = mapped_column(String(20))
    text: Mapped[Words]
    payload: Mapped[str | None] = mapped_column(String(300))
    media: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))
    opt_out: Mapped[str | None] = mapped_column(String(10))
    received_at: Mapped[Utc]
    sent_at: Mapped[Utc | None]  # as the provider says
    state: Mapped[str] = mapped_column(String(10), default=InboxState.NEW)
    attempts: Mapped[int] = mapped_column(default=0)
    handled_at: Mapped[Utc | None]
    intent: Mapped[str | None] = mapped_column(String(50))  # what was understood, for staff to correct
    confidence: Mapped[float | None]
    corrected: Mapped[str | None] = mapped_column(String(50))  # the intent that staff say it had
    text_id: Mapped[int | None] = mapped_column(ForeignKey("texts.id", ondelete="SET NULL"))  # for staff who had it put into English
    topic: Mapped[str | None] = mapped_column(String(40))  # what it was about, where its words are to be forgotten once that is over
    address: Mapped[Address] = relationship(lazy="joined", innerjoin=True)


class Seen(Base):
    """That a provider's message id has been taken in. Kept for ever, also after erasure: a repeat a year later still changes nothing."""

    __tablename__ = "seen"

    hash: Mapped[bytes] = mapped_column(primary_key=True)


class Mark(Base):
    """One remembered place or moment: Telegram's poll offset, how far Twilio has been caught up, when this database first started, when it was backed up."""

    __tablename__ = "marks"

    name: Mapped[str] = mapped_column(String(50), primary_key=True)
    value: Mapped[str] = mapped_column(String(100))
