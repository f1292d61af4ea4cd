"""Which of the options that were shown an answer means: by number, by label, by its beginning, in the parent's language or English, against those alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from bot.conversation.mentions import stands_in
from bot.conversation.state import Option, Question
from nlu.wordlists import fold

MORE = "more"
"""The id of the option that shows further ones."""
POLITE = frozenset({"please", "pls", "plz", "yes", "yeah", "yep", "ok", "okay", "thanks", "thank", "you", "ta", "just", "then", "now"})
"""Words that change nothing about an answer."""
NEGATIONS = frozenset({"not", "dont", "don", "never", "cant", "cannot", "wont", "didnt", "no", "nor", "without", "instead"})
"""Words beside which a label may mean its opposite. In English: labels are matched in English and in the reader's language, and longer texts in other
languages are left to the classifier."""
Number = Callable[[str], int | None]
"""Reads a whole message that is a number: '2', 'two', 'the second one'; negative counts from the end."""


def by_button(question: Question, payload: str) -> Option | None:
    """The option whose button was pressed; None if the button belongs to another question."""
    asked, _, option = payload.partition(".")
    return next((known for known in question.options if known.id == option), None) if asked == question.id else None


def by_number(question: Question, number: int) -> Option | None:
    """The option with this number, 1 the first, -1 the last; 'More' has a number, but is never the last."""
    options = question.options if number > 0 else [option for option in question.options if option.id != MORE]
    index = number - 1 if number > 0 else len(options) + number
    return options[index] if 0 <= index < len(options) else None


def by_meaning(question: Question, intents: Iterable[str]) -> Option | None:
    """The only option that messages with these intents mean at this question: a bare no ('deny'), or 'sorry, we cannot come' ('decline_invitation')."""
    meant = {question.means.get(intent) for intent in intents}
    found = [option for option in question.options if option.id in meant]
    return found[0] if len(found) == 1 else None


def by_label(question: Question, text: str) -> Option | None:
    """The option whose whole label the text is."""
    said = fold(text)
    return next((option for option in question.options if said and said in (fold(option.label), fold(option.english))), None)


def by_words(question: Question, text: str) -> Option | None:
    """The only option whose label the text is, begins, or names in full; None where none or several are meant.

    Beside a question for free text, or one that takes own words, an option must be named exactly: 'nothing much, but …' is no 'Nothing'. Beside a
    confirmation too, but for polite words: 'do not book it' and 'book it for 4 instead' both hold 'book it', and neither means it.
    """
    if takes_any_words(question):
        return by_label(question, text)
    said = fold(text)
    if not said:
        return None
    if question.kind == "confirm":
        said = " ".join(word for word in said.split() if word not in POLITE) or said
    labels = [(option, {fold(option.label), fold(option.english)}) for option in question.options]
    loosely = question.kind != "confirm" and not is_negated(said)
    for matches in (_equal, _begins, *((_within,) if loosely else ())):
        found = [option for option, spellings in labels if any(matches(said, label) for label in spellings if label)]
        if len(found) == 1:
            return found[0]
    return _opened_with(labels, said, question) if question.kind == "choose" else None


def _opened_with(labels: Sequence[tuple[Option, set[str]]], said: str, question: Question) -> Option | None:
    """The yes or no that a text begins with, where those are the options: 'no, never', 'yes but not always'."""
    meant = set(question.means.values())
    found = [option for option, spellings in labels if option.id in meant and any(said.startswith(f"{label} ") for label in spellings if label)]
    return found[0] if len(found) == 1 else None


def takes_any_words(question: Question) -> bool:
    """Whether whatever is written is an answer to it: 'I wanted to say thank you' too."""
    return question.kind == "text" or question.own_words is not None


def meant_instead(question: Question, text: str, number: int | None, *, is_listed: bool) -> Option | None:
    """The answer to this question that someone says they meant; where `is_listed`, one of those that were shown. None where it is no answer."""
    if question.hears == "number" and number is not None:
        return Option("", text, text, ["", number])
    matches = by_label if is_listed else by_words
    option = by_number(question, number) if number is not None else matches(question, text)
    if option is None and takes_any_words(question) and not is_listed:
        return Option("", text, text, ["", text])
    return option if option is None or option.id != MORE else None


def refused(question: Question, text: str) -> bool:
    """Whether a text says in so many words that what a confirmation asks is not wanted: 'please do not book it yet'."""
    said = fold(text)
    yes = {fold(question.options[0].label), fold(question.options[0].english)}
    return is_negated(said) and any(f" {label} " in f" {said} " for label in yes if label)


def is_negated(said: str) -> bool:
    """Whether a folded text holds a word that turns round what stands beside it."""
    return not NEGATIONS.isdisjoint(said.split())


def mentioned(options: Sequence[Option], text: str) -> Option | None:
    """The only option whose label stands somewhere in the text, or one of the words of which it is a list, with commas."""
    found = [option for option in options if stands_in(text, f"{option.label},{option.english}")]
    return found[0] if len(found) == 1 else None


def _equal(said: str, label: str) -> bool:
    return said == label


def _begins(said: str, label: str) -> bool:
    return (len(said) >= 2 and f"{label} ".startswith(f"{said} ")) or (len(said) >= 3 and label.startswith(said))


def _within(said: str, label: str) -> bool:
    return f" {label} " in f" {said} " or (len(said) >= 4 and f" {said} " in f" {label} ")
