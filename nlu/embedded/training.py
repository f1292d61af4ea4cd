"""From examples to a model. The only place that needs scikit-learn."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlu.clean import clean
from nlu.embedded.encoders import Encoder, VectorCache
from nlu.embedded.features import Floats, SparseRow, Tfidf, mask
from nlu.embedded.model import OUT_OF_SCOPE, Head, Model, Thresholds, config_name, versions
from nlu.errors import BadTrainingData, Fault
from nlu.rasa_format import Example

_FOLDS = 3
_CONFIRM_QUANTILE, _ACT_QUANTILE = 0.05, 0.20  # t5 and t20 of nlu-findings, 'Thresholds with no OOS data'
_NEVER = Thresholds(1.0, 1.0)

Sample = tuple[str, str]


def train(examples: Sequence[Example], encoders: Sequence[Encoder], cache: Path) -> Model:
    """A model of `examples`; the same examples give the same bytes on the same machine. Vectors of examples are kept in `cache`.

    Refuses with BadTrainingData if there are fewer than two intents.
    """
    threadpool_limits = import_module("threadpoolctl").threadpool_limits  # scikit-learn brings it; it has no types
    samples = samples_of(examples)
    if len({intent for _, intent in samples}) < 2:
        raise BadTrainingData([Fault(examples[0].path if examples else Path(), 0, "training needs examples of at least two intents")])
    # Several threads add in an order of their own, and the bytes would differ from run to run.
    with threadpool_limits(limits=1):
        vectors = {encoder.name: VectorCache(cache, encoder).vectors([mask(text) for text, _ in samples]) for encoder in encoders}
        return _fit(samples, vectors, _thresholds(samples, vectors), made_of(examples, encoders))


def samples_of(examples: Sequence[Example]) -> list[Sample]:
    """What is trained on: cleaned (text, intent) pairs, each once, sorted by intent and otherwise in order of appearance."""
    pairs = dict.fromkeys((clean(example.text), example.intent) for example in examples)
    return sorted(((text, intent) for text, intent in pairs if text), key=lambda pair: pair[1])


def made_of(examples: Sequence[Example], encoders: Sequence[Encoder]) -> dict[str, Any]:
    """What a model's numbers depend on: format, library and encoder versions, and a hash of the examples."""
    content = "".join(f"{intent}\t{text}\n" for text, intent in samples_of(examples))
    return versions() | {
        "encoders": {encoder.name: encoder.version for encoder in encoders},
        "examples": hashlib.sha256(content.encode()).hexdigest(),
    }


def _fit(samples: Sequence[Sample], vectors: Mapping[str, Floats], thresholds: Mapping[str, Thresholds], origin: Mapping[str, Any]) -> Model:
    intents = sorted({intent for _, intent in samples})
    labels = np.array([intents.index(intent) for _, intent in samples], dtype=np.int32)
    tfidf = Tfidf.fit([mask(text) for text, _ in samples])
    matrix = _matrix([tfidf.row(mask(text)) for text, _ in samples], tfidf.size)
    weights, bias = _support_vectors(matrix, labels)
    by_feature = matrix.tocsc()
    return Model(
        intents=tuple(intents),
        tfidf=tfidf,
        weights=weights,
        bias=bias,
        starts=np.searchsorted(labels, np.arange(len(intents))).astype(np.int32),
        posting_starts=by_feature.indptr.astype(np.int32),
        posting_rows=by_feature.indices.astype(np.int32),
        posting_values=by_feature.data.astype(np.float32),
        heads={name: _head(rows, labels, len(intents)) for name, rows in vectors.items()},
        thresholds=thresholds,
        made_of=origin,
    )


def _matrix(rows: Sequence[SparseRow], size: int) -> Any:
    from scipy.sparse import csr_matrix

    starts = np.concatenate([[0], np.cumsum([row.indices.size for row in rows])])
    values = np.concatenate([row.values for row in rows])
    return csr_matrix((values, np.concatenate([row.indices for row in rows]), starts), shape=(len(rows), size))


def _support_vectors(matrix: Any, labels: NDArray[np.int32]) -> tuple[Floats, Floats]:
    from sklearn.svm import LinearSVC

    machine = LinearSVC(C=1.0, random_state=0, max_iter=5_000).fit(matrix, labels)
    if len(machine.coef_) == 1:  # of two classes scikit-learn keeps one margin
        return _columns(np.vstack([-machine.coef_, machine.coef_])), np.concatenate([-machine.intercept_, machine.intercept_]).astype(np.float32)
    return _columns(machine.coef_), machine.intercept_.astype(np.float32)


def _head(rows: Floats, labels: NDArray[np.int32], intents: int) -> Head:
    from sklearn.linear_model import LogisticRegression

    regression = LogisticRegression(C=20.0, max_iter=2_000).fit(rows, labels)
    weights, bias = regression.coef_, regression.intercept_
    if len(weights) == 1:  # of two classes scikit-learn keeps the log-odds of the second
        weights, bias = np.vstack([np.zeros_like(weights), weights]), np.concatenate([[0.0], bias])
    centroids = np.stack([rows[labels == place].mean(axis=0) for place in range(intents)])
    centroids /= np.linalg.norm(centroids, axis=1, keepdims=True)
    return Head(_columns(weights), bias.astype(np.float32), rows, centroids.astype(np.float32))


def _columns(weights: NDArray[Any]) -> Floats:
    return np.ascontiguousarray(weights.T, dtype=np.float32)


def _thresholds(samples: Sequence[Sample], vectors: Mapping[str, Floats]) -> dict[str, Thresholds]:
    """Thresholds with all encoders and with none, from the scores that examples get from models that have not seen them."""
    folds = _folds(samples)
    scores: dict[str, list[float]] = {config_name(list(vectors)): [], "": []}
    for fold in range(_FOLDS):
        kept = np.flatnonzero(folds != fold).tolist()
        if len({samples[place][1] for place in kept}) < 2:
            continue
        model = _fit([samples[place] for place in kept], {name: rows[kept] for name, rows in vectors.items()}, {}, {})
        for place in np.flatnonzero(folds == fold).tolist():
            _score_held_out(model, samples[place], {name: rows[place] for name, rows in vectors.items()}, scores)
    return {config: _quantiles(reached) for config, reached in scores.items()}


def _score_held_out(model: Model, sample: Sample, vectors: Mapping[str, Floats], scores: Mapping[str, list[float]]) -> None:
    text, intent = sample
    if intent == OUT_OF_SCOPE:
        return  # nobody acts on it, so it says nothing about when to act
    for config, reached in scores.items():
        probabilities, score = model.score(text, vectors if config else {})
        if model.intents[int(probabilities.argmax())] == intent:
            reached.append(score)


def _quantiles(reached: Sequence[float]) -> Thresholds:
    if not reached:
        return _NEVER
    confirm, act = np.quantile(reached, [_CONFIRM_QUANTILE, _ACT_QUANTILE])
    return Thresholds(round(float(confirm), 4), round(float(act), 4))


def _folds(samples: Sequence[Sample]) -> NDArray[np.int32]:
    """A fold for each sample: in turn within its intent, so that every fold leaves examples of each."""
    seen = Counter[str]()
    folds = np.zeros(len(samples), dtype=np.int32)
    for place, (_, intent) in enumerate(samples):
        folds[place] = seen[intent] % _FOLDS
        seen[intent] += 1
    return folds
