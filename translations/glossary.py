"""The school's own terms: what a Home Learning Pack is called in each language, and what it is. No engine takes a glossary, so they are masked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import yaml

SHIPPED = Path(__file__).parent / "glossary.yml"


@dataclass(frozen=True)
class Term:
    """One term. `translations` and `glosses` are by the first part of a language tag; a language that has none keeps the English term."""

    english: str
    translations: Mapping[str, str] = field(default_factory=dict, hash=False)
    glosses: Mapping[str, str] = field(default_factory=dict, hash=False)

    def written(self, language: str, source: str, *, with_gloss: bool) -> str:
        """The term for readers of `language`, as it stands in `source` where they have no other word; with what it means in brackets where that is known."""
        short = language.split("-", maxsplit=1)[0]
        term, gloss = self.translations.get(short, source), self.glosses.get(short)
        return f"{term} ({gloss})" if with_gloss and gloss else term


@cache
def terms(path: Path = SHIPPED) -> Sequence[Term]:
    """The terms of a glossary file, the longest first, so that 'parents' evening' is found before 'evening'. Raises OSError and yaml.YAMLError."""
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    found = [Term(english, row.get("says") or {}, row.get("means") or {}) for english, row in content.items()]
    return tuple(sorted(found, key=lambda term: -len(term.english)))
