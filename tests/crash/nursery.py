"""Starts servers without waiting for imports: a process that has loaded the libraries, and none of our own code, forks one for each line it reads.

The child is the program as `python -m bot.cli run` starts it, a second and a half earlier. A line is JSON: {'arguments': […], 'environment': {…}, 'log': path}.
"""

from __future__ import annotations

import importlib
import json
import os
import runpy
import signal
import sys
from contextlib import suppress

LIBRARIES = """
    aiohttp alembic.command alembic.runtime.migration apscheduler.schedulers.background babel.dates dateparser fastapi fastapi.responses holidays
    httptools icalendar numpy phonenumbers prometheus_client psycopg pydantic_settings rapidfuzz sqlalchemy.dialects.postgresql
    sqlalchemy.dialects.sqlite sqlalchemy.orm structlog telegram telegram.request twilio.rest typer uvicorn uvloop yaml
"""


def main() -> None:
    for name in LIBRARIES.split():
        with suppress(ImportError):
            importlib.import_module(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the dead are buried by the kernel: who asks finds no such process
    for line in sys.stdin:
        wish = json.loads(line)
        child = os.fork()
        if child == 0:
            _be_born(wish["arguments"], wish["environment"], wish["log"])
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()


def _be_born(arguments: list[str], environment: dict[str, str], log: str) -> None:
    """Become the server; never returns."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.environ.clear()
    os.environ.update(environment)
    out = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (out, 1), (out, 2)):
        os.dup2(source, target)
    sys.argv = ["bookbag", *arguments]
    code = 1
    try:
        runpy.run_module("bot.cli", run_name="__main__")
        code = 0
    except SystemExit as leaving:
        code = int(leaving.code or 0)
    finally:
        os._exit(code)


if __name__ == "__main__":
    main()
