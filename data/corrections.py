"""What readers have put right in Bookbag's own sentences, without touching the catalogs."""

from __future__ import annotations

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from data.base import Base, Id, Language, Utc, Words


class Correction(Base):
    """One sentence of a catalog as a reader of that language would say it; it wins over what is shipped. `form` is the plural form, 0 where there is one."""

    __tablename__ = "catalog_corrections"
    __table_args__ = (UniqueConstraint("language", "english", "form"),)

    id: Mapped[Id]
    language: Mapped[Language]
    english: Mapped[Words]
    form: Mapped[int] = mapped_column(default=0)
    words: Mapped[Words]
    reader: Mapped[str] = mapped_column(String(200))
    at: Mapped[Utc]
