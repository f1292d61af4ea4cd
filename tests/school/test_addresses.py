"""Which numbers may be texted, whose an address is, and the one-time link."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from data.addresses import Address, AddressState, StartLink
from data.people import Adult
from data.store import Store
from school import School, addresses
from school.addresses import NotAMobile, NotAnEmail, NotANumber, mobile
from school.families import adults_at

NOW = datetime(2026, 3, 2, 9, 10, tzinfo=UTC)


@pytest.fixture
def school(database_url: str) -> Iterator[School]:
    with closing(Store(database_url)) as store, store.write() as session:
        yield School(session, NOW)


@pytest.fixture
def amina(school: School) -> Adult:
    return _adult(school, "Amina Yusuf")


def _adult(school: School, name: str) -> Adult:
    adult = Adult(name=name, language="so")
    school.session.add(adult)
    school.session.flush()
    return adult


@pytest.mark.parametrize(
    "written, number",
    [
        ("07700 900123", "+447700900123"),  # kept for drama
        ("07700 900999", "+447700900999"),
        ("07911 123456", "+447911123456"),
        ("+44 (0)7911-123-456", "+447911123456"),
        ("0044 7911 123456", "+447911123456"),
        ("7911123456", "+447911123456"),  # a spreadsheet took the nought away
        ("447911123456", "+447911123456"),
        ("+351 912 345 678", "+351912345678"),
        ("+252 61 2345678", "+252612345678"),
        ("+1 212 456 7890", "+12124567890"),  # fixed or mobile: America does not say
        ("٠٧٧٠٠٩٠٠١٢٣", "+447700900123"),
    ],
)
def test_a_mobile_is_read_however_it_is_written(written: str, number: str) -> None:
    assert mobile(written) == number


@pytest.mark.parametrize(
    "written, what",
    [
        ("0207 946 0001", "a landline"),
        ("+33 1 42 68 53 00", "a landline"),
        ("0901 123 4567", "a premium-rate number"),
        ("0800 123 4567", "a freephone number"),
        ("070 1234 5678", "a personal (070) number"),
        ("60006", "a short code"),
        ("999", "a short code"),
    ],
)
def test_what_is_no_mobile_is_refused_by_its_name(written: str, what: str) -> None:
    with pytest.raises(NotAMobile) as refusal:
        mobile(written)
    assert refusal.value.what == what


@pytest.mark.parametrize("written", ["", "+", "n/a", "07700 9OO123", "0770090012", "4.47701E+11", "07700900123/07700900124", "07911 123456 x5", "9" * 400])
def test_what_is_no_number_is_refused(written: str) -> None:
    with pytest.raises(NotANumber):
        mobile(written)


@given(st.text(alphabet="+0123456789 -().;/#*x٣", max_size=30) | st.text(max_size=30))
def test_a_number_is_e164_or_refused(written: str) -> None:
    try:
        number = mobile(written)
    except (NotAMobile, NotANumber):
        return
    assert re.fullmatch(r"\+[1-9]\d{5,14}", number)
    assert mobile(number) == number


def test_only_the_last_three_digits_are_shown() -> None:
    assert addresses.masked("+447700900123") == "…123"


def test_an_address_is_made_once(school: School) -> None:
    first = addresses.at(school, "sms", "phone", "+447700900123")
    assert addresses.at(school, "sms", "phone", "+447700900123") is first
    assert addresses.at(school, "whatsapp", "phone", "+447700900123") is not first


def test_two_who_make_one_address_at_once_share_it(postgresql_url: str) -> None:
    found: list[int] = []
    with closing(Store(postgresql_url)) as store:

        def other() -> None:
            with store.write() as session:
                found.append(addresses.at(School(session, NOW), "sms", "phone", "+447700900123").id)

        thread = threading.Thread(target=other)
        with store.write() as session:
            mine = addresses.at(School(session, NOW), "sms", "phone", "+447700900123")
            thread.start()
            thread.join(0.3)  # it waits for us to commit
            assert found == []
        thread.join()
        with store.read() as session:
            assert found == [mine.id]
            assert session.scalar(select(func.count(Address.id))) == 1


def test_a_shared_phone_is_both_adults(school: School, amina: Adult) -> None:
    abdi = _adult(school, "Abdi Yusuf")
    phone = addresses.at(school, "sms", "phone", "+447700900123")
    addresses.reach(school, amina, phone, 0)
    addresses.reach(school, abdi, phone, 0)
    assert adults_at(phone) == [amina, abdi]


def test_the_lowest_rank_is_tried_first(school: School, amina: Adult) -> None:
    sms, whatsapp = (addresses.at(school, channel, "phone", "+447700900123") for channel in ("sms", "whatsapp"))
    addresses.reach(school, amina, sms, 1)
    addresses.reach(school, amina, whatsapp, 0)
    assert addresses.usable_for(school, amina) == [whatsapp, sms]
    addresses.reach(school, amina, whatsapp, 2)
    assert addresses.usable_for(school, amina) == [sms, whatsapp]


@pytest.mark.parametrize("state", [AddressState.OPTED_OUT, AddressState.BAD])
def test_nothing_is_sent_where_it_must_not(school: School, amina: Adult, state: AddressState) -> None:
    sms, email = addresses.at(school, "sms", "phone", "+447700900123"), addresses.at(school, "email", "email", "amina@family.example")
    addresses.reach(school, amina, sms, 0)
    addresses.reach(school, amina, email, 1)
    sms.state = state
    assert addresses.usable_for(school, amina) == []


def test_email_is_tried_last_and_only_where_the_school_has_it(school: School, amina: Adult) -> None:
    sms, email = addresses.at(school, "sms", "phone", "+447700900123"), addresses.at(school, "email", "email", "amina@family.example")
    addresses.reach(school, amina, email, addresses.EMAIL_RANK)
    addresses.reach(school, amina, sms, 1)
    assert addresses.usable_for(school, amina) == [sms]
    with_mail = School(school.session, school.now, replace(school.settings, writes_email=True))
    assert addresses.usable_for(with_mail, amina) == [sms, email]
    email.state = AddressState.OPTED_OUT
    assert addresses.usable_for(with_mail, amina) == [sms]


@pytest.mark.parametrize("written", ["Amina.Yusuf+school@Family.example", " o'neil@a-b.co.uk ", "x@sub.domain.example"])
def test_an_email_address_is_read(written: str) -> None:
    assert addresses.email(written) == written.strip().lower()


NO_EMAIL = ["", "amina", "a@b", "a@@b.example", "a@b..example", ".a@b.example", "a.@b.example", "a..b@c.example", "a b@c.example", "a@b.example,c@d.example"]
NOT_HERE = ["a@b.example\r\nBcc: c@d.example", "<a@b.example>", "ä@b.example", "a@bücher.example", "a@b.123", f"{'a' * 65}@b.example", f"a@{'b' * 200}.example"]


@pytest.mark.parametrize("written", [*NO_EMAIL, *NOT_HERE])
def test_what_is_no_email_address_is_refused(written: str) -> None:
    with pytest.raises(NotAnEmail):
        addresses.email(written)


def test_of_an_email_address_little_is_shown() -> None:
    assert addresses.masked("amina@family.example") == "a…@…"


@pytest.mark.parametrize("hours, is_open", [(0, True), (23.9, True), (24, False), (None, False)])
def test_whatsapps_window_is_a_day_long(hours: float | None, is_open: bool) -> None:
    heard = None if hours is None else NOW - timedelta(hours=hours)
    assert addresses.is_whatsapp_window_open(Address(channel="whatsapp", last_heard_at=heard), NOW) is is_open


def test_sms_has_no_window() -> None:
    assert not addresses.is_whatsapp_window_open(Address(channel="sms", last_heard_at=NOW), NOW)


def test_a_start_link_works_once(school: School, amina: Adult) -> None:
    token = addresses.new_start_link(school, amina)
    assert re.fullmatch(r"[A-Za-z0-9_-]{20,64}", token)
    assert addresses.redeem_start_link(school, token) is amina
    assert addresses.redeem_start_link(school, token) is None


def test_a_start_link_lasts_a_week(school: School, amina: Adult) -> None:
    token = addresses.new_start_link(school, amina)
    school.now += timedelta(days=7)
    assert addresses.redeem_start_link(school, token) is None


def test_a_start_link_is_kept_as_its_hash(school: School, amina: Adult) -> None:
    token = addresses.new_start_link(school, amina)
    kept = school.session.scalars(select(StartLink.token_hash)).one()
    assert token not in kept
    assert addresses.redeem_start_link(school, kept) is None


def test_a_strangers_token_is_nobodys(school: School) -> None:
    assert addresses.redeem_start_link(school, "x" * 32) is None
