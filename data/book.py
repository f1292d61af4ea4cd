"""The home/school book: what a class writes about a child's day, what a parent writes for the class, and whether the child may be photographed."""

from __future__ import annotations

from sqlalchemy import JSON, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from data.attention import Attention
from data.base import Base, Day, Id, Utc
from data.people import Adult, Child, Staff
from data.texts import Text

STILL_HERE = text("sent_at IS NULL")


class Entry(Base):
    """One child's page of the book for one school day. What it says stands in its parts: the first, and what was added after that had gone home."""

    __tablename__ = "book_entries"
    __table_args__ = (UniqueConstraint("child_id", "on"),)

    id: Mapped[Id]
    child_id: Mapped[int] = mapped_column(ForeignKey("children.id", ondelete="CASCADE"))
    on: Mapped[Day] = mapped_column(index=True)
    child: Mapped[Child] = relationship()
    parts: Mapped[list[Part]] = relationship(back_populates="entry", cascade="all, delete-orphan", lazy="selectin", order_by="Part.number")

    @property
    def still_here(self) -> Part | None:
        """What has not gone home yet, and may be changed."""
        return next((part for part in self.parts if part.sent_at is None), None)

    @property
    def gone_home(self) -> list[Part]:
        """What has gone home, in its order: it stays as it is."""
        return [part for part in self.parts if part.sent_at is not None]


class Part(Base):
    """One message of an entry: picked phrases by their ids, a line in the words of whoever wrote it, a photo by its id; any of them may be missing.

    Until `sent_at` it can be changed. Only the last of an entry's parts can be still here.
    """

    __tablename__ = "book_parts"
    __table_args__ = (
        UniqueConstraint("entry_id", "number"),
        Index("uq_book_parts_still_here", "entry_id", unique=True, sqlite_where=STILL_HERE, postgresql_where=STILL_HERE),
    )

    id: Mapped[Id]
    entry_id: Mapped[int] = mapped_column(ForeignKey("book_entries.id", ondelete="CASCADE"))
    number: Mapped[int]  # from 1
    phrases: Mapped[list[str]] = mapped_column(JSON, default=list)
    text_id: Mapped[int | None] = mapped_column(ForeignKey("texts.id", ondelete="SET NULL"))
    photo_id: Mapped[int | None]
    written_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id", ondelete="SET NULL"))  # who changed it last
    written_at: Mapped[Utc]
    sent_at: Mapped[Utc | None] = mapped_column(index=True)
    entry: Mapped[Entry] = relationship(back_populates="parts")
    text: Mapped[Text | None] = relationship(lazy="joined")
    written_by: Mapped[Staff | None] = relationship()


class ClassLine(Base):
    """One thing that a parent wrote for the class about a child, to be read on the school day `on`: the morning line, health news, an answer to the book.

    It stands on top of the class's page until someone has ticked it 'seen', or has dealt with what waits for a person because of it (`need`).
    """

    __tablename__ = "class_lines"
    __table_args__ = (Index("ix_class_lines_child_day", "child_id", "on"),)

    id: Mapped[Id]
    child_id: Mapped[int] = mapped_column(ForeignKey("children.id", ondelete="CASCADE"))
    adult_id: Mapped[int] = mapped_column(ForeignKey("adults.id", ondelete="CASCADE"), index=True)
    on: Mapped[Day]
    attention_id: Mapped[int] = mapped_column(ForeignKey("attention.id", ondelete="CASCADE"), unique=True)
    text_id: Mapped[int | None] = mapped_column(ForeignKey("texts.id", ondelete="SET NULL"))
    written_at: Mapped[Utc]
    seen_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id", ondelete="SET NULL"))
    seen_at: Mapped[Utc | None]
    child: Mapped[Child] = relationship()
    adult: Mapped[Adult] = relationship()
    need: Mapped[Attention] = relationship()
    text: Mapped[Text | None] = relationship()
    seen_by: Mapped[Staff | None] = relationship()

    @property
    def is_seen(self) -> bool:
        """Whether a person has read it."""
        return self.seen_at is not None or self.need.done_at is not None


class PhotoConsent(Base):
    """One time that somebody said whether a child may be photographed: never overwritten, the newest counts.

    `how` is the way it was said ('form', 'phone', 'meeting', 'text'); `adult` is who said it, `kept_by` the member of staff who put it down.
    """

    __tablename__ = "photo_consents"

    id: Mapped[Id]
    child_id: Mapped[int] = mapped_column(ForeignKey("children.id", ondelete="CASCADE"), index=True)
    is_given: Mapped[bool]
    at: Mapped[Utc]
    how: Mapped[str] = mapped_column(String(20))
    adult_id: Mapped[int | None] = mapped_column(ForeignKey("adults.id", ondelete="SET NULL"))
    kept_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id", ondelete="SET NULL"))
    kept_by: Mapped[Staff | None] = relationship()
