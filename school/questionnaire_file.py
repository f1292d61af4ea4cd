"""A questionnaire as a file: YAML, read with the line of every fault. docs/questionnaires.md describes it.

Its own refusal:

    Refusal
    └── BadFile         it cannot be asked as it stands; `faults` say what is wrong, by line and question
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

import data
from school import School, audiences
from school.audiences import EVERYONE, Audience, NoSuchAudience
from school.errors import Refusal
from school.questionnaire_form import OTHER, SCALES, Asked, Fault, Form, Per, Privacy, QuestionKind, Where, faults, keys

__all__ = ["MOST_BYTES", "BadFile", "FaultAt", "Shipped", "read", "shipped", "shipped_files"]

MOST_BYTES = 200_000
SHIPPED = Path(data.__file__).parent / "questionnaires"
"""Where questionnaires stand that any school can begin with."""
_KINDS = {"yes/no": QuestionKind.YES_NO} | {str(kind.value): kind for kind in QuestionKind}
_TOP = ("title", "opening", "thanks", "for", "answers", "to", "days", "questions")
_QUESTION = ("id", "ask", "kind", "choices", "other", "points", "least", "most", "optional", "only if", "picture")
_SAID = {"per": "for", "privacy": "answers", "only_if": "only if"}
"""How the file calls what the form calls otherwise."""


@dataclass(frozen=True)
class FaultAt:
    """One thing that is wrong: in which line (1 the first; 0 the whole file), in which question, if in one, and what, in English."""

    line: int
    question: str
    what: str

    def __str__(self) -> str:
        where = f"line {self.line}" if self.line else "the file"
        return f"{where}, question '{self.question}': {self.what}" if self.question else f"{where}: {self.what}"


@dataclass(eq=False)
class BadFile(Refusal):
    """It cannot be asked as it stands."""

    faults: Sequence[FaultAt]


def read(school: School, content: bytes) -> Form:
    """The questionnaire that a file describes. Refuses with BadFile, which names every fault that could be found."""
    reading = _Reading()
    root = _root(content)
    found = reading.plain(root, ())
    if not isinstance(found, dict):
        raise BadFile([FaultAt(1, "", "It must be a list of names with values: title, questions and so on.")])
    form = _form(school, reading, found)
    reading.faults += [fault for fault in faults(form) if not reading.is_known(fault.where)]
    if reading.faults:
        raise BadFile(sorted((_at(reading, form, fault) for fault in reading.faults), key=lambda fault: fault.line))
    return form


def shipped_files() -> Mapping[str, bytes]:
    """The questionnaires that Bookbag brings along, by name: files to open as they are, or to copy and change."""
    return {path.stem: path.read_bytes() for path in sorted(SHIPPED.glob("*.yml"))}


@dataclass(frozen=True)
class Shipped:
    """A questionnaire that comes with Bookbag, by the name of its file."""

    name: str
    form: Form


def shipped(school: School) -> Sequence[Shipped]:
    """The same as forms, by title. One that this school cannot ask, be it for a class that it does not have, is left out."""
    found = []
    for name, content in shipped_files().items():
        with suppress(BadFile):
            found.append(Shipped(name, read(school, content)))
    return sorted(found, key=lambda each: each.form.title.casefold())


def _root(content: bytes) -> yaml.Node | None:
    if len(content) > MOST_BYTES:
        raise BadFile([FaultAt(0, "", f"It has more than {MOST_BYTES // 1000} kilobytes.")])
    try:
        text = content.decode()
        alias = next((event for event in yaml.parse(text) if isinstance(event, yaml.AliasEvent)), None)
        if alias is not None:  # it may hold itself, or grow without end
            line = alias.start_mark.line + 1 if alias.start_mark is not None else 0
            raise BadFile([FaultAt(line, "", f"'*{alias.anchor}' stands for something else: write that out.")])
        return yaml.compose(text, Loader=yaml.BaseLoader)  # every value stays as it was written: to YAML 'no' is false
    except UnicodeDecodeError:
        raise BadFile([FaultAt(0, "", "It is not UTF-8 text.")]) from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark is not None else 0
        raise BadFile([FaultAt(line, "", f"It is no YAML: {error.problem}.")]) from None
    except (yaml.YAMLError, RecursionError):
        raise BadFile([FaultAt(0, "", "It is no YAML.")]) from None


@dataclass
class _Reading:
    """What was read so far: the line of each place, and what is wrong."""

    lines: dict[Where, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def plain(self, node: yaml.Node | None, where: Where) -> Any:
        """A node as text, lists and dicts."""
        if node is None:
            return None
        self.lines[where] = node.start_mark.line + 1
        if isinstance(node, yaml.SequenceNode):
            return [self.plain(item, (*where, place)) for place, item in enumerate(node.value)]
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, where)
        return str(node.value)

    def _mapping(self, node: yaml.MappingNode, where: Where) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in node.value:
            name = str(key.value)
            if name in found:
                self.fault((*where, name), f"'{name}' stands there twice.")
            found[name] = self.plain(value, (*where, name))
            self.lines[*where, name] = key.start_mark.line + 1
        return found

    def fault(self, where: Where, what: str) -> None:
        self.faults.append(Fault(where, what))

    def is_known(self, where: Where) -> bool:
        """Whether something is said of this place already, or of one that holds it."""
        return any(_called(fault.where)[: len(_called(where))] == _called(where) for fault in self.faults)

    def line(self, where: Where) -> int:
        """The line of a place, or of the nearest that holds it."""
        while where and where not in self.lines:
            where = where[:-1]
        return self.lines.get(where, 1)


def _called(where: Where) -> Where:
    return tuple(_SAID.get(part, part) if isinstance(part, str) else part for part in where)


def _at(reading: _Reading, form: Form, fault: Fault) -> FaultAt:
    where = _called(fault.where)
    place = where[1] if len(where) > 1 and where[0] == "questions" else None
    question = form.questions[place] if isinstance(place, int) and place < len(form.questions) else None
    return FaultAt(reading.line(where), question.key or f"number {place}" if question else "", fault.what)


def _form(school: School, reading: _Reading, found: Mapping[str, Any]) -> Form:
    _only(reading, found, _TOP, ())
    questions = found.get("questions") or []
    if not isinstance(questions, list):
        reading.fault(("questions",), "'questions' must be a list.")
        questions = []
    asked: list[Asked] = []
    for place, each in enumerate(questions):
        asked.append(_question(reading, each, ("questions", place), asked))
    return Form(
        title=_text(reading, found, "title", ()),
        opening=_text(reading, found, "opening", ()),
        thanks=_text(reading, found, "thanks", ()),
        per=_one_of(reading, found, "for", {str(per.value): per for per in Per}, Per.ADULT),
        privacy=_one_of(reading, found, "answers", {str(each.value): each for each in Privacy}, Privacy.PRIVATE),
        audience=_audience(school, reading, found),
        days=_whole(reading, found, "days", ()) or 14,
        questions=asked,
    )


def _audience(school: School, reading: _Reading, found: Mapping[str, Any]) -> Audience:
    written = _text(reading, found, "to", ())
    if not written:
        return EVERYONE
    try:
        return audiences.parse(school, written)
    except NoSuchAudience as refusal:
        reading.fault(("to",), f"'{written}' is nobody here. It could be: {', '.join(refusal.near) or 'everyone'}.")
        return EVERYONE


def _question(reading: _Reading, found: Any, where: Where, before: Sequence[Asked]) -> Asked:
    if not isinstance(found, dict):
        reading.fault(where, "A question must be a list of names with values: id, ask, kind and so on.")
        return Asked("", "", QuestionKind.TEXT)
    _only(reading, found, _QUESTION, where)
    points = found.get("points")
    kind = _one_of(reading, found, "kind", _KINDS, QuestionKind.TEXT, where)
    if kind == QuestionKind.SCALE and isinstance(points, str) and points not in SCALES:
        reading.fault((*where, "points"), f"There is no scale '{points}'. Say {', '.join(SCALES)}, or write the points as a list.")
    if "picture" in found:
        reading.fault((*where, "picture"), "A picture is put to a question on its page in the console; a file cannot hold one.")
    made = Asked(
        key=_text(reading, found, "id", where),
        ask=_text(reading, found, "ask", where),
        kind=kind,
        choices=tuple(_words(reading, found, "choices" if kind != QuestionKind.SCALE else "points", where)),
        takes_other=_flag(reading, found, "other", where),
        scale=points if isinstance(points, str) and points in SCALES else None,
        least=_whole(reading, found, "least", where),
        most=_whole(reading, found, "most", where),
        is_optional=_flag(reading, found, "optional", where),
    )
    return replace(made, only_if=dict(_condition(reading, found, where, before)))


def _condition(reading: _Reading, found: Mapping[str, Any], where: Where, before: Sequence[Asked]) -> Iterator[tuple[str, Sequence[str]]]:
    """The answers that a question hangs on, by their keys: in the file they are written out."""
    given = found.get("only if", {})
    if not isinstance(given, dict):
        reading.fault((*where, "only if"), "'only if' must name a question and its answers: {happy: [No]}.")
        return
    by_key = {other.key: other for other in before}
    for key, answers in given.items():
        written = answers if isinstance(answers, list) else [answers]
        yield key, [_key_of(by_key.get(key), str(each)) for each in written]


def _key_of(asked: Asked | None, written: str) -> str:
    """The key of an answer that is written as its words, its number or its key; as it stands where it is none."""
    if asked is None:
        return written
    folded = [choice.casefold() for choice in asked.choices]
    if written.casefold() in folded:
        return str(folded.index(written.casefold()) + 1)
    return written.casefold() if written.casefold() in (*keys(asked), OTHER) else written


# One value


def _only(reading: _Reading, found: Mapping[str, Any], known: Sequence[str], where: Where) -> None:
    for name in found:
        if name not in known:
            reading.fault((*where, name), f"'{name}' is not known here. Known are: {', '.join(known)}.")


def _text(reading: _Reading, found: Mapping[str, Any], name: str, where: Where) -> str:
    value = found.get(name, "")
    if isinstance(value, str):
        return " ".join(value.split())
    reading.fault((*where, name), f"'{name}' must be text.")
    return ""


def _words(reading: _Reading, found: Mapping[str, Any], name: str, where: Where) -> Iterator[str]:
    value = found.get(name, [])
    if isinstance(value, str) and name == "points":
        return
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        reading.fault((*where, name), f"'{name}' must be a list of words.")
        return
    yield from (" ".join(each.split()) for each in value)


def _whole(reading: _Reading, found: Mapping[str, Any], name: str, where: Where) -> int | None:
    value = found.get(name)
    if value is None:
        return None
    try:
        return int(value)
    except (TypeError, ValueError):
        reading.fault((*where, name), f"'{name}' must be a whole number.")
        return None


def _flag(reading: _Reading, found: Mapping[str, Any], name: str, where: Where) -> bool:
    return bool(_one_of(reading, found, name, {"yes": True, "true": True, "no": False, "false": False}, default=False, where=where))


def _one_of(reading: _Reading, found: Mapping[str, Any], name: str, known: Mapping[str, Any], default: Any, where: Where = ()) -> Any:
    if name not in found:
        if name == "kind":
            reading.fault(where, f"It does not say of what kind it is: {', '.join(known)}.")
        return default
    value = found[name]
    if not isinstance(value, str) or value.casefold() not in known:
        reading.fault((*where, name), f"'{name}' must be one of {', '.join(known)}.")
        return default
    return known[value.casefold()]
