"""E-mail to families, over the school's own mail server, and only out: nobody reads what is answered, and nobody can be asked what became of a mail.

What the server answers decides what became of it. Source: RFC 5321 §4.2, RFC 3463; for ending it at one click RFC 8058.
"""

from __future__ import annotations

import asyncio
import re
import smtplib
import socket
import ssl
import unicodedata
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from email.errors import MessageError
from email.header import Header
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr, quote
from typing import Final

from bot.channels.base import AddressKind, Attachment, ChannelName, Forged, Found, Inbound, Limits, Outgoing, Receipt, StatusUpdate, WebhookRequest
from bot.channels.errors import FateUnknown, Rejected, SendError, TryLater, Verdict
from bot.clock import now
from bot.mail import Mailer

SIDE_BY_SIDE: Final = 4
"""Connections at once. They have threads of their own: a mail server that hangs must not keep those from working that claim texts."""
PER_SECOND: Final = 5.0
"""Mails a second, far below what any mail server bears: nobody waits for the last channel."""
LONGEST: Final = 200_000
"""Characters of one mail: nothing that Bookbag says is cut."""
ANSWER_WITHIN: Final = 60.0
"""Seconds that the server may take to accept a mail: it looks at the whole of it first."""
GOODBYE_WITHIN: Final = 2.0
_POLICY: Final = SMTP.clone(cte_type="7bit")  # a server need not take 8-bit lines
_ADDRESS: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_LINK: Final = re.compile(r"https://[!-;=?-~]+")
_ENHANCED: Final = re.compile(rb"\s*([245]\.\d{1,3}\.\d{1,3})\b")


_DEAD = ("5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1")
"""Codes that say of the receiver's address that nobody is there. Source: RFC 3463 §3.2 and §3.3, RFC 7505 (5.1.10)."""
_OF_US = (b"relay", b"sender", b"helo", b"ehlo", b"client", b"blocked", b"block list", b"blacklist", b"denied", b"policy", b"spam")
"""Words in a refusal at RCPT by which many servers speak of who sends: Postfix and Exim hold such refusals back until then."""


@dataclass(frozen=True)
class Answer:
    """What the server said at one step: its code, and RFC 3463's, which says more, where there is one. `is_about_us`: its words speak of who sends."""

    code: int
    enhanced: str
    is_about_us: bool

    @classmethod
    def of(cls, code: int, words: bytes) -> Answer:
        """What these words say. They are kept nowhere: the address stands in them."""
        found = _ENHANCED.match(words)
        return cls(code, found[1].decode() if found else "", any(word in words.lower() for word in _OF_US))

    @property
    def shown(self) -> str:
        """The codes, for staff and logs."""
        return f"{self.code} {self.enhanced}".strip()


class EmailChannel:
    """Mail in the school's name (`school`), through its server."""

    name = ChannelName.EMAIL

    def __init__(self, mailer: Mailer, school: str) -> None:
        self._mailer, self._school = mailer, school
        self._threads = ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="mail")
        self._open: set[smtplib.SMTP] = set()
        self.limits = Limits(text_characters=LONGEST, choices=0, label_characters=0, per_second=PER_SECOND)

    def read(self, request: WebhookRequest) -> list[Inbound]:
        """Always Forged: nothing comes in by e-mail."""
        raise Forged(request.url)

    async def send(self, message: Outgoing) -> Receipt:
        """Hand one mail to the server, once. Raises TryLater, Rejected or FateUnknown, and never anything else."""
        if message.address_kind is not AddressKind.EMAIL or not _ADDRESS.fullmatch(message.address):
            raise Rejected(Verdict.BAD_ADDRESS)
        try:
            letter = written(message, self._mailer.sender, self._school)
        except (ValueError, LookupError, MessageError) as error:  # a lone surrogate in our words, a sender that is none
            raise Rejected(Verdict.OUR_CONTENT) from error
        await asyncio.get_running_loop().run_in_executor(self._threads, self._hand_over, message.address, letter)
        return Receipt(f"mail:{message.id}")

    def _hand_over(self, to: str, letter: bytes) -> None:
        with guard(has_left=False):
            server = self._mailer.connect()
        self._open.add(server)
        try:
            with guard(has_left=False):
                server.ehlo_or_helo_if_needed()
                _check_sender(Answer.of(*server.mail(parseaddr(self._mailer.sender)[1])))
                _check_receiver(Answer.of(*server.rcpt(to)))
                _check_content(Answer.of(*server.docmd("DATA")))
            with guard(has_left=True):
                if server.sock is not None:
                    server.sock.settimeout(ANSWER_WITHIN)
                server.send(letter)
                _check_content(Answer.of(*server.getreply()))
        finally:
            self._open.discard(server)
            _say_goodbye(server)

    async def find(self, message: Outgoing, since: datetime) -> list[Found]:
        """Nothing: a mail server cannot be asked."""
        return []

    async def status_of(self, provider_id: str) -> StatusUpdate | None:
        """None: whether a mail was delivered is told to nobody, whether it was read even less."""
        return None

    async def missed(self, since: datetime) -> list[Inbound]:
        """Nothing: it is only out."""
        return []

    async def fetch(self, address: str, most: int) -> Attachment:
        """Nothing comes in that could be fetched."""
        raise Rejected(Verdict.UNKNOWN)

    async def forget_file(self, address: str) -> None:
        """Nothing to forget."""

    async def forget(self, provider_id: str) -> None:
        """It cannot be had back: it is in the reader's own mailbox."""
        raise Rejected(Verdict.UNKNOWN, "it is in their own mailbox")

    async def aclose(self) -> None:
        """Let go of connections, and of mails that wait for one; a server that has still not answered is waited for no longer."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        for server in list(self._open):
            if server.sock is not None:
                with suppress(OSError):
                    server.sock.shutdown(socket.SHUT_RDWR)


def _say_goodbye(server: smtplib.SMTP) -> None:
    """Whatever becomes of it, the mail is what it is."""
    with suppress(OSError):
        if server.sock is not None:
            server.sock.settimeout(GOODBYE_WITHIN)
        server.quit()
    server.close()


def written(message: Outgoing, sender: str, school: str) -> bytes:
    """A mail as it goes over the line, its end included. Raises ValueError for what cannot be written.

    Its Message-ID is made of our outbox id: so it can be recognised at the school's mail server, and by a mail program that has had it before.
    """
    name, address = parseaddr(sender)
    letter = EmailMessage(policy=_POLICY)
    letter["Date"] = format_datetime(now())
    letter["Message-ID"] = f"<{message.id}@{address.rpartition('@')[2]}>"
    letter["Auto-Submitted"] = "auto-generated"
    letter.set_content(message.text, charset="utf-8")
    if message.attachment is not None:
        main, _, sub = message.attachment.media_type.partition("/")
        letter.add_attachment(message.attachment.content, maintype=main, subtype=sub, filename=_one_line(message.attachment.filename))
    if message.language:
        letter["Content-Language"] = _one_line(message.language)
    return b"".join((*_plain_headers(message, name or school, address), _ending_in_dot(letter.as_bytes())))


def _plain_headers(message: Outgoing, name: str, sender: str) -> Iterator[bytes]:
    """Headers that are folded by hand: `EmailMessage` loses spaces between encoded words, and encodes a long link, which no program then finds."""
    plain = _one_line(name)
    shown = f'"{quote(plain)}"' if plain.isascii() else _header("From", plain)
    yield f"From: {shown} <{sender}>\r\n".encode("ascii")
    yield f"To: {message.address}\r\nSubject: {_header('Subject', message.subject)}\r\n".encode("ascii")
    if _LINK.fullmatch(message.unsubscribe):
        yield f"List-Unsubscribe: <{message.unsubscribe}>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n".encode("ascii")


def _header(name: str, words: str) -> str:
    """Words as a header's value: on one line as they are, else in encoded words of RFC 2047."""
    return Header(_one_line(words), header_name=name).encode(linesep="\r\n")


def _ending_in_dot(letter: bytes) -> bytes:
    """A line that begins with a dot gets one more, and a dot alone ends it. Source: RFC 5321 §4.5.2."""
    stuffed = re.sub(rb"(?m)^\.", b"..", letter)
    return stuffed + (b"" if stuffed.endswith(b"\r\n") else b"\r\n") + b".\r\n"


def _one_line(words: str) -> str:
    """Words without what could end a line or hide in one."""
    return " ".join("".join(letter for letter in words if letter.isspace() or unicodedata.category(letter) != "Cc").split())


def _check_sender(answer: Answer) -> None:
    """What it says to who we are: what it refuses for good is wrong with our account, for every mail."""
    if answer.code >= 500:
        raise Rejected(Verdict.OUR_ACCOUNT, answer.shown)
    _check_now(answer)


def _check_receiver(answer: Answer) -> None:
    """What it says to whom we write. Not every refusal speaks of them: 'relaying denied' speaks of us, and must mark nobody's address as dead."""
    if answer.code in (530, 535):
        raise Rejected(Verdict.OUR_ACCOUNT, answer.shown)
    if answer.code == 552 or answer.enhanced == "5.2.2":
        raise Rejected(Verdict.UNREACHABLE, answer.shown)  # their mailbox is full
    if answer.code >= 500:
        is_theirs = answer.enhanced in _DEAD or (not answer.enhanced and answer.code in (550, 551, 553))
        raise Rejected(Verdict.BAD_ADDRESS if is_theirs and not answer.is_about_us else Verdict.BAD_PAIR, answer.shown)
    _check_now(answer)


def _check_content(answer: Answer) -> None:
    """What it says to the mail itself, having seen it or not."""
    if answer.code >= 500:
        is_too_large = answer.code == 552 or answer.enhanced == "5.3.4"
        raise Rejected(Verdict.OUR_CONTENT if is_too_large else Verdict.FILTERED, answer.shown)
    _check_now(answer)


def _check_now(answer: Answer) -> None:
    if not 200 <= answer.code < 400:
        raise TryLater(code=answer.shown)


@contextmanager
def guard(*, has_left: bool) -> Iterator[None]:
    """Turn every failure of the library into one of ours. `has_left`: the server may have all of the mail."""
    try:
        yield
    except OSError as error:  # smtplib's own are kinds of it
        raise translated(error, has_left=has_left) from error
    except UnicodeError as error:  # a name or password that smtplib cannot say
        raise Rejected(Verdict.OUR_ACCOUNT) from error


def translated(error: OSError, *, has_left: bool) -> SendError:
    """What became of a mail whose sending ended in this exception."""
    if isinstance(error, smtplib.SMTPResponseException):  # at the greeting or the log-in
        answer = Answer.of(error.smtp_code, error.smtp_error if isinstance(error.smtp_error, bytes) else str(error.smtp_error).encode())
        return Rejected(Verdict.OUR_ACCOUNT, answer.shown) if answer.code >= 500 else TryLater(code=answer.shown)
    if isinstance(error, smtplib.SMTPNotSupportedError | ssl.SSLCertVerificationError):
        return Rejected(Verdict.OUR_ACCOUNT, "tls")
    return FateUnknown() if has_left else TryLater()
