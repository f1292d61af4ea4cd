"""From examples to a model. The only place that needs scikit-learn."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlu.clean import clean
from nlu.embedded.encoders import Encoder, VectorCache
from nlu.embedded.features import Floats, SparseRow, Tfidf, mask
from nlu.embedded.model import OUT_OF_SCOPE, Head, Model, Thresholds, acceptance, centred, config_name, pooled, versions
from nlu.errors import BadTrainingData, Fault
from nlu.rasa_format import Example
from nlu.wordlists import languages

_FOLDS = 3
_SOFTNESS = 20.0  # the C of the logistic regressions: 20 to 100 are alike on HWU64 and CLINC150
_ENOUGH = 7_000  # samples
_MANY = 50  # examples an intent
_SHARE = {(False, True): 0.5, (False, False): 1.0, (True, True): 1.0, (True, False): 2.0}
"""The weight of letters beside one encoder's, by whether there are many examples, and whether every encoder knows the language.

Few examples leave more to meaning (HWU64, CLINC150), many more to letters, most of all in a language that is strange to the encoders (our own held-out
messages). Cross-validation is a bad judge of it: it finds examples that were written together in each other's folds.
"""
_CONFIRM_QUANTILE, _ACT_QUANTILE = 0.05, 0.20  # t5 and t20 of nlu-findings, 'Thresholds with no OOS data'
_WEIGHT = "balanced"  # seventeen languages of examples for the commonest wishes must not make every English message one of them
_NEVER = Thresholds(1.0, 1.0)


class Sample(NamedTuple):
    """One cleaned text, what it means and the language it is in."""

    text: str
    intent: str
    language: str


def train(examples: Sequence[Example], encoders: Sequence[Encoder], cache: Path) -> Model:
    """A model of `examples`; the same examples give the same bytes on the same machine. Vectors of examples are kept in `cache`.

    Refuses with BadTrainingData if there are fewer than two intents.
    """
    threadpool_limits = import_module("threadpoolctl").threadpool_limits  # scikit-learn brings it; it has no types
    samples = samples_of(examples)
    if len({sample.intent for sample in samples}) < 2:
        raise BadTrainingData([Fault(examples[0].path if examples else Path(), 0, "training needs examples of at least two intents")])
    # Several threads add in an order of their own, and the bytes would differ from run to run.
    with threadpool_limits(limits=1):
        vectors = [_vectors(samples, encoder, cache) for encoder in encoders]
        return _fit(samples, vectors, _thresholds(samples, vectors), made_of(examples, encoders))


def samples_of(examples: Sequence[Example]) -> list[Sample]:
    """What is trained on: each cleaned text once an intent, sorted by intent and otherwise in order of appearance.

    A file named by a language (`so.yml`) is in that language, any other in English.
    """
    known = frozenset(languages())
    samples = dict.fromkeys(Sample(clean(example.text), example.intent, stem if (stem := example.path.stem) in known else "en") for example in examples)
    return sorted((sample for sample in samples if sample.text), key=lambda sample: sample.intent)


def made_of(examples: Sequence[Example], encoders: Sequence[Encoder]) -> dict[str, Any]:
    """What a model's numbers depend on: format, library and encoder versions, and a hash of the examples."""
    content = "".join("\t".join(sample) + "\n" for sample in samples_of(examples))
    return versions() | {
        "encoders": {encoder.name: encoder.version for encoder in encoders},
        "examples": hashlib.sha256(content.encode()).hexdigest(),
    }


@dataclass(frozen=True)
class _Vectors:
    """One encoder's vectors of all samples, and which of them it may learn from."""

    encoder: str
    rows: Floats
    is_known: NDArray[np.bool_]

    def only(self, kept: Sequence[int]) -> _Vectors:
        """The same for some of the samples."""
        return _Vectors(self.encoder, self.rows[kept], self.is_known[kept])


def vectors_of(samples: Sequence[Sample], encoder: Encoder, cache: Path) -> tuple[Floats, NDArray[np.bool_]]:
    """The encoder's vectors of all samples, from `cache` where they are kept there, and whether it knows the language of each."""
    rows = VectorCache(cache, encoder).vectors([mask(sample.text) for sample in samples])
    return rows, np.array([encoder.knows(sample.language) for sample in samples])


def _vectors(samples: Sequence[Sample], encoder: Encoder, cache: Path) -> _Vectors:
    rows, is_known = vectors_of(samples, encoder, cache)
    intents = [sample.intent for sample in samples]
    if set(intents) != {intent for intent, known in zip(intents, is_known, strict=True) if known}:
        # An intent with examples only in languages the encoder is a stranger to: better strange vectors than none.
        is_known[:] = True
    return _Vectors(encoder.name, rows, is_known)


def _fit(samples: Sequence[Sample], vectors: Sequence[_Vectors], thresholds: Mapping[str, Thresholds], origin: Mapping[str, Any]) -> Model:
    intents = sorted({sample.intent for sample in samples})
    labels = np.array([intents.index(sample.intent) for sample in samples], dtype=np.int32)
    tfidf = Tfidf.fit([mask(sample.text) for sample in samples])
    matrix = matrix_of([tfidf.row(mask(sample.text)) for sample in samples], tfidf.size)
    weights, bias = _support_vectors(matrix, labels)
    by_feature = matrix.tocsc()
    return Model(
        intents=tuple(intents),
        tfidf=tfidf,
        weights=weights.astype(np.float16),  # the greater part of a model, and exact to a thousandth
        bias=bias,
        posting_starts=by_feature.indptr.astype(np.int32),
        posting_rows=by_feature.indices.astype(np.int32),
        posting_values=by_feature.data.astype(np.float32),
        heads={known.encoder: _head(known.rows[known.is_known], labels[known.is_known], len(intents)) for known in vectors},
        thresholds=thresholds,
        made_of=origin,
    )


def matrix_of(rows: Sequence[SparseRow], size: int) -> Any:
    """Sparse rows as scikit-learn takes them."""
    from scipy.sparse import csr_matrix

    starts = np.concatenate([[0], np.cumsum([row.indices.size for row in rows])])
    values = np.concatenate([row.values for row in rows])
    return csr_matrix((values, np.concatenate([row.indices for row in rows]), starts), shape=(len(rows), size))


def _support_vectors(matrix: Any, labels: NDArray[np.int32]) -> tuple[Floats, Floats]:
    from sklearn.svm import LinearSVC

    machine = LinearSVC(C=1.0, class_weight=_WEIGHT, random_state=0, max_iter=5_000).fit(matrix, labels)
    if len(machine.coef_) == 1:  # of two classes scikit-learn keeps one margin
        return _columns(np.vstack([-machine.coef_, machine.coef_])), np.concatenate([-machine.intercept_, machine.intercept_]).astype(np.float32)
    return _columns(machine.coef_), machine.intercept_.astype(np.float32)


def _head(rows: Floats, labels: NDArray[np.int32], intents: int) -> Head:
    from sklearn.linear_model import LogisticRegression

    mean = rows.mean(axis=0)
    rows = centred(rows, mean)
    regression = LogisticRegression(C=_SOFTNESS, class_weight=_WEIGHT, max_iter=2_000, tol=1e-3).fit(rows, labels)
    weights, bias = regression.coef_, regression.intercept_
    if len(weights) == 1:  # of two classes scikit-learn keeps the log-odds of the second
        weights, bias = np.vstack([np.zeros_like(weights), weights]), np.concatenate([[0.0], bias])
    centroids = np.stack([rows[labels == place].mean(axis=0) for place in range(intents)])
    centroids /= np.linalg.norm(centroids, axis=1, keepdims=True)
    starts = np.searchsorted(labels, np.arange(intents)).astype(np.int32)
    return Head(mean, _columns(weights), bias.astype(np.float32), np.ascontiguousarray(rows), centroids.astype(np.float32), starts)


def _columns(weights: NDArray[Any]) -> Floats:
    return np.ascontiguousarray(weights.T, dtype=np.float32)


def _thresholds(samples: Sequence[Sample], vectors: Sequence[_Vectors]) -> dict[str, Thresholds]:
    """Limits for every set of encoders that may be asked together, from the scores that examples get from models that have not seen them."""
    names = [known.encoder for known in vectors]
    sets = [some for count in range(len(names) + 1) for some in combinations(names, count)]
    has_many = len(samples) >= _MANY * len({sample.intent for sample in samples})
    shares = {some: _SHARE[has_many, len(some) == len(names)] for some in sets}
    judged = _judged(samples)
    held_out = list(_held_out([samples[place] for place in judged], [known.only(judged) for known in vectors]))
    chosen = [samples[place] for place in judged]
    return {config_name(some): _limits_of(chosen, [case for case in held_out if case.asked == frozenset(some)], shares[some]) for some in sets}


def _judged(samples: Sequence[Sample]) -> list[int]:
    """The places of the samples that limits are taken from: all, or of very many an even choice, since quantiles need no more."""
    step = -(-len(samples) // _ENOUGH)
    return list(range(0, len(samples), step)) if len(samples) else []


class _HeldOut(NamedTuple):
    """What a model that has not seen a sample makes of it, asking some of the encoders that know its language: opinions, and how near each intent is."""

    place: int
    asked: frozenset[str]
    by_letters: Floats
    by_meaning: Sequence[Floats]
    likeness: float
    nearness: Sequence[Floats]


def _held_out(samples: Sequence[Sample], vectors: Sequence[_Vectors]) -> Iterator[_HeldOut]:
    folds = _folds(samples)
    for fold in range(_FOLDS):
        kept = np.flatnonzero(folds != fold).tolist()
        if len({samples[place].intent for place in kept}) < 2:
            continue
        model = _fit([samples[place] for place in kept], [known.only(kept) for known in vectors], {}, {})
        known_intents = [model.intents.index(intent) if intent in model.intents else -1 for intent in sorted({sample.intent for sample in samples})]
        if -1 in known_intents:
            continue  # an intent with too few examples to be held out
        for place in np.flatnonzero(folds == fold).tolist():
            known = {one.encoder: one.rows[place] for one in vectors if one.is_known[place]}
            by_letters, by_meaning, likeness, nearness = model.opinions(samples[place].text, known)
            for left_out in {frozenset[str](), *(frozenset([name]) for name in known), frozenset(known)}:
                asked = [number for number, name in enumerate(known) if name not in left_out]
                some = frozenset(known) - left_out
                yield _HeldOut(place, some, by_letters, [by_meaning[number] for number in asked], likeness, [nearness[number] for number in asked])


def _limits_of(samples: Sequence[Sample], cases: Sequence[_HeldOut], share: float) -> Thresholds:
    """The quantiles of the scores of what is classified rightly. What is out of scope says nothing about when to act: nobody acts on it."""
    intents = sorted({sample.intent for sample in samples})
    reached = []
    for case in cases:
        intent, probabilities = samples[case.place].intent, pooled(case.by_letters, case.by_meaning, share)
        if intent != OUT_OF_SCOPE and intents[int(probabilities.argmax())] == intent:
            reached.append(acceptance(probabilities, case.likeness, case.nearness))
    return replace(_quantiles(reached), share=share)


def _quantiles(reached: Sequence[float]) -> Thresholds:
    if not reached:
        return _NEVER
    confirm, act = np.quantile(reached, [_CONFIRM_QUANTILE, _ACT_QUANTILE])
    return Thresholds(round(float(confirm), 4), round(float(act), 4))


def _folds(samples: Sequence[Sample]) -> NDArray[np.int32]:
    """A fold for each sample: in turn within its intent, so that every fold leaves examples of each."""
    seen = Counter[str]()
    folds = np.zeros(len(samples), dtype=np.int32)
    for place, sample in enumerate(samples):
        folds[place] = seen[sample.intent] % _FOLDS
        seen[sample.intent] += 1
    return folds
