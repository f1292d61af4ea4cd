"""Staff at the console, as tests are handed them: each with a browser of their own, which looks at every page it is given."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response

from bot.console import add_console
from school import School, accounts, demo
from tests.world import World

ADDRESS = "http://127.0.0.1:8000"
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
NOT_IN_P = {"details", "div", "dl", "fieldset", "form", "h2", "h3", "ol", "p", "section", "table", "ul"}


class Console:
    """The console over the standing world. `as_(name)` is a browser in which that member of staff is logged in."""

    def __init__(self, world: World, **log_ins: str) -> None:
        self.world, self.app = world, FastAPI()
        self.hooks = add_console(self.app, world.house, log_ins)
        self.hooks.learn_after = None

    def browser(self) -> Browser:
        """A browser that nobody is logged in with."""
        return Browser(self.app)

    def as_(self, name: str, *, has_second_factor: bool = True) -> Browser:
        """A browser in which `name` ('Ms Okafor') is logged in. Over TLS the cookie has another name."""
        with self.world.house.store.write() as session:
            school = School(session, self.world.moment, self.world.house.school_settings)
            who = demo.member(school, name)
            token = accounts.begin(school, who)
            living = accounts.session_of(school, token)
            assert living is not None
            living.has_second_factor = has_second_factor
        browser = self.browser()
        browser.client.cookies.set("__Host-bookbag" if self.world.house.settings.public_url else "bookbag", token)
        return browser


class Browser:
    """A browser without JavaScript. Every page that it is shown is checked for what all pages owe."""

    def __init__(self, app: FastAPI) -> None:
        self.client = TestClient(app, base_url=ADDRESS, follow_redirects=False)
        self.page: Response | None = None

    def get(self, path: str, status: int = 200, **headers: str) -> str:
        """Open an address; its HTML."""
        return self._shown(self.client.get(path, headers=headers), status)

    def post(self, path: str, fields: Mapping[str, Any] | None = None, status: int = 303, *, of: str | None = None, **more: Any) -> str:
        """Send a form as its page drew it: with the tokens of the page `of`, by default of the one that is open. A redirect is followed."""
        html = self.get(of) if of else (self.page.text if self.page is not None else self.get("/console/account"))
        drawn = tokens(html)
        answer = self.client.post(path, data={**{k: v for k, v in drawn.items() if v}, **(fields or {})}, **more)
        shown = self._shown(answer, status)
        return self.get(answer.headers["location"]) if answer.status_code == 303 else shown

    def _shown(self, answer: Response, status: int) -> str:
        assert answer.status_code == status, (answer.status_code, answer.headers.get("location"), answer.text[-600:])
        if answer.headers.get("content-type", "").startswith("text/html") and answer.text:
            self.page = answer
            if "<html" in answer.text:
                check(answer)
        return answer.text


def tokens(html: str) -> dict[str, str]:
    """What a form of ours brings along besides what is typed: the first one of a page."""
    return {name: hidden(html, name) for name in ("csrf", "form")}


def hidden(html: str, name: str) -> str:
    """The value of a hidden field, the first of its name; '' where there is none."""
    found = re.search(rf'name="{name}" value="([^"]*)"', html)
    return found[1] if found else ""


class _Page(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.faults: list[str] = []
        self.ids: list[str] = []
        self.fors: list[str] = []
        self.fields: list[dict[str, str | None]] = []
        self.headings, self.titles = 0, 0
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        if tag not in VOID:
            self.open.append(tag)
        self.headings += tag == "h1"
        self.titles += tag == "title" and "svg" not in self.open
        if told.get("id"):
            self.ids.append(str(told["id"]))
        if tag == "label" and told.get("for"):
            self.fors.append(str(told["for"]))
        if tag in ("input", "select", "textarea") and told.get("type") not in ("hidden", "submit"):
            self.fields.append(told | {"in_label": "yes" if "label" in self.open else None})
        if tag in NOT_IN_P and "p" in self.open[:-1]:
            self.faults.append(f"<{tag}> in a <p>, which a browser ends before it")
        if tag == "form" and told.get("method", "get") not in ("get", "post"):
            self.faults.append("a form of another method")
        if any(name.startswith("on") for name in told) or "style" in told:
            self.faults.append(f"inline script or style in <{tag}>")
        if tag == "script" and not told.get("src"):
            self.faults.append("inline script")

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        if not self.open or self.open[-1] != tag:
            self.faults.append(f"</{tag}> closes <{self.open[-1] if self.open else 'nothing'}>")
            if tag in self.open:
                while self.open and self.open.pop() != tag:
                    pass
            return
        self.open.pop()


def check(answer: Response) -> None:
    """What every page owes: whole HTML, one title and one h1, each id once, a label for each field, nothing inline, the headers."""
    page = _Page(answer.text)
    faults = list(page.faults)
    faults += [f"left open: {page.open}"] if page.open else []
    faults += [] if page.headings == 1 else [f"{page.headings} h1"]
    faults += [] if page.titles == 1 else [f"{page.titles} titles"]
    faults += [f"the id {each} twice" for each in {each for each in page.ids if page.ids.count(each) > 1}]
    faults += [
        f"no label for {field.get('name')}"
        for field in page.fields
        if field.get("id") not in page.fors and not field["in_label"] and not field.get("aria-label") and not field.get("aria-labelledby")
    ]
    assert not faults, faults
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"
