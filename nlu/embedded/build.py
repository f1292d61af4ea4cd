"""Building the models in a process of its own: the server's one interpreter and its memory stay free for the parents who are writing.

python -m nlu.embedded.build FOLDER {quick,final} EXAMPLES... [--alarm EXAMPLES...]
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from nlu.clean import clean
from nlu.embedded.encoders import Encoder, VectorCache, default_encoders
from nlu.embedded.features import mask
from nlu.embedded.training import train
from nlu.errors import BuildFailed
from nlu.rasa_format import read
from nlu.safeguarding.training import train_alarm

_log = logging.getLogger(__name__)

_FEW = 300  # vectors that are encoded at once rather than after a model without them: some seconds' work
_ROOT = Path(__file__).parents[2]


class Sources(NamedTuple):
    """What is learnt from: examples of intents, and of messages that must or must not raise the safeguarding alarm."""

    intents: Sequence[Path]
    alarms: Sequence[Path] = ()


class Files(NamedTuple):
    """Where a model lies, one file each."""

    model: Path
    alarm: Path

    @classmethod
    def in_folder(cls, folder: Path) -> Files:
        """The names they have in a folder."""
        return cls(folder / "model.npz", folder / "alarm.npz")


def build(sources: Sources, folder: Path, encoders: Sequence[Encoder], *, is_quick: bool = False) -> Iterator[Files]:
    """Train and keep the models, which are on the disk when they are given; where it `is_quick`, first some that need not wait for the slower encoders.

    Refuses with BadTrainingData.
    """
    files = Files.in_folder(folder)
    intents, alarms = read(sources.intents).examples, read(sources.alarms).examples if sources.alarms else []
    texts = [mask(clean(example.text)) for example in (*intents, *alarms)]
    for some in [*(_quicker(texts, folder, encoders) if is_quick else ()), encoders]:
        if alarms:
            train_alarm(intents, alarms, some, folder).save(files.alarm)
        train(intents, some, folder).save(files.model)
        yield files
    for encoder in encoders:
        VectorCache(folder, encoder).forget_all_but(texts)


def _quicker(texts: Sequence[str], folder: Path, encoders: Sequence[Encoder]) -> Iterator[Sequence[Encoder]]:
    """The encoders before each one that has much to encode still."""
    for place, encoder in enumerate(encoders):
        if VectorCache(folder, encoder).lacks(texts) > _FEW:
            yield encoders[:place]


def build_beside(sources: Sources, folder: Path, *, is_quick: bool) -> Iterator[Files]:
    """As `build`, in a process of its own and without haste. Raises BuildFailed where that ends otherwise than well."""
    alarms = ["--alarm", *map(str, sources.alarms)] if sources.alarms else []
    command = [
        sys.executable,
        "-m",
        __name__,
        str(folder.absolute()),
        "quick" if is_quick else "final",
        *map(str, map(Path.absolute, sources.intents)),
        *alarms,
    ]
    environment = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ} | {"PYTHONPATH": str(_ROOT)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, cwd=_ROOT, text=True) as process:  # noqa: S603  # ourselves
        try:
            assert process.stdout is not None
            for line in process.stdout:
                if line.strip() == "ready":
                    yield Files.in_folder(folder)
        finally:
            if sys.exc_info()[0] is not None:
                process.kill()
    if process.returncode:
        raise BuildFailed(process.returncode)


def main(arguments: Sequence[str]) -> None:
    """The process: a line each time models are on the disk."""
    folder, pace, *rest = arguments
    cut = rest.index("--alarm") if "--alarm" in rest else len(rest)
    sources = Sources([Path(path) for path in rest[:cut]], [Path(path) for path in rest[cut + 1 :]])
    os.nice(5)
    for _ in build(sources, Path(folder), default_encoders(), is_quick=pace == "quick"):
        print("ready", flush=True)  # noqa: T201  # to the process that waits for it


if __name__ == "__main__":
    main(sys.argv[1:])
