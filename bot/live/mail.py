"""The school's mail server: does it let us in?"""

from __future__ import annotations

import asyncio
import smtplib
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from bot.live.findings import Finding, right, wrong

if TYPE_CHECKING:
    from bot.mail import Mailer

ABOUT = "e-mail"


async def findings(mailer: Mailer) -> AsyncIterator[Finding]:
    """Whether the server takes a connection, its certificate holds, and it lets us in. No mail is sent."""
    yield await asyncio.to_thread(_tried, mailer)


def _tried(mailer: Mailer) -> Finding:
    try:
        with mailer.connect():
            return right(ABOUT, "the mail server lets us in")
    except smtplib.SMTPAuthenticationError:
        return wrong(ABOUT, "the mail server refuses user and password: see email.smtp_url. A provider with two-step login wants an app password")
    except smtplib.SMTPNotSupportedError:
        return wrong(ABOUT, "the mail server offers no TLS or no login on this port: try smtps://…:465 in email.smtp_url")
    except OSError as error:
        return wrong(
            ABOUT, f"the mail server could not be reached ({type(error).__name__}): are host and port of email.smtp_url right, and is the port open from here?"
        )
