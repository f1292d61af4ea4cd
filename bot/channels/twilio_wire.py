"""The line to Twilio: the official client over an HTTP client of ours, and what its failures mean.

The released client (9.13.0, measured) ignores its timeout, sends a message three times with `max_retries=3` on a 5xx, hides response headers
and knows no base URL: hence `HttpClient` here. Nothing in this file ever repeats a request.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Awaitable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, TypeVar
from urllib.parse import urlencode

import aiohttp
from twilio.base.exceptions import TwilioException, TwilioRestException, TwilioServiceException
from twilio.http import AsyncHttpClient
from twilio.http.response import Response
from twilio.rest import Client

from bot.channels.errors import FateUnknown, Rejected, SendError, TryLater, Verdict
from bot.channels.twilio_codes import outcome

logging.getLogger("twilio").setLevel(logging.WARNING)  # at INFO it prints addresses with phone numbers in them

IN_FLIGHT: Final = 10
"""Requests at once: Twilio limits concurrency per account and publishes no number; ten is advised (unverified)."""

LARGEST_ANSWER: Final = 8 * 1024 * 1024
"""Bytes of an answer: the longest list that is asked for, a thousand messages, has two million."""

_TWILIO_HOST = re.compile(r"https://[a-z0-9-]+(\.[a-z0-9-]+)*\.twilio\.com(?=/|$)")
_STORES = re.compile(r"https://[a-z0-9.-]+\.(twilio\.com|twiliocdn\.com|amazonaws\.com)/")


T = TypeVar("T")
_NOT_THERE = "20404"


@dataclass(frozen=True)
class TwilioAccount:
    """What Bookbag knows of the school's account with Twilio.

    `sms_from` and `whatsapp_from` are numbers in E.164, without prefix; a channel without one is off. `base_url` points API, content and media at
    another server with the same API. Without `public_url` (a school that polls) no status callbacks are asked for. `next_auth_token` is accepted in
    signatures while the token is being changed. `content_sids` are WhatsApp's templates by kind and number of choices, ('quick', 3) or ('list', 7), as
    `make_templates` made them; without them choices are numbered in the text. `timeout` is seconds for a whole request.
    """

    account_sid: str
    auth_token: str = field(repr=False)
    sms_from: str | None = None
    whatsapp_from: str | None = None
    messaging_service_sid: str | None = None
    base_url: str | None = None
    public_url: str | None = None
    next_auth_token: str | None = field(default=None, repr=False)
    content_sids: Mapping[tuple[str, int], str] = field(default_factory=dict, hash=False)
    timeout: float = 20.0
    sms_per_second: float = 1.0
    whatsapp_per_second: float = 20.0


class HttpClient(AsyncHttpClient):  # type: ignore[misc]  # twilio has no types
    """What the official client sends through: real timeouts, one attempt, connections kept, the address rewritten, Retry-After seen."""

    def __init__(self, account: TwilioAccount) -> None:
        super().__init__(logging.getLogger("twilio.http_client"), is_async=True, timeout=account.timeout)
        self._base_url = account.base_url.rstrip("/") if account.base_url else None
        # Connecting has its own, shorter limit, so that a timeout while connecting (not sent) is never taken for one while reading (unknown).
        self._timeout = aiohttp.ClientTimeout(total=account.timeout, connect=account.timeout / 2, sock_connect=account.timeout / 2)
        self._session: aiohttp.ClientSession | None = None

    async def request(
        self,
        method: str,
        url: str,
        params: Mapping[str, object] | None = None,
        data: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109  # the base class's signature; the session's own limit is used
        allow_redirects: bool = False,
    ) -> Response:
        """One request, once. Raises TryLater on 429, FateUnknown when a success cannot be read, and aiohttp's own exceptions."""
        del timeout
        headers = dict(headers or {})
        if auth:
            headers["Authorization"] = aiohttp.encode_basic_auth(*auth)
        address = self.rewritten(url) + (f"?{urlencode(params, doseq=True)}" if params else "")
        async with self._open().request(method, address, data=_body(data, headers), headers=headers, allow_redirects=False) as response:
            try:
                text = (await _at_most(response, LARGEST_ANSWER)).decode("utf-8", "replace")
            except Rejected as large:
                raise FateUnknown(code=str(response.status)) from large
            if response.status == 429:
                raise TryLater(after=_seconds(response.headers.get("Retry-After")), code=_code(text) or "429")
            if 200 <= response.status < 300 and method != "DELETE" and not isinstance(_json(text), dict):
                raise FateUnknown(code=str(response.status))
            return Response(response.status, text, response.headers)

    async def download(self, url: str, auth: tuple[str, str], most: int) -> tuple[str, bytes]:
        """The media type and bytes of a file of Twilio's. Refuses with Rejected: another host, more than `most` bytes, gone.

        Twilio redirects to a store; that one step is followed, without our password and to its stores only.
        """
        if not _TWILIO_HOST.match(url):
            raise Rejected(Verdict.OUR_CONTENT, "host")
        address, headers = self.rewritten(url), {"Authorization": aiohttp.encode_basic_auth(*auth)}
        for _ in range(2):
            async with self._open().get(address, headers=headers, allow_redirects=False) as response:
                if response.status == 200:
                    return response.content_type, await _at_most(response, most)
                if not 300 <= response.status < 400:
                    raise outcome(response.status, None)
                address, headers = response.headers.get("Location", ""), {}
                if not _STORES.match(address):
                    break
        raise Rejected(Verdict.OUR_CONTENT, "redirect")

    def rewritten(self, url: str) -> str:
        """The address that is really called: another server's, if one is set, for every host of Twilio's."""
        return _TWILIO_HOST.sub(self._base_url, url, count=1) if self._base_url else url

    def _open(self) -> aiohttp.ClientSession:
        """The session, made on first use because it belongs to the running event loop. A system's proxy is used for Twilio itself only."""
        if self._session is None or self._session.closed:
            connector = aiohttp.TCPConnector(limit=IN_FLIGHT, keepalive_timeout=10)
            self._session = aiohttp.ClientSession(connector=connector, timeout=self._timeout, trust_env=self._base_url is None)
        return self._session

    async def close(self) -> None:
        """Let go of connections. The next request opens new ones."""
        if self._session is not None:
            await self._session.close()
            self._session = None


def client(account: TwilioAccount, http: HttpClient) -> Client:
    """The official client. TWILIO_EDGE and TWILIO_REGION in the environment would change hosts, so it is given an environment without them."""
    return Client(account.account_sid, account.auth_token, http_client=http, environment={"TWILIO_EDGE": "", "TWILIO_REGION": ""})


NOT_SENT: Final = (
    aiohttp.ClientConnectorError,  # name not resolved, refused, TLS, proxy
    aiohttp.ConnectionTimeoutError,
    aiohttp.ServerFingerprintMismatch,
    aiohttp.InvalidURL,
    aiohttp.NonHttpUrlClientError,
    aiohttp.ClientHttpProxyError,  # the proxy would not open the tunnel
)
"""Failures before a request left: safe to repeat."""

UNKNOWN: Final = (
    aiohttp.ServerDisconnectedError,
    aiohttp.ServerTimeoutError,
    aiohttp.ClientOSError,
    aiohttp.ClientConnectionResetError,
    aiohttp.ClientPayloadError,
    aiohttp.ClientResponseError,
    aiohttp.UploadAbortedError,
    aiohttp.RedirectClientError,
    TimeoutError,
)
"""Failures after a request may have left."""

_FOREIGN = (TwilioException, aiohttp.ClientError, OSError, ValueError, TypeError, AttributeError, LookupError)
"""All that the library raises; the last four when an answer has another shape than it expects."""


@contextmanager
def guard(*, sending: bool) -> Iterator[None]:
    """Turn every failure of Twilio's client into one of ours. When only asking (`sending` false), each is TryLater."""
    try:
        yield
    except FateUnknown as error:
        raise (error if sending else TryLater(code=error.code)) from error.__cause__
    except _FOREIGN as error:
        ours = translated(error)
        raise (ours if sending else TryLater(code=getattr(ours, "code", None))) from error


async def unless_gone(asked: Awaitable[T]) -> T | None:
    """What Twilio answers when it is asked about one thing, or to delete it; None where there is no such thing. Raises TryLater."""
    try:
        with guard(sending=False):
            return await asked
    except TryLater as error:
        if error.code == _NOT_THERE:
            return None
        raise


def translated(error: BaseException) -> SendError:
    """What became of a send that ended in this exception."""
    if isinstance(error, TwilioRestException | TwilioServiceException):
        return outcome(_number(error.status) or 500, _number(error.code))
    if isinstance(error, UnicodeEncodeError):
        return Rejected(Verdict.OUR_CONTENT)  # a lone surrogate in our words: nothing left
    if isinstance(error, NOT_SENT):
        return TryLater()
    return FateUnknown()


async def _at_most(response: aiohttp.ClientResponse, most: int) -> bytes:
    """The whole body, or Rejected as soon as it is known to be larger."""
    content = bytearray()
    async for chunk in response.content.iter_chunked(65_536):
        content += chunk
        if len(content) > most:
            raise Rejected(Verdict.OUR_CONTENT, "too large")
    return bytes(content)


def _body(data: Mapping[str, object] | None, headers: Mapping[str, str]) -> bytes | None:
    if not data:
        return None
    if "json" in headers.get("Content-Type", ""):
        return json.dumps(_without_none(data)).encode()
    return urlencode(data, doseq=True).encode()


def _without_none(value: object) -> object:
    """The client writes every key that a template could have; the Content API wants only those that are there."""
    if isinstance(value, Mapping):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    return [_without_none(item) for item in value] if isinstance(value, list) else value


def _seconds(header: str | None) -> float | None:
    """Retry-After in seconds, a day at most; its other form, a date, is not used by Twilio and is ignored."""
    return min(float(header), 86_400.0) if header and re.fullmatch(r"\d{1,9}(\.\d{1,9})?", header) else None


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _code(text: str) -> str | None:
    answer = _json(text)
    return str(answer["code"]) if isinstance(answer, dict) and answer.get("code") else None


def _number(value: object) -> int | None:
    try:
        return int(str(value))
    except ValueError:
        return None
