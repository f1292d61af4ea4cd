"""Twilio: the account, the number that families text, the Messaging Service and the WhatsApp sender."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bot.channels.errors import TryLater
from bot.channels.twilio_console import Account, Sender, Service, Target, TwilioConsole
from bot.channels.twilio_inbound import MESSAGE_PATH, VOICE_PATH
from bot.live.findings import Finding, look, right, seen, wrong
from bot.settings.kinds import TwilioMode

if TYPE_CHECKING:
    from bot.channels.twilio_wire import TwilioAccount
    from bot.settings import Settings

ACCOUNT, NUMBER, CALLS, SERVICE, WHATSAPP = "twilio account", "twilio number", "twilio calls", "messaging service", "whatsapp"
AUTHENTICATE = "20003"
APPROVED = ("twilio-approved", "provisionally-approved")


async def findings(settings: Settings, account: TwilioAccount) -> AsyncIterator[Finding]:
    """All that Twilio answers about the school, judged. Where the account itself is not to be had nothing else is asked."""
    console = TwilioConsole(account)
    try:
        ours = await _account(console)
        yield ours if isinstance(ours, Finding) else _judged_account(ours)
        if isinstance(ours, Finding):
            return
        yield await _balance(console)
        service = await _service(console, account)
        for found in service.findings:
            yield found
        for number in [account.sms_from] if account.sms_from else service.numbers:
            async for found in _number(console, settings, number, service):
                yield found
        if account.whatsapp_from:
            async for found in _whatsapp(console, settings, account.whatsapp_from):
                yield found
    finally:
        await console.aclose()


async def _account(console: TwilioConsole) -> Account | Finding:
    try:
        return await console.account()
    except TryLater as error:
        if error.code == AUTHENTICATE:
            return wrong(ACCOUNT, "Twilio refuses the id and token: copy twilio.account_sid and twilio.auth_token anew from the account's first page")
        return wrong(ACCOUNT, f"Twilio could not be asked{f' (code {error.code})' if error.code else ''}: is the internet there, and api.twilio.com allowed?")


def _judged_account(account: Account) -> Finding:
    if account.status != "active":
        return wrong(ACCOUNT, f"{account.name} is {account.status}: nothing is sent. Twilio's console says why")
    if account.is_trial:
        return wrong(ACCOUNT, f"{account.name} is a trial account, which writes only to numbers that it was told of: upgrade it before the first family")
    return right(ACCOUNT, f"{account.name}, active")


async def _balance(console: TwilioConsole) -> Finding:
    found = await seen(ACCOUNT, console.balance())
    if isinstance(found, Finding):
        return look(ACCOUNT, "what is left in the account could not be seen: look in the console")
    amount, currency = found
    words = f"{amount:.2f} {currency} left"
    return right(ACCOUNT, words) if amount > 0 else wrong(ACCOUNT, f"{words}: Twilio suspends an account without money. Top it up, and switch auto-recharge on")


@dataclass(frozen=True)
class _Service:
    """What is known of the Messaging Service: what to say of it, its numbers, and where it tells of messages (None: where each number says)."""

    findings: Sequence[Finding] = ()
    numbers: Sequence[str] = ()
    messages: Target | None = None


async def _service(console: TwilioConsole, account: TwilioAccount) -> _Service:
    if not account.messaging_service_sid:
        return _Service()
    found = await seen(SERVICE, console.service(account.messaging_service_sid))
    if isinstance(found, Finding):
        return _Service([found])
    if found is None:
        return _Service([wrong(SERVICE, "the account has none with this id: copy twilio.messaging_service_sid anew")])
    return _Service([_judged_service(found, account.sms_from)], found.numbers, found.messages if account.sms_from in (None, *found.numbers) else None)


def _judged_service(service: Service, sms_from: str | None) -> Finding:
    if not service.numbers:
        return wrong(SERVICE, f"{service.name} has no number: add ours to its senders")
    if sms_from and sms_from not in service.numbers:
        return wrong(SERVICE, f"{service.name} does not hold {hidden(sms_from)}: add it to its senders, or nothing leaves through it")
    return right(SERVICE, f"{service.name}, with our number in it")


async def _number(console: TwilioConsole, settings: Settings, e164: str, service: _Service) -> AsyncIterator[Finding]:
    found = await seen(NUMBER, console.number(e164))
    if isinstance(found, Finding):
        yield found
        return
    if found is None:
        yield wrong(NUMBER, f"the account does not own {hidden(e164)}: is twilio.sms_from the number that was bought, in international form?")
        return
    yield right(NUMBER, f"{hidden(e164)} takes texts") if found.takes_sms else wrong(NUMBER, f"{hidden(e164)} takes no texts: buy one that is capable of SMS")
    if found.bundle:
        yield _judged_bundle(await seen(NUMBER, console.bundle_status(found.bundle)))
    if service.messages is None and found.application:
        yield wrong(NUMBER, "texts go to a TwiML app: take it out of the number's messaging configuration, or its answers reach families")
    else:
        yield judged_target(NUMBER, settings, service.messages or found.messages)
    yield _judged_calls(settings, found.calls)


def _judged_bundle(status: str | Finding | None) -> Finding:
    if isinstance(status, Finding):
        return status
    if status in APPROVED:
        return right(NUMBER, "its regulatory bundle is approved")
    return wrong(
        NUMBER, f"its regulatory bundle is {status or 'not there'}: the number may be taken away. Phone Numbers, Regulatory Compliance says what is missing"
    )


def judged_target(about: str, settings: Settings, target: Target) -> Finding:
    """Whether Twilio tells us, and nobody else, of what comes in: with webhooks our address, by POST; where we poll, nobody."""
    ours = f"{(settings.public_url or '').rstrip('/')}{MESSAGE_PATH}"
    if settings.twilio.mode is TwilioMode.POLLING:
        if not target.url:
            return right(about, "nobody is told of messages: we poll")
        return wrong(about, f"messages are told to {place(target.url)} though we poll: whatever answers there writes to families too. Empty the field")
    if target.url == ours and target.method.upper() == "POST":
        return right(about, "messages are told to us")
    if target.url == ours:
        return wrong(about, f"messages are told to us by HTTP {target.method or 'GET'}: set it to POST, or they are refused")
    return wrong(about, f"messages are told to {place(target.url) or 'nobody'}: enter {ours} (HTTP POST)")


def _judged_calls(settings: Settings, calls: Target) -> Finding:
    if settings.public_url is None:
        return look(CALLS, f"calls go to {place(calls.url) or 'nobody'}: it should be a TwiML Bin that rejects them (docs/going-live.md, step 1)")
    ours = f"{settings.public_url.rstrip('/')}{VOICE_PATH}"
    if calls.url == ours:
        return right(CALLS, "calls are told to us, and refused at no cost")
    return look(CALLS, f"calls go to {place(calls.url) or 'nobody'}: enter {ours} (HTTP POST), so that a call becomes 'please ring me'")


async def _whatsapp(console: TwilioConsole, settings: Settings, e164: str) -> AsyncIterator[Finding]:
    found = await seen(WHATSAPP, console.whatsapp_sender(e164))
    if isinstance(found, Finding):
        yield found
    elif found is None:
        yield wrong(WHATSAPP, f"{hidden(e164)} is no WhatsApp sender of this account: Messaging, Senders, WhatsApp senders")
    else:
        yield _judged_sender(found)
        yield judged_target(WHATSAPP, settings, found.messages)


def _judged_sender(sender: Sender) -> Finding:
    rating = f", rated {sender.quality} by Meta" if sender.quality else ""
    if sender.status != "ONLINE":
        return wrong(WHATSAPP, f"the sender is {sender.status}: Messaging, Senders, WhatsApp senders says why")
    return (look if sender.quality == "LOW" else right)(WHATSAPP, f"the sender is online{rating}")


def hidden(e164: str) -> str:
    """A number as it may be shown: its end."""
    return f"…{e164[-3:]}"


def place(url: str) -> str:
    """An address without what may be secret in it: user, password and query."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}{parts.path}" if parts.hostname else url
