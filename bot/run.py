"""`bookbag run`: one process that does everything."""

from __future__ import annotations

import ipaddress
import os
import secrets
import signal
import socket
import sys
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import structlog
import typer
from pydantic import SecretStr
from sqlalchemy import make_url

from bot.garbage import spare_what_stays
from bot.house import House, real_channels, simulated_channels
from bot.mail import LOOPBACK
from bot.metrics import Metrics
from bot.running import Running
from bot.whatsapp import kept_templates
from data.migrate import upgrade
from data.store import Store, locked
from school import School

if TYPE_CHECKING:
    from fastapi import FastAPI

    from bot.settings import Settings

log = structlog.get_logger()

FAILURE, BAD_USAGE = 1, 2


class NotForDemo(Exception):
    """The demo must not run here: its first argument says why, and what to do."""


def serve(settings: Settings, host: str, port: int, *, demo: bool) -> int:
    """Serve until told to stop; the exit code. Creates or upgrades the database. Raises NewerDatabase or DatabaseAway."""
    from bot.web import application

    if demo:
        try:
            guard_demo(settings, host)
            seed_demo(settings)
            settings = for_demo(settings)
        except NotForDemo as reason:
            typer.echo(f"bookbag run --demo: {reason}", err=True)
            return BAD_USAGE
    if not can_listen("run", host, port):
        return FAILURE
    alone = _serve_alone(settings.database_url)
    if alone is None:
        typer.echo("bookbag run: another Bookbag serves this database. Stop it first; on SQLite only one may.", err=True)
        return FAILURE
    house = open_house(settings, demo=demo)
    app = application(house, Running(house, spare_what_stays), Metrics(), demo_log_ins() if demo else None)
    if demo:
        from bot.simulator import add_simulator

        add_simulator(app, house)
        typer.echo(where_things_are(settings, host, port))
    with alone:
        return serve_until_told(app, host, port)


def serve_until_told(app: FastAPI, host: str, port: int) -> int:
    """Serve this program there until told to stop; the exit code."""
    from bot.serving import server

    # uvicorn raises the signal that stopped it once more when all is done: to stop when told is no failure.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    serving = server(app, host, port)
    app.state.is_stopping = lambda: serving.should_exit
    spare_what_stays()
    with suppress(KeyboardInterrupt):
        serving.run()
    return 0 if serving.started else FAILURE


def can_listen(command: str, host: str, port: int) -> bool:
    """Whether this command can serve there; says why not."""
    if _is_free(host, port):
        return True
    why = "another program has this port, or this computer has no such address. See --port."
    typer.echo(f"bookbag {command}: {host}:{port} cannot be listened on: {why}", err=True)
    return False


def _is_free(host: str, port: int) -> bool:
    """Whether this port can be listened on: found out before anything is opened or promised."""
    try:
        found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
        with socket.socket(found[0][0], socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(found[0][4])
    except OSError:
        return False
    return True


def _serve_alone(url: str) -> AbstractContextManager[object] | None:
    """Holds an SQLite database for this server alone, as docs/outbox.md relies on; None where another has it. On PostgreSQL many may serve."""
    database = make_url(url).database
    if not url.startswith("sqlite") or database in {None, "", ":memory:"}:
        return nullcontext()
    return locked(Path(f"{database}.serving"))


def open_house(settings: Settings, *, demo: bool) -> House:
    """The house with the channels that have their credentials; in the demo the others are simulated. Says what is off and what is not ready."""
    upgrade(settings.database_url)
    channels = real_channels(settings, kept_templates(settings.database_url) if settings.twilio.whatsapp_from else {})
    if demo:
        channels |= simulated_channels(without=channels)
    for line in [*settings.channels_off(), *settings.folded()]:
        log.info("channel", note=line)
    for line in [] if demo else settings.unready():
        log.warning("not ready for families", note=line)
    return House(settings, channels)


def guard_demo(settings: Settings, host: str) -> None:
    """Raises NotForDemo where real people could be reached: a public address, a real provider. A database with real families: `seed_demo`."""
    try:
        is_loopback = ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        is_loopback = host == "localhost"
    if not is_loopback:
        raise NotForDemo(f"{host} can be reached from elsewhere. The demo has no log-in; use --host 127.0.0.1.")
    if settings.twilio.account_sid and _is_theirs(settings.twilio.base_url):
        raise NotForDemo(
            "Twilio is configured and would text real people. Unset BOOKBAG_TWILIO__ACCOUNT_SID, set BOOKBAG_TWILIO__BASE_URL to a stand-in, "
            "or run your own school, without --demo."
        )
    if settings.telegram.token and _is_theirs(settings.telegram.base_url):
        raise NotForDemo(
            "Telegram is configured and would write to real people. Unset BOOKBAG_TELEGRAM__TOKEN, set BOOKBAG_TELEGRAM__BASE_URL to a stand-in, "
            "or run your own school, without --demo."
        )
    if settings.email.smtp_url and urlsplit(settings.email.smtp_url.get_secret_value()).hostname not in LOOPBACK:
        raise NotForDemo(
            "A mail server is configured and would write to real people. Unset BOOKBAG_EMAIL__SMTP_URL, let it name a mail server on this computer, "
            "or run your own school, without --demo."
        )


def _is_theirs(base_url: str | None) -> bool:
    """Whether this address is the provider's own: not set, or written out."""
    host = (urlsplit(base_url).hostname or "").rstrip(".") if base_url else ""
    return not host or f".{host}".endswith((".twilio.com", ".telegram.org"))


def for_demo(settings: Settings) -> Settings:
    """What the demo does not ask of whoever tries it: a secret key, which it makes once and keeps beside its database, and second factors.

    Whoever wants to see those too sets BOOKBAG_CONSOLE__SECOND_FACTOR: config.yml speaks of a real school.
    """
    must = settings.console.second_factor and "BOOKBAG_CONSOLE__SECOND_FACTOR" in os.environ
    console = settings.console.model_copy(update={"second_factor": must})
    return settings.model_copy(update={"console": console, "secret_key": settings.secret_key or SecretStr(_kept_key(settings.database_url))})


def _kept_key(database_url: str) -> str:
    database = make_url(database_url).database
    path = Path(f"{database}.key") if database_url.startswith("sqlite") and database else Path("var/demo.key")
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(32), encoding="utf-8")
    return path.read_text(encoding="utf-8")


def seed_demo(settings: Settings) -> None:
    """Fill the database with the demo school, once. Raises NotForDemo where it holds other families."""
    from bot.clock import now
    from school.demo import has_real_families, seed

    upgrade(settings.database_url)
    store = Store(settings.database_url)
    try:
        with store.write() as session:
            school = School(session, now(), settings.for_school())
            if has_real_families(school):
                raise NotForDemo("this database holds real families. Set BOOKBAG_DATABASE_URL to another one, such as sqlite:///var/demo.db.")
            seed(school)
    finally:
        store.close()


def demo_log_ins() -> dict[str, str]:
    """The demo's one-click log-ins: one for each role, by what they are and who."""
    from school.demo import log_ins

    return log_ins()


def where_things_are(settings: Settings, host: str, port: int) -> str:
    """What the demo says at its start: where to look, and how to switch a real provider on."""
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    # Another database than the one that the command would take by itself is named, but never one with a password in it.
    is_elsewhere = settings.database_url.startswith("sqlite") and settings.database_url != type(settings)().database_url
    prefix = f"BOOKBAG_DATABASE_URL={settings.database_url} " if is_elsewhere else ""
    return f"""
Bookbag's demo school is open.
  Phones:    {address}/simulator   (no log-in)
  Console:   {address}/console     (the log-in page has a button for each of the demo's people)
  Terminal:  {prefix}.venv/bin/bookbag chat --as "07700 900101"   (Amina; others: bookbag family list)
  Health:    {address}/readyz
Nobody real is written to: channels without credentials are simulated.

To switch a real provider on, run your own school, without --demo:
  SMS and WhatsApp (Twilio):  BOOKBAG_TWILIO__ACCOUNT_SID, BOOKBAG_TWILIO__AUTH_TOKEN, and BOOKBAG_TWILIO__SMS_FROM or BOOKBAG_TWILIO__WHATSAPP_FROM;
                              BOOKBAG_TWILIO__MODE=polling where Twilio cannot reach you, else BOOKBAG_PUBLIC_URL
  Telegram (BotFather):       BOOKBAG_TELEGRAM__TOKEN
  then:  .venv/bin/bookbag config check && .venv/bin/bookbag import families FILE.csv && .venv/bin/bookbag run
Every setting stands in config.yml, with what it is for.
"""
