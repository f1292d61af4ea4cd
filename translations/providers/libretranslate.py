"""LibreTranslate, hosted by the school or for it. It is AGPL: reached over HTTP alone, never imported.

What it answers was measured with the server's own code, version 1.9.6.
"""

from __future__ import annotations

import html
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import httpx

from translations.providers.base import body, code, fault, from_json, post, translated_failures
from translations.providers.errors import ProviderError, Refused, Rubbish, Why
from translations.providers.pieces import pieces

LONGEST: Final = 2_000
"""Characters of one request. It translates sentence by sentence, so cutting costs nothing; a public server's limit is often this."""
BELIEVED: Final = 3_600.0
"""Seconds for which its list of languages is believed: its operator may add models."""

_ENTITY = re.compile(r"&(?=#?\w+;?)")
_REFUSALS = (  # words in the 'error' of a 400 or 403, and what they mean
    ("is not supported", Why.PAIR),
    ("is not available", Why.PAIR),
    ("text limit", Why.LENGTH),
    ("limits violations", Why.BLOCKED),
    ("api key", Why.KEY),
)
_ALIKE = {  # how other versions call a language, where they do not call it so
    "zh-hans": ("zh", "zh-cn"),
    "zh": ("zh-hans", "zh-cn"),
    "zh-hant": ("zt", "zh-tw"),
    "zh-tw": ("zh-hant", "zt"),
    "zh-hk": ("zh-hant", "zt"),
    "pt": ("pt-br", "pt-pt"),
    "nb": ("no",),
    "no": ("nb",),
    "fil": ("tl",),
}


@dataclass(frozen=True)
class _Languages:
    codes: Mapping[str, str]  # by lower-case tag
    targets: Mapping[str, frozenset[str]]  # by code, codes


class LibreTranslate:
    """A LibreTranslate server by its address. `key` is sent where it asks for one; `timeout` is seconds for each phase of a request."""

    name: Final = "libretranslate"

    def __init__(self, url: str, key: str | None = None, timeout: float = 8.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = httpx.AsyncClient(base_url=url, timeout=timeout, trust_env=False)
        self._key, self._clock = key, clock
        self._languages: _Languages | None = None
        self._read_at = 0.0

    def pieces(self, text: str) -> Sequence[str]:
        """`text` in pieces of at most LONGEST characters."""
        return pieces(text, LONGEST)

    async def translate(self, text: str, source: str, target: str) -> str:
        """`text` in the language `target`, asked once; before it, now and then, which languages there are. Raises a ProviderError."""
        languages = await self._known()
        ours, theirs = code(languages.codes, source), code(languages.codes, target)
        if theirs not in languages.targets[ours]:
            raise Refused(Why.PAIR)
        asked = {"q": _protected(text), "source": ours, "target": theirs, "format": "text"} | ({"api_key": self._key} if self._key else {})
        response, content = await post(self._client, "translate", asked)
        if response.status_code != 200:
            raise self._refusal(response, content)
        told = from_json(content)
        translation = told.get("translatedText") if isinstance(told, dict) else None
        if not isinstance(translation, str):
            raise Rubbish("shape")
        return translation

    async def close(self) -> None:
        """Let go of connections. It cannot be asked afterwards."""
        await self._client.aclose()

    async def _known(self) -> _Languages:
        """Its languages: those it told last, or asked for anew once that is an hour ago."""
        if self._languages is None or self._clock() - self._read_at >= BELIEVED:
            with translated_failures():
                async with self._client.stream("GET", "languages") as response:
                    content = await body(response)
            if response.status_code != 200:
                raise self._refusal(response, content)
            self._languages, self._read_at = _read(from_json(content)), self._clock()
        return self._languages

    def _refusal(self, response: httpx.Response, content: bytes) -> ProviderError:
        words = content[:10_000].decode("utf-8", "replace").lower()
        if response.status_code in {400, 403}:
            for known, why in _REFUSALS:
                if known in words:
                    if why is Why.PAIR:
                        self._languages = None  # it has other models now
                    return Refused(why)
        return fault(response)


def _read(told: Any) -> _Languages:
    try:
        targets = {str(entry["code"]): frozenset(map(str, entry["targets"])) for entry in told}
    except (KeyError, TypeError):
        raise Rubbish("languages") from None
    codes = {known.lower(): known for known in targets}
    for tag, others in _ALIKE.items():
        for other in others:
            if tag not in codes and other in codes:
                codes |= {tag: codes[other]}
    return _Languages(codes, targets)


def _protected(text: str) -> str:
    """`text` so that it survives the server, which unescapes HTML entities in what it answers: '&lt;' goes as '&amp;lt;'."""
    return _ENTITY.sub("&amp;", text) if html.unescape(text) != text else text
