"""Calendar files (.ics) out of a school's other calendars, read into events that it may take. Source: RFC 5545."""

from __future__ import annotations

from school.event_files.lines import LARGEST
from school.event_files.reading import ALL_DAY, MOST, Draft, Reading, read
from school.event_files.words import printable

__all__ = ["ALL_DAY", "LARGEST", "MOST", "Draft", "Reading", "printable", "read"]
