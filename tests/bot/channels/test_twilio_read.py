"""What Twilio's webhooks say to us: recorded payloads, signed by our key, whole and mutated."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from bot.channels.base import DeliveryState, Forged, Malformed, StatusUpdate, WebhookRequest
from bot.channels.errors import Verdict
from bot.channels.twilio import TwilioAccount, TwilioSms
from bot.channels.twilio_codes import VERDICTS
from bot.channels.twilio_inbound import signature, signed_form, unwrapped

ACCOUNT = TwilioAccount("AC00000000000000000000000000000001", "stand-in-auth-token", sms_from="+447700900900", whatsapp_from="+447700900901")
URL = "https://school.example/webhooks/twilio/message"
STATUS_URL = "https://school.example/webhooks/twilio/status?id=ob-17"
RECORDED = [json.loads(path.read_text()) for path in sorted(Path(__file__).with_name("twilio").glob("*.json"))]
Pairs = Iterable[tuple[str, str]]


def signed(pairs: Pairs, url: str = URL, token: str = ACCOUNT.auth_token, **headers: str) -> WebhookRequest:
    pairs = list(pairs)
    return WebhookRequest(url, {"x-twilio-signature": signature(token, url, pairs), **headers}, urlencode(pairs).encode())


def text_form() -> dict[str, str]:
    form: dict[str, str] = json.loads(Path(__file__).with_name("twilio").joinpath("sms_text.json").read_text())["form"]
    return form


def as_json(inbound: Any) -> dict[str, Any]:
    """An inbound with what it has: fields at their default left out."""
    fields = {name: getattr(inbound, name) for name in inbound.__dataclass_fields__}
    fields = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in fields.items() if value not in (None, "", ())}
    return {name: list(value) if isinstance(value, tuple) else str(value) for name, value in fields.items()} | (
        {"media": list(inbound.media)} if inbound.media else {}
    )


@pytest.mark.parametrize("recorded", RECORDED, ids=lambda recorded: recorded["label"])
def test_a_recorded_webhook_reads_as_recorded(recorded: dict[str, Any]) -> None:
    [inbound] = TwilioSms(ACCOUNT).read(signed(recorded["form"].items()))
    assert as_json(inbound) == recorded["expect"]


def test_the_signature_of_twilios_own_example_is_known() -> None:
    pairs = {"CallSid": "CA1234567890ABCDE", "Caller": "+14158675309", "Digits": "1234", "From": "+14158675309", "To": "+18005551212"}.items()
    assert signature("12345", "https://mycompany.com/myapp.php?foo=1&bar=2", list(pairs)) == "RSOYDt4T1cUTdK1PDd93/VVr8B8="


class Several(dict[str, list[str]]):
    """A dict as Django has it, which is how Twilio's validator sees names given twice."""

    def getlist(self, name: str) -> list[str]:
        return self[name]


WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


@given(st.lists(st.tuples(st.sampled_from(["Body", "From", "A", "Ab", ""]), WORDS), max_size=8))
def test_our_signature_equals_twilios(pairs: list[tuple[str, str]]) -> None:
    several = Several()
    for name, value in pairs:
        several.setdefault(name, []).append(value)
    assert signature("token", URL, pairs) == RequestValidator("token").compute_signature(URL, several)


Change = Callable[[dict[str, str]], WebhookRequest]


def resigned_body(body: bytes, url: str = URL) -> Change:
    """Another body under the right signature of the original."""
    return lambda form: WebhookRequest(url, dict(signed(form.items()).headers), body)


def replaced(**changed: str) -> Change:
    return lambda form: WebhookRequest(URL, dict(signed(form.items()).headers), urlencode(form | changed).encode())


def with_headers(change: Callable[[str], dict[str, str]]) -> Change:
    return lambda form: WebhookRequest(URL, change(signed(form.items()).headers["x-twilio-signature"]), urlencode(form).encode())


MUTATIONS: dict[str, Change] = {
    "no signature": with_headers(lambda _: {}),
    "empty signature": with_headers(lambda _: {"x-twilio-signature": ""}),
    "signature cut": with_headers(lambda given: {"x-twilio-signature": given[:-1]}),
    "signature with space": with_headers(lambda given: {"x-twilio-signature": given + " "}),
    "signature in another case": with_headers(lambda given: {"x-twilio-signature": given.swapcase()}),
    "signature not ASCII": with_headers(lambda given: {"x-twilio-signature": "é" + given[1:]}),
    "shared key": with_headers(lambda given: {"x-twilio-signature": given, "x-twilio-webhooks-signature-settings": "key=k,algorithm=HMAC_SHA256"}),
    "another body": replaced(Body="book"),
    "another sender": replaced(From="+447700900999"),
    "a field more": replaced(OptOutType="STOP"),
    "a field blank": replaced(Body=""),
    "a field less": lambda form: WebhookRequest(URL, dict(signed(form.items()).headers), urlencode({k: v for k, v in form.items() if k != "ToState"}).encode()),
    "a field doubled": lambda form: WebhookRequest(URL, dict(signed(form.items()).headers), urlencode([*form.items(), ("Body", "x")]).encode()),
    "nothing": resigned_body(b""),
    "JSON": resigned_body(b'{"Body": "hi"}'),
    "bad UTF-8, unsigned": resigned_body(b"Body=%ff%fe"),
    "raw bytes": resigned_body(bytes(range(256))),
    "huge": resigned_body(b"Body=" + b"a" * 60_000),
    "many fields": resigned_body(b"&".join(b"a%d=1" % n for n in range(5_000))),
    "another path": lambda form: WebhookRequest(URL + "/", dict(signed(form.items()).headers), urlencode(form).encode()),
    "http": lambda form: WebhookRequest(URL.replace("https", "http"), dict(signed(form.items()).headers), urlencode(form).encode()),
    "another port": lambda form: WebhookRequest(URL.replace("example/", "example:8443/"), dict(signed(form.items()).headers), urlencode(form).encode()),
    "another query": lambda form: WebhookRequest(URL + "?id=1", dict(signed(form.items()).headers), urlencode(form).encode()),
    "another token": lambda form: signed(form.items(), token="guess"),
    "another account, well signed": lambda form: signed((form | {"AccountSid": "AC2"}).items()),
    "no account, well signed": lambda form: signed((name, value) for name, value in form.items() if name != "AccountSid"),
    "no id, well signed": lambda form: signed((name, value) for name, value in form.items() if not name.endswith("Sid") or name == "AccountSid"),
    "no sender, well signed": lambda form: signed((form | {"From": ""}).items()),
    "long id, well signed": lambda form: signed((form | {"MessageSid": "S" * 65}).items()),
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_mutated_webhook_is_refused(name: str) -> None:
    with pytest.raises((Forged, Malformed)):
        TwilioSms(ACCOUNT).read(MUTATIONS[name](text_form()))


def test_signed_bytes_that_are_no_utf8_are_malformed_and_not_forged() -> None:
    pairs = [("AccountSid", ACCOUNT.account_sid), ("Body", "\udcff"), ("From", "+447700900123"), ("MessageSid", "SM1")]
    body = b"AccountSid=" + ACCOUNT.account_sid.encode() + b"&Body=%ff&From=%2B447700900123&MessageSid=SM1"
    with pytest.raises(Malformed):
        TwilioSms(ACCOUNT).read(WebhookRequest(URL, {"x-twilio-signature": signature(ACCOUNT.auth_token, URL, pairs)}, body))


@pytest.mark.parametrize(
    "configured,signed_for",
    [
        ("https://school.example/x", "https://school.example:443/x"),
        ("https://school.example:443/x", "https://school.example/x"),
        ("http://school.example/x", "http://school.example:80/x"),
        ("https://[2001:db8::1]:443/x", "https://[2001:db8::1]/x"),
        ("https://[2001:db8::1]/x", "https://[2001:db8::1]:443/x"),
        ("https://school.example:8443/x", "https://school.example:8443/x"),
    ],
)
def test_the_default_port_may_be_signed_or_not(configured: str, signed_for: str) -> None:
    request = signed(text_form().items(), url=signed_for)
    assert signed_form(WebhookRequest(configured, request.headers, request.body), ACCOUNT)["Body"]


def test_the_next_token_is_accepted_while_it_is_changed() -> None:
    request = signed(text_form().items(), token="next")
    changing = TwilioAccount(ACCOUNT.account_sid, ACCOUNT.auth_token, next_auth_token="next")
    assert TwilioSms(changing).read(request)
    with pytest.raises(Forged):
        TwilioSms(ACCOUNT).read(request)


def test_a_name_given_twice_is_signed_once_each_and_read_last() -> None:
    pairs = [*text_form().items(), ("Body", "second")]
    assert TwilioSms(ACCOUNT).read(signed(pairs))[0].text == "second"


def status(url: str = STATUS_URL, **form: str) -> list[StatusUpdate]:
    usual = {"MessageSid": "SM1", "AccountSid": ACCOUNT.account_sid, "To": "+447700900123", "From": "+447700900900"}
    return TwilioSms(ACCOUNT).read_status(signed((usual | form).items(), url=url))


STATUSES = [
    ("queued", "", DeliveryState.SENT, None),
    ("sending", "", DeliveryState.SENT, None),
    ("sent", "", DeliveryState.SENT, None),
    ("delivered", "0", DeliveryState.DELIVERED, None),
    ("read", "", DeliveryState.READ, None),
    ("undelivered", "30003", DeliveryState.UNDELIVERED, Verdict.UNREACHABLE),
    ("undelivered", "30008", DeliveryState.UNDELIVERED, Verdict.UNCERTAIN),
    ("failed", "30410", DeliveryState.FAILED, Verdict.UNCERTAIN),
    ("failed", "63016", DeliveryState.FAILED, Verdict.NO_WINDOW),
    ("failed", "99999", DeliveryState.FAILED, Verdict.UNKNOWN),
    ("failed", "²", DeliveryState.FAILED, Verdict.UNKNOWN),
    ("failed", "", DeliveryState.FAILED, Verdict.UNKNOWN),
    ("partially_delivered", "", DeliveryState.UNDELIVERED, Verdict.UNCERTAIN),
    ("canceled", "", DeliveryState.FAILED, Verdict.UNKNOWN),
]


@pytest.mark.parametrize("word,code,state,verdict", STATUSES)
def test_a_status_is_told_in_our_words(word: str, code: str, state: DeliveryState, verdict: Verdict | None) -> None:
    known = code if code not in {"", "0"} else None
    assert status(MessageStatus=word, ErrorCode=code) == [StatusUpdate("SM1", state, "ob-17", known, verdict)]


@pytest.mark.parametrize("code", sorted(VERDICTS))
def test_every_code_of_the_table_explains_a_failure(code: int) -> None:
    assert status(MessageStatus="failed", ErrorCode=str(code))[0].verdict is VERDICTS[code]


def test_a_status_without_meaning_to_us_says_nothing() -> None:
    assert status(MessageStatus="received") == status(MessageStatus="hologram") == []


def test_a_status_without_our_id_still_counts() -> None:
    assert status(url=STATUS_URL.partition("?")[0], MessageStatus="sent")[0].outbox_id is None


def test_a_forged_status_is_refused() -> None:
    request = signed({"MessageSid": "SM1", "AccountSid": ACCOUNT.account_sid}.items(), url=STATUS_URL)
    with pytest.raises(Forged):
        TwilioSms(ACCOUNT).read_status(WebhookRequest(STATUS_URL.replace("17", "18"), request.headers, request.body))


@pytest.mark.parametrize("body", ["hello", "a" * 64, "QUJD" * 20, "https://school.example/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"])
def test_ordinary_words_are_never_taken_for_base64(body: str) -> None:
    assert unwrapped(body) == body


@given(st.binary(max_size=300))
def test_no_body_whatever_breaks_the_reader(body: bytes) -> None:
    with pytest.raises((Forged, Malformed)):
        TwilioSms(ACCOUNT).read(WebhookRequest(URL, {"x-twilio-signature": "x"}, body))
