"""Partial answers: what a ``fields`` mask leaves of one (``a,b/c,d(e,f)``)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def masked(found: dict[str, Any], fields: str) -> dict[str, Any]:
    """The answer reduced to a ``fields`` mask (``a,b/c,d(e,f)``)."""
    if not fields:
        return found
    tree, rest = _mask(fields)
    assert not rest, f"fields={fields!r} cannot be read"
    reduced = _reduced(found, tree)
    assert isinstance(reduced, dict)
    return reduced


def _mask(text: str) -> tuple[dict[str, Any], str]:
    tree: dict[str, Any] = {}
    while text and not text.startswith(")"):
        name = ""
        while text and text[0] not in ",/()":
            name, text = name + text[0], text[1:]
        node: dict[str, Any] = {}
        if text.startswith("/"):
            head, stop = text[1:], 0
            depth = 0
            while stop < len(head) and (depth or head[stop] not in ",)"):
                depth += {"(": 1, ")": -1}.get(head[stop], 0)
                stop += 1
            node, _ = _mask(head[:stop])
            text = head[stop:]
        elif text.startswith("("):
            node, text = _mask(text[1:])
            text = text[1:]
        tree[name] = node
        text = text.removeprefix(",")
    return tree, text


def _reduced(value: Any, tree: Mapping[str, Any]) -> Any:
    if not tree or "*" in tree:
        return value
    if isinstance(value, list):
        return [_reduced(one, tree) for one in value]
    if isinstance(value, dict):
        return {name: _reduced(value[name], node) for name, node in tree.items() if name in value}
    return value
