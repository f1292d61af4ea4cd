"""How many paid message parts left on a day, and whether a person has lifted that day's limit."""

from __future__ import annotations

from datetime import date

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from data.base import Base, Utc


class PaidParts(Base):
    """One day of the school's calendar: `parts` were handed to providers that take money for them."""

    __tablename__ = "paid_parts"

    day: Mapped[date] = mapped_column(primary_key=True)
    parts: Mapped[int] = mapped_column(default=0)
    lifted_at: Mapped[Utc | None]
    lifted_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id", ondelete="SET NULL"))
