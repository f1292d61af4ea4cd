"""Training data and parse results in Rasa's own formats, so that a school can move in either direction."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from nlu.errors import BadTrainingData, Fault
from nlu.face import Entity, Name, Understanding, When

_ANNOTATION = re.compile(r"\[(?P<text>[^\]\[]+)\](?:\((?P<kind>[^()\s]+)\)|(?P<detail>\{[^{}]*\}))")
_WORD = re.compile(r"\S+")
_KINDS = ("intent", "synonym", "lookup", "regex")


@dataclass(frozen=True)
class Annotation:
    """A marked stretch of an example: offsets into its bare text, the entity's kind, and the value where it differs from the text."""

    start: int
    end: int
    kind: str
    value: str


@dataclass(frozen=True)
class Example:
    """One example, its annotations taken out of the text, and where it stands."""

    text: str
    intent: str
    annotations: tuple[Annotation, ...]
    path: Path
    line: int


@dataclass
class TrainingData:
    """What some nlu.yml files hold together. `synonyms` maps a spelling to its value; `lookups` and `regexes` map a name to its lines."""

    examples: list[Example] = field(default_factory=list)
    synonyms: dict[str, str] = field(default_factory=dict)
    lookups: dict[str, list[str]] = field(default_factory=dict)
    regexes: dict[str, list[str]] = field(default_factory=dict)


def training_files(paths: Iterable[Path]) -> list[Path]:
    """The YAML files that `paths` mean, sorted: a file is itself, a folder its own *.yml and *.yaml but not its subfolders (`test/` must not be trained on)."""
    found: set[Path] = set()
    for path in paths:
        found.update(child for pattern in ("*.yml", "*.yaml") for child in path.glob(pattern)) if path.is_dir() else found.add(path)
    return sorted(found)


def read(paths: Iterable[Path]) -> TrainingData:
    """All examples, synonyms, lookups and regexes in `paths` (files, or folders of them).

    Refuses with BadTrainingData, which names every faulty line of every file.
    """
    data, faults = TrainingData(), list[Fault]()
    files = training_files(paths)
    for path in files:
        _read_file(path, data, faults)
    if faults:
        raise BadTrainingData(faults)
    return data


def to_rasa(understanding: Understanding) -> dict[str, Any]:
    """`understanding` in the shape of the JSON that Rasa's /model/parse answers with; times as {"from", "to", "grain"} in ISO 8601."""
    ranking = understanding.ranking or ((understanding.intent, understanding.confidence),)
    return {
        "text": understanding.text,
        "intent": {"name": understanding.intent, "confidence": understanding.confidence},
        "entities": [_entity(entity) for entity in understanding.entities],
        "text_tokens": [list(match.span()) for match in _WORD.finditer(understanding.text)],
        "intent_ranking": [{"name": name, "confidence": confidence} for name, confidence in ranking],
        "language": understanding.language,
        "decision": understanding.decision.value,
    }


# --- reading


def _read_file(path: Path, data: TrainingData, faults: list[Fault]) -> None:
    import yaml

    try:
        root = yaml.compose(path.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except OSError as error:
        faults.append(Fault(path, 0, f"cannot be read: {error.strerror}"))
    except UnicodeDecodeError:
        faults.append(Fault(path, 0, "is not UTF-8"))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        faults.append(Fault(path, mark.line + 1 if mark else 0, f"is not YAML: {getattr(error, 'problem', None) or 'unreadable'}"))
    else:
        _read_root(path, root, data, faults)


def _read_root(path: Path, root: Any, data: TrainingData, faults: list[Fault]) -> None:
    import yaml

    sections = _mapping(root)
    if sections is None or "nlu" not in sections:
        faults.append(Fault(path, 1, "has no 'nlu' list"))
        return
    items = sections["nlu"]
    if not isinstance(items, yaml.SequenceNode):
        faults.append(Fault(path, items.start_mark.line + 1, "'nlu' is not a list"))
        return
    for item in items.value:
        _read_item(path, item, data, faults)


def _read_item(path: Path, item: Any, data: TrainingData, faults: list[Fault]) -> None:
    line = item.start_mark.line + 1
    fields = _mapping(item)
    kind = next((kind for kind in _KINDS if fields and kind in fields), None)
    if fields is None or kind is None:
        faults.append(Fault(path, line, "expected one of 'intent', 'synonym', 'lookup' or 'regex'"))
        return
    name = str(fields[kind].value).strip()
    if "examples" not in fields or not name:
        faults.append(Fault(path, line, f"{kind} '{name}' has no name or no 'examples'"))
        return
    before = len(faults)
    lines = list(_lines(path, fields["examples"], faults))
    if not lines and len(faults) == before:
        faults.append(Fault(path, line, f"{kind} '{name}' has no examples"))
    for number, text in lines:
        _keep(kind, name, Fault(path, number, text), data, faults)


def _keep(kind: str, name: str, at: Fault, data: TrainingData, faults: list[Fault]) -> None:
    """Put one line where it belongs; `at` carries its file, its line number and its text."""
    if kind == "synonym":
        data.synonyms[at.what] = name
    elif kind == "lookup":
        data.lookups.setdefault(name, []).append(at.what)
    elif kind == "regex":
        data.regexes.setdefault(name, []).append(at.what)
    else:
        try:
            text, annotations = strip_annotations(at.what)
        except ValueError as error:
            faults.append(Fault(at.path, at.line, str(error)))
        else:
            data.examples.append(Example(text, name, annotations, at.path, at.line))


def strip_annotations(marked: str) -> tuple[str, tuple[Annotation, ...]]:
    """The bare text of an example and its annotations. Raises ValueError, saying what is wrong, for a malformed one."""
    bare, annotations, position = "", list[Annotation](), 0
    for match in _ANNOTATION.finditer(marked):
        bare += marked[position : match.start()]
        kind, value = _kind_and_value(match)
        annotations.append(Annotation(len(bare), len(bare) + len(match["text"]), kind, value))
        bare += match["text"]
        position = match.end()
    return bare + marked[position:], tuple(annotations)


def _kind_and_value(match: re.Match[str]) -> tuple[str, str]:
    if match["kind"]:
        kind, _, value = match["kind"].partition(":")
        return kind, value or match["text"]
    try:
        detail = json.loads(match["detail"])
    except json.JSONDecodeError:
        raise ValueError(f"annotation of '{match['text']}' is not JSON") from None
    if "entity" not in detail:
        raise ValueError(f"annotation of '{match['text']}' names no 'entity'")
    return str(detail["entity"]), str(detail.get("value", match["text"]))


def _lines(path: Path, node: Any, faults: list[Fault]) -> Iterator[tuple[int, str]]:
    """Each example under `node` with its line number: Rasa allows a text block of '- ' lines, or a list."""
    import yaml

    if isinstance(node, yaml.SequenceNode):
        yield from _listed(path, node, faults)
    elif isinstance(node, yaml.ScalarNode):
        # A block ('|') begins on the line after its sign, a plain scalar on its own.
        first = node.start_mark.line + (2 if node.style in {"|", ">"} else 1)
        for number, line in enumerate(str(node.value).splitlines(), start=first):
            if not (stripped := line.strip()):
                continue
            if stripped.startswith("- ") and stripped[2:].strip():
                yield number, stripped[2:].strip()
            else:
                faults.append(Fault(path, number, "an example must begin with '- ' and not be empty"))


def _listed(path: Path, node: Any, faults: list[Fault]) -> Iterator[tuple[int, str]]:
    for item in node.value:
        fields = _mapping(item)
        text = fields["text"].value if fields and "text" in fields else item.value
        if isinstance(text, str) and text.strip():
            yield item.start_mark.line + 1, text.strip().removeprefix("- ").strip()
        else:
            faults.append(Fault(path, item.start_mark.line + 1, "an example is not text"))


def _mapping(node: Any) -> dict[str, Any] | None:
    import yaml

    return {str(key.value): value for key, value in node.value} if isinstance(node, yaml.MappingNode) else None


# --- writing


def _entity(entity: Entity) -> dict[str, Any]:
    return {
        "entity": entity.kind,
        "start": entity.start,
        "end": entity.end,
        "value": _value(entity.value),
        "confidence": entity.confidence,
        "confidence_entity": entity.confidence,
        "extractor": "bookbag",
    }


def _value(value: object) -> object:
    if isinstance(value, When):
        return _when(value)
    if isinstance(value, Name):
        return value.label
    return value


def _when(when: When) -> dict[str, object]:
    told: dict[str, object] = {
        "from": _moment(when.first, when.earliest),
        "to": _moment(when.last, when.latest),
        "grain": _grain(when),
    }
    told |= {"weekly": True} if when.weekly else {}
    return told | ({"excluded": True} if when.excluded else {}) | ({} if when.certain else {"certain": False})


def _moment(day: date | None, clock: time | None) -> str | None:
    if day is not None and clock is not None:
        return datetime.combine(day, clock).isoformat()
    if day is not None:
        return day.isoformat()
    return clock.isoformat() if clock is not None else None


def _grain(when: When) -> str:
    if when.earliest or when.latest:
        return "minute"
    if when.first is None or when.last is None or when.first == when.last:
        return "day"
    days = (when.last - when.first).days + 1
    return "week" if days <= 7 else "month"  # a week may have been cut short by today


def to_training(rows: Sequence[tuple[str, str]]) -> str:
    """An nlu.yml of (text, intent) rows, in the order in which the intents first appear."""
    intents: dict[str, list[str]] = {}
    for text, intent in rows:
        intents.setdefault(intent, []).append(text)
    blocks = [f"- intent: {intent}\n  examples: |\n" + "".join(f"    - {text}\n" for text in texts) for intent, texts in intents.items()]
    return 'version: "3.1"\nnlu:\n' + "".join(blocks)
