"""The processes of one school, where it runs in several: who is there, who takes whose turn, and how fast they send together."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from data.base import Base, Utc


class Process(Base):
    """A process that was there a moment ago: it writes `seen_at` anew every two seconds. `roles` are what it does, separated by spaces."""

    __tablename__ = "processes"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    roles: Mapped[str] = mapped_column(String(50))
    started_at: Mapped[Utc]
    seen_at: Mapped[Utc]


class TurnClaim(Base):
    """That one process takes the next turn of a thread of conversation until a moment; from then on another may. The turn's own transaction removes it."""

    __tablename__ = "turn_claims"
    __table_args__ = (Index("ix_turn_claims_until", "until"),)

    thread: Mapped[str] = mapped_column(String(20), primary_key=True)
    process: Mapped[str] = mapped_column(String(64))
    until: Mapped[Utc]


class SenderPace(Base):
    """What left on a channel within the last second or so, by all processes: pairs of a moment, in seconds, and how many. `held_until`: the provider asked."""

    __tablename__ = "sender_paces"

    channel: Mapped[str] = mapped_column(String(20), primary_key=True)
    taken: Mapped[list[Any]] = mapped_column(JSON)
    held_until: Mapped[float]
