"""Files of families and staff, what is still to be fetched from a provider, and the one-time links that open a file."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from data.base import Base, Id, Utc
from data.inbox import Received


class KeptFile(Base):
    """One photo, voice note or document that is kept here: it came from `adult_id`, is about `child_id`, or both; `received_id` is the message it came with.

    `media_type` is what the content really is, never what was claimed. Pictures are made anew, upright and without what the camera wrote into them; HEIC,
    which cannot be read here, has that overwritten; what is no picture is as it came. `content` and `thumbnail` are read only when asked for.
    """

    __tablename__ = "kept_files"

    id: Mapped[Id]
    media_type: Mapped[str] = mapped_column(String(50))
    name: Mapped[str] = mapped_column(String(120))  # cleaned, with the ending that belongs to the media type
    size: Mapped[int]  # bytes of the content
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    thumbnail: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)  # JPEG, for pictures
    adult_id: Mapped[int | None] = mapped_column(ForeignKey("adults.id", ondelete="CASCADE"), index=True)
    child_id: Mapped[int | None] = mapped_column(ForeignKey("children.id", ondelete="CASCADE"), index=True)
    received_id: Mapped[int | None] = mapped_column(ForeignKey("inbox.id", ondelete="SET NULL"), index=True)
    made_at: Mapped[Utc]

    @property
    def is_picture(self) -> bool:
        """Whether it is something to look at."""
        return self.media_type.startswith("image/")

    @property
    def is_sound(self) -> bool:
        """Whether it is something to listen to."""
        return self.media_type.startswith("audio/")


class IncomingState(StrEnum):
    """How far a file that came with a message has come."""

    WANTED = "wanted"  # still with the provider alone
    KEPT = "kept"
    NOT_KEPT = "not_kept"  # `reason` says why; staff know


class IncomingFile(Base):
    """One file that came with a message, by its place there: the provider has it, and it is fetched, kept, and then deleted there, each once.

    `forget_at` is when it may be deleted at the provider; None once that is done, and where there is nothing to delete.
    """

    __tablename__ = "incoming_files"
    __table_args__ = (UniqueConstraint("received_id", "place"), Index("ix_incoming_files_state", "state", "next_at"))

    id: Mapped[Id]
    received_id: Mapped[int] = mapped_column(ForeignKey("inbox.id", ondelete="CASCADE"))
    place: Mapped[int]
    reference: Mapped[str] = mapped_column(Text)  # the provider's own address or id of it
    name: Mapped[str] = mapped_column(Text, default="")  # as the sender's phone calls it, not cleaned
    state: Mapped[str] = mapped_column(String(10), default=IncomingState.WANTED)
    attempts: Mapped[int] = mapped_column(default=0)  # failed ones, of the step it is at
    next_at: Mapped[Utc | None]
    reason: Mapped[str] = mapped_column(String(100), default="")
    forget_at: Mapped[Utc | None] = mapped_column(index=True)
    file_id: Mapped[int | None] = mapped_column(ForeignKey("kept_files.id", ondelete="SET NULL"))
    received: Mapped[Received] = relationship(lazy="joined", innerjoin=True)


class FileLink(Base):
    """A link by which one adult opens one file, once. Only a hash of its token is kept; `message_id` is the message whose words still hold it."""

    __tablename__ = "file_links"

    id: Mapped[Id]
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    file_id: Mapped[int] = mapped_column(ForeignKey("kept_files.id", ondelete="CASCADE"), index=True)
    adult_id: Mapped[int] = mapped_column(ForeignKey("adults.id", ondelete="CASCADE"), index=True)
    message_id: Mapped[int | None] = mapped_column(ForeignKey("outbox.id", ondelete="SET NULL"), index=True)
    expires_at: Mapped[Utc]
    opened_at: Mapped[Utc | None]
