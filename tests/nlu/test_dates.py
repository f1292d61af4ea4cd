import itertools
import re
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nlu import Context, When
from nlu.clean import clean
from nlu.dates import find, numbers

NOW = datetime(2026, 3, 11, 9, 0, tzinfo=ZoneInfo("Europe/London"))  # a Wednesday
TERMS = (
    (date(2026, 1, 5), date(2026, 3, 27), "term"),
    (date(2026, 2, 16), date(2026, 2, 20), "half-term"),
    (date(2026, 4, 13), date(2026, 7, 17), "term"),
    (date(2026, 5, 25), date(2026, 5, 29), "half-term"),
)

# Day(s) as 12.3 or 16.3-18.3, then hours as =15:00, 15:00-, -12:00 or 14:00-16:00; '!' excludes, '?' is not certain. All in 2026.
ENGLISH = """
thursday after 3                     | 12.3 15:00-
after 3                              | 15:00-
before lunch                         | -12:00
after lunch                          | 13:00-
first thing                          | 09:00-09:30
half three                           | =15:30
half past 2                          | =14:30
half nine tomorrow                   | 12.3 =09:30
quarter to 3                         | =14:45
quarter past three                   | =15:15
10 past 3                            | =15:10
twenty to four                       | =15:40
5 mins to 3                          | =14:55
next tuesday                         | 17.3
next friday                          | 20.3 ?
next thurs after 3.30                | 19.3 15:30- ?
this friday                          | 13.3
last friday                          | 6.3
friday week                          | 20.3
a week on friday                     | 20.3
wednesday                            | 18.3 ?
not monday                           | 16.3 !
not on monday or tuesday             | 16.3 ! ; 17.3 !
i cant do mondays                    | 16.3 !
cant do monday, tuesday is fine      | 16.3 ! ; 17.3
anything but friday                  | 13.3 !
monday isnt good                     | 16.3 !
no, monday                           | 16.3
in two weeks                         | 25.3
in a fortnight                       | 25.3
in a couple of weeks                 | 25.3
in 3 weeks time                      | 1.4
3 weeks today                        | 1.4
after half-term                      | 1.6-17.7
before half term                     | 11.3-24.5
half-term                            | 25.5-29.5
after easter                         | 13.4-17.7
easter holidays                      | 28.3-12.4
next term                            | 13.4-17.7
end of term                          | 23.3-27.3 ?
before the end of term               | 11.3-27.3
tmrw                                 | 12.3
tomoz                                | 12.3
2moro                                | 12.3
tomorrow morning                     | 12.3 08:00-12:00
day after tomorrow at half 3         | 13.3 =15:30
thurs                                | 12.3
thurs 2                              | 12.3 =14:00
tusday 3pm                           | 17.3 =15:00
weds pm                              | 18.3 12:00-17:00 ?
friday am                            | 13.3 08:00-12:00
3pm                                  | =15:00
3 p.m. tuesday                       | 17.3 =15:00
at 3                                 | =15:00
at 9                                 | =09:00
at 12                                | =12:00
@3                                   | =15:00
3 o'clock                            | =15:00
15.10                                | =15:10
2.30                                 | =14:30
14:30                                | =14:30
8:45 am                              | =08:45
10am tomorrow                        | 12.3 =10:00
3ish                                 | 14:30-15:30
around 3                             | 14:30-15:30
by 3                                 | -15:00
not before 3                         | 15:00-
between 2 and 3                      | 14:00-15:00
2-3pm                                | 14:00-15:00
2 to 4                               | 14:00-16:00
10 till 12                           | 10:00-12:00
from 9 to 11 on thursday             | 12.3 09:00-11:00
after 2 but before 4                 | 14:00-16:00
before 10 or after 2                 | -10:00 ; 14:00-
16 march                             | 16.3
3 march                              | 3.3 ?
3/3/26                               | 3.3 ?
12/4                                 | 12.4
25/03/2026                           | 25.3
2026-03-25                           | 25.3
25.3                                 | 25.3
april the 2nd                        | 2.4
5th of may                           | 5.5
the 12th                             | 12.3
the 3rd                              | 3.4
on the 18th at 2                     | 18.3 =14:00
tuesday 17 march                     | 17.3
tuesday 18 march                     | 18.3 ?
friday 13 march at 2.30pm            | 13.3 =14:30
16-18 march                          | 16.3-18.3
in may                               | 1.5-31.5
next month                           | 1.4-30.4
this week                            | 11.3-15.3
next week                            | 16.3-22.3
early next week                      | 16.3-17.3 ?
tuesday next week                    | 17.3
week after next                      | 23.3-29.3
week beginning 16 march              | 16.3-22.3
this weekend                         | 14.3-15.3
morning                              | 08:00-12:00
afternoon                            | 12:00-17:00
this afternoon at 2                  | 11.3 =14:00
tonight                              | 11.3 17:00-21:00
after school on friday               | 13.3 15:15-
12 noon on friday                    | 13.3 =12:00
tues or weds afternoon               | 17.3 12:00-17:00 ; 18.3 12:00-17:00 ?
thursday at 2 or 3                   | 12.3 =14:00 ; 12.3 =15:00
monday morning or thursday after 2   | 16.3 08:00-12:00 ; 12.3 14:00-
mon/tue                              | 16.3 ; 17.3
mon-fri                              | 16.3-20.3
monday to wednesday                  | 16.3-18.3
friday to monday                     | 13.3-16.3
any time friday                      | 13.3
until friday                         | 11.3-13.3
from monday                          | 16.3-27.3
saturday 10am                        | 14.3 =10:00
next week except friday              | 16.3-22.3 ; 13.3 !
he was sick yesterday and today      | 10.3 ; 11.3
can i see ms okafor tuesday after 3  | 17.3 15:00-
can i move it to 4                   | =16:00
"""
NOTHING = """
1;2;2.;option 3;12;the 2nd one;hello;he may be late;march up the hill;good morning;good afternoon miss;sat down;i sat with him;the sun is out
3 of us;3 children;year 3 trip;class 3;he is 3 years old;i have 2 kids in room 5;07700 900123;my number is 07700900123
£3.50;31/2;0/0;at 25;99/99/99;tomorrowland;i am here;in break
"""
OTHERS = """
es | el martes a las 3                | 17.3 =15:00
es | mañana por la mañana             | 12.3 08:00-12:00 ?
es | mi hijo no va hoy                | 11.3
es | quiero verla el 25 de marzo      | 25.3
pt | amanhã às 9 horas                | 12.3 =09:00
pt | dia 25 de março                  | 25.3
fr | vendredi à 15 heures             | 13.3 =15:00
fr | demain matin                     | 12.3 08:00-12:00
it | giovedì pomeriggio               | 12.3 12:00-17:00
pl | w czwartek o 15:30               | 12.3 =15:30
tr | yarın sabah                      | 12.3 08:00-12:00
ar | بكرة الساعة 3                    | 12.3 =15:00
zh | 明天下午三点                       | 12.3 =15:00
zh | 下周五                            | 20.3 ?
vi | ngày mai lúc 9 giờ               | 12.3 =09:00
so | berri subaxda                    | 12.3 08:00-12:00
so | isniinta 10:30                   | 16.3 =10:30
so | tomorrow after 3                 | 12.3 15:00- ?
sq | të martën në 10:30               | 17.3 =10:30
yo | ọ̀la                              | 12.3
ti | ጽባሕ ንግሆ                          | 12.3 08:00-12:00
ur | کل صبح                           | 12.3 08:00-12:00
bn | আগামীকাল বিকেলে                  | 12.3 12:00-17:00
"""


def rows(table: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("|")] for line in table.strip().splitlines()]


def written(when: When) -> str:
    parts = []
    if when.first and when.last:
        days = [f"{day.day}.{day.month}" for day in (when.first, when.last)]
        parts.append(days[0] if days[0] == days[1] else "-".join(days))
    if when.earliest or when.latest:
        hours = [f"{hour:%H:%M}" if hour else "" for hour in (when.earliest, when.latest)]
        parts.append("=" + hours[0] if hours[0] == hours[1] else "-".join(hours))
    return " ".join([*parts, *["!"] * when.excluded, *["?"] * (not when.certain)])


def understood(text: str, language: str = "en") -> str:
    found = find(clean(text), Context(NOW, language, (), TERMS))
    return " ; ".join(written(entity.value) for entity in found if isinstance(entity.value, When))


@pytest.mark.parametrize("text,expected", rows(ENGLISH), ids=lambda cell: cell)
def test_english_times_are_understood(text: str, expected: str) -> None:
    assert understood(text) == expected


@pytest.mark.parametrize("text", [text.strip() for text in re.split("[;\n]", NOTHING.strip())])
def test_what_is_no_time_is_left_alone(text: str) -> None:
    assert understood(text) == ""


@pytest.mark.parametrize("language,text,expected", rows(OTHERS), ids=lambda cell: cell)
def test_times_in_other_languages_are_understood(language: str, text: str, expected: str) -> None:
    pytest.importorskip("duckling")
    assert understood(text, language) == expected


def test_there_are_eighty_english_phrases() -> None:
    assert len(rows(ENGLISH)) >= 80


def test_without_terms_nothing_is_said_of_half_term() -> None:
    assert find("after half-term", Context(NOW)) == []


def test_february_has_its_leap_day() -> None:
    leap = Context(NOW.replace(year=2028, month=2, day=1))
    (entity,) = find("29 feb", leap)
    assert isinstance(entity.value, When)
    assert entity.value.first == date(2028, 2, 29)


@given(
    st.dates(date(2026, 3, 11), date(2026, 12, 31)),
    st.sampled_from(["{0.day}/{0.month}/{0.year}", "{0.day} {0:%B}", "{0:%B} {0.day}", "{0:%Y-%m-%d}", "{0.day}.{0.month}.{0.year}"]),
)
def test_a_written_day_reads_back_as_that_day(day: date, form: str) -> None:
    (entity,) = find(form.format(day), Context(NOW))
    assert isinstance(entity.value, When)
    if (day - NOW.date()).days <= 275:  # further ahead a date without a year may be the last one
        assert (entity.value.first, entity.value.last) == (day, day)


@given(st.integers(7, 18), st.integers(0, 59))
def test_a_clock_time_reads_back_as_that_time(hour: int, minute: int) -> None:
    (entity,) = find(f"at {hour}:{minute:02}", Context(NOW))
    assert isinstance(entity.value, When)
    assert entity.value.earliest == entity.value.latest == time(hour, minute)


@example(["the", "3", "-", "2", "this", "before", "may"])
@settings(max_examples=200)
@given(
    st.lists(
        st.sampled_from("monday tues next this week at 3 15.10 or not and before after the 12th half past lunch - / , 3/3 may to in 2 weeks pm".split()),
        max_size=8,
    )
)
def test_any_jumble_of_time_words_is_survived(pieces: list[str]) -> None:
    text = clean(" ".join(pieces))
    found = find(text, Context(NOW, "en", (), TERMS))
    for entity in found:
        assert text[entity.start : entity.end] == entity.text
        assert isinstance(entity.value, When)
        assert (entity.value.first is None) == (entity.value.last is None)
        assert entity.value.first is None or entity.value.last is None or entity.value.first <= entity.value.last
    assert all(left.end <= right.start for left, right in itertools.pairwise(found))


@settings(max_examples=100, deadline=None)
@given(st.text(st.characters(), max_size=120), st.sampled_from(["en", "es", "so", "zh", "xx"]))
def test_any_text_in_any_language_is_survived(text: str, language: str) -> None:
    find(clean(text), Context(NOW, language, (), TERMS))


@pytest.mark.parametrize(
    "text,values",
    [("two of us", [2]), ("3 people", [3]), ("me and 2 kids", [2]), ("one adult", [1]), ("one", []), ("at 3.30", []), ("07700900123", []), ("3/3", [])],
)
def test_numbers_of_people_are_found(text: str, values: list[int]) -> None:
    assert [entity.value for entity in numbers(text)] == values


@pytest.mark.parametrize(
    "language, text, earliest, latest",
    [
        ("es", "el jueves después de las 3", time(15), None),
        ("fr", "jeudi après 15h", time(15), None),
        ("pl", "w czwartek po 15", time(15), None),
        ("ro", "joi dupa ora 15", time(15), None),
        ("sq", "të enjten pas orës 15", time(15), None),
        ("tr", "perşembe saat 3ten sonra", time(15), None),
        ("ar", "يوم الخميس بعد الساعة 3", time(15), None),
        ("so", "khamiista 3 kadib", time(15), None),
        ("bn", "বৃহস্পতিবার ৩টার পরে", time(15), None),
        ("ur", "جمعرات کو 3 بجے کے بعد", time(15), None),
        ("vi", "thứ năm sau 3 giờ chiều", time(15), None),
        ("zh", "星期四下午3点以后", time(15), None),
        ("ti", "ሓሙስ ድሕሪ ሰዓት 3", time(15), None),
        ("pl", "w czwartek przed 11", None, time(11)),
        ("es", "el jueves a las tres", time(15), time(15)),
    ],
)
def test_hours_are_heard_in_other_languages(language: str, text: str, earliest: time | None, latest: time | None) -> None:
    (found,) = find(clean(text), Context(NOW, language))
    assert isinstance(found.value, When)
    assert found.value.first is not None
    assert found.value.first.weekday() == 3
    assert (found.value.earliest, found.value.latest) == (earliest, latest)


@pytest.mark.parametrize("language, text", [("fr", "à 3 enfants"), ("so", "3 carruur ah")])
def test_a_bare_number_is_no_hour(language: str, text: str) -> None:
    assert find(clean(text), Context(NOW, language)) == []


@pytest.mark.parametrize("language", ["sw", "so", "pl"])
def test_english_days_are_heard_from_everyone(language: str) -> None:
    (found,) = find(clean("can i see ms okafor tuesday 15:10"), Context(NOW, language))
    assert isinstance(found.value, When)
    assert found.value.first is not None
    assert (found.value.first.weekday(), found.value.earliest) == (1, time(15, 10))
