"""TF-IDF of word and character n-grams: the half of the classifier that survives typos, and speaks any language it has examples of.

The numbers equal scikit-learn's TfidfVectorizer (analyzer 'word' 1-2 and 'char_wb' 2-5, sublinear, accents stripped, each with its own L2 norm);
a test holds that. Written out here because scikit-learn's own costs several milliseconds a message, and prediction needs no scikit-learn at all.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]

_WORD = re.compile(r"\b\w\w+\b")
_DIGITS = re.compile(r"\d+")
_WORD_LENGTHS = (1, 2)
_CHAR_LENGTHS = (2, 3, 4, 5)
_MANY = 3_000  # texts, from which on letters that stand together in one of them only are left out: half the memory, at no loss that was seen


def mask(text: str) -> str:
    """`text` with every number made the same: which day it is must not move the meaning."""
    return _DIGITS.sub("0", text)


@dataclass(frozen=True)
class SparseRow:
    """One text's weights: `indices` of features, ascending, and their `values`."""

    indices: Ints
    values: Floats


class Tfidf:
    """A fitted vocabulary. Word features come first, then character features; `idf` covers both."""

    def __init__(self, words: Sequence[str], chars: Sequence[str], idf: Floats) -> None:
        self.words = tuple(words)
        self.chars = tuple(chars)
        self.idf = idf
        self._word_index = {term: place for place, term in enumerate(self.words)}
        self._char_index = {term: place for place, term in enumerate(self.chars, start=len(self.words))}

    @classmethod
    def fit(cls, texts: Sequence[str]) -> Tfidf:
        """The vocabulary and document frequencies of `texts`, in alphabetical order so that the same texts give the same bytes."""
        words, chars = Counter[str](), Counter[str]()
        for text in texts:
            plain = _plain(text)
            words.update(set(_word_terms(plain)))
            chars.update(set(_char_terms(plain)))
        if len(texts) >= _MANY:
            chars = Counter({term: count for term, count in chars.items() if count > 1})
        ordered = [(term, counts[term]) for counts in (words, chars) for term in sorted(counts)]
        idf = np.array([math.log((1 + len(texts)) / (1 + count)) + 1 for _, count in ordered], dtype=np.float32)
        return cls(sorted(words), sorted(chars), idf)

    @property
    def size(self) -> int:
        """How many features there are."""
        return len(self.words) + len(self.chars)

    def row(self, text: str) -> SparseRow:
        """The weights of `text`; terms never seen in training count nothing."""
        plain = _plain(text)
        parts = [
            self._half(Counter(_word_terms(plain)), self._word_index),
            self._half(Counter(_char_terms(plain)), self._char_index),
        ]
        return SparseRow(np.concatenate([part.indices for part in parts]), np.concatenate([part.values for part in parts]))

    def _half(self, counts: Counter[str], index: dict[str, int]) -> SparseRow:
        known = sorted((index[term], count) for term, count in counts.items() if term in index)
        indices = np.array([place for place, _ in known], dtype=np.int32)
        values = (1 + np.log(np.array([count for _, count in known], dtype=np.float32))) * self.idf[indices]
        norm = float(np.linalg.norm(values))
        return SparseRow(indices, (values / norm if norm else values).astype(np.float32))


def _plain(text: str) -> str:
    lowered = text.lower()
    if lowered.isascii():
        return lowered
    return "".join(char for char in unicodedata.normalize("NFKD", lowered) if not unicodedata.combining(char))


def _word_terms(plain: str) -> Iterator[str]:
    tokens = _WORD.findall(plain)
    for length in _WORD_LENGTHS:
        for start in range(len(tokens) - length + 1):
            yield " ".join(tokens[start : start + length])


def _char_terms(plain: str) -> Iterator[str]:
    for word in plain.split():
        padded = f" {word} "
        for length in _CHAR_LENGTHS:
            if length >= len(padded):
                yield padded  # a word shorter than the n-gram counts once, whole, and no longer n-grams of it are tried
                break
            for start in range(len(padded) - length + 1):
                yield padded[start : start + length]
