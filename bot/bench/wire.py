"""HTTP as thin as it can be, so that what is measured is the server and not the measuring: a provider that takes all, and a client that keeps its lines."""

from __future__ import annotations

import asyncio
import base64
import functools
import hashlib
import hmac
import io
import itertools
import json
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from urllib.parse import parse_qsl, urlencode, urlsplit

from PIL import Image

Answerer = Callable[[str, str, bytes], Awaitable[object]]

ACCOUNT, TOKEN, NUMBER = "AC" + "0" * 32, "bench-token", "+447700900900"


async def serve(answer: Answerer, port: int = 0) -> tuple[asyncio.Server, int]:
    """A server on a free loopback port, or at `port`: method, path with query and body go to `answer`, what it gives comes back as JSON; bytes as a picture."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head, body = await _message(reader)
                method, path, _ = head.split(" ", 2)
                told = await answer(method, path, body)
                kind, text = (b"image/jpeg", told) if isinstance(told, bytes) else (b"application/json", json.dumps(told).encode())
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n" % (kind, len(text)) + text)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", port, backlog=512)
    return server, int(server.sockets[0].getsockname()[1])


class Lines:
    """Connections to a server, kept open and used by whoever asks next; of several servers, behind a balancer, each is asked in its turn."""

    def __init__(self, *ports: int) -> None:
        self._turns = itertools.cycle(ports)
        self._idle: dict[int, deque[tuple[asyncio.StreamReader, asyncio.StreamWriter]]] = {port: deque() for port in ports}

    async def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> int:
        """The status that a POST is answered with; 0 where the line broke."""
        return (await self.ask(path, body, headers))[0]

    async def ask(self, path: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
        """The status and the body that a POST is answered with; 0 where the line broke. A line that was closed meanwhile is replaced, as every client does."""
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        port = next(self._turns)
        request = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: {len(body)}\r\n{lines}\r\n".encode() + body
        while self._idle[port]:
            status, told = await self._ask(port, *self._idle[port].pop(), request)
            if status:
                return status, told
        return await self._ask(port, *await asyncio.open_connection("127.0.0.1", port), request)

    async def _ask(self, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> tuple[int, bytes]:
        try:
            writer.write(request)
            head, told = await _message(reader)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()
            return 0, b""
        self._idle[port].append((reader, writer))
        return int(head.split(" ", 2)[1]), told

    def close(self) -> None:
        for _, writer in itertools.chain.from_iterable(self._idle.values()):
            writer.close()


async def _message(reader: asyncio.StreamReader) -> tuple[str, bytes]:
    """The first line and the body of a request or an answer."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    lines = head.split("\r\n")
    length = next((int(line.partition(":")[2]) for line in lines if line.lower().startswith("content-length:")), 0)
    return lines[0], await reader.readexactly(length) if length else b""


@functools.cache
def picture() -> bytes:
    """A photo as a phone sends it by MMS."""
    made = io.BytesIO()
    Image.effect_noise((640, 480), 40).save(made, "JPEG", quality=60)
    return made.getvalue()


class Twilio:
    """Twilio's side: takes messages, tells `heard` of each, and reports it sent and delivered, signed."""

    def __init__(self, heard: Callable[[str, str], None]) -> None:
        self.account, self.token, self.number = ACCOUNT, TOKEN, NUMBER
        self.lines: Lines | None = None
        self.base = ""
        self._heard, self._ids, self._reports = heard, itertools.count(1), set[asyncio.Task[None]]()

    async def answer(self, method: str, path: str, body: bytes) -> dict[str, object] | bytes:
        """One call of its API: a message is created, a picture fetched, or the messages that it holds for us are listed (none)."""
        if "/Media/" in path:
            return picture()
        if method == "GET":
            return {"messages": [], "next_page_uri": None, "page": 0, "page_size": 50, "start": 0, "end": 0, "uri": path, "first_page_uri": path}
        form = dict(parse_qsl(body.decode(), keep_blank_values=True))
        self._heard(form["To"], form["Body"])
        sid = f"SM{next(self._ids):032x}"
        if "StatusCallback" in form:
            task = asyncio.get_running_loop().create_task(self._report(form["StatusCallback"], sid, form["To"]))
            self._reports.add(task)
            task.add_done_callback(self._reports.discard)
        return {"sid": sid, "status": "queued", "body": form["Body"], "to": form["To"], "from": form.get("From"), "account_sid": self.account}

    async def _report(self, url: str, sid: str, to: str) -> None:
        """Say what became of a message; a server that was stopped meanwhile is told nothing."""
        for state in ("sent", "delivered"):
            with suppress(ConnectionRefusedError):
                await self.post(url, {"MessageSid": sid, "SmsSid": sid, "MessageStatus": state, "To": to, "From": self.number, "AccountSid": self.account})

    def new_text(self) -> str:
        """The id of a text that someone is about to write."""
        return f"SM{next(self._ids) + (1 << 100):032x}"

    async def text(self, sender: str, words: str, sid: str = "", pictures: int = 0) -> int:
        """Someone writes to the school: the signed webhook, with a real one's sixteen fields; the status it is answered with.

        With the same `sid` it is the same text once more, as the catch-up finds it with the provider when the webhook was not answered in time.
        """
        sid = sid or self.new_text()
        places = {f"{end}{place}": "" for end in ("From", "To") for place in ("City", "State", "Zip")}
        form = {"MessageSid": sid, "SmsSid": sid, "SmsMessageSid": sid, "AccountSid": self.account, "From": sender, "To": self.number, "Body": words}
        form |= {"NumMedia": str(pictures), "NumSegments": "1", "SmsStatus": "received", "ApiVersion": "2010-04-01", **places}
        for number in range(pictures):
            form[f"MediaContentType{number}"] = "image/jpeg"
            form[f"MediaUrl{number}"] = f"https://api.twilio.com/2010-04-01/Accounts/{self.account}/Messages/{sid}/Media/ME{number:032x}"
        return await self.post(f"{self.base}/webhooks/twilio/message", form)

    async def post(self, url: str, form: Mapping[str, str]) -> int:
        assert self.lines is not None
        signed = url + "".join(name + form[name] for name in sorted(form))
        signature = base64.b64encode(hmac.new(self.token.encode(), signed.encode(), hashlib.sha1).digest()).decode()
        parts = urlsplit(url)
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        headers = {"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8", "X-Twilio-Signature": signature}
        return await self.lines.post(path, urlencode(form).encode(), headers)
