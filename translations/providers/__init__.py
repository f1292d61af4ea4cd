"""Who translates what people wrote: three providers of one face, and the guard that stands before each."""

from translations.providers.base import Provider, Server
from translations.providers.circuit import State
from translations.providers.errors import Busy, ProviderError, Refused, Resting, Rubbish, TimedOut, Unreachable, Why
from translations.providers.guard import LIMITS, Guard, Limits

__all__ = [
    "LIMITS",
    "Busy",
    "Guard",
    "Limits",
    "Provider",
    "ProviderError",
    "Refused",
    "Resting",
    "Rubbish",
    "Server",
    "State",
    "TimedOut",
    "Unreachable",
    "Why",
]
