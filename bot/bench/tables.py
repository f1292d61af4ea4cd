"""What a bench measured, as a table: a part, a name, a number, and whether it meets its aim."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Literal

from rich.console import Console
from rich.table import Table

Aims = Mapping[str, tuple[float, Literal["<", ">"]]]
"""By 'part.name': the number, and whether less or more is better."""


def show(title: str, numbers: Mapping[str, object], aims: Aims) -> None:
    """Print it, with the time."""
    table = Table(title=time.strftime(f"{title}, %Y-%m-%d %H:%M"), show_header=False, show_edge=False)
    for part, value in numbers.items():
        said = part.replace("_", " ")
        for name, number in value.items() if isinstance(value, dict) else [("", value)]:
            table.add_row(said, name.replace("_", " "), str(number), _against_aim(aims, f"{part}.{name}", number))
            said = ""
    Console().print(table)


def _against_aim(aims: Aims, name: str, number: object) -> str:
    if name not in aims or not isinstance(number, int | float):
        return ""
    limit, way = aims[name]
    met = number <= limit if way == "<" else number >= limit
    return f"{'met' if met else 'MISSED'}: {'at most' if way == '<' else 'at least'} {limit:g}"
