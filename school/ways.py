"""By which way each of many adults is reached, found for all of them at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from sqlalchemy import ColumnElement, select

from data.addresses import Address, AddressState
from data.people import Adult, AdultAddress
from school import School, openers
from school.unreachable import Why, reaches, reason_of

__all__ = ["Way", "Why", "ways"]


@dataclass(frozen=True)
class Way:
    """How one adult is reached: first at `address`, or not at all and `why`.

    With `opens` that is a WhatsApp that they are asked to open first. `is_shut`: theirs that comes before it is closed, and they are not asked.
    `through` is another adult, by id, who is reached at the same address in the same language: what both are told is said there once.
    """

    adult_id: int
    language: str
    address: Address | None = None
    why: Why | None = None
    through: int | None = None
    opens: bool = False
    is_shut: bool = False


def ways(school: School, who: ColumnElement[bool], *, is_urgent: bool = False) -> Sequence[Way]:
    """The ways of those adults for whom this condition holds, by their ids. Costs one question, however many they are.

    What is urgent waits for nobody to open WhatsApp who can be reached by another way.
    """
    theirs = (
        select(Adult.id, Adult.language, Address)
        .select_from(Adult)
        .outerjoin(AdultAddress, AdultAddress.adult_id == Adult.id)
        .outerjoin(Address, Address.id == AdultAddress.address_id)
        .where(who)
        .order_by(Adult.id, AdultAddress.rank, Address.id)
    )
    rows = school.session.execute(theirs)
    by_adult = groupby(rows, key=lambda row: (row[0], row[1]))
    return list(_said_once(_way(school, adult_id, language, [address for _, _, address in rows], is_urgent) for (adult_id, language), rows in by_adult))


def _way(school: School, adult_id: int, language: str, every: Sequence[Address | None], is_urgent: bool) -> Way:
    addresses = [address for address in every if address is not None]
    now = next((address for address in addresses if reaches(school, address)), None)
    before = addresses[: addresses.index(now)] if now is not None else addresses
    may_ask = now is None or not is_urgent
    asked = next((address for address in before if may_ask and openers.can_ask(school, address, language)), None)
    first = asked or now
    if first is None:
        return Way(adult_id, language, why=reason_of(school, addresses, language))
    is_shut = asked is None and any(openers.is_closed(school, address) and address.state == AddressState.USABLE for address in before)
    return Way(adult_id, language, first, opens=asked is not None, is_shut=is_shut)


def _said_once(found: Iterator[Way]) -> Iterator[Way]:
    first: dict[tuple[int, str], int] = {}
    for way in found:
        if way.address is None:
            yield way
            continue
        told = first.setdefault((way.address.id, way.language), way.adult_id)
        yield way if told == way.adult_id else replace(way, through=told)
