"""What no program can see: to be looked at by a person, in the providers' own pages and on a phone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.settings import Settings


def to_tick(settings: Settings) -> Iterator[str]:
    """What is left to look at for what is switched on, a sentence each."""
    processors = settings.processors()
    if "twilio" in processors:
        yield from _twilio(settings)
    if settings.twilio.whatsapp_from and "twilio" in processors:
        yield "Meta has verified the school's business and approved its display name. Until then at most 250 people a day can be written to first."
        yield "`bookbag whatsapp setup` says 'approved' for each language of the school."
    if "telegram" in processors:
        yield "Telegram, as a stranger: the bot's name, picture and description say which school it is."
    if "email" in processors:
        yield f"DNS: SPF and DKIM hold for the domain of {settings.email.sender}, and someone reads that mailbox."
    if settings.public_url:
        yield f"A phone that is not on the school's network opens {settings.public_url.rstrip('/')}/healthz while Bookbag runs."
    if settings.translation.providers:
        yield '`bookbag translate "There is no school on Friday." --to so` answers, and the school has a contract with whoever it names.'
    yield "A text of your own is answered, by each channel that is on, and the answer reads as the school would say it."


def _twilio(settings: Settings) -> Iterator[str]:
    yield "Twilio, Messaging, Settings, Geo permissions: the United Kingdom alone is ticked."
    if settings.twilio.messaging_service_sid:
        yield from _opt_out(settings)
    else:
        yield (
            "Without a Messaging Service Twilio itself answers STOP, CANCEL, END and QUIT to our number, in English, and cuts the parent off until they"
            " text START. One with Advanced Opt-Out takes CANCEL, END, QUIT and YES out: docs/going-live.md, step 1."
        )
    yield "Twilio, Billing: auto-recharge is on, and an alert goes to someone who reads it."
    yield "Twilio, account: everyone who may log in has a second factor, and nobody who left still may."


def _opt_out(settings: Settings) -> Iterator[str]:
    where = "Twilio, Messaging, Services, our service, Opt-Out Management"
    yield f"{where}: CANCEL, END, QUIT and YES are in none of the lists of words. With them there, a parent who calls a meeting off is cut off from the school."
    if settings.twilio.advanced_opt_out:
        yield f"{where}: Advanced Opt-Out is on, with the words and answers that `bookbag twilio opt-out` prints, in each language."
    else:
        yield f"{where}: Advanced Opt-Out is off, as twilio.advanced_opt_out says. Both together answer STOP twice, or not at all."
