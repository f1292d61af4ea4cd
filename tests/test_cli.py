import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot import cli

ROOT = Path(__file__).parent.parent
HEAVY = ("sqlalchemy", "telegram", "sklearn", "numpy", "fastapi", "pydantic", "structlog", "alembic", "twilio", "yaml")
COMMANDS = [
    "run",
    "chat",
    "attention",
    "nlu",
    "config check",
    "db upgrade",
    "db backup",
    "db restore",
    "db erased",
    "import families",
    "import staff",
    "import terms",
    "import events",
    "import packs",
    "staff add",
    "broadcast",
    "questionnaire open",
    "questionnaire check",
    "questionnaire results",
    "questionnaire list",
    "questionnaire close",
    "family list",
    "whatsapp setup",
    "bench turns",
    "bench load",
    "bench peers",
    "bench all",
    "bench broadcast",
    "bench questionnaire",
    "bench console",
]

runner = CliRunner()


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with nothing in it, so that no config.yml is found, and an environment without settings of ours."""
    import os

    for name in [name for name in os.environ if name.startswith("BOOKBAG_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_help_answers_at_once() -> None:
    times = []
    for _ in range(5):
        started = time.perf_counter()
        done = subprocess.run([sys.executable, "-m", "bot.cli", "--help"], cwd=ROOT, capture_output=True, text=True, check=True)
        times.append(time.perf_counter() - started)
    assert "Usage: bookbag" in done.stdout
    assert min(times) < 0.3


def test_nothing_heavy_is_imported_before_a_command_runs() -> None:
    script = f"import bot.cli, sys; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_version_is_told() -> None:
    done = runner.invoke(cli.app, ["--version"])
    assert done.exit_code == 0
    assert done.output == "bookbag 0.1.0\n"


@pytest.mark.parametrize("command", [command for command in COMMANDS if command != "nlu"])
def test_every_command_explains_itself(command: str) -> None:
    done = runner.invoke(cli.app, [*command.split(), "--help"])
    assert done.exit_code == 0
    assert "Usage:" in done.output


@pytest.mark.parametrize(
    "arguments", [["nonsense"], ["run", "--nonsense"], ["chat"], ["staff", "add", "a@b.example", "--name", "A", "--role", "king"], ["run", "--port", "0"]]
)
def test_bad_usage_exits_2(arguments: list[str]) -> None:
    done = runner.invoke(cli.app, arguments)
    assert done.exit_code == 2
    assert done.stderr


def test_whoever_is_added_to_the_staff_is_let_in_by_a_link(elsewhere: Path) -> None:
    arguments = ["staff", "add", "office@school.example", "--name", "Mrs Doyle", "--role", "office"]
    done = runner.invoke(cli.app, arguments, env={"BOOKBAG_PUBLIC_URL": "https://bookbag.school.example/"})
    assert done.exit_code == 0
    token = done.stdout.split()[-1].removeprefix("https://bookbag.school.example/console/in/")

    from bot.clock import now
    from data.store import Store
    from school import School, accounts

    store = Store("sqlite:///var/bookbag.db")
    with store.write() as session:
        assert accounts.use_link(School(session, now()), token).name == "Mrs Doyle"
    store.close()
    again = runner.invoke(cli.app, arguments)
    assert (again.exit_code, again.stderr) == (2, "'office@school.example' is there already\n")


def test_good_settings_exit_0_and_say_what_is_off() -> None:
    done = runner.invoke(cli.app, ["config", "check"])
    assert done.exit_code == 0
    assert "telegram is off: telegram.token is not set" in done.stdout
    assert done.stderr == ""


def test_bad_settings_exit_2_with_a_line_for_each_fault(elsewhere: Path) -> None:
    (elsewhere / "config.yml").write_text("twilio:\n  sms_form: 1\n  mode: x\n")
    done = runner.invoke(cli.app, ["config", "check"])
    assert done.exit_code == 2
    assert done.stderr.splitlines() == [
        "config.yml line 2: twilio.sms_form is not a setting; did you mean sms_from?",
        "config.yml line 3: twilio.mode must be one of 'webhook' or 'polling'",
    ]


@pytest.mark.parametrize("how", ["option", "environment"])
def test_a_settings_file_can_be_named(elsewhere: Path, how: str) -> None:
    (elsewhere / "other.yml").write_text("nonsense: 1\n")
    named = ["--config", "other.yml"] if how == "option" else []
    done = runner.invoke(cli.app, ["config", "check", *named], env={"BOOKBAG_CONFIG": "other.yml"} if how == "environment" else {})
    assert done.exit_code == 2
    assert done.stderr.startswith("other.yml line 1: nonsense is not a setting")


def test_a_settings_file_that_is_not_there_exits_2() -> None:
    done = runner.invoke(cli.app, ["config", "check", "--config", "none.yml"])
    assert done.exit_code == 2
    assert done.stderr == "none.yml: cannot be read: No such file or directory\n"


def test_a_calendar_file_is_taken_in_or_every_fault_is_named(elsewhere: Path) -> None:
    event = "BEGIN:VEVENT\r\nUID:1\r\nSUMMARY:Concert\r\nDTSTART;TZID=Europe/London:20990320T140000\r\nEND:VEVENT\r\n"
    file = elsewhere / "calendar.ics"
    file.write_bytes(f"BEGIN:VCALENDAR\r\n{event}END:VCALENDAR\r\n".encode())
    done = runner.invoke(cli.app, ["import", "events", str(file)])
    assert (done.exit_code, done.stdout.splitlines()[0]) == (0, "new     Concert, 2099-03-20, a draft: open it in the console")
    file.write_bytes(file.read_bytes().replace(b"20990320", b"20010320"))
    done = runner.invoke(cli.app, ["import", "events", str(file), "--dry-run"])
    assert (done.exit_code, done.stdout.splitlines()[0]) == (0, "Note: over by now, and left out: 1 event of the file")
    file.write_bytes(file.read_bytes().replace(b"20010320", b"20990231"))
    done = runner.invoke(cli.app, ["import", "events", str(file)])
    assert done.exit_code == 2
    assert "Concert" in done.stderr
    assert "Nothing was imported" in done.stderr


def test_a_list_of_packs_is_taken_in_or_every_fault_is_named(elsewhere: Path) -> None:
    file, words = elsewhere / "packs.csv", ["import", "packs", "packs.csv"]
    file.write_text("title,skills,items,copies\nFirst words,communication,cards | 24; book,2\n,juggling,,\n", encoding="utf-8")
    refused = runner.invoke(cli.app, words)
    assert (refused.exit_code, "line 3, skills: 'juggling' is no skill I know" in refused.stderr) == (2, True)
    file.write_text("title,skills,items,copies\nFirst words,communication,cards | 24; book,2\n", encoding="utf-8")
    assert "new     First words: 2 items, 2 copies" in runner.invoke(cli.app, words).stdout
    assert "1 as before" in runner.invoke(cli.app, words).stdout


def test_a_file_to_import_that_is_not_there_exits_2() -> None:
    done = runner.invoke(cli.app, ["import", "families", "none.csv"])
    assert done.exit_code == 2
    assert done.stderr.startswith("none.csv file: cannot be read")


@pytest.mark.parametrize("given, expected", [(None, 0), (0, 0), (2, 2)])
def test_a_command_ends_with_the_code_of_its_work(monkeypatch: pytest.MonkeyPatch, given: int | None, expected: int) -> None:
    from bot import people

    monkeypatch.setattr(people, "list_families", lambda _settings, as_json: given if as_json else 1)
    assert runner.invoke(cli.app, ["family", "list", "--json"]).exit_code == expected


def test_a_database_that_is_away_is_one_line_and_1(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    class DatabaseAway(Exception):
        pass

    def away(**_: object) -> None:
        raise DatabaseAway

    monkeypatch.setattr(cli, "app", away)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 1
    assert capsys.readouterr().err.startswith("The database cannot be reached")


def test_each_expected_error_exists_under_its_name() -> None:
    import data.migrate
    import data.store

    expected = {data.store.DatabaseAway, data.migrate.NewerDatabase, data.restore.HalfRestored}
    assert {error.__name__ for error in expected} == set(cli.EXPECTED)


@pytest.mark.parametrize("command", ["web", "worker", "scheduler"])
def test_a_part_of_the_server_refuses_sqlite(command: str, tmp_path: Path) -> None:
    done = runner.invoke(cli.app, [command], env={"BOOKBAG_DATABASE_URL": f"sqlite:///{tmp_path}/bookbag.db"})
    assert done.exit_code == 2
    assert f"bookbag {command}: SQLite serves one process" in done.stderr
    assert not list(tmp_path.iterdir())
