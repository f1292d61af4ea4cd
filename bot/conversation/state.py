"""Where a conversation stands, as plain data that is kept as JSON between turns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, Literal, TypeVar

Identity = list[Any]
"""What a value is, not the value: [tag, key]. See bot/conversation/identity.py."""

T = TypeVar("T")


@dataclass
class Step:
    """One thing that was settled, in the order it was reached: an answer given, one that was taken as known (auto), or a rule that was run once."""

    key: str
    kind: Literal["answer", "auto", "once"]
    value: Identity
    hears: str | None = None  # the kind of entity that would change this answer, if mentioned later
    confirmed: str | None = None  # a confirmation: what exactly was confirmed
    extra: bool = False  # asked only since the parent wished to settle it (`Chat.wants`)


@dataclass
class Frame:
    """One dialogue under way."""

    dialogue: str
    args: dict[str, Any] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    heard: dict[str, list[Identity]] = field(default_factory=dict)  # values mentioned and not yet used, by entity kind
    used: dict[str, list[Identity]] = field(default_factory=dict)  # those that an answer has used up, should it be dropped for another's sake
    heard_text: str = ""  # the words of the wish
    wanted: list[str] = field(default_factory=list)  # questions to ask although the answer could be taken as known
    given: dict[str, Identity] = field(default_factory=dict)  # extra answers from before an earlier one changed: taken as known now
    presets: dict[str, list[Identity]] = field(default_factory=dict)  # options to offer instead, until one is chosen
    preface: list[str] = field(default_factory=list)  # worded sentences to say first on the next run
    beside: list[Identity] = field(default_factory=list)  # what was answered in the dialogue beside which this was wished
    was_left: bool = False  # put aside after it was left for a day: offered again, not continued blindly
    answered: Question | None = None  # the question that was answered last: 'no, I meant 4' puts another answer there
    unclear: dict[str, int] = field(default_factory=dict)  # how often what was written was no answer, by the question's key
    asked: str = ""  # the key of the question that was asked last
    topic: str = ""  # what its messages are about, where their words are to be forgotten once that is over

    def drop_from(self, index: int) -> None:
        """Forget the step at `index` and all that was reached after it; extra answers beyond it are taken as known when they are reached again."""
        self.given |= {step.key: step.value for step in self.steps[index + 1 :] if step.extra}
        del self.steps[index:]

    def want(self, key: str) -> None:
        """Have this question asked the next time, whatever is known or was mentioned."""
        self.given.pop(key, None)
        if key not in self.wanted:
            self.wanted.append(key)

    def index_of(self, key: str) -> int | None:
        """Where the step with this key stands, if it was reached."""
        return next((index for index, step in enumerate(self.steps) if step.key == key), None)

    def index_hearing(self, kind: str) -> int | None:
        """Where the first answer stands that a value of this kind would change."""
        return next((index for index, step in enumerate(self.steps) if step.hears == kind), None)

    def settle(self, step: Step) -> None:
        """Put an answer down; what led to its question is used up."""
        self.steps.append(step)
        self.wanted = [key for key in self.wanted if key != step.key]
        for used in (self.presets, self.given):
            used.pop(step.key, None)
        if step.hears and step.hears in self.heard:
            self.used[step.hears] = self.heard.pop(step.hears)


@dataclass
class Option:
    """One answer that was shown: `label` as the parent read it, `english` beside it, `value` what it stands for."""

    id: str
    label: str
    english: str
    value: Identity


@dataclass
class Question:
    """The one open question. `id` is on every button it has.

    `options` are those that were shown; `rest` are further ones, shown when the parent asks for more; `page` counts how often they did. `sentence` is the
    question as it was worded, `english` the same for staff. `outbox` is the message that asked it last, `earlier` are others that asked exactly the same:
    a bare number answers only if one of them had left before. `instead` are words that change what was taken as known; the `id` of each is the key of the
    step it changes.

    Where `own_words` is set, whatever is written is an answer; it names the intents that are one too. `means` says which option a message with
    some intent is: a bare yes ('affirm'). `until` is when it is over: what is written later was not asked for. `otherwise` are the words for whoever
    did not understand it the first time. Where it `lets_through`, a message beside it that a person must see today is heard as that.
    """

    id: str
    key: str
    kind: Literal["choose", "confirm", "text"]
    options: list[Option] = field(default_factory=list)
    hears: str | None = None
    confirmed: str | None = None
    extra: bool = False
    asked_at: str = ""  # ISO 8601, UTC
    outbox: str | None = None
    earlier: list[str] = field(default_factory=list)
    sentence: str = ""
    english: str = ""
    rest: list[Option] = field(default_factory=list)
    page: int = 0
    instead: list[Option] = field(default_factory=list)
    own_words: list[str] | None = None
    means: dict[str, str] = field(default_factory=dict)
    until: str = ""  # ISO 8601, UTC
    otherwise: str = ""
    lets_through: bool = False

    def is_over(self, at: datetime) -> bool:
        """Whether an answer comes too late to be one."""
        return bool(self.until) and at >= datetime.fromisoformat(self.until)

    def is_as(self, other: Question) -> bool:
        """Whether it looks the same and its answers mean the same."""
        return all(getattr(self, name) == getattr(other, name) for name in ("key", "kind", "options", "hears", "confirmed", "sentence", "rest", "page"))


@dataclass
class State:
    """A whole conversation.

    The dialogues under way, the newest last; the open question of that one; the wishes that wait their turn; how many questions were ever asked; how many
    messages in a row were not understood, and the first of them. `foreign` is the other language that their last message was in, if it was; `offered`
    those that they were asked about.
    """

    frames: list[Frame] = field(default_factory=list)
    question: Question | None = None
    waiting: list[Frame] = field(default_factory=list)
    asked: int = 0
    misunderstood: int = 0
    unclear: str = ""
    foreign: str | None = None
    offered: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """The state as JSON can hold it."""
        return {name: _plain(getattr(self, name)) for name in _FIELDS[State]}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> State:
        """The state that `to_json` wrote; an empty one where nothing was kept. What an older version wrote and this one does not know is left out."""
        frames, question = [_frame(frame) for frame in kept.get("frames", ())], kept.get("question")
        return cls(
            frames=frames,
            question=_question(question) if question and frames else None,
            waiting=[_frame(frame) for frame in kept.get("waiting", ())],
            asked=kept.get("asked", 0),
            misunderstood=kept.get("misunderstood", 0),
            unclear=kept.get("unclear", ""),
            foreign=kept.get("foreign"),
            offered=list(kept.get("offered", ())),
        )


_SHARED = (str, int, float, type(None))
_FIELDS: dict[type, tuple[str, ...]] = {cls: tuple(known.name for known in fields(cls)) for cls in (Step, Frame, Option, Question, State)}


def _plain(value: Any) -> Any:
    """A copy of dataclasses, lists and dicts as dicts and lists; some four times quicker than `asdict`, which copies strings too."""
    if isinstance(value, _SHARED):
        return value
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return {name: _plain(getattr(value, name)) for name in _FIELDS[type(value)]}


def _known(cls: type[T], kept: Mapping[str, Any], **made: Any) -> T:
    return cls(**{name: value for name, value in kept.items() if name in _FIELDS[cls]} | made)


def _frame(kept: Mapping[str, Any]) -> Frame:
    answered = kept.get("answered")
    return _known(Frame, kept, steps=[_known(Step, step) for step in kept.get("steps", ())], answered=_question(answered) if answered else None)


def _question(kept: Mapping[str, Any]) -> Question:
    return _known(Question, kept, **{name: [_known(Option, option) for option in kept.get(name, ())] for name in ("options", "rest", "instead")})
