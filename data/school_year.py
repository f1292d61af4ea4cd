"""The school's year, and what the office edited over the first values of config.yml."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import JSON, CheckConstraint, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from data.base import Base, Id


class Term(Base):
    """One stretch of the school's calendar, both days included. `what` is 'term', 'half-term', 'INSET' or 'closed'; within a term the others win."""

    __tablename__ = "terms"
    __table_args__ = (UniqueConstraint("starts", "what"), CheckConstraint("starts <= ends", name="starts_before_ends"))

    id: Mapped[Id]
    starts: Mapped[date]
    ends: Mapped[date]
    what: Mapped[str] = mapped_column(String(20))


class Edited(Base):
    """One setting that staff changed; it wins over config.yml from then on. `name` is its dotted path."""

    __tablename__ = "edited_settings"

    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    value: Mapped[Any] = mapped_column(JSON)
