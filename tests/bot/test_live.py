"""`bookbag config check --live`: what the providers say about the school's own accounts, and what a person still has to look at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bot import cli
from bot.live import check
from bot.settings import Settings
from bot.settings.kinds import TelegramMode, TwilioMode
from tests.served import PUBLIC, TWILIO, settings_for
from tests.standin.client import StandIn
from tests.standin.mail import PASSWORD, post_office

SERVICE = "MG00000000000000000000000000000001"
OURS = {"sms_url": f"{PUBLIC}{TWILIO}", "sms_method": "POST", "voice_url": f"{PUBLIC}/webhooks/twilio/voice"}
OUR_SENDER = {"webhook": {"callback_url": f"{PUBLIC}{TWILIO}", "callback_method": "POST"}}


@pytest.fixture
def standin(providers: StandIn) -> StandIn:
    """Everything set up as it should be for a school with a public address."""
    providers.reset()
    providers.control(console={"number": OURS, "sender": OUR_SENDER}, telegram_target=f"{PUBLIC}/webhooks/telegram")
    return providers


def school(standin: StandIn, **changed: Any) -> Settings:
    """The usual settings, and for 'twilio' and 'telegram' those of their own that differ."""
    of_provider = {name: changed.pop(name, {}) for name in ("twilio", "telegram")}
    usual = settings_for(standin, "sqlite:///var/never-opened.db", **changed)
    return usual.model_copy(update={name: getattr(usual, name).model_copy(update=its) for name, its in of_provider.items()})


def asked(settings: Settings, capsys: pytest.CaptureFixture[str]) -> tuple[int, list[str]]:
    """The exit code, and the findings without the space between their columns."""
    code = check.run(settings)
    seen = capsys.readouterr().out.partition("\nFor a person")[0]
    return code, [" ".join(line.split()) for line in seen.splitlines() if line.startswith("  ")]


def not_right(settings: Settings, capsys: pytest.CaptureFixture[str]) -> tuple[int, list[str]]:
    code, lines = asked(settings, capsys)
    return code, [line for line in lines if not line.startswith("ok ")]


def listed(settings: Settings, capsys: pytest.CaptureFixture[str]) -> str:
    """What is left to a person, on one line."""
    check.run(settings)
    return " ".join(capsys.readouterr().out.partition("and tick:")[2].split())


def test_a_school_that_is_set_up_right(standin: StandIn, capsys: pytest.CaptureFixture[str]) -> None:
    assert asked(school(standin), capsys) == (
        0,
        [
            "ok twilio account Cherry Garden, active",
            "ok twilio account 18.20 GBP left",
            "ok twilio number …900 takes texts",
            "ok twilio number its regulatory bundle is approved",
            "ok twilio number messages are told to us",
            "ok twilio calls calls are told to us, and refused at no cost",
            "ok whatsapp the sender is online, rated HIGH by Meta",
            "ok whatsapp messages are told to us",
            "ok telegram bot @cherry_garden_bot answers to the token",
            "ok telegram bot messages are told to us",
        ],
    )


def test_a_school_that_polls_and_still_has_its_provider_call_another(standin: StandIn, capsys: pytest.CaptureFixture[str]) -> None:
    """A new number answers 'Thanks for the message. Configure your number's SMS URL' to every parent."""
    standin.control(console={"number": {"sms_url": "https://user:secret@demo.twilio.com/welcome/sms/reply?key=secret"}}, telegram_target=None)
    settings = school(standin, twilio={"mode": TwilioMode.POLLING, "whatsapp_from": None}, telegram={"mode": TelegramMode.POLLING}, public_url=None)
    assert not_right(settings, capsys) == (
        1,
        [
            (
                "WRONG twilio number messages are told to https://demo.twilio.com/welcome/sms/reply though we poll: "
                "whatever answers there writes to families too. Empty the field"
            ),
            (
                "look twilio calls calls go to https://handler.twilio.com/twiml/EH00000000000000000000000000000001: "
                "it should be a TwiML Bin that rejects them (docs/going-live.md, step 1)"
            ),
        ],
    )


@pytest.mark.parametrize(
    "part, otherwise, told",
    [
        ("account", {"status": "suspended"}, "WRONG twilio account Cherry Garden is suspended: nothing is sent. Twilio's console says why"),
        (
            "account",
            {"type": "Trial"},
            "WRONG twilio account Cherry Garden is a trial account, which writes only to numbers that it was told of: upgrade it before the first family",
        ),
        (
            "balance",
            {"balance": "-0.40"},
            "WRONG twilio account -0.40 GBP left: Twilio suspends an account without money. Top it up, and switch auto-recharge on",
        ),
        ("balance", None, "look twilio account what is left in the account could not be seen: look in the console"),
        ("number", None, "WRONG twilio number the account does not own …900: is twilio.sms_from the number that was bought, in international form?"),
        (
            "number",
            OURS | {"capabilities": {"voice": True, "sms": False}},
            "WRONG twilio number …900 takes no texts: buy one that is capable of SMS",
        ),
        ("number", OURS | {"sms_method": "GET"}, "WRONG twilio number messages are told to us by HTTP GET: set it to POST, or they are refused"),
        ("number", OURS | {"sms_url": ""}, f"WRONG twilio number messages are told to nobody: enter {PUBLIC}{TWILIO} (HTTP POST)"),
        (
            "number",
            OURS | {"sms_application_sid": "AP00000000000000000000000000000001"},
            "WRONG twilio number texts go to a TwiML app: take it out of the number's messaging configuration, or its answers reach families",
        ),
        (
            "number",
            OURS | {"voice_url": ""},
            f"look twilio calls calls go to nobody: enter {PUBLIC}/webhooks/twilio/voice (HTTP POST), so that a call becomes 'please ring me'",
        ),
        (
            "bundle",
            {"status": "twilio-rejected"},
            (
                "WRONG twilio number its regulatory bundle is twilio-rejected: the number may be taken away. "
                "Phone Numbers, Regulatory Compliance says what is missing"
            ),
        ),
        (
            "bundle",
            None,
            "WRONG twilio number its regulatory bundle is not there: the number may be taken away. Phone Numbers, Regulatory Compliance says what is missing",
        ),
        ("sender", None, "WRONG whatsapp …901 is no WhatsApp sender of this account: Messaging, Senders, WhatsApp senders"),
        ("sender", OUR_SENDER | {"status": "OFFLINE"}, "WRONG whatsapp the sender is OFFLINE: Messaging, Senders, WhatsApp senders says why"),
        ("sender", OUR_SENDER | {"properties": {"quality_rating": "LOW"}}, "look whatsapp the sender is online, rated LOW by Meta"),
    ],
)
def test_what_is_not_as_it_should_be(part: str, otherwise: dict[str, Any] | None, told: str, standin: StandIn, capsys: pytest.CaptureFixture[str]) -> None:
    standin.control(console={"number": OURS, "sender": OUR_SENDER} | {part: otherwise})
    assert not_right(school(standin), capsys) == (1 if told.startswith("WRONG") else 0, [told])


@pytest.mark.parametrize(
    "service, numbers, told",
    [
        ({"inbound_request_url": f"{PUBLIC}{TWILIO}"}, {}, []),
        ({}, {}, [f"WRONG twilio number messages are told to nobody: enter {PUBLIC}{TWILIO} (HTTP POST)"]),
        ({"use_inbound_webhook_on_number": True}, {}, []),
        (
            {"inbound_request_url": f"{PUBLIC}{TWILIO}"},
            {"phone_number": "+447700900999"},
            ["WRONG messaging service Cherry Garden does not hold …900: add it to its senders, or nothing leaves through it"],
        ),
        ({"inbound_request_url": f"{PUBLIC}{TWILIO}"}, None, ["WRONG messaging service Cherry Garden has no number: add ours to its senders"]),
        (None, None, ["WRONG messaging service the account has none with this id: copy twilio.messaging_service_sid anew"]),
    ],
)
def test_a_messaging_service_decides_where_messages_are_told(
    service: dict[str, Any] | None, numbers: dict[str, Any] | None, told: list[str], standin: StandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    standin.control(console={"number": OURS, "sender": OUR_SENDER, "service": service, "service_numbers": numbers})
    assert not_right(school(standin, twilio={"messaging_service_sid": SERVICE}), capsys) == (1 if told else 0, told)


def test_a_wrong_token_is_the_one_thing_that_is_told(standin: StandIn, capsys: pytest.CaptureFixture[str]) -> None:
    standin.control(auth_token="another", bot_token="7700900000:another")
    assert asked(school(standin), capsys) == (
        1,
        [
            "WRONG twilio account Twilio refuses the id and token: copy twilio.account_sid and twilio.auth_token anew from the account's first page",
            "WRONG telegram bot Telegram refuses the token: copy telegram.token anew from @BotFather, or ask it for a new one (/token)",
        ],
    )


def test_a_provider_that_is_away(standin: StandIn, capsys: pytest.CaptureFixture[str]) -> None:
    nobody = "http://127.0.0.1:9"
    settings = school(standin, twilio={"base_url": nobody}, telegram={"base_url": nobody})
    code, lines = asked(settings, capsys)
    assert code == 1
    assert [line.partition(":")[0] for line in lines] == ["WRONG twilio account Twilio could not be asked", "WRONG telegram bot could not be asked"]


def test_a_bot_that_others_may_add_to_groups_or_poll(standin: StandIn, capsys: pytest.CaptureFixture[str]) -> None:
    standin.control(bot={"can_join_groups": True, "url": "https://other.example/hook", "last_error_message": "Connection timed out", "last_error_date": 1})
    assert not_right(school(standin), capsys) == (
        0,
        [
            "look telegram bot it can be added to groups, where others would read along: @BotFather, /setjoingroups, Disable",
            (
                "look telegram bot messages are told to https://other.example/hook: Bookbag enters its own address when it starts. "
                "Does another program use this bot's token?"
            ),
            "look telegram bot Telegram last failed to reach us: Connection timed out",
        ],
    )


@pytest.mark.parametrize(
    "password, told",
    [
        (PASSWORD, "ok e-mail the mail server lets us in"),
        ("wrong", "WRONG e-mail the mail server refuses user and password: see email.smtp_url. A provider with two-step login wants an app password"),
    ],
)
def test_the_mail_server_is_knocked_at_and_sent_nothing(password: str, told: str, standin: StandIn, capsys: pytest.CaptureFixture[str]) -> None:
    with post_office(asks_password=True) as office:
        url = f"smtp://school:{password.replace(' ', '%20')}@{office.url.rpartition('/')[2].rpartition('@')[2]}"
        settings = school(standin, email={"smtp_url": url, "from": "bookbag@school.example"})
        assert told in asked(settings, capsys)[1]
        assert office.letters == []


def test_what_only_a_person_can_see_is_listed_for_what_is_on(standin: StandIn, capsys: pytest.CaptureFixture[str]) -> None:
    without = listed(school(standin), capsys)
    with_service = listed(school(standin, twilio={"messaging_service_sid": SERVICE, "advanced_opt_out": True}), capsys)
    assert "Without a Messaging Service Twilio itself answers STOP, CANCEL, END and QUIT" in without
    assert "CANCEL, END, QUIT and YES are in none of the lists" in with_service
    assert "bookbag twilio opt-out" in with_service
    assert "bookbag twilio opt-out" not in without
    assert listed(Settings(), capsys).count("[ ]") == 1


@pytest.mark.usefixtures("logged")  # a command sets logging up anew, on a stream that ends with it
def test_the_command_asks_only_when_told_to(standin: StandIn, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in {"TELEGRAM__TOKEN": standin.bot_token, "TELEGRAM__BASE_URL": standin.telegram_url, "TELEGRAM__MODE": "polling"}.items():
        monkeypatch.setenv(f"BOOKBAG_{name}", value)
    plain = CliRunner().invoke(cli.app, ["config", "check"])
    live = CliRunner().invoke(cli.app, ["config", "check", "--live"])
    assert "Asked now" not in plain.output
    assert "@cherry_garden_bot answers to the token" in live.output
    assert standin.bot_token not in live.output
