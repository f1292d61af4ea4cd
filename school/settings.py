"""What the rules need to know of config.yml. The first values; what staff edit is kept in the database and wins."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import time, timedelta


@dataclass(frozen=True)
class SchoolSettings:
    """One school's ways. Times of day are on the school's clock."""

    name: str = "Cherry Garden School"
    short_name: str = "Cherry Garden"
    phone: str = "020 7946 0000"
    website: str = ""
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
    unknown_replies_per_day: int = 3
    fold_letters: tuple[str, ...] = ()
    translation_wait: timedelta = timedelta(minutes=10)
    absence_ring_after: timedelta = timedelta(minutes=60)
    absence_open_days: int = 3
    school_days: tuple[int, ...] = field(default=(0, 1, 2, 3, 4))
