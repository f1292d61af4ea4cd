from datetime import date, time
from pathlib import Path

import pytest

from nlu import Decision, Entity, Understanding, When
from nlu.errors import BadTrainingData
from nlu.rasa_format import read, strip_annotations, to_rasa


def test_annotations_are_taken_out_of_examples() -> None:
    text, annotations = strip_annotations('can [Zara](child) see [ms o]{"entity": "staff", "value": "Ms Okafor"} [now]')
    assert text == "can Zara see ms o [now]"
    assert [(text[a.start : a.end], a.kind, a.value) for a in annotations] == [("Zara", "child", "Zara"), ("ms o", "staff", "Ms Okafor")]


def test_everything_in_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "nlu.yml"
    path.write_text(
        'version: "3.1"\nnlu:\n- intent: greet\n  examples: |\n    - hi\n    - no\n- synonym: Monday\n  examples: |\n    - mon\n'
        "- lookup: pack\n  examples: |\n    - sensory\n- regex: phone\n  examples: |\n    - \\d+\n- intent: bye\n  examples:\n  - text: |\n      bye\n"
    )
    data = read([path])
    assert [(example.text, example.intent, example.line) for example in data.examples] == [("hi", "greet", 5), ("no", "greet", 6), ("bye", "bye", 18)]
    assert (data.synonyms, data.lookups, data.regexes) == ({"mon": "Monday"}, {"pack": ["sensory"]}, {"phone": ["\\d+"]})


@pytest.mark.parametrize(
    "content,line,what",
    [
        ("nlu: [", 2, "is not YAML"),
        ("stories: []\n", 1, "has no 'nlu' list"),
        ("nlu: 3\n", 1, "not a list"),
        ("nlu:\n- intnt: x\n", 2, "expected one of"),
        ("nlu:\n- intent: greet\n", 2, "no 'examples'"),
        ("nlu:\n- intent: greet\n  examples: |\n    hi\n", 4, "must begin with"),
        ("nlu:\n- intent: greet\n  examples: |\n    - hi\n    -\n", 5, "not be empty"),
        ('nlu:\n- intent: greet\n  examples: |\n    - [hi]{"entity": }\n', 4, "not JSON"),
        ('nlu:\n- intent: greet\n  examples: |\n    - [hi]{"x": 1}\n', 4, "names no 'entity'"),
    ],
)
def test_a_fault_names_file_line_and_reason(tmp_path: Path, content: str, line: int, what: str) -> None:
    path = tmp_path / "bad.yml"
    path.write_text(content)
    with pytest.raises(BadTrainingData) as caught:
        read([path])
    fault = caught.value.faults[0]
    assert fault.path == path
    assert fault.line == line
    assert what in fault.what
    assert str(fault).startswith(f"{path}:{line}: ")


def test_a_missing_file_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(BadTrainingData, match="cannot be read"):
        read([tmp_path / "none.yml"])


def test_a_folder_is_read_without_its_subfolders(tmp_path: Path) -> None:
    (tmp_path / "test").mkdir()
    for place, intent in ((tmp_path / "a.yml", "a"), (tmp_path / "test" / "b.yml", "b")):
        place.write_text(f"nlu:\n- intent: {intent}\n  examples: |\n    - x\n")
    assert {example.intent for example in read([tmp_path]).examples} == {"a"}


def test_a_result_has_the_shape_of_rasas() -> None:
    when = When(date(2026, 3, 12), date(2026, 3, 12), time(15))
    entity = Entity("time", 4, 20, "thursday after 3", when, 0.95)
    result = to_rasa(Understanding("see thursday after 3", "book_appointment", 0.9, Decision.ACT, "en", (("book_appointment", 0.9),), (entity,)))
    assert result["intent"] == {"name": "book_appointment", "confidence": 0.9}
    assert result["intent_ranking"] == [result["intent"]]
    assert result["text_tokens"] == [[0, 3], [4, 12], [13, 18], [19, 20]]
    told = result["entities"][0]
    assert (told["entity"], told["start"], told["end"], told["extractor"]) == ("time", 4, 20, "bookbag")
    assert told["value"] == {"from": "2026-03-12T15:00:00", "to": "2026-03-12", "grain": "minute"}
