"""Who may be written to: STOP, START, and what was agreed. The newest word counts; every one is kept."""

from __future__ import annotations

from data.addresses import Address, AddressState, Consent
from school import School, doubts, openers
from school.capability import Capability

CARRIER_WORDS = frozenset({"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout"})
"""What a carrier takes as STOP on an ordinary number, as a whole message: it then blocks us and has answered already. Source: providers.md §3 (Twilio, UK)."""


def opt_out(school: School, address: Address, how: str) -> None:
    """They said STOP here: nothing is sent to this address any more but answers to what they write themselves."""
    _record(school, address, is_given=False, how=how)
    address.state, address.state_since = AddressState.OPTED_OUT, school.now


def opt_in(school: School, address: Address, how: str) -> None:
    """They want to hear from the school again."""
    _record(school, address, is_given=True, how=how)
    doubts.back_in_use(school, address)


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
