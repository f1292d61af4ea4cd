"""What can become of a text that was handed to a translation provider.

    ProviderError
    ├── Unreachable    no answer: no connection, one that broke, a fault on their side
    │   └── TimedOut   no whole answer within the time
    ├── Busy           too much was asked: later
    ├── Refused        asked again, the same would be refused again
    ├── Rubbish        a success that cannot be read
    └── Resting        not asked at all: its circuit is open

Each carries facts, never a sentence, and never what was to be translated. A provider raises nothing else.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar


class Why(StrEnum):
    """Why a provider refused, in our words; each provider maps its own onto these."""

    KEY = "key"  # none, a wrong one, or one without this right
    BLOCKED = "blocked"  # our address is kept out: a captcha's redirect, too many violations
    ADDRESS = "address"  # there is no translation at this address
    PAIR = "pair"  # it does not translate from this language to that one
    LENGTH = "length"  # too long for it
    REQUEST = "request"  # it cannot read what we sent: a fault of ours, or a text that cannot be written as UTF-8


class ProviderError(Exception):
    """A provider did not translate a text. `reason` is one word or two, for logs and staff; `outcome` names the branch of the tree, for counters."""

    outcome: ClassVar[str] = "failed"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Unreachable(ProviderError):
    """No answer. `reason` is the failure's kind, such as ConnectError or status 502."""

    outcome = "unreachable"


class TimedOut(Unreachable):
    """No whole answer within the time that one text may take."""

    outcome = "timed_out"

    def __init__(self) -> None:
        super().__init__("timed out")


class Busy(ProviderError):
    """It answers 'too much'. `after` is what it asked us to wait, if it said so."""

    outcome = "busy"

    def __init__(self, after: timedelta | None = None) -> None:
        super().__init__("busy")
        self.after = after


class Refused(ProviderError):
    """The same would be refused again; `why` says whether another text or language may fare better."""

    outcome = "refused"

    def __init__(self, why: Why) -> None:
        super().__init__(why.value)
        self.why = why


class Rubbish(ProviderError):
    """It said yes and sent something that is no translation: HTML, half a list, JSON of another shape."""

    outcome = "rubbish"


class Resting(ProviderError):
    """It was not asked: it failed, and is left in peace until `until` (aware; None: while another call tries it). `reason` is why."""

    outcome = "resting"

    def __init__(self, until: datetime | None, reason: str) -> None:
        super().__init__(reason)
        self.until = until
