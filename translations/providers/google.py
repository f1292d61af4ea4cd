"""Google without a contract, through googletrans 4.0.2: it may stop, slow down or answer nonsense on any day.

What it does was measured against a stand-in: on any status but 200 it gives the text itself as its translation unless `raise_exception` is set,
and then raises a bare Exception that has forgotten status and Retry-After. So statuses are read in a hook, before it sees them.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import quote

import httpx
from googletrans import Translator

from translations.providers.base import code, fault, translated_failures
from translations.providers.errors import ProviderError, Refused, Rubbish, Why
from translations.providers.languages import GOOGLE
from translations.providers.pieces import pieces

for _name in ("httpx", "httpcore", "hpack"):
    logging.getLogger(_name).setLevel(logging.WARNING)  # httpx writes whole addresses at INFO, and the text stands in ours; hpack at DEBUG

LONGEST: Final = 4_000
"""Bytes of one request's text, escaped for an address. By reports of others, longer ones are refused with 400, 413 or 414."""

_WHOLE = 0.9  # of the text, at least, must be said to have been translated


class Google:
    """googletrans, for one event loop. `url` is another server that answers as Google does; `timeout` is seconds for each phase of a request."""

    name: Final = "google"

    def __init__(self, url: str | None = None, timeout: float = 8.0) -> None:
        self._base = httpx.URL(url) if url else None
        self._translator = Translator(raise_exception=True)
        self._translator.client = httpx.AsyncClient(
            headers=self._translator.client.headers,
            http2=url is None,
            timeout=timeout,
            trust_env=url is None,  # a system's proxy is for Google itself
            event_hooks={"request": [self._readdress], "response": [_judge]},
        )

    def pieces(self, text: str) -> Sequence[str]:
        """`text` in pieces of at most LONGEST bytes each once escaped."""
        return pieces(text, LONGEST, lambda piece: len(quote(piece, safe="", errors="replace")))

    async def translate(self, text: str, source: str, target: str) -> str:
        """`text` in the language `target`, asked once. Raises a ProviderError."""
        ours, theirs = code(GOOGLE, source), code(GOOGLE, target)
        with translated_failures():
            try:
                told = await self._translator.translate(text, dest=theirs, src=ours, dt=["t"])
            except (ProviderError, httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError):
                raise
            except Exception as error:  # noqa: BLE001  # it indexes into whatever was answered: TypeError, IndexError, JSONDecodeError and their like
                raise Rubbish(type(error).__name__) from None
        _whole(text, told.extra_data["translation"])
        return str(told.text)

    async def close(self) -> None:
        """Let go of connections. It cannot be asked afterwards."""
        await self._translator.client.aclose()

    async def _readdress(self, request: httpx.Request) -> None:
        """Send to our own address what googletrans would send to https://translate.googleapis.com: it has no setting for that."""
        if self._base is not None:
            request.url = self._base.copy_with(raw_path=self._base.raw_path.rstrip(b"/") + request.url.raw_path)
            request.headers["Host"] = self._base.netloc.decode("ascii")


async def _judge(response: httpx.Response) -> None:
    """Raises what a status other than 200 means. 401 and 403 say nothing of a key, since there is none: we are kept out."""
    if response.status_code != 200:
        error = fault(response)
        raise Refused(Why.BLOCKED) if isinstance(error, Refused) and error.why is Why.KEY else error


def _whole(text: str, segments: Any) -> None:
    """Raises Rubbish where there are no segments, or the originals that came back beside the translations are not the whole text."""
    if not isinstance(segments, list):
        raise Rubbish("shape")
    originals = [segment[1] for segment in segments if len(segment) > 1 and isinstance(segment[1], str) and segment[0] is not None]
    if originals and _letters("".join(originals)) < _WHOLE * _letters(text):
        raise Rubbish("half")


def _letters(text: str) -> int:
    return sum(not character.isspace() for character in text)
