"""A translation read back by a translator, so that whoever cannot read Tigrinya can see whether it went wrong. A hint, never a proof."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rapidfuzz import fuzz

from translations.chain import Chain
from translations.masking import Masked

ALIKE = 55.0
"""Of 100: how alike a text and its way back are at least, where nothing went wrong. Judged on school sentences; below it a person looks."""
_NEGATION = re.compile(r"\b(?:not|no|never|nothing|nobody|none|without|\w+n['’]t|cannot)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Back:
    """What a translation says to one who translates it back. `looks_fine` is False where it says something else than the source, or its opposite."""

    words: str
    looks_fine: bool


async def read_back(chain: Chain, masked: Masked, text_key: str, source: str, target: str) -> Back:
    """Translate `text_key`, a translation of `masked` with canonical marks, back from `target` to `source`. Raises NotTranslated."""
    answer = await chain.translate(masked.said_so(text_key), target, source)
    return Back(answer.text, looks_fine(masked.key, answer.text_key))


def looks_fine(said: str, back: str) -> bool:
    """Whether two English sentences say the same, as far as words can tell: enough of them, and as many that turn the meaning round."""
    is_turned = len(_NEGATION.findall(said)) != len(_NEGATION.findall(back))
    return not is_turned and fuzz.token_sort_ratio(said.casefold(), back.casefold()) >= ALIKE
