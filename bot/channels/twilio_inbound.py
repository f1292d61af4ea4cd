"""What Twilio calls us with: the signature, the form, and what a form says.

Sources: Twilio's webhook documentation and captured requests, as read into design paper `providers.md` §1 and §2.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import parse_qs, parse_qsl, urlsplit

from bot.channels.base import AddressKind, ChannelName, DeliveryState, Forged, Inbound, InboundKind, Malformed, StatusUpdate, WebhookRequest
from bot.channels.errors import Verdict
from bot.channels.text import clean
from bot.channels.twilio_codes import verdict
from bot.channels.twilio_wire import TwilioAccount

MESSAGE_PATH: Final = "/webhooks/twilio/message"
VOICE_PATH: Final = "/webhooks/twilio/voice"
STATUS_PATH: Final = "/webhooks/twilio/status"

MOST_FIELDS: Final = 500  # a real form has under sixty

_E164 = re.compile(r"\+[1-9]\d{4,14}")
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4}){15,}(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")

STATES: Final[dict[str, DeliveryState]] = {
    "accepted": DeliveryState.SENT,  # taken and on its way: a callback with our id proves that the message exists
    "scheduled": DeliveryState.SENT,
    "queued": DeliveryState.SENT,
    "sending": DeliveryState.SENT,
    "sent": DeliveryState.SENT,
    "delivered": DeliveryState.DELIVERED,
    "read": DeliveryState.READ,
    "undelivered": DeliveryState.UNDELIVERED,
    "partially_delivered": DeliveryState.UNDELIVERED,  # some parts are missing: a person must see it
    "failed": DeliveryState.FAILED,
    "canceled": DeliveryState.FAILED,
}
"""Twilio's words for what became of a message of ours, in ours. Others ('received', and those still to come) say nothing to us."""


def signed_form(request: WebhookRequest, account: TwilioAccount) -> dict[str, str]:
    """The form of a webhook whose signature is right; of a name given twice, the last value.

    Refuses with Forged: no signature, a wrong one, one by a shared key (we have none configured), another account. With Malformed: signed, and not UTF-8.
    """
    pairs = _pairs(request.body)
    given = request.headers.get("x-twilio-signature", "")
    if not given or "x-twilio-webhooks-signature-settings" in request.headers or not given.isascii():
        raise Forged
    tokens = [token for token in (account.auth_token, account.next_auth_token) if token]
    if not any(hmac.compare_digest(signature(token, url, pairs), given) for token in tokens for url in _urls(request.url)):
        raise Forged
    form = dict(pairs)
    if form.get("AccountSid") != account.account_sid:
        raise Forged
    if any(re.search("[\ud800-\udfff]", text) for pair in pairs for text in pair):
        raise Malformed("not UTF-8")
    return form


def signature(token: str, url: str, pairs: Sequence[tuple[str, str]]) -> str:
    """base64(HMAC-SHA1(token, url + each name and value, sorted, each pair once)): what Twilio puts into X-Twilio-Signature."""
    signed = url + "".join(name + value for name, value in sorted(set(pairs)))
    return base64.b64encode(hmac.digest(token.encode(), signed.encode("utf-8", "surrogateescape"), "sha1")).decode("ascii")


def _pairs(body: bytes) -> list[tuple[str, str]]:
    """Names and values of a form. Bytes that are no UTF-8 become lone surrogates, so that the signature can still be checked over them."""
    try:
        return parse_qsl(body.decode("utf-8", "surrogateescape"), keep_blank_values=True, errors="surrogateescape", max_num_fields=MOST_FIELDS)
    except ValueError as error:
        raise Malformed("too many fields") from error


def _urls(url: str) -> tuple[str, ...]:
    """The address as configured, and with its default port added or taken away: Twilio signs either. A port that is not the default stays."""
    parts = urlsplit(url)
    default = 443 if parts.scheme == "https" else 80
    if parts.port is None:
        return url, url.replace(parts.netloc, f"{parts.netloc}:{default}", 1)
    if parts.port == default:
        return url, url.replace(parts.netloc, parts.netloc.rpartition(":")[0], 1)
    return (url,)


def inbound(form: Mapping[str, str]) -> Inbound:
    """The message that a form carries, SMS or WhatsApp. Raises Malformed without an id or a sender."""
    sid = form.get("MessageSid") or form.get("SmsMessageSid") or form.get("SmsSid") or ""
    sender = form.get("From", "")
    if not sid or len(sid) > 64 or not sender:
        raise Malformed("no id or no sender")
    kind, payload = _kind(form)
    address, address_kind = address_of(sender)
    beside = form.get("ExternalUserId", "").removeprefix("whatsapp:")
    return Inbound(
        provider_id=sid,
        channel=channel_of(sender),
        kind=kind,
        address=address,
        address_kind=address_kind,
        to=form.get("To", "").removeprefix("whatsapp:"),
        text=clean(unwrapped(form.get("Body", ""))),
        payload=payload,
        media=media_of(form),
        replied_to=form.get("OriginalRepliedMessageSid") or None,
        opt_out=form.get("OptOutType", "").upper() or None,
        also_known_as=clean(beside) if beside and beside != address else None,
    )


WITHHELD: Final = frozenset({"266696687", "7378742833", "2562533", "8656696", "86282452253"})
"""What Twilio gives for a number that is not told: the letters of ANONYMOUS, RESTRICTED, BLOCKED, UNKNOWN and UNAVAILABLE on a keypad, with a '+'."""


def call(form: Mapping[str, str]) -> Inbound | None:
    """The call that a form tells of; None where the caller's number is withheld. Raises Malformed without an id."""
    sid = form.get("CallSid", "")
    if not sid or len(sid) > 64:
        raise Malformed("no id")
    address, kind = address_of(form.get("From", ""))
    if kind is not AddressKind.PHONE or address.removeprefix("+") in WITHHELD:
        return None
    return Inbound(provider_id=sid, channel=ChannelName.SMS, kind=InboundKind.CALL, address=address, address_kind=kind, to=form.get("To", ""))


def channel_of(sender: str) -> ChannelName:
    """Which of Twilio's channels an address with its prefix belongs to."""
    return ChannelName.WHATSAPP if sender.startswith("whatsapp:") else ChannelName.SMS


def address_of(sender: str) -> tuple[str, AddressKind]:
    """An address without its prefix, and its kind: a number in E.164, WhatsApp's business-scoped id, or the letters or short code of a firm."""
    address = clean(sender.removeprefix("whatsapp:"))[:200]
    if _E164.fullmatch(address):
        return address, AddressKind.PHONE
    if sender.startswith("whatsapp:"):
        return address, AddressKind.WHATSAPP_ID
    return address, AddressKind.SENDER_NAME


def _kind(form: Mapping[str, str]) -> tuple[InboundKind, str | None]:
    """What arrived, and a button's id. On WhatsApp an empty message is a kind that Twilio does not pass on; on SMS it is a text without words."""
    pressed = form.get("ButtonPayload") or form.get("ListId")
    if pressed:
        return InboundKind.BUTTON, clean(pressed)
    if form.get("MessageType", "") in {"sticker", "contacts", "contact", "document", "video"}:
        return InboundKind.OTHER, None
    if form.get("NumMedia", "0") not in {"", "0"}:
        return kind_of_media(form.get("MediaContentType0", "")), None
    if form.get("Latitude") and form.get("Longitude"):
        return InboundKind.LOCATION, None
    is_words = bool(form.get("Body", "").strip()) or channel_of(form.get("From", "")) is ChannelName.SMS
    return (InboundKind.TEXT if is_words else InboundKind.OTHER), None


def kind_of_media(media_type: str) -> InboundKind:
    """A picture, a voice note, or something else. WhatsApp's stickers are image/webp."""
    if media_type.startswith("image/") and media_type != "image/webp":
        return InboundKind.PHOTO
    return InboundKind.VOICE if media_type.startswith("audio/") else InboundKind.OTHER


def media_of(form: Mapping[str, str]) -> tuple[str, ...]:
    """The addresses of the files, at most ten."""
    return tuple(form[f"MediaUrl{index}"] for index in range(10) if form.get(f"MediaUrl{index}"))


def unwrapped(body: str) -> str:
    """`body`, decoded where Twilio handed it over as base64, as happens with long joined SMS (seen by nyaruka/courier).

    Only 60 characters and more without any space, which decode to UTF-8 with a space in it and no control characters: nobody types that.
    """
    if not _BASE64.fullmatch(body):
        return body
    try:
        text = base64.b64decode(body, validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return body
    return text if " " in text and all(character.isprintable() or character in "\r\n\t" for character in text) else body


def status_update(form: Mapping[str, str], url: str) -> list[StatusUpdate]:
    """What a status callback says, with our outbox id from its address; empty where it says nothing to us. Raises Malformed without a message's id."""
    sid = form.get("MessageSid") or form.get("SmsSid") or ""
    if not sid:
        raise Malformed("no id")
    state = STATES.get(form.get("MessageStatus") or form.get("SmsStatus") or "")
    if state is None:
        return []
    code = form.get("ErrorCode", "").strip()
    code = "" if code == "0" else code
    ids = parse_qs(urlsplit(url).query).get("id")
    return [StatusUpdate(sid, state, outbox_id=ids[0] if ids else None, code=code or None, verdict=why(state, code, form.get("MessageStatus", "")))]


def why(state: DeliveryState, code: str, status: str) -> Verdict | None:
    """Why a message was not delivered; None where it was, or may yet be."""
    if state not in {DeliveryState.UNDELIVERED, DeliveryState.FAILED}:
        return None
    if status == "partially_delivered" and not code:
        return Verdict.UNCERTAIN
    return verdict(int(code) if code.isascii() and code.isdigit() else None)
