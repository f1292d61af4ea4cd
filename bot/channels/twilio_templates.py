"""WhatsApp's templates at Twilio, made once: buttons, in which every text is a variable, and what is sent outside the 24 hours, which must be approved.

Within 24 hours of a parent's message buttons need no approval: quick replies for up to 3 choices (title 20 characters), list pickers for up to 10
(item 24, id 200, opening button 20); body 1024. A body may not begin or end with a variable, nor have two side by side,
so ours stands between two signs that need no language.
Source: Twilio's Content API and Meta's documentation, as read into design paper `providers.md` §3 (limits and UK rules).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from twilio.rest.content.v1.content import ContentList
from twilio.rest.content.v1.content.approval_create import ApprovalCreateList

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


WHATSAPP_LANGUAGES: Final = frozenset(
    """af sq ar az bn bg ca zh_CN zh_HK zh_TW hr cs da nl en en_GB en_US et fil fi fr ka de el gu ha he hi hu id ga it ja kn kk rw_RW ko ky_KG lo lv lt
    mk ms ml mr nb fa pl pt_BR pt_PT pa ro ru sr sk sl es es_AR es_ES es_MX sw sv ta te th tr uk ur uz vi zu""".split()
)
"""The languages that WhatsApp approves templates in, by its own codes. Somali, Tigrinya and Yoruba are not among them.

Source: Meta, 'Supported languages' of message templates (developers.facebook.com, WhatsApp Business Platform), read in November 2026.
"""
_CODES: Final = {"en": "en_GB", "pt": "pt_PT", "zh": "zh_CN"}
"""WhatsApp's codes for languages that it knows by their country alone, as they are written here and taught at school."""


def whatsapp_language(language: str) -> str | None:
    """WhatsApp's code for a language, a BCP 47 tag; None where it approves no templates in it."""
    short = language.split("-", maxsplit=1)[0]
    code = _CODES.get(short, short)
    return code if code in WHATSAPP_LANGUAGES else None


class ApprovalState(StrEnum):
    """What WhatsApp says of a template."""

    APPROVED = "approved"
    WAITS = "waits"
    REFUSED = "refused"


@dataclass(frozen=True)
class Approval:
    """What WhatsApp says of the template that Twilio calls `sid`, and why, where it refused or paused it."""

    sid: str
    state: ApprovalState
    reason: str = ""


@dataclass(frozen=True)
class ApprovedTemplate:
    """A template that must be approved, since it is sent outside the 24 hours: words with {{1}} in them, where something like `sample` goes, and a button.

    `language` is WhatsApp's code, `button_id` comes back when the button is pressed.
    """

    kind: str
    language: str
    body: str
    sample: str
    button: str
    button_id: str

    @property
    def name(self) -> str:
        """`bookbag_opener_so_1a2b3c4d`: other words have another name, since what was approved cannot be changed. Lower case letters, digits, underscores."""
        words = hashlib.sha256(f"{self.body}\n{self.button}\n{self.button_id}".encode()).hexdigest()[:8]
        return f"bookbag_{self.kind}_{self.language.lower()}_{words}"

    def request(self) -> ContentList.ContentCreateRequest:
        """What is asked of the Content API to make it."""
        actions = [{"type": "QUICK_REPLY", "title": self.button, "id": self.button_id}]
        types = {"twilio/quick-reply": {"body": self.body, "actions": actions}}
        return ContentList.ContentCreateRequest({"friendly_name": self.name, "language": self.language, "variables": {"1": self.sample}, "types": types})

    def approval_request(self) -> ApprovalCreateList.ContentApprovalRequest:
        """What is asked of WhatsApp. Utility: it tells of something that the family is waiting for, and advertises nothing."""
        return ApprovalCreateList.ContentApprovalRequest({"name": self.name, "category": "UTILITY"})


def approval(sid: str, told: Mapping[str, object]) -> Approval:
    """What Twilio tells of an approval, in our words: `unsubmitted`, `received`, `pending`, `approved`, `rejected`, `paused`, `disabled` in theirs."""
    status = str(told.get("status") or "")
    state = {"approved": ApprovalState.APPROVED, "received": ApprovalState.WAITS, "pending": ApprovalState.WAITS}.get(status, ApprovalState.REFUSED)
    return Approval(sid, state, "" if state is not ApprovalState.REFUSED else str(told.get("rejection_reason") or "") or status)


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
