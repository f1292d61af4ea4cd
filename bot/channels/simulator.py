"""A channel without a provider: phones in memory, for `bookbag chat`, the demo's /simulator, and tests.

It looks like the channel it stands for: WhatsApp and Telegram show buttons, SMS numbers its choices and folds typography. It never reads a webhook.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import uuid4

from bot.channels.base import (
    AddressKind,
    Attachment,
    ChannelName,
    Choice,
    Forged,
    Found,
    Inbound,
    InboundKind,
    Limits,
    Outgoing,
    Receipt,
    StatusUpdate,
    WebhookRequest,
)
from bot.channels.errors import Rejected, SendError, Verdict
from bot.channels.text import Layout, laid_out
from translations.sms import fold_typography

LIMITS: Final = {
    ChannelName.SMS: Limits(text_characters=918, choices=0, label_characters=0, per_second=1_000),
    ChannelName.WHATSAPP: Limits(text_characters=1_600, choices=10, label_characters=24, per_second=1_000, keeps_window=True),
    ChannelName.TELEGRAM: Limits(text_characters=4_096, choices=20, label_characters=60, per_second=1_000),
}


@dataclass(frozen=True)
class Shown:
    """One message as it stands on a simulated phone. `outbox_id` is ours, `provider_id` is what the receipt said."""

    provider_id: str
    outbox_id: str
    address: str
    text: str
    buttons: Sequence[Choice] = ()
    attachment: Attachment | None = None
    asks_contact: bool = False


class SimulatorChannel:
    """Phones on one channel. `sent` holds what each address was sent, oldest first; `files` what was sent from phones and not yet fetched."""

    def __init__(self, name: ChannelName, ids: Callable[[], str] | None = None) -> None:
        self.name = name
        self.limits = LIMITS[name]
        self.sent: dict[str, list[Shown]] = {}
        self.files: dict[str, Attachment] = {}
        self.failures: deque[SendError] = deque()
        self._ids = ids or (lambda: uuid4().hex)
        self._listeners: dict[str, set[asyncio.Event]] = {}

    def says(
        self,
        address: str,
        text: str = "",
        *,
        payload: str | None = None,
        kind: InboundKind | None = None,
        media: Sequence[Attachment] = (),
        replied_to: str | None = None,
        sent_at: datetime | None = None,
        provider_id: str | None = None,
    ) -> Inbound:
        """What someone at `address` sends, as a message that came in. With a `payload` and no `kind` they pressed a button."""
        references = [f"sim:file:{self._ids()}" for _ in media]
        self.files.update(zip(references, media, strict=True))
        return Inbound(
            provider_id=provider_id or f"sim:{self._ids()}",
            channel=self.name,
            kind=kind or (InboundKind.BUTTON if payload is not None else InboundKind.TEXT),
            address=address,
            address_kind=AddressKind.TELEGRAM_CHAT if self.name is ChannelName.TELEGRAM else AddressKind.PHONE,
            to="simulator",
            text=text,
            payload=payload,
            media=references,
            media_names=[file.filename for file in media],
            replied_to=replied_to,
            sent_at=sent_at,
        )

    def presses(self, address: str, number: int) -> Inbound:
        """Someone presses the button with this number, from 1, under the last message with buttons that they were shown. LookupError if there is none."""
        shown = next((shown for shown in reversed(self.sent.get(address, [])) if shown.buttons), None)
        if shown is None or not 1 <= number <= len(shown.buttons):
            raise LookupError(number)
        choice = shown.buttons[number - 1]
        return self.says(address, choice.label, payload=choice.id, replied_to=shown.provider_id)

    def read(self, request: WebhookRequest) -> list[Inbound]:
        """Always Forged: nobody outside may speak for a simulated phone."""
        raise Forged(request.url)

    def wording(self, message: Outgoing) -> Layout:
        """The words and buttons that a message is shown with."""
        layout = Layout(message.text) if message.asks_contact else laid_out(message.text, message.choices, self.limits)
        return Layout(fold_typography(layout.text), layout.buttons) if self.name is ChannelName.SMS else layout

    async def send(self, message: Outgoing) -> Receipt:
        """Show one message on its phone and wake who looks at it. Fails with the next of `failures`, if any: tests put them there."""
        if self.failures:
            raise self.failures.popleft()
        layout = self.wording(message)
        receipt = Receipt(f"sim:{self._ids()}")
        shown = Shown(receipt.provider_id, message.id, message.address, layout.text, layout.buttons, message.attachment, message.asks_contact)
        self.sent.setdefault(message.address, []).append(shown)
        for event in self._listeners.get(message.address, ()):
            event.set()
        return receipt

    async def subscribe(self, address: str, after: int | None = None) -> AsyncIterator[Shown]:
        """Each message that this address is shown from now on, for ever; with `after`, first those after that many.

        Close it (`aclosing`, or cancel the task) to stop listening. A slow reader loses nothing: it reads from `sent`.
        """
        seen = len(self.sent.get(address, [])) if after is None else after
        event = asyncio.Event()
        self._listeners.setdefault(address, set()).add(event)
        try:
            while True:
                event.clear()
                for shown in self.sent.get(address, [])[seen:]:
                    seen += 1
                    yield shown
                if len(self.sent.get(address, [])) <= seen:
                    await event.wait()
        finally:
            self._listeners[address].discard(event)
            if not self._listeners[address]:
                with suppress(KeyError):
                    del self._listeners[address]

    async def find(self, message: Outgoing, since: datetime) -> list[Found]:
        """Nothing: a simulated send never has an unknown fate but for a test's sake."""
        return []

    async def status_of(self, provider_id: str) -> StatusUpdate | None:
        """None: what it shows is seen at once."""
        return None

    async def missed(self, since: datetime) -> list[Inbound]:
        """Nothing: what a simulated phone sends is handed in at once."""
        return []

    async def fetch(self, address: str, most: int) -> Attachment:
        """A file that was sent from one of these phones, while this process lives."""
        if address not in self.files:
            raise Rejected(Verdict.UNKNOWN, "404")
        if len(self.files[address].content) > most:
            raise Rejected(Verdict.OUR_CONTENT, "too large")
        return self.files[address]

    async def forget_file(self, address: str) -> None:
        """The phone's copy is let go of."""
        self.files.pop(address, None)

    async def forget(self, provider_id: str) -> None:
        """Nothing: what a phone has shown is its owner's."""

    async def aclose(self) -> None:
        """Nothing to let go of."""
