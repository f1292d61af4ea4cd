"""When a parent means: days and hours in a message, absolute in the school's clock.

English goes through our own table (`nlu.date_grammar`); other languages through duckling and our day tables, then dateparser.
Day before month, always. What only one loose engine found is not certain, and is read back before it is used.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from nlu import date_grammar, day_tables
from nlu.date_engines import Engines
from nlu.date_grammar import Atom, Moment
from nlu.face import Context, Entity, When

_engines = Engines()  # holds no message and no setting, only loaded tables

_ONLY_NUMBER = re.compile(r"\W*(?:no\.?|number|option|nr)?\s*[-+]?\d{1,4}\W*|\W*(?:the\s+)?\d{1,2}(?:st|nd|rd|th)\s+(?:one|option|choice)\W*", re.IGNORECASE)
_JOINT = re.compile(r"[\s,.;]*(?:(?:at|on|in|the|of|from|around|about|by|@|any\s?time|some\s?time|but|and|or|is|if|possible|maybe|please|best)[\s,.;]*){0,3}")
_ENGLISH_DAY = re.compile(r"\b(?:(?:mon|tues|wednes|thurs|fri|satur|sun)days?|tomorrow|next week|this week)\b")
"""Words of a time that no other language has: not 'mon' or 'mar', which are French and Spanish."""
_OTHER_JOINT = re.compile(r"[\s,.;،、の的]*(?:[^\W\d]{1,4}[\s,.;،、]+){0,2}")
_CHOICE = re.compile(r"\s*(?:,|/|&|or|and|or\s+on|or\s+maybe|or\s+else|and\s+on|,\s*or|,\s*and|nor|\+)\s*(?:the\s+)?")
_RANGE = re.compile(r"\s*(?:to|-|–|till|until|til|through|thru)\s*(?:the\s+)?")
_NOT = re.compile(
    r"(?:\bnot|\bcan'?t|\bcannot|n't|\bdont|\bexcept|\bapart from|\banything but|\bany ?day but|\bany ?time but|\bnever|\bavoid)"
    r"(?:\s+(?:do|make|come|manage|want|like|on|in|the|it|a|free|available|be|possible|attend|good|any|this))*\s*$"
)
_NO = re.compile(r"(?:^|[^\w,]\s*)no\s+$")
"""'no mondays' excludes; 'no monday' puts Monday in the place of what was proposed."""
_NOT_AFTER = re.compile(
    r"\s*(?:is|are)?\s*(?:not\s+(?:good|possible|ok|free|available)|is\s?n'?t\s+(?:good|possible)|no\s+good|(?:doesn'?t|does\s+not|won'?t)\s+work)\b"
)
_NUMBER = re.compile(r"(?<![\w.,:/£$€-])(\d{1,3})(?![\w:/%-]|[.,]\d)")
_NUMBER_WORD = re.compile(
    r"\b(?:(two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)|(one|1)(?=\s+(?:of|person|adult|child|ticket|place|seat)))\b", re.IGNORECASE
)
_VALUES = {word: value for value, word in enumerate("one two three four five six seven eight nine ten eleven twelve".split(), start=1)}
_DIGIT = re.compile(r"\d")
_CURRENCY = ("£", "$", "€")


def find(text: str, context: Context) -> list[Entity]:
    """The times in cleaned `text`, as entities of kind 'time' with a When each, in order.

    A message that is only a number holds none: it is an answer. A part of a day with no day stays without one.
    """
    if not text or ("@" not in text and _ONLY_NUMBER.fullmatch(text)):
        return []
    lowered = _lower(text)
    moment = Moment(context.now, context.terms)
    language = context.language.split("-")[0]
    if language == "en":
        atoms = [date_grammar.week_of(atom, lowered) for atom in date_grammar.scan(lowered, moment)]
        atoms = atoms or _loose(text, "en", context)
        joint = _JOINT
    else:
        atoms = _elsewhere(text, lowered, language, moment, context)
        joint = _OTHER_JOINT
    pieces = _share_hours(lowered, _join(lowered, _join_ranges(lowered, atoms), joint))
    if language == "en":
        pieces = [date_grammar.bounded(piece, lowered, moment) for piece in pieces]
    return [_entity(text, piece) for piece in _negate(lowered, _one_by_one(pieces))]


def _one_by_one(pieces: Sequence[Atom]) -> list[Atom]:
    """Without those that begin inside the one before: in '3 - 2 this' the 2 belongs to the stretch that it ends."""
    apart: list[Atom] = []
    for piece in pieces:
        if not apart or piece.start >= apart[-1].end:
            apart.append(piece)
    return apart


def numbers(text: str) -> list[Entity]:
    """The numbers in cleaned `text` that could count people or things, as entities of kind 'number': three digits at most, or English words."""
    found = [Entity("number", match.start(1), match.end(1), match[1], int(match[1])) for match in _NUMBER.finditer(text)]
    for match in _NUMBER_WORD.finditer(text):
        value = _VALUES.get(match[0].lower(), 1)
        found.append(Entity("number", match.start(), match.end(), match[0], value))
    return sorted(found, key=lambda entity: entity.start)


def warm() -> None:
    """Load what the first message would otherwise wait for."""
    from datetime import datetime
    from zoneinfo import ZoneInfo

    now = datetime(2026, 1, 5, 9, tzinfo=ZoneInfo("Europe/London"))
    for language in ("es", "so"):
        find("mañana 15:00", Context(now, language))


# --- languages other than English


def _elsewhere(text: str, lowered: str, language: str, moment: Moment, context: Context) -> list[Atom]:
    """Our tables and duckling, each the other's witness; English words (parents mix) where both are silent; dateparser last."""
    tables = day_tables.scan(text, language, moment)
    native = _engines.duckling(text, language, context.now)
    english = [replace(atom, certain=False) for atom in date_grammar.scan(lowered, moment)]
    if not tables and not native:
        return english or _loose(text, language, context)
    # 'tuesday 15:10' from someone registered as a speaker of Swahili: the hour is anybody's, the day is English.
    day_words = [replace(atom, certain=True) for atom in english if _ENGLISH_DAY.search(lowered, atom.start, atom.end)]
    merged = [atom for atom in _merged(_join(lowered, tables, _OTHER_JOINT), native) if not _is_inside(atom, day_words)]
    mixed = [atom for atom in day_words if not any(atom.start < other.end and other.start < atom.end for other in merged)]
    return sorted([*merged, *mixed], key=lambda atom: atom.start)


def _is_inside(atom: Atom, others: Sequence[Atom]) -> bool:
    return any(other.start <= atom.start and atom.end <= other.end for other in others)


def _merged(tables: Sequence[Atom], native: Sequence[Atom]) -> list[Atom]:
    """Where both speak of the same words, duckling's longer reading, certain if both mean the same day; where one does, what it says."""
    merged: list[Atom] = []
    for atom in native:
        witnesses = [table for table in tables if table.start < atom.end and atom.start < table.end]
        told = _witnessed(atom, witnesses)
        if not merged or told.start >= merged[-1].end:  # else one stretch of our tables has already swallowed this one too
            merged.append(told)
    alone = [table for table in tables if not any(table.start < atom.end and atom.start < table.end for atom in native)]
    # A weekday or 'tomorrow' from a list a person wrote is no loose guess; but in a message duckling can read, it was silent for a reason.
    return sorted([*merged, *alone], key=lambda atom: atom.start)


def _witnessed(atom: Atom, tables: Sequence[Atom]) -> Atom:
    days = [table for table in tables if table.has_day]
    hours = [table for table in tables if table.has_time]
    if len(days) == 1 and atom.has_day and days[0].first != atom.first:
        # Known traps: 'mañana por la mañana' is today to duckling. The day word is the safer reading, but nobody agrees on it.
        atom = replace(atom, first=days[0].first, last=days[0].last, certain=False)
    elif days and not atom.has_day:
        atom = replace(atom, first=days[0].first, last=days[0].last, certain=days[0].certain)
    elif not days and atom.has_day:
        atom = replace(atom, certain=False)
    better = next((hour for hour in hours if not atom.has_time or _bounds(hour, atom)), None)
    if better is not None:
        atom = replace(atom, earliest=better.earliest, latest=better.latest)
    spans = [atom, *tables]
    return replace(atom, start=min(span.start for span in spans), end=max(span.end for span in spans))


def _bounds(hour: Atom, exact: Atom) -> bool:
    """Whether our table heard 'after' or 'before' beside the very hour that duckling took for exact."""
    bound = hour.earliest if hour.latest is None else hour.latest if hour.earliest is None else None
    return bound is not None and exact.earliest == exact.latest == bound


def _loose(text: str, language: str, context: Context) -> list[Atom]:
    """One engine's word for it, so never certain. Only stretches with a digit: without one they read 'march up the hill' as a month."""
    native = [replace(atom, certain=False) for atom in _engines.duckling(text, language, context.now)]
    native = [atom for atom in native if _DIGIT.search(text, atom.start, atom.end) and text[max(0, atom.start - 1) : atom.start] not in _CURRENCY]
    if native or language == "en" or not _DIGIT.search(text):
        return native
    return _engines.dateparser(text, language, context.now)


# --- joining


def _join(lowered: str, atoms: Sequence[Atom], joint: re.Pattern[str]) -> list[Atom]:
    """Atoms that stand side by side and complete each other made one: a day and an hour, a week and a weekday, 'after 2' and 'before 4'."""
    joined: list[Atom] = []
    for atom in atoms:
        gap = lowered[joined[-1].end : atom.start] if joined else ""
        if joined and joint.fullmatch(gap) and (both := _both(joined[-1], atom, gap)) is not None:
            joined[-1] = both
        else:
            joined.append(atom)
    return joined


def _both(left: Atom, right: Atom, gap: str) -> Atom | None:
    """The one wish that two neighbours express together, or None if they are two."""
    is_choice = _CHOICE.fullmatch(gap) is not None and gap.strip() not in {"", ","}
    whole = replace(left, end=right.end, certain=left.certain and right.certain, is_weekday=left.is_weekday or right.is_weekday)
    if left.has_day != right.has_day and left.has_time != right.has_time and not is_choice:
        day, clock = (left, right) if left.has_day else (right, left)
        return replace(whole, first=day.first, last=day.last, earliest=clock.earliest, latest=clock.latest)
    if left.has_day and right.has_day and not is_choice and not (left.has_time and right.has_time):
        return _both_days(left, right, whole)
    if left.has_time and right.has_time and not right.has_day:
        return _both_hours(left, right, whole, is_choice)
    return None


def _both_days(left: Atom, right: Atom, whole: Atom) -> Atom | None:
    clock = left if left.has_time else right
    week, weekday = (left, right) if right.is_weekday else (right, left)
    if week.first is None or week.last is None or weekday.first is None or not weekday.is_weekday or week.is_weekday:
        return None
    whole = replace(whole, earliest=clock.earliest, latest=clock.latest)
    if week.first == week.last:
        # 'tuesday 17 march': the date rules; if it is no Tuesday, one of the two is a slip.
        return replace(whole, first=week.first, last=week.last, certain=week.first.weekday() == weekday.first.weekday() and week.certain)
    days = (weekday.first.weekday() - week.first.weekday()) % 7
    day = week.first.fromordinal(week.first.toordinal() + days)
    return replace(whole, first=day, last=day, certain=True) if day <= week.last else None


def _both_hours(left: Atom, right: Atom, whole: Atom, is_choice: bool) -> Atom | None:
    """'after 2 but before 4' is one wish; 'morning at 9' is 9; 'at 2 or at 3' are two."""
    if left.latest is None and right.earliest is None and left.earliest and right.latest and left.earliest < right.latest:
        return replace(whole, latest=right.latest)
    if is_choice:
        return None
    if right.earliest == right.latest and left.earliest != left.latest:
        return replace(whole, earliest=right.earliest, latest=right.latest)
    if left.earliest == left.latest and right.earliest != right.latest:
        return whole
    return None


def _join_ranges(lowered: str, atoms: Sequence[Atom]) -> list[Atom]:
    """'monday to wednesday' is one wish from first to last."""
    joined: list[Atom] = []
    for atom in atoms:
        left = joined[-1] if joined else None
        if left and left.first and atom.last and not left.has_time and _RANGE.fullmatch(lowered[left.end : atom.start]):
            last = atom.last if atom.last >= left.first or not atom.is_weekday else atom.last.fromordinal(atom.last.toordinal() + 7)
            if last < left.first:  # 'monday to 3/3', said on the 11th: two dates and no stretch
                joined.append(atom)
                continue
            joined[-1] = replace(left, end=atom.end, last=last, earliest=atom.earliest, latest=atom.latest, is_weekday=False)
        else:
            joined.append(atom)
    return joined


def _share_hours(lowered: str, atoms: Sequence[Atom]) -> list[Atom]:
    """In 'tues or weds afternoon' the afternoon is meant for both days; in 'thursday at 2 or 3' the Thursday for both hours."""
    shared = list(atoms)
    for place in range(len(shared) - 2, -1, -1):
        left, right = shared[place], shared[place + 1]
        if left.has_day and not left.has_time and right.has_day and right.has_time and _CHOICE.fullmatch(lowered[left.end : right.start]):
            shared[place] = replace(left, earliest=right.earliest, latest=right.latest)
    for place in range(1, len(shared)):
        left, right = shared[place - 1], shared[place]
        if left.has_day and left.has_time and right.has_time and not right.has_day and _CHOICE.fullmatch(lowered[left.end : right.start]):
            shared[place] = replace(right, first=left.first, last=left.last)
    return shared


def _negate(lowered: str, pieces: Sequence[Atom]) -> list[Atom]:
    """'not monday or tuesday' excludes both; 'cant do monday, tuesday is fine' only Monday."""
    told: list[Atom] = []
    for piece in pieces:
        left = told[-1] if told else None
        gap = lowered[left.end : piece.start] if left else ""
        is_listed = left is not None and left.excluded and _CHOICE.fullmatch(gap) is not None and gap.strip() != ","
        is_excluded = is_listed or _is_negated(lowered, piece) or bool(_NOT_AFTER.match(lowered, piece.end))
        told.append(replace(piece, excluded=is_excluded))
    return told


def _is_negated(lowered: str, piece: Atom) -> bool:
    before = lowered[: piece.start]
    return bool(_NOT.search(before)) or (bool(_NO.search(before)) and lowered[piece.start : piece.end].endswith("days"))


def _entity(text: str, piece: Atom) -> Entity:
    words = text[piece.start : piece.end]
    # 'not Monday' is about Mondays; 'not this Monday' about one.
    is_every = piece.excluded and piece.is_weekday and len(words.split()) == 1
    when = When(piece.first, piece.last, piece.earliest, piece.latest, piece.excluded, piece.certain, is_every)
    return Entity("time", piece.start, piece.end, words, when, 0.95 if piece.certain else 0.6)


def _lower(text: str) -> str:
    """`text` in lower case and of the same length, so that offsets stay true (İ would become two characters)."""
    lowered = text.lower().replace("’", "'")
    return lowered if len(lowered) == len(text) else "".join(small if len(small := char.lower()) == 1 else char for char in text).replace("’", "'")
