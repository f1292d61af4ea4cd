"""Google Cloud Translation, Basic (v2): the official one, under contract.

Source: cloud.google.com/translate/docs/reference/rest/v2/translate and cloud.google.com/translate/quotas.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import httpx

from translations.providers.base import code, fault, from_json, post, retry_after
from translations.providers.errors import Busy, ProviderError, Refused, Rubbish, Why
from translations.providers.languages import GOOGLE_CLOUD
from translations.providers.pieces import pieces

ADDRESS: Final = "https://translation.googleapis.com"
LONGEST: Final = 5_000
"""Characters of one request: what Google recommends as the most."""

_OVER_QUOTA = ("ratelimitexceeded", "dailylimitexceeded", "quotaexceeded", "limit exceeded", "resource_exhausted")
_WRONG_KEY = ("api_key_invalid", "api key not valid", "keyinvalid", "keyexpired")
_WRONG_PAIR = ("language pair", "invalid value", "target language", "source language")
_TOO_LONG = ("too long", "too large", "text too")


class GoogleCloud:
    """Google's translation with the school's own `key`. `url` is another server with the same API; `timeout` is seconds for each phase of a request."""

    name: Final = "google_cloud"

    def __init__(self, key: str, url: str | None = None, timeout: float = 8.0) -> None:
        # In a header, since addresses end up in other people's logs. A system's proxy is for Google itself.
        self._client = httpx.AsyncClient(base_url=url or ADDRESS, headers={"X-goog-api-key": key}, timeout=timeout, trust_env=url is None)

    def pieces(self, text: str) -> Sequence[str]:
        """`text` in pieces of at most LONGEST characters."""
        return pieces(text, LONGEST)

    async def translate(self, text: str, source: str, target: str) -> str:
        """`text` in the language `target`, asked once. Raises a ProviderError."""
        asked = {"q": text, "source": code(GOOGLE_CLOUD, source), "target": code(GOOGLE_CLOUD, target), "format": "text"}
        response, content = await post(self._client, "language/translate/v2", asked)
        if response.status_code != 200:
            raise _refusal(response, content)
        return _translation(from_json(content))

    async def close(self) -> None:
        """Let go of connections. It cannot be asked afterwards."""
        await self._client.aclose()


def _translation(told: Any) -> str:
    try:
        (only,) = told["data"]["translations"]
        text = only["translatedText"]
    except (KeyError, TypeError, ValueError):
        raise Rubbish("shape") from None
    if not isinstance(text, str):
        raise Rubbish("shape")
    return text


def _refusal(response: httpx.Response, content: bytes) -> ProviderError:
    """What a refusal means. Google says with 403 both that a quota is used up and that a key may not, and with 400 that a key is wrong; words tell which."""
    status, words = response.status_code, content[:10_000].decode("utf-8", "replace").lower()
    if status == 403 and any(word in words for word in _OVER_QUOTA):
        return Busy(retry_after(response.headers))
    if status == 400:
        for why, known in ((Why.KEY, _WRONG_KEY), (Why.LENGTH, _TOO_LONG), (Why.PAIR, _WRONG_PAIR)):
            if any(word in words for word in known):
                return Refused(why)
    return fault(response)
