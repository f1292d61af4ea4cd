"""Numbers and chats that were a parent's and are closed: someone else has them, or may have."""

from __future__ import annotations

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from data.addresses import Address
from data.base import Base, Id, Utc
from data.people import Adult, Staff


class Closing(Base):
    """That one adult is reached at an address no more. Open until `ended_at`: as long as any of a number is, nobody is reached there on any channel.

    `rank` is where the address stood among theirs. `closed_by` is None where whoever had the phone said 'wrong number'.
    """

    __tablename__ = "closings"

    id: Mapped[Id]
    adult_id: Mapped[int] = mapped_column(ForeignKey("adults.id", ondelete="CASCADE"), index=True)
    address_id: Mapped[int] = mapped_column(ForeignKey("addresses.id"), index=True)
    rank: Mapped[int]
    reason: Mapped[str] = mapped_column(String(20))
    at: Mapped[Utc]
    closed_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id", ondelete="SET NULL"))
    ended_at: Mapped[Utc | None]
    ended_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id", ondelete="SET NULL"))
    adult: Mapped[Adult] = relationship()
    address: Mapped[Address] = relationship(lazy="joined")
    closed_by: Mapped[Staff | None] = relationship(foreign_keys=[closed_by_id])
    ended_by: Mapped[Staff | None] = relationship(foreign_keys=[ended_by_id])
