"""What a page is handed: who asks, the school as it is at this moment, what was typed, and how to answer."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, NoReturn, Protocol
from urllib.parse import quote

from fastapi import Response
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.datastructures import UploadFile

from school import School, audit, restored
from school.access import Power, Viewer
from school.families import Adult

if TYPE_CHECKING:
    from bot.preview import Preview
    from console.rendering import Link, Rendering
    from school.accounts import StaffSession
    from school.broadcasts import Broadcast

HOME = "/console"
Begin = Callable[[School], tuple[Adult, Mapping[str, int | str]] | None]
"""Does what a notice would be about, and gives back one who would be told, and about what."""
LONGEST_FIELD = 20_000
"""Characters of one typed field; a message of a parent has 5,000 at most."""


class Hooks(Protocol):
    """What the console asks of the running house, which it does not know."""

    def wake(self) -> None:
        """Something was written that is to leave."""

    def correct(self, text: str, intent: str) -> None:
        """A parent's message had this intent: to be learnt."""

    def unlearn(self, texts: Sequence[str]) -> None:
        """Whoever wrote these was erased: forget what was learnt from them."""

    def intents(self) -> Sequence[str]:
        """Every intent that a message can be said to have had, in order."""

    def read_back(self, words: str, language: str) -> Back:
        """How English words would reach a reader of `language`, and what that says when it is translated back. Takes seconds; never in a transaction."""

    def as_read(self, kind: str, language: str, begin: Begin) -> Back:
        """How a notice would read in `language` if what `begin` does were done: everything is undone again. No words where nobody would be told.

        Takes seconds; never in a transaction.
        """

    def read_through(self, questionnaire_id: int, language: str) -> ReadThrough | None:
        """How a questionnaire would read in `language` if it were opened now, message after message; None where it cannot be opened as it stands.

        Everything is undone again. Takes seconds; never in a transaction.
        """

    def worded(self, message_ids: Sequence[int]) -> Mapping[int, str]:
        """How these messages out read in their readers' languages, by id; those that have no words, or whose cause is gone, are left out. Nothing is sent."""

    def look_over(self, school: School, broadcast: Broadcast, at: datetime | None) -> Preview:
        """What would happen if a broadcast were sent at `at`, or now: asked within the caller's transaction, which keeps what is measured if it writes."""

    def has_public_address(self) -> bool:
        """Whether a link of ours leads anywhere from a parent's phone."""

    def learn(self) -> None:
        """Learn what was corrected, in the background."""

    def mail(self, to: str, subject: str, words: str) -> bool:
        """Send an e-mail now; False where the school has no mail server or it does not take it."""


@dataclass(frozen=True)
class Back:
    """A preview of words in a family's language: `words` as they would be read, `back` in English again. `is_fine` None: nobody could translate."""

    words: str
    back: str = ""
    is_fine: bool | None = None


@dataclass(frozen=True)
class OnChannel:
    """One message as a channel shows it: its words, the buttons under them, and how many messages (of an SMS: parts) it is paid for as."""

    text: str
    buttons: Sequence[str] = ()
    parts: int = 1


@dataclass(frozen=True)
class Message:
    """One message of a questionnaire, by channel. `question` is the place of what it asks, 0 of none.

    `back` is what it says in English again, where that is known. A question of an anonymous one is no message: it stands on the `page`.
    """

    question: int
    back: str = ""
    on: Mapping[str, OnChannel] = field(default_factory=dict)
    page: OnChannel | None = None


@dataclass(frozen=True)
class ReadThrough:
    """A questionnaire as a parent reads it, from the invitation to the thanks. `is_fine` None: not all of it could be translated."""

    messages: Sequence[Message]
    is_fine: bool | None = None

    def parts(self, channel: str) -> int:
        """How many messages (of SMS: parts) someone is sent on a channel who answers every question."""
        return sum(message.on[channel].parts for message in self.messages if channel in message.on)


class Form:
    """What was typed. A field that is not there is empty; one that is too long is cut off, which no honest page lets happen."""

    def __init__(self, fields: Sequence[tuple[str, str]] = (), files: Mapping[str, UploadFile] | None = None) -> None:
        self._fields, self.files = list(fields), dict(files or {})

    def text(self, name: str, most: int = LONGEST_FIELD) -> str:
        """A field's text without white space around it; line ends as one character."""
        return self.all(name)[-1][:most].replace("\r\n", "\n").strip() if self.all(name) else ""

    def all(self, name: str) -> list[str]:
        """Every value of a field that may stand there several times."""
        return [value[:LONGEST_FIELD] for key, value in self._fields if key == name]

    def number(self, name: str) -> int | None:
        """A field as a whole number that a database can hold; None where it is none."""
        written = self.text(name, 12)
        return int(written) if written.isascii() and written.isdecimal() and len(written) < 10 else None

    def numbers(self, name: str) -> list[int]:
        """A field's values as whole numbers; what is none is left out."""
        return [int(value) for value in self.all(name) if value.isascii() and value.isdecimal() and len(value) < 10]

    def has(self, name: str) -> bool:
        """Whether a box is ticked, or a button of this name was pressed."""
        return bool(self.all(name))

    def fields(self) -> list[tuple[str, str]]:
        """Everything typed, in the order of the page."""
        return list(self._fields)


@dataclass
class Wrong(Exception):
    """What was typed cannot be taken: nothing is changed, and the page is drawn again by `show` with what was typed in place and `faults` beside the fields."""

    show: Callable[[Desk], Response]
    faults: Mapping[str, str]


@dataclass
class Desk:
    """One request of one member of staff. `school` reads the database, and writes where the request may.

    `origin` is where the school's Bookbag is reached, for links. `keep_tablet` has this very browser keep the token of a class's tablet.
    """

    school: School
    viewer: Viewer
    session: StaffSession
    rendering: Rendering
    hooks: Hooks
    path: str
    query: Form
    form: Form = field(default_factory=Form)
    prepared: Any = None
    csrf: str = ""
    is_partial: bool = False
    said: str = ""
    faults: Mapping[str, str] = field(default_factory=dict)
    filled: Form | None = None
    looked_at: list[tuple[str, int]] = field(default_factory=list)
    after: list[Callable[[], Response | None]] = field(default_factory=list)
    origin: str = ""
    keep_tablet: Callable[[Response, str], None] = lambda response, token: None

    @cached_property
    def menu(self) -> Sequence[Link]:
        """What whoever sits here finds in the menu, and how much waits there."""
        return tuple(self.rendering.menu(self))

    @cached_property
    def is_held(self) -> bool:
        """Whether nothing is sent, since the school was put back from a backup."""
        return restored.is_held(self.school)

    def render(self, template: str, block: str | None = None, status: int = 200, **shown: Any) -> Response:
        """A page; its named `block` alone, where the page asks for that part of itself."""
        wanted = block if self.is_partial else None
        return HTMLResponse(self.rendering.draw(template, wanted, self, **shown), 422 if self.faults else status)

    def to(self, address: str, said: str = "") -> Response:
        """The way on after something was done; `said` is shown once on the page that follows. The address begins with /console."""
        response = RedirectResponse(address, 303)
        if said:
            response.set_cookie("said", quote(said), max_age=60, secure=self.origin.startswith("https://"), httponly=True, samesite="lax", path=HOME)
        return response

    def wrong(self, show: Callable[[Desk], Response], **faults: str) -> NoReturn:
        """Refuse what was typed: field name to what is wrong and what to do. `_` is for what concerns the whole form."""
        raise Wrong(show, faults)

    def saw(self, about: str, about_id: int) -> None:
        """A family's matter is on this page: the audit says that it was looked at."""
        self.looked_at.append((about, about_id))

    def changed(self, action: str, about: str = "", about_id: int | None = None, **detail: str | int) -> None:
        """Write into the audit what was done, with the change itself."""
        audit.changed(self.school, self.viewer.staff, action, about, about_id, **detail)

    def afterwards(self, work: Callable[[], Response | None]) -> None:
        """Do this once what was changed is safely kept. What it gives back, if anything, is the answer in place of the route's."""
        self.after.append(work)

    def may(self, power: Power) -> bool:
        """Whether they may do this: for a template that shows a link or not."""
        return self.viewer.may(power)

    def value(self, name: str, otherwise: object = "") -> str:
        """What stands in a field: what was typed, where its form comes back with a fault; else what is known."""
        if self.filled is not None and self.filled.has(name):
            return self.filled.text(name)
        return "" if otherwise is None else str(otherwise)

    def ticked(self, name: str, value: str, otherwise: bool = False) -> bool:
        """Whether a box or choice is marked."""
        return value in self.filled.all(name) if self.filled is not None else otherwise


def csrf_of(token: str) -> str:
    """What a form must bring with it: worked out from the cookie's token, which no other site can read."""
    return hashlib.sha256(f"csrf:{token}".encode()).hexdigest()[:32]


def is_ours(token: str, sent: str) -> bool:
    """Whether a form was drawn for this very browser."""
    return bool(token) and hmac.compare_digest(csrf_of(token).encode(), sent.encode())


def form_number() -> str:
    """A number for one drawn form: sent twice, it is done once."""
    return secrets.token_hex(8)
