"""That this database was put back from a backup, and whether anything may be sent since."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from data.base import Base, Id, Utc

NOT_RELEASED = text("released_at IS NULL")


class Restoration(Base):
    """One restore. Until `released_at` nothing is sent; `chosen` is what staff then had become of each kind of message that waited.

    What happened after `copy_of` and before `restored_at` is not in this database; None where the backup does not say when it was made.
    """

    __tablename__ = "restorations"
    __table_args__ = (Index("ix_restorations_not_released", "id", sqlite_where=NOT_RELEASED, postgresql_where=NOT_RELEASED),)

    id: Mapped[Id]
    restored_at: Mapped[Utc]
    copy_of: Mapped[Utc | None]
    released_at: Mapped[Utc | None]
    released_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id", ondelete="SET NULL"))
    chosen: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
