"""What understanding can refuse: training data it cannot read, and a model it must not use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


class UnderstandingError(Exception):
    """The base of everything this folder raises."""


@dataclass(frozen=True)
class Fault:
    """One thing wrong in a training file, and where. `line` counts from 1."""

    path: Path
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.what}"


class BadTrainingData(UnderstandingError):
    """Training data that cannot be used; `faults` names every place, not only the first."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = tuple(faults)


class ModelRefused(UnderstandingError):
    """A model file that is damaged, or was made by other code, libraries or examples than these; `reason` says which."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


class EncoderAway(UnderstandingError):
    """A sentence encoder that cannot answer now: its process died, hangs or rests. What it would have said is left out."""

    def __init__(self, encoder: str) -> None:
        super().__init__(encoder)
        self.encoder = encoder


class BuildFailed(UnderstandingError):
    """The process that builds the models ended otherwise than well; what was kept before stays in use."""

    def __init__(self, code: int) -> None:
        super().__init__(f"exit code {code}")
        self.code = code


class RasaAway(UnderstandingError):
    """A Rasa server that does not answer, not in time, or not as Rasa does; `reason` says which, and never what was asked."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
