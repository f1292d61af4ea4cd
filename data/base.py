"""The kinds of column that every model is made of, and the base that they share.

What must never happen is a constraint here before it is a check elsewhere.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Annotated, Any

from sqlalchemy import JSON, DateTime, Dialect, MetaData, String, Text, TypeDecorator
from sqlalchemy.orm import DeclarativeBase, mapped_column

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class NaiveTime(ValueError):
    """A time without a zone was about to be kept: it could mean two instants."""


class UtcDateTime(TypeDecorator[datetime]):
    """An instant, aware, kept as UTC. SQLite forgets zones, so it is given back with the one it was stored in."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise NaiveTime(value)
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


Id = Annotated[int, mapped_column(primary_key=True, autoincrement=True)]
Utc = Annotated[datetime, mapped_column(UtcDateTime)]
Day = Annotated[date, mapped_column()]  # a day in London
ClockTime = Annotated[time, mapped_column()]  # on the school's clock
Language = Annotated[str, mapped_column(String(35))]  # a BCP 47 tag
Words = Annotated[str, mapped_column(Text)]  # what a person wrote
Key = Annotated[str, mapped_column(String(200))]
Json = Annotated[dict[str, Any], mapped_column(JSON)]


class Base(DeclarativeBase):
    """What every table is made from. Constraint names are given by rule, so that a migration can name them on both databases."""

    metadata = MetaData(naming_convention=NAMING)
