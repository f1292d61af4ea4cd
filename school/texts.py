"""What people write for others to read: kept once, wanted in languages, translated beside the way, and shown as it was written to whoever asks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, time, timedelta

from sqlalchemy import or_, select

from data.outbox import Message
from data.people import Adult
from data.texts import PERSON, Reading, Text, TextTranslation, TranslationState, same_language, text_messages
from school import LONDON, School

__all__ = [
    "JUST_NOW",
    "PERSON",
    "STAFF_READ",
    "Reading",
    "Text",
    "carried",
    "find",
    "from_parent",
    "is_awaited",
    "last_translated_for",
    "not_translated",
    "rewritten",
    "same_language",
    "translated",
    "want",
    "want_sensitive",
    "wanted",
    "was_told_today",
    "write",
]

STAFF_READ = "en"
"""The language that staff read and write."""
ATTEMPTS = 4
"""How often the translators are asked for one text before its readers get it as it was written."""
FIRST_WAIT = timedelta(seconds=30)
REMEMBERED = timedelta(days=7)
"""How long the original of a translated message can be asked for by a word."""
JUST_NOW = timedelta(days=1)
"""How long the bare name of its language asks for that too."""


def write(school: School, words: str, language: str, *, adult: Adult | None = None, attention_id: int | None = None, is_sensitive: bool = False) -> Text:
    """Keep what someone wrote in `language` (a BCP 47 tag). `adult` is the one whose family it is by or about."""
    text = Text(
        words=words, language=language, adult_id=adult.id if adult else None, attention_id=attention_id, is_sensitive=is_sensitive, created_at=school.now
    )
    school.session.add(text)
    school.session.flush()
    return text


def find(school: School, text_id: int) -> Text | None:
    """What someone wrote, by its id; None if it is gone."""
    return school.session.get(Text, text_id)


def from_parent(school: School, words: str, language: str, *, adult: Adult | None, attention_id: int, is_sensitive: bool) -> Text:
    """What a parent wrote, for staff to read in English. A sensitive text stays here until a named person has it translated."""
    text = write(school, words, language, adult=adult, attention_id=attention_id, is_sensitive=is_sensitive)
    want(text, [STAFF_READ])
    return text


def rewritten(text: Text, words: str) -> None:
    """More was written, or something else: what was translated before is translated anew."""
    text.words = words
    for one in text.translations:
        one.words, one.provider, one.state, one.attempts, one.next_at, one.reason = None, "", TranslationState.WANTED, 0, None, ""


def want(text: Text, languages: Iterable[str]) -> None:
    """Have it translated for readers of these languages; what was wanted before stays as it is. A sensitive text is left alone: see `want_sensitive`."""
    if not text.is_sensitive:
        _want(text, languages)


def want_sensitive(text: Text, language: str) -> None:
    """Have a safeguarding matter translated, at the click of a person who may see it."""
    _want(text, [language])


def _want(text: Text, languages: Iterable[str]) -> None:
    for language in languages:
        if not same_language(text.language, language) and text.translation(language) is None:
            text.translations.append(TextTranslation(language=language, state=TranslationState.WANTED))


def wanted(school: School, limit: int) -> Sequence[TextTranslation]:
    """Translations that may be tried now, the oldest text first."""
    due = or_(TextTranslation.next_at.is_(None), TextTranslation.next_at <= school.now)
    statement = select(TextTranslation).where(TextTranslation.state == TranslationState.WANTED, due)
    return school.session.scalars(statement.order_by(TextTranslation.text_id, TextTranslation.language).limit(limit)).all()


def translated(translation: TextTranslation, words: str, provider: str) -> None:
    """It was translated by `provider`: the words with every name, date and number in its place."""
    translation.words, translation.provider, translation.state, translation.reason = words, provider, TranslationState.DONE, ""


def not_translated(school: School, translation: TextTranslation, reason: str, *, may_try_again: bool = True) -> None:
    """Nobody could. It is tried again after growing waits, four times in all, if that may help."""
    translation.attempts += 1
    translation.reason = reason[:200]
    if may_try_again and translation.attempts < ATTEMPTS:
        translation.next_at = school.now + FIRST_WAIT * 4 ** (translation.attempts - 1)
    else:
        translation.state = TranslationState.FAILED


def is_awaited(text: Text, language: str) -> bool:
    """Whether a translation for this reader may still come."""
    found = text.translation(language)
    return found is not None and found.state == TranslationState.WANTED


def carried(school: School, message: Message, carried_texts: Iterable[Text]) -> None:
    """Remember which texts a message carries, each once however often it says them, so that its reader can ask for the original."""
    school.session.flush()
    if ids := dict.fromkeys(text.id for text in carried_texts):
        school.session.execute(text_messages.insert(), [{"text_id": each, "message_id": message.id} for each in ids])


def last_translated_for(school: School, adult: Adult, *, within: timedelta = REMEMBERED) -> Text | None:
    """The text of the newest message of the last week (or `within`) that a computer translated for this adult."""
    statement = (
        select(Text)
        .join(text_messages, text_messages.c.text_id == Text.id)
        .join(Message, text_messages.c.message_id == Message.id)
        .where(Message.adult_id == adult.id, Message.created_at > school.now - within)
        .order_by(Message.id.desc())
        .limit(20)
    )
    return next((text for text in school.session.scalars(statement) if text.read_in(adult.language).is_machine), None)


def was_told_today(school: School, adult: Adult, *, but: int | None = None) -> bool:
    """Whether a message with a machine's words was made for this adult today, so that the line that says so need not be said again."""
    statement = (
        select(Text)
        .join(text_messages, text_messages.c.text_id == Text.id)
        .join(Message, text_messages.c.message_id == Message.id)
        .where(Message.adult_id == adult.id, Message.claimed_at >= datetime.combine(school.today, time(), LONDON), Message.id != (but or 0))
    )
    return any(text.read_in(adult.language).is_machine for text in school.session.scalars(statement))
