"""A pasted list of who is absent without a reason, read against the register of the demo school."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.people import Child, SchoolClass
from data.store import Store
from school import School, demo
from school.missing import Entry, NotSettled, read_missing, settled
from school.sheets import harmless
from tests.school.small import london


@pytest.fixture(scope="module")
def school(seeded_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[School]:
    path = shutil.copyfile(seeded_sqlite, tmp_path_factory.mktemp("missing") / "bookbag.db")
    with closing(Store(f"sqlite:///{path}")) as store, store.write() as session:
        yield School(session, london("2026-03-02 09:30"))


def read(school: School, pasted: str) -> list[str]:
    """Each entry in a word: the child, 'Leo?' for each who could be meant, or the text that nobody could read."""
    return [_word(entry) for entry in read_missing(school, pasted)]


def _word(entry: Entry) -> str:
    if entry.child is not None:
        return entry.child.name + ("~" if entry.is_near else "")
    return " or ".join(f"{child.name}?" for child in entry.candidates) or f"'{entry.text}'"


@pytest.mark.parametrize(
    "pasted, found",
    [
        ("Leo Reed\nElla Hill\n", ["Leo Reed", "Ella Hill"]),
        ("Leo Reed, Ella Hill; Mateo Gómez", ["Leo Reed", "Ella Hill", "Mateo Gómez"]),
        ("Reed, Leo\nHill, Ella", ["Leo Reed", "Ella Hill"]),
        ("Reed, Leo, Hill, Ella", ["Leo Reed", "Ella Hill"]),
        ("REED\tLEO\tMaple\tN\t02/03/2026", ["Leo Reed"]),
        ("mateo gomez", ["Mateo Gómez"]),
        ("Stefan Popescu", ["Ştefan Popescu"]),
        ("Ozan Yildiz", ["Ozan Yıldız"]),
        ("Leo Reed (Maple)\nKingfisher: Ella Hill", ["Leo Reed", "Ella Hill"]),
        ("Leo Reed Maple", ["Leo Reed"]),
        ("Maple: Leo Reed, Ayaan Yusuf", ["Leo Reed", "Ayaan Yusuf"]),
        ("Leo", ["Leo Reed~"]),
        ("L Reed", ["Leo Reed~"]),
        ("Reed, L.", ["Leo Reed?"]),
        ("Ela Hil", ["Ella Hill~"]),
        ("Reid, Leo", ["Leo Reed~"]),
        ("Leo James Reed", ["Leo Reed~"]),
        ("Hossain", ["Nadia Hossain? or Tanvir Hossain?"]),
        ("Hossain, Maple", ["Tanvir Hossain?"]),
        ("Leo Reed, Hossain", ["Leo Reed", "Nadia Hossain? or Tanvir Hossain?"]),
        ("Billy Nobody", ["'Billy Nobody'"]),
        ("Leo Reed, Billy Nobody", ["Leo Reed", "'Billy Nobody'"]),
        ("Leo Reed (Oak)", ["Leo Reed?"]),
        ("Leo Reed\nReed, Leo", ["Leo Reed"]),
        ("Surname, First name, Class\nReed, Leo, Maple", ["Leo Reed"]),
        ("\n\n  \n", []),
        ("N\n12\n02/03/2026", []),
    ],
)
def test_a_pasted_list_is_read(school: School, pasted: str, found: list[str]) -> None:
    assert read(school, pasted) == found


def test_two_children_of_one_name_are_told_apart_by_their_class(school: School) -> None:
    oak = school.session.query(SchoolClass).filter_by(name="Oak").one()
    with school.session.begin_nested() as savepoint:
        school.session.add(Child(name="Leo Reed", class_id=oak.id))
        school.session.flush()
        assert read(school, "Leo Reed") == ["Leo Reed? or Leo Reed?"]
        entries = read_missing(school, "Leo Reed, Oak")
        assert [(entry.child.name, entry.child.school_class.name) for entry in entries if entry.child] == [("Leo Reed", "Oak")]
        savepoint.rollback()


def test_nothing_is_settled_until_staff_have_chosen(school: School) -> None:
    entries = read_missing(school, "Leo Reed\nHossain\nBilly Nobody")
    with pytest.raises(NotSettled) as refused:
        settled(school, entries, {})
    assert refused.value.texts == ["Hossain", "Billy Nobody"]
    nadia = demo.child(school, "Nadia")
    assert [child.name for child in settled(school, entries, {2: nadia.id, 3: None})] == ["Leo Reed", "Nadia Hossain"]
    assert [child.name for child in settled(school, entries, {1: None, 2: nadia.id, 3: None})] == ["Nadia Hossain"]


def test_what_is_too_long_is_not_dropped_silently(school: School) -> None:
    entries = read_missing(school, "\n" * 20_000 + "Leo Reed")
    assert [(entry.child, entry.text) for entry in entries] == [(None, "Leo Reed…")]


@given(
    st.permutations(["Leo Reed", "Ella Hill", "Mateo Gómez", "Keisha Palmer", "Nour Haddad"]), st.sampled_from(["\n", ", ", "\t", "; ", ",\n"]), st.booleans()
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
def test_every_name_of_the_register_is_found_however_it_is_parted(school: School, names: list[str], parted: str, turned: bool) -> None:
    written = [", ".join(reversed(name.split())) for name in names] if turned else names
    assert read(school, parted.join(written)) == names


@given(st.text(max_size=120))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
def test_whatever_is_pasted_no_child_comes_twice(school: School, pasted: str) -> None:
    entries = read_missing(school, pasted)
    found = [entry.child.id for entry in entries if entry.child]
    assert len(found) == len(set(found))
    assert [entry.number for entry in entries] == list(range(1, len(entries) + 1))


@given(st.text(max_size=20))
def test_no_cell_is_taken_for_a_formula(cell: str) -> None:
    assert harmless(cell)[:1] not in ("=", "+", "-", "@", "\t", "\r") or not cell
    assert harmless(cell).endswith(cell)


@pytest.mark.parametrize("cell", ["=1+1", "+44 7700", "-3", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_formula_becomes_words(cell: str) -> None:
    assert harmless(cell) == f"'{cell}"
