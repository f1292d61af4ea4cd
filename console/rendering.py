"""Pages and parts of pages as HTML. Everything is escaped; nothing undefined is drawn; no template holds a script."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from babel import Locale, UnknownLocaleError
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from console.desk import HOME, Desk, form_number
from school import LONDON
from translations.direction import is_right_to_left

if TYPE_CHECKING:
    from console.pages import Page

HERE = Path(__file__).parent
STATIC = HERE / "static"


@dataclass(frozen=True)
class Link:
    """One entry of the menu."""

    title: str
    href: str
    is_here: bool
    waits: int = 0


class Rendering:
    """Draws templates for the pages that were found."""

    def __init__(self, school_name: str, pages: Sequence[Page]) -> None:
        self._pages, self._templates = pages, _templates(school_name)

    def draw(self, template: str, block: str | None, desk: Desk, **shown: Any) -> str:
        """A page for this desk, or its block alone."""
        found = self._templates.get_template(template)
        everything: dict[str, Any] = {"desk": desk, "now": desk.school.now, **shown}
        if block is None:
            return found.render(everything | {"menu": desk.menu})
        context = found.new_context(everything)
        return "".join(found.blocks[block](context))

    def plain(self, template: str, **shown: Any) -> str:
        """A page that nobody needs to be logged in for."""
        return self._templates.get_template(template).render(**shown)

    def menu(self, desk: Desk) -> Iterable[Link]:
        """What this member of staff finds in the menu."""
        for page in self._pages:
            if page.title and page.is_for(desk.viewer):
                is_here = desk.path == page.href or (page.href != HOME and desk.path.startswith(f"{page.href}/"))
                yield Link(page.title, page.href, is_here, page.waits(desk) if page.waits is not None else 0)


@cache
def _templates(school_name: str) -> Environment:
    """The templates, with what each of them may use; compiled once for a school."""
    templates = Environment(loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    templates.globals |= {
        "static": static,
        "school_name": school_name,
        "home": HOME,
        "form_number": form_number,
        "language_name": language_name,
        "direction": lambda tag: "rtl" if is_right_to_left(tag) else "ltr",
    }
    templates.filters |= {"day": day, "clock": clock, "moment": moment, "iso": lambda at: at.isoformat(), "straight": straight}
    for name in ("ui", "needs"):  # macros, by a name that a block which is drawn alone knows too
        templates.globals[name] = templates.get_template(f"{name}.html").module
    return templates


@cache
def static(name: str) -> str:
    """Where a file of ours is fetched; a new version has a new address."""
    return f"{HOME}/static/{name}?{hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:8]}"


def straight(text: str) -> str:
    """A text without the marks that turn the direction of what follows (U+202A to U+202E): its own direction the page finds out by itself."""
    return _TURNING.sub("", text)


_TURNING = re.compile("[\u202a-\u202e]")


@cache
def language_name(tag: str) -> str:
    """A language in English: 'Somali' for so; the tag itself where CLDR has no name for it."""
    try:
        return Locale.parse(tag, sep="-").get_display_name("en") or tag
    except (ValueError, UnknownLocaleError):
        return tag


def day(of: date | datetime) -> str:
    """'Mon 2 March'; with the year where it is another than now's would be guessed: 'Mon 2 March 2027' is left to the page."""
    local = of.astimezone(LONDON).date() if isinstance(of, datetime) else of
    return f"{local:%a} {local.day} {local:%B}"


def clock(at: datetime) -> str:
    """'09:10', on the school's clock."""
    return f"{at.astimezone(LONDON):%H:%M}"


def moment(at: datetime) -> str:
    """'Mon 2 March, 09:10', on the school's clock."""
    return f"{day(at)}, {clock(at)}"
