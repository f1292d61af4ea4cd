"""`bookbag questionnaire`: a file checked and opened, its results, the list, the end; and the files that Bookbag brings along."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select
from typer.testing import CliRunner, Result

from bot import cli
from bot.clock import now
from data.outbox import Message
from data.questionnaires import Questionnaire, Respondent
from data.store import Store
from school import School, questionnaire_clock, questionnaires, responses
from school.questionnaire_file import read, shipped_files
from school.questionnaire_form import Privacy, faults
from school.responses import SKIPPED, Given
from tests.school.small import MONDAY, unedited

Run = Callable[..., Result]
NAMED = """title: The pool
answers: named
to: class:Maple
questions:
  - {id: swims, ask: "Does your child swim?", kind: yes_no}
  - {id: why, ask: "Why?", kind: text, optional: yes}
"""


@pytest.fixture
def run(demo_sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command in the demo school, with these arguments."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BOOKBAG_DATABASE_URL", demo_sqlite_url)
    (tmp_path / "pool.yml").write_text(NAMED)
    return lambda *arguments, **more: CliRunner().invoke(cli.app, ["questionnaire", *arguments], **more)


@pytest.fixture
def store(demo_sqlite_url: str) -> Iterator[Store]:
    with closing(Store(demo_sqlite_url)) as opened:
        yield opened


def asked(store: Store) -> int:
    with store.read() as session:
        return session.scalar(select(func.count()).where(Message.kind == "questionnaire")) or 0


@pytest.mark.parametrize("name", ["event", "first_weeks", "interpreter", "policy", "training", "yearly"])
def test_a_questionnaire_that_comes_along_can_be_asked(name: str) -> None:
    form = read(unedited(MONDAY), shipped_files()[name])
    assert faults(form) == []
    assert (form.privacy is Privacy.NAMED) == (name in {"first_weeks", "interpreter"})
    assert len(form.questions) == {"event": 2, "yearly": 10}.get(name, len(form.questions))
    assert all(len(asked.ask) <= 90 and len(choice) <= 25 for asked in form.questions for choice in [*asked.choices, ""])


def test_those_that_come_along_are_these_six() -> None:
    assert list(shipped_files()) == ["event", "first_weeks", "interpreter", "policy", "training", "yearly"]


def test_a_file_is_opened_once_someone_has_said_yes(run: Run, store: Store) -> None:
    done = run("open", "pool.yml", input="n\n")
    assert (done.exit_code, asked(store)) == (1, 0)
    assert "To Maple class: 7 adults, until " in done.stdout
    assert done.stderr == "Nobody was asked.\n"
    closes_on = f"{now().date() + timedelta(days=60)}"
    done = run("open", "pool.yml", "--closes", closes_on, input="y\n")
    assert (done.exit_code, done.stdout.splitlines()[-1], asked(store)) == (0, "Questionnaire 1 is open: 7 adults will be asked.", 7)
    with store.read() as session:
        assert str(session.scalars(select(Questionnaire.closes_on)).one()) == closes_on


def test_nobody_at_the_keyboard_is_told_of_yes(run: Run, store: Store) -> None:
    done = run("open", "event")
    assert (done.exit_code, asked(store)) == (1, 0)
    assert "say --yes" in done.stderr
    assert run("open", "event", "--yes").exit_code == 0


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["open", "none.yml", "--yes"], "none.yml cannot be read (No such file or directory). Ready to be taken are: event, first_weeks"),
        (["open", "pool.yml", "--yes", "--closes", "soon"], "--closes: 'soon' is no day such as 2026-03-20"),
        (["open", "pool.yml", "--yes", "--closes", "2020-01-01"], "--closes 2020-01-01: It would close before it opens."),
        (["open", "bad.yml", "--yes"], "bad.yml line 4, question 'a': 'kind' must be one of yes/no, choice,"),
        (["check", "bad.yml"], "bad.yml line 5, question 'b': It hangs on 'c', which is no earlier question."),
        (["results", "7"], "there is no questionnaire 7; there is none yet"),
        (["close", "7"], "there is no questionnaire 7"),
    ],
)
def test_what_is_wrong_is_said(run: Run, tmp_path: Path, arguments: list[str], words: str) -> None:
    (tmp_path / "bad.yml").write_text(
        "title: x\nto: everyone\nquestions:\n  - {id: a, ask: A, kind: choise}\n  - {id: b, ask: B, kind: text, only if: {c: [1]}}\n"
    )
    done = run(*arguments)
    assert done.exit_code == 2
    assert words in done.stderr


def test_a_file_is_checked_and_nobody_is_asked(run: Run, store: Store) -> None:
    done = run("check", "pool.yml")
    assert (done.exit_code, done.stdout) == (
        0,
        "The pool: 2 questions, named, for each adult, open for 14 days.\nTo Maple class. It can be opened.\n",
    )
    assert asked(store) == 0


def test_results_are_a_table_json_or_a_sheet(run: Run, store: Store) -> None:
    assert run("open", "pool.yml", "--yes").exit_code == 0
    with store.write() as session:
        school = School(session, now())
        respondent = session.scalars(select(Respondent).join(Respondent.adult).where(Respondent.adult.has(name="Amina Yusuf"))).one()
        swims, why = respondent.questionnaire.questions
        responses.keep(school, respondent, swims, Given(("yes",)), "en")
        responses.keep(school, respondent, why, Given(words="=2+2"), "en")
        responses.finish(school, respondent)
    table = run("results", "1")
    assert table.exit_code == 0
    assert "Asked: 7. Finished: 1 (14%)." in table.stdout
    assert "Amina Yusuf" in table.stdout
    told = json.loads(run("results", "1", "--json").stdout)
    assert (told["asked"], told["finished"], told["questions"][0]["choices"][0]) == (7, 1, {"answer": "Yes", "count": 1, "share": 1.0})
    assert {"name": "Amina Yusuf", "child": None, "state": "finished", "answers": {"swims": ["Yes"], "why": ["=2+2"]}} in told["people"]
    rows = list(csv.reader(io.StringIO(run("results", "1", "--csv").stdout.removeprefix("\ufeff"))))
    assert rows[0] == ["name", "child", "state", "Does your child swim?", "Why?", "Why? (as written)"]
    assert ["Amina Yusuf", "", "finished", "Yes", "'=2+2", ""] in rows, "no spreadsheet calculates it"
    assert (run("results", "1", "--csv", "--json").exit_code, len(rows)) == (2, 8)


def test_of_a_private_one_the_sheet_holds_figures_and_no_name(run: Run, store: Store) -> None:
    assert run("open", "event", "--yes").exit_code == 0
    assert "Nobody has answered all of it yet." in run("results", "1").stdout
    with store.write() as session:
        school = School(session, now())
        for respondent in session.scalars(select(Respondent).limit(6)):
            good, better = respondent.questionnaire.questions
            responses.keep(school, respondent, good, Given(("5",)), "en")
            responses.keep(school, respondent, better, SKIPPED, "en")
            responses.finish(school, respondent)
        questionnaires.close(school, None, session.get_one(Questionnaire, 1))
        questionnaire_clock.due(school)
    rows = list(csv.reader(io.StringIO(run("results", "1", "--csv").stdout.removeprefix("\ufeff"))))
    assert ["How was the event for you?", "Very good", "6", "1.0", "", ""] in rows
    assert "people" not in json.loads(run("results", "1", "--json").stdout)


def test_they_are_listed_and_closed(run: Run) -> None:
    assert "There are none." in run("list").stdout
    run("open", "pool.yml", "--yes")
    assert "The pool" in run("list").stdout
    assert run("close", "1").exit_code == 0
    again = run("close", "1")
    assert (again.exit_code, again.stderr) == (2, "questionnaire 1 is not open: it is closed already\n")
    assert json.loads(run("list", "--json").stdout)[0]["state"] == "closed"
