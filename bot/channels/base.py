"""The one small face that every channel shows: read what came in, send what goes out.

A channel knows its provider and nothing else: no database, no handler, no language. The simulator is a channel like any other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Protocol

from bot.channels.errors import Verdict


class ChannelName(StrEnum):
    """The channels a person can be reached by. The value is what is stored and shown."""

    SMS = "sms"
    WHATSAPP = "whatsapp"
    TELEGRAM = "telegram"
    EMAIL = "email"  # only out


PHONES: Final = (ChannelName.SMS, ChannelName.WHATSAPP, ChannelName.TELEGRAM)
"""The channels that people answer on, too."""


class AddressKind(StrEnum):
    """What sort of thing an address is. WhatsApp may hand us an id that is no number; Telegram never gives a number."""

    PHONE = "phone"  # E.164, '+447700900123'
    TELEGRAM_CHAT = "telegram_chat"  # the chat's id, digits
    WHATSAPP_ID = "whatsapp_id"  # business-scoped user id, 'GB.1A2B…'
    EMAIL = "email"
    SENDER_NAME = "sender_name"  # letters or a short code, as delivery firms write from: it can be read and never answered


class InboundKind(StrEnum):
    """What arrived. Everything but `TEXT` and `BUTTON` gets a kind answer and a line for staff."""

    TEXT = "text"
    BUTTON = "button"  # a choice was pressed: `payload` is the id that we gave it
    CONTACT = "contact"  # Telegram only: the sender shared the phone number of their own account, verified
    START_LINK = "start_link"  # Telegram only: /start with a one-time token in `payload`
    PHOTO = "photo"
    VOICE = "voice"
    LOCATION = "location"
    BLOCKED = "blocked"  # Telegram only: they blocked the bot; nothing to answer
    UNBLOCKED = "unblocked"
    CALL = "call"  # they rang our number, which nobody answers
    OTHER = "other"  # a sticker, a document, someone else's contact, a kind we do not know


@dataclass(frozen=True)
class Inbound:
    """One message as it came in, before anyone has looked at what it means.

    `provider_id` is the provider's own id and is the key to 'seen before': the same id is the same message, for ever.
    `sent_at` is when the provider says it was sent (aware UTC), where it says so. `address` is the sender, `to` is ours.
    `payload` is a button's id, a start link's token or a shared contact's number in E.164. `media` are the provider's own addresses of files,
    `media_names` what the sender's phone calls them, in the same order, where that is told.
    `opt_out` is 'STOP', 'START' or 'HELP' where the carrier has already acted and answered: we stay silent.
    """

    provider_id: str
    channel: ChannelName
    kind: InboundKind
    address: str
    address_kind: AddressKind
    to: str
    text: str = ""
    payload: str | None = None
    media: Sequence[str] = ()
    media_names: Sequence[str] = ()
    replied_to: str | None = None  # the provider's id of our message that they answered, where they swiped or pressed
    sent_at: datetime | None = None
    opt_out: str | None = None
    also_known_as: str | None = None  # WhatsApp: the business-scoped id that came beside a number


@dataclass(frozen=True)
class Choice:
    """One answer that a parent can press. `id` comes back as an inbound's `payload`, at most 64 bytes."""

    id: str
    label: str


@dataclass(frozen=True)
class Template:
    """Words that the provider knows already: it is told their name there and what stands in their places, numbered from '1'. Outside WhatsApp's 24 hours."""

    name: str
    variables: Mapping[str, str]


@dataclass(frozen=True)
class Attachment:
    """A small file that goes along where the channel can carry it. Where it cannot, `link` is written into the text by whoever built the message."""

    filename: str
    media_type: str
    content: bytes


@dataclass(frozen=True)
class Outgoing:
    """One message, ready to leave: worded, in its language, for this channel.

    `id` is our outbox id: it goes along in the status callback's address, so that an unknown fate can be resolved without the provider's id.
    `text` holds the words. The channel shows `choices` as buttons, or numbers them under the text where it has none (`bot.channels.text.laid_out`);
    whoever wrote the numbers into `text` gives no choices.
    With `asks_contact` the first choice's label stands on the button that shares the number.
    With a `template` that is what is sent: `text` and `choices` are what the provider makes of it.
    `valid_for` is how long the message is worth sending, in seconds. E-mail alone has a `subject`, the `language` it is in (a BCP 47 tag) and where it can
    be ended (`unsubscribe`, an address on the web).
    """

    id: str
    channel: ChannelName
    address: str
    address_kind: AddressKind
    text: str
    choices: Sequence[Choice] = ()
    attachment: Attachment | None = None
    asks_contact: bool = False  # Telegram: show the button that shares one's own phone number
    template: Template | None = None
    valid_for: int = 36_000
    subject: str = ""
    language: str = ""
    unsubscribe: str = ""


@dataclass(frozen=True)
class Receipt:
    """The provider took it. `provider_id` is how it will speak of it in callbacks."""

    provider_id: str


class DeliveryState(StrEnum):
    """What a provider says became of a message it took."""

    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    UNDELIVERED = "undelivered"
    FAILED = "failed"


@dataclass(frozen=True)
class StatusUpdate:
    """A delivery status as the provider reported it: perhaps early, late, repeated or out of order.

    `outbox_id` is ours from the callback's address, if there. `verdict` says why, when it was not delivered.
    """

    provider_id: str
    state: DeliveryState
    outbox_id: str | None = None
    code: str | None = None
    verdict: Verdict | None = None


@dataclass(frozen=True)
class Found:
    """One message that the provider has on record as sent by us: for looking up an unknown fate."""

    provider_id: str
    text: str
    created_at: datetime
    state: DeliveryState


@dataclass(frozen=True)
class WebhookRequest:
    """A provider's call on us, as it arrived: the public address it was sent to, its headers in lower case, its raw body."""

    url: str
    headers: Mapping[str, str]
    body: bytes


class Forged(Exception):
    """A webhook whose signature or secret is missing or wrong: answered 403, nothing is kept."""


class Malformed(Exception):
    """A webhook that is signed and cannot be read (form, JSON or UTF-8 broken): answered 400, one log line."""


@dataclass(frozen=True)
class Limits:
    """What one message on this channel can hold. Choices longer than `label_characters` are numbered in the text instead."""

    text_characters: int
    choices: int  # how many it can show itself; 0: none, they are numbered in the text
    label_characters: int
    per_second: float  # messages a second from one sender of ours
    keeps_window: bool = False  # WhatsApp: free text only within 24 hours of their last message
    repeatable_lookup: bool = False  # the provider can be asked what it sent


class Channel(Protocol):
    """A way to and from people's phones. Every method may be called from the edge's event loop only."""

    name: ChannelName
    limits: Limits

    def read(self, request: WebhookRequest) -> list[Inbound]:
        """What a webhook carries. Raises Forged or Malformed; an update kind that asks nothing of us gives an empty list."""

    async def send(self, message: Outgoing) -> Receipt:
        """Hand one message to the provider, once. Raises TryLater, Rejected or FateUnknown, and never anything else."""

    async def find(self, message: Outgoing, since: datetime) -> list[Found]:
        """What the provider has on record as sent to this address since then, newest first; where it cannot be asked, an empty list.

        Raises TryLater when it could not be asked now.
        """

    async def status_of(self, provider_id: str) -> StatusUpdate | None:
        """What became of a message that the provider took; None where it knows no such message or cannot be asked. Raises TryLater."""

    async def missed(self, since: datetime) -> list[Inbound]:
        """What the provider holds for our numbers since then, oldest first, whether we had it already or not. Raises TryLater."""

    async def fetch(self, address: str, most: int) -> Attachment:
        """A file that a parent sent, from an inbound's `media`. Raises TryLater, or Rejected: over `most` bytes, gone, not the provider's."""

    async def forget_file(self, address: str) -> None:
        """Delete such a file at the provider, where it can be deleted; one that is gone is well. Raises TryLater."""

    async def forget(self, provider_id: str) -> None:
        """Delete a message of either direction at the provider; one that is gone is well.

        Raises TryLater, or Rejected where the provider cannot do it (any more): then `code` says why, as a person reads it.
        """

    async def aclose(self) -> None:
        """Let go of connections."""
