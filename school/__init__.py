"""What is true at one school, and the rules by which it changes.

Every rule is a plain function that is handed a `School`. Rules never commit, never word anything, and know no channel.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from school.settings import SchoolSettings, with_edits

LONDON = ZoneInfo("Europe/London")


@dataclass
class School:
    """One school at one moment, made at the door, handed to every rule: its database session, the time (aware UTC, the same for a whole turn), its settings.

    It is made with the first values of its settings; `settings` has what staff edited since in their place.
    """

    session: Session
    now: datetime
    first_settings: SchoolSettings = field(default_factory=SchoolSettings)

    @cached_property
    def settings(self) -> SchoolSettings:
        """The school's ways as they are now: found when they are first asked for."""
        return with_edits(self.session, self.first_settings, self.now)

    @property
    def clock(self) -> datetime:
        """Now, as the clock on the school's wall says."""
        return self.now.astimezone(LONDON)

    @property
    def today(self) -> date:
        """Today at school."""
        return self.clock.date()


__all__ = ["LONDON", "School", "SchoolSettings"]
