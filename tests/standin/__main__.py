"""`python -m tests.standin --port N [--log FILE]`: the stand-in in a process of its own, on loopback only. Prints its address once it listens."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

import uvicorn

from tests.standin.app import StandInApp
from tests.standin.wire import listen


def main() -> None:
    parser = argparse.ArgumentParser(prog="tests.standin")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--log", type=Path, help="a JSON line for each thing accepted, for the history checkers")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    listening = listen(options.port)
    sys.stdout.write(f"http://127.0.0.1:{listening.getsockname()[1]}\n")
    sys.stdout.flush()
    app = StandInApp(seed=options.seed, log=options.log)
    config = uvicorn.Config(app, log_level="warning", lifespan="off", access_log=False, timeout_graceful_shutdown=1)
    asyncio.run(uvicorn.Server(config).serve(sockets=[listening]))


if __name__ == "__main__":
    main()
