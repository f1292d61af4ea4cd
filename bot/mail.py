"""The school's own mail server, and e-mail to staff over it: never a message's text, never a child's name. Families' is `bot/channels/email.py`."""

from __future__ import annotations

import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import make_msgid
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import structlog

if TYPE_CHECKING:
    from bot.settings.model import Email

log = structlog.get_logger()

TIMEOUT = 10.0
"""Seconds that the mail server may take for each step."""
SUBMISSION, SUBMISSION_TLS, LOOPBACK = 587, 465, ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Mailer:
    """One mail server: `smtp://user:password@host:587` speaks TLS before anything is said (STARTTLS), `smtps://` from the start.

    Only to this very computer does it speak plainly. Source: RFC 8314.
    """

    url: str
    sender: str

    @classmethod
    def of(cls, email: Email) -> Mailer | None:
        """The school's mail server, if it has one."""
        return cls(email.smtp_url.get_secret_value(), email.sender) if email.smtp_url and email.sender else None

    def send(self, to: str, subject: str, words: str) -> bool:
        """Hand an e-mail to the server; False, and a log line without the address, where it is not taken."""
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self.sender, to, subject
        message["Message-ID"] = make_msgid(domain=self.sender.rpartition("@")[2] or "bookbag.invalid")
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(words)
        try:
            with self.connect() as server:
                server.send_message(message)
        except (OSError, smtplib.SMTPException) as error:
            log.warning("mail not sent", error=type(error).__name__)
            return False
        return True

    def connect(self) -> smtplib.SMTP:
        """A connection that is logged in. Raises OSError, of which every error of smtplib is a kind."""
        parts = urlsplit(self.url)
        host = parts.hostname or "localhost"
        if parts.scheme == "smtps":
            server: smtplib.SMTP = smtplib.SMTP_SSL(host, parts.port or SUBMISSION_TLS, timeout=TIMEOUT, context=ssl.create_default_context())
        else:
            server = smtplib.SMTP(host, parts.port or SUBMISSION, timeout=TIMEOUT)
        try:
            if parts.scheme != "smtps" and host not in LOOPBACK:
                server.starttls(context=ssl.create_default_context())
            if parts.username:
                server.login(unquote(parts.username), unquote(parts.password or ""))
        except BaseException:
            server.close()
            raise
        return server
