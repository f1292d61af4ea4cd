"""A talk without a phone: what an adult writes goes straight into the engine, and the state is kept as JSON in between."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from bot.conversation.engine import Conversation, Reply, Utterance
from bot.conversation.state import State
from data.people import Adult
from nlu.exact import Words
from nlu.face import Decision, Entity, Name, Understanding
from school import LONDON, School

NOW = datetime(2026, 3, 2, 9, 10, tzinfo=LONDON)


class Talk:
    """One adult's conversation, its state kept as JSON between turns as the program keeps it."""

    def __init__(self, school: School, adult: Adult, words: Words, *, strict: bool = True) -> None:
        self.school, self.adult, self.words, self.strict = school, adult, words, strict
        self.kept: dict[str, Any] = {}
        self.reply = Reply("")
        self.unsent: set[str] = set()
        self.turns = 0

    @property
    def state(self) -> State:
        return State.from_json(self.kept)

    @property
    def labels(self) -> list[str]:
        return [label for _, label in self.reply.choices]

    def begin(self, intent: str, **args: object) -> str:
        return self._turn(lambda conversation: conversation.begin(intent, **args))

    def hear(self, text: str, *wishes: Understanding, button: str | None = None) -> str:
        language = self.adult.language
        exact, number = (None, None) if button or wishes else (self.words.exact(text, language), self.words.number(text, language))
        heard = Utterance(text, self.school.now, button=button, exact=exact, number=number, wishes=wishes)
        return self._turn(lambda conversation: conversation.hear(heard))

    def press(self, label: str) -> str:
        return self.hear("", button=next(button for button, known in self.reply.choices if known == label))

    def _turn(self, take: Callable[[Conversation], Reply]) -> str:
        self.turns += 1
        conversation = Conversation(
            self.school,
            self.adult,
            self.adult.addresses[0].address,
            self.state,
            language=self.adult.language,
            was_sent_before=lambda uid, _at: uid not in self.unsent,
            reference=f"turn{self.turns}",
            strict=self.strict,
        )
        self.reply = take(conversation)
        if self.reply.question is not None:
            self.reply.question.outbox = f"m{conversation.state.asked}"
        self.school.session.flush()
        self.school.session.expire_all()
        self.kept = json.loads(json.dumps(conversation.state.to_json()))
        return self.reply.text


def wish(intent: str, text: str = "", *, decision: Decision = Decision.ACT, **values: Any) -> Understanding:
    """What the classifier would hand over: `child=Name(…)`, `time=When(…)`; a list for several of a kind."""
    entities = [Entity(kind, 0, 0, "", each) for kind, value in values.items() for each in (value if isinstance(value, list) else [value])]
    return Understanding(text or intent, intent, 0.99, decision, "en", (), entities)


def name_of(row: Any, kind: str) -> Name:
    return Name(kind, row.id, row.name)
