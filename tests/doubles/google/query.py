"""Gmail's search, as far as kithd may use it. An operator that is not here is an error, not a guess.

Gmail finds words, not substrings: an address is a phrase of the words between its dots and signs, so that
``anna@example.com`` is found in ``anna@example.com.test`` and not in ``joanna@example.com`` or ``anna+x@example.com``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.doubles.google.mailbox import Message

_TOKEN = re.compile(r"\{|\}|\(|\)|-?[a-z0-9]+:\"[^\"]*\"|[^\s(){}]+")
_WORD = re.compile(r"\w+")
LONGEST = 8_000
"""Characters of a query; Google names no limit, somewhere there is one."""

Test = Callable[["Message"], bool]


class BadQuery(Exception):
    """A query the double does not understand."""


def compiled(text: str) -> Test:
    """The query as a test of one message.

    Raises:
        BadQuery: it is too long or holds what is not known here.
    """
    if len(text) > LONGEST:
        raise BadQuery(f"a query of {len(text)} characters")
    tokens = _TOKEN.findall(text)
    test, rest = _all(tokens, "")
    if rest:
        raise BadQuery(f"a query with {rest[0]!r} too many")
    return test


def _all(tokens: Sequence[str], end: str) -> tuple[Test, list[str]]:
    """Terms side by side (all must hold; with OR between them any), up to ``end``."""
    rest = list(tokens)
    groups: list[list[Test]] = []
    joined = False
    while rest and rest[0] != end:
        if rest[0] == "OR":
            joined = True
            rest.pop(0)
            continue
        test, rest = _term(rest)
        if joined and groups:
            groups[-1].append(test)
        else:
            groups.append([test])
        joined = False
    if end:
        if not rest:
            raise BadQuery(f"{end} is missing")
        rest.pop(0)
    return lambda m: all(any(t(m) for t in group) for group in groups), rest


def _term(tokens: list[str]) -> tuple[Test, list[str]]:
    first, rest = tokens[0], tokens[1:]
    if first == "(":
        return _all(rest, ")")
    if first == "{":
        tests: list[Test] = []
        while rest and rest[0] != "}":
            test, rest = _term(rest)
            tests.append(test)
        if not rest:
            raise BadQuery("} is missing")
        return lambda m: any(t(m) for t in tests), rest[1:]
    name, colon, value = first.partition(":")
    if not colon:
        raise BadQuery(f"{first!r} without an operator")
    return _operator(name, value.strip('"')), rest


def _operator(name: str, value: str) -> Test:
    words = _WORD.findall(value.casefold())
    match name:
        case "from":
            return lambda m: m.has(("from",), words)
        case "to":
            return lambda m: m.has(("to", "cc", "bcc"), words)
        case "cc":
            return lambda m: m.has(("cc",), words)
        case "rfc822msgid":
            return lambda m: m.message_id.strip("<>") == value.strip("<>")
        case "in" if value in ("sent", "drafts", "inbox", "trash", "spam"):
            label = {"drafts": "DRAFT"}.get(value, value.upper())
            return lambda m: label in m.labels
        case "-in" if value in ("chats", "drafts", "sent"):
            hidden = {"drafts": "DRAFT", "chats": "CHAT"}.get(value, value.upper())
            return lambda m: hidden not in m.labels
        case "after" | "before" if len(value) == 10 and value.isdecimal():  # else a day, in nobody knows which zone
            at = int(value) * 1000
            return (lambda m: m.received >= at) if name == "after" else (lambda m: m.received < at)
    raise BadQuery(f"{name}:{value} is not known here")
