"""Twilio's side of the stand-in: messages, media and content templates in the API's own JSON shapes, webhooks and status callbacks signed as Twilio signs."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import re
from email.utils import formatdate
from hashlib import blake2b
from time import time
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlsplit

from twilio.request_validator import RequestValidator

from tests.standin import console
from tests.standin.faults import Fault
from tests.standin.wire import Answer, Asked

if TYPE_CHECKING:
    from tests.standin.app import StandInApp

_MESSAGES = re.compile(r"/2010-04-01/Accounts/(?P<account>AC\w+)/Messages(?:/(?P<sid>\w+))?(?:/Media(?:/(?P<media>\w+))?)?(?:\.json)?")
_APPROVAL = re.compile(r"/v1/Content/(?P<sid>HX\w+)/ApprovalRequests(?:/whatsapp)?")
_PLACE = re.compile(r"\{\{(\w+)\}\}")
MESSAGES = {
    20003: "Authenticate",
    20404: "The requested resource was not found",
    21211: "Invalid 'To' Phone Number",
    21610: "Attempt to send to unsubscribed recipient",
    21617: "The concatenated message body exceeds the 1600 character limit",
    20429: "Too Many Requests",
}


class TwilioSide:
    """An account with its messages."""

    def __init__(self, app: StandInApp) -> None:
        self._app = app
        self._count = itertools.count(1)
        self.messages: dict[str, dict[str, Any]] = {}
        self._visible_from: dict[str, float] = {}
        self._media: dict[str, dict[str, tuple[str, bytes]]] = {}
        self._contents: dict[str, dict[str, Any]] = {}
        self._approvals: dict[str, dict[str, str]] = {}

    async def answer(self, asked: Asked) -> Answer:
        if asked.login() != (self._app.settings["account_sid"], self._app.settings["auth_token"]):
            return _error(401, 20003)
        if asked.path.startswith("/v1/Content"):
            return self._content(asked)
        if console.knows(asked.path):
            return console.answer(asked, self._app.settings)
        where = _MESSAGES.fullmatch(asked.path)
        if where is None or where["account"] != self._app.settings["account_sid"]:
            return _error(404, 20404)
        if where["sid"] is None:
            return await (self._create(asked) if asked.method == "POST" else self._list(asked))
        is_about_file = "/Media/" in asked.path
        fault = self._app.plan.draw(f"twilio.media.{asked.method.lower()}", None) if is_about_file else None
        fault = fault or self._app.plan.draw("twilio.one", None)
        if fault and fault.accepts:
            self._one(asked, where["sid"], where["media"], is_about_media="/Media" in asked.path)
            return await self._app.misbehave(fault) or Answer(500)
        if fault:
            return self._refusal({"Body": "-"}, fault) or await self._app.misbehave(fault) or Answer(500)
        return self._one(asked, where["sid"], where["media"], is_about_media="/Media" in asked.path)

    async def _create(self, asked: Asked) -> Answer:
        form = asked.form()
        to, outbox_id = form.get("To", ""), _outbox_id(form.get("StatusCallback", ""))
        fault = self._app.plan.draw("twilio.send", to)
        facts = {"to": to, "from": form.get("From"), "outbox_id": outbox_id, "form": form}
        refused = self._refusal(form, fault)
        if refused or (fault and not fault.accepts):
            self._app.note("twilio.send", accepted=False, fault=fault, **facts)
            return refused or await self._app.misbehave(fault) or Answer(500)
        row = self._accept(form, fault)
        self._app.note("twilio.send", accepted=True, fault=fault, sid=row["sid"], body=row["body"], **facts)
        if form.get("StatusCallback"):
            report = self._report(row, form["StatusCallback"])
            await report if self._app.settings["callbacks"] == "early" else self._app.later(report)
        return await self._app.misbehave(fault) or Answer(201, {**row, "status": "accepted" if form.get("MessagingServiceSid") else "queued"})

    def _refusal(self, form: dict[str, str], fault: Fault | None) -> Answer | None:
        """What Twilio refuses by itself, and what it is told to refuse."""
        if fault and fault.kind == "429":
            return _error(429, 20429, {} if fault.after is None else {"retry-after": f"{fault.after:g}"})
        if fault and fault.kind == "refuse":
            return _error(fault.status or 400, fault.code)
        code = self._app.settings["numbers"].get(form.get("To", ""))
        if code is None and len(form.get("Body", "")) > 1600:
            code = 21617
        if code is None and not (form.get("Body") or form.get("ContentSid")):
            code = 21602
        if code is None and form.get("ContentSid") and form["ContentSid"] not in self._contents:
            code = 20404
        return _error(401 if code == 20003 else 404 if code == 20404 else 400, code) if code else None

    def _accept(self, form: dict[str, str], fault: Fault | None) -> dict[str, Any]:
        service = form.get("MessagingServiceSid")
        row = self._row(form["To"], form.get("From"), self._body(form), direction="outbound-api", status="queued", service=service)
        delay = fault.seconds if fault and fault.kind == "late_list" else self._app.settings["listing_delay"]
        self._visible_from[row["sid"]] = time() + delay
        return row

    def _body(self, form: dict[str, str]) -> str:
        """The words on record: a template with its variables put in."""
        if "ContentSid" not in form:
            return form["Body"].rstrip()
        types = self._contents[form["ContentSid"]]["types"]
        given = json.loads(form.get("ContentVariables", "{}"))
        return _PLACE.sub(lambda place: str(given[place[1]]), next(iter(types.values()))["body"])

    def _row(
        self, to: str, sender: str | None, body: str, *, direction: str, status: str, service: str | None = None, sid: str | None = None
    ) -> dict[str, Any]:
        sid, now, account = sid or self._sid("SM"), formatdate(time(), localtime=False).replace("-0000", "+0000"), self._app.settings["account_sid"]
        address = f"/2010-04-01/Accounts/{account}/Messages/{sid}"
        row = {
            "account_sid": account,
            "api_version": "2010-04-01",
            "body": body,
            "date_created": now,
            "date_sent": now if direction == "inbound" else None,
            "date_updated": now,
            "direction": direction,
            "error_code": None,
            "error_message": None,
            "from": sender,
            "messaging_service_sid": service,
            "num_media": "0",
            "num_segments": "0" if service else "1",
            "price": None,
            "price_unit": None,
            "sid": sid,
            "status": status,
            "subresource_uris": {"media": f"{address}/Media.json"},
            "to": to,
            "uri": f"{address}.json",
        }
        self.messages[sid] = row
        return row

    def _sid(self, prefix: str) -> str:
        return prefix + blake2b(f"{id(self)}{next(self._count)}".encode(), digest_size=16).hexdigest()

    async def _list(self, asked: Asked) -> Answer:
        fault = self._app.plan.draw("twilio.list", asked.query.get("To"))
        self._app.note("twilio.list", accepted=fault is None, fault=fault, query=asked.query)
        if fault:
            lie = self._refusal({"Body": "-"}, fault) or await self._app.misbehave(fault)
            if lie:
                return lie
        size, page, now = min(int(asked.query.get("PageSize", "50")), 1000), int(asked.query.get("Page", "0")), time()
        rows = [row for row in reversed(self.messages.values()) if _matches(row, asked.query) and self._visible_from.get(row["sid"], 0) <= now]
        shown, base = rows[page * size : (page + 1) * size], asked.path
        more = {**asked.query, "PageSize": size, "Page": page + 1, "PageToken": f"PA{shown[-1]['sid']}"} if len(rows) > (page + 1) * size else None
        return Answer(
            body={
                "messages": shown,
                "end": page * size + max(len(shown) - 1, 0),
                "start": page * size,
                "page": page,
                "page_size": size,
                "uri": f"{base}?{urlencode(asked.query)}",
                "first_page_uri": f"{base}?{urlencode({**asked.query, 'PageSize': size, 'Page': 0})}",
                "next_page_uri": f"{base}?{urlencode(more)}" if more else None,
                "previous_page_uri": None,
            },
        )

    def _one(self, asked: Asked, sid: str, media: str | None, *, is_about_media: bool) -> Answer:
        row = self.messages.get(sid)
        if row is None:
            return _error(404, 20404)
        if is_about_media:
            if asked.method == "DELETE" and media:
                return self._forget_file(sid, media)
            return self._files(row, media, is_listing=asked.path.endswith(".json"))
        if asked.method == "DELETE":
            del self.messages[sid]
            self._app.note("twilio.delete", accepted=True, sid=sid)
            return Answer(204)
        if asked.method == "POST":
            row["body"] = asked.form().get("Body", row["body"])
        return Answer(body=row)

    def _forget_file(self, sid: str, media: str) -> Answer:
        gone = self._media.get(sid, {}).pop(media, None)
        self._app.note("twilio.media.delete", accepted=gone is not None, sid=media, message=sid)
        return Answer(204) if gone is not None else _error(404, 20404)

    def _files(self, row: dict[str, Any], media: str | None, *, is_listing: bool) -> Answer:
        files, account = self._media.get(row["sid"], {}), row["account_sid"]
        if media and not is_listing:
            kind, content = files.get(media, ("", b""))
            self._app.note("twilio.media.get", accepted=media in files, sid=media, message=row["sid"])
            return Answer(body=content, headers={"content-type": kind}) if media in files else _error(404, 20404)
        base = f"/2010-04-01/Accounts/{account}/Messages/{row['sid']}/Media"
        rows = [
            {
                "sid": name,
                "account_sid": account,
                "parent_sid": row["sid"],
                "content_type": kind,
                "uri": f"{base}/{name}.json",
                "date_created": row["date_created"],
            }
            for name, (kind, _) in files.items()
        ]
        return Answer(body={"media_list": rows, "page": 0, "page_size": 50, "uri": f"{base}.json", "next_page_uri": None, "start": 0, "end": len(rows)})

    def _content(self, asked: Asked) -> Answer:
        if where := _APPROVAL.fullmatch(asked.path):
            return self._approve(asked, where["sid"])
        if asked.method == "POST":
            made = {**asked.json(), "sid": self._sid("HX"), "account_sid": self._app.settings["account_sid"], "url": None, "links": {}}
            self._contents[made["sid"]] = made
            self._app.note("twilio.content", accepted=True, sid=made["sid"], name=made.get("friendly_name"))
            return Answer(201, made)
        meta = {"key": "contents", "page": 0, "page_size": 50, "first_page_url": None, "previous_page_url": None, "next_page_url": None, "url": None}
        return Answer(body={"contents": list(self._contents.values()), "meta": meta})

    def _approve(self, asked: Asked, sid: str) -> Answer:
        """Hand a template in for WhatsApp's approval, or tell what WhatsApp says of it. It is 'received' at first, whatever comes of it."""
        content = self._contents.get(sid)
        if content is None:
            return _error(404, 20404)
        wish = self._approvals.get(sid)
        if asked.method == "GET":
            status = self._app.settings["approvals"].get(content["language"], "approved") if wish else "unsubmitted"
            told = {"type": "whatsapp", "content_type": "twilio/quick-reply", "status": status, "allow_category_change": True, **(wish or {})}
            reason = "INVALID_FORMAT" if status == "rejected" else ""
            return Answer(body={"sid": sid, "account_sid": content["account_sid"], "whatsapp": {**told, "rejection_reason": reason}, "url": None})
        given = asked.json()
        if wish is not None or not re.fullmatch(r"[a-z0-9_]{1,512}", given["name"]) or _is_malformed(next(iter(content["types"].values()))["body"]):
            return _error(400, 20001)
        self._approvals[sid] = {"name": given["name"], "category": given["category"]}
        self._app.note("twilio.approval", accepted=True, sid=sid, name=given["name"], category=given["category"], language=content["language"])
        return Answer(201, {**self._approvals[sid], "content_type": "twilio/quick-reply", "status": "received", "rejection_reason": ""})

    async def _report(self, row: dict[str, Any], url: str) -> None:
        """The status callbacks of one message, as the setting 'callbacks' says."""
        way, code = self._app.settings["callbacks"], self._app.settings["fates"].get(row["to"])
        states = ["sent", "undelivered" if code else "delivered"]
        row["status"], row["error_code"] = states[-1], code
        if way == "none":
            return
        sids = [(row["sid"], state) for state in states]
        if way == "repeated":
            sids += sids
        if way == "shuffled":
            sids.reverse()
        if way == "unknown":
            sids.insert(0, (self._sid("SM"), "delivered"))
        for sid, state in sids:
            await self._call_back(row, url, sid, state, code if state == "undelivered" else None)

    async def _call_back(self, row: dict[str, Any], url: str, sid: str, state: str, code: int | None) -> None:
        form = {"SmsSid": sid, "SmsStatus": state, "MessageStatus": state, "MessageSid": sid, "To": row["to"], "From": row["from"] or ""}
        form |= {"AccountSid": row["account_sid"], "ApiVersion": "2010-04-01"} | ({"ErrorCode": str(code)} if code else {})
        await self._signed_post(url, form, operation="twilio.callback", facts={"sid": sid, "state": state})

    async def inbound(self, wish: dict[str, Any]) -> dict[str, Any]:
        """Someone writes to us: kept in the listing, and told to the target by webhook unless those are dropped."""
        prefix = "whatsapp:" if wish.get("channel") == "whatsapp" else ""
        to = wish.get("to") or ("+447700900901" if prefix else "+447700900900")
        known = self.messages.get(wish.get("sid", ""))
        row = known or self._row(prefix + to, prefix + wish["from"], wish.get("body", ""), direction="inbound", status="received", sid=wish.get("sid"))
        files = self._keep_media(row, wish.get("media", ()))
        target = wish.get("target") or self._app.settings["twilio_target"]
        self._app.note("twilio.inbound", accepted=True, sid=row["sid"], **{"from": row["from"]}, body=row["body"])
        statuses: list[int] = []
        if target and not self._app.settings["drop_webhooks"] and wish.get("webhook", True):
            form = self._webhook_form(row, files) | wish.get("extra", {})
            posts = [self._signed_post(target, form, operation="twilio.webhook", facts={"sid": row["sid"]}) for _ in range(wish.get("repeat", 1))]
            beside = [self._app.later(post) for post in posts]
            statuses = list(await asyncio.gather(*beside)) if wish.get("wait", True) else []
        return {"sid": row["sid"], "statuses": statuses}

    def _keep_media(self, row: dict[str, Any], media: Any) -> dict[str, str]:
        """Files that came along: name to type. Given as {'content_type', 'base64'}."""
        kept = {self._sid("ME"): (item["content_type"], base64.b64decode(item.get("base64", ""))) for item in media}
        self._media.setdefault(row["sid"], {}).update(kept)
        row["num_media"] = str(len(self._media[row["sid"]]))
        return {name: kind for name, (kind, _) in kept.items()}

    def _webhook_form(self, row: dict[str, Any], files: dict[str, str]) -> dict[str, str]:
        """The fields of a real webhook."""
        sid, sender = row["sid"], row["from"]
        form = {
            "ToCountry": "GB",
            "ToState": "",
            "SmsMessageSid": sid,
            "NumMedia": str(len(files)),
            "ToCity": "",
            "FromZip": "",
            "SmsSid": sid,
            "FromState": "",
            "SmsStatus": "received",
            "FromCity": "",
            "Body": row["body"],
            "FromCountry": "GB",
            "To": row["to"],
            "NumSegments": "1",
            "MessageSid": sid,
            "AccountSid": row["account_sid"],
            "From": sender,
            "ApiVersion": "2010-04-01",
        }
        base = f"https://api.twilio.com/2010-04-01/Accounts/{row['account_sid']}/Messages/{sid}/Media/"
        for index, (name, kind) in enumerate(files.items()):
            form |= {f"MediaUrl{index}": base + name, f"MediaContentType{index}": kind}
        if sender.startswith("whatsapp:"):
            form = {name: value for name, value in form.items() if not name.startswith(("FromC", "FromS", "FromZ", "ToC", "ToS"))}
            form |= {"ProfileName": "A parent", "WaId": sender.removeprefix("whatsapp:+"), "MessageType": "text", "ChannelMetadata": '{"type":"whatsapp"}'}
        return form

    async def _signed_post(self, url: str, form: dict[str, str], *, operation: str, facts: dict[str, Any]) -> int:
        signature = RequestValidator(self._app.settings["auth_token"]).compute_signature(url.partition("#")[0], form)
        headers = {"X-Twilio-Signature": signature, "I-Twilio-Idempotency-Token": self._sid(""), "User-Agent": "TwilioProxy/1.1"}
        headers["Content-Type"] = "application/x-www-form-urlencoded; charset=UTF-8"
        return await self._app.post(url, data=urlencode(form), headers=headers, operation=operation, facts=facts)


def _outbox_id(callback: str) -> str | None:
    return next(iter(parse_qs(urlsplit(callback).query).get("id", [])), None)


def _is_malformed(body: str) -> bool:
    """WhatsApp takes no template that begins or ends in a place, signs of direction apart."""
    return bool(re.search(r"^[\u2066-\u2069\s]*\{\{|\}\}[\u2066-\u2069\s.!]*$", body))


def _matches(row: dict[str, Any], query: dict[str, str]) -> bool:
    return all(query.get(name) in {None, row[field]} for name, field in (("To", "to"), ("From", "from")))


def _error(status: int, code: int, headers: dict[str, str] | None = None) -> Answer:
    body = {"code": code, "message": MESSAGES.get(code, "Refused"), "more_info": f"https://www.twilio.com/docs/errors/{code}", "status": status}
    return Answer(status, body, headers or {})
