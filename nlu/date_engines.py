"""Other people's date parsers, asked where our own tables fall silent. Each is optional: a machine without duckling still understands Tuesday."""

from __future__ import annotations

import importlib.util
import json
import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from nlu.date_grammar import PARTS_OF_DAY, Atom
from nlu.hours import school_hour

_log = logging.getLogger(__name__)

_ZONES = ("/usr/share/zoneinfo", "/usr/lib/zoneinfo")
# Only where an English reading of day and month must be kept from an American one, or a language's table is kept under a region.
_REGIONS = {"en": "EN_GB", "pt": "PT_PT", "zh": "ZH_CN", "es": "ES_ES", "nl": "NL_NL", "ar": "AR_EG"}
_DAYS_OF_GRAIN = {"week": 7, "month": 31, "quarter": 92, "year": 366}
_LONGEST_FOR_DATEPARSER = 160  # characters; its search costs milliseconds a word


@dataclass
class _Duckling:
    module: Any
    zones: Any
    dimensions: Any


class Engines:
    """duckling and dateparser behind one face. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._duckling: _Duckling | None = None
        self._is_duckling_tried = False
        self._locales: dict[str, Any] = {}

    def duckling(self, text: str, language: str, now: datetime) -> list[Atom]:
        """What duckling finds in `text`; nothing where it is not installed or does not know the language."""
        engine = self._load_duckling()
        if engine is None or (locale := self._locale(engine, language)) is None:
            return []
        zone = getattr(now.tzinfo, "key", None) or "Europe/London"
        reference = engine.module.parse_ref_time(engine.zones, zone, int(now.timestamp()))
        found = engine.module.parse_text(text, engine.module.Context(reference, locale), engine.dimensions, False)
        atoms = [_from_duckling(hit, now) for hit in json.loads(found)]
        return [atom for atom in atoms if atom is not None]

    def dateparser(self, text: str, language: str, now: datetime) -> list[Atom]:
        """What dateparser finds in `text`, read as `language`, day before month; nothing where it does not know the language."""
        from dateparser.search import search_dates

        settings = {
            "RELATIVE_BASE": now.replace(tzinfo=None),
            "PREFER_DATES_FROM": "future",
            "DATE_ORDER": "DMY",
            "RETURN_TIME_SPAN": False,
        }
        try:
            found = search_dates(text[:_LONGEST_FOR_DATEPARSER], languages=[language], settings=settings)
        except ValueError:
            return []  # a language it has no data for
        return _place(text, [(hit[0], hit[1]) for hit in found or ()], now)

    def _load_duckling(self) -> _Duckling | None:
        with self._lock:
            if not self._is_duckling_tried:
                self._is_duckling_tried = True
                self._duckling = _import_duckling()
            return self._duckling

    def _locale(self, engine: _Duckling, language: str) -> Any:
        with self._lock:
            if language not in self._locales:
                try:
                    default = engine.module.default_locale_lang(engine.module.parse_lang(language.upper()))
                    self._locales[language] = engine.module.parse_locale(_REGIONS.get(language, language.upper()), default)
                except Exception:  # noqa: BLE001 - its own exception types differ from version to version
                    self._locales[language] = None
            return self._locales[language]


def _import_duckling() -> _Duckling | None:
    if importlib.util.find_spec("duckling") is None:
        _log.info("duckling is not installed: dates are read by our own tables and dateparser")
        return None
    handlers = _signal_handlers()
    import duckling

    _restore(handlers)
    zones = next((folder for folder in _ZONES if Path(folder, "Europe/London").exists()), None) or _packaged_zones()
    return _Duckling(duckling, duckling.load_time_zones(zones), duckling.parse_dimensions(["time"]))


def _signal_handlers() -> dict[int, Any]:
    """What the operating system calls on each signal that Haskell's runtime takes for itself when it starts: without SIGINT a server ignores Ctrl-C.

    Asked of libc, since Python's own `signal` refuses to set a handler in any thread but the main one, and we are loaded in another.
    """
    import ctypes
    import signal

    libc = ctypes.CDLL(None)
    kept = {number: ctypes.create_string_buffer(256) for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGPIPE, signal.SIGTSTP)}
    for number, action in kept.items():
        libc.sigaction(number, None, action)
    return {int(number): action for number, action in kept.items()}


def _restore(handlers: dict[int, Any]) -> None:
    import ctypes

    for number, action in handlers.items():
        ctypes.CDLL(None).sigaction(number, action, None)


def _packaged_zones() -> str:
    from importlib.resources import files

    return str(files("tzdata") / "zoneinfo")


def _from_duckling(hit: dict[str, Any], now: datetime) -> Atom | None:
    value = hit["value"]
    start, end = int(hit["start"]), int(hit["end"])
    if value["type"] == "interval":
        return _interval(start, end, value)
    moment, grain = datetime.fromisoformat(value["value"]), value["grain"]
    if grain in {"hour", "minute", "second"}:
        return _clock_atom(start, end, moment, now)
    days = _DAYS_OF_GRAIN.get(grain, 1)
    first = moment.date()
    last = first + timedelta(days - 1) if days != 31 else (first + timedelta(31)).replace(day=1) - timedelta(1)
    return Atom(start, end, first=first, last=last)


def _interval(start: int, end: int, value: dict[str, Any]) -> Atom | None:
    begins, ends = _moment(value.get("from")), _moment(value.get("to"))
    # Of an interval duckling gives the end as the first moment that is no longer in it.
    inside = ends - timedelta(seconds=1) if ends else None
    first, last = (begins or inside), (inside or begins)
    if first is None or last is None:
        return None
    part = _part_of_day(begins, ends)
    if part is not None:
        return Atom(start, end, first=first.date(), last=first.date(), earliest=part[0], latest=part[1])
    earliest = school_hour(begins.time()) if begins and begins.time() != time.min else None
    latest = school_hour(ends.time()) if ends and ends.time() != time.min and first.date() == last.date() else None
    return Atom(start, end, first=first.date(), last=last.date(), earliest=earliest, latest=latest)


def _part_of_day(begins: datetime | None, ends: datetime | None) -> tuple[time | None, time | None] | None:
    """Of duckling the morning is 4 to 12 and the afternoon 12 to 19; the school's are shorter."""
    names = {(4, 12): "morning", (0, 12): "morning", (12, 19): "afternoon", (18, 0): "evening"}
    return PARTS_OF_DAY.get(names.get((begins.hour, ends.hour), "")) if begins and ends else None


def _moment(bound: dict[str, Any] | None) -> datetime | None:
    return datetime.fromisoformat(bound["value"]) if bound else None


def _clock_atom(start: int, end: int, moment: datetime, now: datetime) -> Atom:
    """A clock time of duckling's: it offers 3 in the morning first, a school means 15:00. A bare hour it dates today or tomorrow, which nobody said."""
    clock = school_hour(moment.time().replace(second=0, microsecond=0))
    # A bare hour is given on the next day that has it; any other day was said.
    is_dated = moment.date() != (now if moment > now else now + timedelta(1)).date()
    day = moment.date() if is_dated else None
    return Atom(start, end, first=day, last=day, earliest=clock, latest=clock)


def _place(text: str, hits: Sequence[tuple[str, datetime]], now: datetime) -> list[Atom]:
    """What dateparser found, put in its place: it tells the words it read, not where they stood."""
    atoms, position = list[Atom](), 0
    for words, moment in hits:
        start = text.find(words, position)
        if start < 0 or words.strip().isdigit() or not _is_likely(moment.date(), now.date()):
            continue
        position = start + len(words)
        has_clock = ":" in words and moment.time() != now.time()
        clock = school_hour(moment.time().replace(second=0, microsecond=0)) if has_clock else None
        atoms.append(Atom(start, position, first=moment.date(), last=moment.date(), earliest=clock, latest=clock, certain=False))
    return atoms


def _is_likely(day: date, today: date) -> bool:
    """Whether a school is likely to be told of that day: dateparser puts 'dia 25 de março' a year ahead and reads ages as years."""
    return -60 <= (day - today).days <= 370
