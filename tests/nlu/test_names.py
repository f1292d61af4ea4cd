import time

import pytest

from nlu import Context, Name
from nlu.names import find


@pytest.mark.parametrize(
    "text,found",
    [
        ("can i see miss oakafor", ["Ms Okafor"]),
        ("ms okafor", ["Ms Okafor"]),
        ("OKAFOR please", ["Ms Okafor"]),
        ("mrs oak", ["Mr Oakley"]),
        ("mr baker", ["Tom Baker"]),
        ("tom", ["Tom Baker"]),
        ("amina yussuf is ill", ["Amina Yusuf"]),
        ("cherry class", ["Cherry Class"]),
        ("the year 2 trip", ["Year 2"]),
        ("the year 3 trip", []),
        ("Will is ill", ["Will Carter"]),
        ("my son will is ill", ["Will Carter"]),
        ("will's teacher", ["Will Carter"]),
        ("will you ring me", []),
        ("Will you ring me", []),
        ("i will come", []),
        ("i hope grace is ok", ["Grace Mensah"]),
        ("say grace before lunch", []),
        ("may i come", []),
        ("the teacher", []),
        ("miss", []),
        ("oak tree", []),
        ("he has a tommy ache", ["Tommy Reed"]),
        ("he has a tummy ache", []),
        ("tomny is off", ["Tommy Reed"]),
        ("", []),
    ],
)
def test_names_are_found_however_spelt(context: Context, text: str, found: list[str]) -> None:
    entities = find(text, context.names)
    assert [entity.value.label for entity in entities if isinstance(entity.value, Name)] == found
    assert all(text[entity.start : entity.end] == entity.text for entity in entities)


def test_two_children_of_one_name_are_both_given(context: Context) -> None:
    nearest, other = find("aminah is ill", context.names)
    assert isinstance(nearest.value, Name)
    assert nearest.value.label == "Amina Yusuf"
    assert isinstance(other.value, Name)
    assert other.value.label == "Amina Khan"
    assert 0.5 < nearest.confidence < 0.7
    assert other.confidence < 0.5


def test_nothing_is_found_among_no_names() -> None:
    assert find("can i see ms okafor", ()) == []


def test_a_whole_school_is_searched_in_milliseconds(context: Context) -> None:
    school = [*context.names, *(Name("child", 100 + place, f"Child{place} Surname{place}") for place in range(120))]
    find("warm up", school)
    started = time.perf_counter()
    for _ in range(10):
        find("can i see miss oakafor about aminah on tuesday after 3 please thank you", school)
    assert (time.perf_counter() - started) / 10 < 0.01


@pytest.mark.parametrize("text, found", [("3 March please", 0), ("on the 3rd", 0), ("3", 0), ("is class 3 open", 1), ("class 13", 0)])
def test_a_class_that_is_called_by_a_number_is_no_number(text: str, found: int) -> None:
    assert len(find(text, [Name("class", 1, "3")])) == found
