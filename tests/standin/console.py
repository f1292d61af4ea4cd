"""What stands in Twilio's console about the school, in the shapes of the API: the account, its balance, number, papers, Messaging Service, WhatsApp sender.

All is as it should be for a school that polls, unless the setting `console` says otherwise of a part, or None: that it is not there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from tests.standin.wire import Answer, Asked

PATHS: Final = {
    "account": re.compile(r"/2010-04-01/Accounts/AC\w+\.json"),
    "balance": re.compile(r"/2010-04-01/Accounts/AC\w+/Balance\.json"),
    "number": re.compile(r"/2010-04-01/Accounts/AC\w+/IncomingPhoneNumbers\.json"),
    "bundle": re.compile(r"/v2/RegulatoryCompliance/Bundles/BU\w+"),
    "service": re.compile(r"/v1/Services/MG\w+"),
    "service_numbers": re.compile(r"/v1/Services/MG\w+/PhoneNumbers"),
    "sender": re.compile(r"/v2/Channels/Senders"),
}
NUMBERS: Final = {"sms": "+447700900900", "whatsapp": "+447700900901"}
USUAL: Final[Mapping[str, dict[str, Any]]] = {
    "account": {"friendly_name": "Cherry Garden", "status": "active", "type": "Full"},
    "balance": {"balance": "18.20", "currency": "GBP"},
    "number": {
        "sid": "PN00000000000000000000000000000001",
        "phone_number": NUMBERS["sms"],
        "capabilities": {"voice": True, "sms": True, "mms": False, "fax": False},
        "sms_url": "",
        "sms_method": "POST",
        "sms_application_sid": "",
        "voice_url": "https://handler.twilio.com/twiml/EH00000000000000000000000000000001",
        "voice_method": "POST",
        "bundle_sid": "BU00000000000000000000000000000001",
    },
    "bundle": {"status": "twilio-approved"},
    "service": {
        "sid": "MG00000000000000000000000000000001",
        "friendly_name": "Cherry Garden",
        "inbound_request_url": None,
        "inbound_method": "POST",
        "use_inbound_webhook_on_number": False,
    },
    "service_numbers": {"sid": "PN00000000000000000000000000000001", "phone_number": NUMBERS["sms"]},
    "sender": {
        "sid": "XE00000000000000000000000000000001",
        "sender_id": f"whatsapp:{NUMBERS['whatsapp']}",
        "status": "ONLINE",
        "webhook": {"callback_url": "", "callback_method": "POST"},
        "properties": {"quality_rating": "HIGH"},
    },
}
LISTS: Final = {"number": "incoming_phone_numbers", "service_numbers": "phone_numbers", "sender": "senders"}


def knows(path: str) -> bool:
    """Whether a path is one of these."""
    return any(pattern.fullmatch(path) for pattern in PATHS.values())


def answer(asked: Asked, settings: Mapping[str, Any]) -> Answer:
    """One part of it, or the one page of a list."""
    part = next(name for name, pattern in PATHS.items() if pattern.fullmatch(asked.path))
    otherwise = settings["console"].get(part, {})
    held = None if otherwise is None else USUAL[part] | {"account_sid": settings["account_sid"]} | otherwise
    if part not in LISTS:
        return Answer(body=held) if held else Answer(404, {"code": 20404, "message": "The requested resource was not found", "status": 404})
    wanted = asked.query.get("PhoneNumber")
    rows = [held] if held and wanted in (None, held.get("phone_number")) else []
    page = {"page": 0, "page_size": 50, "start": 0, "end": len(rows), "uri": asked.path, "next_page_uri": None, "previous_page_uri": None}
    meta = {"key": LISTS[part], "page": 0, "page_size": 50, "first_page_url": None, "previous_page_url": None, "next_page_url": None, "url": None}
    return Answer(body={LISTS[part]: rows, **page} if part == "number" else {LISTS[part]: rows, "meta": meta})
