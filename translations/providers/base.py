"""What every provider has in common: its face, and the reading of tags, statuses and failures that all of them share."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final, Protocol

import httpx

from translations.providers.errors import Busy, ProviderError, Refused, Rubbish, TimedOut, Unreachable, Why

LONGEST_WAIT: Final = timedelta(days=1)
"""A Retry-After beyond this is read as this."""

_LARGEST = 2_000_000  # bytes of an answer; the longest text that we send comes back in a few thousand
_SCRIPT = re.compile(r"[A-Za-z]{4}")


class Provider(Protocol):
    """Who translates one text. Texts are masked already: no provider ever sees a registered name."""

    @property
    def name(self) -> str:
        """Its name in the settings: 'google_cloud', 'libretranslate' or 'google'."""

    async def translate(self, text: str, source: str, target: str) -> str:
        """`text` in the language `target`; both languages are BCP 47 tags. Raises a ProviderError."""

    async def close(self) -> None:
        """Let go of connections."""


class Server(Provider, Protocol):
    """A provider as it is asked on the wire: one call of `translate` is one request, without pace, rest or time limit in total. `guard` adds those."""

    def pieces(self, text: str) -> Sequence[str]:
        """`text` in pieces that it takes in one request each; joined they are `text`."""


def code(codes: Mapping[str, str], tag: str) -> str:
    """A provider's code for a BCP 47 tag, by a table with lower-case tags. Refuses with Refused(PAIR) what the table does not have.

    A region that the table does not know is left out ('en-GB' is 'en'); a script never is: another script is another way to write.
    """
    parts = tag.lower().split("-")
    while parts:
        if (found := codes.get("-".join(parts))) is not None:
            return found
        if _SCRIPT.fullmatch(parts.pop()):
            break
    raise Refused(Why.PAIR)


def fault(response: httpx.Response) -> ProviderError:
    """What a status other than 200 means where the provider's own words say nothing better."""
    status = response.status_code
    if status in {429, 503}:
        return Busy(retry_after(response.headers))
    if status >= 500:
        return Unreachable(f"status {status}")
    if 300 <= status < 400:
        return Refused(Why.BLOCKED)
    why = {401: Why.KEY, 403: Why.KEY, 404: Why.ADDRESS, 405: Why.ADDRESS, 413: Why.LENGTH, 414: Why.LENGTH}
    return Refused(why.get(status, Why.REQUEST))


def retry_after(headers: httpx.Headers) -> timedelta | None:
    """How long the provider asks us to wait, a day at most; None where it does not say, or says it unreadably. RFC 9110 §10.2.3."""
    told = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]{1,9}", told):
        return min(timedelta(seconds=int(told)), LONGEST_WAIT)
    try:
        wait = parsedate_to_datetime(told) - parsedate_to_datetime(headers.get("Date", ""))
    except (ValueError, TypeError):  # no dates, or one of them without a zone
        return None
    return min(max(wait, timedelta()), LONGEST_WAIT)


@contextmanager
def translated_failures() -> Iterator[None]:
    """Turn every failure of httpx's into one of ours. Nothing is chained that holds the text: httpx's errors hold the request."""
    try:
        yield
    except (httpx.TimeoutException, TimeoutError):
        raise TimedOut from None
    except httpx.DecodingError:
        raise Rubbish("encoding") from None
    except (httpx.HTTPError, OSError) as error:
        raise Unreachable(type(error).__name__) from None
    except (httpx.InvalidURL, UnicodeError):  # over 64 KiB in an address, or a lone surrogate
        raise Refused(Why.REQUEST) from None


async def post(client: httpx.AsyncClient, path: str, asked: Mapping[str, Any]) -> tuple[httpx.Response, bytes]:
    """The answer to a question in JSON, whatever its status, and its body."""
    with translated_failures():
        async with client.stream("POST", path, json=asked) as response:
            return response, await body(response)


async def body(response: httpx.Response) -> bytes:
    """The whole body of an answer that is being streamed. Refuses with Rubbish what is larger than any translation."""
    content = bytearray()
    async for chunk in response.aiter_bytes():
        content += chunk
        if len(content) > _LARGEST:
            raise Rubbish("too long")
    return bytes(content)


def from_json(content: bytes) -> Any:
    """What a body says. Raises Rubbish for what is no JSON."""
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        raise Rubbish("not JSON") from None
