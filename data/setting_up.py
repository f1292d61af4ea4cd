"""What is kept for a while when staff set the school up: a file that is looked at, a number that is checked, a step that can be taken back."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from data.base import Base, Id, Json, Utc
from data.people import Staff


class Upload(Base):
    """One file that a member of staff brought and looks at before it counts. Nothing of it is true yet; it is kept for a day at most.

    `what` is 'families', 'staff' or 'terms'; `headers` says which of its columns is which of ours; `seen` is what they were shown that it would change.
    """

    __tablename__ = "uploads"

    id: Mapped[Id]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id", ondelete="CASCADE"))
    what: Mapped[str] = mapped_column(String(20))
    content: Mapped[bytes]
    headers: Mapped[Json] = mapped_column(default=dict)
    seen: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    made_at: Mapped[Utc] = mapped_column(index=True)


class PhoneCheck(Base):
    """A number that is to become a member of staff's, and the code that was texted to it. Until it is typed in, the number they had stays theirs."""

    __tablename__ = "phone_checks"

    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[str] = mapped_column(String(20))
    code_hash: Mapped[str] = mapped_column(String(64))
    expires_at: Mapped[Utc]
    tries: Mapped[int] = mapped_column(default=0)


class Step(Base):
    """One step that can be taken back on the same day: a family that left, or the new school year. `before` is how things were, for that day alone."""

    __tablename__ = "steps"

    id: Mapped[Id]
    what: Mapped[str] = mapped_column(String(20))  # 'left' or 'new year'
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id", ondelete="SET NULL"))
    at: Mapped[Utc]
    before: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    undone_at: Mapped[Utc | None]
    staff: Mapped[Staff | None] = relationship()
