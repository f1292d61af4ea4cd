"""What understanding hands back: intent, entities, language, and how far to trust them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from enum import StrEnum


class Decision(StrEnum):
    """What to do with a guess: act on it, ask 'did you mean …?', or hand the message to a person."""

    ACT = "act"
    CONFIRM = "confirm"
    HAND_OVER = "hand_over"


class Level(StrEnum):
    """What an alarm asks for: that the safeguarding lead is told at once, or that she looks at the message when she next reads."""

    ALARM = "alarm"
    LOOK = "look"


@dataclass(frozen=True)
class Alarm:
    """That a message suggests that someone may be at risk. `by` is 'phrase', with the kind of harm that it names in `kind`, or 'model'. Never the words."""

    level: Level
    by: str
    kind: str = ""


@dataclass(frozen=True)
class When:
    """A time as someone wrote it, absolute from the moment it was received, in the school's clock.

    `first` and `last` are inclusive days; both None means any day ('after 3').
    `earliest` and `latest` bound the time of day; equal means that exact time; both None means any time.
    `excluded` turns the meaning round; `weekly` means the weekday of `first` in every week ('not Monday': no Monday at all).
    `certain` is False where only one engine found it, or several readings were possible: it is then repeated back before it is used.
    """

    first: date | None = None
    last: date | None = None
    earliest: time | None = None
    latest: time | None = None
    excluded: bool = False
    certain: bool = True
    weekly: bool = False


@dataclass(frozen=True)
class Name:
    """A name that may stand in a message. `kind` is 'child', 'staff' or 'class'; `aliases` are further ways to say it ('Miss Okafor', 'Grace')."""

    kind: str
    id: int
    label: str
    aliases: Sequence[str] = ()


@dataclass(frozen=True)
class Entity:
    """A value found in a text: `kind` is one of interface.md's entities; `start` and `end` are offsets into the cleaned text.

    `value` is a `When` for 'time', an `int` for 'number', a `Name` for 'child', 'staff' and 'class', else a string.
    """

    kind: str
    start: int
    end: int
    text: str
    value: object
    confidence: float = 1.0


@dataclass(frozen=True)
class Context:
    """What is known about the writer and the moment: handed in, since understanding knows no database.

    `now` is aware, in the school's zone. `names` come in order of nearness: this parent's children, their staff, then the school's.
    `terms` are (first day, last day, kind) with kind 'term', 'half-term', 'INSET' or 'closed', for 'after half-term'.
    """

    now: datetime
    language: str = "en"
    names: Sequence[Name] = ()
    terms: Sequence[tuple[date, date, str]] = ()


@dataclass(frozen=True)
class Understanding:
    """What a text means.

    `confidence` is 0 to 1; `ranking` holds the likeliest intents with theirs, best first; `text` is the cleaned utterance that offsets refer to.
    """

    text: str
    intent: str
    confidence: float
    decision: Decision
    language: str
    ranking: Sequence[tuple[str, float]] = ()
    entities: Sequence[Entity] = field(default=())

    def first(self, kind: str) -> Entity | None:
        """The first entity of this kind, if there is one."""
        return next((entity for entity in self.entities if entity.kind == kind), None)
