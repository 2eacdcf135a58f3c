"""Delta queries: everything first, then what is different, in pages whose links expire with their collection.

What changed is told in part: the id, and the properties that differ. A change may be told again.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from tests.doubles.graph.mailbox import Folder, Mailbox
from tests.doubles.graph.translate import Item

ALWAYS = ("id", "type", "seriesMasterId")


class Expired(Exception):
    """The token is of an earlier generation, or none of ours."""


@dataclass
class Round:
    """What a token stands for: a page still to come, or the state everything was in."""

    folder: str
    generation: int
    query: str
    pages: list[Item] = field(default_factory=list)
    state: dict[str, Item] = field(default_factory=dict)
    last: list[str] = field(default_factory=list)  # told last, to be told once more


def begin(box: Mailbox, folder: Folder, query: str, items: list[Item], size: int, *, replay: bool) -> dict[str, Any]:
    """The first page of a round from nothing."""
    told = [first(item) for item in items]
    state = {one["id"]: deepcopy(one) for one in items}
    return _page(box, Round(folder.id, folder.generation, query, told, state), size, replay=replay)


def go_on(
    box: Mailbox, folder: Folder, token: str, size: int, items: Callable[[str], list[Item]], *, replay: bool
) -> dict[str, Any]:
    """The next page of a round, or the first of the round after it.

    Raises:
        Expired: the server knows nothing of it any more.
    """
    held: Round | None = box.tokens.get(token)
    if held is None or held.generation != folder.generation or held.folder != folder.id:
        raise Expired
    if token.startswith("skip"):
        return _page(box, deepcopy(held), size, replay=replay)
    now = {one["id"]: one for one in items(held.query)}
    told: list[Item] = []
    for item_id, item in now.items():
        before = held.state.get(item_id)
        if before is None:
            told.append(first(item))
        elif (changed := {k: v for k, v in item.items() if before.get(k) != v and k != "changeKey"}) or (
            (item["type"] == "seriesMaster" if "type" in item else False)
            and before.get("changeKey") != item.get("changeKey")
        ):
            kept = {name: item[name] for name in ALWAYS if name in item}
            told.append(dict(item) if item.get("type") == "seriesMaster" else {**kept, **changed})
    told += [{"id": i, "@removed": {"reason": "deleted"}} for i in held.state if i not in now]
    if told and replay:
        again = [first(now[i]) for i in held.last if i in now and i not in {one["id"] for one in told}]
        told = again + told
    fresh = Round(held.folder, held.generation, held.query, told, deepcopy(now), last=[one["id"] for one in told][-1:])
    return _page(box, fresh, size, replay=replay)


def first(item: Item) -> Item:
    """An item as it is told when it is new. Of an occurrence only what its series does not say."""
    if item.get("type") == "occurrence":
        return {name: item[name] for name in ("id", "type", "seriesMasterId", "start", "end")}
    return deepcopy(item)


def _page(box: Mailbox, held: Round, size: int, *, replay: bool) -> dict[str, Any]:
    page, rest = held.pages[:size], held.pages[size:]
    kind = "skip" if rest else "delta"
    token = f"{kind}-{len(box.tokens) + 1}-{held.generation}"
    box.tokens[token] = Round(
        held.folder, held.generation, held.query, rest, held.state, held.last or [one["id"] for one in page][-1:]
    )
    return {"value": page, f"_{kind}": token}
