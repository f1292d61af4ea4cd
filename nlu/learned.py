"""What a school has corrected: messages with the intent that they really had, kept as examples for the next training."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from pathlib import Path

from nlu.clean import clean
from nlu.rasa_format import read, to_training

_ONE_WRITER = threading.Lock()
"""Staff teach while the clock forgets: neither undoes what the other wrote."""


class Learned:
    """The corrections in a folder. The file has Rasa's format, so that it can be read, mended and carried elsewhere; it holds parents' words."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "learned.yml"

    def add(self, text: str, intent: str) -> bool:
        """Keep one message with its intent; the newer correction of a text wins. False if nothing changed. Raises ValueError for a text without words."""
        told = _told(text)
        if not any(char.isalpha() for char in told):
            raise ValueError(text)
        with _ONE_WRITER:
            kept = self._kept()
            if kept.get(told) == intent:
                return False
            kept[told] = intent
            self._write(kept)
        return True

    def forget(self, texts: Iterable[str]) -> int:
        """Forget these messages, whoever else wrote the same; how many there were. What was trained on them is trained anew by whoever calls."""
        gone = {_told(text) for text in texts}
        with _ONE_WRITER:
            kept = self._kept()
            left = {text: intent for text, intent in kept.items() if text not in gone}
            if len(left) < len(kept):
                self._write(left)
        return len(kept) - len(left)

    def _kept(self) -> dict[str, str]:
        return {example.text: example.intent for example in read([self.path]).examples} if self.path.exists() else {}

    def _write(self, kept: dict[str, str]) -> None:
        if not kept:
            self.path.unlink()
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        draft = self.path.with_suffix(".new")
        draft.write_text(to_training(list(kept.items())), encoding="utf-8")
        draft.chmod(0o600)
        draft.replace(self.path)


def _told(text: str) -> str:
    return clean(text).removeprefix("- ").strip()
