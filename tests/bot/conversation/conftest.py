"""The demo school in one transaction that is never committed, and small dialogues that are forgotten after each test."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from bot.conversation import registry
from data.store import Store
from nlu.exact import Words
from school import School, demo
from tests.bot.conversation.talk import NOW, Talk


@pytest.fixture(scope="session")
def words() -> Words:
    return Words.load()


@pytest.fixture(scope="session")
def demo_store(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """The demo school, filled once."""
    path = tmp_path_factory.mktemp("talk") / "bookbag.db"
    shutil.copyfile(migrated_sqlite, path)
    store = Store(f"sqlite:///{path}")
    with store.write() as session:
        demo.seed(School(session, NOW))
    yield store
    store.close()


@pytest.fixture
def session(demo_store: Store) -> Iterator[Session]:
    """A session whose changes are undone after the test."""
    with demo_store.write() as session:
        yield session
        session.rollback()


@pytest.fixture
def school(session: Session) -> School:
    return School(session, NOW)


@pytest.fixture
def talk(school: School, words: Words) -> Talk:
    """Tom's talk with the school."""
    return Talk(school, demo.adult(school, "Tom"), words)


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """What a test registers is its own."""
    with registry.for_now():
        yield
