"""Phrases and a classifier together, over every part of a message however long it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from nlu.clean import windows
from nlu.embedded.features import Floats
from nlu.face import Alarm, Level
from nlu.safeguarding.model import AlarmModel
from nlu.safeguarding.phrases import Phrases

Vectors = Callable[[str], Mapping[str, Floats]]
"""The encoders' vectors of a cleaned text, by encoder; none of those that are away or do not know the language."""

_ENCODED = 6  # parts of a message that the encoders see; those after them are judged by letters alone, in a fiftieth of the time
_SHORT = 30  # words: up to so many, a message is one part
_PART = 24  # words of a part of a longer one; each begins half a part after the last, so that no sentence is only ever seen cut


class Watch:
    """The safeguarding alarm. Without a model the phrases watch alone."""

    def __init__(self, phrases: Phrases, model: AlarmModel | None = None) -> None:
        self._phrases, self._model = phrases, model

    @property
    def encoders(self) -> frozenset[str]:
        """The encoders whose vectors it judges by, where they are there."""
        return self._model.encoders if self._model is not None else frozenset()

    def heard(self, text: str, language: str, vectors: Vectors) -> Alarm | None:
        """The alarm that a cleaned text of any length raises, or None."""
        kind = self._phrases.kind(text, language)
        if kind is not None:
            return Alarm(Level.ALARM, "phrase", kind)
        if self._model is None:
            return None
        worth_a_look = False
        for place, part in enumerate(parts(text)):
            margin, limits = self._model.margin(part, vectors(part) if place < _ENCODED else {})
            if margin >= limits.alarm:
                return Alarm(Level.ALARM, "model")
            worth_a_look = worth_a_look or margin >= limits.look
        return Alarm(Level.LOOK, "model") if worth_a_look else None


def parts(text: str) -> Iterator[str]:
    """A message in overlapping parts of a sentence or two; whole, if it is short."""
    words = text.split()
    if len(words) <= _SHORT:
        yield from windows(text)
        return
    for start in range(0, len(words) - _PART // 2, _PART // 2):
        yield from windows(" ".join(words[start : start + _PART]))
