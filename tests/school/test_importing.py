"""Families, staff and term dates from files: what they may say, what is refused and where, and what changes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from bot import importing as command
from bot.settings import Settings
from data.addresses import Address, StartLink
from data.appointments import Availability
from data.conversation import Conversation
from data.people import Adult, Child, Group, Guardianship, SchoolClass
from data.school_year import Term
from data.store import Store
from school import School, addresses, staff
from school.families import adults_at, children
from school.importing import LARGEST, BadRows, Changes, cells, import_families, import_staff, import_terms
from school.importing.families import COLUMNS
from school.importing.table import Unreadable, read

HEADER = "adult_id,adult_name,phone,language,relationship,child_id,child_name,child_class,child_joined,groups,rights,telegram,notes"
FAMILIES = f"""{HEADER}
A1,Amina Yusuf,07700 900101,Somali,mother,C1,Ayaan Yusuf,Maple,07/09/2024,Helpers;Parent Partnership,,,"likes calls, not texts"
A1,Amina Yusuf,07700 900101,so,mother,C2,Hodan Yusuf,Oak,2023-09-04,,,,
A2,Kate Hill,+44 7700 900105,English,mother,C3,Ella Hill,Oak,,,,,
A3,Dan Hill,07700 900106,en-GB,father,C3,Ella Hill,Oak,,,book;collect,,
A4,Ilir Hoxha,,Albanian,father,C4,Arben Hoxha,Oak,,,none,,
"""
STAFF = """name,email,phone,role,classes,works
Ms Okafor,N.Okafor@school.example,07700 900906,teacher,Maple,Mon-Thu 08:15-16:30;Fri 08:15-12:00
Mr Whitfield,d.whitfield@school.example,,Teacher,Maple;Oak,
Mrs Doyle,office@school.example,,office,,
"""
TERMS = """starts,ends,what
2026-01-05,27/03/2026,term
2026-02-16,2026-02-20,half-term
05/01/2026,,inset
"""


@pytest.fixture
def school(database_url: str) -> Iterator[School]:
    with closing(Store(database_url)) as store, store.write() as session:
        yield School(session, datetime(2026, 3, 2, 9, 10, tzinfo=UTC))


def take(school: School, text: str, *, remove_missing: bool = False) -> Changes:
    return import_families(school, text.encode(), remove_missing=remove_missing)


def one(school: School, name: str) -> Adult:
    return school.session.scalars(select(Adult).where(Adult.name == name)).one()


def count(school: School, model: type) -> int:
    return school.session.scalar(select(func.count()).select_from(model)) or 0


def number_of(school: School, name: str) -> list[str]:
    return [address.value for address in addresses.usable_for(school, one(school, name))]


def faults(text: str | bytes) -> list[tuple[int, str, str]]:
    content = text.encode() if isinstance(text, str) else text
    with pytest.raises(BadRows) as refusal, closing(Store("sqlite://")) as store, store.write() as session:
        import_families(School(session, datetime(2026, 3, 2, tzinfo=UTC)), content)
    return [(fault.line, fault.column, fault.reason) for fault in refusal.value.faults]


def test_a_file_makes_its_families(school: School) -> None:
    take(school, FAMILIES)
    amina = one(school, "Amina Yusuf")
    assert (amina.reference, amina.language, amina.notes) == ("A1", "so", "likes calls, not texts")
    assert {group.name for group in amina.groups} == {"Helpers", "Parent Partnership"}
    assert [child.name for child in children(school, amina, "hear")] == ["Ayaan Yusuf", "Hodan Yusuf"]
    assert [child.joined_on for child in children(school, amina, "hear")] == [date(2024, 9, 7), date(2023, 9, 4)]
    assert [(address.channel, address.value) for address in addresses.usable_for(school, amina)] == [("sms", "+447700900101")]


def test_rights_are_as_written(school: School) -> None:
    take(school, FAMILIES)
    rights = {
        link.adult.name: (link.may_hear, link.may_book, link.may_be_asked, link.may_collect)
        for link in school.session.scalars(select(Guardianship).join(Child).where(Child.name.in_(["Ella Hill", "Arben Hoxha"])))
    }
    assert rights == {"Kate Hill": (True,) * 4, "Dan Hill": (False, True, False, True), "Ilir Hoxha": (False,) * 4}


def test_the_same_file_changes_nothing(school: School) -> None:
    take(school, FAMILIES)
    again = take(school, FAMILIES)
    assert not again
    assert not again.start_links
    assert len(again.unchanged) == 4 + 4 + 5


def test_unknown_classes_and_groups_are_made_and_told(school: School) -> None:
    changes = take(school, FAMILIES)
    assert {"class Maple", "class Oak", "group Helpers"} <= set(changes.created)
    assert "class 'Maple' was not known and was made" in changes.warnings
    changes = take(school, FAMILIES + "A9,Tom Reed,07700 900102,en,father,C9,Leo Reed,Mapel,,,,,\n")
    assert "class 'Mapel' was not known and was made; did you mean Maple?" in changes.warnings


def test_a_newer_file_updates_and_lists(school: School) -> None:
    take(school, FAMILIES)
    newer = FAMILIES.replace("07700 900101", "07700 900199").replace("Hodan Yusuf,Oak", "Hodan Yusuf,Maple").replace("book;collect", "collect")
    changes = take(school, newer)
    assert changes.updated == [
        "adult Amina Yusuf: phone …101 becomes …199",
        "child Hodan Yusuf: class Oak becomes Maple",
        "Dan Hill for Ella Hill: rights book, collect becomes collect",
    ]
    assert not changes.created
    assert number_of(school, "Amina Yusuf") == ["+447700900199"]
    assert adults_at(addresses.at(school, "sms", "phone", "+447700900101")) == []


def test_an_empty_cell_leaves_what_is_held(school: School) -> None:
    take(school, FAMILIES)
    take(school, FAMILIES.replace("07700 900101", "").replace("Helpers;Parent Partnership", "").replace('"likes calls, not texts"', ""))
    amina = one(school, "Amina Yusuf")
    assert (len(amina.groups), amina.notes) == (2, "likes calls, not texts")
    assert number_of(school, "Amina Yusuf") == ["+447700900101"]


def test_without_the_column_rights_stay(school: School) -> None:
    take(school, FAMILIES)
    take(school, "adult_id,adult_name,language,child_id,child_name,child_class\nA3,Dan Hill,en-GB,C3,Ella Hill,Oak\n")
    assert children(school, one(school, "Dan Hill"), "hear") == []
    assert len(children(school, one(school, "Dan Hill"), "book")) == 1


def test_nobody_is_removed_unasked(school: School) -> None:
    take(school, FAMILIES)
    changes = take(school, "\n".join(FAMILIES.splitlines()[:2]))
    assert not changes.removed
    assert "not in the file, and kept: 3 adults, 3 children, 0 ties between others; --remove-missing removes them" in changes.warnings
    assert count(school, Adult) == 4


def test_whom_the_file_leaves_out_is_removed_when_asked(school: School) -> None:
    take(school, FAMILIES)
    dan = one(school, "Dan Hill").id
    school.session.add(Conversation(thread=f"a{dan}", state={}, updated_at=school.now))
    changes = take(school, "\n".join(FAMILIES.splitlines()[:4]), remove_missing=True)
    assert changes.removed == ["adult Dan Hill", "adult Ilir Hoxha", "child Arben Hoxha"]
    gone = school.session.get_one(Adult, dan)
    assert (gone.left_on, list(gone.addresses), children(school, gone, "book")) == (school.today, [], [])
    assert [child.name for child in school.session.scalars(select(Child).where(Child.left_on.is_not(None)))] == ["Arben Hoxha"]
    assert count(school, Conversation) == 0


def test_whoever_had_left_and_is_named_again_is_back(school: School) -> None:
    take(school, FAMILIES)
    take(school, "\n".join(FAMILIES.splitlines()[:4]), remove_missing=True)
    assert not take(school, "\n".join(FAMILIES.splitlines()[:4]), remove_missing=True)
    changes = take(school, FAMILIES)
    assert [line for line in changes.updated if "is back" in line] == [
        "adult Dan Hill: phone nothing becomes …106; is back",
        "adult Ilir Hoxha: is back",
        "child Arben Hoxha: is back",
    ]
    assert [child.name for child in children(school, one(school, "Dan Hill"), "book")] == ["Ella Hill"]


def test_a_number_that_was_someone_elses_is_greeted_anew(school: School) -> None:
    take(school, FAMILIES)
    address = addresses.at(school, "sms", "phone", "+447700900101")
    address.first_greeted_at = school.now
    take(school, FAMILIES.replace("+44 7700 900105", "07700 900101"))
    assert address.first_greeted_at is None


def test_a_tie_that_the_file_leaves_out_is_cut_when_asked(school: School) -> None:
    take(school, FAMILIES + "A2,Kate Hill,,en,carer,C1,Ayaan Yusuf,Maple,,,,,\n")
    assert take(school, FAMILIES, remove_missing=True).removed == ["Kate Hill no longer stands for Ayaan Yusuf"]
    assert [child.name for child in children(school, one(school, "Kate Hill"), "hear")] == ["Ella Hill"]


def test_without_ids_phone_and_name_are_who_one_is(school: School) -> None:
    header = "adult_name,phone,language,child_name,child_class\n"
    take(school, header + "Amina Yusuf,07700900101,so,Ayaan Yusuf,Maple\nAbdi Yusuf,07700900101,so,Ayaan Yusuf,Maple\n")
    assert (count(school, Adult), count(school, Address)) == (2, 1)
    again = take(school, header + "AMINA  Yusuf,+44 7700 900101,so,ayaan yusuf,Oak\n")
    assert [line for line in again.updated if "class" in line] == ["child ayaan yusuf: child_name Ayaan Yusuf becomes ayaan yusuf; class Maple becomes Oak"]
    assert count(school, Adult) == 2


def test_children_of_two_adults_are_doubted_without_an_id(school: School) -> None:
    header = "adult_name,phone,language,child_name,child_class\n"
    changes = take(school, header + "Kate Hill,07700900105,en,Ella Hill,Oak\nDan Hill,07700900106,en,Ella Hill,Oak\n")
    assert any(warning.startswith("line 3: Ella Hill is on line 2 too") for warning in changes.warnings)
    assert count(school, Child) == 2


def test_someone_known_gets_the_files_id(school: School) -> None:
    header = "adult_name,phone,language,child_name,child_class\n"
    take(school, header + "Amina Yusuf,07700900101,so,Ayaan Yusuf,Maple\n")
    changes = take(school, FAMILIES)
    assert "adult Amina Yusuf: adult_id nothing becomes A1; notes is new; groups nothing becomes Helpers, Parent Partnership" in changes.updated
    assert one(school, "Amina Yusuf").reference == "A1"


def test_a_namesake_with_another_number_is_added_and_doubted(school: School) -> None:
    header = "adult_name,phone,language,child_name,child_class\n"
    take(school, header + "Amina Yusuf,07700900101,so,Ayaan Yusuf,Maple\n")
    changes = take(school, header + "Amina Yusuf,07700900102,so,Ayaan Yusuf,Maple\n")
    assert count(school, Adult) == 2
    assert "line 2: the school knows another Amina Yusuf; added beside them; adult_id would make them one" in changes.warnings


def test_telegram_yes_makes_one_link(school: School) -> None:
    wanted = FAMILIES.replace("Helpers;Parent Partnership,,,", "Helpers;Parent Partnership,,yes,").replace(",none,,", ",none,yes,")
    changes = take(school, wanted)
    assert [due.adult.name for due in changes.start_links] == ["Amina Yusuf"]
    assert "line 6: Ilir Hoxha has no phone to which a Telegram link could be sent" in changes.warnings
    assert addresses.redeem_start_link(school, changes.start_links[0].token) is one(school, "Amina Yusuf")
    assert take(school, wanted).start_links == []
    assert count(school, StartLink) == 1


def test_an_email_is_kept_and_not_texted(school: School) -> None:
    header = "adult_name,email,language,child_name,child_class\n"
    take(school, header + "Amina Yusuf,Amina@Family.example,so,Ayaan Yusuf,Maple\n")
    assert [link.address.value for link in one(school, "Amina Yusuf").addresses] == ["amina@family.example"]
    assert number_of(school, "Amina Yusuf") == []


def test_another_email_takes_the_place_of_the_one_before(school: School) -> None:
    header = "adult_name,email,language,child_name,child_class\n"
    take(school, header + "Amina Yusuf,amina@family.example,so,Ayaan Yusuf,Maple\n")
    take(school, header + "Amina Yusuf,amina@new.example,so,Ayaan Yusuf,Maple\n")
    assert [(link.address.value, link.rank) for link in one(school, "Amina Yusuf").addresses] == [("amina@new.example", addresses.EMAIL_RANK)]


def test_every_fault_is_told_at_once() -> None:
    found = faults(f"{HEADER}\nA1,,0207 946 0001,Somalian,,C1,Ayaan,Maple,31/02/2025,,heer,maybe,\nA2,Kate,1,en,,C2,,Oak,,,none;hear,,\n")
    assert found == [
        (2, "adult_name", "is empty"),
        (2, "child_joined", "'31/02/2025' is no day; write it as 2026-03-02 or 02/03/2026"),
        (2, "language", "'Somalian' is no language I know; did you mean Somali?"),
        (2, "phone", "'0207 946 0001' is a landline; Bookbag texts mobile numbers only"),
        (2, "rights", "'heer' is no right; did you mean hear? (hear, book, asked, collect, or none)"),
        (2, "telegram", "'maybe' is neither yes nor no"),
        (3, "child_name", "is empty"),
        (3, "phone", "'1' is no phone number"),
        (3, "rights", "'none' cannot stand beside other rights"),
    ]


@pytest.mark.parametrize(
    "row, column",
    [
        ("A1,Amina Yusuf,07700 900101,en,,C1,Ayaan Yusuf,Maple,,,,,", "language"),
        ("A1,Amina Yusuf,07700 900102,so,,C1,Ayaan Yusuf,Maple,,,,,", "phone"),
        ("A1,Someone Else,07700 900101,so,,C1,Ayaan Yusuf,Maple,,,,,", "adult_name"),
        ("A1,Amina Yusuf,07700 900101,so,,C1,Ayaan Yusuf,Oak,,,,,", "child_class"),
        ("A9,Tom Reed,07700 900109,en,,C1,Ayaan Yusuf,Oak,,,,,", "child_class"),
        ("A1,Amina Yusuf,07700 900101,so,,C1,Ayaan Yusuf,Maple,01/09/2020,,,,", "child_joined"),
        ("A1,Amina Yusuf,07700 900101,so,,C1,Ayaan Yusuf,Maple,,,hear,,", "rights"),
        ("A1,Amina Yusuf,07700 900101,so,aunt,C1,Ayaan Yusuf,Maple,,,,,", "relationship"),
    ],
)
def test_a_row_that_contradicts_an_earlier_is_refused(row: str, column: str) -> None:
    assert faults(FAMILIES + row + "\n") == [(7, column, "contradicts line 2")]


def test_a_fault_leaves_everything_as_it_was(school: School) -> None:
    with pytest.raises(BadRows):
        take(school, FAMILIES + "A9,,,,,,,,,,,,\n")
    assert [count(school, model) for model in (Adult, Child, SchoolClass, Group, Address)] == [0] * 5


@pytest.mark.parametrize(
    "content, line, reason",
    [
        (b"", 0, "is empty"),
        (b"\n\n", 0, "is empty"),
        (b"adult_name,language,child_name,child_class\n", 0, "has a header and no rows"),
        (b"PK\x03\x04\x00", 0, "is a workbook, not a CSV file; save it as 'CSV UTF-8'"),
        ("adult_name".encode("utf-16"), 0, "is in UTF-16; save it as 'CSV UTF-8'"),
        (b"adult_name\nA\0B", 0, "is not text: it holds zero bytes"),
        (b"adult_name,language\nJos\xe9,es\n", 2, "is not in UTF-8 (byte 0xE9); save it as 'CSV UTF-8'"),
        (b"x" * (LARGEST + 1), 0, "is larger than 10 MB"),
        (b"adult_name;language\nA;en\n", 1, "the cells are not separated by commas; save it as 'CSV UTF-8' with commas"),
        (b'adult_name,language,child_name,child_class\nA,en,B,"C\n', 2, "cannot be read as CSV from here on (unexpected end of data)"),
        (b"adult_name,language,child_name,child_class\nA,en,B,C,D\n", 2, "has 5 cells and the header 4; a text with a comma belongs in quotation marks"),
    ],
)
def test_what_is_no_such_file_is_refused(content: bytes, line: int, reason: str) -> None:
    assert faults(content) == [(line, "file", reason)]


def test_a_missing_column_is_named() -> None:
    assert faults("adult_name,language,child_nme,child_class\nA,en,B,C\n") == [(1, "child_name", "there is no such column; did you mean child_nme?")]


def test_a_marked_file_in_another_order_with_more_columns_is_read(school: School) -> None:
    text = "\ufeffChild Name,shoe size,Language,CHILD_CLASS,adult_name\r\n\r\nAyaan Yusuf,3,so,Maple,Amina Yusuf\r\n"
    changes = take(school, text)
    assert one(school, "Amina Yusuf").language == "so"
    assert "column 'shoe size' is not known and was ignored" in changes.warnings


def test_a_cell_over_two_lines_does_not_shift_the_lines_told() -> None:
    assert faults(f'{HEADER}\nA1,Amina,,so,,C1,Ayaan,Maple,,,,,"two\nlines"\nA2,Kate,1,en,,C2,Ella,Oak,,,,,\n') == [(4, "phone", "'1' is no phone number")]


def test_another_schools_header_is_mapped(school: School) -> None:
    content = b"Parent or carer,Home language,Pupil,Form\nAmina Yusuf,Somali,Ayaan Yusuf,Maple\n"
    headers = {"adult_name": "Parent or Carer", "language": "home language", "child_name": "Pupil", "child_class": "Form"}
    assert import_families(school, content, headers=headers).warnings == ["class 'Maple' was not known and was made"]


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: f"{HEADER}\n{text}".encode()))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    try:
        table = read(content, COLUMNS)
    except BadRows:
        return
    assert {"adult_name", "language"} <= table.columns


@pytest.mark.parametrize(
    "written, tag",
    [
        ("so", "so"),
        ("som", "so"),
        ("Somali", "so"),
        ("SOMALI", "so"),
        ("pt-BR", "pt-BR"),
        ("zh_hans", "zh-Hans"),
        ("zh-Hans-CN", "zh-Hans-CN"),
        ("Bengali", "bn"),
        ("Bangla", "bn"),
        ("Farsi", "fa"),
        ("Dari", "fa-AF"),
        ("Brazilian Portuguese", "pt-BR"),
        ("Tigrinya", "ti"),
        ("ga", "ga"),
        ("Ga", "gaa"),
        ("Twi", "tw"),
        ("iw", "he"),
    ],
)
def test_a_language_is_a_tag_or_an_english_name(written: str, tag: str) -> None:
    assert cells.language(written) == tag


@pytest.mark.parametrize("written", ["Klingonese", "xx", "so-", "en-so-FR", "so-Latn-SO-x-y", "🙂"])
def test_an_unknown_language_is_refused(written: str) -> None:
    with pytest.raises(Unreadable):
        cells.language(written)


@given(st.dates(date(1990, 1, 1), date(2099, 12, 31)), st.sampled_from(["%Y-%m-%d", "%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y", "%d %B %Y"]))
def test_a_day_is_read_as_it_was_written(day: date, pattern: str) -> None:
    assert cells.day(day.strftime(pattern)) == day


@given(st.text(max_size=30), st.sampled_from([cells.day, cells.language, cells.hours, cells.rights, cells.mobile, cells.email, cells.yes, cells.names]))
def test_any_cell_is_read_or_refused(value: str, parse: object) -> None:
    assert callable(parse)
    try:
        parse(value)
    except Unreadable:
        return


def test_staff_come_with_class_phone_and_hours(school: School) -> None:
    import_staff(school, STAFF.encode())
    okafor = staff.with_email(school, "n.okafor@school.example")
    assert okafor is not None
    assert [link.address.value for link in okafor.addresses] == ["+447700900906"]
    assert [(row.weekday, row.ends) for row in okafor.hours][3:] == [(3, time(16, 30)), (4, time(12, 0))]
    assert [member.name for member in staff.everyone(school, "teacher")] == ["Ms Okafor", "Mr Whitfield"]


def test_the_first_teacher_of_a_class_is_its_teacher(school: School) -> None:
    import_staff(school, STAFF.encode())
    assert {each.name: each.teacher.name for each in staff.all_classes(school) if each.teacher} == {"Maple": "Ms Okafor", "Oak": "Mr Whitfield"}


def test_the_same_staff_change_nothing(school: School) -> None:
    import_staff(school, STAFF.encode())
    again = import_staff(school, STAFF.encode())
    assert not again
    assert len(again.unchanged) == 3


def test_staff_who_are_left_out_have_left_when_asked(school: School) -> None:
    import_staff(school, STAFF.encode())
    rest = "\n".join(line for line in STAFF.splitlines() if "Okafor" not in line).encode()
    assert not import_staff(school, rest).removed
    assert import_staff(school, rest, remove_missing=True).removed == ["staff Ms Okafor"]
    maple = staff.class_named(school, "maple")
    assert maple is not None
    assert maple.teacher is not None
    assert maple.teacher.name == "Mr Whitfield"
    assert "staff Ms Okafor: is back; phone is new; classes nothing becomes Maple; works is new" in import_staff(school, STAFF.encode()).updated


def test_bad_staff_are_refused_with_their_places(school: School) -> None:
    content = "name,email,phone,role,works\n,x,020 7946 0001,head,Mon 16:00-08:00\nA,a@b.example,,lead,Mon 8:00-9:00;Mon 08:30-10:00\nB,A@b.example,,lead,\n"
    with pytest.raises(BadRows) as refusal:
        import_staff(school, content.encode())
    assert [(fault.line, fault.column) for fault in refusal.value.faults] == [
        (2, "email"),
        (2, "name"),
        (2, "phone"),
        (2, "role"),
        (2, "works"),
        (3, "works"),
        (4, "email"),
    ]


def test_terms_are_read_and_moved(school: School) -> None:
    import_terms(school, TERMS.encode())
    assert not import_terms(school, TERMS.encode())
    moved = import_terms(school, TERMS.replace("2026-02-16,2026-02-20", "2026-02-17,2026-02-21").replace("27/03/2026", "26/03/2026").encode())
    assert len(moved.updated) == 2
    assert not moved.created
    terms = school.session.execute(select(Term.starts, Term.ends, Term.what).order_by(Term.starts, Term.what)).all()
    assert [tuple(row) for row in terms] == [
        (date(2026, 1, 5), date(2026, 1, 5), "INSET"),
        (date(2026, 1, 5), date(2026, 3, 26), "term"),
        (date(2026, 2, 17), date(2026, 2, 21), "half-term"),
    ]


def test_terms_that_the_file_leaves_out_go_when_asked(school: School) -> None:
    import_terms(school, TERMS.encode())
    changes = import_terms(school, b"starts,ends,what\n2026-01-05,2026-03-27,term\n", remove_missing=True)
    assert changes.removed == ["INSET 2026-01-05", "half-term 2026-02-16 to 2026-02-20"]


def test_bad_terms_are_refused(school: School) -> None:
    content = b"starts,ends,what\n2026-03-27,2026-01-05,term\n2026-01-05,2026-03-27,term\n2026-02-05,2026-04-27,term\n2026-02-05,,holiday\n"
    with pytest.raises(BadRows) as refusal:
        import_terms(school, content)
    assert [(fault.line, fault.column) for fault in refusal.value.faults] == [(2, "ends"), (4, "starts"), (5, "what")]


def test_the_command_names_file_line_and_column(sqlite_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "families.csv"
    file.write_text(FAMILIES.replace("07700 900106", "0207 946 0001"))
    assert command.run(Settings(database_url=sqlite_url), "families", file, dry_run=False, remove_missing=False) == 2
    said = capsys.readouterr()
    assert said.err.splitlines()[0] == "families.csv line 5, phone: '0207 946 0001' is a landline; Bookbag texts mobile numbers only"
    assert said.out == ""


def test_a_dry_run_keeps_nothing(sqlite_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, settings = tmp_path / "terms.csv", Settings(database_url=sqlite_url)
    file.write_text(TERMS)
    for dry_run, verdict in ((True, "It would be: 3 new"), (False, "Done: 3 new"), (False, "Done: 0 new, 0 changed, 0 removed, 3 as before.")):
        assert command.run(settings, "terms", file, dry_run=dry_run, remove_missing=False) == 0
        assert verdict in capsys.readouterr().out


def test_meets_says_when_parents_can_book(school: School) -> None:
    content = """name,email,role,classes,meets
Ms Okafor,o@school.example,teacher,Maple,Mon 15:10-16:10;Wed 08:30-09:00
Mr Lee,l@school.example,senior,,Mon 15:00-16:30
"""
    import_staff(school, content.encode())
    again = import_staff(school, content.encode())
    held = {(row.staff_id, row.kind, row.weekday) for row in school.session.scalars(select(Availability))}
    teacher, senior = (person.id for person in staff.everyone(school, "teacher", "senior"))
    assert (teacher, "teacher", 0) in held
    assert (teacher, "teacher", 2) in held
    assert {kind for staff_id, kind, _ in held if staff_id == senior} == {"planning", "ehcp"}
    assert not again.updated
