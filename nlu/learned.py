"""What a school has corrected: messages with the intent that they really had, kept as examples for the next training."""

from __future__ import annotations

from pathlib import Path

from nlu.clean import clean
from nlu.rasa_format import read, to_training


class Learned:
    """The corrections in a folder. The file has Rasa's format, so that it can be read, mended and carried elsewhere; it holds parents' words."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "learned.yml"

    def add(self, text: str, intent: str) -> bool:
        """Keep one message with its intent; the newer correction of a text wins. False if nothing changed. Raises ValueError for a text without words."""
        told = clean(text).removeprefix("- ").strip()
        if not any(char.isalpha() for char in told):
            raise ValueError(text)
        kept = {example.text: example.intent for example in read([self.path]).examples} if self.path.exists() else {}
        if kept.get(told) == intent:
            return False
        kept[told] = intent
        self.path.parent.mkdir(parents=True, exist_ok=True)
        draft = self.path.with_suffix(".new")
        draft.write_text(to_training(list(kept.items())), encoding="utf-8")
        draft.chmod(0o600)
        draft.replace(self.path)
        return True
