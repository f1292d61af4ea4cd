"""What families ask about their own data: due on the day that the law says, decided once, by a named person."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.attention import Attention, Need
from data.data_requests import DataRequestKind, DataRequestState
from data.people import Adult, Staff
from school import School, attention, data_requests
from school.calendar import bank_holidays
from school.data_requests import AlreadyDecided, NotChecked, ReasonNeeded, due_on
from tests.school.small import a_member


@pytest.fixture
def lead(school: School) -> Staff:
    return a_member(school, "senior", "Mr Grant")


@pytest.mark.parametrize(
    "asked, due",
    [
        (date(2025, 9, 3), date(2025, 10, 3)),  # the ICO's own example: the same day of the next month
        (date(2025, 3, 31), date(2025, 4, 30)),  # and its other: there is no 31 April
        (date(2026, 1, 31), date(2026, 3, 2)),  # 28 February is a Saturday
        (date(2028, 1, 30), date(2028, 2, 29)),
        (date(2025, 11, 25), date(2025, 12, 29)),  # Christmas, Boxing Day, a weekend
        (date(2026, 3, 3), date(2026, 4, 7)),  # Good Friday to Easter Monday
        (date(2025, 12, 1), date(2026, 1, 2)),  # New Year's Day
    ],
)
def test_a_request_is_due_a_month_later_on_a_working_day(asked: date, due: date) -> None:
    assert due_on(asked) == due


@given(st.dates(date(2000, 1, 1), date(2099, 11, 1)))
def test_the_day_is_a_working_day_a_month_or_little_more_later(asked: date) -> None:
    due = due_on(asked)
    assert timedelta(28) <= due - asked <= timedelta(31 + 5)
    assert due.weekday() < 5
    assert due not in bank_holidays(due.year)


@given(st.dates(date(2000, 1, 1), date(2099, 11, 1)))
def test_who_asks_later_is_not_answered_earlier(asked: date) -> None:
    assert due_on(asked) <= due_on(asked + timedelta(1))


def test_asking_twice_is_one_request(school: School, parent: Adult) -> None:
    first = data_requests.ask(school, parent, DataRequestKind.COPY, how="text")
    assert data_requests.ask(school, parent, DataRequestKind.COPY, how="text") is first
    assert data_requests.ask(school, parent, DataRequestKind.ERASURE, how="text") is not first
    assert [row.need for row in attention.open_needs(school)] == [Need.DATA_REQUEST] * 2


def test_a_decision_is_made_once_and_nothing_waits_any_more(school: School, parent: Adult, lead: Staff) -> None:
    request = data_requests.ask(school, parent, DataRequestKind.COPY, how="text")
    data_requests.withdraw(school, request, lead)
    with pytest.raises(AlreadyDecided) as refused:
        data_requests.refuse(school, request, lead, "They took it back")
    assert refused.value.state == DataRequestState.WITHDRAWN
    assert attention.open_needs(school) == []


def test_nothing_is_handed_over_to_someone_nobody_checked(school: School, parent: Adult, lead: Staff) -> None:
    copy = data_requests.ask(school, parent, DataRequestKind.COPY, how="text")
    erasure = data_requests.ask(school, parent, DataRequestKind.ERASURE, how="text")
    with pytest.raises(NotChecked):
        data_requests.release_copy(school, copy, lead, "")
    with pytest.raises(NotChecked):
        data_requests.release_erasure(school, erasure, lead, "they wrote that it is them")
    assert {copy.state, erasure.state} == {DataRequestState.OPEN}
    assert school.session.get(Adult, parent.id) is not None


def test_whoever_is_refused_is_told_why(school: School, parent: Adult, lead: Staff) -> None:
    request = data_requests.ask(school, parent, DataRequestKind.ERASURE, how="text")
    with pytest.raises(ReasonNeeded):
        data_requests.refuse(school, request, lead, "  ")
    assert request.state == DataRequestState.OPEN


def test_an_erasure_keeps_its_report_and_no_name(school: School, parent: Adult, lead: Staff) -> None:
    name, request = parent.name, data_requests.ask(school, parent, DataRequestKind.ERASURE, how="text")
    report = data_requests.release_erasure(school, request, lead, "met")
    school.session.expire_all()
    assert (request.adult_id, request.state, request.checked) == (None, DataRequestState.RELEASED, "met")
    assert name not in str(request.report)
    assert report["removed"]
    assert school.session.query(Attention).all() == []
