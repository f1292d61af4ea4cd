"""`bookbag broadcast`: what is asked for, what is said of it, and what is wrong with it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import func, select
from typer.testing import CliRunner, Result

from bot import cli
from data.broadcasts import Broadcast
from data.outbox import Lane, Message
from data.store import Store
from tests.standin.client import StandIn

Run = Callable[..., Result]


@pytest.fixture
def run(demo_sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command in the demo school, with these arguments."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BOOKBAG_DATABASE_URL", demo_sqlite_url)
    return lambda *arguments: CliRunner().invoke(cli.app, ["broadcast", *arguments])


@pytest.fixture
def store(demo_sqlite_url: str) -> Iterator[Store]:
    with closing(Store(demo_sqlite_url)) as opened:
        yield opened


def counted(store: Store, kind: type[Broadcast | Message]) -> int:
    with store.read() as session:
        return session.scalar(select(func.count()).select_from(kind)) or 0


def test_a_dry_run_says_what_it_would_come_to_and_sends_nothing(run: Run, store: Store) -> None:
    before = counted(store, Message)
    done = run("--to", "everyone", "--text", "The pool is closed.", "--urgent", "--dry-run")
    assert (done.exit_code, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[:3] == [
        "To Everyone: 42 messages.",
        "1 more has it on the phone of another who reads the same language.",
        "Not reached: Ilir Hoxha (no address)",
    ]
    assert "English: sms 12, telegram 1; 1 message part on SMS, £0.48" in lines
    assert any(line.startswith("Somali (not translated yet): ") for line in lines)
    assert lines[-2].startswith("Cost: £")
    assert lines[-1] == "Nothing was sent (dry run)."
    assert (counted(store, Broadcast), counted(store, Message)) == (0, before)


def test_it_is_sent_to_those_who_were_named(run: Run, store: Store) -> None:
    done = run("--to", "class:maple", "--text", "Bring a towel.", "--urgent")
    assert (done.exit_code, done.stdout.splitlines()[-1]) == (0, "Broadcast 1 is sending.")
    with store.read() as session:
        made = session.scalars(select(Broadcast)).one()
        lanes = session.scalars(select(Message.lane).where(Message.kind == "broadcast")).all()
    assert (made.text.words, made.is_urgent, made.state) == ("Bring a towel.", True, "sending")
    assert set(lanes) == {Lane.URGENT}


def test_a_script_reads_json(run: Run) -> None:
    done = run("--to", "language:so", "--text", "Bring a towel.", "--at", "2099-03-02 08:00", "--json")
    told = json.loads(done.stdout)
    assert (told["id"], told["state"], told["audience"]) == (1, "planned", "Those who read Somali")
    (somali,) = told["languages"]
    assert (somali["language"], somali["translated"], told["unreached"], told["held"]) == ("so", False, [], 0)
    assert told["messages"] == sum(somali["people"].values())
    assert told["pence"] == somali["pence"]


def test_the_words_may_stand_in_a_file(run: Run, store: Store, tmp_path: Path) -> None:
    (tmp_path / "news.txt").write_text("\ufeffBring a towel.\n", encoding="utf-8")
    assert run("--to", "group:helpers", "--file", "news.txt").exit_code == 0
    with store.read() as session:
        assert session.scalars(select(Broadcast)).one().text.words == "Bring a towel."


def test_it_is_measured_in_each_language_as_it_will_be_read(run: Run, providers: StandIn, monkeypatch: pytest.MonkeyPatch, store: Store) -> None:
    providers.reset()
    monkeypatch.setenv("BOOKBAG_TRANSLATION__PROVIDERS", "libretranslate")
    monkeypatch.setenv("BOOKBAG_TRANSLATION__LIBRETRANSLATE__URL", providers.url)
    for _ in range(2):
        told = json.loads(run("--to", "language:es", "--text", "Please bring a towel and £2.", "--dry-run", "--json").stdout)
    (spanish,) = told["languages"]
    assert spanish["translated"]
    assert "£2" in spanish["text"]
    assert "towel" not in spanish["text"]
    assert len(providers.log("libretranslate.translate")) == 1
    assert run("--to", "language:es", "--text", "Please bring a towel and £2.").exit_code == 0
    with store.read() as session:
        (translation,) = session.scalars(select(Broadcast)).one().text.translations
    assert (translation.state, translation.words is not None) == ("done", True)


def test_what_must_wait_for_someone_says_so(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOOKBAG_COSTS__MONTHLY_CAP_POUNDS", "1")
    dry = run("--to", "everyone", "--text", "Hello", "--dry-run")
    assert dry.stdout.splitlines()[-1] == "Nothing was sent (dry run). It would wait for someone's yes."
    assert " of £1.00." in dry.stdout
    assert run("--to", "everyone", "--text", "Hello").stdout.splitlines()[-1] == (
        "Broadcast 1 waits for a yes on the console: it costs more than the month may."
    )
    monkeypatch.setenv("BOOKBAG_BROADCASTS__SECOND_PERSON", "true")
    assert run("--to", "class:oak", "--text", "Hello").stdout.splitlines()[-1] == "Broadcast 2 waits for a second person's yes on the console."


@pytest.mark.parametrize(
    "arguments, faults",
    [
        (["--to", "everyone"], ["--text, --file: give one of them"]),
        (["--to", "everyone", "--text", "Hello", "--file", "x"], ["--text, --file: give one of them"]),
        (["--to", "everyone", "--file", "none.txt"], ["--file: none.txt cannot be read (No such file or directory)"]),
        (["--to", "everyone", "--text", "  "], ["--text: there are no words"]),
        (
            ["--to", "all", "--text", "Hello"],
            ["--to: 'all' is no audience; it could be everyone, class:NAME, group:NAME, event:ID, language:TAG, unanswered:ID"],
        ),
        (["--to", "class:mapel", "--text", "Hello"], ["--to: there is no class 'mapel'; it could be class:Maple"]),
        (
            ["--to", "event:999", "--text", "Hello"],
            ["--to: there is no event '999'; it could be event:1 (Coffee morning), event:2 (Makaton workshop), event:3 (Class concert)"],
        ),
        (["--to", "everyone", "--text", "Hello", "--at", "2020-03-02 08:00"], ["--at: 2020-03-02 08:00 is over"]),
        (["--to", "everyone", "--text", "Hello", "--at", "2099-03-29 01:30"], ["--at: the clocks go forward on 2099-03-29, and never show 01:30"]),
        (
            ["--to", "class:x", "--at", "tomorrow"],
            [
                "--text, --file: give one of them",
                "--at: 'tomorrow' is no time such as '2026-03-02 08:00' or 08:00, on the school's clock",
                "--to: there is no class 'x'",
            ],
        ),
        (
            ["--to", "everyone", "--text", "Hello", "--at", "2099-03-02T08:00+00:00"],
            ["--at: '2099-03-02T08:00+00:00' is no time such as '2026-03-02 08:00' or 08:00, on the school's clock"],
        ),
        (
            ["--to", "everyone", "--text", "Hello", "--at", "2099-03-02"],
            ["--at: '2099-03-02' is no time such as '2026-03-02 08:00' or 08:00, on the school's clock"],
        ),
        (
            ["--to", "everyone", "--text", "Hello", "--at", "08Z"],
            ["--at: '08Z' is no time such as '2026-03-02 08:00' or 08:00, on the school's clock"],
        ),
    ],
)
def test_bad_usage_exits_2_with_a_line_for_each_fault(run: Run, store: Store, arguments: list[str], faults: list[str]) -> None:
    done = run(*arguments)
    assert (done.exit_code, done.stdout, done.stderr.splitlines()) == (2, "", faults)
    assert counted(store, Broadcast) == 0
