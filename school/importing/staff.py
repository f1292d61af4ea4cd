"""staff.csv: one row a member of staff."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from data.people import SchoolClass, Staff
from school import School, availability, staff
from school.importing import cells
from school.importing.changes import Changes, differs
from school.importing.table import Columns, Row, fold, near, read

COLUMNS = Columns(needed=("name", "email", "role"), optional=("phone", "classes", "works", "meets"))


@dataclass(frozen=True)
class Said:
    """What one row says. None: nothing."""

    name: str
    email: str
    role: str
    phone: str | None
    classes: tuple[str, ...] | None
    works: tuple[cells.Hours, ...] | None
    meets: tuple[cells.Hours, ...] | None


def import_staff(school: School, content: bytes, *, remove_missing: bool = False, headers: Mapping[str, str] | None = None) -> Changes:
    """Make the school's staff what staff.csv says; the same file again changes nothing.

    All or nothing: refuses with BadRows before anything is changed. Who is not named is kept, or with `remove_missing` counts as having left.
    The first teacher of a class becomes the one parents book with. An empty cell leaves what is held.
    """
    table = read(content, COLUMNS, headers)
    everyone = _once_each([(row, _said(row)) for row in table.rows])
    table.refuse_faults()
    changes = Changes(warnings=list(table.warnings))
    here = [_register(school, said, changes) for said in everyone]
    missing = [person for person in staff.everyone(school) if person not in here]
    if remove_missing:
        for person in missing:
            staff.leave(school, person)
            changes.removed.append(f"staff {person.name}")
    elif missing:
        changes.warnings.append(f"not in the file, and kept: {len(missing)} staff; --remove-missing takes them as having left")
    return changes


def _said(row: Row) -> Said:
    row.needed("email")
    row.needed("role")
    return Said(
        name=row.needed("name"),
        email=row.parsed("email", cells.email) or "",
        role=row.parsed("role", lambda value: cells.one_of(value, staff.ROLES)) or "",
        phone=row.parsed("phone", cells.mobile),
        classes=row.parsed("classes", cells.names),
        works=row.parsed("works", cells.hours),
        meets=row.parsed("meets", cells.hours),
    )


def _once_each(rows: list[tuple[Row, Said]]) -> list[Said]:
    """Each person once; the same e-mail address with anything else beside it is a fault."""
    first: dict[str, tuple[Row, Said]] = {}
    for row, said in rows:
        earlier_row, earlier = first.setdefault(said.email or f"line {row.line}", (row, said))
        if earlier != said:
            row.fault("email", f"contradicts line {earlier_row.line}: '{said.email}' is there with something else")
    return [said for _, said in first.values()]


def _register(school: School, said: Said, changes: Changes) -> Staff:
    held = staff.with_email(school, said.email)
    person = held or staff.add(school, email=said.email, name=said.name, role=said.role)
    differences = [*differs("name", person.name, said.name), *differs("role", person.role, said.role)]
    differences += ["is back"] if person.has_left else []
    person.name, person.role, person.has_left = said.name, said.role, False
    differences += ["phone is new"] if said.phone and staff.reach_by_text(school, person, said.phone) else []
    differences += _join(school, person, said.classes, changes) if said.classes is not None else []
    differences += ["works is new"] if said.works is not None and staff.set_hours(school, person, said.works) else []
    differences += ["meets is new"] if said.meets is not None and availability.set_weekly(school, person, said.meets) else []
    if held is None:
        changes.created.append(f"staff {said.name} ({said.role})")
    else:
        changes.note(f"staff {said.name}", differences)
    return person


def _join(school: School, person: Staff, names: tuple[str, ...], changes: Changes) -> list[str]:
    before = {each.name for each in person.classes}
    classes = [_class(school, name, changes) for name in names]
    staff.join_classes(school, person, classes)
    return differs("classes", before, {each.name for each in classes})


def _class(school: School, name: str, changes: Changes) -> SchoolClass:
    found = staff.class_named(school, name)
    if found is not None:
        return found
    known = [each.name for each in staff.all_classes(school)]
    hint = "" if any(letter.isdigit() for letter in name) else near(fold(name), known)
    made = SchoolClass(name=name)
    school.session.add(made)
    school.session.flush()
    changes.created.append(f"class {name}")
    changes.warnings.append(f"class '{name}' was not known and was made{hint}")
    return made
