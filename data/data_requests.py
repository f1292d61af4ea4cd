"""What families ask about their own data, what became of it, and what is still to be deleted at providers."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from data.base import Base, Id, Utc, Words
from data.people import Adult, Staff


class DataRequestKind(StrEnum):
    """What is asked for."""

    COPY = "copy"  # UK GDPR art. 15: what is held about me
    ERASURE = "erasure"  # art. 17: remove it


class DataRequestState(StrEnum):
    """What became of a request."""

    OPEN = "open"
    RELEASED = "released"  # the copy was handed over, or the data is erased
    REFUSED = "refused"  # `reason` says why
    WITHDRAWN = "withdrawn"


class DataRequest(Base):
    """One adult's wish to have a copy of what is held about them, or to have it erased; due on a legal date. A message opens it, a named person decides it.

    `how` is the way it was asked: 'text', 'staff' or 'command line'. `checked` is how whoever released it knew that it was them. `adult` is None once they
    are erased; `report` then says what was removed, what is kept and why, without their name.
    """

    __tablename__ = "data_requests"
    __table_args__ = (
        CheckConstraint("(state = 'open') = (decided_at IS NULL)", name="decided_at_a_time"),
        Index("ix_data_requests_state", "state", "due_on"),
    )

    id: Mapped[Id]
    adult_id: Mapped[int | None] = mapped_column(ForeignKey("adults.id", ondelete="SET NULL"), index=True)
    kind: Mapped[str] = mapped_column(String(10))
    asked_at: Mapped[Utc]
    how: Mapped[str] = mapped_column(String(20))
    due_on: Mapped[date]
    state: Mapped[str] = mapped_column(String(10), default=DataRequestState.OPEN)
    decided_at: Mapped[Utc | None]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id", ondelete="SET NULL"))
    checked: Mapped[str] = mapped_column(String(20), default="")
    reason: Mapped[Words] = mapped_column(default="")
    report: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    adult: Mapped[Adult | None] = relationship()
    decided_by: Mapped[Staff | None] = relationship()


class ProviderDeletionState(StrEnum):
    """How far a deletion at a provider has come."""

    WANTED = "wanted"
    DONE = "done"
    IMPOSSIBLE = "impossible"  # the provider cannot or will not: `reason` says why


class ProviderDeletion(Base):
    """One thing that a provider still holds of someone who was erased. `reference` is the provider's own id of it, forgotten once that is of no more use."""

    __tablename__ = "provider_deletions"
    __table_args__ = (Index("ix_provider_deletions_state", "state", "next_at"),)

    id: Mapped[Id]
    request_id: Mapped[int] = mapped_column(ForeignKey("data_requests.id", ondelete="CASCADE"), index=True)
    channel: Mapped[str] = mapped_column(String(20))
    what: Mapped[str] = mapped_column(String(10))  # 'message' or 'file'
    reference: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(10), default=ProviderDeletionState.WANTED)
    attempts: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[Utc | None]
    reason: Mapped[str] = mapped_column(String(100), default="")
    request: Mapped[DataRequest] = relationship()


class RetentionRun(Base):
    """What was removed on one day because it was past its time: how many of each, by the table's name."""

    __tablename__ = "retention_runs"

    on: Mapped[date] = mapped_column("on", primary_key=True)
    ended_at: Mapped[Utc]
    removed: Mapped[dict[str, Any]] = mapped_column(JSON)
