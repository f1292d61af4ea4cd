"""What can become of a message that was handed to a provider and not taken.

    SendError
    ├── TryLater       surely not sent; sending it again is safe
    ├── Rejected       surely not sent, and never will be as it is
    └── FateUnknown    asked, no answer: it may or may not have been sent

Each carries facts, never a sentence. A channel raises nothing else: it turns its library's exceptions into these where they enter.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """Why a provider refused, in our words; each channel maps its provider's codes onto these in one table."""

    OPTED_OUT = "opted_out"  # they sent STOP to this number: nothing more from it
    BAD_ADDRESS = "bad_address"  # no such number, a landline, not on WhatsApp, blocked us
    UNREACHABLE = "unreachable"  # the phone is off or out of reach: a later try may arrive
    FILTERED = "filtered"  # a carrier or device blocked this text
    OUR_ACCOUNT = "our_account"  # credentials, balance or set-up: the whole channel must pause
    BAD_PAIR = "bad_pair"  # our sender cannot reach this receiver, or an id of ours is unknown: another channel; three in a row pause this one
    LIMITED = "limited"  # a limit of the provider's for our number is met: surely not sent; another channel now, this one later
    OUR_CONTENT = "our_content"  # we built a message that cannot be sent: a bug
    NO_WINDOW = "no_window"  # WhatsApp, more than 24 hours since they wrote, and no template
    EXPIRED = "expired"  # its validity passed on the provider's side
    UNCERTAIN = "uncertain"  # the provider itself does not know whether it arrived
    THEIRS = "theirs"  # a fault on the provider's or carrier's side
    UNKNOWN = "unknown"  # a code that stands in no table of ours


class SendError(Exception):
    """A provider did not take a message."""


@dataclass
class TryLater(SendError):
    """Surely not sent. `after` is what the provider asked us to wait, in seconds, if it said so; `code` is its own code, if any."""

    after: float | None = None
    code: str | None = None


@dataclass
class Rejected(SendError):
    """Surely not sent, and sending the same again would be refused again. A person must see it unless another channel takes it."""

    verdict: Verdict
    code: str | None = None


@dataclass
class FateUnknown(SendError):
    """The provider was asked and did not answer in a way that tells. It is looked up before anything is sent again."""

    code: str | None = None
