"""Who is not in school, or late: what families have said, and what the school has asked."""

from __future__ import annotations

from datetime import date, time
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from data.base import Base, Id, Utc
from data.people import Adult, Child, Staff
from data.texts import Text


class AbsenceKind(StrEnum):
    """What was said of a child."""

    ABSENT = "absent"
    LATE = "late"
    COMING = "coming"  # in school after all


class AbsenceReason(StrEnum):
    """Why a child is absent, as far as the school's list tells reasons apart; `Absence.said` has the words."""

    ILL = "ill"
    MEDICAL = "medical"  # an appointment
    OTHER = "other"

    @property
    def is_medical(self) -> bool:
        """Whether it is illness or an appointment for it."""
        return self is not AbsenceReason.OTHER


class Absence(Base):
    """What one adult, or a member of staff for them, said of one child's absence: from `first_on` until `back_on`, the day on which the child is in again.

    Who says it again or says otherwise changes the row; two adults of a child have a row each, so that neither's words are lost. `reason` and `back_on` are
    None until they are known. Someone who comes late or after all is spoken of on `first_on` alone. `source` names the message it began with. `heard_at` is
    when it was last said; `chase_id` is the school's question that it answers. `taken_back_at`: it was a mistake, and counts no more.
    """

    __tablename__ = "absences"
    __table_args__ = (
        UniqueConstraint("child_id", "adult_id", "first_on"),
        CheckConstraint("adult_id IS NULL OR staff_id IS NULL", name="said_by_one"),
        Index("ix_absences_first_on", "first_on"),
        Index("ix_absences_source", "source"),
    )

    id: Mapped[Id]
    child_id: Mapped[int] = mapped_column(ForeignKey("children.id", ondelete="CASCADE"))
    adult_id: Mapped[int | None] = mapped_column(ForeignKey("adults.id", ondelete="SET NULL"), index=True)
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id", ondelete="SET NULL"))  # who wrote down what they were told by phone
    chase_id: Mapped[int | None] = mapped_column(ForeignKey("absence_chases.id", ondelete="SET NULL"))
    kind: Mapped[str] = mapped_column(String(20), default=AbsenceKind.ABSENT)
    reason: Mapped[str | None] = mapped_column(String(20))
    text_id: Mapped[int | None] = mapped_column(ForeignKey("texts.id", ondelete="SET NULL"))
    first_on: Mapped[date]
    back_on: Mapped[date | None]
    expected_at: Mapped[time | None]  # a late child, about when, on the school's clock
    channel: Mapped[str] = mapped_column(String(20))
    source: Mapped[str] = mapped_column(String(100), default="")
    created_at: Mapped[Utc]
    heard_at: Mapped[Utc]
    taken_back_at: Mapped[Utc | None]
    child: Mapped[Child] = relationship(lazy="joined")
    adult: Mapped[Adult | None] = relationship(lazy="joined")
    staff: Mapped[Staff | None] = relationship()
    said: Mapped[Text | None] = relationship()


class Chase(Base):
    """That the school asked after a child who was not in class on a day and of whom nothing had been said. One a child and day, but for those taken back."""

    __tablename__ = "absence_chases"
    __table_args__ = (
        Index(
            "uq_absence_chases_child_id_day",
            "child_id",
            "day",
            unique=True,
            sqlite_where=text("taken_back_at IS NULL"),
            postgresql_where=text("taken_back_at IS NULL"),
        ),
    )

    id: Mapped[Id]
    child_id: Mapped[int] = mapped_column(ForeignKey("children.id", ondelete="CASCADE"))
    day: Mapped[date]
    asked_at: Mapped[Utc]
    asked_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id", ondelete="SET NULL"))
    taken_back_at: Mapped[Utc | None]  # the child was in class after all
    taken_back_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id", ondelete="SET NULL"))
    child: Mapped[Child] = relationship(lazy="joined")
    asked: Mapped[list[Asked]] = relationship(order_by="Asked.adult_id")


class Asked(Base):
    """One adult who was asked in a chase, and when they answered."""

    __tablename__ = "absence_asked"

    chase_id: Mapped[int] = mapped_column(ForeignKey("absence_chases.id", ondelete="CASCADE"), primary_key=True)
    adult_id: Mapped[int] = mapped_column(ForeignKey("adults.id", ondelete="CASCADE"), primary_key=True, index=True)
    answered_at: Mapped[Utc | None]
    adult: Mapped[Adult] = relationship()
