"""Whatever is sent to any address of the program, on any channel, signed or not: never a 500, and no turn that fails. `make fuzz` sends more.

The seed is printed; BOOKBAG_FUZZ_SEED=… does the same again.
"""

from __future__ import annotations

import json
import os
import random
import sys
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from starlette.routing import Mount, Route

from bot.metrics import Metrics
from bot.running import Running
from bot.simulator import add_simulator
from bot.web import application
from data.inbox import InboxState
from tests.conftest import Lines
from tests.served import STATUS, TELEGRAM, TWILIO, Served
from tests.standin.client import ROOT
from tests.world import World

pytestmark = pytest.mark.anyio

COUNT = max(150, int(os.environ.get("BOOKBAG_FUZZ", "0")) // 50)  # a message takes its turn fifty times as long as a text is understood
SEED = int(os.environ.get("BOOKBAG_FUZZ_SEED") or random.SystemRandom().randrange(10**6))
VOICE = "/webhooks/twilio/voice"
CAPTURED = {
    name: [json.loads(path.read_text("utf-8")) for path in sorted((ROOT / "tests/bot/channels" / name).glob("*.json"))] for name in ("telegram", "twilio")
}
HOSTILE: list[Any] = [
    "",
    " ",
    "0",
    "-1",
    "1" * 30,
    "٣",
    "\x00",
    "\ud800",
    "ﷺ" * 40,
    "\u202e1",
    "=1+1",
    "'; --",
    "{{7*7}}",
    "%s{0}",
    "../../etc/passwd",
    "2026-02-30",
    "25:99",
    "on",
    "stop",
    "a1",
    "x" * 5_000,
    None,
    True,
    -1,
    2**70,
    1.5,
    [],
    {},
    [[]],
    {"id": None},
]
FIELDS = """MessageSid CallSid AccountSid From To Body NumMedia MediaUrl0 MediaContentType0 OptOutType ButtonPayload ListId Latitude MessageStatus ErrorCode
SmsSid""".split()


@pytest.fixture
def chance(request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]) -> random.Random:
    """What this test draws from; its seed is printed."""
    with capsys.disabled():
        sys.stdout.write(f"\n{request.node.name}: BOOKBAG_FUZZ_SEED={SEED}\n")
    return random.Random(f"{SEED} {request.node.name}")


def words(chance: random.Random) -> str:
    """A hostile string."""
    found = chance.choice(HOSTILE) if chance.random() < 0.7 else "".join(chr(chance.randrange(0x3000)) for _ in range(chance.randrange(30)))
    return found if isinstance(found, str) else json.dumps(found)


def plain(text: str) -> str:
    """As much of it as can be sent."""
    return text.encode("utf-8", "replace").decode("utf-8")


def routes(app: Any, before: str = "") -> Iterator[tuple[str, str]]:
    """Every method and path that the program answers, those of what is mounted in it too."""
    for route in app.routes:
        if isinstance(route, Mount):
            yield from routes(route, before + route.path)
        elif isinstance(route, Route):
            yield from ((method, before + route.path) for method in route.methods or ())
        elif (included := getattr(route, "original_router", None)) is not None:  # as FastAPI keeps a router that was included
            yield from routes(included, before)
        else:
            pytest.fail(f"{route!r} is of no kind that is known here")


def filled(path: str, chance: random.Random) -> str:
    """A route's path with something in each of its places."""
    while "{" in path:
        start, end = path.index("{"), path.index("}")
        path = path[:start] + chance.choice(["1", "0", "999999", "9" * 25, "a1", "x1", "é", "%00", "%2e%2e", "xlsx", "k" * 300]) + path[end + 1 :]
    return path


def body(chance: random.Random) -> tuple[bytes, str]:
    """A body and what it calls itself."""
    kind = chance.choice(["application/x-www-form-urlencoded", "application/json", "multipart/form-data; boundary=x", "text/plain", ""])
    forms = {plain(words(chance))[:40]: plain(words(chance)) for _ in range(chance.randrange(6))}
    made = {
        "application/x-www-form-urlencoded": lambda: str(httpx.QueryParams(forms)).encode(),
        "application/json": lambda: json.dumps(chance.choice(HOSTILE)).encode(),
        "multipart/form-data; boundary=x": lambda: (
            b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n' + chance.randbytes(20) + b"\r\n--x--"
        ),
    }
    return (made.get(kind, lambda: b"\xff\xfe\x00")() if chance.random() < 0.8 else chance.randbytes(200)), kind


async def send_everything(app: Any, chance: random.Random, refused: Callable[[str], bool]) -> None:
    """Each route in turn, and at random; whatever the program does not answer for is raised by the transport itself."""
    known = sorted({(method, path) for method, path in routes(app) if not refused(path)})
    assert len(known) > 3
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app, client=("127.0.0.1", 5000)), base_url="http://127.0.0.1:8000") as caller:
        for number in range(max(COUNT, len(known))):
            method, path = known[number] if number < len(known) else chance.choice(known)
            content, kind = body(chance) if method != "GET" else (b"", "")
            params = {plain(words(chance))[:30]: plain(words(chance))[:200] for _ in range(chance.randrange(3))}
            headers = {"Content-Type": kind, "Accept-Language": plain(words(chance))[:50].encode("ascii", "ignore").decode().replace("\x00", "")}
            address = filled(path, chance)
            answer = await caller.request(method, address, params=params, content=content, headers={k: v for k, v in headers.items() if v.isprintable()})
            assert answer.status_code < 500 or (answer.status_code == 503 and path == "/readyz"), (SEED, method, address, answer.status_code)


def never_ends(path: str) -> bool:
    """Streams of server-sent events, which have tests of their own."""
    return path.endswith(("/live", "/stream"))


# A form that breaks off leaves a file in memory, which Starlette does not close and Python does.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_no_route_of_the_program_fails(make_served: Callable[..., Served], demo_sqlite_url: str, chance: random.Random) -> None:
    served = make_served(demo_sqlite_url, secret_key="k" * 40)
    await send_everything(served.app, chance, never_ends)
    await served.close()


async def test_no_route_of_the_simulator_fails(world: World, chance: random.Random) -> None:
    app = application(world.house, Running(world.house), Metrics())
    add_simulator(app, world.house)
    await send_everything(app, chance, lambda path: never_ends(path) or not path.startswith("/simulator"))
    world.settle()


# Webhooks that are signed, or bear the secret: what a provider gone mad could send


def torn(told: Any, chance: random.Random) -> Any:
    """The same with some of it missing, doubled, or something else."""
    if isinstance(told, dict):
        kept = {key: torn(value, chance) for key, value in told.items() if chance.random() > 0.03}
        return kept | ({plain(words(chance))[:20]: chance.choice(HOSTILE)} if chance.random() < 0.05 else {})
    if isinstance(told, list):
        return [torn(value, chance) for value in told] * (2 if chance.random() < 0.05 else 1)
    return chance.choice(HOSTILE) if chance.random() < 0.06 else told


def text_forms(chance: random.Random) -> dict[str, str]:
    """A form of Twilio's: a captured one that was torn, or any fields at all."""
    captured = chance.choice(CAPTURED["twilio"])
    form = dict(captured["form"]) if chance.random() < 0.8 else {}
    form = {key: str(value) for key, value in form.items() if chance.random() > 0.05}
    for name in chance.sample(FIELDS, chance.randrange(4)):
        form[name] = plain(words(chance))
    return form


async def settles(served: Served, logged: Lines) -> None:
    """All that came is handled, without a turn that failed. uvicorn's lines are the stand-in's, which is served in this process."""
    await served.settle()
    assert [row.state for row in served.kept() if row.state == InboxState.NEW] == []
    assert [event for event in logged.events() if event["level"] == "error" and event["logger"] != "uvicorn.error"] == [], SEED


@pytest.mark.parametrize("path", [TWILIO, VOICE, STATUS])
async def test_no_form_of_twilios_fails(served_on_sqlite: Served, chance: random.Random, path: str, logged: Lines) -> None:
    served = served_on_sqlite
    for number in range(COUNT):
        form = text_forms(chance) | ({"AccountSid": served.standin.account_sid, "To": served.standin.sms_number} if chance.random() < 0.9 else {})
        if chance.random() < 0.7:
            form |= {"From": chance.choice(["+447700900101", "+447700900105", "+447700900109", "whatsapp:+447700900103"]), "MessageSid": f"SM{number:032x}"}
        assert (await served.post(path, form)).status_code in {200, 204, 400, 403, 413}, (SEED, form)
    await settles(served, logged)


async def test_no_update_of_telegrams_fails(served_on_sqlite: Served, chance: random.Random, logged: Lines) -> None:
    served = served_on_sqlite
    headers = {"X-Telegram-Bot-Api-Secret-Token": served.standin.telegram_secret, "Content-Type": "application/json"}
    async with served.caller() as caller:
        for number in range(COUNT):
            told = torn(chance.choice(CAPTURED["telegram"])["update"], chance)
            told = told | {"update_id": number + 1} if isinstance(told, dict) and chance.random() < 0.8 else told
            answer = await caller.post(TELEGRAM, content=json.dumps(told), headers=headers)
            assert answer.status_code in {200, 400, 413}, (SEED, told)
    await settles(served, logged)


async def test_no_word_on_any_channel_fails(world: World, chance: random.Random, logged: Lines) -> None:
    people = [("Amina", "sms"), ("Maria", "whatsapp"), ("Farid", "telegram"), ("Minh", "sms"), ("Kate", "sms")]
    usual = ["hello", "book", "1", "2", "yes", "no", "stop", "start", "help", "my son is ill", "cancel it", "tomorrow at 10", "what do you hold about me"]
    for _ in range(COUNT // 3):
        name, channel = chance.choice(people)
        world.say(name, chance.choice(usual) if chance.random() < 0.6 else plain(words(chance)), channel)
    assert [event for event in logged.events() if event["level"] == "error"] == [], SEED
