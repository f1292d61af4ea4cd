"""The families that a file speaks of, compared with those the school holds, and the difference made true."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from data.addresses import StartLink
from data.people import Adult, Child, Group, Guardianship, SchoolClass
from school import School, addresses, closings, leaving, staff
from school.importing.cells import RIGHTS
from school.importing.changes import Changes, StartLinkDue, differs
from school.importing.families import Families, Said, gathered
from school.importing.table import fold, near

COLUMN_OF_RIGHT = {"hear": "may_hear", "book": "may_book", "asked": "may_be_asked", "collect": "may_collect"}

Person = TypeVar("Person", Adult, Child)


def import_families(school: School, content: bytes, *, remove_missing: bool = False, headers: Mapping[str, str] | None = None) -> Changes:
    """Make the school's families what families.csv says; the same file again changes nothing.

    All or nothing: refuses with BadRows before anything is changed. Nobody is removed without `remove_missing`; with it, whom the file does not name
    has left the school, and is back once a file names them again. An empty cell leaves what is held; a column that is not there leaves rights as they are.
    """
    families = gathered(content, headers)
    registering = _Registering(school, families)
    registering.register()
    registering.missing(remove=remove_missing)
    return registering.changes


class _Registering:
    """One import under way."""

    def __init__(self, school: School, families: Families) -> None:
        self._school, self._session, self._families = school, school.session, families
        self.changes = Changes(warnings=list(families.warnings))
        self._held_adults = list(
            self._session.scalars(
                select(Adult)
                .options(selectinload(Adult.addresses), selectinload(Adult.groups), selectinload(Adult.guardianships).joinedload(Guardianship.child))
                .order_by(Adult.id)
            )
        )
        self._held_children = list(self._session.scalars(select(Child).order_by(Child.id)))
        self._classes = {fold(each.name): each for each in staff.all_classes(school)}
        self._groups = {fold(each.name): each for each in self._session.scalars(select(Group))}
        self._closed = closings.numbers_of(school)
        self._with_link = set(self._session.scalars(select(StartLink.adult_id)))
        self._adults: dict[Said, Adult] = {}
        self._children: dict[Said, Child] = {}
        self._back: set[Child] = set()

    def register(self) -> None:
        """Everyone the file speaks of."""
        matched = _matches(self._families.adults, "adult_id", self._held_adults, self._same_adult)
        for said in self._families.adults:
            self._adults[said] = self._adult(said, matched.get(said))
        known = _matches(self._families.children, "child_id", self._held_children, self._same_child)
        for said in self._families.children:
            self._children[said] = self._child(said, known.get(said))
        for (adult, child), said in self._families.links.items():
            self._link(said, self._adults[adult], self._children[child])
        self._session.flush()

    def missing(self, *, remove: bool) -> None:
        """Who and what the school holds and the file does not name."""
        there = {(self._adults[adult].id, self._children[child].id) for adult, child in self._families.links}
        adults = [adult for adult in self._held_adults if adult.left_on is None and adult not in self._adults.values()]
        children = [child for child in self._held_children if child.left_on is None and child not in self._children.values()]
        links = [
            link
            for adult in self._adults.values()
            for link in list(adult.guardianships)
            if (link.adult_id, link.child_id) not in there and link.child.left_on is None and link.child not in children
        ]
        if remove:
            self._remove(adults, children, links)
        elif adults or children or links:
            self.changes.warnings.append(
                f"not in the file, and kept: {len(adults)} adults, {len(children)} children, {len(links)} ties between others; --remove-missing removes them"
            )

    def _remove(self, adults: Sequence[Adult], children: Sequence[Child], links: Sequence[Guardianship]) -> None:
        for link in links:
            self.changes.removed.append(f"{link.adult.name} no longer stands for {link.child.name}")
            link.adult.guardianships.remove(link)
        self.changes.removed += [*(f"adult {adult.name}" for adult in adults), *(f"child {child.name}" for child in children)]
        leaving.cut(self._school, children, adults)

    def _same_adult(self, said: Said, held: Adult) -> bool:
        """Without an id, an adult is the same by phone and name."""
        numbers = self._numbers(held)
        phone = said.get("phone")
        return fold(held.name) == fold(said.get("adult_name")) and (phone in numbers if phone else not numbers)

    def _same_child(self, said: Said, held: Child) -> bool:
        """Without an id, a child is the same by name within one of their adults."""
        adults = {self._adults[adult].id for adult, child in self._families.links if child is said}
        return fold(held.name) == fold(said.get("child_name")) and any(link.adult_id in adults for link in held.guardianships)

    def _adult(self, said: Said, held: Adult | None) -> Adult:
        adult = held or self._new_adult(said)
        differences = [
            *_changed(said, adult, {"adult_id": "reference", "adult_name": "name", "language": "language", "notes": "notes"}),
            *self._phone(said, adult),
            *self._email(said, adult),
            *self._join_groups(said, adult),
            *_back(adult),
        ]
        self._session.flush()
        name = f"adult {adult.name}"
        if held is None:
            number = said.get("phone")
            self.changes.created.append(f"{name} ({adult.language}, {addresses.masked(number) if number else 'no phone'})")
        else:
            self.changes.note(name, differences)
        self._offer_telegram(said, adult)
        return adult

    def _new_adult(self, said: Said) -> Adult:
        name = said.get("adult_name")
        if any(fold(other.name) == fold(name) for other in self._held_adults):
            self.changes.warnings.append(f"line {said.line}: the school knows another {name}; added beside them; adult_id would make them one")
        adult = Adult(
            reference=said.get("adult_id"),
            name=name,
            language=said.get("language"),
            notes=said.get("notes") or "",
            addresses=[],
            groups=[],
            guardianships=[],
        )
        self._session.add(adult)
        self._session.flush()
        return adult

    def _phone(self, said: Said, adult: Adult) -> list[str]:
        phone = said.get("phone")
        if phone is None or phone in self._numbers(adult):
            return []
        address = addresses.at(self._school, "sms", "phone", phone)
        if closings.is_closed(self._school, address):
            name = addresses.masked(phone)
            self.changes.warnings.append(f"line {said.line}: {name} is closed, so it was left out: ring {adult.name}, then add it on their page")
            return []
        first = next((link for link in adult.addresses if link.address.channel == "sms"), None)
        before = first.address.value if first else None
        rank = first.rank if first else 0
        for link in [link for link in adult.addresses if link.address.kind == "phone" and link.address.value == before]:
            addresses.part(self._school, adult, link.address)
        addresses.is_new_for(self._school, address)
        addresses.reach(self._school, adult, address, rank)
        return differs("phone", before and addresses.masked(before), addresses.masked(phone))

    def _numbers(self, adult: Adult) -> set[str]:
        """Their numbers, with those that were closed since: a file that still has these names the same adult, and opens nothing."""
        return {link.address.value for link in adult.addresses if link.address.kind == "phone"} | self._closed.get(adult.id, set())

    def _email(self, said: Said, adult: Adult) -> list[str]:
        email = said.get("email")
        held = [link for link in adult.addresses if link.address.channel == "email"]
        if email is None or any(link.address.value == email for link in held):
            return []
        for address in [link.address for link in held]:
            addresses.part(self._school, adult, address)
        put = addresses.at(self._school, "email", "email", email)
        addresses.is_new_for(self._school, put)
        addresses.reach(self._school, adult, put, addresses.EMAIL_RANK)
        return differs("email", held[0].address.value if held else None, email)

    def _join_groups(self, said: Said, adult: Adult) -> list[str]:
        wanted = said.get("groups")
        if wanted is None:
            return []
        before = {group.name for group in adult.groups}
        groups = [self._group(name) for name in wanted]
        if before != {group.name for group in groups}:
            adult.groups = groups
        return differs("groups", before, {group.name for group in groups})

    def _group(self, name: str) -> Group:
        if fold(name) not in self._groups:
            self._warn_of_new("group", name, [group.name for group in self._groups.values()])
            self._groups[fold(name)] = Group(name=name)
            self._session.add(self._groups[fold(name)])
        return self._groups[fold(name)]

    def _offer_telegram(self, said: Said, adult: Adult) -> None:
        """One link, the first time the file asks for it: a link that was not used is renewed by a person."""
        if not said.get("telegram") or adult.id in self._with_link or any(link.address.channel == "telegram" for link in adult.addresses):
            return
        if not any(link.address.kind == "phone" for link in adult.addresses):
            self.changes.warnings.append(f"line {said.line}: {adult.name} has no phone to which a Telegram link could be sent")
            return
        self._with_link.add(adult.id)
        self.changes.start_links.append(StartLinkDue(adult, addresses.new_start_link(self._school, adult)))
        self.changes.created.append(f"one-time Telegram link for {adult.name}")

    def _child(self, said: Said, held: Child | None) -> Child:
        school_class = self._class(said.get("child_class"))
        if held is None:
            child = Child(
                reference=said.get("child_id"), name=said.get("child_name"), joined_on=said.get("child_joined"), school_class=school_class, guardianships=[]
            )
            self._session.add(child)
            self.changes.created.append(f"child {child.name} ({school_class.name})")
        else:
            child = held
            differences = _changed(said, child, {"child_id": "reference", "child_name": "name", "child_joined": "joined_on"})
            differences += differs("class", child.school_class.name, school_class.name)
            child.school_class = school_class
            self._back |= {child} if child.left_on else set()
            differences += _back(child)
            self.changes.note(f"child {child.name}", differences)
        self._session.flush()
        return child

    def _class(self, name: str) -> SchoolClass:
        if fold(name) not in self._classes:
            self._warn_of_new("class", name, [each.name for each in self._classes.values()])
            self._classes[fold(name)] = SchoolClass(name=name)
            self._session.add(self._classes[fold(name)])
        return self._classes[fold(name)]

    def _warn_of_new(self, what: str, name: str, known: Sequence[str]) -> None:
        hint = "" if any(letter.isdigit() for letter in name) else near(name, known)  # 'Year 3' is not 'Year 4' misspelt
        self.changes.created.append(f"{what} {name}")
        self.changes.warnings.append(f"{what} '{name}' was not known and was made{hint}")

    def _link(self, said: Said, adult: Adult, child: Child) -> None:
        name = f"{adult.name} for {child.name}"
        held = next((link for link in adult.guardianships if link.child is child), None)
        rights = said.get("rights")
        if rights is None and child in self._back:
            rights = frozenset(RIGHTS)  # they were taken away when the child left
        if held is None:
            allowed = RIGHTS if rights is None else rights
            link = Guardianship(adult=adult, child=child, relationship_=said.get("relationship") or "")
            _allow(link, allowed)
            self._session.add(link)
            self.changes.created.append(f"{name} ({', '.join(right for right in RIGHTS if right in allowed) or 'no rights'})")
            return
        differences = _changed(said, held, {"relationship": "relationship_"})
        if rights is not None:
            differences += differs("rights", {right for right, column in COLUMN_OF_RIGHT.items() if getattr(held, column)}, rights)
            _allow(held, rights)
        self.changes.note(name, differences)


def _matches(everyone: Sequence[Said], column: str, held: Sequence[Person], is_same: Callable[[Said, Person], bool]) -> dict[Said, Person]:
    """Whom the school already holds: by the school's own reference, else by likeness where one of the two has no reference."""
    by_reference = {person.reference: person for person in held if person.reference}
    found = {said: by_reference[said.get(column)] for said in everyone if said.get(column) in by_reference}
    by_name: dict[str, list[Person]] = {}
    for person in held:
        by_name.setdefault(fold(person.name), []).append(person)
    taken = set(found.values())
    for said in everyone:
        for person in by_name.get(fold(said.get(column.replace("_id", "_name"))), ()):
            if said not in found and person not in taken and not (said.get(column) and person.reference) and is_same(said, person):
                found[said] = person
                taken.add(person)
    return found


def _changed(said: Said, held: Adult | Child | Guardianship, attributes: Mapping[str, str]) -> list[str]:
    """Set what the file says otherwise, and say what that was."""
    differences: list[str] = []
    for column, attribute in attributes.items():
        value = said.get(column)
        if value is None:
            continue
        before = getattr(held, attribute)
        differences += [f"{column} is new"] if column == "notes" and before != value else differs(column, before, value)
        if before != value:
            setattr(held, attribute, value)
    return differences


def _back(person: Adult | Child) -> list[str]:
    """Who had left and is named again is back."""
    if person.left_on is None:
        return []
    person.left_on = None
    return ["is back"]


def _allow(link: Guardianship, rights: Iterable[str]) -> None:
    allowed = set(rights)
    for right, column in COLUMN_OF_RIGHT.items():
        setattr(link, column, right in allowed)
