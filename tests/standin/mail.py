"""A mail server of the tests' own, which the real client speaks to: it keeps what it takes, and refuses or breaks off as it is told."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.standin.wire import listen

PASSWORD = "let me in"


@dataclass(frozen=True)
class Letter:
    """One mail as it came: from whom and to whom by the envelope, and every byte of it."""

    sender: str
    receivers: tuple[str, ...]
    raw: bytes

    @property
    def read(self) -> EmailMessage:
        """As a mail program reads it."""
        found = message_from_bytes(self.raw, policy=policy.default)
        assert isinstance(found, EmailMessage)
        return found

    @property
    def words(self) -> str:
        """Its text."""
        body = self.read.get_body(("plain",))
        assert body is not None
        return str(body.get_content()).replace("\r\n", "\n")


class PostOffice:
    """What the server does. The next `answers` of a step (MAIL, RCPT, DATA) are said in its place; 'hang up' ends the connection without a word."""

    def __init__(self) -> None:
        self.letters: list[Letter] = []
        self.answers: dict[str, deque[str]] = {"MAIL": deque(), "RCPT": deque(), "DATA": deque()}
        self.url = ""

    def to(self, address: str) -> list[Letter]:
        """What it took for this address."""
        return [letter for letter in self.letters if address in letter.receivers]

    def refuse(self, step: str, answer: str, times: int = 1) -> None:
        """The next so many times this step is answered so."""
        self.answers[step].extend([answer] * times)

    async def handle_MAIL(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:  # noqa: N802  # aiosmtpd's
        envelope.mail_from = address
        return self._next(server, "MAIL")

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:  # noqa: N802  # aiosmtpd's
        answer = self._next(server, "RCPT")
        if answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  # aiosmtpd's name
        answer = self._next(server, "DATA")
        if answer.startswith("2"):
            self.letters.append(Letter(envelope.mail_from or "", tuple(envelope.rcpt_tos), envelope.original_content or b""))
        return answer

    def _next(self, server: SMTP, step: str) -> str:
        answer = self.answers[step].popleft() if self.answers[step] else "250 OK"
        if answer == "hang up":
            assert server.transport is not None
            server.transport.close()
        return answer


def _log_in(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object) -> AuthResult:
    return AuthResult(handled=False, success=isinstance(data, LoginPassword) and data.password == PASSWORD.encode())


@contextmanager
def post_office(*, asks_password: bool = False) -> Iterator[PostOffice]:
    """A running server on this computer."""
    office, socket = PostOffice(), listen()
    port = socket.getsockname()[1]
    socket.close()
    log_in: dict[str, Any] = {"authenticator": _log_in, "auth_require_tls": False} if asks_password else {}
    server = Controller(office, hostname="127.0.0.1", port=port, **log_in)
    server.start()
    office.url = f"smtp://127.0.0.1:{port}"
    try:
        yield office
    finally:
        server.stop()
