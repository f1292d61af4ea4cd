"""The page and its pieces as HTML."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bot.channels.base import InboundKind
from bot.simulator.history import Entry
from bot.simulator.phones import Phone
from school import LONDON
from translations import spoken

HERE = Path(__file__).parent
STATIC = HERE / "static"

THINGS: Mapping[str, str] = {
    InboundKind.PHOTO: "Photo",
    InboundKind.VOICE: "Voice note",
    InboundKind.LOCATION: "Location",
    InboundKind.OTHER: "Sticker",
    InboundKind.CONTACT: "Phone number shared",
    InboundKind.START_LINK: "Opened a start link",
}
"""What is shown of a message that is no text."""


class Rendering:
    """Draws templates. Everything is escaped; nothing undefined is drawn."""

    def __init__(self) -> None:
        self._templates = Environment(
            loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
        )
        self._templates.globals |= {"things": THINGS, "static": _static, "dom_id": dom_id}

    def page(self, **shown: Any) -> str:
        """The whole page."""
        return self._templates.get_template("page.html").render(**shown)

    def entry(self, entry: Entry, phone: Phone, language: str) -> str:
        """One message as it stands on its phone."""
        return self._templates.get_template("entry.html").render(entry=entry, phone=phone, language=spoken(language)).strip()

    def now(self, now: datetime) -> str:
        """The school's clock: 'Monday 2 March 2026, 09:10'."""
        clock = now.astimezone(LONDON)
        return f"{clock:%A} {clock.day} {clock:%B %Y, %H:%M}"


def dom_id(phone: Phone) -> str:
    """The phone's id on the page."""
    return f"phone-{phone.channel}-{phone.digits}"


@cache
def _static(name: str) -> str:
    """Where a file of ours is fetched; a new version has a new address."""
    return f"/simulator/static/{name}?{hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:8]}"
