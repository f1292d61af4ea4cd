"""Bars as SVG, by hand: a title, groups of bars with their numbers written beside them. No script and no address; legible on a light page and on a dark one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape

WIDTH, LABELS, ROW, HEAD, GAP = 760, 250, 22, 52, 10
"""Pixels: of the whole, of the names at the left, of a bar with its space, of the title, between groups."""
NUMBERS: Final = 130
"""Pixels kept free at the right for the number of the longest bar."""
COLOURS: Final = ("#2f6fdd", "#c77700", "#2e8b57", "#8e5bd0")
"""One a series: each stands out from white and from black by at least three to one (WCAG 2.2, 1.4.11)."""
STYLE: Final = (
    "text{font:13px system-ui,sans-serif;fill:#1f2328}.t{font-weight:600;font-size:15px}.u{fill:#59636e}.axis{stroke:#8b949e}"
    "@media(prefers-color-scheme:dark){text{fill:#e6edf3}.u{fill:#9da7b1}}"
)


@dataclass(frozen=True)
class Bar:
    """One bar: its name, its number, and which series it belongs to, from 0."""

    label: str
    value: float
    series: int = 0


def bars(title: str, unit: str, groups: Sequence[Sequence[Bar]], names: Sequence[str] = ()) -> str:
    """An SVG picture of groups of bars that begin at nought; `names` are those of the series, where there is more than one."""
    longest = max((bar.value for group in groups for bar in group), default=0) or 1
    drawn, top = list[str](), HEAD + (ROW if names else 0)
    for group in groups:
        for bar in group:
            drawn.append(_bar(bar, top, longest))
            top += ROW
        top += GAP
    legend = "".join(
        f'<rect x="{16 + place * 170}" y="{HEAD - 6}" width="11" height="11" rx="2" fill="{COLOURS[place]}"/>'
        f'<text x="{33 + place * 170}" y="{HEAD + 4}" class="u">{escape(name)}</text>'
        for place, name in enumerate(names)
    )
    told = escape(f"{title}: " + "; ".join(f"{bar.label} {_number(bar.value)}" for group in groups for bar in group))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}" width="{WIDTH}" height="{top}" role="img">'
        f"<title>{told}</title><style>{STYLE}</style>"
        f'<text x="16" y="24" class="t">{escape(title)}</text><text x="{WIDTH - 16}" y="24" text-anchor="end" class="u">{escape(unit)}</text>'
        f'{legend}<path class="axis" d="M{LABELS} {HEAD + (ROW if names else 0) - 8}V{top - GAP}"/>{"".join(drawn)}</svg>\n'
    )


def _bar(bar: Bar, top: float, longest: float) -> str:
    width = max(round((WIDTH - LABELS - NUMBERS) * bar.value / longest, 1), 1)
    return (
        f'<text x="{LABELS - 8}" y="{top + 8}" text-anchor="end">{escape(bar.label)}</text>'
        f'<rect x="{LABELS}" y="{top - 4}" width="{width:g}" height="16" rx="2" fill="{COLOURS[bar.series]}"/>'
        f'<text x="{LABELS + width + 6:g}" y="{top + 8}">{_number(bar.value)}</text>'
    )


def _number(value: float) -> str:
    """As a person reads it: 12,300; 62; 4.1."""
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.3g}"
