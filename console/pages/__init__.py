"""The console's pages, a file a capability, found by walking this folder: a new one is seen by being there.

A file declares `page = Page(...)` and its routes with `@page.get(...)` and `@page.post(...)`. A route is a plain function of a `Desk`: it reads the form,
calls one rule and answers. It runs inside one transaction, which writes only for a POST, and ends with the route: what it returns is sent after the commit.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from fastapi import Response

from console.desk import HOME, Desk, Form, Hooks
from school.access import Power, Viewer

Work = Callable[..., Response]


@dataclass(frozen=True)
class Route:
    """One address of a page: `path` as Starlette writes it ('/{adult_id:int}'), what it does, and what one must be allowed to do for it.

    `takes_files` forms may bring files along. `before` is slow work on what was typed, done before the transaction begins: `desk.prepared` has what came of it.
    """

    method: str
    path: str
    work: Work
    powers: frozenset[Power]
    takes_files: bool = False
    before: Callable[[Form, Hooks], Any] | None = None


@dataclass
class Page:
    """One capability's pages under /console/`name`. `title` stands in the menu, at `order`; '' keeps it out.

    Whoever has one of `powers` may open it; where there are none, all may. `waits` says how much waits for whoever sits at a desk: a number beside its title.
    """

    name: str
    title: str = ""
    order: int = 50
    powers: frozenset[Power] = frozenset()
    routes: list[Route] = field(default_factory=list)
    waits: Callable[[Desk], int] | None = None

    @property
    def href(self) -> str:
        """Where it begins."""
        return f"{HOME}/{self.name}" if self.name else HOME

    def is_for(self, who: Viewer) -> bool:
        """Whether this member of staff may open it."""
        return not self.powers or not self.powers.isdisjoint(who.powers)

    def get(self, path: str = "", *, needs: Power | None = None) -> Callable[[Work], Work]:
        """A page that is looked at: it changes nothing."""
        return self._route("GET", path, needs)

    def post(
        self, path: str = "", *, needs: Power | None = None, takes_files: bool = False, before: Callable[[Form, Hooks], Any] | None = None
    ) -> Callable[[Work], Work]:
        """A form that is sent: it is taken once, however often it is sent."""
        return self._route("POST", path, needs, takes_files=takes_files, before=before)

    def _route(
        self, method: str, path: str, needs: Power | None, *, takes_files: bool = False, before: Callable[[Form, Hooks], Any] | None = None
    ) -> Callable[[Work], Work]:
        def keep(work: Work) -> Work:
            powers = frozenset({needs}) if needs else self.powers
            self.routes.append(Route(method, f"{self.href.removeprefix(HOME)}{path}" or "/", work, powers, takes_files, before))
            return work

        return keep


@cache
def pages() -> Sequence[Page]:
    """Every page there is, in the order of the menu."""
    return tuple(sorted(_found(), key=lambda page: (page.order, page.name)))


def _found() -> Iterator[Page]:
    import console.pages as here

    for module in sorted(pkgutil.iter_modules(here.__path__), key=lambda each: each.name):
        found: Any = getattr(importlib.import_module(f"console.pages.{module.name}"), "page", None)
        if isinstance(found, Page):
            yield found


def answers(desk: Desk, route: Route) -> bool:
    """Whether whoever sits at this desk may use a route."""
    return not route.powers or not route.powers.isdisjoint(desk.viewer.powers)
