"""What the safeguarding lead and deputy wrote down about a matter."""

from __future__ import annotations

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from data.base import Base, Id, Utc, Words
from data.people import Staff


class SafeguardingNote(Base):
    """What one of the named persons did or thought about one matter (an `Attention` of need safeguarding). Nobody else ever reads it; it is in no export."""

    __tablename__ = "safeguarding_notes"

    id: Mapped[Id]
    attention_id: Mapped[int] = mapped_column(ForeignKey("attention.id", ondelete="CASCADE"), index=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    words: Mapped[Words]
    at: Mapped[Utc]
    staff: Mapped[Staff] = relationship()
