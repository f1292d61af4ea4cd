"""What was wished, as dialogues to begin: one frame a wish, with the values that were mentioned."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.conversation.identity import identity
from bot.conversation.registry import find
from bot.conversation.state import Frame, Identity
from nlu.face import Alarm, Decision, Understanding
from school.capability import capabilities

MODELS = {"child": "Child", "staff": "Staff", "class": "SchoolClass"}
"""Which rows the names are of that belong to no capability; those of one are in its declaration."""
NO_WISH = frozenset({"affirm", "deny", "maybe", "out_of_scope"})
"""Intents that are no wish of their own while something else is talked about."""
LONG_ENOUGH = 15
"""Characters of a message from which its language can be told: 'ok merci' is no wish to be written to in French."""
FAREWELLS = frozenset({"greet", "goodbye", "small_talk"})
"""Pleasantries, of which nothing follows beside a question that is open or a wish."""


@dataclass(frozen=True)
class Instead:
    """What someone says that they meant, in place of their last answer; `number` where that is one."""

    text: str
    number: int | None = None


@dataclass(frozen=True)
class Utterance:
    """One message, as far as it was understood without knowing the conversation.

    `opening` is 'affirm' where a few words begin with a yes and name nothing: 'yes, cancel it please'.
    `exact` is the intent of a whole message that stands in the exact lists; `number` that of one that is a number, negative from the end. `wishes` are
    what the classifier made of it, more than one where it holds several; empty where it was not asked. `alarm` is set where it suggests that someone may
    be at risk, and `about_staff` then holds the members of staff it names, by id. `instead` is what follows 'no, I meant'.
    """

    text: str
    received_at: datetime
    button: str | None = None
    exact: str | None = None
    number: int | None = None
    opening: str | None = None
    wishes: Sequence[Understanding] = ()
    alarm: Alarm | None = None
    about_staff: frozenset[int] = frozenset()
    instead: Instead | None = None

    @property
    def language(self) -> str | None:
        """The language it was written in, where it is long enough to tell."""
        return self.wishes[0].language if self.wishes and len(self.text) >= LONG_ENOUGH else None

    @property
    def is_bare(self) -> bool:
        """Whether it means nothing without the question it answers: a number, a yes, a no."""
        return self.button is None and (self.number is not None or self.exact in ("affirm", "deny"))

    @property
    def meaning(self) -> str | None:
        """The one intent that the whole message surely has, with nothing mentioned beside it."""
        if self.exact is not None or not self.wishes:
            return self.exact
        first = self.wishes[0]
        return first.intent if first.decision is Decision.ACT and not first.entities else None


def to_act_on(wishes: Iterable[Understanding], *, but: Iterable[str] = NO_WISH) -> list[Understanding]:
    """The wishes that are sure enough to be acted on."""
    return [wish for wish in wishes if wish.decision is Decision.ACT and wish.intent not in but]


def frames_for(wishes: Sequence[Understanding], whole: str) -> list[Frame]:
    """A frame for each dialogue that is wished for, the urgent ones first.

    Two parts of a message that mean the same dialogue, and do not differ, are one wish; so are those that the same people read ('bad night, seizure at 4').
    """
    frames: list[Frame] = []
    for wish in _read_once(wishes):
        # A person gets the whole message: a part of it may mean little by itself.
        words = wish.text if len(wishes) > 1 and not _reads_all(wish) else whole
        frame = Frame(wish.intent, heard=values_heard([wish]), heard_text=words)
        if find(wish.intent) is None and any(find(other.dialogue) is None for other in frames):
            continue  # a person has it already
        same = next((other for other in frames if other.dialogue == frame.dialogue and not _differ(other, frame)), None)
        if same is None:
            frames.append(frame)
        else:
            same.heard |= frame.heard
            same.heard_text = f"{same.heard_text} {frame.heard_text}"
    return sorted(frames, key=lambda frame: not is_urgent(frame))


def _reads_all(wish: Understanding) -> bool:
    """Whether a person gets the whole message because of it."""
    dialogue = find(wish.intent)
    return dialogue is None or dialogue.whole


def _read_once(wishes: Sequence[Understanding]) -> Sequence[Understanding]:
    """The wishes; of those that give the whole message to a person only the one whose dialogue comes first in their order, as that person has it all."""
    ordered = [(dialogue.order, wish) for wish in wishes if (dialogue := find(wish.intent)) is not None and dialogue.whole]
    if not ordered:
        return wishes
    kept = min(ordered, key=lambda pair: pair[0])[1]
    return [wish for wish in wishes if wish is kept or not _reads_all(wish)]


def is_urgent(frame: Frame) -> bool:
    """Whether its dialogue is answered at once, also in the midst of another."""
    dialogue = find(frame.dialogue)
    return dialogue is not None and dialogue.urgent


def values_heard(wishes: Iterable[Understanding]) -> dict[str, list[Identity]]:
    """The values mentioned, by kind, as identities: people by their rows, times as the absolute days and hours they were at that moment."""
    heard: dict[str, list[Identity]] = {}
    for wish in wishes:
        for entity in wish.entities:
            heard.setdefault(entity.kind, []).append(_identity(entity.kind, entity.value))
    return heard


def refined(before: Sequence[Identity], now: Sequence[Identity]) -> list[Identity]:
    """What is mentioned now, in the light of what was before: 'after 3' said after 'next week' is about next week."""
    days = next((value for value in before if value[0] == "When" and value[1][0] is not None and not value[1][4]), None)
    if days is None or len(before) != 1:
        return list(now)
    return [[tag, [*days[1][:2], *kept[2:]]] if tag == "When" and kept[0] is None and not kept[4] else [tag, kept] for tag, kept in now]


def _identity(kind: str, value: Any) -> Identity:
    named = {found.named.kind: found.named.model for found in capabilities() if found.named is not None}
    model = MODELS.get(kind) or named.get(kind)
    return [model, [value.id]] if model is not None else identity(value)


def _differ(one: Frame, other: Frame) -> bool:
    return any(one.heard[kind] != other.heard[kind] for kind in one.heard.keys() & other.heard.keys())
