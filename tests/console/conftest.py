from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Page, expect

from bot.console import add_console
from console.desk import HOME
from school import demo
from tests.browser import OpenPage
from tests.console.staff import Console
from tests.standin.wire import listen
from tests.world import World


@pytest.fixture
def console(world: World) -> Console:
    """The staff console of the demo school on Monday 2 March 2026, 09:10."""
    return Console(world)


class OnMonday:
    """The console as it is served on Monday 2 March 2026, 09:10: a day of school, whatever day it is."""

    def __init__(self, home: str, world: World, open_page: OpenPage) -> None:
        self.home, self._world, self.open_page = home, world, open_page

    def as_(self, who: str, width: int = 1280) -> Page:
        """A page on which someone of this name or role is logged in."""
        page = self.open_page(f"{self.home}/log-in", width)
        page.get_by_role("button", name=who).click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Today")
        return page

    def parent_writes(self, name: str, *texts: str) -> None:
        """Someone of the cast writes, and has had their answer."""
        for text in texts:
            self._world.say(name, text)


@pytest.fixture
def served_on_monday(world: World) -> Iterator[str]:
    """The address of that Monday's console."""
    app, socket = FastAPI(), listen()
    add_console(app, world.house, demo.log_ins())
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [socket]})
    thread.start()
    yield f"http://127.0.0.1:{socket.getsockname()[1]}{HOME}"
    server.should_exit = True
    thread.join(10)
    socket.close()


@pytest.fixture
def on_monday(served_on_monday: str, world: World, open_page: OpenPage) -> OnMonday:
    """The console of that Monday, to be looked at in a browser; its pages are closed before it is."""
    return OnMonday(served_on_monday, world, open_page)
