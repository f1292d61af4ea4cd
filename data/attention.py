"""What needs a person."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from data.addresses import Address
from data.base import Base, Id, Utc, Words
from data.people import Adult, SchoolClass, Staff

FOR_THE_DEPUTY = "for the deputy"
"""The `detail` of a safeguarding matter that the lead must not see: it concerns her, or someone above."""
TO_LOOK_AT = "to look at"
"""The `detail` of one that calls nobody: there may be a hint in it, and it is read when the lead next reads."""


class Need(StrEnum):
    """Why a person is needed."""

    FOR_OFFICE = "for_office"  # a message that someone wrote to the office
    RING_ME = "ring_me"
    NOT_UNDERSTOOD = "not_understood"
    NOT_DELIVERED = "not_delivered"
    SAFEGUARDING = "safeguarding"  # a child may be at risk: for the safeguarding lead alone
    REFUSED = "refused"  # the school's rules said no and no dialogue had an answer
    MEDIA = "media"  # a photo, a voice note, a place: nobody has looked at it
    FAILED = "failed"  # handling it went wrong three times
    LATE = "late"  # came in so late that nothing was done about it
    CLOSED_DAY = "closed_day"  # an appointment lies on a day on which the school has closed since: the family must be told, and another time found
    NO_STAFF = "no_staff"  # an appointment with someone who has left
    NOT_SEEN = "not_seen"  # a child is not in class: nobody has answered, or what was answered explains nothing; someone rings the family
    COLLECTION = "collection"  # a wish that a text may not decide: someone rings the number the school holds
    ADDRESS = "address"  # a number or chat that cannot be reached any more
    FOR_CLASS = "for_class"  # a message that someone wrote to a child's class
    MEDICAL = "medical"  # news about a child's health
    BOOK_ANSWER = "book_answer"  # an answer to what the home/school book said
    CHILD_DAY = "child_day"  # a parent asks how the day is or was
    UPKEEP = "upkeep"  # for the technician: no backup was made, a provider is silent
    DATA_REQUEST = "data_request"  # someone asks for a copy of what is held about them, or to have it erased
    DAILY_LIMIT = "daily_limit"  # so many paid message parts left today that the rest waits for a person's word
    BROADCAST = "broadcast"  # a broadcast waits for a yes, was not sent in its time, or did not reach some


class Attention(Base):
    """One thing that waits for a person. `key` is unique, so that the same cause asks once. `text` is what was written, if anything.

    It belongs to the team of `class_id`, else to the office; `assigned` is the one who said they will deal with it. Snoozed, it is out of sight until then.
    `was_from` says who wrote a safeguarding matter that is kept after they were erased: their name and whose parent or carer they are.
    """

    __tablename__ = "attention"
    __table_args__ = (Index("ix_attention_open", "done_at", "id"),)

    id: Mapped[Id]
    key: Mapped[str] = mapped_column(String(200), unique=True)
    need: Mapped[str] = mapped_column(String(20))
    adult_id: Mapped[int | None] = mapped_column(ForeignKey("adults.id", ondelete="CASCADE"))
    address_id: Mapped[int | None] = mapped_column(ForeignKey("addresses.id"))
    text: Mapped[Words] = mapped_column(default="")
    detail: Mapped[str] = mapped_column(String(200), default="")  # a provider's code, an error's name: never what was written
    created_at: Mapped[Utc]
    class_id: Mapped[int | None] = mapped_column(ForeignKey("school_classes.id", ondelete="SET NULL"))
    is_urgent: Mapped[bool] = mapped_column(default=False)
    assigned_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id", ondelete="SET NULL"))
    snoozed_until: Mapped[Utc | None]
    done_at: Mapped[Utc | None]
    done_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id", ondelete="SET NULL"))
    was_from: Mapped[str] = mapped_column(String(400), default="")
    adult: Mapped[Adult | None] = relationship()
    school_class: Mapped[SchoolClass | None] = relationship()
    assigned: Mapped[Staff | None] = relationship(foreign_keys=[assigned_id])
    done_by: Mapped[Staff | None] = relationship(foreign_keys=[done_by_id])
    address: Mapped[Address | None] = relationship()
