"""Building the models in a process of its own: the server's one interpreter and its memory stay free for the parents who are writing.

python -m nlu.embedded.build FOLDER {quick,final} EXAMPLES... [--alarm EXAMPLES...]
"""

from __future__ import annotations

import fcntl
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from nlu.clean import clean
from nlu.embedded.encoders import Encoder, VectorCache, default_encoders
from nlu.embedded.features import mask
from nlu.embedded.model import Model
from nlu.embedded.training import made_of, train
from nlu.errors import BuildFailed, ModelRefused
from nlu.rasa_format import Example, TrainingData, read, training_files
from nlu.safeguarding.model import AlarmModel
from nlu.safeguarding.training import alarm_made_of, train_alarm

_log = logging.getLogger(__name__)

_FEW = 300  # vectors that are encoded at once rather than after a model without them: some seconds' work
_ROOT = Path(__file__).parents[2]


State = Sequence[tuple[Path, int, int]]
"""Files, each with when it was changed (nanoseconds since 1970, UTC) and its size in bytes."""


def state(paths: Sequence[Path]) -> State:
    """How these files are now; one that is not there has neither time nor size."""
    found = [(path, path.stat() if path.exists() else None) for path in paths]
    return [(path, told.st_mtime_ns if told else 0, told.st_size if told else 0) for path, told in found]


class Sources(NamedTuple):
    """What is learnt from: examples of intents, and of messages that must or must not raise the safeguarding alarm.

    `corrections` are further examples of intents, a school's own. The alarm learns nothing of them: what one parent once meant must not change what raises it.
    """

    intents: Sequence[Path]
    alarms: Sequence[Path] = ()
    corrections: Sequence[Path] = ()

    def read(self) -> Lessons:
        """The examples themselves. Refuses with BadTrainingData."""
        data = read([*self.intents, *self.corrections])
        return Lessons(data, read(self.intents).examples, read(self.alarms).examples if self.alarms else [])

    def state(self) -> State:
        """What would be read now: other files, or other examples in them, are another state."""
        return state(training_files([*self.intents, *self.alarms, *self.corrections]))


class Lessons(NamedTuple):
    """What the sources hold: everything about intents; of that what the alarm must stay silent at; and what it is for."""

    data: TrainingData
    everyday: Sequence[Example]
    alarms: Sequence[Example]


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
    data, everyday, alarms = sources.read()
    texts = [mask(clean(example.text)) for example in (*data.examples, *alarms)]
    for some in [*(_quicker(texts, folder, encoders) if is_quick else ()), encoders]:
        if alarms and not _is_alarm_built(files, everyday, alarms, some):
            train_alarm(everyday, alarms, some, folder).save(files.alarm)
        train(data.examples, some, folder).save(files.model)
        yield files
    for encoder in encoders:
        VectorCache(folder, encoder).forget_all_but(texts)


def _quicker(texts: Sequence[str], folder: Path, encoders: Sequence[Encoder]) -> Iterator[Sequence[Encoder]]:
    """The encoders before each one that has much to encode still."""
    for place, encoder in enumerate(encoders):
        if VectorCache(folder, encoder).lacks(texts) > _FEW:
            yield encoders[:place]


def build_beside(sources: Sources, folder: Path, encoders: Sequence[Encoder], *, is_quick: bool) -> Iterator[Files]:
    """As `build`, in a process of its own and without haste. Raises BuildFailed where that ends otherwise than well."""
    parts = {"--alarm": sources.alarms, "--corrections": sources.corrections}
    more = [word for name, paths in parts.items() for word in (name, *map(str, map(Path.absolute, paths)))]
    command = [
        sys.executable,
        "-m",
        __name__,
        str(folder.absolute()),
        "quick" if is_quick else "final",
        "+".join(encoder.name for encoder in encoders),
        *map(str, map(Path.absolute, sources.intents)),
        *more,
    ]
    environment = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ} | {"PYTHONPATH": str(_ROOT)}
    pipe, nothing = subprocess.PIPE, subprocess.DEVNULL
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=nothing, env=environment, cwd=_ROOT, text=True) as process:  # noqa: S603  # ourselves
        try:
            assert process.stdout is not None
            for line in process.stdout:
                if line.strip() == "ready":
                    yield Files.in_folder(folder)
            process.wait()  # before its standard input is closed, which would end it at once
        finally:
            if sys.exc_info()[0] is not None:
                process.kill()
    if process.returncode:
        raise BuildFailed(process.returncode)


def main(arguments: Sequence[str]) -> None:
    """The process: a line each time models are on the disk. It ends with whoever waits for it, whose end closes its standard input."""
    folder, pace, names, *rest = arguments
    alarm, corrections = rest.index("--alarm"), rest.index("--corrections")
    sources = Sources(*(list(map(Path, part)) for part in (rest[:alarm], rest[alarm + 1 : corrections], rest[corrections + 1 :])))
    threading.Thread(target=_end_with_the_other, daemon=True).start()
    os.nice(5)
    encoders = [encoder for encoder in default_encoders() if encoder.name in names.split("+")]
    with _alone(Path(folder)):
        if is_built(sources, Files.in_folder(Path(folder)), encoders):
            print("ready", flush=True)  # noqa: T201  # to the process that waits for it; another one has built them meanwhile
            return
        for _ in build(sources, Path(folder), encoders, is_quick=pace == "quick"):
            print("ready", flush=True)  # noqa: T201  # as above


def _end_with_the_other() -> None:
    sys.stdin.read()
    os._exit(1)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Waits until no other process builds in this folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "build.lock").open("a", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def is_built(sources: Sources, files: Files, encoders: Sequence[Encoder]) -> bool:
    """Whether the models lie ready, made of just this. Refuses with BadTrainingData."""
    data, everyday, alarms = sources.read()
    try:
        Model.load(files.model, made_of(data.examples, encoders))
    except ModelRefused:
        return False
    return not alarms or _is_alarm_built(files, everyday, alarms, encoders)


def _is_alarm_built(files: Files, everyday: Sequence[Example], alarms: Sequence[Example], encoders: Sequence[Encoder]) -> bool:
    try:
        AlarmModel.load(files.alarm, alarm_made_of(everyday, alarms, encoders))
    except ModelRefused:
        return False
    return True


if __name__ == "__main__":
    main(sys.argv[1:])
