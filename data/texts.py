"""What people write, to be read by others in their own languages."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Column, ForeignKey, Index, String, Table
from sqlalchemy.orm import Mapped, mapped_column, relationship

from data.base import Base, Id, Language, Utc, Words

text_messages = Table(
    "text_messages",
    Base.metadata,
    Column("text_id", ForeignKey("texts.id", ondelete="CASCADE"), primary_key=True),
    Column("message_id", ForeignKey("outbox.id", ondelete="CASCADE"), primary_key=True, index=True),
)
"""Which message out carried which text: so that its reader can ask for the original."""


PERSON = "person"
"""The `provider` of a translation that a person wrote or put right."""


@dataclass(frozen=True)
class Reading:
    """A text as one reader gets it. `is_machine`: a computer translated it, and the reader is told. `is_foreign`: it is still in another language."""

    words: str
    is_machine: bool = False
    is_foreign: bool = False


def same_language(one: str, other: str) -> bool:
    """Whether a reader of one language tag reads the other: pt-BR and pt, zh and zh-Hans; but simplified and traditional characters are two."""
    ours, theirs = one.split("-"), other.split("-")
    return ours[0] == theirs[0] and ("Hant" in ours) == ("Hant" in theirs)


class TranslationState(StrEnum):
    """How far a translation has come."""

    WANTED = "wanted"
    DONE = "done"
    FAILED = "failed"  # nobody who may translate it could; a person's own words go out as they are


class Text(Base):
    """One text that a person wrote, in the language they wrote it in.

    `adult` is whose family it is by or about, if it is one family's. `attention` is what waits for staff because of it, if it is a parent's.
    A sensitive one (safeguarding) leaves for a translator only at a named person's click.
    """

    __tablename__ = "texts"

    id: Mapped[Id]
    words: Mapped[Words]
    language: Mapped[Language]
    adult_id: Mapped[int | None] = mapped_column(ForeignKey("adults.id", ondelete="CASCADE"), index=True)
    attention_id: Mapped[int | None] = mapped_column(ForeignKey("attention.id", ondelete="CASCADE"), unique=True)
    is_sensitive: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[Utc]
    translations: Mapped[list[TextTranslation]] = relationship(cascade="all, delete-orphan", lazy="selectin", order_by="TextTranslation.language")

    def translation(self, language: str) -> TextTranslation | None:
        """The translation that was made, or is wanted, for readers of `language`."""
        return next((one for one in self.translations if same_language(one.language, language)), None)

    def read_in(self, language: str) -> Reading:
        """The text for a reader of `language`, a BCP 47 tag: translated where that was done, else as it was written."""
        if same_language(self.language, language):
            return Reading(self.words)
        found = self.translation(language)
        if found is None or found.state != TranslationState.DONE or found.words is None:
            return Reading(self.words, is_foreign=True)
        return Reading(found.words, is_machine=found.provider != PERSON)


class TextTranslation(Base):
    """One text in one more language, or the wish for that. `words` has its names and dates in place; `provider` is who translated it, 'person' for a person."""

    __tablename__ = "text_translations"
    __table_args__ = (Index("ix_text_translations_wanted", "state", "next_at"),)

    text_id: Mapped[int] = mapped_column(ForeignKey("texts.id", ondelete="CASCADE"), primary_key=True)
    language: Mapped[Language] = mapped_column(primary_key=True)
    words: Mapped[Words | None]
    provider: Mapped[str] = mapped_column(String(30), default="")
    state: Mapped[str] = mapped_column(String(10), default=TranslationState.WANTED)
    attempts: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[Utc | None]
    reason: Mapped[str] = mapped_column(String(200), default="")  # why the last attempt failed: never what was written
    text: Mapped[Text] = relationship(back_populates="translations")
