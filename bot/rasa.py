"""Understanding with a Rasa server beside: it says what is wanted, the embedded engine everything else, and all where Rasa is away."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from bot.understanding import SAFEGUARDING
from nlu.errors import RasaAway
from nlu.face import Alarm, Context, Decision, Understanding
from nlu.rasa_client import RasaClient, RasaGuess

if TYPE_CHECKING:
    from bot.house import Embedded

ACT_AT: Final = 0.6
"""Rasa's confidence from which a guess is acted on. DIET's confidences are a softmax over all intents, so this is more than all others together."""
CONFIRM_AT: Final = 0.3
"""Rasa's confidence from which the parent is asked 'did you mean …?'; below it the message goes to a person."""
NOTHING_KNOWN: Final = frozenset({"out_of_scope", "nlu_fallback"})
"""Intents that say that it is none of the others: ours, and that of Rasa's own FallbackClassifier."""


class WithRasa:
    """The embedded engine, whose guess at the intent is replaced by Rasa's where Rasa has one to give."""

    def __init__(self, embedded: Embedded, client: RasaClient, languages: Collection[str] = ("en",)) -> None:
        self.embedded = embedded
        self._client, self._languages = client, frozenset(languages)

    @property
    def rasa_answers(self) -> bool:
        """Whether Rasa understands now; it may be asked for that, and take as long as the client's timeout."""
        return self._client.answers()

    def exact(self, text: str, language: str) -> str | None:
        """The intent of a whole message that stands in the exact lists."""
        return self.embedded.exact(text, language)

    def number(self, text: str, language: str) -> int | None:
        """The number that a whole message is; negative counts from the end."""
        return self.embedded.number(text, language)

    def watch(self, text: str, language: str) -> Alarm | None:
        """Whether a text suggests that someone may be at risk: never Rasa's to judge."""
        return self.embedded.watch(text, language)

    def parse(self, text: str, context: Context) -> Understanding:
        """What a text means: Rasa's intent with the embedded engine's entities, or the embedded engine's word alone."""
        ours = self.embedded.parse(text, context)
        if not self._is_for_rasa(ours, context):
            return ours
        try:
            guess = self._client.parse(ours.text)
        except RasaAway:
            return ours
        if guess.intent is None:
            return ours
        return replace(ours, intent=guess.intent, confidence=guess.confidence, decision=_decision(guess), ranking=guess.ranking)

    def _is_for_rasa(self, ours: Understanding, context: Context) -> bool:
        """Not what is certain already, what hints at harm (Rasa must not talk that away), or a language that Rasa has not learnt."""
        languages = {context.language, ours.language}
        is_certain = any(self.exact(ours.text, tag) is not None for tag in languages) or self.number(ours.text, context.language) is not None
        hints_at_harm = ours.intent == SAFEGUARDING and ours.decision is not Decision.HAND_OVER
        return ours.language in self._languages and any(map(str.isalpha, ours.text)) and not is_certain and not hints_at_harm


def _decision(guess: RasaGuess) -> Decision:
    if guess.intent in NOTHING_KNOWN or guess.confidence < CONFIRM_AT:
        return Decision.HAND_OVER
    return Decision.ACT if guess.confidence >= ACT_AT else Decision.CONFIRM
