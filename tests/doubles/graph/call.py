"""One request as a handler gets it, and what it may answer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from tests.doubles.graph import odata, translate
from tests.doubles.graph.mailbox import Mailbox
from tests.doubles.graph.translate import Item

BASE = "https://graph.microsoft.com/v1.0"


class Refusal(Exception):
    """An answer that is no success."""

    def __init__(self, status: int, code: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(code)
        self.status, self.code, self.headers = status, code, dict(headers or {})

    def body(self) -> dict[str, Any]:
        """As Graph words it."""
        return {"error": {"code": self.code, "message": "A sentence.", "innerError": {"request-id": "0"}}}


class Strange(Exception):
    """A request the double does not know: the test fails."""


@dataclass
class Call:
    """A request: ``options`` are its query, ``ids`` what stood in the path, whose segments stand apart by NUL."""

    box: Mailbox
    method: str
    path: str
    ids: list[str]
    options: dict[str, str]
    headers: dict[str, str]
    body: dict[str, Any]
    replay: bool
    reply_drops: frozenset[str]
    lagging: set[str]
    limit: int

    @property
    def place(self) -> str:
        """Where it was asked, for links."""
        return BASE + "/".join(quote(segment, safe="") for segment in self.path.split("\0"))

    # -- options

    @property
    def size(self) -> int:
        """Items a page."""
        told = re.search(r"odata\.maxpagesize=(\d+)", self.headers.get("prefer", ""))
        if told is None:
            raise Strange(f"{self.path} without odata.maxpagesize")
        return int(told[1])

    def window(self) -> tuple[datetime, datetime]:
        """startDateTime and endDateTime."""
        try:
            start, end = (datetime.fromisoformat(self.options[n]) for n in ("startDateTime", "endDateTime"))
        except KeyError:
            raise Refusal(400, "ErrorInvalidParameter") from None
        if (end - start).days > 1825:
            raise Refusal(400, "ErrorInvalidRequest")  # five years at most
        return start, end

    def test(self) -> odata.Test:
        """``$filter`` and ``$search``; Graph takes one of them at a time."""
        told, sought = self.options.get("$filter"), self.options.get("$search")
        if told and sought:
            raise Refusal(400, "ErrorInvalidSearchFilterCombination")
        if sought:
            found = odata.searched(sought)
            return lambda item: item["id"] not in self.lagging and found(item)
        return odata.filtered(told) if told else lambda item: True

    # -- answers

    def one(self, item: Item) -> dict[str, Any]:
        """One resource, as selected and expanded."""
        whole = self.shown(item)
        properties = item.get("_properties", {})
        if "$expand" in self.options:
            names = odata.expanded(self.options["$expand"])
            held = [{"id": n, "value": properties[n]} for n in names if n in properties]
            if held:  # where there is none the property is not told at all
                whole["singleValueExtendedProperties"] = held
        if "$select" in self.options:
            kept = {*self.options["$select"].split(","), "id", "@odata.etag", "@odata.type"}
            kept |= {"singleValueExtendedProperties"} & set(whole)
            return {name: value for name, value in whole.items() if name in kept}
        whole.pop("internetMessageHeaders", None)
        return whole

    def shown(self, item: Item) -> dict[str, Any]:
        """A resource with everything that is public, in the form the request prefers."""
        whole = {name: value for name, value in item.items() if not name.startswith("_")}
        if "changeKey" in item:
            whole["@odata.etag"] = etag(item)
        if "body" in whole:
            whole["body"] = self._body(whole["body"])
        return whole

    def _body(self, body: Mapping[str, str]) -> dict[str, str]:
        content, kind = body["content"], body["contentType"]
        if 'outlook.body-content-type="text"' in self.headers.get("prefer", ""):
            return {"contentType": "text", "content": translate.as_text(content) if kind == "html" else content}
        if kind == "text":
            return {"contentType": "html", "content": translate.WRAPPED.format(content.replace("\n", "<br>"))}
        return dict(body)

    def listing(self, items: list[Item]) -> dict[str, Any]:
        """A collection, its first page."""
        told = [self.one(item) for item in items]
        if "$search" in self.options:
            told = told[: self.limit]
        return self.page(told)

    def page(self, told: list[dict[str, Any]]) -> dict[str, Any]:
        """A page of it, and where it goes on."""
        page, rest = told[: self.size], told[self.size :]
        answer: dict[str, Any] = {"value": page}
        if rest:
            token = f"page-{len(self.box.tokens) + 1}"
            self.box.tokens[token] = rest
            answer["@odata.nextLink"] = f"{self.place}?$skiptoken={token}"
        return answer

    def rest(self) -> dict[str, Any] | None:
        """The page a link of ours leads to; None where the request is not one."""
        token = self.options.get("$skiptoken", "")
        if not token.startswith("page-"):
            return None
        if token not in self.box.tokens:
            raise Refusal(410, "syncStateNotFound")
        return self.page(self.box.tokens[token])


def etag(item: Mapping[str, Any]) -> str:
    """Weak, as all of Exchange's are."""
    return f'W/"{item["changeKey"]}"'
