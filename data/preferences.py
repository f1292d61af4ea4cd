"""What each adult wants to be told, and where first."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from data.addresses import Address
from data.base import Base, Id, Utc
from data.people import Staff


class Preference(Base):
    """One change of what an adult wants: never overwritten, the newest of its kind counts.

    `kind` is a kind of message that may be switched off, or 'first': from then on `address_id` is tried first. `how` is the way it was said: the channel
    that the adult wrote on, or 'staff', who told a person; then `staff_id` wrote it down, and `note` says how the adult told them.
    """

    __tablename__ = "preferences"
    __table_args__ = (Index("ix_preferences_adult_id_kind", "adult_id", "kind"),)

    id: Mapped[Id]
    adult_id: Mapped[int] = mapped_column(ForeignKey("adults.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(20))
    is_wanted: Mapped[bool]
    address_id: Mapped[int | None] = mapped_column(ForeignKey("addresses.id", ondelete="SET NULL"))
    at: Mapped[Utc]
    how: Mapped[str] = mapped_column(String(20))
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id", ondelete="SET NULL"))
    note: Mapped[str] = mapped_column(String(200), default="")

    address: Mapped[Address | None] = relationship()
    written_by: Mapped[Staff | None] = relationship()
