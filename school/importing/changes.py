"""What an import did, in words a technician reads."""

from __future__ import annotations

from dataclasses import dataclass, field

from data.people import Adult


@dataclass(frozen=True)
class StartLinkDue:
    """That this adult is to be sent a one-time Telegram link; the token is kept nowhere else."""

    adult: Adult
    token: str


@dataclass
class Changes:
    """What an import made, changed and removed, a line each, and what it found just as it was. Numbers are shown by their last three digits.

    `warnings` are what should be looked at though nothing was refused; `start_links` wait to be sent.
    """

    created: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    start_links: list[StartLinkDue] = field(default_factory=list)

    def note(self, name: str, differences: list[str]) -> None:
        """That what is called `name` was found, with these differences, or none."""
        if differences:
            self.updated.append(f"{name}: {'; '.join(differences)}")
        else:
            self.unchanged.append(name)

    def __bool__(self) -> bool:
        """Whether anything is different now."""
        return bool(self.created or self.updated or self.removed)


def differs(what: str, before: object, after: object) -> list[str]:
    """'language en becomes so', or nothing if they are the same."""
    if before == after:
        return []
    return [f"{what} {_shown(before)} becomes {_shown(after)}"]


def _shown(value: object) -> str:
    if value in ("", None, (), frozenset()):
        return "nothing"
    return ", ".join(sorted(map(str, value))) if isinstance(value, (tuple, list, set, frozenset)) else str(value)
