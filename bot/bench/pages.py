"""`bookbag bench console`: every page of the staff console, as each role, in a full school; and how soon a new message is on an open page.

The console runs in a server of its own; this process asks it over loopback as a browser does, with gzip, one request at a time.
"""

from __future__ import annotations

import gzip
import http.client
import os
import re
import secrets
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console
from rich.table import Table
from sqlalchemy import func, select

from bot.bench import limits
from bot.bench.latency import quantile
from bot.bench.staffroom import FIRST_STAFF, furnish, log_in
from bot.clock import now
from data.appointments import Appointment
from data.attention import Attention, Need
from data.inbox import Received
from data.migrate import upgrade
from data.outbox import Message
from data.store import Store

if TYPE_CHECKING:
    from bot.settings import Settings

AIM_MS, AIM_KB, AIM_NEWS_MS = 100.0, 100.0, 1_000.0
"""Aims: a page at p95, its bytes on the wire, and a new message on an open page."""
NEWS: Final = 10
"""How many new messages are waited for."""
PATIENCE: Final = 15.0
SERVE: Final = "import sys; from bot.bench.pages import serve; serve(sys.argv[1], int(sys.argv[2]))"
MORE: Final = ("/delivery?state=failed", "/delivery?kind=appointment_reminder&channel=sms", "/delivery?days=7", "/delivery?adult=1", "/delivery?name=Parent+1",
               "/audit?changes=1", "/audit?about=adult&id=1")  # fmt: skip
"""Addresses beside every page's own: the looks that could be slow. Those whose page is not there are left out."""
PLACE: Final = re.compile(r"\{(\w+)(?::(\w+))?\}")


@dataclass
class Asked:
    """One page as one role: seconds of each request, the bytes that came, and the status."""

    path: str
    role: str
    status: int
    took: list[float] = field(default_factory=list)
    wire: int = 0

    def told(self) -> dict[str, object]:
        """In milliseconds and bytes."""
        p50, p95 = (round(quantile(self.took, share) * 1_000, 1) for share in (0.5, 0.95))
        return {"page": self.path, "role": self.role, "status": self.status, "p50_ms": p50, "p95_ms": p95, "bytes": self.wire}


def console(settings: Settings, *, families: int, messages: int, rounds: int, as_json: bool = False, database_url: str | None = None) -> int:
    """Measure, and print a table or JSON; 1 if a page broke or news did not come. Aims that are missed are marked and are no failure.

    The database is a new one beside the school's own, or an empty one at `database_url`; the school's own is never touched.
    """
    with limits.folder_beside(settings.database_url) as folder:
        url = database_url or f"sqlite:///{folder}/bookbag.db"
        numbers = measure(folder, url, families, messages, rounds)
    if as_json:
        sys.stdout.write(limits.as_json(numbers) + "\n")
    else:
        _print(numbers)
    return int(any(page["status"] >= 500 for page in numbers["pages"]) or numbers["news"]["missed"] > 0)


def serve(url: str, port: int) -> None:
    """The console over a database, and nothing else, until it is told to stop."""
    import uvicorn
    from fastapi import FastAPI

    from bot import logs
    from bot.console import add_console
    from bot.garbage import spare_what_stays
    from bot.house import House
    from bot.settings import Settings

    logs.configure(as_json=True, level="ERROR")
    app = FastAPI(openapi_url=None)
    add_console(app, House(Settings.model_validate({"database_url": url}), {}))
    spare_what_stays()
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="error", access_log=False, timeout_graceful_shutdown=1)


def measure(folder: Path, url: str, families: int, messages: int, rounds: int) -> dict[str, Any]:
    upgrade(url)
    with closing(Store(url)) as store:
        furnish(store, families, messages, now())
        tokens, samples, port = log_in(store, now()), _samples(store), limits.free_port()
        server = limits.spawn(sys.executable, "-c", SERVE, url, str(port), environment=_environment(), output=(folder / "server.log").open("wb"))
        try:
            limits.listen_for(port)
            asked = [one for path in _paths(samples) for one in _ask(port, path, tokens, rounds)]
            news = _news(store, port, tokens["office"])
            return {
                "setup": {"families": families, "messages": messages, "rounds": rounds, "database": url.partition(":")[0], "cores": os.cpu_count() or 0},
                "pages": [one.told() for one in asked],
                "assets_kb_once": _assets(port, tokens["office"]),
                "news": news,
                "memory_mb": limits.memory(server.pid),
            }
        finally:
            limits.stop(server)


def _environment() -> dict[str, str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BOOKBAG_")}
    return environment | {"PYTHONPATH": os.pathsep.join(filter(None, [str(Path(__file__).parents[2]), environment.get("PYTHONPATH")]))}


# Every page


def _samples(store: Store) -> Mapping[str, object]:
    """What stands in the places of addresses: an id of a thing that is there, by the place's name."""
    with store.read() as session:
        need = select(func.min(Attention.id)).where(Attention.need != Need.SAFEGUARDING, Attention.done_at.is_(None))
        return {
            "message_id": session.scalar(select(func.max(Message.id)).where(Message.state == "undelivered")) or 1,
            "need_id": session.scalar(need) or 1,
            "appointment_id": session.scalar(select(func.min(Appointment.id))) or 1,
            "staff_id": FIRST_STAFF,
            "adult_id": 3,  # whose number does not work: there is a letter for them
            "key": "a1",
            "day": f"{now():%Y-%m-%d}",
            "on": f"{now():%Y-%m-%d}",
        }


def _paths(samples: Mapping[str, object]) -> Iterator[str]:
    """Every address of the console that is looked at."""
    from console.desk import HOME
    from console.pages import pages

    names = set()
    for page in pages():
        for route in page.routes:
            if route.method == "GET":
                names.add(f"/{page.name}")
                yield HOME + PLACE.sub(lambda place: str(samples.get(place[1], 1)), route.path if route.path != "/" else "")
    yield from (HOME + path for path in MORE if path.partition("?")[0] in names)


def _ask(port: int, path: str, tokens: Mapping[str, str], rounds: int) -> Iterator[Asked]:
    for role, token in tokens.items():
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        headers = {"Cookie": f"bookbag={token}", "Accept-Encoding": "gzip", "Accept": "text/html"}
        status, wire, _ = _get(line, path, headers)
        one = Asked(path, role, status, wire=wire)
        if status == 200:
            for _ in range(rounds):
                began = time.perf_counter()
                _get(line, path, headers)
                one.took.append(time.perf_counter() - began)
        line.close()
        if status != 404:  # it is not for them
            yield one


def _get(line: http.client.HTTPConnection, path: str, headers: Mapping[str, str]) -> tuple[int, int, bytes]:
    """The status, the bytes of head and body as they came, and the body."""
    line.request("GET", path, headers=dict(headers))
    answer = line.getresponse()
    body = answer.read()
    head = sum(len(name) + len(value) + 4 for name, value in answer.getheaders()) + 17
    return answer.status, head + len(body), gzip.decompress(body) if answer.getheader("Content-Encoding") == "gzip" else body


def _assets(port: int, token: str) -> float:
    """What a browser fetches once: styles and scripts, in kB on the wire."""
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    headers = {"Cookie": f"bookbag={token}", "Accept-Encoding": "gzip"}
    _, _, page = _get(line, "/console", headers)
    found = set(re.findall(r'(?:href|src)="(/console/static/[^"]+)"', page.decode()))
    return round(sum(_get(line, path, headers)[1] for path in sorted(found)) / 1_000, 1)


# News


def _news(store: Store, port: int, token: str) -> dict[str, Any]:
    """From a message's commit until an open page has its part anew, as the page's own script does it."""
    told, took = threading.Event(), list[float]()
    listener = threading.Thread(target=_listen, args=(port, token, told), daemon=True)
    listener.start()
    time.sleep(1.5)  # the stream is open and has seen what was there before
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    headers = {"Cookie": f"bookbag={token}", "Accept-Encoding": "gzip", "HX-Request": "true"}
    for _ in range(NEWS):
        told.clear()
        began = time.perf_counter()
        _write(store)
        if told.wait(PATIENCE):
            _get(line, "/console", headers)
            took.append(time.perf_counter() - began)
        time.sleep(0.7 + secrets.randbelow(500) / 1_000)  # at another moment of the watcher's beat each time
    line.close()
    p50, most = (round(quantile(took, share) * 1_000, 1) for share in (0.5, 1.0))
    return {"missed": NEWS - len(took), "p50_ms": p50, "most_ms": most}


def _listen(port: int, token: str, told: threading.Event) -> None:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE * 4)
    try:
        line.request("GET", "/console/live", headers={"Cookie": f"bookbag={token}", "Accept": "text/event-stream"})
        for said in line.getresponse():
            if said.startswith(b"data:"):
                told.set()
    except (OSError, http.client.HTTPException):
        pass  # the server has stopped


def _write(store: Store) -> None:
    """A message comes in, as another process stores it."""
    with store.write() as session:
        name = secrets.token_hex(8)
        told = {"trace": name, "provider_id": name, "address_id": 1, "thread": "a1", "kind": "text", "text": "Hello", "received_at": now(), "state": "handled"}
        session.add(Received(**told))


# What was measured


def _print(numbers: Mapping[str, Any]) -> None:
    table = Table(title=time.strftime("Bookbag, the console's pages, %Y-%m-%d %H:%M"), show_edge=False)
    for name in ("page", "slowest as", "p50 ms", "p95 ms", "kB on the wire", f"aim: {AIM_MS:g} ms, {AIM_KB:g} kB"):
        table.add_column(name, justify="left" if name in ("page", "slowest as") else "right")
    for page in worst(numbers["pages"]):
        kilobytes = page["bytes"] / 1_000
        is_met = page["p95_ms"] <= AIM_MS and kilobytes <= AIM_KB
        verdict = "a file" if ".csv" in page["page"] else str(page["status"]) if page["status"] != 200 else "met" if is_met else "MISSED"
        table.add_row(page["page"], page["role"], str(page["p50_ms"]), str(page["p95_ms"]), f"{kilobytes:.1f}", verdict)
    out = Console()
    out.print(table)
    news, setup = numbers["news"], numbers["setup"]
    met = "met" if not news["missed"] and news["most_ms"] <= AIM_NEWS_MS else "MISSED"
    out.print(f"A new message on an open page: p50 {news['p50_ms']:g} ms, at most {news['most_ms']:g} ms (aim {AIM_NEWS_MS:g} ms: {met})")
    out.print(f"Fetched once: {numbers['assets_kb_once']:g} kB. Memory: {numbers['memory_mb']['now']:g} MB. {setup}")


def worst(pages: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """Of each page the role that waited longest, with the most bytes that any role got."""
    found: dict[str, dict[str, Any]] = {}
    for page in pages:
        before = found.get(page["page"])
        slower = page if before is None or page["p95_ms"] > before["p95_ms"] else before
        found[page["page"]] = {**slower, "bytes": max(page["bytes"], before["bytes"] if before else 0)}
    return list(found.values())
