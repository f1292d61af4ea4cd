"""A questionnaire as it is typed into its form: read question by question, drawn again as it was typed, each fault at its field.

A draft may have faults and is kept with them; what cannot be kept at all (letters for a number) is told before anything is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeVar

from fastapi import Response

from console import whom
from console.desk import Desk
from console.desk import Form as Fields
from school import kept_files
from school.audiences import EVERYONE
from school.questionnaire_form import MOST_CHOICES, MOST_DAYS, MOST_QUESTIONS, OTHER, SCALES, Asked, Fault, Form, Per, Privacy, QuestionKind, keys
from translations import scales

__all__ = ["KINDS", "PER", "PRIVACY", "Condition", "Row", "Show", "arranged", "at_fields", "read", "rows", "words_of"]

Show = Callable[[Desk], Response]
Chosen = TypeVar("Chosen", bound=StrEnum)

KINDS: Mapping[str, str] = {
    QuestionKind.CHOICE: "One of several choices",
    QuestionKind.SEVERAL: "As many of the choices as fit",
    QuestionKind.SCALE: "A scale",
    QuestionKind.YES_NO: "Yes or no",
    QuestionKind.NUMBER: "A number",
    QuestionKind.DATE: "A day",
    QuestionKind.TEXT: "Their own words",
}
PER: Mapping[str, str] = {
    Per.ADULT: "Each adult, once",
    Per.CHILD: "Each adult, once for each of their children",
    Per.FAMILY: "Each family, once: whoever answers first",
}
PRIVACY: Mapping[str, tuple[str, str]] = {
    Privacy.NAMED: ("Named", "Staff see who answered what, and families are told so."),
    Privacy.PRIVATE: (
        "Private",
        "Asked in the chat, where staff could read along until someone has finished; then their name comes off and the texts are deleted.",
    ),
    Privacy.ANONYMOUS: ("Anonymous", "Asked on a web page that knows nobody: not who answered what, nor who answered at all."),
}
"""What each is called, and what it promises."""
A_NUMBER = "Write a whole number."
A_PICTURE = "Choose a picture: a JPEG, PNG, GIF or WebP of at most 5 MB."
_KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")
_WITH_CHOICES = (QuestionKind.CHOICE, QuestionKind.SEVERAL)
_STEERS = (*_WITH_CHOICES, QuestionKind.SCALE, QuestionKind.YES_NO)


@dataclass(frozen=True)
class Condition:
    """That a question is asked only after some answers to another: that one's key and words; each answer with what stands for it, and whether it is one."""

    key: str
    words: str
    answers: Sequence[tuple[str, str, bool]]


@dataclass(frozen=True)
class Row:
    """One question as it stands in the form: what it hangs on, and the earlier questions that it could hang on, by key."""

    number: int
    asked: Asked
    conditions: Sequence[Condition]
    earlier: Sequence[tuple[str, str]]

    def bound(self, name: str) -> str:
        """What stands in 'least' or 'most'."""
        found: int | None = getattr(self.asked, name)
        return "" if found is None else str(found)


def words_of(asked: Asked) -> Mapping[str, str]:
    """How each answer reads in English, by its key; none where it is not chosen."""
    if asked.kind not in _STEERS:
        return {}
    shipped = [point.render("en") for point in scales.POINTS.get(asked.scale or "", ())]
    named = {"yes": "Yes", "no": "No", OTHER: "Something else"} | {str(place): words for place, words in enumerate(asked.choices or shipped, start=1)}
    return {key: named[key] for key in keys(asked)}


# Drawn


def rows(desk: Desk, form: Form) -> Sequence[Row]:
    """The questions as the form shows them: as they were typed, where it comes back with a fault, else as they are kept."""
    every = _questions(desk.filled, form) if desk.filled is not None else form.questions
    return [_row(every, place) for place in range(len(every))]


def _row(every: Sequence[Asked], place: int) -> Row:
    by_key = {asked.key: (number, asked) for number, asked in enumerate(every, start=1)}
    asked = every[place]
    conditions = [_condition(*by_key[key], wanted) for key, wanted in asked.only_if.items() if key in by_key]
    earlier = [
        (each.key, _called(number, each)) for number, each in enumerate(every[:place], start=1) if each.kind in _STEERS and each.key not in asked.only_if
    ]
    return Row(place + 1, asked, conditions, earlier)


def _condition(number: int, asked: Asked, wanted: Sequence[str]) -> Condition:
    answers = [(f"{asked.key}:{_standing_for(asked, key)}", words, key in wanted) for key, words in words_of(asked).items()]
    return Condition(asked.key, _called(number, asked), answers)


def _called(number: int, asked: Asked) -> str:
    words = asked.ask or "a question without words"
    return f"{number}. {words if len(words) <= 60 else f'{words[:59]}…'}"


def _standing_for(asked: Asked, key: str) -> str:
    """A choice stands there by its words, which stay when its place among the others changes."""
    return f"={asked.choices[int(key) - 1]}" if asked.choices and key.isdecimal() else key


# Read


def read(desk: Desk, again: Show, kept: Form) -> Form:
    """What was typed, as a draft can keep it. What cannot be kept is told at its field. Pictures that were brought are kept."""
    faults = dict(_unreadable(desk))
    audience = whom.picked(desk, kept.audience)
    if audience is None:
        faults["to"] = "Choose who is asked."
    questions = _questions(desk.form, kept)
    if faults:
        faults |= {name: "Choose the picture once more: no browser keeps it." for name in _brought(desk) if name not in faults}
        desk.wrong(again, **faults)
    text = desk.form.text
    return Form(
        title=_on_one_line(text("title")),
        opening=text("opening"),
        thanks=text("thanks"),
        per=_one_of(Per, text("per"), Per.ADULT),
        privacy=_one_of(Privacy, text("privacy"), Privacy.PRIVATE),
        audience=audience or EVERYONE,
        days=desk.form.number("days") or 1,
        questions=[replace(asked, picture_id=_picture(desk, number, asked)) for number, asked in enumerate(questions, start=1)],
    )


def _unreadable(desk: Desk) -> Iterator[tuple[str, str]]:
    if not 1 <= (desk.form.number("days") or 0) <= MOST_DAYS:
        yield "days", f"Write a number of days from 1 to {MOST_DAYS}."
    if desk.form.text("privacy") == Privacy.ANONYMOUS and desk.form.text("per") in (Per.CHILD, Per.FAMILY):
        yield "per", "An anonymous page does not know whose it is: ask each adult, or not anonymously."
    for number in _numbers(desk.form):
        for name in (f"least-{number}", f"most-{number}"):
            if desk.form.text(f"kind-{number}") == QuestionKind.NUMBER and desk.form.text(name) and _whole(desk.form, name) is None:
                yield name, A_NUMBER
    for name, brought in _brought(desk).items():
        if not isinstance(brought, kept_files.Examined) or not brought.media_type.startswith("image/"):
            yield name, A_PICTURE


def _brought(desk: Desk) -> Mapping[str, object]:
    """The pictures that came along, by field, as they were looked at before the transaction."""
    return desk.prepared or {}


def _numbers(fields: Fields) -> range:
    return range(1, min(fields.number("count") or 0, MOST_QUESTIONS) + 1)


def _questions(fields: Fields, kept: Form) -> Sequence[Asked]:
    before = {asked.key: asked for asked in kept.questions}
    found: list[Asked] = []
    for number in _numbers(fields):
        key = fields.text(f"key-{number}", 40)
        taken = [asked.key for asked in found]
        found.append(_question(fields, number, key if _KEY.fullmatch(key) and key not in taken else new_key([*taken, *before]), before))
    return [replace(asked, only_if=_only_if(fields, number, found, before)) for number, asked in enumerate(found, start=1)]


def new_key(taken: Sequence[str]) -> str:
    """A key for one more question."""
    return next(key for number in range(1, len(taken) + 2) if (key := f"q{number}") not in taken)


def _question(fields: Fields, number: int, key: str, before: Mapping[str, Asked]) -> Asked:
    """One question; what its kind has no use for is left out."""
    kind = _one_of(QuestionKind, fields.text(f"kind-{number}"), QuestionKind.CHOICE)
    scale = fields.text(f"scale-{number}") if kind == QuestionKind.SCALE else ""
    has_own = kind in _WITH_CHOICES or (kind == QuestionKind.SCALE and scale not in SCALES)
    is_number = kind == QuestionKind.NUMBER
    known = before.get(key)
    return Asked(
        key=key,
        ask=_on_one_line(fields.text(f"ask-{number}")),
        kind=kind,
        choices=_lines(fields.text(f"choices-{number}")) if has_own else (),
        takes_other=kind in _WITH_CHOICES and fields.has(f"other-{number}"),
        scale=scale if scale in SCALES else None,
        least=_whole(fields, f"least-{number}") if is_number else None,
        most=_whole(fields, f"most-{number}") if is_number else None,
        is_optional=fields.has(f"optional-{number}"),
        picture_id=known.picture_id if known is not None else None,
    )


def _only_if(fields: Fields, number: int, every: Sequence[Asked], before: Mapping[str, Asked]) -> Mapping[str, Sequence[str]]:
    """What it hangs on: what stood there, with the answers that are ticked, and what was chosen to be added."""
    by_key = {asked.key: asked for asked in every}
    ticked = [tuple(each.split(":", maxsplit=1)) for each in fields.all(f"only-{number}") if ":" in each]
    named = dict.fromkeys([*fields.all(f"hangs-{number}"), fields.text(f"on-{number}")])
    return {
        key: [found for of, answer in ticked if of == key and (found := _key_of(answer, by_key[key], before.get(key))) is not None]
        for key in named
        if key in by_key and key != every[number - 1].key
    }


def _key_of(answer: str, now: Asked, before: Asked | None) -> str | None:
    """The key of a ticked answer, be its choice at another place by now, or in other words; None where it is gone."""
    if not answer.startswith("="):
        return answer if answer in keys(now) and not (now.choices and answer.isdecimal()) else None
    words = answer[1:]
    if words in now.choices:
        return str(list(now.choices).index(words) + 1)
    if before is None or words not in before.choices or len(before.choices) != len(now.choices):
        return None
    place = list(before.choices).index(words)
    return str(place + 1) if now.choices[place] not in before.choices else None


def _picture(desk: Desk, number: int, asked: Asked) -> int | None:
    brought = _brought(desk).get(f"picture-{number}")
    if isinstance(brought, kept_files.Examined):
        return kept_files.keep_examined(desk.school, brought).id
    return asked.picture_id if not desk.form.has(f"no_picture-{number}") else None


def _on_one_line(text: str) -> str:
    return " ".join(text.split())


def _lines(text: str) -> tuple[str, ...]:
    """The choices; one more than a phone shows is kept, so that it is told."""
    return tuple(line for each in text.split("\n") if (line := _on_one_line(each)))[: MOST_CHOICES * 5]


def _whole(fields: Fields, name: str) -> int | None:
    written = fields.text(name, 10)
    return int(written) if re.fullmatch(r"-?[0-9]{1,8}", written) else None


def _one_of(kinds: type[Chosen], written: str, default: Chosen) -> Chosen:
    return next((each for each in kinds if each == written), default)


# Put in another order


def arranged(form: Form, do: str) -> tuple[Form, int]:
    """The form after one of its buttons: 'add', 'up-2', 'down-2', 'remove-2', 'always-2'; and the number of the question to look at then, 0 of none."""
    what, _, written = do.partition("-")
    questions, number = list(form.questions), int(written) if written.isascii() and written.isdecimal() and len(written) < 4 else 0
    if what == "add" and len(questions) < MOST_QUESTIONS:
        return replace(form, questions=[*questions, Asked(new_key([asked.key for asked in questions]), "", QuestionKind.CHOICE)]), len(questions) + 1
    if not 1 <= number <= len(questions):
        return form, 0
    if what == "remove":
        gone = questions.pop(number - 1)
        return replace(form, questions=[_without(asked, gone.key) for asked in questions]), min(number, len(questions))
    if what == "always":
        questions[number - 1] = replace(questions[number - 1], only_if={})
    to = number + {"up": -1, "down": 1}.get(what, 0)
    if not 1 <= to <= len(questions):
        return form, number
    questions.insert(to - 1, questions.pop(number - 1))
    return replace(form, questions=questions), to


def _without(asked: Asked, key: str) -> Asked:
    return replace(asked, only_if={other: wanted for other, wanted in asked.only_if.items() if other != key})


# What is wrong


_FIELDS: Mapping[str, str] = {"id": "ask", "points": "scale", "other": "choices", "only_if": "on"}
"""The field at which a fault of a question stands, where it is called otherwise."""


def at_fields(form: Form, found: Sequence[Fault]) -> Mapping[str, str]:
    """Each fault at its field, the first of each; a question is named by its words there, and not by its key."""
    told: dict[str, str] = {}
    for fault in found:
        told.setdefault(_field(fault), _named(form, fault))
    return told


def _field(fault: Fault) -> str:
    if fault.where[0] != "questions" or len(fault.where) == 1:
        return str(fault.where[0])
    name = str(fault.where[2])
    return f"{_FIELDS.get(name, name)}-{int(fault.where[1]) + 1}"


def _named(form: Form, fault: Fault) -> str:
    said = fault.what
    for number, asked in enumerate(form.questions, start=1):
        said = said.replace(f"'{asked.key}'", f"'{_called(number, asked)}'")
    is_of_line = len(fault.where) == 4
    return f"Line {int(fault.where[3]) + 1}: {said}" if is_of_line else said
