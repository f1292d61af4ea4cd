"""How well an engine does on labelled messages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nlu.embedded.engine import Engine
from nlu.face import Decision
from nlu.rasa_format import Example


@dataclass(frozen=True)
class Prediction:
    """One message, what it was labelled and what it was taken for."""

    text: str
    intent: str
    predicted: str
    confidence: float
    decision: str
    language: str

    @property
    def is_right(self) -> bool:
        """Whether the first guess was the label; whether it was accepted plays no part."""
        return self.intent == self.predicted


@dataclass(frozen=True)
class Report:
    """The predictions of one test, and what they add up to."""

    predictions: Sequence[Prediction]

    @property
    def accuracy(self) -> float:
        """The share of messages whose first guess was right."""
        return sum(prediction.is_right for prediction in self.predictions) / len(self.predictions) if self.predictions else 0.0

    @property
    def macro_f1(self) -> float:
        """The mean F1 of the intents that were labelled or predicted, each counting the same however rare."""
        scores = [scores["f1"] for scores in self.per_intent.values()]
        return sum(scores) / len(scores) if scores else 0.0

    @property
    def per_intent(self) -> dict[str, dict[str, float]]:
        """For each intent precision, recall, F1 and how many messages were labelled with it."""
        labelled = Counter(prediction.intent for prediction in self.predictions)
        predicted = Counter(prediction.predicted for prediction in self.predictions)
        right = Counter(prediction.intent for prediction in self.predictions if prediction.is_right)
        return {intent: _scores(right[intent], predicted[intent], labelled[intent]) for intent in sorted({*labelled, *predicted})}

    @property
    def confusions(self) -> list[tuple[tuple[str, str], int]]:
        """(label, guess) pairs that differ, with their number, the commonest first."""
        wrong = Counter((prediction.intent, prediction.predicted) for prediction in self.predictions if not prediction.is_right)
        return sorted(wrong.items(), key=lambda item: (-item[1], item[0]))

    def decision_lines(self) -> list[str]:
        """For each decision how many messages it was taken for, and how many of those were right."""
        lines = []
        for decision in Decision:
            taken = [prediction for prediction in self.predictions if prediction.decision == decision.value]
            lines.append(f"{decision.value:10} {len(taken)}, {sum(prediction.is_right for prediction in taken)} of them right")
        return lines

    def as_json(self) -> dict[str, Any]:
        """The shape that interface.md promises."""
        return {
            "accuracy": self.accuracy,
            "macro_f1": self.macro_f1,
            "per_intent": self.per_intent,
            "predictions": [vars(prediction) for prediction in self.predictions],
        }


def evaluate(engine: Engine, examples: Sequence[Example]) -> Report:
    """What `engine` makes of each of `examples`, as if an English-speaking parent had sent it."""
    predictions = []
    for example in examples:
        guess, language = engine.classify(example.text)
        predictions.append(Prediction(example.text, example.intent, guess.intent, guess.confidence, guess.decision.value, language))
    return Report(predictions)


def _scores(right: int, predicted: int, labelled: int) -> dict[str, float]:
    precision = right / predicted if predicted else 0.0
    recall = right / labelled if labelled else 0.0
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return {"precision": precision, "recall": recall, "f1": f1, "support": labelled}
