"""A trained classifier: plain arrays, and the few lines of numpy that make a guess of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlu.embedded.features import Floats, Ints, SparseRow, Tfidf, mask
from nlu.embedded.npz import read_npz, write_npz
from nlu.errors import ModelRefused
from nlu.face import Decision

FORMAT = 3
"""Raise by one when the content or the meaning of a model file changes: older files are then trained anew, not misread."""

OUT_OF_SCOPE = "out_of_scope"
_FLOOR = 1e-4  # an opinion that rules an intent out is not believed altogether
_SHARPNESS = 4.0  # softmax(4 x margin): looked at from 2 to 6 in nlu-findings, which moves accuracy by 1.2 points at most
_RANKED = 10


@dataclass(frozen=True)
class Guess:
    """What the classifier makes of a text. `confidence` is the acceptance score, 0 to 1, that was compared with the thresholds."""

    intent: str
    confidence: float
    decision: Decision
    ranking: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class Thresholds:
    """Scores that 95 % and 80 % of the rightly classified training examples reach when they are held out.

    `share` is the weight of the opinion by letters beside that of each encoder.
    """

    confirm: float
    act: float
    share: float = 1.0

    def decide(self, score: float) -> Decision:
        """Act at or above `act`, ask at or above `confirm`, else hand over."""
        if score >= self.act:
            return Decision.ACT
        return Decision.CONFIRM if score >= self.confirm else Decision.HAND_OVER


_UNKNOWN = Thresholds(1.0, 1.0)


@dataclass(frozen=True)
class Head:
    """What was learnt on one encoder's vectors: a linear layer, the examples themselves (sorted by intent) and each intent's centre.

    Vectors are taken from the mean of the training examples: those of e5 all point nearly the same way (nlu-findings, section 4).
    """

    mean: Floats
    weights: Floats  # dimensions x intents
    bias: Floats
    examples: Floats  # examples x dimensions
    centroids: Floats  # intents x dimensions
    starts: Ints  # where each intent's examples begin

    def centred(self, vector: Floats) -> Floats:
        """A vector, or rows of them, as seen from the mean, of unit length."""
        return centred(vector, self.mean)

    def probabilities(self, vector: Floats) -> Floats:
        """The logistic regression's opinion of a centred vector."""
        return softmax(vector @ self.weights + self.bias)

    def nearness(self, vector: Floats) -> Floats:
        """For each intent, half the cosine of a centred vector to its nearest example and half that to its centre."""
        nearest = np.maximum.reduceat(self.examples @ vector, self.starts)
        return np.asarray((nearest + self.centroids @ vector) / 2, dtype=np.float32)


@dataclass(frozen=True)
class Model:
    """A classifier. `thresholds` are by the names of the encoders that took part, joined by '+': '' where tf-idf stood alone."""

    intents: tuple[str, ...]
    tfidf: Tfidf
    weights: NDArray[np.float16]  # features x intents
    bias: Floats
    posting_starts: Ints  # the training matrix by feature: which examples hold it, and how strongly
    posting_rows: Ints
    posting_values: Floats
    heads: Mapping[str, Head]
    thresholds: Mapping[str, Thresholds]
    made_of: Mapping[str, Any]

    def guess(self, text: str, vectors: Mapping[str, Floats]) -> Guess:
        """The likeliest intent of a cleaned `text`, given its `vectors` by the names of the encoders that know its language."""
        probabilities, score = self.score(text, vectors)
        best = int(probabilities.argmax())
        intent = self.intents[best]
        decision = Decision.HAND_OVER if intent == OUT_OF_SCOPE else self.limits(vectors).decide(score)
        order = np.argsort(-probabilities, kind="stable")[:_RANKED]
        # Scaled so that the first of the ranking carries the same number as the guess: in Rasa's answers they are one.
        scale = score / float(probabilities[best])
        ranking = tuple((self.intents[place], round(float(probabilities[place]) * scale, 4)) for place in order)
        return Guess(intent, round(score, 4), decision, ranking)

    def score(self, text: str, vectors: Mapping[str, Floats]) -> tuple[Floats, float]:
        """The probability of each intent, and how far the best is to be trusted: by itself, by nearness in meaning and by nearness in letters, averaged."""
        by_letters, by_meaning, likeness, nearness = self.opinions(text, vectors)
        probabilities = pooled(by_letters, by_meaning, self.limits(vectors).share)
        return probabilities, acceptance(probabilities, likeness, nearness)

    def opinions(self, text: str, vectors: Mapping[str, Floats]) -> tuple[Floats, list[Floats], float, list[Floats]]:
        """What letters make of a cleaned `text` and what each encoder makes of it, its likeness to the nearest example, and its nearness to each intent."""
        row = self.tfidf.row(mask(text))
        by_letters = softmax(_SHARPNESS * (row.values @ self.weights[row.indices].astype(np.float32) + self.bias))
        heads = [(self.heads[name], self.heads[name].centred(vector)) for name, vector in vectors.items() if name in self.heads]
        by_meaning = [head.probabilities(vector) for head, vector in heads]
        return by_letters, by_meaning, self._likeness(row), [head.nearness(vector) for head, vector in heads]

    def _likeness(self, row: SparseRow) -> float:
        """The tf-idf cosine to the nearest training example, of whatever intent."""
        if not row.indices.size:
            return 0.0
        spans = [slice(self.posting_starts[index], self.posting_starts[index + 1]) for index in row.indices.tolist()]
        rows = np.concatenate([self.posting_rows[span] for span in spans])
        lengths = self.posting_starts[row.indices + 1] - self.posting_starts[row.indices]
        products = np.concatenate([self.posting_values[span] for span in spans]) * np.repeat(row.values, lengths)
        # Words and characters each have length one, so two equal texts reach 2.
        return float(np.bincount(rows, weights=products).max()) / 2

    def limits(self, vectors: Mapping[str, Floats]) -> Thresholds:
        """The limits for the encoders that took part."""
        return self.thresholds.get(config_name([name for name in vectors if name in self.heads]), _UNKNOWN)

    def save(self, path: Path) -> None:
        """Write the model to one file, whole or not at all."""
        arrays: dict[str, NDArray[Any]] = {"about": np.frombuffer(self._about().encode(), dtype=np.uint8), "idf": self.tfidf.idf}
        for name in ("weights", "bias", "posting_starts", "posting_rows", "posting_values"):
            arrays[name] = getattr(self, name)
        for encoder, head in self.heads.items():
            arrays |= {f"{encoder}/{name}": array for name, array in vars(head).items()}
        write_npz(path, arrays)

    def _about(self) -> str:
        thresholds = {name: [limits.confirm, limits.act, limits.share] for name, limits in self.thresholds.items()}
        about = {"made_of": self.made_of, "intents": self.intents, "thresholds": thresholds, "heads": sorted(self.heads)}
        return json.dumps(about | {"words": self.tfidf.words, "chars": self.tfidf.chars}, sort_keys=True)

    @classmethod
    def load(cls, path: Path, made_of: Mapping[str, Any] | None = None) -> Model:
        """The model in `path`.

        Refuses with ModelRefused what is absent or damaged, of another format or made by other library versions;
        and, if `made_of` is given, what was trained on other examples or encoders.
        """
        try:
            arrays = read_npz(path)
            about = json.loads(arrays["about"].tobytes())
            model = cls._from(arrays, about)
        except OSError as error:
            raise ModelRefused(path, "cannot be read") from error
        except (ValueError, KeyError, TypeError) as error:
            raise ModelRefused(path, "is damaged or of another format") from error
        wanted = versions() | dict(made_of or {})
        for key, value in wanted.items():
            if model.made_of.get(key) != value:
                raise ModelRefused(path, f"was made with {key} {model.made_of.get(key)}, not {value}")
        return model

    @classmethod
    def _from(cls, arrays: Mapping[str, NDArray[Any]], about: Mapping[str, Any]) -> Model:
        return cls(
            intents=tuple(about["intents"]),
            tfidf=Tfidf(about["words"], about["chars"], arrays["idf"]),
            weights=arrays["weights"],
            bias=arrays["bias"],
            posting_starts=arrays["posting_starts"],
            posting_rows=arrays["posting_rows"],
            posting_values=arrays["posting_values"],
            heads={
                name: Head(*(arrays[f"{name}/{part}"] for part in ("mean", "weights", "bias", "examples", "centroids", "starts"))) for name in about["heads"]
            },
            thresholds={name: Thresholds(*limits) for name, limits in about["thresholds"].items()},
            made_of=about["made_of"],
        )


def versions() -> dict[str, Any]:
    """The format and the libraries that a model's numbers depend on."""
    return {"format": FORMAT, "numpy": metadata.version("numpy"), "scikit-learn": metadata.version("scikit-learn")}


def config_name(encoders: Sequence[str]) -> str:
    """The name under which thresholds for this set of encoders are kept."""
    return "+".join(sorted(encoders))


def acceptance(probabilities: Floats, likeness: float, nearness: Sequence[Floats]) -> float:
    """The score of the best guess, 0 to 1. That it has parts which know nothing of the other intents is what tells what belongs to none (nlu-findings)."""
    best = int(probabilities.argmax())
    parts = [float(probabilities[best]), likeness, *(float(near[best]) for near in nearness)]
    return max(0.0, min(1.0, sum(parts) / len(parts)))


def pooled(by_letters: Floats, by_meaning: Sequence[Floats], share: float) -> Floats:
    """Opinions as one: their weighted geometric mean, so that what one of them rules out is out. Better than the plain mean by a point on our own messages."""
    total = share * np.log(by_letters + _FLOOR) + sum((np.log(opinion + _FLOOR) for opinion in by_meaning), np.zeros_like(by_letters))
    return softmax(total / (share + len(by_meaning)))


def centred(vectors: Floats, mean: Floats) -> Floats:
    """A vector, or rows of them, as seen from `mean`, of unit length."""
    moved = vectors - mean
    return np.asarray(moved / np.maximum(np.linalg.norm(moved, axis=-1, keepdims=True), 1e-9), dtype=np.float32)


def softmax(scores: Floats) -> Floats:
    """`scores` as probabilities."""
    powers = np.exp(scores - scores.max())
    return np.asarray(powers / powers.sum(), dtype=np.float32)
