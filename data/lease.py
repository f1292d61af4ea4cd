"""Who leads."""

from __future__ import annotations

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from data.base import Base, Utc


class Lease(Base):
    """That one process leads in something until a moment. `fence` rises with each new holder: what an earlier one still writes is refused."""

    __tablename__ = "leases"

    name: Mapped[str] = mapped_column(String(50), primary_key=True)
    holder: Mapped[str] = mapped_column(String(64))
    fence: Mapped[int] = mapped_column(default=0)
    expires_at: Mapped[Utc]
