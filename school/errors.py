"""The school's rules saying no. A refusal is not a fault: it carries facts, and whoever speaks to the person finds the words.

Refusal
├── SlotTaken           someone else has the time now
├── TooSoon             less than the minimum notice
├── NotBookable         the slot is outside what the school offers
├── NotYourChild        this adult may not do this about this child
├── NotYours            the appointment is another adult's
├── AlreadyOver         the appointment has begun or was cancelled
├── NotThere            there is no such thing, or whoever asks may not see it: the same answer for both
├── TooLarge            a file of more bytes than are kept
└── NotAllowed          a file that is of no kind that is kept, or cannot be read
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from school.slots import Slot


class Refusal(Exception):
    """A rule says no."""


@dataclass
class SlotTaken(Refusal):
    """The time was given to someone else. `nearest` holds up to three free slots close to it."""

    starts_at: datetime
    nearest: Sequence[Slot] = field(default=())


@dataclass
class TooSoon(Refusal):
    """The time is nearer than the school's minimum notice."""

    notice: timedelta


class NotBookable(Refusal):
    """The slot is not one the school offers: outside availability, the term or the horizon."""


class NotYourChild(Refusal):
    """This adult may not do this about this child."""


class NotYours(Refusal):
    """This appointment was booked by another adult."""


class AlreadyOver(Refusal):
    """The appointment has begun, or is cancelled: it can no longer be changed."""


class NotThere(Refusal):
    """There is no such thing, or whoever asks may not see it: nobody learns which."""


@dataclass
class TooLarge(Refusal):
    """A file is larger than what is kept, both in bytes."""

    size: int
    most: int


@dataclass
class NotAllowed(Refusal):
    """A file is not kept. `found` is its media type by its content, empty where that could not be told; `why` is one of `school.file_kinds.Why`."""

    claimed: str
    found: str
    why: str
