"""What the school answers to the questions that every parent asks, in its own words."""

from __future__ import annotations

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from data.base import Base, Id, Utc
from data.texts import Text


class Fact(Base):
    """One question with the school's answer, in English; None while it is a draft: `asked` parents wanted to know, and nobody has written it yet.

    `topic` is the intent by which parents ask. `link` goes along unchanged.
    """

    __tablename__ = "facts"

    id: Mapped[Id]
    topic: Mapped[str] = mapped_column(String(40), index=True)
    question_id: Mapped[int] = mapped_column(ForeignKey("texts.id"))
    answer_id: Mapped[int | None] = mapped_column(ForeignKey("texts.id"))
    link: Mapped[str] = mapped_column(String(400), default="")
    asked: Mapped[int] = mapped_column(default=0)
    asked_at: Mapped[Utc | None]
    changed_at: Mapped[Utc]
    changed_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id", ondelete="SET NULL"))
    question: Mapped[Text] = relationship(foreign_keys=[question_id], lazy="joined")
    answer: Mapped[Text | None] = relationship(foreign_keys=[answer_id], lazy="joined")
