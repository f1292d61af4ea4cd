"""What staff edit wins over config.yml, at once where it was edited and soon everywhere else, and costs a turn no question."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, time, timedelta

import pytest
from sqlalchemy import event

from data.school_year import Edited
from data.store import Store
from school import School, SchoolSettings, set_up
from school.set_up import Backwards
from school.settings import EDITABLE, edit

NOW = datetime(2026, 3, 2, 9, 10, tzinfo=UTC)


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    with closing(Store(database_url)) as opened:
        yield opened


def seen(store: Store, now: datetime = NOW) -> SchoolSettings:
    with store.read() as session:
        return School(session, now, SchoolSettings(name="Oak School")).settings


def test_what_was_edited_wins_and_the_rest_stays(store: Store) -> None:
    assert seen(store).quiet_from == time(19, 0)
    with store.write() as session:
        school = School(session, NOW)
        set_up.set_quiet_hours(school, time(20, 0), time(6, 30))
        set_up.set_office_hours(school, time(8, 0), time(15, 30))
        set_up.set_booking(school, time(17, 0), notice_hours=24, slot_minutes=15)
        assert school.settings.quiet_from == time(20, 0)
    now = seen(store)
    assert (now.name, now.quiet_from, now.quiet_to, now.opens, now.closes) == ("Oak School", time(20, 0), time(6, 30), time(8, 0), time(15, 30))
    assert (now.notice, now.slot_minutes, now.reminder_at, now.horizon) == (timedelta(hours=24), 15, time(17, 0), timedelta(weeks=4))


def test_what_was_not_committed_nobody_sees(store: Store) -> None:
    seen(store)
    with store.write() as session:
        set_up.set_quiet_hours(School(session, NOW), time(20, 0), time(6, 30))
        assert School(session, NOW).settings.quiet_from == time(20, 0)
        session.rollback()
    assert seen(store).quiet_from == time(19, 0)


def test_another_process_sees_it_within_seconds(store: Store) -> None:
    seen(store)
    with closing(Store(store.url.render_as_string(hide_password=False))) as other, other.write() as session:
        session.add(Edited(name="quiet_hours.from", value="21:00"))  # as if it were not the same process: nothing here is told
    assert seen(store).quiet_from == time(19, 0)
    assert seen(store, NOW + timedelta(seconds=6)).quiet_from == time(21, 0)


def test_a_turn_asks_the_database_nothing_more(store: Store) -> None:
    seen(store)
    asked: list[str] = []
    event.listen(store._reader, "before_cursor_execute", lambda *told: asked.append(told[2]))
    seen(store, NOW + timedelta(seconds=1))
    assert [statement for statement in asked if "edited_settings" in statement] == []


@pytest.mark.parametrize("value", ["nonsense", None, 7, {"opens": "25:00"}, ["08:00"], {"opens": 1, "closes": None}])
@pytest.mark.parametrize("name", EDITABLE)
def test_what_cannot_be_read_leaves_the_first_value(store: Store, name: str, value: object) -> None:
    with store.write() as session:
        session.add(Edited(name=name, value=value))
    assert isinstance(seen(store), SchoolSettings)


def test_a_value_that_could_not_be_read_is_not_kept(store: Store) -> None:
    with store.write() as session:
        with pytest.raises(ValueError, match="isoformat"):
            edit(session, "quiet_hours.from", "late")
        with pytest.raises(Backwards):
            set_up.set_office_hours(School(session, NOW), time(16, 0), time(8, 0))
    assert seen(store) == SchoolSettings(name="Oak School")
