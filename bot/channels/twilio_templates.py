"""WhatsApp's buttons: Twilio content templates, made once, in which every text is a variable.

Within 24 hours of a parent's message they need no approval: quick replies for up to 3 choices (title 20 characters), list pickers for up to 10
(item 24, id 200, opening button 20); body 1024. A body may not begin or end with a variable, nor have two side by side,
so ours stands between two signs that need no language.
Source: Twilio's Content API and Meta's documentation, as read into design paper `providers.md` §3 (limits and UK rules).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from twilio.rest.content.v1.content import ContentList

from bot.channels.base import Choice
from bot.channels.text import Layout

QUICK, LIST = "quick", "list"
QUICK_MOST, MOST_CHOICES = 3, 10
QUICK_CHARACTERS, LABEL_CHARACTERS = 20, 24
BEFORE, AFTER = "💬 ", "\n▾"
BODY_CHARACTERS: Final = 1024 - len(BEFORE) - len(AFTER)


@dataclass(frozen=True)
class Template:
    """One template: buttons or a list, for this many choices. `name` is how it is found again in the account."""

    kind: str
    count: int

    @property
    def name(self) -> str:
        """`bookbag_quick_3`; a changed template gets a new name."""
        return f"bookbag_{self.kind}_{self.count}"

    def request(self) -> ContentList.ContentCreateRequest:
        """What is asked of the Content API to make it."""
        body = f"{BEFORE}{{{{1}}}}{AFTER}"
        if self.kind == QUICK:
            actions = [{"type": "QUICK_REPLY", "title": f"{{{{{title}}}}}", "id": f"{{{{{name}}}}}"} for title, name in self._places()]
            types = {"twilio/quick-reply": {"body": body, "actions": actions}}
        else:
            items = [{"item": f"{{{{{title}}}}}", "id": f"{{{{{name}}}}}", "description": None} for title, name in self._places()]
            types = {"twilio/list-picker": {"body": body, "button": f"1 – {self.count}", "items": items}}
        samples = {"1": "When would you like to come?"} | {str(place): f"sample {place}" for pair in self._places() for place in pair}
        return ContentList.ContentCreateRequest({"friendly_name": self.name, "language": "en", "variables": samples, "types": types})

    def _places(self) -> list[tuple[int, int]]:
        """The numbers of the variables of each choice: its title and its id."""
        return [(2 + 2 * index, 3 + 2 * index) for index in range(self.count)]


TEMPLATES: Final = (
    *(Template(QUICK, count) for count in range(2, QUICK_MOST + 1)),
    *(Template(LIST, count) for count in range(2, MOST_CHOICES + 1)),
)


def template_kind(buttons: Sequence[Choice]) -> str:
    """Buttons where they are few and short, else a list."""
    return QUICK if len(buttons) <= QUICK_MOST and all(len(button.label) <= QUICK_CHARACTERS for button in buttons) else LIST


def variables(layout: Layout) -> dict[str, str]:
    """ContentVariables for these words and buttons."""
    choices = {str(2 + 2 * index + part): text for index, button in enumerate(layout.buttons) for part, text in enumerate((button.label, button.id))}
    return {"1": layout.text, **choices}


def plain_body(body: str) -> str:
    """A body as Twilio has it on record, without our template's signs around it."""
    return body.removeprefix(BEFORE).removesuffix(AFTER) if body.startswith(BEFORE) and body.endswith(AFTER) else body
