"""What was typed on the page of an anonymous questionnaire: read field by field, as answers, and as it is shown again when something is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from urllib.parse import parse_qs

from school.questionnaires import OTHER, Question, QuestionKind
from school.responses import SKIPPED, Given

MOST_FIELDS = 600
"""Forty questions of ten choices and a line each are 440."""
CHOSEN = (QuestionKind.CHOICE, QuestionKind.SEVERAL, QuestionKind.SCALE, QuestionKind.YES_NO)
_KEPT_BREAKS = {"\n", "\t"}


@dataclass(frozen=True)
class Typed:
    """What stands in the fields of one question: what is ticked, what is written, and what is written beside 'something else'."""

    chosen: Sequence[str] = ()
    text: str = ""
    words: str = ""


Fields = Mapping[str, Sequence[str]]


def fields_of(body: bytes) -> Fields:
    """The fields of a form as a browser sends it. Raises ValueError for more of them than a questionnaire has."""
    return parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MOST_FIELDS)


def words_field(question: Question) -> str:
    """The name of the field beside 'something else': no key has a dot."""
    return f"{question.key}.words"


def typed(question: Question, fields: Fields) -> Typed:
    """What was typed to one question."""
    values = fields.get(question.key, ())
    chosen = tuple(value for value in values if value) if question.kind in CHOSEN else ()
    written = _plain("".join(values[:1])) if question.kind not in CHOSEN else ""
    return Typed(chosen, written, _plain("".join(fields.get(words_field(question), ())[:1])))


def as_given(question: Question, said: Typed) -> Given:
    """The same as an answer. What is no number and no day stays as words, which `responses.check` refuses."""
    if question.kind in CHOSEN:
        return _as_chosen(question, said)
    text = said.text.strip()
    if not text:
        return SKIPPED
    if question.kind == QuestionKind.NUMBER:
        number = _number(text)
        return Given(number=number) if number is not None else Given(words=text)
    if question.kind == QuestionKind.DATE:
        on = _day(text)
        return Given(on=on) if on is not None else Given(words=text)
    return Given(words=text)


def _as_chosen(question: Question, said: Typed) -> Given:
    """Words beside 'something else' tick it by themselves, where they leave no doubt."""
    chosen, is_several = said.chosen, question.kind == QuestionKind.SEVERAL
    if question.takes_other and said.words.strip() and OTHER not in chosen and (is_several or not chosen):
        chosen = (*chosen, OTHER)
    return Given(tuple(chosen), words=said.words.strip() if OTHER in chosen else "")


def _plain(value: str) -> str:
    """Without what no keyboard types and a database may refuse; one kind of line break, as a browser counts them."""
    whole = value.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(letter for letter in whole if letter in _KEPT_BREAKS or letter.isprintable() or ord(letter) > 0x9F)


def _number(text: str) -> int | None:
    """A whole number in the digits of any script; None for anything else, and for one with too many digits."""
    digits = text.removeprefix("-").removeprefix("+")
    return int(text) if digits.isdecimal() and len(digits) <= 12 and len(text) - len(digits) <= 1 else None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
