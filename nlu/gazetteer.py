"""Entities that a school's own training data list: Rasa's lookup tables and regular expressions, and the synonyms that name their values."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from nlu.face import Entity
from nlu.rasa_format import TrainingData

_LONGEST = 400  # characters searched: a pattern from a file must not be able to stop the service on a long text


class _Table(NamedTuple):
    kind: str
    pattern: re.Pattern[str]


class Gazetteer:
    """Finds what stands in lookup tables as whole words, and what fits a regular expression. A pattern that is none is left out: `faulty` names it."""

    def __init__(self, data: TrainingData | None = None) -> None:
        data = data or TrainingData()
        self._synonyms: Mapping[str, str] = {spelling.casefold(): value for spelling, value in data.synonyms.items()}
        self._tables = [_Table(kind, _either(lines)) for kind, lines in data.lookups.items() if lines]
        self.faulty: list[str] = []
        for kind, patterns in data.regexes.items():
            for pattern in patterns:
                try:
                    self._tables.append(_Table(kind, re.compile(pattern, re.IGNORECASE)))
                except re.error:
                    self.faulty.append(pattern)

    def find(self, cleaned: str) -> Sequence[Entity]:
        """The entities in a cleaned text; `value` is the synonym's where there is one."""
        searched = cleaned[:_LONGEST]
        found = [(table.kind, match) for table in self._tables for match in table.pattern.finditer(searched) if match[0].strip()]
        return [Entity(kind, match.start(), match.end(), match[0], self._synonyms.get(match[0].casefold(), match[0])) for kind, match in found]


def _either(lines: Sequence[str]) -> re.Pattern[str]:
    spellings = "|".join(re.escape(line) for line in sorted(lines, key=len, reverse=True))
    return re.compile(rf"(?<!\w)(?:{spellings})(?!\w)", re.IGNORECASE)
