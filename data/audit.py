"""Who saw and changed what."""

from __future__ import annotations

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from data.base import Base, Id, Json, Utc


class AuditEntry(Base):
    """One thing that a member of staff saw or did. Written once: the database refuses to change or remove a row.

    `who` is their name as it was then; `about` and `about_id` name the thing: 'adult' and 12. `detail` holds facts, never what anyone wrote.
    """

    __tablename__ = "audit"
    __table_args__ = (Index("ix_audit_about", "about", "about_id", "id"), Index("ix_audit_staff", "staff_id", "id"), Index("ix_audit_at", "at"))

    id: Mapped[Id]
    at: Mapped[Utc]
    staff_id: Mapped[int | None]
    who: Mapped[str] = mapped_column(String(200))
    action: Mapped[str] = mapped_column(String(40))
    about: Mapped[str] = mapped_column(String(30), default="")
    about_id: Mapped[int | None]
    detail: Mapped[Json] = mapped_column(default=dict)
