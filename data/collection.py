"""What a text may not decide: what families asked for, and what a member of staff agreed with them on the telephone."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, String, Table
from sqlalchemy.orm import Mapped, mapped_column, relationship

from data.attention import Attention
from data.base import Base, Id, Utc, Words
from data.people import Adult, Child, Staff
from data.texts import Text

collection_children = Table(
    "collection_children",
    Base.metadata,
    Column("request_id", ForeignKey("collection_requests.id", ondelete="CASCADE"), primary_key=True),
    Column("child_id", ForeignKey("children.id", ondelete="CASCADE"), primary_key=True),
)


class RequestKind(StrEnum):
    """What is to be changed."""

    COLLECTION = "collection"  # who collects a child, or when
    CONTACT = "contact"  # a number, an address
    CARER = "carer"  # a person


class RequestState(StrEnum):
    """What became of it."""

    OPEN = "open"
    AGREED = "agreed"
    REFUSED = "refused"


class CollectionRequest(Base):
    """One wish that a message may not decide. It changes nothing by itself; someone rings the number the school holds and says what was agreed.

    `said` is what they wrote. `day` is the day it is about, if they named one. `rung` is the number that was rung, masked. `note` is for staff alone.
    """

    __tablename__ = "collection_requests"
    __table_args__ = (
        CheckConstraint("state = 'open' OR decided_at IS NOT NULL", name="decided_at_a_time"),
        Index("ix_collection_requests_state", "state", "id"),
    )

    id: Mapped[Id]
    source: Mapped[str] = mapped_column(String(100), unique=True)  # the message it came with: once heard, one request
    kind: Mapped[str] = mapped_column(String(20))
    adult_id: Mapped[int] = mapped_column(ForeignKey("adults.id", ondelete="CASCADE"), index=True)
    text_id: Mapped[int | None] = mapped_column(ForeignKey("texts.id", ondelete="SET NULL"))
    attention_id: Mapped[int | None] = mapped_column(ForeignKey("attention.id", ondelete="SET NULL"))
    day: Mapped[date | None]
    state: Mapped[str] = mapped_column(String(20), default=RequestState.OPEN)
    created_at: Mapped[Utc]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id", ondelete="SET NULL"))
    decided_at: Mapped[Utc | None]
    rung: Mapped[str] = mapped_column(String(20), default="")
    note: Mapped[Words] = mapped_column(default="")
    adult: Mapped[Adult] = relationship(lazy="joined")
    children: Mapped[list[Child]] = relationship(secondary=collection_children, order_by="Child.name", lazy="selectin")
    decided_by: Mapped[Staff | None] = relationship()
    said: Mapped[Text | None] = relationship()
    attention: Mapped[Attention | None] = relationship()
