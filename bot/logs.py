"""What the program says about itself: one event a line, and never a message's text, a name, a secret or a whole number.

`event` is a fixed name ('turn.done'); facts stand beside it as keys. Other libraries' logs pass through the same scrubber.
An exception is told by its kind and where it arose, not by its words: a library's words repeat what it choked on.
"""

from __future__ import annotations

import logging
import re
import sys
import traceback
from pathlib import Path
from types import TracebackType
from typing import Any, Final, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

DROPPED: Final = frozenset(
    {"text", "body", "name", "words", "label", "question", "answer", "password", "token", "secret", "authorization", "parameters", "payload"}
)
"""Keys that never leave, whatever they hold; so do keys that end in one of them after an underscore."""

MASKED: Final = frozenset({"phone", "number", "address", "sender", "recipient", "to", "chat", "chat_id", "email"})
"""Keys whose value keeps its last three characters."""

QUIET: Final = ("httpx", "httpcore", "twilio", "aiohttp", "apscheduler", "telegram", "asyncio", "urllib3", "alembic")
"""Libraries that log whole addresses, Telegram's token and texts at INFO: heard from WARNING on."""

HERE: Final = Path(__file__).resolve().parent.parent

_NUMBER = re.compile(r"(?<![\w.:-])(?:\+|00|0|44)\d(?:[ ().-]?\d){7,13}(?!\w)")
_BOT_TOKEN = re.compile(r"\d{5,}:[A-Za-z0-9_-]{25,}")
_LINK = re.compile(r"(/(?:m|q|a|e|mail|calendar|login|console/login)/)[A-Za-z0-9_-]{8,}")


def configure(*, as_json: bool | None = None, level: str = "INFO", stream: TextIO | None = None) -> None:
    """Send our logs and every library's to `stream` (standard error), scrubbed.

    JSON, one object a line, unless `stream` is a terminal or `as_json` says otherwise.
    """
    out = stream or sys.stderr
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        tell_exception,
        scrub,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _renderer(out, as_json=as_json)],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    _hush_libraries()


def _renderer(out: TextIO, *, as_json: bool | None) -> Processor:
    if as_json is None:
        as_json = not out.isatty()
    return structlog.processors.JSONRenderer(ensure_ascii=False) if as_json else structlog.dev.ConsoleRenderer(colors=out.isatty())


def _hush_libraries() -> None:
    for library in QUIET:
        logging.getLogger(library).setLevel(logging.WARNING)
    access = logging.getLogger("uvicorn.access")  # a line for each request, with the whole path: our links carry their tokens there
    access.handlers, access.propagate, access.disabled = [], False, True
    for name in ("uvicorn", "uvicorn.error"):
        library_logger = logging.getLogger(name)
        library_logger.handlers, library_logger.propagate = [], True
        library_logger.setLevel(logging.NOTSET)  # another server in this process may have set its own
    logging.captureWarnings(capture=True)


def scrub(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """The event without what must not leave: private keys dropped, addresses cut to their end, numbers and tokens inside any other text masked."""
    return {key: _clean(key, value) for key, value in event.items() if not _is_dropped(key)}


def tell_exception(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """The event with `exception` (the kinds, outermost first) and `frames` (where, innermost last) in place of `exc_info`."""
    info = event.pop("exc_info", None)
    event.pop("exc_text", None)
    error = sys.exc_info()[1] if info is True else info[1] if isinstance(info, tuple) else info
    if isinstance(error, BaseException):
        event["exception"] = [type(cause).__qualname__ for cause in _causes(error)]
        event["frames"] = _frames(error.__traceback__)
    return event


def _is_dropped(key: str) -> bool:
    return key.lower() in DROPPED or key.lower().rpartition("_")[2] in DROPPED


def _clean(key: str, value: Any) -> Any:
    if key in {"exception", "frames", "trace", "level", "logger", "_record", "_from_structlog"} or value is None or isinstance(value, bool):
        return value
    if key.lower() in MASKED or key.lower().rpartition("_")[2] in MASKED:
        return mask(str(value))
    if isinstance(value, dict):
        return {inner: _clean(str(inner), held) for inner, held in value.items() if not _is_dropped(str(inner))}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(key, held) for held in value]
    if isinstance(value, int | float):
        return value
    return _masked_inside(str(value))


def mask(value: str) -> str:
    """The last three characters, as '…123'; nothing of what is shorter than seven."""
    return f"…{value[-3:]}" if len(value) >= 7 else "…"


def _masked_inside(written: str) -> str:
    written = _BOT_TOKEN.sub("…", written)
    written = _LINK.sub(r"\1…", written)
    return _NUMBER.sub(lambda found: mask(found.group()), written)


def _causes(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and current not in found:
        found.append(current)
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return found


def _frames(trace: TracebackType | None) -> list[str]:
    return [f"{_short(frame.filename)}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(trace)]


def _short(filename: str) -> str:
    path = Path(filename)
    if path.is_relative_to(HERE) and ".venv" not in path.parts:
        return str(path.relative_to(HERE))
    return "/".join(path.parts[-2:])
