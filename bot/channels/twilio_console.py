"""What stands in Twilio's console about the school: its account, number, Messaging Service and WhatsApp sender, asked for and never changed.

Source: twilio.com/docs, the pages of each resource: Account, Balance, IncomingPhoneNumber, Regulatory Compliance Bundle, Service, Channels Sender.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from bot.channels.twilio_wire import HttpClient, TwilioAccount, client, guard, unless_gone

MOST: Final = 400
"""Numbers in a Messaging Service that Twilio allows."""


@dataclass(frozen=True)
class Account:
    """The account: what it is called, 'active', 'suspended' or 'closed', and whether it may only write to numbers that it was told of."""

    name: str
    status: str
    is_trial: bool


@dataclass(frozen=True)
class Target:
    """Where Twilio tells of what comes in: an address and its HTTP method; an empty address is nowhere."""

    url: str = ""
    method: str = ""


@dataclass(frozen=True)
class Number:
    """A number that the account owns. `application` is a TwiML app, whose addresses count in the place of the number's own."""

    takes_sms: bool
    messages: Target
    calls: Target
    application: str | None
    bundle: str | None


@dataclass(frozen=True)
class Service:
    """A Messaging Service, the numbers in it, and where it tells of what comes in; None: where each number says."""

    name: str
    numbers: Sequence[str]
    messages: Target | None


@dataclass(frozen=True)
class Sender:
    """The WhatsApp sender: 'ONLINE' once it works, Meta's rating of its messages where there is one, and where it tells of what comes in."""

    status: str
    quality: str | None
    messages: Target


class TwilioConsole:
    """Asks for all this with the official client. Everything raises TryLater, its `code` Twilio's own, where there is no answer; what is not there is None."""

    def __init__(self, account: TwilioAccount) -> None:
        self._account = account
        self._http = HttpClient(account)
        self._client = client(account, self._http)

    async def account(self) -> Account:
        """The account itself: the first thing that a wrong id or token shows at, as code 20003."""
        with guard(sending=False):
            found = await self._client.api.v2010.accounts(self._account.account_sid).fetch_async()
            return Account(str(found.friendly_name), str(found.status), str(found.type) == "Trial")

    async def balance(self) -> tuple[Decimal, str]:
        """What is left in the account, and in which currency."""
        with guard(sending=False):
            found = await self._client.api.v2010.accounts(self._account.account_sid).balance.fetch_async()
            return Decimal(str(found.balance)), str(found.currency)

    async def number(self, e164: str) -> Number | None:
        """A number of the account's own."""
        with guard(sending=False):
            rows = await self._client.incoming_phone_numbers.list_async(phone_number=e164, limit=1)
            if not rows:
                return None
            row = rows[0]
            takes_sms = bool((row.capabilities or {}).get("sms"))
            messages, calls = Target(row.sms_url or "", row.sms_method or ""), Target(row.voice_url or "", row.voice_method or "")
            return Number(takes_sms, messages, calls, row.sms_application_sid or None, row.bundle_sid or None)

    async def bundle_status(self, sid: str) -> str | None:
        """How far the regulatory papers of a number are: 'draft', 'pending-review', 'twilio-approved' or 'twilio-rejected', among others."""
        found = await unless_gone(self._client.numbers.v2.regulatory_compliance.bundles(sid).fetch_async())
        return str(found.status) if found else None

    async def service(self, sid: str) -> Service | None:
        """A Messaging Service."""
        asked = self._client.messaging.v1.services(sid)
        found = await unless_gone(asked.fetch_async())
        if found is None:
            return None
        with guard(sending=False):
            numbers = tuple(row.phone_number for row in await asked.phone_numbers.list_async(limit=MOST))
        told = Target(found.inbound_request_url or "", found.inbound_method or "")
        return Service(str(found.friendly_name), numbers, None if found.use_inbound_webhook_on_number else told)

    async def whatsapp_sender(self, e164: str) -> Sender | None:
        """The WhatsApp sender with this number."""
        with guard(sending=False):
            rows = await self._client.messaging.v2.channels_senders.list_async(channel="whatsapp", limit=MOST)
            row = next((row for row in rows if row.sender_id == f"whatsapp:{e164}"), None)
            if row is None:
                return None
            webhook, properties = row.webhook or {}, row.properties or {}
            told = Target(webhook.get("callback_url") or "", webhook.get("callback_method") or "")
            return Sender(str(row.status), properties.get("quality_rating"), told)

    async def aclose(self) -> None:
        """Let go of connections."""
        await self._http.close()
