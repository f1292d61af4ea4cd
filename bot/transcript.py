"""Conversations as plain text that a teacher can read: `bookbag chat --record` writes them, the tests replay them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from bot.channels.simulator import Shown
from school import LONDON


def heading(clock: datetime, who: str, channel: str) -> str:
    """The line that says when it is and who is writing: 'now: Mon 2026-03-02 09:10    as: Amina, sms'."""
    return f"now: {clock.astimezone(LONDON):%a %Y-%m-%d %H:%M}    as: {who}, {channel}"


def parent_line(text: str) -> str:
    """What a parent wrote, on one line."""
    return f"> {_on_one_line(text)}"


def school_line(shown: Shown) -> str:
    """What the school answered, on one line: its own lines are set apart by two spaces, buttons stand in brackets."""
    buttons = "".join(f"  [{button.label}]" for button in shown.buttons)
    file = f"  ({shown.attachment.filename})" if shown.attachment else ""
    return f"< {_on_one_line(shown.text)}{buttons}{file}"


def _on_one_line(text: str) -> str:
    return "  ".join(text.splitlines())


class Recorder:
    """Keeps a conversation as a transcript."""

    def __init__(self, path: Path, clock: datetime, who: str, channel: str) -> None:
        self._file = path.open("w", encoding="utf-8")
        self._write(f"# Say here what this shows.\n{heading(clock, who, channel)}")

    def parent(self, text: str) -> None:
        """Note what the parent wrote."""
        self._write(parent_line(text))

    def school(self, shown: Shown) -> None:
        """Note what the school answered."""
        self._write(school_line(shown))

    def close(self) -> None:
        """Finish the file."""
        self._file.close()

    def _write(self, line: str) -> None:
        self._file.write(f"{line}\n")
        self._file.flush()
