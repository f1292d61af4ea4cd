"""SMS and WhatsApp through Twilio: one channel class, once for each.

A webhook of either may be read by either; the form says which it is. What Twilio does and why we ask for what we ask: design paper `providers.md` §1 to §3.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

from bot.channels.base import (
    AddressKind,
    Attachment,
    ChannelName,
    DeliveryState,
    Found,
    Inbound,
    InboundKind,
    Limits,
    Outgoing,
    Receipt,
    StatusUpdate,
    WebhookRequest,
)
from bot.channels.errors import FateUnknown, Rejected, Verdict
from bot.channels.text import Layout, clean, laid_out
from bot.channels.twilio_inbound import STATES, STATUS_PATH, address_of, inbound, kind_of_media, signed_form, status_update, unwrapped, why
from bot.channels.twilio_templates import (
    BODY_CHARACTERS,
    LABEL_CHARACTERS,
    MOST_CHOICES,
    TEMPLATES,
    Approval,
    ApprovedTemplate,
    Template,
    approval,
    plain_body,
    template_kind,
    variables,
)
from bot.channels.twilio_wire import HttpClient, TwilioAccount, client, guard, unless_gone
from translations.sms import fold_typography

__all__ = ["STATUS_PATH", "TwilioAccount", "TwilioChannel", "TwilioSms", "TwilioWhatsApp", "channels"]

_MEDIA: Final = re.compile(r"/Messages/(?P<message>[A-Z]{2}\w+)/Media/(?P<media>[A-Z]{2}\w+)$")
_PAGE: Final = 50
_SLACK: Final = timedelta(seconds=5)  # Twilio's clock against ours, and its times are whole seconds


class TwilioChannel:
    """One sender of ours at Twilio: SMS or WhatsApp."""

    def __init__(self, account: TwilioAccount, name: ChannelName, http: HttpClient | None = None) -> None:
        self.name = name
        self.limits = limits(account, name)
        self._account = account
        self._http = http or HttpClient(account)
        self._client = client(account, self._http)
        self._prefix = "whatsapp:" if name is ChannelName.WHATSAPP else ""
        self._from = (account.whatsapp_from if name is ChannelName.WHATSAPP else account.sms_from) or ""

    def read(self, request: WebhookRequest) -> list[Inbound]:
        """The message of a webhook, SMS or WhatsApp. `request.url` is the public address as configured at Twilio, never one built from headers."""
        return [inbound(signed_form(request, self._account))]

    def read_status(self, request: WebhookRequest) -> list[StatusUpdate]:
        """What a status callback says of a message of ours. `request.url` is the public address with its query, which is signed and holds our outbox id."""
        return status_update(signed_form(request, self._account), request.url)

    def signed_form(self, request: WebhookRequest) -> dict[str, str]:
        """The form of any other webhook of Twilio's, a call for one, its signature checked. Raises Forged or Malformed."""
        return signed_form(request, self._account)

    async def send(self, message: Outgoing) -> Receipt:
        """Hand one message to Twilio, once. Raises TryLater, Rejected or FateUnknown, and never anything else."""
        if not self._from and not self._account.messaging_service_sid:
            raise Rejected(Verdict.OUR_ACCOUNT)
        if message.address_kind not in {AddressKind.PHONE, AddressKind.WHATSAPP_ID}:
            raise Rejected(Verdict.BAD_ADDRESS)
        with guard(sending=True):
            sent = await self._client.messages.create_async(**self._parameters(message))
            if not isinstance(sent.sid, str) or not sent.sid:
                raise FateUnknown(code="201")
            return Receipt(sent.sid)

    def wording(self, message: Outgoing) -> Layout:
        """The words and buttons that a message really leaves with: typography folded on SMS, choices numbered where they are no buttons."""
        if message.template is not None:
            return Layout(message.text, tuple(message.choices))
        text = fold_typography(message.text) if self.name is ChannelName.SMS else message.text
        layout = laid_out(text, message.choices, self.limits)
        if layout.buttons and (len(layout.text) > BODY_CHARACTERS or self._template(layout) is None):
            layout = laid_out(text, message.choices, _buttonless(self.limits))
        folded = fold_typography(layout.text) if self.name is ChannelName.SMS else layout.text
        return Layout(folded, layout.buttons)

    def _template(self, layout: Layout) -> str | None:
        """The ContentSid for these buttons, if the template was made."""
        return self._account.content_sids.get((template_kind(layout.buttons), len(layout.buttons)))

    def _parameters(self, message: Outgoing) -> dict[str, Any]:
        """What is asked of Twilio; each parameter's reason stands in `providers.md` §3."""
        layout = self.wording(message)
        asked: dict[str, Any] = {
            "to": self._prefix + message.address,
            "validity_period": min(max(int(message.valid_for), 1), 36_000),
        }
        if self._from:
            asked["from_"] = self._prefix + self._from
        if self._account.messaging_service_sid:
            asked["messaging_service_sid"] = self._account.messaging_service_sid
        if self._account.public_url:
            asked["status_callback"] = f"{self._account.public_url.rstrip('/')}{STATUS_PATH}?id={quote(message.id, safe='')}"
        if self.name is ChannelName.SMS:
            asked |= {"smart_encoded": False, "risk_check": "disable"}
        if message.template is not None:
            return asked | {"content_sid": message.template.name, "content_variables": json.dumps(message.template.variables, ensure_ascii=False)}
        if layout.buttons:
            return asked | {"content_sid": self._template(layout), "content_variables": json.dumps(variables(layout), ensure_ascii=False)}
        return asked | {"body": layout.text}

    async def find(self, message: Outgoing, since: datetime) -> list[Found]:
        """What Twilio has on record as sent from us to this address since then (less 5 s), newest first, **and reading as this message does**.

        The same words as `send` would send, numbers included, so that the caller compares nothing but ids.
        Never filtered by DateSent: it is null while queued. Raises TryLater when it could not be asked now.
        """
        wanted = _same(self.wording(message).text)
        rows = await self._rows(since, to=self._prefix + message.address, **({"from_": self._prefix + self._from} if self._from else {}))
        return [
            Found(row.sid, plain_body(row.body or ""), row.date_created, STATES.get(str(row.status), DeliveryState.SENT))
            for row in rows
            if str(row.direction).startswith("outbound") and _same(plain_body(row.body or "")) == wanted
        ]

    async def missed(self, since: datetime) -> list[Inbound]:
        """What Twilio holds as received by our number since then (less 5 s), oldest first, whether we had it already or not. Raises TryLater.

        A listing lacks a button's id, a place and what was replied to: a pressed button comes as the text on it.
        """
        if not self._from:
            return []
        rows = await self._rows(since, to=self._prefix + self._from)
        return [await self._received(row) for row in reversed(rows) if row.direction == "inbound"]

    async def _rows(self, since: datetime, **filters: str) -> list[Any]:
        """Messages that Twilio lists, newest first, page by page until one is older than `since` less 5 s."""
        rows = []
        with guard(sending=False):
            async for row in await self._client.messages.stream_async(page_size=_PAGE, **filters):
                if row.date_created is None or row.date_created < since.astimezone(UTC) - _SLACK:
                    break
                rows.append(row)
        return rows

    async def _received(self, row: Any) -> Inbound:
        """A listed message as if its webhook had come. Its files have addresses of their own, which are asked for."""
        address, kind = address_of(row.from_ or "")
        media: Sequence[Any] = []
        if str(row.num_media or "0") != "0":
            with guard(sending=False):
                media = await self._client.messages(row.sid).media.list_async(limit=10)
        text = clean(unwrapped(row.body or ""))
        is_words = bool(text.strip()) or self.name is ChannelName.SMS
        what = kind_of_media(media[0].content_type or "") if media else InboundKind.TEXT if is_words else InboundKind.OTHER
        files = tuple("https://api.twilio.com" + item.uri.removesuffix(".json") for item in media)
        to = (row.to or "").removeprefix("whatsapp:")
        return Inbound(row.sid, self.name, what, address, kind, to, text=text, media=files, sent_at=row.date_created)

    async def status_of(self, provider_id: str) -> StatusUpdate | None:
        """What became of one message of ours, asked for where callbacks stay away; None where Twilio knows no such message. Raises TryLater."""
        row = await unless_gone(self._client.messages(provider_id).fetch_async())
        if row is None:
            return None
        code, status = str(row.error_code or ""), str(row.status)
        state = STATES.get(status)
        return StatusUpdate(provider_id, state, None, code or None, why(state, code, status)) if state else None

    async def fetch(self, address: str, most: int = 5_000_000) -> Attachment:
        """A file that a parent sent, from an inbound's `media`. Raises TryLater, or Rejected: not Twilio's address, over `most` bytes, gone."""
        with guard(sending=False):
            kind, content = await self._http.download(address, (self._account.account_sid, self._account.auth_token), most)
        return Attachment(address.rsplit("/", 1)[-1], kind, content)

    async def forget_file(self, address: str) -> None:
        """Delete a file that a parent sent, as the message's Media at Twilio; one that is gone is well. Raises TryLater."""
        found = _MEDIA.search(address)
        if found is None:
            return
        await unless_gone(self._client.messages(found["message"]).media(found["media"]).delete_async())

    async def forget(self, provider_id: str) -> None:
        """Delete a message at Twilio; one that is gone is well. Raises TryLater: Twilio may refuse while it is young (unverified)."""
        await unless_gone(self._client.messages(provider_id).delete_async())

    async def make_templates(self) -> dict[tuple[str, int], str]:
        """WhatsApp's button and list templates, made with Twilio where they are missing: kind and count to ContentSid, for `TwilioAccount.content_sids`.

        Raises TryLater.
        """
        known = await self._made(TEMPLATES)
        return {(template.kind, template.count): known[template.name] for template in TEMPLATES}

    async def have_approved(self, templates: Sequence[ApprovedTemplate]) -> list[Approval]:
        """What WhatsApp says of each of these templates, made and handed in for its approval where they were not before. Raises TryLater."""
        known = await self._made(templates)
        return [await self._approval(template, known[template.name]) for template in templates]

    async def _made(self, templates: Sequence[Template | ApprovedTemplate]) -> dict[str, str]:
        """The ContentSids of all templates in the account by their names, once these are there."""
        with guard(sending=False):
            known = {content.friendly_name: content.sid for content in await self._client.content.v1.contents.list_async()}
            for template in templates:
                if template.name not in known:
                    made = await self._client.content.v1.contents.create_async(content_create_request=template.request())
                    known[template.name] = made.sid
        return known

    async def _approval(self, template: ApprovedTemplate, sid: str) -> Approval:
        content = self._client.content.v1.contents(sid)
        with guard(sending=False):
            told = (await content.approval_fetch().fetch_async()).whatsapp or {}
            if told.get("status") in {None, "unsubmitted"}:
                asked = await content.approval_create.create_async(content_approval_request=template.approval_request())
                told = {"status": asked.status, "rejection_reason": asked.rejection_reason}
        return approval(sid, told)

    async def aclose(self) -> None:
        """Let go of connections."""
        await self._http.close()


class TwilioSms(TwilioChannel):
    """Text messages."""

    def __init__(self, account: TwilioAccount, http: HttpClient | None = None) -> None:
        super().__init__(account, ChannelName.SMS, http)


class TwilioWhatsApp(TwilioChannel):
    """WhatsApp messages."""

    def __init__(self, account: TwilioAccount, http: HttpClient | None = None) -> None:
        super().__init__(account, ChannelName.WHATSAPP, http)


def channels(account: TwilioAccount) -> list[TwilioChannel]:
    """The channels that have a sender, over one set of connections."""
    http = HttpClient(account)
    sms = [TwilioSms(account, http)] if account.sms_from or account.messaging_service_sid else []
    return [*sms, *([TwilioWhatsApp(account, http)] if account.whatsapp_from else [])]


def limits(account: TwilioAccount, name: ChannelName) -> Limits:
    """What a message holds. Twilio takes 1600 characters, which are 24 paid parts in UCS-2; on SMS we stop at 918, six parts in GSM-7."""
    if name is ChannelName.SMS:
        return Limits(text_characters=918, choices=0, label_characters=0, per_second=account.sms_per_second, repeatable_lookup=True)
    most = MOST_CHOICES if account.content_sids else 0
    return Limits(1_600, most, LABEL_CHARACTERS if most else 0, account.whatsapp_per_second, keeps_window=True, repeatable_lookup=True)


def _buttonless(of: Limits) -> Limits:
    return Limits(of.text_characters, 0, 0, of.per_second, of.keeps_window, of.repeatable_lookup)


def _same(text: str) -> str:
    """Text as compared in a look-up: white space apart, since Twilio trims."""
    return " ".join(text.split())
