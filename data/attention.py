"""What needs a person."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from data.addresses import Address
from data.base import Base, Id, Utc, Words
from data.people import Adult


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


class Attention(Base):
    """One thing that waits for a person. `key` is unique, so that the same cause asks once. `text` is what was written, if anything."""

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
    done_at: Mapped[Utc | None]
    adult: Mapped[Adult | None] = relationship()
    address: Mapped[Address | None] = relationship()
