"""Figures of a questionnaire: what is counted, what is withheld, and that nobody is worked out from what is told."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from itertools import pairwise, product

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import select

from data.outbox import Message
from data.people import Adult, Child, Guardianship, SchoolClass
from data.questionnaires import Answered, Question, Questionnaire
from data.texts import Text
from school import School, questionnaire_clock, questionnaire_results, questionnaires, responses, texts
from school.questionnaire_form import Asked, Form, Per, Privacy, QuestionKind
from school.questionnaire_rates import Group, apart
from school.questionnaire_results import Bin, Numbers, Results, Withheld, bins
from school.responses import SKIPPED, Given, RespondentState

ASKED = [
    Asked("happy", "How happy is your child?", QuestionKind.SCALE, scale="happy"),
    Asked("why", "What would make it better?", QuestionKind.TEXT, is_optional=True, only_if={"happy": ["1", "2"]}),
    Asked("clubs", "Which clubs?", QuestionKind.SEVERAL, ("Cooking", "Music", "Swimming"), takes_other=True, is_optional=True),
    Asked("visits", "How many visits?", QuestionKind.NUMBER),
    Asked("since", "Since when?", QuestionKind.DATE),
]


def a_form(privacy: Privacy = Privacy.NAMED, per: Per = Per.ADULT) -> Form:
    return Form("Your year", ASKED, per=per, privacy=privacy)


def a_school(school: School, **classes: str) -> list[Adult]:
    """A parent and a child for each word of a class's languages: Maple='en en so'."""
    made = []
    for name, languages in classes.items():
        school_class = SchoolClass(name=name)
        for number, language in enumerate(languages.split()):
            adult, child = Adult(name=f"{name} parent {number}", language=language), Child(name=f"{name} child {number}", school_class=school_class)
            school.session.add_all([adult, child])
            school.session.flush()
            school.session.add(Guardianship(adult_id=adult.id, child_id=child.id))
            made.append(adult)
    school.session.flush()
    return made


def opened(school: School, form: Form) -> Questionnaire:
    made = questionnaires.make(school, None, form)
    questionnaires.open_up(school, None, made)
    return made


HAPPY = {"happy": Given(("4",)), "clubs": Given(("1", "3")), "visits": Given(number=3), "since": Given(on=date(2026, 1, 14))}


def finish(school: School, adult: Adult, answers: Mapping[str, Given] = HAPPY) -> None:
    respondent = responses.of_adult(school, adult)[0]
    for question in respondent.questionnaire.questions:
        if question.key in answers:
            responses.keep(school, respondent, question, answers[question.key], adult.language)
    responses.finish(school, respondent)


def closed(school: School, made: Questionnaire) -> Results:
    questionnaires.close(school, None, made)
    questionnaire_clock.due(school)
    return questionnaire_results.results(school, made)


def question(made: Questionnaire, key: str) -> Question:
    return next(each for each in made.questions if each.key == key)


def test_each_question_is_counted(school: School) -> None:
    adults = a_school(school, Maple="en en en en")
    made = opened(school, a_form())
    unhappy = {"happy": Given(("1",)), "why": SKIPPED, "clubs": SKIPPED, "visits": Given(number=10), "since": Given(on=date(2026, 1, 12))}
    sad = unhappy | {"why": Given(words="More time"), "clubs": Given(("2", "other"), words="Art"), "visits": Given(number=4)}
    for adult, answers in zip(adults, (HAPPY, unhappy, sad), strict=False):
        finish(school, adult, answers)
    half = responses.of_adult(school, adults[3])[0]
    responses.keep(school, half, made.questions[0], Given(("5",)), "en")
    told = questionnaire_results.results(school, made)
    assert (told.asked, told.finished, told.counted, told.withheld) == (4, 3, 3, None)
    happy, why, clubs, visits, since = told.questions
    assert (happy.counts, happy.answered) == ({"1": 2, "2": 0, "3": 0, "4": 1, "5": 0}, 3)
    assert happy.share("1") == pytest.approx(2 / 3)
    assert (why.answered, why.left_out, why.not_asked, why.words) == (1, 1, 1, 1)
    assert (clubs.counts, clubs.answered, clubs.left_out, clubs.words) == ({"1": 1, "2": 1, "3": 1, "other": 1}, 2, 1, 1)
    assert visits.numbers == Numbers(3, 4.0, 17 / 3, 10)
    assert (since.by, since.bins) == ("week", [Bin(date(2026, 1, 12), date(2026, 1, 18), 3)])


def test_days_far_apart_are_told_by_month(school: School) -> None:
    adults = a_school(school, Maple="en en")
    made = opened(school, a_form())
    finish(school, adults[0])
    finish(school, adults[1], HAPPY | {"since": Given(on=date(2025, 2, 28))})
    since = questionnaire_results.results(school, made).questions[-1]
    assert (since.by, since.bins) == ("month", [Bin(date(2025, 2, 1), date(2025, 2, 28), 1), Bin(date(2026, 1, 1), date(2026, 1, 31), 1)])


def test_nothing_is_told_of_fewer_than_five(school: School) -> None:
    adults = a_school(school, Maple="en en en en en en")
    made = questionnaires.make(school, None, a_form(Privacy.PRIVATE))
    assert questionnaire_results.results(school, made).withheld is Withheld.DRAFT
    questionnaires.open_up(school, None, made)
    assert questionnaire_results.results(school, made).withheld is Withheld.NOBODY
    for adult in adults[:4]:
        finish(school, adult)
    told = closed(school, made)
    assert (told.withheld, told.counted, told.questions, told.finished) == (Withheld.TOO_FEW, 0, (), 4)


@pytest.mark.parametrize("privacy", [Privacy.PRIVATE, Privacy.ANONYMOUS])
def test_of_five_all_is_told_once_their_answers_are_opened(school: School, privacy: Privacy) -> None:
    adults = a_school(school, Maple="en en en en en en")
    made = opened(school, a_form(privacy))
    answer_all(school, made, adults[:5])
    told = questionnaire_results.results(school, made)
    assert (told.withheld, told.finished) == (Withheld.NOT_OPENED, 5)
    told = closed(school, made)
    assert (told.withheld, told.counted, told.questions[0].counts["4"]) == (None, 5, 5)


def answer_all(school: School, made: Questionnaire, adults: Sequence[Adult]) -> None:
    page = responses.page(school, made)
    for adult in adults:
        if made.privacy != Privacy.ANONYMOUS:
            finish(school, adult)
        else:
            assert page.link is not None
            responses.answer_page(school, page.path_for(adult, Message()).removeprefix("/q/"), HAPPY)


def test_an_answer_that_is_still_being_given_does_not_count(school: School) -> None:
    adults = a_school(school, Maple="en " * 11)
    made = opened(school, a_form(Privacy.PRIVATE))
    answer_all(school, made, adults[:10])
    questionnaire_clock.due(school)
    half = responses.of_adult(school, adults[10])[0]
    responses.keep(school, half, made.questions[0], Given(("1",)), "en")
    told = questionnaire_results.results(school, made)
    assert (told.counted, told.questions[0].answered, told.questions[0].counts["1"]) == (5, 5, 0)


def test_a_number_that_few_gave_is_not_told(school: School) -> None:
    adults = a_school(school, Maple="en " * 6)
    asked = [Asked("a", "A?", QuestionKind.YES_NO), Asked("b", "B?", QuestionKind.NUMBER, only_if={"a": ["yes"]})]
    made = opened(school, Form("x", asked, privacy=Privacy.PRIVATE))
    for place, adult in enumerate(adults):
        finish(school, adult, {"a": Given(("yes",)), "b": Given(number=7)} if place < 4 else {"a": Given(("no",))})
    number = closed(school, made).questions[1]
    assert (number.answered, number.not_asked, number.numbers, number.bins) == (4, 2, None, ())


# How many have finished


def test_of_a_named_one_every_group_is_told(school: School) -> None:
    adults = a_school(school, Maple="en en", Oak="so")
    made = opened(school, a_form())
    finish(school, adults[0])
    told = questionnaire_results.results(school, made)
    assert [(told.class_names[group.value], group.asked, group.finished) for group in told.by_class] == [("Maple", 2, 1), ("Oak", 1, 0)]
    assert [(group.value, group.asked, group.finished) for group in told.by_language] == [("en", 2, 1), ("so", 1, 0)]


def test_of_a_private_one_small_groups_are_told_together(school: School) -> None:
    adults = a_school(school, Maple="en en en so so so", Oak="en en en en en en en", Elm="en pl")
    made = opened(school, a_form(Privacy.PRIVATE))
    answer_all(school, made, [*adults[:2], *adults[6:8]])
    told = questionnaire_results.results(school, made)
    assert (told.asked, told.finished) == (15, 4)
    assert [(told.class_names.get(group.value), group.asked, group.finished) for group in told.by_class] == [("Oak", 7, 2), (None, 8, 2)]
    assert told.by_language == (), "three and one who read another language are too few, and so all are one"


def test_of_few_it_is_not_told_who_have_finished(school: School) -> None:
    adults = a_school(school, Maple="en en en en")
    made = opened(school, a_form(Privacy.PRIVATE))
    finish(school, adults[0])
    told = questionnaire_results.results(school, made)
    assert (told.asked, told.finished, told.share) == (4, None, None)


def test_a_family_counts_once(school: School) -> None:
    adults = a_school(school, Maple="en en", Oak="so")
    child = school.session.scalars(select(Child).where(Child.name == "Oak child 0")).one()
    school.session.add(Guardianship(adult_id=adults[0].id, child_id=child.id))
    school.session.flush()
    school.session.expire_all()
    made = opened(school, a_form(per=Per.FAMILY))
    finish(school, adults[0])
    told = questionnaire_results.results(school, made)
    assert (told.asked, told.finished) == (2, 1)
    assert [(group.value, group.asked, group.finished) for group in told.by_language] == [("en", 1, 0), ("", 1, 1)], "they read two languages"


def test_an_adult_is_counted_about_each_child(school: School) -> None:
    adults = a_school(school, Maple="en", Oak="so so so so")
    oak = school.session.scalars(select(Child).where(Child.name.startswith("Oak")).order_by(Child.id)).all()
    school.session.add_all(Guardianship(adult_id=adults[0].id, child_id=child.id) for child in oak)
    school.session.flush()
    school.session.expire_all()
    made = opened(school, a_form(Privacy.PRIVATE, Per.CHILD))
    finish(school, adults[0])
    told = questionnaire_results.results(school, made)
    assert (told.asked, told.finished) == (9, 1), "one is asked about five children"
    assert told.by_language == (), "nine answers, but four and one people"


def test_pages_are_counted_by_what_was_written_down(school: School) -> None:
    adults = a_school(school, Maple="en en en so so so so so", Oak="en en en en en en en")
    made = opened(school, a_form(Privacy.ANONYMOUS))
    answer_all(school, made, [*adults[:1], *adults[6:9]])
    told = questionnaire_results.results(school, made)
    assert (told.asked, told.finished) == (15, 4)
    assert sorted((told.class_names[group.value], group.asked, group.finished) for group in told.by_class) == [("Maple", 8, 3), ("Oak", 7, 1)]
    assert sorted((group.value, group.asked, group.finished) for group in told.by_language) == [("en", 10, 2), ("so", 5, 2)]


SIZES = st.lists(st.integers(1, 7), min_size=1, max_size=3)


@given(SIZES, st.booleans())
@example([5, 6, 7], False)
@example([4, 5, 6], True)
@example([1, 9], False)
def test_whether_someone_has_answered_is_never_worked_out(sizes: list[int], has_rest: bool) -> None:
    """One who knows the rule and the size of each group goes through all that could be so: in none must a group be known to have answered as one."""
    names = ["" if has_rest and place == 0 else f"g{place}" for place in range(len(sizes))]
    possible: dict[object, list[tuple[int, ...]]] = defaultdict(list)
    for finished in product(*(range(size + 1) for size in sizes)):
        told = apart([Group(name, size, size, count) for name, size, count in zip(names, sizes, finished, strict=True)])
        possible[frozenset((group.value, group.asked, group.finished) for group in told)].append(finished)
    for worlds in possible.values():
        if 0 < sum(worlds[0]) < sum(sizes) >= 5:  # how many have finished of all is told, where those are enough
            for place, size in enumerate(sizes):
                known = {world[place] for world in worlds}
                assert known not in ({0}, {size})
                assert size >= 5 or len(known) > 1


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=6))
def test_groups_that_are_told_apart_are_large_and_mixed_and_lose_nobody(counts: list[tuple[int, int]]) -> None:
    groups = [Group(f"g{place}", asked + done, asked + done, done) for place, (asked, done) in enumerate(counts) if asked + done]
    told = apart(groups)
    assert sum(group.finished for group in told) == sum(group.finished for group in groups)
    assert sum(group.asked for group in told) == sum(group.asked for group in groups)
    assert all(group.people >= 5 and 0 < group.finished < group.asked for group in told) or len(told) <= 1


@given(st.lists(st.tuples(st.integers(-2_000_000_000, 2_000_000_000), st.integers(1, 5)), min_size=1, max_size=20, unique_by=lambda pair: pair[0]))
@example([(0, 1), (1, 1)])
def test_every_number_lies_in_one_bin(counts: list[tuple[int, int]]) -> None:
    counts = sorted(counts)
    found = bins(counts)
    assert len(found) <= questionnaire_results.MOST_BINS
    assert sum(each.count for each in found) == sum(count for _, count in counts)
    edges = [(each.first, each.last) for each in found if isinstance(each.first, int) and isinstance(each.last, int)]
    assert len(edges) == len(found)
    assert all(last + 1 == first for (_, last), (first, _) in pairwise(edges))


# In their own words


UNHAPPY = HAPPY | {"happy": Given(("1",))}


@pytest.fixture
def asked_in_three_languages(school: School) -> Questionnaire:
    """Six read English, six Somali, one Polish; all have finished, and each says in which language."""
    adults = a_school(school, Maple="en en en en en en so so so so so so pl")
    made = opened(school, a_form(Privacy.PRIVATE))
    for place, adult in enumerate(adults):
        finish(school, adult, UNHAPPY | {"why": Given(words=f"{adult.language} words {place}")})
    questionnaires.close(school, None, made)
    questionnaire_clock.due(school)
    return made


def test_words_are_shown_with_a_language_that_names_nobody(school: School, asked_in_three_languages: Questionnaire) -> None:
    made = asked_in_three_languages
    told = questionnaire_results.results(school, made)
    words = questionnaire_results.said(school, told, question(made, "why"))
    assert (words.count, words.hidden, told.questions[1].words) == (12, 1, 13), "the Polish one has no English yet"
    assert {(each.language, each.original[:8]) for each in words.shown} == {("", ""), ("so", "so words")}
    assert questionnaire_results.said(school, told, question(made, "why"), "pl words").count == 0
    assert questionnaire_results.said(school, told, question(made, "why"), "SO WORDS").count == 6


def test_a_translation_does_not_tell_that_it_is_one(school: School, asked_in_three_languages: Questionnaire) -> None:
    for text in school.session.scalars(select(Text).join(Answered, Answered.text_id == Text.id).where(Text.language != "en")):
        translation = text.translation("en")
        assert translation is not None, "what families write is wanted in English"
        texts.translated(translation, f"English of {text.words}", "google_cloud")
    school.session.flush()
    told = questionnaire_results.results(school, asked_in_three_languages)
    words = questionnaire_results.said(school, told, question(asked_in_three_languages, "why"), "english of")
    assert (words.count, words.hidden) == (7, 0)
    polish = next(each for each in words.shown if "pl words" in each.reading.words)
    assert (polish.original, polish.language, polish.reading.is_machine) == ("", "", False)
    assert {each.reading.is_machine for each in words.shown if each is not polish} == {True}


def test_pages_of_words_hold_each_once_and_not_as_they_came_in(school: School, asked_in_three_languages: Questionnaire) -> None:
    told = questionnaire_results.results(school, asked_in_three_languages)
    whole = questionnaire_results.said(school, told, question(asked_in_three_languages, "why")).shown
    pages = [questionnaire_results.said(school, told, question(asked_in_three_languages, "why"), start=start, limit=5).shown for start in (0, 5, 10)]
    assert [each for page in pages for each in page] == list(whole)
    kept = school.session.scalars(select(Text.words).join(Answered, Answered.text_id == Text.id).order_by(Text.id)).all()
    assert [each.reading.words for each in whole] != [words for words in kept if not words.startswith("pl")]


# By name


def test_of_a_named_one_it_is_told_who_answered_what(school: School) -> None:
    adults = a_school(school, Maple="so en")
    made = opened(school, a_form())
    finish(school, adults[0], UNHAPPY | {"why": Given(words="Waqti badan")})
    first, second = questionnaire_results.people(school, made)
    assert (first.respondent.adult, first.respondent.state) == (adults[0], RespondentState.FINISHED)
    assert [row.choice for row in first.answers["clubs"]] == ["1", "3"]
    text = first.answers["why"][0].text
    assert text is not None
    assert texts.is_awaited(text, "en"), "staff read it in English"
    assert (second.respondent.adult, second.answers) == (adults[1], {})


@pytest.mark.parametrize("privacy", [Privacy.PRIVATE, Privacy.ANONYMOUS])
def test_of_others_nobody_is(school: School, privacy: Privacy) -> None:
    adults = a_school(school, Maple="en " * 6)
    made = opened(school, a_form(privacy))
    answer_all(school, made, adults)
    closed(school, made)
    assert questionnaire_results.people(school, made) == ()
