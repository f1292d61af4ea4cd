"""A pasted list of pupils who are absent without a reason, read against the register: who is meant, and what nobody can tell.

Refusal
└── NotSettled          some lines name nobody, or several: staff must say whom
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from rapidfuzz import fuzz
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from data.people import Child, SchoolClass
from school import School
from school.errors import Refusal

LONGEST = 20_000
"""Characters of a pasted list; what is beyond is one more line that nobody could read."""
NEAR, FAR = 86.0, 70.0
"""How alike two spellings are (0 to 100) for one to be taken for the other, and to be shown as possible."""
CLEARLY = 6.0
"""How much liker than the next the likest must be to be taken."""
SHOWN = 5
"""How many possible children are shown for a line."""
_PARTS = re.compile(r"[,;\t|]+")
_AROUND = re.compile(r"[()\[\]:]+")
_ABSENCE_WORDS = frozenset({"name", "pupil", "pupils", "child", "class", "surname", "forename", "first name", "last name", "absent", "no reason", "reason"})
"""What stands at the head of a list, or beside every name of it."""


@dataclass(frozen=True)
class Entry:
    """One name of a pasted list. `child` is who is meant, None where that is not certain; then `candidates` are those who could be, the likest first.

    `is_near`: the name was spelt otherwise than in the register.
    """

    number: int
    text: str
    child: Child | None = None
    candidates: Sequence[Child] = field(default=())
    is_near: bool = False


@dataclass
class NotSettled(Refusal):
    """Some entries have nobody yet: their texts."""

    texts: Sequence[str]


@dataclass(frozen=True)
class _Known:
    child: Child
    words: tuple[str, ...]
    group: str


def read_missing(school: School, pasted_text: str) -> Sequence[Entry]:
    """Whom a pasted list names, in its order: one a line, or parted by commas, semicolons or tabs; 'Surname, First'; a class beside a name says which child.

    Nothing is left out but codes, numbers and headings: what names nobody, or may name several, is an entry without a child. No child comes twice.
    """
    children = select(Child).where(Child.left_on.is_(None)).options(joinedload(Child.school_class)).order_by(Child.name, Child.id)
    register = [_Known(child, tuple(_fold(child.name).split()), _fold(child.school_class.name)) for child in school.session.scalars(children)]
    groups = {_fold(name) for name in school.session.scalars(select(SchoolClass.name))}
    entries: list[Entry] = []
    for line in pasted_text[:LONGEST].splitlines():
        entries += _read_line(line, register, groups)
    if pasted_text[LONGEST:].strip():
        entries.append(Entry(0, f"{pasted_text[LONGEST:].strip()[:60]}…"))
    return [replace(entry, number=number) for number, entry in enumerate(_without_doubles(entries), start=1)]


def settled(school: School, entries: Sequence[Entry], choices: Mapping[int, int | None]) -> Sequence[Child]:
    """The children to ask after, once staff have said by an entry's number which child (its id) is meant, or None for nobody.

    Refuses with NotSettled while an entry has neither a child nor a choice.
    """
    open_ones = [entry.text for entry in entries if entry.child is None and entry.number not in choices]
    if open_ones:
        raise NotSettled(open_ones)
    chosen: dict[int, Child] = {}
    for entry in entries:
        child_id = choices.get(entry.number, entry.child.id if entry.child else None)
        if child_id is not None:
            chosen[child_id] = school.session.get_one(Child, child_id)
    return list(chosen.values())


def _read_line(line: str, register: Sequence[_Known], groups: set[str]) -> Iterable[Entry]:
    """The names of one line. A class counts for the name it stands beside: after it, or before all."""
    cells = [cell for part in _PARTS.split(line) for cell in _cells(part, groups) if _is_word(cell)]
    heading = next(iter(_classes(cells[:1], groups)), "")
    place = 1 if heading else 0
    while place < len(cells):
        wide = cells[place : place + 2]
        is_pair = len(wide) == 2 and not _classes(wide, groups) and _is_surname_first(wide, register)
        text, words = (", ".join(wide), _words(wide[::-1])) if is_pair else (cells[place], _words([cells[place]]))
        place += 2 if is_pair else 1
        beside = next(iter(_classes(cells[place : place + 1], groups)), "")
        place += bool(beside)
        yield _entry(text, words, beside or heading, register)


def _cells(part: str, groups: set[str]) -> list[str]:
    """A part of a line, and the class that stands in it: 'Leo Reed (Maple)', 'Maple: Leo Reed', 'Leo Reed Maple'."""
    words = _AROUND.sub(" ", part).split()
    for length in (3, 2, 1):
        if length < len(words) and _class_name(" ".join(words[-length:]), groups):
            return [" ".join(words[:-length]), " ".join(words[-length:])]
        if length < len(words) and _AROUND.search(part) and _class_name(" ".join(words[:length]), groups):
            return [" ".join(words[:length]), " ".join(words[length:])]
    return [" ".join(words)]


def _classes(cells: Sequence[str], groups: set[str]) -> list[str]:
    return [name for cell in cells if (name := _class_name(cell, groups))]


def _class_name(text: str, groups: set[str]) -> str:
    """The class that this is the name of, 'class Maple' too; nothing where it is none."""
    said = _fold(text)
    bare = said.removeprefix("class ").removesuffix(" class")
    return said if said in groups else bare if bare in groups else ""


def _is_word(cell: str) -> bool:
    """Whether it may be a name: register codes, dates, numbers and headings are none."""
    return sum(char.isalpha() for char in cell) > 1 and _fold(cell) not in _ABSENCE_WORDS


def _is_surname_first(pair: Sequence[str], register: Sequence[_Known]) -> bool:
    """Whether two cells are one child, 'Reed, Leo', rather than two children or a name and a remark."""
    is_whole = any(len(words := _words([cell])) > 1 and _likest(words, register) >= NEAR for cell in pair)
    return not is_whole and _likest(_words(pair[::-1]), register) >= NEAR


def _likest(words: Sequence[str], register: Sequence[_Known]) -> float:
    return max((_likeness(words, known.words) for known in register), default=0.0)


def _entry(text: str, words: Sequence[str], group: str, register: Sequence[_Known]) -> Entry:
    likely = _likely(words, [known for known in register if known.group == group] if group else register)
    if not likely:
        # In that class there is nobody like that; in another there may be.
        return Entry(0, text, candidates=[known.child for _, known in _likely(words, register)[:SHOWN]] if group else ())
    best, first = likely[0]
    others = [score for score, _ in likely[1:]]
    if best >= NEAR and (not others or best - others[0] >= CLEARLY):
        return Entry(0, text, first.child, is_near=best < 100)
    return Entry(0, text, candidates=[known.child for _, known in likely[:SHOWN]])


def _likely(words: Sequence[str], register: Sequence[_Known]) -> list[tuple[float, _Known]]:
    """Those who could be meant, the likest first, with how alike they are."""
    scored = [(_likeness(words, known.words), known) for known in register]
    return sorted((pair for pair in scored if pair[0] >= FAR), key=lambda pair: -pair[0])


def _likeness(said: Sequence[str], name: Sequence[str]) -> float:
    """How surely these words mean this child, 0 to 100. A first name alone is enough where no other child has it; a surname alone never is."""
    if not said or not name:
        return 0.0
    if sorted(said) == sorted(name):
        return 100.0
    if len(said) == 1:
        return max(95.0 * (said[0] == name[0]), 80.0 * (said[0] in name[1:]), fuzz.ratio(said[0], name[0]) - 10)
    if any(len(word) == 1 for word in said) and len(said) == len(name):
        pairs = [(said, name), ([*said[1:], said[0]], name)]
        return 90.0 * any(all(ours == theirs or (len(ours) == 1 and theirs.startswith(ours)) for ours, theirs in zip(*pair, strict=True)) for pair in pairs)
    if set(said) <= set(name) or set(name) <= set(said):
        return 94.0 if said[0] == name[0] or said[-1] == name[0] else 82.0
    return float(fuzz.token_sort_ratio(" ".join(said), " ".join(name)))


def _words(cells: Sequence[str]) -> list[str]:
    return _fold(" ".join(cells)).split()


def _fold(name: str) -> str:
    """A name as it is compared: case, accents, dots and apostrophes make no difference, a hyphen is a space."""
    plain = "".join(char for char in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(char))
    plain = plain.replace("ı", "i").replace("ł", "l").replace("ø", "o").replace("đ", "d")
    return " ".join("".join(char if char.isalnum() else "" if char in "'’.`" else " " for char in plain).split())


def _without_doubles(entries: Sequence[Entry]) -> Iterable[Entry]:
    seen: set[int] = set()
    for entry in entries:
        if entry.child is None or entry.child.id not in seen:
            yield entry
        if entry.child is not None:
            seen.add(entry.child.id)
