"""What handlers of all kinds need: what is missing, what must match, and deltas page by page."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from tests.doubles.graph import delta
from tests.doubles.graph.call import Call, Refusal, Strange, etag
from tests.doubles.graph.mailbox import Folder
from tests.doubles.graph.translate import Item

Answer = tuple[int, Any]
KEY = re.compile(r"String \{[0-9a-f-]{36}\} Name \w+\Z|String 0x10(42|39)\Z")
"""Extended properties kithd writes."""


def missing() -> Refusal:
    """Nothing of this id."""
    return Refusal(404, "ErrorItemNotFound")


def matched(call: Call, item: Item) -> None:
    """If-Match, which every change has."""
    told = call.headers.get("if-match")
    if told is None and not item.get("isDraft"):
        raise Strange(f"{call.method} {call.path} without If-Match")
    if told is not None and told != etag(item):
        raise Refusal(412, "ErrorIrresolvableConflict")


def delta_page(call: Call, folder: Folder, query: str, items: Callable[[str], list[Item]]) -> Any:
    token = call.options.get("$deltatoken") or call.options.get("$skiptoken") or ""
    try:
        if token:
            told = delta.go_on(call.box, folder, token, call.size, items, replay=call.replay)
        else:
            told = delta.begin(call.box, folder, query, items(query), call.size, replay=call.replay)
    except delta.Expired:
        raise Refusal(410, "syncStateNotFound") from None
    skip, final = told.pop("_skip", ""), told.pop("_delta", "")
    name, option, token = ("nextLink", "skip", skip) if skip else ("deltaLink", "delta", final)
    return told | {f"@odata.{name}": f"{call.place}?${option}token={token}"}
