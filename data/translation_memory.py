"""What was translated once need not be translated again."""

from __future__ import annotations

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from data.base import Base, Id, Language, Utc, Words


class Translation(Base):
    """One text in one language. The key is the hash of the masked source, so that one entry serves every name and time. A person's entry wins for good."""

    __tablename__ = "translations"
    __table_args__ = (UniqueConstraint("source_language", "target_language", "source_hash", "origin"),)

    id: Mapped[Id]
    source_language: Mapped[Language]
    target_language: Mapped[Language]
    source_hash: Mapped[str] = mapped_column(String(64))
    source: Mapped[Words]
    text: Mapped[Words]
    origin: Mapped[str] = mapped_column(String(30))  # 'person', 'demo', or the provider's name
    at: Mapped[Utc]
