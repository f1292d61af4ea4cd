"""Sentences that are worded when they are read: what `_` marks in a handler becomes words in the reader's language, and only then."""

from __future__ import annotations

import gettext
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

from translations.writing import written

LOCALE = Path(__file__).parent / "locale"
SOURCE = "en"
"""The language that sentences are written in, in the code."""


@dataclass(frozen=True)
class Phrase:
    """One sentence of a catalog, with its values. Values are given by name and written by the reader's locale; a sentence is never glued from halves."""

    msgid: str
    plural: str | None = None
    count: int = 0
    values: Mapping[str, object] = field(default_factory=dict)

    def format(self, **values: object) -> Phrase:
        """The same sentence with these values in its places."""
        return replace(self, values={**self.values, **values})

    def render(self, language: str) -> str:
        """The sentence in `language`, a BCP 47 tag; in English, with its values in English too, where there is no catalog of that language.

        Values are put in as text after the sentence was translated: what they contain is never read as a place.
        """
        catalog = _catalog(language)
        template = catalog.ngettext(self.msgid, self.plural, self.count) if self.plural else catalog.gettext(self.msgid)
        return template.format_map({name: written(value, spoken(language)) for name, value in self.values.items()})


def _(msgid: str) -> Phrase:
    """A sentence of the catalog, to be worded later."""
    return Phrase(msgid)


def ngettext(one: str, many: str, count: int) -> Phrase:
    """A sentence whose form depends on a number, which is also its value `{count}`."""
    return Phrase(one, many, count, {"count": count})


def spoken(language: str) -> str:
    """The language in which Bookbag really speaks to a reader of `language`: English where there is no catalog, so that no sentence is half in each."""
    return language if isinstance(_catalog(language), gettext.GNUTranslations) else SOURCE


@written.register
def _write_phrase(value: Phrase, language: str) -> str:
    return value.render(language)


@lru_cache(maxsize=64)
def _catalog(language: str) -> gettext.NullTranslations:
    tag = language.replace("-", "_")
    return gettext.translation("bookbag", LOCALE, languages=[tag, tag.split("_")[0]], fallback=True)
