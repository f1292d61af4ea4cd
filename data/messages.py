"""Messages between home and school, beside what came in (`data/inbox.py`) and went out (`data/outbox.py`): who talks, what staff wrote and noted."""

from __future__ import annotations

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from data.base import Base, Id, Utc, Words
from data.people import Staff
from data.texts import Text


class Talk(Base):
    """That a member of staff is talking in a thread of conversation: until then Bookbag stays out. `class_id` is the class whose matter it is, if one's."""

    __tablename__ = "talks"

    thread: Mapped[str] = mapped_column(String(30), primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id", ondelete="CASCADE"))
    class_id: Mapped[int | None] = mapped_column(ForeignKey("school_classes.id", ondelete="SET NULL"))
    began_at: Mapped[Utc]
    until: Mapped[Utc]
    staff: Mapped[Staff] = relationship()


class StaffMessage(Base):
    """One message that a member of staff wrote to one adult, or in answer to an address that the school does not know.

    `text` is in English, as written. `class_id` is the class whose matter it was, None for the office's.
    """

    __tablename__ = "staff_messages"

    id: Mapped[Id]
    thread: Mapped[str] = mapped_column(String(30), index=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id", ondelete="CASCADE"))
    text_id: Mapped[int] = mapped_column(ForeignKey("texts.id", ondelete="CASCADE"))
    class_id: Mapped[int | None] = mapped_column(ForeignKey("school_classes.id", ondelete="SET NULL"))
    at: Mapped[Utc]
    staff: Mapped[Staff] = relationship()
    text: Mapped[Text] = relationship()


class ThreadNote(Base):
    """What a member of staff noted beside a thread, for other staff who see the thread; no parent ever does."""

    __tablename__ = "thread_notes"

    id: Mapped[Id]
    thread: Mapped[str] = mapped_column(String(30), index=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id", ondelete="CASCADE"))
    class_id: Mapped[int | None] = mapped_column(ForeignKey("school_classes.id", ondelete="SET NULL"))
    words: Mapped[Words]
    at: Mapped[Utc]
    staff: Mapped[Staff] = relationship()


class SavedReply(Base):
    """An answer that is often given, ready to be sent or changed."""

    __tablename__ = "saved_replies"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(String(80), unique=True)
    words: Mapped[Words]
