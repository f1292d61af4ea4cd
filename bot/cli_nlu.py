"""`bookbag nlu`: train, test and try the understanding. The results have Rasa's own formats."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from nlu import Understanding
    from nlu.embedded.engine import Engine
    from nlu.evaluation import Report

app = typer.Typer(help="Train, test and try the understanding of parents' messages.", no_args_is_help=True)

_ROOT = Path(__file__).parent.parent
_EXAMPLES = _ROOT / "data" / "nlu"
_CACHE = _ROOT / "var" / "nlu"
_BAD_INPUT = 2
_SHOWN_CONFUSIONS = 20
_PATIENCE = 10.0  # seconds for Rasa, when someone waits at a terminal

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for a script.")]


@app.command("train")
def train(
    data: Annotated[list[Path] | None, typer.Option("--data", help="nlu.yml files or folders of them. [default: data/nlu]")] = None,
    out: Annotated[Path, typer.Option("--out", help="Where the model goes.")] = _CACHE,
) -> None:
    """Train a model from examples and keep it; if the examples have not changed, the kept one is used."""
    engine = _trained(data or [_EXAMPLES], out)
    model = engine.model
    assert model is not None
    typer.echo(f"{out / 'model.npz'}: {len(model.intents)} intents")


@app.command("test")
def measure(
    data: Annotated[Path, typer.Option("--data", help="An nlu.yml file of labelled messages to test on.")],
    train: Annotated[list[Path] | None, typer.Option("--train", help="Train on these first. [default: the school's own model]")] = None,
    as_json: AsJson = False,
) -> None:
    """Accuracy, macro-F1 and what was taken for what. The first guess counts, whether it would have been acted on or not."""
    from nlu.evaluation import evaluate
    from nlu.rasa_format import read

    with _faults_named():
        examples = read([data]).examples
    engine = _trained(train, None) if train else _trained([_EXAMPLES], _CACHE)
    report = evaluate(engine, examples)
    typer.echo(json.dumps(report.as_json(), ensure_ascii=False, indent=2) if as_json else _in_words(report))


@app.command("parse")
def parse(
    text: Annotated[str, typer.Argument(help="The message.")],
    engine: Annotated[str, typer.Option("--engine", help="embedded or rasa.")] = "embedded",
    as_json: AsJson = False,
) -> None:
    """What one message is taken to mean, in English, received now."""
    if engine == "rasa":
        typer.echo(json.dumps(_ask_rasa(text), ensure_ascii=False, indent=2))
        return
    if engine != "embedded":
        _fail(f"--engine is 'embedded' or 'rasa', not '{engine}'")
    from nlu.rasa_format import to_rasa

    understanding = _understood(text)
    typer.echo(json.dumps(to_rasa(understanding), ensure_ascii=False, indent=2) if as_json else _one_line_each(understanding))


def _trained(examples: list[Path], cache: Path | None) -> Engine:
    """An engine trained on `examples`, its models kept in `cache`; without one nothing is kept but the vectors of example texts."""
    from nlu.embedded import training
    from nlu.embedded.build import Sources
    from nlu.embedded.encoders import default_encoders
    from nlu.embedded.engine import Engine
    from nlu.rasa_format import read

    with _faults_named():
        if cache is not None:
            return Engine.load_or_train(Sources(examples, [_EXAMPLES / "safeguarding"]), cache)
        engine, encoders = Engine(), default_encoders()
        engine.use(training.train(read(examples).examples, encoders, _CACHE / "test"))
        return engine


def _understood(text: str) -> Understanding:
    from bot.clock import now
    from nlu import Context
    from school import LONDON

    return _trained([_EXAMPLES], _CACHE).parse(text, Context(now().astimezone(LONDON)))


def _ask_rasa(text: str) -> object:
    """All that the Rasa server named by BOOKBAG_NLU__RASA_URL answers."""
    import os

    from nlu.errors import RasaAway
    from nlu.rasa_client import RasaClient

    url = os.environ.get("BOOKBAG_NLU__RASA_URL", "")
    if not url.startswith(("http://", "https://")):
        _fail("BOOKBAG_NLU__RASA_URL: set it to the address of a Rasa server, such as http://127.0.0.1:5055")
    try:
        return RasaClient(url, _PATIENCE).ask(text)
    except RasaAway as away:
        typer.echo(f"Rasa at {url} did not answer: {away.reason}", err=True)
        raise typer.Exit(1) from away


def _in_words(report: Report) -> str:
    confusions = [f"{count:5}  {intent} taken for {predicted}" for (intent, predicted), count in report.confusions[:_SHOWN_CONFUSIONS]]
    head = [f"messages   {len(report.predictions)}", f"accuracy   {report.accuracy:.4f}", f"macro-F1   {report.macro_f1:.4f}"]
    return "\n".join([*head, *report.decision_lines(), *(["confusions", *confusions] if confusions else [])])


def _one_line_each(understanding: Understanding) -> str:
    lines = [f"{understanding.intent}  {understanding.confidence:.2f}  {understanding.decision.value}  [{understanding.language}]"]
    lines += [f"  {entity.kind}: {entity.text!r} = {entity.value}" for entity in understanding.entities]
    return "\n".join(lines)


@contextmanager
def _faults_named() -> Iterator[None]:
    """Bad training data ends the command with a line a fault on standard error."""
    from nlu.errors import BadTrainingData

    try:
        yield
    except BadTrainingData as bad:
        _fail(str(bad))


def _fail(reason: str) -> NoReturn:
    typer.echo(reason, err=True)
    raise typer.Exit(_BAD_INPUT)
