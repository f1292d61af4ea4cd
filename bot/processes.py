"""`bookbag web`, `worker` and `scheduler`: the parts of `bookbag run`, each in processes of its own. PostgreSQL is what they share, and all they share."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING

import structlog
import typer

from bot.garbage import spare_what_stays
from bot.metrics import Metrics
from bot.run import BAD_USAGE, FAILURE, can_listen, open_house, serve_until_told
from bot.running import Role, Running

if TYPE_CHECKING:
    from bot.settings import Settings

log = structlog.get_logger()


def serve_web(settings: Settings, host: str, port: int) -> int:
    """Store what comes in and show the pages, until told to stop; the exit code. Raises NewerDatabase or DatabaseAway."""
    from bot.web import application

    if _is_refused(settings, Role.WEB):
        return BAD_USAGE
    if not can_listen(Role.WEB, host, port):
        return FAILURE
    house = open_house(settings, demo=False)
    return serve_until_told(application(house, Running(house, roles={Role.WEB}), Metrics()), host, port)


def work(settings: Settings, host: str, port: int | None) -> int:
    """Take turns and send, until told to stop; the exit code. Raises NewerDatabase or DatabaseAway."""
    return _run(settings, Role.WORKER, host, port)


def keep_time(settings: Settings, host: str, port: int | None) -> int:
    """Do what falls due and ask the providers, until told to stop; the exit code. Raises NewerDatabase or DatabaseAway."""
    return _run(settings, Role.SCHEDULER, host, port)


def _run(settings: Settings, role: Role, host: str, port: int | None) -> int:
    """With a `port`, monitoring is answered there."""
    if _is_refused(settings, role):
        return BAD_USAGE
    if port is not None and not can_listen(role, host, port):
        return FAILURE
    house = open_house(settings, demo=False)
    running = Running(house, spare_what_stays, {role})
    if port is not None:
        from bot.health import health_alone

        return serve_until_told(health_alone(house, running, Metrics()), host, port)
    asyncio.run(_until_told(running, role))
    return 0


async def _until_told(running: Running, role: Role) -> None:
    told = asyncio.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(each, told.set)
    await running.start()
    log.info("started", role=role)
    await told.wait()
    log.info("stopping", role=role)
    await running.stop()


def _is_refused(settings: Settings, role: Role) -> bool:
    """Whether the database is one that a single process must have to itself; says so."""
    if not settings.database_url.startswith("sqlite"):
        return False
    typer.echo(f"bookbag {role}: SQLite serves one process: use `bookbag run`, or set database_url to a PostgreSQL database.", err=True)
    return True
