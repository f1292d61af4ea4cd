"""Where a conversation stands, as plain data that is kept as JSON between turns."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Identity = list[Any]
"""What a value is, not the value: [tag, key]. See bot/conversation/identity.py."""


@dataclass
class Step:
    """One thing that was settled, in the order it was reached: an answer given, one that was taken as known (auto), or a rule that was run once."""

    key: str
    kind: Literal["answer", "auto", "once"]
    value: Identity
    hears: str | None = None  # the kind of entity that would change this answer, if mentioned later
    confirmed: str | None = None  # a confirmation: what exactly was confirmed


@dataclass
class Frame:
    """One dialogue under way."""

    dialogue: str
    args: dict[str, Any] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    heard: dict[str, list[Identity]] = field(default_factory=dict)  # values mentioned and not yet used, by entity kind
    heard_text: str = ""  # the words of the wish
    wanted: list[str] = field(default_factory=list)  # questions to ask although the answer could be taken as known
    presets: dict[str, list[Identity]] = field(default_factory=dict)  # options to offer instead, the next time
    preface: list[str] = field(default_factory=list)  # worded sentences to say first on the next run

    def drop_from(self, index: int) -> None:
        """Forget the step at `index` and all that was reached after it."""
        del self.steps[index:]

    def want(self, key: str) -> None:
        """Have this question asked the next time, whatever is known or was mentioned."""
        if key not in self.wanted:
            self.wanted.append(key)

    def index_of(self, key: str) -> int | None:
        """Where the step with this key stands, if it was reached."""
        return next((index for index, step in enumerate(self.steps) if step.key == key), None)


@dataclass
class Option:
    """One answer that was shown: `label` as the parent read it, `english` beside it, `value` what it stands for."""

    id: str
    label: str
    english: str
    value: Identity


@dataclass
class Question:
    """The one open question. `id` is on every button it has. `outbox` is the message that asked it: a bare number answers only if that had left before.

    `options` are those that were shown; `rest` are further ones, shown when the parent asks for more. `sentence` is the question as it was worded.
    """

    id: str
    key: str
    kind: Literal["choose", "confirm", "text"]
    options: list[Option] = field(default_factory=list)
    hears: str | None = None
    confirmed: str | None = None
    asked_at: str = ""  # ISO 8601, UTC
    outbox: str | None = None
    sentence: str = ""
    rest: list[Option] = field(default_factory=list)
    page: int = 0


@dataclass
class State:
    """A whole conversation: the dialogues under way, the newest last; the open question of that one; the wishes that wait their turn; how many questions were ever asked;
    how many messages in a row were not understood."""

    frames: list[Frame] = field(default_factory=list)
    question: Question | None = None
    waiting: list[Frame] = field(default_factory=list)
    asked: int = 0
    misunderstood: int = 0

    def to_json(self) -> dict[str, Any]:
        """The state as JSON can hold it."""
        return asdict(self)

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> State:
        """The state that `to_json` wrote; an empty one where nothing was kept."""
        question = kept.get("question")
        return cls(
            frames=[_frame(frame) for frame in kept.get("frames", ())],
            question=_question(question) if question else None,
            waiting=[_frame(frame) for frame in kept.get("waiting", ())],
            asked=kept.get("asked", 0),
            misunderstood=kept.get("misunderstood", 0),
        )


def _frame(kept: dict[str, Any]) -> Frame:
    return Frame(**{**kept, "steps": [Step(**step) for step in kept["steps"]]})


def _question(kept: dict[str, Any]) -> Question:
    options, rest = ([Option(**option) for option in kept[name]] for name in ("options", "rest"))
    return Question(**{**kept, "options": options, "rest": rest})
