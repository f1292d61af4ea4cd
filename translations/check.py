"""What every shipped catalog owes: complete, compiled, its places as in English, no sentence over its limit, no dearer than its language must be."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from string import Formatter

from babel import Locale
from babel.messages.catalog import Catalog, Message

from translations import catalogs
from translations.phrases import Phrase, ngettext
from translations.sms import costly_characters, fold_letters, fold_typography, segments
from translations.writing import LanguageName

FIXED = re.compile(r"\b(?:STOP|START|EHCP|999|NSPCC|Childline)\b")
"""What stands in every language as it does in English: carriers know STOP and START so, and nobody can ring a translated number."""
LIMIT = re.compile(r"[Aa]t most (\d+) characters")
GSM_ALONE = frozenset({"it", "so"})
"""Languages that are written whole with the letters of the GSM alphabet: there, a letter outside it is a slip that triples the price."""


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with a catalog, and with which sentence."""

    language: str
    english: str
    what: str

    def __str__(self) -> str:
        return f"{self.language}: {self.english!r}: {self.what}" if self.english else f"{self.language}: {self.what}"


def faults(languages: tuple[str, ...] | None = None) -> list[Fault]:
    """All that is wrong with the shipped catalogs; an empty list is what is wanted. Takes a second or two."""
    template = catalogs.source()
    return [fault for folder in languages or catalogs.shipped() for fault in _of_catalog(folder, template)]


def _of_catalog(folder: str, template: Catalog) -> Iterator[Fault]:
    try:
        catalog = catalogs.read(folder)
    except FileNotFoundError:
        yield Fault(folder, "", "there is no catalog")
        return
    known = {message.id: message for message in catalogs.sentences(catalog)}
    for source in catalogs.sentences(template):
        message = known.pop(source.id, None)
        if message is None:
            yield Fault(folder, first(source.id), "is not in the catalog: bookbag translations update")
            continue
        yield from (Fault(folder, first(source.id), what) for what in of_sentence(source, forms(message), catalog.num_plurals, folder))
    for gone in known:
        yield Fault(folder, first(gone), "is said no more: bookbag translations update")
    compiled = catalogs.po_file(folder).with_suffix(".mo")
    if not compiled.exists() or compiled.read_bytes() != catalogs.compiled(catalog):
        yield Fault(folder, "", "is not compiled: bookbag translations update")


def of_sentence(source: Message, said: tuple[str, ...], plurals: int, language: str) -> Iterator[str]:
    """What is wrong with one sentence as it is said in `language`, in each of its plural forms."""
    if not all(form.strip() for form in said):
        yield "is not translated"
        return
    english = (source.id,) if isinstance(source.id, str) else tuple(source.id)
    if len(english) > 1 and len(said) != plurals:
        yield f"has {len(said)} plural forms; the language has {plurals}"
    limit = LIMIT.search(" ".join(source.auto_comments))
    for form in said:
        yield from _wrong_places(english, form)
        if limit and len(form) > int(limit[1]):
            yield f"has {len(form)} characters of at most {limit[1]}"
        if Counter(FIXED.findall(form)) != Counter(FIXED.findall(english[-1])):
            yield f"must keep {', '.join(FIXED.findall(english[-1])) or 'no fixed word'} as in English"
        if Locale.parse(language).language in GSM_ALONE and (costly := costly_characters(form)):
            yield f"has {' '.join(costly)}, which no text message carries without tripling its price"


def _wrong_places(english: tuple[str, ...], form: str) -> Iterator[str]:
    try:
        there = places(form)
    except ValueError:
        yield "has a brace that opens or closes nothing"
        return
    if there not in [places(one) for one in english]:
        yield f"has the places {_listed(there)}; in English {_listed(places(english[-1]))}"


def _listed(found: Counter[str]) -> str:
    return " ".join(f"{{{name}}}" for name in sorted(found.elements())) or "none"


def places(sentence: str) -> Counter[str]:
    """The places for values in a sentence, and how often each stands there. Raises ValueError for a brace by itself."""
    return Counter(name for _text, name, _format, _conversion in Formatter().parse(sentence) if name is not None)


def forms(message: Message) -> tuple[str, ...]:
    """What a message is translated as: one sentence, or one for each plural form."""
    said = message.string
    return tuple(said) if isinstance(said, tuple | list) else (said or "",)


def first(msgid: str | Sequence[str]) -> str:
    """A sentence's name among the others: its English, in the singular."""
    return msgid if isinstance(msgid, str) else msgid[0]


SAMPLES: Mapping[str, object] = {
    "appointment": datetime(2026, 3, 3, 15, 10, tzinfo=UTC),
    "child": "Ayaan",
    "day": date(2026, 3, 3),
    "language": LanguageName("so"),
    "link": "https://t.me/example?start=0123456789",
    "needs": "step-free",
    "phone": "020 7946 0000",
    "school": "Cherry Garden School",
    "slot": datetime(2026, 3, 3, 15, 10, tzinfo=UTC),
    "staff": "Ms Okafor",
    "text": "",
    "until": datetime(2026, 3, 3, 15, 10, tzinfo=UTC),
}
"""What stands in the places of a sentence when its length is told; any other place holds a word of the menu's length."""
ELSE = "Speak to a person"


@dataclass(frozen=True)
class Cost:
    """What a language costs on SMS, its sentences filled with everyday values and each sent by itself. `parts` are message parts, as paid for.

    `dearer_by` is how many parts fewer they would be with every letter folded; `letters` are those outside the GSM alphabet that can be, with the number
    of sentences in which each stands.
    """

    language: str
    sentences: int
    in_gsm: int
    parts: int
    dearer_by: int
    letters: tuple[tuple[str, int], ...]


def cost(folder: str) -> Cost:
    """What a language's sentences cost on SMS, English too."""
    tag = folder.replace("_", "-")
    said = [fold_typography(_sample(message, tag)) for message in catalogs.sentences(catalogs.source())]
    folded = [fold_letters(form, tag) for form in said]
    letters = Counter(letter for form, cheap in zip(said, folded, strict=True) if form != cheap for letter in costly_characters(form))
    return Cost(
        folder,
        len(said),
        sum(not costly_characters(form) for form in said),
        sum(map(segments, said)),
        sum(segments(form) - segments(cheap) for form, cheap in zip(said, folded, strict=True)),
        tuple(letters.most_common()),
    )


def _sample(message: Message, tag: str) -> str:
    english = (message.id,) if isinstance(message.id, str) else tuple(message.id)
    phrase = ngettext(english[0], english[1], 3) if len(english) > 1 else Phrase(english[0])
    is_counted = len(english) > 1  # then the count is there already
    return phrase.format(**{name: SAMPLES.get(name, ELSE) for name in places(english[-1]) if name != "count" or not is_counted}).render(tag)
