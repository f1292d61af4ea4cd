"""What a turn says: the sentences of its dialogues, the open question, and what an honest translation says of itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.conversation.chat import Said, in_both
from bot.conversation.state import Frame, Identity, Question
from data.people import Adult
from data.texts import Text
from school import School, texts
from translations import LanguageName, Phrase, _, keywords, spoken

# Translators: stands under a message that a computer translated. {original} is a word to text back.
BY_COMPUTER = _("Translated by a computer. {original} shows it as it was written.")
# Translators: stands under a message that could not be translated. {language} is the one it is written in. {person} is a word to text back.
AS_WRITTEN = _("This message is in {language}: nobody could translate it yet. {person} gets you a person.")


@dataclass
class Reply:
    """What is to be said now, as one message. `choices` are (button id, label); `texts` are what people wrote that it carries.

    `english` is the same with its choices as staff read it, '' where it was said in English.
    """

    text: str
    choices: list[tuple[str, str]] = field(default_factory=list)
    attachment: Identity | None = None
    asks_contact: bool = False
    must_arrive: bool = False
    question: Question | None = None
    texts: list[Text] = field(default_factory=list)
    english: str = ""


class Saying:
    """What one turn says, put together from what its dialogues say. `language` is what a stranger is spoken to in."""

    def __init__(self, school: School, adult: Adult | None, language: str) -> None:
        self._school, self._adult, self._language = school, adult, spoken(language)
        self._sentences: list[str] = []
        self._english: list[str] = []
        self._texts: list[Text] = []
        self._attachment: Identity | None = None
        self._asks_contact = self._must_arrive = False

    @property
    def language(self) -> str:
        """The language that is spoken now: theirs, from the moment they choose another."""
        return spoken(self._adult.language) if self._adult is not None else self._language

    def first(self, sentence: Phrase) -> None:
        """Have a sentence said before all else in this turn."""
        words, english = in_both(sentence, self.language)
        self._sentences.append(words)
        self._english.append(english)

    def again(self, question: str) -> None:
        """Have a question said once more, in other words that are worded already."""
        self._sentences.append(question)

    def collect(self, frame: Frame, said: Said) -> None:
        """Take over what one run of a dialogue says."""
        self._sentences += [*frame.preface, *said.sentences]
        self._english += [*frame.preface, *said.english]
        self._texts += said.texts
        frame.preface = []
        self._attachment = said.attachment or self._attachment
        self._asks_contact |= said.asks_contact
        self._must_arrive |= said.must_arrive

    def reply(self, question: Question | None) -> Reply:
        """All that was said, the open question last."""
        sentences = [*self._sentences, *self._notes(), *([question.sentence] if question else [])]
        choices = [(f"{question.id}.{option.id}", option.label) for option in question.options] if question else []
        english = "" if self.language == "en" else self._in_english(question)
        return Reply("\n".join(sentences), choices, self._attachment, self._asks_contact, self._must_arrive, question, self._texts, english)

    def _in_english(self, question: Question | None) -> str:
        options = [f"{number} {option.english}" for number, option in enumerate(question.options, start=1)] if question else []
        return "\n".join([*self._english, *([question.english] if question else []), *options])

    def _notes(self) -> list[str]:
        """What an honest translation says of itself: once a day that a computer made it, and always that there is none."""
        if self._adult is None or not self._texts:
            return []
        readings = [text.read_in(self._adult.language) for text in self._texts]
        notes = [AS_WRITTEN.format(language=LanguageName(text.language), person=keywords.PERSON) for text in _foreign(self._texts, self._adult.language)[:1]]
        if any(reading.is_machine for reading in readings) and not texts.was_told_today(self._school, self._adult):
            notes.append(BY_COMPUTER.format(original=keywords.ORIGINAL))
        return [note.render(self.language) for note in notes]


def _foreign(carried: Sequence[Text], language: str) -> list[Text]:
    return [text for text in carried if text.read_in(language).is_foreign]
