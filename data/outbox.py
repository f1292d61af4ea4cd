"""What is to be said, committed together with its cause, and what became of it."""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from data.addresses import Address
from data.base import Base, Id, Json, Utc


class OutboxState(StrEnum):
    """The life of one message out. docs/outbox.md draws it, with a sentence on each arrow."""

    QUEUED = "queued"
    PAUSED = "paused"  # it would be queued, but staff hold it back
    SENDING = "sending"  # claimed: the provider may have been asked
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    UNDELIVERED = "undelivered"  # the carrier could not
    FAILED = "failed"  # refused for good
    CANCELLED = "cancelled"  # its cause is gone
    EXPIRED = "expired"  # too late to be of use
    UNCONFIRMED = "unconfirmed"  # may or may not have arrived, and cannot be asked


STILL_TO_LEAVE = (OutboxState.QUEUED, OutboxState.PAUSED, OutboxState.SENDING)
"""States of a message that has still to leave, or is just leaving."""


class Lane(IntEnum):
    """Who overtakes whom: the lower goes first. A parent who is writing is answered before anything else leaves."""

    REST = -1  # of a text that was too long for one message: right after its beginning
    REPLY = 0
    ALERT = 1
    URGENT = 2  # a broadcast: it passes quiet hours, and no alert waits behind a thousand of it
    NOTICE = 3
    BROADCAST = 4


class Message(Base):
    """One message to one person. A dialogue's reply is worded (`text`) when it is written; a notice has a `kind` and what it is `about`, and is worded last.

    `key` is unique: the same cause writes it once, whatever is repeated. `choices` are (id, label) pairs, shown as the channel does best.
    `must_arrive` messages are repeated once where a channel cannot be asked what it delivered. `waits_as` is what it becomes instead of queued: paused or
    cancelled, also where it was under way when staff said so. `rest` is what did not fit into it, and what stands under that. `parts` is what it was paid
    for as, when it last left.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        Index("ix_outbox_due", "state", "lane", "id"),
        Index("ix_outbox_address_state", "address_id", "state", "id"),
        Index("ix_outbox_adult_state", "adult_id", "state"),
        Index("ix_outbox_next_at", "next_at", sqlite_where=text("next_at IS NOT NULL"), postgresql_where=text("next_at IS NOT NULL")),
        Index("ix_outbox_topic", "topic", sqlite_where=text("topic IS NOT NULL"), postgresql_where=text("topic IS NOT NULL")),
        Index("ix_outbox_kind", "kind", "id"),
        Index("ix_outbox_created_at", "created_at"),
    )

    id: Mapped[Id]
    uid: Mapped[str] = mapped_column(String(32), unique=True)  # what a status callback names it by
    key: Mapped[str] = mapped_column(String(200), unique=True)
    trace: Mapped[str] = mapped_column(String(16))
    via: Mapped[str] = mapped_column(String(20), default="")  # as in the inbox: only the process whose phones they are may send it
    adult_id: Mapped[int | None] = mapped_column(ForeignKey("adults.id", ondelete="CASCADE"))
    address_id: Mapped[int | None] = mapped_column(ForeignKey("addresses.id"))  # None until it is chosen, when it leaves
    kind: Mapped[str] = mapped_column(String(50))  # 'reply', or the notice's
    about: Mapped[Json] = mapped_column(default=dict)
    text: Mapped[str | None] = mapped_column(Text)
    english: Mapped[str | None] = mapped_column(Text)  # the same in English, for staff, where it was worded in another language
    choices: Mapped[list[Any]] = mapped_column(JSON, default=list)
    attachment: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))  # the identity of what to send along
    asks_contact: Mapped[bool] = mapped_column(default=False)
    rest: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    lane: Mapped[int] = mapped_column(default=Lane.NOTICE)
    must_arrive: Mapped[bool] = mapped_column(default=False)
    not_before: Mapped[Utc | None]
    useless_after: Mapped[Utc | None]
    state: Mapped[str] = mapped_column(String(20), default=OutboxState.QUEUED)
    waits_as: Mapped[str | None] = mapped_column(String(20))
    created_at: Mapped[Utc]
    claimed_at: Mapped[Utc | None]  # from then on the provider may have it
    claimed_by: Mapped[str | None] = mapped_column(String(64))
    attempts: Mapped[int] = mapped_column(default=0)
    lookups: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[Utc | None]  # when to try, to look up, or to ask what became of it
    provider_id: Mapped[str | None] = mapped_column(String(64), index=True)
    verdict: Mapped[str | None] = mapped_column(String(30))
    code: Mapped[str | None] = mapped_column(String(30))  # the provider's own
    sent_at: Mapped[Utc | None]
    parts: Mapped[int | None]
    topic: Mapped[str | None] = mapped_column(String(40))  # as in the inbox
    address: Mapped[Address | None] = relationship(lazy="joined")

    @property
    def whole_text(self) -> str:
        """Its words, and those that did not fit beside them and have not left."""
        return f"{self.text or ''}{self.rest['text'] if self.rest is not None else ''}"


class Callback(Base):
    """One delivery status that a provider reported, kept once however often it comes, also when it comes before we know its message."""

    __tablename__ = "callbacks"
    __table_args__ = (UniqueConstraint("provider_id", "state"),)

    id: Mapped[Id]
    provider_id: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(20))
    uid: Mapped[str | None] = mapped_column(String(32), index=True)
    code: Mapped[str | None] = mapped_column(String(30))
    verdict: Mapped[str | None] = mapped_column(String(30))
    at: Mapped[Utc]
