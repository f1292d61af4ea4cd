"""`bookbag run`: one process that does everything."""

from __future__ import annotations

import ipaddress
import sys
from typing import TYPE_CHECKING

import structlog

from bot.house import House, real_channels, simulated_channels
from bot.metrics import Metrics
from bot.running import Running
from data.inbox import Mark
from data.migrate import upgrade
from data.people import Adult
from data.store import Store
from school import School

if TYPE_CHECKING:
    from bot.settings import Settings

log = structlog.get_logger()

DEMO = "demo"


class NotForDemo(Exception):
    """The demo must not run here: its first argument says why, and what to do."""


def serve(settings: Settings, host: str, port: int, *, demo: bool) -> int:
    """Serve until told to stop; the exit code. Creates or upgrades the database."""
    import uvicorn

    from bot.web import application

    if demo:
        try:
            guard_demo(settings, host)
            seed_demo(settings)
        except NotForDemo as reason:
            print(f"bookbag run --demo: {reason}", file=sys.stderr)
            return 2
    channels = real_channels(settings)
    if demo:
        channels |= simulated_channels(without=channels)
    for line in settings.channels_off():
        log.info("channel", note=line)
    house = House(settings, channels)
    running = Running(house)
    app = application(house, running, Metrics())
    if demo:
        from bot.simulator import add_simulator

        add_simulator(app, house)
        _say_where(settings, host, port)
    # What is in hand gets its time in Running.stop; open pages of the simulator must not hold up the end.
    uvicorn.run(app, host=host, port=port, log_config=None, access_log=False, timeout_graceful_shutdown=1, server_header=False)
    return 0


def guard_demo(settings: Settings, host: str) -> None:
    """Raises NotForDemo where real people could be reached: a public address, a real provider, a database with real families."""
    try:
        is_loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_loopback = host == "localhost"
    if not is_loopback:
        raise NotForDemo(f"{host} can be reached from elsewhere. The demo has no log-in; use --host 127.0.0.1.")
    if settings.twilio.account_sid and not settings.twilio.base_url:
        raise NotForDemo("Twilio is configured and would text real people. Unset BOOKBAG_TWILIO__ACCOUNT_SID, or set BOOKBAG_TWILIO__BASE_URL to a stand-in.")
    if settings.telegram.token and not settings.telegram.base_url:
        raise NotForDemo("Telegram is configured and would write to real people. Unset BOOKBAG_TELEGRAM__TOKEN, or set BOOKBAG_TELEGRAM__BASE_URL to a stand-in.")


def seed_demo(settings: Settings) -> None:
    """Fill the database with the demo school, once. Raises NotForDemo where it holds other families."""
    from bot.clock import now
    from school.demo import seed

    upgrade(settings.database_url)
    store = Store(settings.database_url)
    try:
        with store.write() as session:
            if session.get(Mark, DEMO) is None and session.query(Adult.id).first() is not None:
                raise NotForDemo("this database holds real families. Set BOOKBAG_DATABASE_URL to another one, such as sqlite:///var/demo.db.")
            seed(School(session, now(), settings.for_school()))
            session.merge(Mark(name=DEMO, value="1"))
    finally:
        store.close()


def _say_where(settings: Settings, host: str, port: int) -> None:
    simulated = [line for line in settings.channels_off() if not line.startswith("email")]
    print(
        f"\nBookbag's demo school is open.\n"
        f"  Phones:   http://{host}:{port}/simulator   (no log-in)\n"
        f"  Terminal: .venv/bin/bookbag chat --as 07700900001 (another number: bookbag family list)\n"
        f"  Health:   http://{host}:{port}/readyz\n"
        f"  Nobody real is written to: {len(simulated)} channels are simulated. To switch one on, set its credentials (config.yml says which).\n",
        flush=True,
    )
