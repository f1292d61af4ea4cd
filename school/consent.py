"""Who may be written to: STOP, START, and what was agreed. The newest word counts; every one is kept."""

from __future__ import annotations

from data.addresses import Address, AddressState, Consent
from data.people import Adult
from school import School, addresses, doubts, openers
from school.capability import Capability

CARRIER = "carrier"
"""How it was said, where the phone company took a word and acted on it, or told us so when we sent something."""
CARRIER_START = frozenset({"start", "unstop", "yes"})
"""What a carrier takes as START on an ordinary number, as a whole message. Source: providers.md §3 (Twilio, UK)."""
CARRIER_WORDS = frozenset({"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout"})
"""What a carrier takes as STOP on an ordinary number, as a whole message: it then blocks us and has answered already. Source: providers.md §3 (Twilio, UK)."""


def opt_out(school: School, address: Address, how: str) -> None:
    """They said STOP here: nothing is sent to this address any more but answers to what they write themselves.

    Where the carrier acted on it, not even those: it lets nothing through until they text START. Said twice it is kept once.
    """
    if address.state != AddressState.OPTED_OUT or (how == CARRIER and not is_blocked(address)):
        _record(school, address, is_given=False, how=how)
        address.state, address.state_since = AddressState.OPTED_OUT, school.now
    if how == CARRIER and not is_blocked(address):
        address.carrier_stopped_at = school.now


def opt_in(school: School, address: Address, how: str) -> None:
    """They want to hear from the school again. Said by whom nothing was kept from, it changes nothing."""
    if address.state == AddressState.OPTED_OUT or is_blocked(address):
        _record(school, address, is_given=True, how=how)
    address.carrier_stopped_at = None
    doubts.back_in_use(school, address)


def is_blocked(address: Address) -> bool:
    """Whether the carrier lets nothing of ours through to this address, no answer either: only a START from there ends that."""
    return address.carrier_stopped_at is not None


def as_carrier_reads(text: str) -> str:
    """A whole message as a carrier looks for its words in it."""
    return text.strip().casefold().rstrip(".!")


def taken_by_carrier(address: Address, text: str, told: str | None, *, has_own_words: bool) -> str | None:
    """What the carrier took a message for and acted on: 'STOP', 'START' or 'HELP'; None where it passed it on and did nothing.

    `told` is what it said itself, which it does only when it calls us, not where we read its list. `has_own_words`: the school has given it its own words, so
    that of the usual ones only the three are sure.
    """
    word = as_carrier_reads(text)
    if told is not None or address.channel != "sms":
        return told
    if has_own_words:
        return word.upper() if word in ("stop", "start", "help") else None
    if word in CARRIER_WORDS:
        return "STOP"
    return "START" if word in CARRIER_START and address.state == AddressState.OPTED_OUT else None


def other_ways(school: School, adult: Adult, address: Address) -> list[str]:
    """The channels on which this adult is still written to, and that a STOP ends, other than at this address: each once, the first to be tried first."""
    theirs = addresses.usable_for(school, adult)
    return list(dict.fromkeys(each.channel for each in theirs if each.id != address.id and each.channel != "email"))


def mark_bad(school: School, address: Address, code: str | None = None) -> None:
    """The provider says that nobody can be reached here, with this code of its own. A message from there makes it usable again, or doubted."""
    doubts.gone(school, address, code)
    if address.state in (AddressState.USABLE, AddressState.DOUBTED):
        address.state, address.state_since = AddressState.BAD, school.now


def heard_from(school: School, address: Address, *, says_stop: bool = False) -> None:
    """Someone wrote from this address: it can be reached, WhatsApp's 24 hours begin again, and what waited for that may leave; not where they wrote STOP."""
    was_closed = openers.is_closed(school, address)
    address.last_heard_at = school.now
    if was_closed and not says_stop:
        openers.release(school, address)
    if address.state == AddressState.BAD:
        doubts.back_in_use(school, address)


def _record(school: School, address: Address, *, is_given: bool, how: str) -> None:
    school.session.add(Consent(address_id=address.id, kind="all", is_given=is_given, at=school.now, how=how))


capability = Capability("consent")
