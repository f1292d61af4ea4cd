"""The house rules that no other tool holds: about the repository itself."""

import ast
import hashlib
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FOLDERS = ("bot", "console", "data", "handlers", "nlu", "scheduler", "school", "translations")
TEXT = {".md", ".py", ".toml", ".yml", ".yaml", ".cfg", ".ini", ".html", ".css", ".js", ".json", ".csv", ".txt", ".po", ".mako", ".service", ".lock", ""}
# Put together, since this file must obey them too.
INDEX_HOSTS = ("pypi" + ".org", "files.python" + "hosted.org", "registry.npm" + "js.org", "deb.deb" + "ian.org", "index" + "-url", "PIP_" + "INDEX")
MACHINE_PATHS = ("/wo" + "rk/", "/ho" + "me/", "/Us" + "ers/", "/ro" + "ot/")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def kept_files() -> list[Path]:
    """Every file that is or would be committed: git's own answer, so that .gitignore counts."""
    told = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in told.stdout.splitlines() if (ROOT / name).is_file()]


def texts() -> list[tuple[str, str]]:
    """The kept files that are text, as (path from the root, text)."""
    return [(str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")) for path in kept_files() if path.suffix in TEXT]


def vendored() -> dict[str, str]:
    """Files of others that are kept byte for byte, with the SHA-256 that the README beside them names."""
    row = re.compile(r"^\| `([^`]+)` .*\| `([0-9a-f]{64})` \|$", re.MULTILINE)
    places = ("console/static", "tests/console/axe")
    return {f"{place}/{name}": digest for place in places for name, digest in row.findall((ROOT / place / "README.md").read_text(encoding="utf-8"))}


def documents() -> list[Path]:
    return [path for path in kept_files() if path.suffix == ".md"]


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_a_lock_holds_hashes_and_no_address(name: str) -> None:
    lock = (ROOT / name).read_text(encoding="utf-8")
    assert "://" not in lock
    pinned = re.findall(r"^[a-z0-9][\w.\[\]-]*==", lock, re.MULTILINE)
    assert len(pinned) > 50
    assert len(re.findall(r"^\S+==[^\n]*\\\n    --hash=sha256:", lock, re.MULTILINE)) == len(pinned)


def test_the_locks_agree() -> None:
    versions = [
        dict(re.findall(r"^([a-z0-9][\w.-]*)==(\S+)", (ROOT / name).read_text(), re.MULTILINE)) for name in ("requirements.lock", "requirements-dev.lock")
    ]
    assert {name: version for name, version in versions[1].items() if name in versions[0]} == versions[0]


def test_every_dependency_is_locked() -> None:
    locked = set(re.findall(r"^([a-z0-9][\w.-]*)==", (ROOT / "requirements.lock").read_text(), re.MULTILINE))
    wanted = {re.match(r"[\w.-]+", dependency)[0].lower() for dependency in PROJECT["project"]["dependencies"]}  # type: ignore[index]
    assert wanted <= locked


@pytest.mark.parametrize("forbidden", [*INDEX_HOSTS, *MACHINE_PATHS])
def test_no_file_names_a_package_index_or_one_machine(forbidden: str) -> None:
    assert [path for path, text in texts() if forbidden in text] == []


def test_text_files_end_in_one_new_line_and_hold_no_carriage_return() -> None:
    ours = [(path, text) for path, text in texts() if path not in vendored()]
    assert [path for path, text in ours if text and (not text.endswith("\n") or text.endswith("\n\n") or "\r" in text)] == []


def test_vendored_files_are_those_that_were_vendored() -> None:
    assert len(vendored()) >= 3
    assert {path: hashlib.sha256((ROOT / path).read_bytes()).hexdigest() for path in vendored()} == vendored()


def test_what_a_document_links_to_is_there() -> None:
    missing = [
        f"{document.name}: {link}"
        for document in documents()
        for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", document.read_text(encoding="utf-8"))
        if "://" not in link and not link.startswith("mailto:") and not (document.parent / link).exists()
    ]
    assert missing == []


def test_every_test_that_a_document_names_is_there() -> None:
    named = {
        (document.name, name) for document in documents() for name in re.findall(r"`(tests/[\w/.-]+\.py(?:::\w+)?)`", document.read_text(encoding="utf-8"))
    }
    assert sorted(f"{document}: {name}" for document, name in named if not is_there(name)) == []


def is_there(name: str) -> bool:
    path, _, function = name.partition("::")
    return (ROOT / path).exists() and (not function or f"def {function}(" in (ROOT / path).read_text(encoding="utf-8"))


def test_every_document_that_is_named_is_there() -> None:
    named = {(path, name) for path, text in texts() for name in re.findall(r"\bdocs/[\w/.-]+\.md\b", text)}
    assert sorted(f"{path}: {name}" for path, name in named if not (ROOT / name).exists()) == []


def test_decisions_say_context_choice_and_price() -> None:
    for decision in sorted((ROOT / "docs/decisions").glob("*.md")):
        text = decision.read_text(encoding="utf-8")
        assert re.match(rf"# {int(decision.name[:4])}\. ", text), decision.name
        assert [heading for heading in ("## Context", "## Choice", "## Price") if heading not in text] == [], decision.name


def test_the_changelog_speaks_of_this_version() -> None:
    assert re.search(rf"^## {re.escape(PROJECT['project']['version'])}\b", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)


def test_the_licence_is_the_one_that_is_declared() -> None:
    assert PROJECT["project"]["license"] == "AGPL-3.0-only"
    assert (ROOT / "LICENSE").read_text(encoding="utf-8").startswith("GNU AFFERO GENERAL PUBLIC LICENSE\nVersion 3")


def test_make_help_lists_every_target() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    told = subprocess.run(["make", "--no-print-directory", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for target in ("run", "test", "check", "format", "lock", "crash-test", "rasa", "test-rasa", "help"):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)
        assert f"make {target} " in told


def test_only_the_clock_reads_the_time() -> None:
    """Rules are handed the time; so a test can say what time it is."""
    found = [f"{path.relative_to(ROOT)}:{line}" for path in code() if path != ROOT / "bot/clock.py" for line in readings(path)]
    assert found == []


def test_no_comment_switches_a_tool_off_without_saying_which_rule() -> None:
    bare = re.compile(r"#\s*(noqa|type:\s*ignore)(?![:\[])|#\s*pragma: no cover\s*$", re.MULTILINE)
    assert [f"{path.relative_to(ROOT)}" for path in code() if bare.search(path.read_text(encoding="utf-8"))] == []


def test_public_names_of_the_rules_say_what_they_do() -> None:
    """Classes and functions of school, nlu and bot.conversation whose names do not begin with an underscore have a docstring."""
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path in code()
        if str(path.relative_to(ROOT)).startswith(("school/", "nlu/", "bot/conversation/"))
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_") and not ast.get_docstring(node)
    ]
    assert found == []


@pytest.mark.parametrize("package", ["bot.conversation", "bot.outbox"])
def test_the_arrows_hold_a_module_as_soon_as_it_exists(package: str) -> None:
    """import-linter takes only modules that exist, and `x.**` means what is below x: x itself must be added to the contract when it is made."""
    path = ROOT / package.replace(".", "/")
    if not (path / "__init__.py").exists() and not path.with_suffix(".py").exists():
        pytest.skip(f"{package} does not exist yet")
    sources = next(
        contract["source_modules"] for contract in PROJECT["tool"]["importlinter"]["contracts"] if contract["name"].startswith("conversation and outbox")
    )
    assert package in sources, f"add {package} beside {package}.** to the contracts in pyproject.toml"


def code() -> list[Path]:
    return [path for path in kept_files() if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in FOLDERS]


def readings(path: Path) -> list[int]:
    """The lines on which a file asks what time it is: datetime.now(), date.today() and their like."""
    calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
    return [
        call.lineno for call in calls if isinstance(call.func, ast.Attribute) and call.func.attr in {"now", "utcnow", "today"} and is_a_clock(call.func.value)
    ]


def is_a_clock(node: ast.expr) -> bool:
    return (isinstance(node, ast.Name) and node.id in {"datetime", "date"}) or (isinstance(node, ast.Attribute) and node.attr in {"datetime", "date"})


def test_the_path_of_a_message_names_files_that_are_there() -> None:
    named = set(re.findall(r"`((?:bot|data|handlers|nlu|school|scheduler)/[\w/]+\.py)`", (ROOT / "docs/path-of-a-message.md").read_text(encoding="utf-8")))
    assert len(named) > 15
    assert sorted(name for name in named if not (ROOT / name).exists()) == []
