"""What the office keeps of each family: who they are, what each adult may do about each child, and where they are reached.

Its own refusals:

    Refusal
    ├── AlreadyTheirs      the adult is reached at this number already
    └── NobodyRang         a number is changed only after someone rang: a text alone never changes one
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from data.addresses import Address, AddressState, Consent
from data.appointments import Appointment
from data.people import Adult, AdultAddress, Child, Group, Guardianship, SchoolClass
from school import School, access, addresses, closings, consent, telegram_links
from school.access import Power, Viewer
from school.errors import NotThere, Refusal

__all__ = ["Address", "AddressState", "Adult", "AdultAddress", "Appointment", "Child", "Consent", "Group", "Guardianship", "SchoolClass"]

RIGHTS: Mapping[str, str] = {"hear": "may_hear", "book": "may_book", "be_asked": "may_be_asked", "collect": "may_collect"}
"""What an adult may do about a child, and the column that says so."""
BY_PHONE = ("sms", "whatsapp")
"""The channels that a phone number is enough for. Telegram needs a link that they open."""
LAST_DIGITS = 3
"""How many digits of a number may be searched for by whoever is shown no more of it."""


@dataclass(eq=False)
class AlreadyTheirs(Refusal):
    """The adult is reached at this number or e-mail address already, on each channel that was asked for."""

    number: str


class NobodyRang(Refusal):
    """It was not said who was rung about it."""


@dataclass(frozen=True)
class Entry:
    """One adult in the list, with those of their children that the viewer may see."""

    adult: Adult
    children: Sequence[Child] = field(default=())


# Finding


def plain(text: str) -> str:
    """A name as it is sought: without accents, case and doubled spaces. 'Lucía' is found as 'lucia'."""
    apart = unicodedata.normalize("NFKD", text.casefold().replace("ı", "i").replace("ł", "l"))
    return " ".join("".join(letter for letter in apart if not unicodedata.combining(letter)).split())


def search(school: School, who: Viewer, words: str = "", *, class_id: int | None = None, language: str = "", has_left: bool = False) -> Sequence[Entry]:
    """The adults that fit all that is asked, by name: a part of their or a child's name or the end of their number, a class, a language.

    `has_left` finds those who have left instead; whoever sees only their own classes finds none of these.
    """
    wanted = [access.adults_seen(who), Adult.left_on.is_not(None) if has_left else Adult.left_on.is_(None)]
    if language:
        wanted.append(Adult.language == language)
    if class_id is not None:
        wanted.append(Adult.id.in_(select(Guardianship.adult_id).join(Child).where(Child.class_id == class_id, Child.left_on.is_(None))))
    loaded = (selectinload(Adult.addresses), selectinload(Adult.guardianships).joinedload(Guardianship.child).joinedload(Child.school_class))
    seen = set(school.session.scalars(select(Child.id).where(access.children_seen(who, has_left=has_left))))
    found = []
    for adult in school.session.scalars(select(Adult).where(*wanted).options(*loaded)).unique():
        children = sorted((tie.child for tie in adult.guardianships if tie.child_id in seen), key=lambda child: child.name)
        if not words.strip() or _fits(words, adult, children, sees_numbers=who.may(Power.EDIT_FAMILIES)):
            found.append(Entry(adult, children))
    return sorted(found, key=lambda entry: (plain(entry.adult.name), entry.adult.id))


def _fits(words: str, adult: Adult, children: Sequence[Child], *, sees_numbers: bool) -> bool:
    digits = "".join(letter for letter in words if letter.isdigit()).removeprefix("0")
    if digits and not any(letter.isalpha() for letter in words):
        shown = digits if sees_numbers else digits[-LAST_DIGITS:]
        return any(link.address.kind == "phone" and link.address.value.endswith(shown) for link in adult.addresses)
    names = " ".join(plain(name) for name in (adult.name, *(child.name for child in children)))
    return all(word in names for word in plain(words).split())


def languages(school: School, who: Viewer) -> Sequence[str]:
    """The languages that the adults who are seen speak, as tags."""
    return school.session.scalars(select(Adult.language).where(access.adults_seen(who), Adult.left_on.is_(None)).distinct().order_by(Adult.language)).all()


def children(school: School, who: Viewer) -> Sequence[Child]:
    """Every child at the school who may be seen, by name."""
    seen = select(Child).where(access.children_seen(who)).options(joinedload(Child.school_class))
    return sorted(school.session.scalars(seen), key=lambda child: (plain(child.name), child.id))


def ties(school: School, who: Viewer, adult: Adult) -> Sequence[Guardianship]:
    """What this adult may do, about each of their children that the viewer may see, by the child's name."""
    theirs = select(Guardianship).join(Child).where(Guardianship.adult_id == adult.id, access.children_seen(who, has_left=adult.left_on is not None))
    return school.session.scalars(theirs.options(joinedload(Guardianship.child).joinedload(Child.school_class)).order_by(Child.name)).all()


def ties_of_child(school: School, child: Child) -> Sequence[Guardianship]:
    """What each adult may do about this child, by the adult's name."""
    theirs = select(Guardianship).join(Adult).where(Guardianship.child_id == child.id)
    return school.session.scalars(theirs.options(joinedload(Guardianship.adult)).order_by(Adult.name)).all()


def rights(tie: Guardianship) -> frozenset[str]:
    """What the adult may do about the child: of hear, book, be_asked, collect."""
    return frozenset(right for right, column in RIGHTS.items() if getattr(tie, column))


def consents(school: School, adult: Adult) -> Sequence[tuple[Address, Consent]]:
    """What was agreed to or refused at this adult's addresses, and how it was said, the newest first."""
    theirs = select(AdultAddress.address_id).where(AdultAddress.adult_id == adult.id)
    rows = select(Address, Consent).join(Consent, Consent.address_id == Address.id).where(Consent.address_id.in_(theirs)).order_by(Consent.id.desc())
    return [(row[0], row[1]) for row in school.session.execute(rows).all()]


def recent_appointments(school: School, who: Viewer, adult: Adult, most: int = 8) -> Sequence[Appointment]:
    """This adult's own newest appointments, about children that the viewer may see; another adult's never."""
    seen = select(Child.id).where(access.children_seen(who, has_left=adult.left_on is not None))
    rows = select(Appointment).where(Appointment.adult_id == adult.id, Appointment.child_id.in_(seen))
    loaded = (selectinload(Appointment.staff), selectinload(Appointment.child))
    return school.session.scalars(rows.options(*loaded).order_by(Appointment.starts_at.desc()).limit(most)).all()


def groups(school: School) -> Sequence[Group]:
    """Every group that adults can belong to, by name."""
    return school.session.scalars(select(Group).order_by(Group.name)).all()


# Who they are


def add_adult(school: School, *, name: str, language: str) -> Adult:
    """A new adult, who is reached nowhere and may do nothing yet. `language` is a BCP 47 tag."""
    made = Adult(name=name, language=language, notes="", addresses=[], groups=[], guardianships=[])
    school.session.add(made)
    school.session.flush()
    return made


def change_adult(school: School, adult: Adult, *, name: str, language: str, notes: str, group_ids: Collection[int], new_group: str = "") -> Sequence[str]:
    """Put what is known of an adult right; the names of what is different now. A new group is made where none of its name is there."""
    wanted = [group for group in groups(school) if group.id in group_ids]
    if new_group:
        same = next((group for group in groups(school) if plain(group.name) == plain(new_group)), None)
        wanted += [] if same in wanted else [same or Group(name=new_group)]
    before = (adult.name, adult.language, adult.notes, {group.name for group in adult.groups})
    adult.name, adult.language, adult.notes, adult.groups = name, language, notes, wanted
    school.session.flush()
    after = (name, language, notes, {group.name for group in wanted})
    return [what for what, old, new in zip(("name", "language", "notes", "groups"), before, after, strict=True) if old != new]


def add_child(school: School, *, name: str, school_class: SchoolClass, joined_on: date | None) -> Child:
    """A new child, for whom nobody stands yet."""
    made = Child(name=name, school_class=school_class, joined_on=joined_on, guardianships=[])
    school.session.add(made)
    school.session.flush()
    return made


def change_child(school: School, child: Child, *, name: str, school_class: SchoolClass, joined_on: date | None) -> Sequence[str]:
    """Put what is known of a child right; the names of what is different now."""
    before, after = (child.name, child.class_id, child.joined_on), (name, school_class.id, joined_on)
    child.name, child.school_class, child.joined_on = name, school_class, joined_on
    school.session.flush()
    return [what for what, old, new in zip(("name", "class", "joined"), before, after, strict=True) if old != new]


def allow(school: School, adult: Adult, child: Child, wanted: Iterable[str], relationship: str = "") -> bool:
    """From now on `adult` may do this, and nothing else, about `child`: of RIGHTS. Whether anything is different. None of them: never written to about them."""
    tie = school.session.get(Guardianship, (adult.id, child.id))
    chosen = frozenset(wanted) & RIGHTS.keys()
    before = None if tie is None else (rights(tie), tie.relationship_)
    if tie is None:
        tie = Guardianship(adult=adult, child=child)
        school.session.add(tie)
    tie.relationship_ = relationship
    for right, column in RIGHTS.items():
        setattr(tie, column, right in chosen)
    school.session.flush()
    return before != (chosen, relationship)


def untie(school: School, adult: Adult, child: Child) -> None:
    """`adult` does not stand for `child` any more. Refuses with NotThere where they did not."""
    tie = school.session.get(Guardianship, (adult.id, child.id))
    if tie is None:
        raise NotThere
    adult.guardianships.remove(tie)
    school.session.flush()
    school.session.expire(child, ["guardianships"])


# Where they are reached


def add_number(school: School, adult: Adult, number: str, channels: Collection[str], rang: str, by: str) -> None:
    """From now on `adult` can be reached at this number too, after all that they have; `rang` says who was rung about it, and is kept in the notes.

    The first message there says which school it is, whoever was written to there before. Refuses with NotANumber, NotAMobile, AlreadyTheirs or NobodyRang.
    """
    mobile = addresses.mobile(number)
    _must_have_rung(rang)
    wanted = [address for channel in BY_PHONE if channel in channels for address in [addresses.at(school, channel, "phone", mobile)]]
    new = [address for address in wanted if all(link.address_id != address.id for link in adult.addresses)]
    if not new:
        raise AlreadyTheirs(mobile)
    for address in new:
        closings.end(school, address)
        addresses.is_new_for(school, address)
        addresses.reach(school, adult, address, _next_rank(adult))
    _note(school, adult, f"new number {addresses.masked(mobile)}", rang, by)


def add_email(school: School, adult: Adult, email: str, rang: str, by: str) -> None:
    """From now on `adult` is written to at this e-mail address too, after all that a phone shows; `rang` says how it is known, and is kept in the notes.

    Whoever said there that they want no e-mails gets none all the same. Refuses with NotAnEmail, AlreadyTheirs or NobodyRang.
    """
    value = addresses.email(email)
    _must_have_rung(rang)
    put = addresses.at(school, "email", "email", value)
    if any(link.address_id == put.id for link in adult.addresses):
        raise AlreadyTheirs(value)
    addresses.is_new_for(school, put)
    addresses.reach(school, adult, put, addresses.EMAIL_RANK)
    _note(school, adult, "new e-mail address", rang, by)


def change_number(school: School, adult: Adult, old: str, number: str, rang: str, by: str) -> None:
    """`adult` has another number in place of `old` (E.164), on the same channels, tried at the same turn. The old one is theirs no more.

    Refuses as `add_number` does, and with NotThere where `old` is not theirs.
    """
    mobile = addresses.mobile(number)
    _must_have_rung(rang)
    replaced = [link for link in adult.addresses if link.address.kind == "phone" and link.address.value == old]
    if not replaced:
        raise NotThere
    if any(link.address.kind == "phone" and link.address.value == mobile for link in adult.addresses):
        raise AlreadyTheirs(mobile)
    for channel, rank, address in [(link.address.channel, link.rank, link.address) for link in replaced]:
        addresses.part(school, adult, address)
        put = addresses.at(school, channel, "phone", mobile)
        closings.end(school, put)
        addresses.is_new_for(school, put)
        addresses.reach(school, adult, put, rank)
    _note(school, adult, f"number {addresses.masked(old)} is now {addresses.masked(mobile)}", rang, by)


def address_of(adult: Adult, address_id: int) -> Address:
    """The address of this adult with this id. Refuses with NotThere for any other's."""
    found = next((link.address for link in adult.addresses if link.address_id == address_id), None)
    if found is None:
        raise NotThere
    return found


def remove_address(school: School, adult: Adult, address_id: int) -> Address:
    """This adult is reached there no more. Refuses with NotThere."""
    address = address_of(adult, address_id)
    addresses.part(school, adult, address)
    return address


def make_first(school: School, adult: Adult, address_id: int) -> None:
    """Try this address first from now on; the others keep their order. Refuses with NotThere."""
    address_of(adult, address_id)
    links = sorted((link for link in adult.addresses if link.address.channel != "email"), key=lambda link: (link.address_id != address_id, link.rank))
    for rank, link in enumerate(links):
        link.rank = rank
    school.session.flush()
    school.session.expire(adult, ["addresses"])


def stop(school: School, adult: Adult, address_id: int) -> None:
    """They told a person that they want no more messages there. Only a START from there takes it back, or the link in an e-mail. Refuses with NotThere."""
    address = address_of(adult, address_id)
    if address.state != AddressState.OPTED_OUT:
        consent.opt_out(school, address, how="staff")


def may_be_asked_to_telegram(school: School, adult: Adult) -> bool:
    """Whether a Telegram link would be of use: the school has a bot, and they a phone and no chat yet."""
    channels = {link.address.channel for link in addresses_in_order(adult)}
    return bool(telegram_links.bot_name(school)) and not channels.isdisjoint(BY_PHONE) and "telegram" not in channels


def send_telegram_link(school: School, adult: Adult) -> None:
    """Text `adult` a one-time link that joins their Telegram chat. Refuses with NotThere where it would be of no use."""
    if not may_be_asked_to_telegram(school, adult):
        raise NotThere
    telegram_links.offer(school, adult, addresses.new_start_link(school, adult))


def addresses_in_order(adult: Adult) -> Sequence[AdultAddress]:
    """Where this adult is reached, in the order in which it is tried."""
    return sorted(adult.addresses, key=lambda link: (link.address.channel == "email", link.rank, link.address_id))


def shown(who: Viewer, address: Address) -> str:
    """An address as this viewer may see it: whole for whoever looks after families, else its last three digits."""
    if who.may(Power.EDIT_FAMILIES):
        return address.value
    return "by e-mail" if address.channel == "email" else addresses.masked(address.value)


def _next_rank(adult: Adult) -> int:
    return min(max((link.rank for link in adult.addresses if link.address.channel != "email"), default=-1) + 1, addresses.EMAIL_RANK - 1)


def _must_have_rung(rang: str) -> None:
    if len(rang.strip()) < 3:
        raise NobodyRang


def _note(school: School, adult: Adult, what: str, rang: str, by: str) -> None:
    """Who was rung, where whoever looks at this family next will read it."""
    line = f"{school.today.day} {school.today:%B %Y}: {what}. {rang.strip()} ({by})"
    adult.notes = f"{adult.notes}\n{line}".strip()
    school.session.flush()
