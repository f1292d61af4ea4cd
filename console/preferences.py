"""What an adult wants to be told and where first, in the words of pages, and as it is changed on the adult's word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from console.desk import Desk
from school import addresses, preferences
from school.access import Power
from school.family_records import Adult
from school.preferences import FIRST, KINDS, STAFF, TAKEN_BACK, Address, Preference

__all__ = ["NAMES", "Told", "Typed", "told"]

NAMES: Mapping[str, str] = {"news": "News", "reminders": "Reminders", "events": "Events", "packs": "Packs", "questions": "Questions"}
"""What a kind of message is called."""
HOLDS: Mapping[str, str] = {
    "news": "news and newsletters",
    "reminders": "of an appointment, an event, a pack that is due, questions not answered",
    "events": "invitations",
    "packs": "offers of holiday packs, and packs that are due",
    "questions": "questionnaires",
}
"""What a kind of message holds."""
ALWAYS = "closures, what is urgent, what concerns their child, what they booked or borrowed, what staff write to them, and answers"
HOW: Mapping[str, str] = {"phone": "on the phone", "person": "in person", "writing": "in writing", "other": "another way"}
"""How an adult told staff, as it is chosen."""
ORDINALS = ("first", "second", "third", "fourth")
SAID_ON: Mapping[str, str] = {"sms": "in a text message", "whatsapp": "on WhatsApp", "telegram": "on Telegram", "email": "by e-mail"}


@dataclass(frozen=True)
class Row:
    """One kind of message: whether they get it, and the change that made it so, if there was one."""

    kind: str
    is_on: bool
    change: Preference | None

    @property
    def name(self) -> str:
        return NAMES[self.kind]

    @property
    def holds(self) -> str:
        return HOLDS[self.kind]


@dataclass(frozen=True)
class Told:
    """What an adult is told and where: each kind, the addresses in the order in which they are tried, every change, the newest first.

    `first` is the change by which the first address came first; `was_on` and `was_first` what the form that is open began with.
    """

    rows: Sequence[Row]
    order: Sequence[Address]
    may_be_first: Sequence[Address]
    first: Preference | None
    changes: Sequence[Preference]
    undoable: frozenset[int]
    was_on: Sequence[str]
    was_first: int
    sees_notes: bool
    always: str = ALWAYS
    names: Mapping[str, str] = field(default_factory=lambda: NAMES)
    how: Sequence[tuple[str, str]] = (("", "Choose"), *HOW.items())

    def ticks(self) -> Sequence[tuple[str, str, bool]]:
        """The kinds as boxes of the form: value, label, whether it is ticked."""
        return [(row.kind, row.name, row.is_on) for row in self.rows]

    def place(self, address: Address) -> str:
        """When an address is tried: 'tried first', '' where nothing is sent there."""
        place = next((number for number, each in enumerate(self.order) if each.id == address.id), None)
        if place is None:
            return ""
        if place and address.channel == "email":
            return "tried last"
        return f"tried {ORDINALS[place]}" if place < len(ORDINALS) else f"tried after {place} others"

    def said(self, change: Preference) -> str:
        """Who said a change, and how: 'on WhatsApp', 'Mrs Doyle: on the phone'. What was noted is for those alone who may note it."""
        if change.how != STAFF:
            return SAID_ON.get(change.how, change.how)
        who = change.written_by.name if change.written_by else "someone who has left"
        if change.note == TAKEN_BACK:
            return f"taken back by {who}"
        return f"{who}: {change.note}" if self.sees_notes else f"told to {who}"


@dataclass(frozen=True)
class Typed:
    """What was chosen in the form: the kinds to switch on and off, the address to put first, and how the adult told it. What was left alone is not in it."""

    on: Sequence[str]
    off: Sequence[str]
    first: int | None
    note: str

    @classmethod
    def of(cls, desk: Desk) -> Typed:
        """Read the form. What changed meanwhile, because a colleague or the adult said so, stands unless it was touched here too."""
        form = desk.form
        ticked, was, first = set(form.all("kind")), set(form.all("was_on")), form.number("first")
        how, words = form.text("how", 10), form.text("words", 150)
        way = HOW.get(how, "")
        return cls(
            on=[kind for kind in KINDS if kind in ticked - was],
            off=[kind for kind in KINDS if kind in was - ticked],
            first=first if first != form.number("was_first") else None,
            note=words if how == "other" else f"{way}: {words}" if way and words else way,
        )

    @property
    def changes_nothing(self) -> bool:
        return not self.on and not self.off and self.first is None


def told(desk: Desk, adult: Adult) -> Told:
    """What this adult is told, for their page; with the form as it was begun, where it comes back with a fault."""
    school, made = desk.school, preferences.changes(desk.school, adult)
    newest: dict[str, Preference] = {}
    for row in made:
        newest.setdefault(row.kind, row)
    wanted, ways = preferences.wanted(school, adult), preferences.may_be_first(school, adult)
    order, first = addresses.usable_for(school, adult), newest.get(FIRST)
    is_first = first is not None and bool(order) and order[0].id == first.address_id
    began = desk.filled if desk.filled is not None and desk.filled.has("was_first") else None
    return Told(
        rows=[Row(kind, wanted[kind], newest.get(kind)) for kind in KINDS],
        order=order,
        may_be_first=ways,
        first=first if is_first else None,
        changes=made,
        undoable=frozenset(row.id for row in preferences.may_be_taken_back(school, adult)),
        sees_notes=desk.may(Power.EDIT_FAMILIES),
        was_on=began.all("was_on") if began else [kind for kind in KINDS if wanted[kind]],
        was_first=(began.number("was_first") if began else ways[0].id if ways else None) or 0,
    )
