"""A calendar file's lines, joined where they were folded, and what stands inside what. Source: RFC 5545 §3.1, §3.6."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from icalendar.parser import Contentline

from school.importing.table import BadRows, Fault, Unreadable

LARGEST = 5_000_000
"""The most bytes a file may have: some ten thousand events, which are read in some three seconds."""
_LINE_END = re.compile(rb"\r\n|\n|\r")
_NAME = re.compile(r"([A-Za-z0-9-]+)\s*[;:]")

T = TypeVar("T")


class Wrong(Unreadable):
    """Unreadable, on this line of the file."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line


@dataclass(frozen=True)
class Property:
    """One line of a component: its value, unescaped, and its parameters, whose names are in capitals. `line` is where it begins, from 1."""

    line: int
    params: Mapping[str, str]
    value: str

    def parsed(self, parse: Callable[[str], T]) -> T:
        """What `parse` makes of its value. Refuses with Wrong what it cannot read."""
        try:
            return parse(self.value)
        except Unreadable as error:
            raise Wrong(self.line, str(error)) from error


@dataclass
class Component:
    """What stands between BEGIN and END: its own lines by the name that they begin with, and the components inside it. `line` is that of BEGIN.

    `garbled` are its lines that say nothing: mostly the rest of a text that was broken and not folded.
    """

    kind: str
    line: int
    lines: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    parts: list[Component] = field(default_factory=list)
    garbled: list[int] = field(default_factory=list)

    def all(self, name: str) -> Sequence[Property]:
        """Its properties of this name. Refuses with Unreadable if one cannot be read."""
        return [_property(line, text) for line, text in self.lines.get(name, ())]

    def one(self, name: str) -> Property | None:
        """The first of this name; None without one."""
        return next(iter(self.all(name)), None)

    def inside(self, *kinds: str) -> Sequence[Component]:
        """The components of these kinds that stand directly inside it."""
        return [part for part in self.parts if part.kind in kinds]


def calendars(content: bytes) -> Sequence[Component]:
    """Every calendar in the file; mostly there is one. Refuses with BadRows what is too large, not in UTF-8, no calendar file, or breaks off."""
    outermost = Component("", 0)
    stack = [outermost]
    for line, text in _texts(content):
        word, _, kind = text.partition(":")
        if word.upper() == "BEGIN":
            stack.append(_begun(stack[-1], kind.strip().upper(), line))
        elif len(stack) == 1:
            raise _bad(line, "is not a calendar file: it does not begin with BEGIN:VCALENDAR")
        elif word.upper() == "END":
            _end(stack.pop(), kind.strip().upper(), line)
        else:
            _take(stack[-1], line, text)
    if len(stack) > 1:
        raise _bad(stack[-1].line, f"breaks off: this {stack[-1].kind} does not end")
    if not outermost.parts:
        raise _bad(0, "is empty")
    return outermost.parts


def _begun(around: Component, kind: str, line: int) -> Component:
    if not around.kind and kind != "VCALENDAR":
        raise _bad(line, "is not a calendar file: it does not begin with BEGIN:VCALENDAR")
    begun = Component(kind, line)
    around.parts.append(begun)
    return begun


def _end(ended: Component, kind: str, line: int) -> None:
    if ended.kind != kind:
        raise _bad(line, f"is broken: END:{kind[:40]} where the {ended.kind[:40]} of line {ended.line} must end first")
    version = next((text for _, text in ended.lines.get("VERSION", ())), "VERSION:2.0")
    if kind == "VCALENDAR" and version.rpartition(":")[2].strip() != "2.0":
        raise _bad(ended.line, f"is of another version of iCalendar than 2.0 ({version[:40]})")


def _take(into: Component, line: int, text: str) -> None:
    name = _NAME.match(text)
    if name is None:
        into.garbled.append(line)
    else:
        into.lines.setdefault(name[1].upper(), []).append((line, text))


def _property(line: int, text: str) -> Property:
    try:
        _, params, value = Contentline(text).parts()  # type: ignore[no-untyped-call] # so it is in icalendar
    except ValueError as error:
        raise Unreadable(f"line {line} cannot be read as calendar text") from error
    return Property(line, {str(name).upper(): str(said) for name, said in params.items()}, value)


def _texts(content: bytes) -> Iterator[tuple[int, str]]:
    """Each line that is not blank, with the number of the line on which it begins. Joined before it is decoded: some fold inside a letter."""
    if len(content) > LARGEST:
        raise _bad(0, f"is larger than {LARGEST // 1_000_000} MB")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise _bad(0, "is in UTF-16; save it in UTF-8")
    if b"\0" in content:
        raise _bad(0, "is not text: it holds zero bytes")
    begins, pieces = 0, list[bytes]()
    for line, raw in enumerate(_LINE_END.split(content.removeprefix(b"\xef\xbb\xbf")), start=1):
        if raw[:1] in {b" ", b"\t"} and pieces:
            pieces.append(raw[1:])
        elif raw.strip():
            if pieces:
                yield begins, _decoded(begins, b"".join(pieces))
            begins, pieces = line, [raw]
    if pieces:
        yield begins, _decoded(begins, b"".join(pieces))


def _decoded(line: int, raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise _bad(line, f"is not in UTF-8 (byte 0x{raw[error.start]:02X}); save it in UTF-8") from error


def _bad(line: int, reason: str) -> BadRows:
    return BadRows([Fault(line, "file", reason)])
