"""Telegram's side of the stand-in: the few methods of the Bot API that a school's bot needs, in their own JSON shapes."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
from contextlib import suppress
from time import time
from typing import TYPE_CHECKING, Any

from tests.standin.faults import Fault
from tests.standin.wire import Answer, Asked

if TYPE_CHECKING:
    from tests.standin.app import StandInApp

ERRORS = {
    403: "Forbidden: bot was blocked by the user",
    400: "Bad Request: chat not found",
    401: "Unauthorized",
    409: "Conflict: terminated by other getUpdates request",
}


class TelegramSide:
    """One bot with its chats and what waits for it."""

    def __init__(self, app: StandInApp) -> None:
        self._app = app
        self._message_ids = itertools.count(1)
        self.next_update_id = 500_000
        self._waiting: list[dict[str, Any]] = []
        self._arrived = asyncio.Event()
        self._answered: set[str] = set()
        self._sent_messages: set[tuple[str, int]] = set()  # chat and message that can be deleted still
        self.files: dict[str, tuple[str, bytes]] = {}  # a file's id: where it is downloaded from, and what it is

    async def answer(self, asked: Asked) -> Answer:
        token, _, method = asked.path.removeprefix("/bot").partition("/")
        if token != self._app.settings["bot_token"]:
            return _error(401, ERRORS[401])
        form = asked.query | asked.form()
        operation = f"telegram.{method}"
        fault = self._app.plan.draw(operation, form.get("chat_id"))
        refused = self._refusal(form, fault)
        if refused or (fault and not fault.accepts):
            self._app.note(operation, accepted=False, fault=fault, to=form.get("chat_id"), form=form)
            return refused or await self._app.misbehave(fault) or Answer(500)
        if method == "getUpdates":
            return await self._app.misbehave(fault) or await self._get_updates(form)
        done = self._do(method, form)
        facts = {"sid": done["message_id"]} if isinstance(done, dict) and "message_id" in done else {}
        self._app.note(operation, accepted=not isinstance(done, Answer), fault=fault, to=form.get("chat_id"), body=form.get("text"), form=form, **facts)
        if isinstance(done, Answer):
            return done
        return await self._app.misbehave(fault) or Answer(body={"ok": True, "result": done})

    def _refusal(self, form: dict[str, str], fault: Fault | None) -> Answer | None:
        if fault and fault.kind == "429":
            words = "Too Many Requests" if fault.after is None else f"Too Many Requests: retry after {fault.after:g}"
            return _error(429, words, {} if fault.after is None else {"retry_after": int(fault.after)})
        status = fault.status or 400 if fault and fault.kind == "refuse" else self._app.settings["numbers"].get(form.get("chat_id", ""))
        return _error(status, (fault and fault.description) or ERRORS.get(status, "Refused")) if status else None

    def _do(self, method: str, form: dict[str, str]) -> Any:
        if method in {"getMe", "getWebhookInfo"}:
            return self._registration(method) | self._app.settings["bot"]
        if method in {"sendMessage", "sendDocument"}:
            return self._sent(method, form)
        if method == "deleteMessage":
            named = (form["chat_id"], int(form["message_id"]))
            if named not in self._sent_messages:
                return _error(400, "Bad Request: message to delete not found")
            self._sent_messages.discard(named)
            return True
        if method == "answerCallbackQuery":
            is_first = form["callback_query_id"] not in self._answered
            self._answered.add(form["callback_query_id"])
            return is_first or _error(400, "Bad Request: query is too old and response timeout expired or query ID is invalid")
        if method == "getFile":
            path, content = self.files.get(form["file_id"], ("photos/knee.jpg", b"hi"))
            return {"file_id": form["file_id"], "file_unique_id": "u", "file_size": len(content), "file_path": path}
        if method == "setWebhook":
            self._app.settings |= {"telegram_target": form["url"], "telegram_secret": form.get("secret_token")}
            return True
        if method == "deleteWebhook":
            self._app.settings["telegram_target"] = None
            return True
        return _error(404, "Not Found")

    def _registration(self, method: str) -> dict[str, Any]:
        if method == "getMe":
            return {"id": self._me, "is_bot": True, "first_name": "Cherry Garden", "username": "cherry_garden_bot", "can_join_groups": False}
        return {"url": self._app.settings["telegram_target"] or "", "has_custom_certificate": False, "pending_update_count": len(self._waiting)}

    @property
    def _me(self) -> int:
        return int(self._app.settings["bot_token"].partition(":")[0])

    def _sent(self, method: str, form: dict[str, str]) -> Any:
        if len(form.get("text", "")) > 4096 or len(form.get("caption", "")) > 1024:
            return _error(400, "Bad Request: message is too long")
        markup = json.loads(form.get("reply_markup", "{}"))
        buttons = [button for row in markup.get("inline_keyboard", []) for button in row]
        if any(not 1 <= len(button.get("callback_data", "-").encode()) <= 64 for button in buttons):
            return _error(400, "Bad Request: BUTTON_DATA_INVALID")
        number = next(self._message_ids)
        self._sent_messages.add((form["chat_id"], number))
        message = {
            "message_id": number,
            "from": {"id": self._me, "is_bot": True, "first_name": "Cherry Garden"},
            "chat": {"id": int(form["chat_id"]), "first_name": "A parent", "type": "private"},
            "date": int(time()),
        }
        if buttons:
            message["reply_markup"] = markup
        if method == "sendDocument":
            file = {"file_name": form.get("document", ""), "mime_type": "text/calendar", "file_id": "BQAC", "file_unique_id": "AgAD", "file_size": 1}
            return message | {"document": file, "caption": form.get("caption", "")}
        return message | {"text": form["text"]}

    async def _get_updates(self, form: dict[str, str]) -> Answer:
        if self._app.settings["telegram_target"]:
            return _error(409, "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first")
        offset = int(form.get("offset", "0"))
        if offset > 0:
            self._waiting = [update for update in self._waiting if update["update_id"] >= offset]
        if not self._waiting:
            self._arrived.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._arrived.wait(), min(float(form.get("timeout", "0")), 50))
        return Answer(body={"ok": True, "result": self._waiting[: int(form.get("limit", "100"))]})

    def download(self, asked: Asked) -> Answer:
        """A file, at the path that getFile told."""
        given = {f"/file/bot{self._app.settings['bot_token']}/{path}": content for path, content in [("photos/knee.jpg", b"hi"), *self.files.values()]}
        found = given.get(asked.path)
        self._app.note("telegram.download", accepted=found is not None)
        fault = self._app.plan.draw("telegram.download", None)
        if fault:
            return _error(fault.status or 500, "Not now")
        return Answer(body=found, headers={"content-type": "application/octet-stream"}) if found is not None else _error(404, "Not Found")

    async def inbound(self, wish: dict[str, Any]) -> dict[str, Any]:
        """Someone writes, or presses a button: put before the next poll, or told to the webhook until it says 2xx, as Telegram does."""
        update = wish.get("update") or self._update(wish)
        update.setdefault("update_id", self.next_update_id)
        self.next_update_id = update["update_id"] + 1
        facts = {"update_id": update["update_id"], "from": str(wish.get("from")), "body": wish.get("body")}
        self._app.note("telegram.inbound", accepted=True, **facts)
        statuses: list[int] = []
        for _ in range(wish.get("repeat", 1)):
            if self._app.settings["telegram_target"] and not self._app.settings["drop_webhooks"]:
                statuses.append(await self._deliver(update))
            else:
                self._waiting.append(update)
                self._arrived.set()
        return {"update_id": update["update_id"], "statuses": statuses}

    async def _deliver(self, update: dict[str, Any]) -> int:
        status = await self._post(update)
        if not 200 <= status < 300:
            self._app.later(self._deliver_again(update))
        return status

    async def _deliver_again(self, update: dict[str, Any]) -> None:
        wait = 0.1
        while self._app.settings["telegram_target"]:
            await asyncio.sleep(wait)
            if 200 <= await self._post(update) < 300:
                return
            wait = min(wait * 2, 2.0)

    async def _post(self, update: dict[str, Any]) -> int:
        headers = {"X-Telegram-Bot-Api-Secret-Token": self._app.settings["telegram_secret"] or ""}
        facts = {"update_id": update["update_id"]}
        return await self._app.post(self._app.settings["telegram_target"], json=update, headers=headers, operation="telegram.webhook", facts=facts)

    def _update(self, wish: dict[str, Any]) -> dict[str, Any]:
        person = {"id": int(wish["from"]), "is_bot": False, "first_name": "A parent", "language_code": "en"}
        chat = {"id": int(wish["from"]), "first_name": "A parent", "type": "private"}
        message = {"message_id": wish.get("message_id") or next(self._message_ids), "from": person, "chat": chat, "date": int(time())}
        if "button" in wish:
            asked = message | {"from": {"id": self._me, "is_bot": True, "first_name": "Cherry Garden"}, "text": "?"}
            query = {"id": f"q{self.next_update_id}", "from": person, "message": asked, "chat_instance": "1", "data": wish["button"]}
            return {"callback_query": query}
        if "file" in wish:
            return {"message": message | self._with_file(wish["file"], wish.get("body", ""))}
        return {"message": message | {"text": wish.get("body", "")} | wish.get("extra", {})}

    def _with_file(self, file: dict[str, Any], caption: str) -> dict[str, Any]:
        """A photo, a voice note or a document, given as {'kind', 'base64', 'name', 'type'}: what the update says of it; its content can be asked for."""
        kind, content, number = file["kind"], base64.b64decode(file["base64"]), next(self._message_ids)
        told: dict[str, Any] = {"file_id": f"file-{number}", "file_unique_id": f"u{number}", "file_size": len(content)}
        self.files[f"file-{number}"] = (
            file.get("path") or f"{kind}s/file_{number}.{'jpg' if kind == 'photo' else 'oga' if kind == 'voice' else 'bin'}",
            content,
        )
        if kind == "photo":
            return {"photo": [told | {"width": 90, "height": 60, "file_id": "small"}, told | {"width": 1280, "height": 853}], "caption": caption}
        if kind == "voice":
            return {"voice": told | {"duration": 3, "mime_type": "audio/ogg"}}
        return {"document": told | {"file_name": file.get("name", ""), "mime_type": file.get("type", "")}, "caption": caption}


def _error(status: int, description: str, parameters: dict[str, Any] | None = None) -> Answer:
    body: dict[str, Any] = {"ok": False, "error_code": status, "description": description}
    return Answer(status, body | ({"parameters": parameters} if parameters else {}))
