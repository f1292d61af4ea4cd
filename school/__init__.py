"""What is true at one school, and the rules by which it changes.

Every rule is a plain function that is handed a `School`. Rules never commit, never word anything, and know no channel.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from school.settings import SchoolSettings

LONDON = ZoneInfo("Europe/London")


@dataclass
class School:
    """One school at one moment, made at the door, handed to every rule: its database session, the time (aware UTC, the same for a whole turn), its settings."""

    session: Session
    now: datetime
    settings: SchoolSettings = field(default_factory=SchoolSettings)

    @property
    def clock(self) -> datetime:
        """Now, as the clock on the school's wall says."""
        return self.now.astimezone(LONDON)

    @property
    def today(self) -> date:
        """Today at school."""
        return self.clock.date()


__all__ = ["LONDON", "School", "SchoolSettings"]
