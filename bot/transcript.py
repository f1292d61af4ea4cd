"""Conversations as plain text that a teacher can read: `bookbag chat --record` writes them, the tests replay them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from bot.channels.base import Inbound, InboundKind
from bot.channels.simulator import Shown
from school import LONDON
from translations.sms import segments


def heading(clock: datetime, who: str, channel: str, language: str) -> str:
    """The line that says when it is, who is writing, and in which language where it is not English: 'now: Mon 2026-03-02 09:10    as: Amina, sms, so'."""
    return f"now: {clock.astimezone(LONDON):%a %Y-%m-%d %H:%M}    as: {who}, {channel}" + ("" if language == "en" else f", {language}")


def parent_line(message: Inbound) -> str:
    """What a parent sent, on one line: '> 1', '> [Book it]' for a button, '@ shares their number'."""
    if message.kind is InboundKind.CONTACT:
        return "@ shares their number"
    text = _on_one_line(message.text).strip()
    return f"> [{text}]" if message.kind is InboundKind.BUTTON else f"> {text}".rstrip()


def cost_line(texts: int, parts: int) -> str:
    """What a conversation cost: '$ 3 texts from the parent, 4 message parts from the school'."""
    return f"$ {_count(texts, 'text')} from the parent, {_count(parts, 'message part')} from the school"


def school_line(shown: Shown) -> str:
    """What the school answered, on one line: its own lines are set apart by two spaces, buttons stand in brackets."""
    buttons = "".join(f"  [{button.label}]" for button in shown.buttons)
    file = f"  ({shown.attachment.filename})" if shown.attachment else ""
    return f"< {_on_one_line(shown.text)}{buttons}{file}"


def _on_one_line(text: str) -> str:
    return "  ".join(text.splitlines())


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


class Recorder:
    """Keeps a conversation as a transcript."""

    def __init__(self, path: Path, clock: datetime, channel: str, who: str, language: str) -> None:
        self._file, self._is_sms = path.open("w", encoding="utf-8"), channel == "sms"
        self._texts = self._parts = 0
        self._write(f"# Say here what this shows.\n{heading(clock, who, channel, language)}")

    def parent(self, message: Inbound) -> None:
        """Note what the parent sent."""
        line = parent_line(message)
        self._texts += line.startswith(">")
        self._write(line)

    def school(self, shown: Shown) -> None:
        """Note what the school answered."""
        self._parts += segments(shown.text) if self._is_sms else 1
        self._write(school_line(shown))

    def close(self) -> None:
        """Note what it cost, and finish the file."""
        if self._texts:
            self._write(cost_line(self._texts, self._parts))
        self._file.close()

    def _write(self, line: str) -> None:
        self._file.write(f"{line}\n")
        self._file.flush()
