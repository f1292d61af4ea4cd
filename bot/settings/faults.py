"""What can be wrong with settings, as the technician is told."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong: where it stands (`line` counts from 1 and is None outside a file), which setting, and what to do."""

    source: str
    line: int | None
    path: str
    words: str

    def __str__(self) -> str:
        """One line, as the technician reads it."""
        place = f"{self.source} line {self.line}" if self.line else self.source
        return f"{place}: {self.path} {self.words}" if self.path else f"{place}: {self.words}"


class SettingsError(Exception):
    """The settings cannot be used. `faults` holds everything that is wrong with them, in the order of the file, then of the environment."""

    def __init__(self, faults: list[Fault]) -> None:
        """Keep the faults; the text of the error is theirs, a line each."""
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = faults
