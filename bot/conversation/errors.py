"""How a run of a dialogue ends before its last line.

Pause (BaseException)   not an Exception: no handler can swallow it
├── Asked               a question has no answer yet
├── Again               an answer was taken back: run from the top
├── Unclear             what was written is no answer: asked in other words, then plainly, then a person is offered
├── Elsewhere           another dialogue takes over
└── Ended               nothing more is to be said

ConversationFault (Exception)   the handler is written wrongly
├── KeyUsedTwice        in every run
└── WriteOutsideOnce    in tests; elsewhere the write is undone
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bot.conversation.state import Question
    from translations import Phrase


class Pause(BaseException):
    """The end of a run. A BaseException, so that `except Exception` in a handler lets it through."""


@dataclass
class Asked(Pause):
    """A question has no answer yet: it is the open one now."""

    question: Question


class Again(Pause):
    """An answer was taken back; the dialogue is run from the top."""


@dataclass
class Unclear(Pause):
    """What was written is no answer to the question with this key. `otherwise` says it in other words, `plainly` says what to send."""

    key: str
    text: str
    otherwise: Phrase
    plainly: Phrase


@dataclass
class Elsewhere(Pause):
    """Another dialogue takes this one's place, with these arguments."""

    dialogue: str
    given: Mapping[str, Any] = field(default_factory=dict)


class Ended(Pause):
    """The dialogue ends here."""


class ConversationFault(Exception):
    """A dialogue breaks a rule of the replay."""


class KeyUsedTwice(ConversationFault):
    """Two questions of one run share a key: their answers could not be told apart."""


class WriteOutsideOnce(ConversationFault):
    """A run that ended in a question had changed the database outside `once`: the change would be done again on the next run."""
