"""Where each conversation stands."""

from __future__ import annotations

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from data.base import Base, Json, Utc


class Conversation(Base):
    """The open dialogues of one thread (an adult, or an address that is not one adult's): their answers and the one open question.

    `state` is what bot/conversation/state.py writes; nothing else reads it.
    """

    __tablename__ = "conversations"

    thread: Mapped[str] = mapped_column(String(20), primary_key=True)
    state: Mapped[Json] = mapped_column(default=dict)
    updated_at: Mapped[Utc]
