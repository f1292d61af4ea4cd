"""Reading config.yml and the environment, and telling every fault at once, each with its place.

pydantic says what a value may be. Reading and merging is ours, since a fault must name its file and line, or its variable.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import ValidationError

from bot.settings.consistency import contradictions
from bot.settings.faults import Fault, SettingsError
from bot.settings.model import PREFIX, Setting, Settings, catalogue, variable

RESERVED: Final = frozenset({"BOOKBAG_CONFIG", "BOOKBAG_CRASHES", "BOOKBAG_CRASH_SEED", "BOOKBAG_FAULT", "BOOKBAG_FAULT_AFTER"})
"""Variables of ours that are no settings: where config.yml is; how often and from which seed the crash test kills, and at which step (bot/faults.py)."""


@dataclass
class _Reading:
    """What was read so far: values by dotted path, and where each came from."""

    values: dict[str, object] = field(default_factory=dict)
    origins: dict[str, tuple[str, int | None]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def refuse(self, source: str, line: int | None, path: str, words: str) -> None:
        self.faults.append(Fault(source, line, path, words))

    def take(self, path: str, value: object, source: str, line: int | None = None) -> None:
        self.values[path] = value
        self.origins[path] = (source, line)

    def refuse_value(self, path: str, words: str) -> None:
        source, line = self.origins.get(path, ("settings", None))
        self.refuse(source, line, path, words)


def load(config: Path | None, environ: Mapping[str, str], *, demo: bool = False) -> Settings:
    """The settings in `config` (None: no file) and in `environ`, which wins. Raises SettingsError with every fault at once.

    `demo` allows the translation provider that a real school must accept by name.
    """
    known = {setting.path: setting for setting in catalogue()}
    reading = _Reading()
    if config is not None:
        _read_file(reading, known, config)
    _read_environment(reading, known, environ)
    settings = _validated(reading)
    refused = {fault.path for fault in reading.faults}
    for path, words in contradictions(settings, demo=demo):
        if path not in refused:
            reading.refuse_value(path, words)
    if reading.faults:
        order = {fault.source: place for place, fault in reversed(list(enumerate(reading.faults)))}
        raise SettingsError(sorted(reading.faults, key=lambda fault: (fault.line is None, fault.line or 0, order[fault.source])))
    return settings


def _read_file(reading: _Reading, known: Mapping[str, Setting], config: Path) -> None:
    try:
        with config.open(encoding="utf-8-sig") as file:
            root = yaml.compose(file, Loader=yaml.BaseLoader)  # every scalar stays text: to YAML 19:00 is 1140, and +44… a number without its plus
    except OSError as error:
        reading.refuse(str(config), None, "", f"cannot be read: {error.strerror}")
    except UnicodeDecodeError:
        reading.refuse(str(config), None, "", "is not UTF-8 text")
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        reading.refuse(str(config), mark.line + 1 if mark else None, "", f"is not YAML here: {error.problem or error.context}")
    except yaml.YAMLError:
        reading.refuse(str(config), None, "", "is not YAML: it holds a character that may not stand in it")
    else:
        if isinstance(root, yaml.MappingNode):
            _read_section(reading, known, str(config), root, "")
        elif root is not None and root.value:
            reading.refuse(str(config), root.start_mark.line + 1, "", "must be settings, a name and a value each")


def _read_section(reading: _Reading, known: Mapping[str, Setting], source: str, section: yaml.MappingNode, prefix: str) -> None:
    seen: set[str] = set()
    for key, node in section.value:
        path, line = prefix + str(key.value), key.start_mark.line + 1
        is_section = any(name.startswith(path + ".") for name in known)
        if path in seen:
            reading.refuse(source, line, path, "stands here a second time; keep one")
        elif path not in known and not is_section:
            reading.refuse(source, line, path, _not_a_setting(path, known))
        elif is_section and isinstance(node, yaml.MappingNode):
            _read_section(reading, known, source, node, path + ".")
        elif is_section:
            if node.value:
                reading.refuse(source, line, path, "is a group of settings: write them below it, indented")
        elif known[path].is_secret and node.value:
            reading.refuse(source, line, path, f"is a secret and does not belong in a file: set {variable(path)} or {variable(path)}_FILE")
        else:
            _read_node(reading, known[path], source, line, node)
        seen.add(path)


def _read_node(reading: _Reading, setting: Setting, source: str, line: int, node: yaml.Node) -> None:
    if isinstance(node, yaml.ScalarNode):
        _take_text(reading, setting, node.value, source, line)
    elif setting.kind == "list" and isinstance(node, yaml.SequenceNode) and all(isinstance(item, yaml.ScalarNode) for item in node.value):
        reading.take(setting.path, [item.value for item in node.value], source, line)
    elif setting.kind == "map" and isinstance(node, yaml.MappingNode) and all(isinstance(item, yaml.ScalarNode) for _, item in node.value):
        reading.take(setting.path, {key.value: item.value for key, item in node.value}, source, line)
    else:
        shape = {"one": "one value", "list": "a list of values", "map": "names and values"}[setting.kind]
        reading.refuse(source, line, setting.path, f"must be {shape}")


def _take_text(reading: _Reading, setting: Setting, text: str, source: str, line: int | None = None) -> None:
    """Text is a value, or a list's or map's values separated by commas. Empty text is an empty list, and otherwise as good as not set."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if setting.kind == "list":
        reading.take(setting.path, parts, source, line)
    elif setting.kind == "map":
        pairs = [part.partition("=") for part in parts]
        if not all(equals for _, equals, _ in pairs):
            reading.refuse(source, line, setting.path, "must be names and values such as phone=Mobile, separated by commas")
        else:
            reading.take(setting.path, {name.strip(): value.strip() for name, _, value in pairs}, source, line)
    elif text.strip():
        reading.take(setting.path, text.strip(), source, line)


def _read_environment(reading: _Reading, known: Mapping[str, Setting], environ: Mapping[str, str]) -> None:
    by_variable = {setting.variable: setting for setting in known.values()}
    for name in sorted(environ):
        if not name.startswith(PREFIX) or name in RESERVED:
            continue
        setting = by_variable.get(name)
        from_file = by_variable.get(name.removesuffix("_FILE")) if setting is None else None
        if setting is not None:
            _take_text(reading, setting, environ[name], name)
        elif from_file is not None:
            _read_secret_file(reading, from_file, name, environ)
        else:
            near = difflib.get_close_matches(name, by_variable, n=1)
            reading.refuse(name, None, "", "is not a setting" + (f"; did you mean {near[0]}?" if near else "; the shipped config.yml names them all"))


def _read_secret_file(reading: _Reading, setting: Setting, name: str, environ: Mapping[str, str]) -> None:
    if not environ[name].strip():
        return
    if environ.get(setting.variable, "").strip():
        reading.refuse(name, None, setting.path, f"is set twice: take away this or {setting.variable}")
        return
    try:
        text = Path(environ[name].strip()).read_text(encoding="utf-8")
    except OSError as error:
        reading.refuse(name, None, setting.path, f"cannot be read from that file: {error.strerror}")
    except UnicodeDecodeError:
        reading.refuse(name, None, setting.path, "cannot be read from that file: it is not UTF-8 text")
    else:
        if not text.strip():
            reading.refuse(name, None, setting.path, "cannot be read from that file: it is empty")
        _take_text(reading, setting, text, name)


def _not_a_setting(path: str, known: Mapping[str, Setting]) -> str:
    """What to say of a name that is none: the nearest in the same group, else the nearest anywhere."""
    prefix, _, name = path.rpartition(".")
    start = prefix + "." if prefix else ""
    siblings = {known_path.removeprefix(start).split(".")[0] for known_path in known if known_path.startswith(start)}
    near = difflib.get_close_matches(name, sorted(siblings), n=1)
    if not near:
        near = [known_path for known_path in known if known_path.rpartition(".")[2] == name] or difflib.get_close_matches(path, known, n=1, cutoff=0.8)
    return f"is not a setting; did you mean {near[0]}?" if near else "is not a setting; the shipped config.yml names them all"


def _validated(reading: _Reading) -> Settings:
    """The settings with every refused value left at its default, so that one fault does not hide another. Adds the faults that it finds."""
    values = dict(reading.values)
    while True:
        try:
            return Settings.model_validate(_nested(values))
        except ValidationError as error:
            for details in error.errors(include_url=False, include_input=False, include_context=True):
                path = _known_path(details["loc"], values)
                reading.refuse_value(path, _plain(details["type"], details.get("ctx", {}), details["msg"]))
            for details in error.errors(include_url=False, include_input=False, include_context=False):
                values.pop(_known_path(details["loc"], reading.values), None)


def _nested(values: Mapping[str, object]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for path, value in values.items():
        *groups, name = path.split(".")
        branch = tree
        for group in groups:
            branch = branch.setdefault(group, {})
        branch[name] = value
    return tree


def _known_path(location: tuple[int | str, ...], values: Mapping[str, object]) -> str:
    """The dotted path of the value that pydantic speaks of: it may point inside a list, or name a field where the file has its alias."""
    steps = [str(step) for step in location]
    return next(path for length in range(len(steps), 0, -1) if (path := ".".join(steps[:length])) in values)


def _plain(kind: str, context: Mapping[str, Any], message: str) -> str:
    """What pydantic complains of in plain words, never with the value: it may be a secret."""
    words = {
        "int_parsing": "must be a whole number",
        "int_from_float": "must be a whole number",
        "float_parsing": "must be a number",
        "bool_parsing": "must be true or false",
        "path_type": "must be a path",
        "enum": f"must be one of {context.get('expected')}",
        "literal_error": f"must be {context.get('expected')}",
        "greater_than": f"must be more than {context.get('gt')}",
        "greater_than_equal": f"must be {context.get('ge')} or more",
        "less_than_equal": f"must be {context.get('le')} or less",
        "multiple_of": f"must be a multiple of {context.get('multiple_of')}",
        "string_too_long": f"must have at most {context.get('max_length')} characters",
        "string_pattern_mismatch": "must be two capital letters such as GB",
    }
    return words.get(kind, message.removeprefix("Value error, ").replace("Input should be", "must be"))
