"""How far each language has come: its catalog, its price on SMS, and how well it is understood."""

from __future__ import annotations

from collections.abc import Sequence

from babel import Locale

from bot.house import EXAMPLES, Embedded
from bot.settings import load
from nlu.rasa_format import Example, read
from translations import catalogs, check

Row = dict[str, str | int | float]


def rows() -> list[Row]:
    """A row a language, English first: sentences, missing ones, draft or read, share in the GSM alphabet, message parts a sentence, accuracy on its test file.

    Builds the model of understanding first, if it is not there.
    """
    settings = load(None, {})
    understanding = Embedded(settings.nlu.model_dir)
    understanding.warm()
    try:
        return [_row(folder, understanding) for folder in ("en", *catalogs.shipped())]
    finally:
        understanding.close()


def _row(folder: str, understanding: Embedded) -> Row:
    catalog = None if folder == "en" else catalogs.read(folder)
    cost = check.cost(folder)
    missing = 0 if catalog is None else sum(not all(check.forms(message)) for message in catalogs.sentences(catalog))
    tests = EXAMPLES / "test" / f"{folder.split('_', maxsplit=1)[0]}.yml"
    return {
        "language": f"{Locale.parse(folder).english_name} ({folder})",
        "sentences": cost.sentences,
        "missing": missing,
        "state": "source" if catalog is None else "draft" if catalog.fuzzy else "read",
        "in_GSM": f"{cost.in_gsm / cost.sentences:.0%}",
        "parts_a_sentence": round(cost.parts / cost.sentences, 2),
        "understood": _understood(understanding, read([tests]).examples, tests.stem),
    }


def _understood(understanding: Embedded, examples: Sequence[Example], language: str) -> float:
    """How often the first guess is right, for a writer who is known to write this language."""
    right = sum(understanding.engine.classify(example.text, language)[0].intent == example.intent for example in examples)
    return round(right / len(examples), 3)
