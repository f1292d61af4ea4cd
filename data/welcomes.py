"""Whom the school has told by text which school it is and what its number does, and who has answered."""

from __future__ import annotations

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from data.base import Base, Utc
from data.people import Adult, Staff


class Welcome(Base):
    """One adult's welcome: `sent` says how often it went out. `answered_at`, known since, is when they first wrote, be it before anyone invited them."""

    __tablename__ = "welcomes"

    adult_id: Mapped[int] = mapped_column(ForeignKey("adults.id", ondelete="CASCADE"), primary_key=True)
    sent: Mapped[int] = mapped_column(default=0)
    sent_at: Mapped[Utc | None]
    sent_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id", ondelete="SET NULL"))
    answered_at: Mapped[Utc | None]
    adult: Mapped[Adult] = relationship()
    sent_by: Mapped[Staff | None] = relationship()
