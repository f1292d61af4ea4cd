"""Who works on the school's behalf with what families write: each with its place, its contract and how long it keeps what it gets.

Terms change: what stands here was read in their published terms while this version was made, and the school's data protection officer reads them again.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True)
class Processor:
    """One of them. `gets` is what reaches it."""

    title: str
    gets: str
    place: str
    contract: str
    kept: str


PROCESSORS: Final = MappingProxyType(
    {
        "twilio": Processor(
            "Twilio (texts, calls, and the way to WhatsApp)",
            "telephone numbers, the words of each message, photos and files until they are fetched",
            "United States, by way of Ireland",
            "Twilio's Data Protection Addendum, part of its terms; transfers by the UK addendum to the EU's standard clauses, and binding corporate rules",
            "messages for 400 days, unless they are deleted there; Bookbag deletes files there once it has them",
        ),
        "whatsapp": Processor(
            "Meta (WhatsApp Business)",
            "telephone numbers and messages of those who agreed to WhatsApp",
            "United States and Ireland",
            "WhatsApp Business Data Processing Terms, agreed to when the number is registered; transfers by the UK addendum",
            "messages until they are delivered, 30 days at most",
        ),
        "telegram": Processor(
            "Telegram",
            "messages of those who chose to write to the school's bot",
            "United Arab Emirates; servers in the Netherlands and elsewhere",
            "none as a processor: it answers for itself. Only those who started a chat are written to there",
            "messages as long as the chat is there",
        ),
        "email": Processor(
            "The school's mail provider",
            "e-mail addresses and the words of e-mails to families and staff",
            "as the school's contract with it says",
            "the school's own",
            "as the school's contract with it says",
        ),
        "google_cloud": Processor(
            "Google Cloud Translation",
            "words to be translated, without registered names, dates and numbers",
            "Google's data centres, worldwide",
            "Cloud Data Processing Addendum, part of its terms, with the UK addendum",
            "only while it translates; not used to train models",
        ),
        "libretranslate": Processor(
            "LibreTranslate, on a server that the school chose",
            "words to be translated, without registered names, dates and numbers",
            "where that server stands",
            "with whoever runs that server; none is needed if it is the school",
            "nothing, as the program comes",
        ),
        "google": Processor(
            "Google Translate without an account",
            "words to be translated, without registered names, dates and numbers",
            "Google's data centres, worldwide",
            "none: the school has said that it accepts that",
            "not known",
        ),
    }
)
"""By the names that settings use."""
