"""Files that go along with a message, or that a link in it opens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from data.outbox import Message
    from data.people import Adult


@dataclass(frozen=True)
class File:
    """A small file. `path` is where it can be fetched for a while without a log-in: unguessable and nameless.

    What has no path of its own has a `link`: it makes a path for one adult, once, for the message that will hold it. A page is only ever linked to.
    """

    name: str
    media_type: str
    content: bytes
    path: str = ""
    link: Callable[[Adult, Message], str] | None = None
    is_page: bool = False

    def path_for(self, adult: Adult | None, message: Message) -> str:
        """Where the reader of a message finds it; empty where there is no such place for them."""
        if self.link is None:
            return self.path
        return self.link(adult, message) if adult is not None else ""
