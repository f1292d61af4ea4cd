"""Telegram through its Bot API, with the official library's `Bot` and nothing else of it.

We poll by ourselves, because the library's `Updater` confirms updates before our code has stored them. Pace, repeats and order are the outbox's matter.
Facts: design paper `providers.md` §5.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
import mimetypes
import os
import re
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

os.environ.setdefault("PTB_TIMEDELTA", "true")  # the library's own switch: RetryAfter.retry_after is a timedelta, and warns of nothing

import httpx
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, KeyboardButton, LinkPreviewOptions, ReplyKeyboardMarkup
from telegram import error as told
from telegram.request import HTTPXRequest

from bot.channels.base import AddressKind, Attachment, ChannelName, Forged, Found, Inbound, Limits, Malformed, Outgoing, Receipt, StatusUpdate, WebhookRequest
from bot.channels.errors import FateUnknown, Rejected, SendError, TryLater, Verdict
from bot.channels.telegram_inbound import ALLOWED_UPDATES, inbound, provider_id
from bot.channels.text import Layout, laid_out

for _name in ("httpx", "httpcore", "telegram"):
    logging.getLogger(_name).setLevel(logging.WARNING)  # httpx writes whole addresses at INFO, and the token stands in ours
logging.getLogger("telegram.request").setLevel(logging.CRITICAL)  # it writes answers it cannot read, with people's texts in them

CAPTION_CHARACTERS: Final = 1024
LARGEST_ANSWER: Final = 21 * 1024 * 1024
"""Bytes of an answer, or of a file: the Bot API gives out none over 20 MB."""
_LONGEST_POLL: Final = 50  # seconds, by the Bot API
_LABELS_IN_A_ROW: Final = 5
_OURS: Final = re.compile(r"tg:(-?\d+):(\d+)")


@dataclass(frozen=True)
class TelegramAccount:
    """What Bookbag knows of the school's bot. `base_url` ends before the token ('https://api.telegram.org/bot'); `/bot` is added where it is missing.

    `secret_token` is what Telegram repeats in a header of every webhook; without it every webhook is refused. `timeout` is seconds of waiting for an answer.
    """

    token: str = field(repr=False)
    secret_token: str | None = field(default=None, repr=False)
    base_url: str | None = None
    timeout: float = 20.0
    per_second: float = 20.0


@dataclass(frozen=True)
class Registration:
    """What Telegram holds about the bot. `webhook` is where it sends updates, empty where it waits to be asked; `last_error` is its own words, if it failed."""

    username: str
    can_join_groups: bool
    webhook: str
    last_error: str | None


class TelegramChannel:
    """The school's bot."""

    name = ChannelName.TELEGRAM

    def __init__(self, account: TelegramAccount) -> None:
        self._account = account
        self._me = account.token.partition(":")[0]
        self._bot = Bot(
            account.token,
            base_url=_ending_in_bot(account.base_url),
            base_file_url=_ending_in_bot(account.base_url).removesuffix("/bot") + "/file/bot",
            request=_line(account),
            get_updates_request=_line(account),
        )
        self._answers: set[asyncio.Task[None]] = set()
        # Telegram's 429 is the truth about its pace. A bot's own messages cannot be looked up.
        self.limits = Limits(text_characters=4096, choices=20, label_characters=60, per_second=account.per_second)

    def read(self, request: WebhookRequest) -> list[Inbound]:
        """What one update carries: none or one message. A pressed button is answered at once, beside this, so that the phone stops waiting."""
        given = request.headers.get("x-telegram-bot-api-secret-token", "")
        if not self._account.secret_token or not hmac.compare_digest(given.encode(), self._account.secret_token.encode()):
            raise Forged
        try:
            data = json.loads(request.body)
        except (ValueError, RecursionError) as error:
            raise Malformed("no JSON") from error
        return self._received(data)

    async def poll(self, offset: int | None, wait: int = _LONGEST_POLL) -> tuple[list[Inbound], int | None]:
        """Messages that wait at Telegram, and the offset to ask with next time: asking with it tells Telegram that these are safe, so store them first.

        Waits up to `wait` seconds for one. Raises TryLater, or Rejected(OUR_ACCOUNT) for a bad token or another poller or webhook.
        """
        asked = {"offset": offset, "timeout": min(wait, _LONGEST_POLL), "allowed_updates": list(ALLOWED_UPDATES)}
        with guard(sending=False):
            # The raw call: one update that the library cannot read would make `Bot.get_updates` fail for all, again and again.
            found = await self._bot._post("getUpdates", asked, read_timeout=wait + self._account.timeout)  # noqa: SLF001
        updates = [item for item in found if isinstance(item, dict) and isinstance(item.get("update_id"), int)] if isinstance(found, list) else []
        messages = [message for update in updates for message in self._received(update)]
        return messages, (updates[-1]["update_id"] + 1 if updates else offset)

    async def use_webhook(self, url: str | None) -> None:
        """Have updates sent to `url`, with our secret; None: stop that, so that they can be polled. Waiting updates are kept. Raises TryLater or Rejected."""
        with guard(sending=False):
            if url is None:
                await self._bot.delete_webhook(drop_pending_updates=False)
            else:
                await self._bot.set_webhook(url, allowed_updates=list(ALLOWED_UPDATES), secret_token=self._account.secret_token)

    async def username(self) -> str:
        """The bot's name, for links of the form t.me/NAME?start=TOKEN. Raises TryLater or Rejected."""
        with guard(sending=False):
            return (await self._bot.get_me()).username or ""

    async def registration(self) -> Registration:
        """The bot as Telegram knows it. Raises TryLater, or Rejected(OUR_ACCOUNT) for a token that is not one."""
        with guard(sending=False):
            me, webhook = await self._bot.get_me(), await self._bot.get_webhook_info()
            return Registration(me.username or "", bool(me.can_join_groups), webhook.url, webhook.last_error_message)

    def wording(self, message: Outgoing) -> Layout:
        """The words and buttons that a message leaves with."""
        return Layout(message.text) if message.asks_contact else laid_out(message.text, message.choices, self.limits)

    async def send(self, message: Outgoing) -> Receipt:
        """Hand one message to Telegram, once. Raises TryLater, Rejected or FateUnknown, and never anything else.

        A file goes along with the text as its caption; beside a text over 1024 characters it follows on its own, and is left out if that fails.
        """
        if message.address_kind is not AddressKind.TELEGRAM_CHAT:
            raise Rejected(Verdict.BAD_ADDRESS)
        layout = self.wording(message)
        chat, markup, file = message.address, _markup(message, layout), message.attachment
        with guard(sending=True):
            if file and len(layout.text) <= CAPTION_CHARACTERS:
                sent = await self._bot.send_document(chat, file.content, caption=layout.text, filename=file.filename, reply_markup=markup)
            else:
                # No preview: Telegram would fetch the one-time links that we send.
                sent = await self._bot.send_message(chat, layout.text, reply_markup=markup, link_preview_options=LinkPreviewOptions(is_disabled=True))
        if file and len(layout.text) > CAPTION_CHARACTERS:
            await self._follow_up(chat, file)
        return Receipt(provider_id(sent.chat_id, sent.message_id))

    async def fetch(self, address: str, most: int = 5_000_000) -> Attachment:
        """A file that a parent sent, from an inbound's `media`. Raises TryLater, or Rejected: over `most` bytes, gone."""
        with guard(sending=False):
            file = await self._bot.get_file(address)
            if (file.file_size or 0) > most:
                raise Rejected(Verdict.OUR_CONTENT, "too large")
            # The library would read a path that is there on our own disk.
            if not (file.file_path or "").startswith(("https://", "http://")):
                raise Rejected(Verdict.OUR_CONTENT, "path")
            content = bytes(await file.download_as_bytearray())
            if len(content) > most:
                raise Rejected(Verdict.OUR_CONTENT, "too large")
        name = (file.file_path or "file").rsplit("/", 1)[-1]
        return Attachment(name, mimetypes.guess_type(name)[0] or "application/octet-stream", content)

    async def forget_file(self, address: str) -> None:
        """Nothing: Telegram has no such thing; the file stays in the parent's own chat."""

    async def forget(self, provider_id: str) -> None:
        """Delete a message of ours in their chat, which Telegram allows for 48 hours (Bot API, deleteMessage); one that is gone is well.

        Raises TryLater, or Rejected: it is older, or it is a message of theirs, whose id in their chat we do not keep.
        """
        if (found := _OURS.fullmatch(provider_id)) is None:
            raise Rejected(Verdict.OUR_CONTENT, "their own message, in their own chat")
        try:
            with guard(sending=False):
                await self._bot.delete_message(int(found[1]), int(found[2]))
        except Rejected as error:
            if error.code == "400" and "not found" not in str(error.__cause__).lower():
                raise Rejected(Verdict.OUR_CONTENT, "older than 48 hours") from error
            if error.code != "400":
                raise

    async def find(self, message: Outgoing, since: datetime) -> list[Found]:
        """Nothing: a bot cannot read its own messages (tdlib/telegram-bot-api #126)."""
        return []

    async def status_of(self, provider_id: str) -> StatusUpdate | None:
        """None: Telegram tells nobody what it delivered."""
        return None

    async def missed(self, since: datetime) -> list[Inbound]:
        """Nothing: Telegram repeats a webhook for a day, and `poll` brings what waits."""
        return []

    async def aclose(self) -> None:
        """Let go of connections, after the answers to buttons that are under way."""
        if self._answers:
            await asyncio.wait(self._answers, timeout=2)
        for request in self._bot._request:  # noqa: SLF001  # `Bot.shutdown` does nothing for a bot that was never initialised
            await request.shutdown()

    def _received(self, data: Any) -> list[Inbound]:
        messages = inbound(data, self._me)
        query = data.get("callback_query")
        if isinstance(query, dict) and isinstance(query.get("id"), str):
            self._answer(query["id"])
        return messages

    def _answer(self, query_id: str) -> None:
        """Tell Telegram that a press was seen, within seconds and once, without making the webhook wait. Outside an event loop, in a test, nobody is told."""
        try:
            task = asyncio.get_running_loop().create_task(self._answer_now(query_id))
        except RuntimeError:
            return
        self._answers.add(task)
        task.add_done_callback(self._answers.discard)

    async def _answer_now(self, query_id: str) -> None:
        """Whatever comes of it: an old press is refused with 'query is too old', and the parent's message is stored all the same."""
        try:
            with guard(sending=False):
                await self._bot.answer_callback_query(query_id)
        except SendError:
            return

    async def _follow_up(self, chat: str, file: Attachment) -> None:
        try:
            with guard(sending=True):
                await self._bot.send_document(chat, file.content, filename=file.filename)
        except SendError as error:
            logging.getLogger(__name__).warning("a file was not sent after its text: %s", type(error).__name__)


def _markup(message: Outgoing, layout: Layout) -> InlineKeyboardMarkup | ReplyKeyboardMarkup | None:
    """Buttons under a message. The one that shares a phone number bears the first choice's label."""
    if message.asks_contact:
        label = message.choices[0].label if message.choices else "📱"
        return ReplyKeyboardMarkup([[KeyboardButton(label, request_contact=True)]], resize_keyboard=True, one_time_keyboard=True)
    if not layout.buttons:
        return None
    wide = _LABELS_IN_A_ROW if all(len(button.label) <= 2 for button in layout.buttons) else 1
    buttons = [InlineKeyboardButton(button.label, callback_data=button.id) for button in layout.buttons]
    return InlineKeyboardMarkup([buttons[start : start + wide] for start in range(0, len(buttons), wide)])


def _line(account: TelegramAccount) -> HTTPXRequest:
    """Long enough to read an answer that 'unknown' is rare; connecting and waiting for a connection have their own, shorter limits."""
    short = min(5.0, account.timeout)
    return HTTPXRequest(
        connection_pool_size=16,
        read_timeout=account.timeout,
        write_timeout=account.timeout,
        media_write_timeout=account.timeout,
        connect_timeout=short,
        pool_timeout=short,
        httpx_kwargs={
            "trust_env": account.base_url is None,  # a system's proxy is for Telegram itself
            "headers": {"Accept-Encoding": "identity"},
            "event_hooks": {"response": [_limit]},
        },
    )


class _Counted(httpx.AsyncByteStream):
    """An answer's body, which ends as a broken line does when it is larger than any answer or file of Telegram's."""

    def __init__(self, stream: httpx.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for chunk in self._stream:
            size += len(chunk)
            if size > LARGEST_ANSWER:
                raise httpx.ReadError("too large")
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()


async def _limit(response: httpx.Response) -> None:
    """Have the body counted as it is read. What is packed although we asked for it plain could grow to anything, and is not opened."""
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise httpx.DecodingError("packed")
    assert isinstance(response.stream, httpx.AsyncByteStream)  # the client is asynchronous
    response.stream = _Counted(response.stream)


def _ending_in_bot(base_url: str | None) -> str:
    """The library joins base + token + '/method', so the ending matters."""
    plain = (base_url or "https://api.telegram.org/bot").rstrip("/")
    return plain if plain.endswith("/bot") else f"{plain}/bot"


NOT_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError, httpx.UnsupportedProtocol, httpx.InvalidURL)
"""Causes of a NetworkError or TimedOut that came before a request left."""

_GONE: Final = ("chat not found", "user is deactivated", "bot was blocked", "peer_id_invalid", "user not found")
_TOO_MANY: Final = "too many requests"

_FOREIGN = (told.TelegramError, httpx.HTTPError, httpx.InvalidURL, OSError, ValueError, TypeError, AttributeError, LookupError)


@contextmanager
def guard(*, sending: bool) -> Iterator[None]:
    """Turn every failure of the library into one of ours. When only asking (`sending` false), what is unknown is TryLater."""
    try:
        yield
    except _FOREIGN as error:
        ours = translated(error)
        raise (ours if sending or not isinstance(ours, FateUnknown) else TryLater(code=ours.code)) from error


def translated(error: BaseException) -> SendError:
    """What became of a send that ended in this exception. BadRequest and TimedOut are kinds of NetworkError: they come first; the cause decides the rest."""
    outcome = next((outcome for kind, outcome in _OUTCOMES if isinstance(error, kind)), _unknown)
    return outcome(error)


def _bad_request(error: Any) -> SendError:
    """400: they are gone, or we built it wrongly."""
    words = str(error.message).lower()
    return Rejected(Verdict.BAD_ADDRESS if any(gone in words for gone in _GONE) else Verdict.OUR_CONTENT, code="400")


def _network(error: Any) -> SendError:
    """A 429 without parameters (not sent), a failure to connect (not sent), or anything after that (unknown)."""
    if str(error.message).lower().startswith(_TOO_MANY):
        return TryLater(code="429")
    if isinstance(error.__cause__, UnicodeEncodeError):
        return Rejected(Verdict.OUR_CONTENT)  # a lone surrogate in our words: nothing left
    return TryLater() if isinstance(error.__cause__, NOT_SENT) else FateUnknown()


def _unknown(_: BaseException) -> SendError:
    return FateUnknown()


def _retry_after(error: Any) -> SendError:
    after: timedelta | int = error.retry_after
    return TryLater(after=after.total_seconds() if isinstance(after, timedelta) else float(after), code="429")


_OUTCOMES: Final[Sequence[tuple[type[BaseException], Callable[[Any], SendError]]]] = (
    (told.Forbidden, lambda _: Rejected(Verdict.BAD_ADDRESS, code="403")),
    (told.RetryAfter, _retry_after),
    (told.BadRequest, _bad_request),
    (told.ChatMigrated, lambda _: Rejected(Verdict.BAD_ADDRESS, code="migrated")),
    (told.EndPointNotFound, lambda _: Rejected(Verdict.OUR_ACCOUNT, code="404")),
    (told.InvalidToken, lambda _: Rejected(Verdict.OUR_ACCOUNT, code="401")),
    (told.Conflict, lambda _: Rejected(Verdict.OUR_ACCOUNT, code="409")),
    (told.TimedOut, _network),
    (told.NetworkError, _network),
    (told.PassportDecryptionError, _unknown),
    (told.TelegramError, _unknown),  # 200 with an answer that cannot be read
)
"""The library's exceptions in the order in which they must be asked for; design paper `providers.md` §5 says why."""
