"""What the rules need to know of config.yml: the first values. What staff edit is kept in the database and wins: `with_edits`."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, event, select
from sqlalchemy.orm import Session

from data.school_year import Edited

LOOK_AGAIN = timedelta(seconds=5)
"""How long what was edited is remembered, so that not every turn asks for it. Another process may have edited it; this one knows at once."""
JUST_EDITED = "settings were edited"
"""What a session remembers when it edits settings: until it commits, it alone sees them."""


@dataclass(frozen=True)
class SchoolSettings:
    """One school's ways. Times of day are on the school's clock."""

    name: str = "Cherry Garden School"
    short_name: str = "Cherry Garden"
    phone: str = "020 7946 0000"
    website: str = ""
    text_number: str = ""  # what families text, in E.164
    writes_email: bool = False  # to families, as their last channel
    opens: time = time(8, 30)
    closes: time = time(16, 0)
    languages: tuple[str, ...] = ("en",)
    quiet_from: time = time(19, 0)
    quiet_to: time = time(7, 0)
    hold: timedelta = timedelta(minutes=2)
    notice: timedelta = timedelta(hours=2)
    horizon: timedelta = timedelta(weeks=4)
    slot_minutes: int = 20
    buffer: timedelta = timedelta(minutes=5)
    offer_lasts: timedelta = timedelta(hours=4)
    ways: tuple[str, ...] = ("in_person", "phone", "video")
    reminder_at: time = time(16, 0)
    book_goes_home_at: time = time(15, 0)
    unknown_replies_per_day: int = 3
    parts_per_day: int = 3000
    countries: tuple[str, ...] = ("GB",)
    processors: tuple[str, ...] = ()
    """Names of `school.processors`: who works for the school with what families write."""
    fold_letters: tuple[str, ...] = ()
    translation_wait: timedelta = timedelta(minutes=10)
    second_factor: bool = True
    console_idle: timedelta = timedelta(minutes=60)
    console_session: timedelta = timedelta(hours=12)
    safeguarding_unseen: timedelta = timedelta(minutes=30)
    largest_file: int = 5_000_000  # bytes
    absence_ring_after: timedelta = timedelta(minutes=60)
    absence_open_days: int = 3
    second_person: bool = False
    backup_days: int = 2  # 0: nobody is told that a backup is old
    erased_log: Path | None = None
    """Where the ids of erased adults are kept; None: where `school/erased_log.py` puts it."""
    pence: Mapping[str, float] = field(default_factory=lambda: {"sms": 4.0, "whatsapp": 0.4, "telegram": 0.0, "email": 0.0}, hash=False)
    """What a message part costs, by channel."""
    monthly_cap_pounds: int | None = None
    school_days: tuple[int, ...] = field(default=(0, 1, 2, 3, 4))
    columns: Mapping[str, Mapping[str, str]] = field(default_factory=dict, hash=False)
    """What another school's files call our columns, by kind of file: {'families': {'adult_name': 'Parent'}}."""


def _office_hours(value: Any, _: SchoolSettings) -> Mapping[str, Any]:
    return {"opens": time.fromisoformat(value["opens"]), "closes": time.fromisoformat(value["closes"])}


def _clock(name: str) -> Callable[[Any, SchoolSettings], Mapping[str, Any]]:
    return lambda value, _: {name: time.fromisoformat(value)}


def _so_many(name: str, unit: str) -> Callable[[Any, SchoolSettings], Mapping[str, Any]]:
    return lambda value, _: {name: timedelta(**{unit: int(value)})}


def _columns(what: str) -> Callable[[Any, SchoolSettings], Mapping[str, Any]]:
    return lambda value, so_far: {"columns": {**so_far.columns, what: {str(ours): str(theirs) for ours, theirs in value.items()}}}


EDITABLE: Mapping[str, Callable[[Any, SchoolSettings], Mapping[str, Any]]] = {
    "school.office_hours": _office_hours,
    "quiet_hours.from": _clock("quiet_from"),
    "quiet_hours.to": _clock("quiet_to"),
    "appointments.hold_minutes": _so_many("hold", "minutes"),
    "appointments.notice_hours": _so_many("notice", "hours"),
    "appointments.horizon_weeks": _so_many("horizon", "weeks"),
    "appointments.slot_minutes": lambda value, _: {"slot_minutes": int(value)},
    "appointments.buffer_minutes": _so_many("buffer", "minutes"),
    "appointments.offer_hours": _so_many("offer_lasts", "hours"),
    "appointments.remind_at": _clock("reminder_at"),
    "broadcasts.second_person": lambda value, _: {"second_person": bool(value)},
    "costs.monthly_cap_pounds": lambda value, _: {"monthly_cap_pounds": None if value is None else int(value)},
    "columns.families": _columns("families"),
    "columns.staff": _columns("staff"),
    "columns.terms": _columns("terms"),
}
"""What staff can edit, by its dotted path in config.yml, and what it changes here."""

_lock = threading.Lock()
_known: WeakKeyDictionary[Engine, tuple[datetime, Mapping[str, Any]]] = WeakKeyDictionary()


def with_edits(session: Session, settings: SchoolSettings, now: datetime) -> SchoolSettings:
    """The first values with what staff edited in their place. What cannot be read, since a person wrote it into the database, leaves the first value."""
    for name, value in _edits(session, now).items():
        try:
            settings = replace(settings, **EDITABLE[name](value, settings))
        except (AttributeError, KeyError, TypeError, ValueError, OverflowError):
            continue
    return settings


def edit(session: Session, name: str, value: object) -> None:
    """From now on this setting, one of EDITABLE, is `value`: once the caller's transaction commits, here at once and in other processes within seconds."""
    EDITABLE[name](value, SchoolSettings())  # a value that could not be read again is never kept
    session.merge(Edited(name=name, value=value))
    session.flush()
    if JUST_EDITED not in session.info:
        session.info[JUST_EDITED] = True
        event.listen(session, "after_commit", _forget, once=True)


def _edits(session: Session, now: datetime) -> Mapping[str, Any]:
    if JUST_EDITED in session.info:
        return _read(session)
    engine = _engine(session)
    with _lock:
        known = _known.get(engine)
    if known is not None and abs(now - known[0]) < LOOK_AGAIN:
        return known[1]
    edits = _read(session)
    with _lock:
        _known[engine] = now, edits
    return edits


def _read(session: Session) -> Mapping[str, Any]:
    return {row.name: row.value for row in session.execute(select(Edited.name, Edited.value).where(Edited.name.in_(EDITABLE)).order_by(Edited.name))}


def _forget(session: Session) -> None:
    """What was remembered of this database is no longer so: SQLite is read through another engine than it is written through."""
    address = _engine(session).url
    with _lock:
        for engine in [engine for engine in _known if engine.url == address]:
            del _known[engine]


def _engine(session: Session) -> Engine:
    bound = session.get_bind()
    return bound.engine if isinstance(bound, Connection) else bound
