"""What was seen at a provider, and what it means."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from bot.channels.errors import TryLater

T = TypeVar("T")


class Mark(StrEnum):
    """How a finding is to be taken: as it should be, worth a look, or in the way of families being reached."""

    RIGHT = "ok"
    LOOK = "look"
    WRONG = "WRONG"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at, in the technician's words; where it is not right, with what to do."""

    mark: Mark
    about: str
    words: str


def right(about: str, words: str) -> Finding:
    """It is as it should be."""
    return Finding(Mark.RIGHT, about, words)


def look(about: str, words: str) -> Finding:
    """It may be meant so: a person should look."""
    return Finding(Mark.LOOK, about, words)


def wrong(about: str, words: str) -> Finding:
    """It must be mended before families rely on it."""
    return Finding(Mark.WRONG, about, words)


async def seen(about: str, asked: Awaitable[T]) -> T | Finding:
    """What the provider answers, or the finding that it could not be asked, with its own code where it gave one."""
    try:
        return await asked
    except TryLater as error:
        return wrong(about, f"could not be asked{f' (code {error.code})' if error.code else ''}: is the provider reachable from here? Try again")
