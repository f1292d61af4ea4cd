"""Numbers that may be someone else's by now."""

from __future__ import annotations

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from data.addresses import Address
from data.base import Base, Id, Utc
from data.people import Staff


class Doubt(Base):
    """Why it is not sure that an address is still a parent's. Open until `ended_at`; `ended_by` is None where whoever has the phone said that it is theirs.

    `asked_at` is when they were asked because something was to be said to them.
    """

    __tablename__ = "doubts"

    id: Mapped[Id]
    address_id: Mapped[int] = mapped_column(ForeignKey("addresses.id"), index=True)
    why: Mapped[str] = mapped_column(String(20))
    at: Mapped[Utc]
    asked_at: Mapped[Utc | None]
    ended_at: Mapped[Utc | None]
    ended_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id", ondelete="SET NULL"))
    address: Mapped[Address] = relationship(lazy="joined")
    ended_by: Mapped[Staff | None] = relationship()
