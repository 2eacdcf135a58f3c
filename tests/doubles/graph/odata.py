"""The few OData options the double takes, each in the one shape it knows. Anything else is an error, not a guess."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

Item = dict[str, Any]
Test = Callable[[Item], bool]

_TEXT = r"'((?:[^']|'')*)'"
_ID = re.compile(rf"internetMessageId eq {_TEXT}\Z")
_SINCE = re.compile(r"receivedDateTime ge (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)\Z")
_PROPERTY = re.compile(rf"singleValueExtendedProperties/Any\(ep: ep/id eq {_TEXT} and ep/value eq {_TEXT}\)\Z")
_EXPAND = re.compile(rf"singleValueExtendedProperties\(\$filter=(id eq {_TEXT}(?: or id eq {_TEXT})*)\)\Z")
_CLAUSE = re.compile(r"\(participants:([^\s():*]+)\* AND participants:([^\s():*]+)\)")
_WORDS = re.compile(r"\w+")


class BadOption(Exception):
    """An option the double does not understand: Graph may refuse it, too."""


def filtered(text: str) -> Test:
    """A ``$filter`` as a test of one item."""
    if match := _ID.match(text):
        wanted = _plain(match[1])
        return lambda item: bool(item.get("internetMessageId") == wanted)
    if match := _SINCE.match(text):
        since = datetime.fromisoformat(match[1])
        return lambda item: datetime.fromisoformat(item["receivedDateTime"]) >= since
    if match := _PROPERTY.match(text):
        name, value = _plain(match[1]), _plain(match[2])
        return lambda item: bool(item.get("_properties", {}).get(name) == value)
    raise BadOption(f"$filter={text}")


def expanded(text: str) -> list[str]:
    """The extended properties an ``$expand`` asks for."""
    if not _EXPAND.match(text):
        raise BadOption(f"$expand={text}")
    return [_plain(one) for one in re.findall(rf"id eq {_TEXT}", text)]


def searched(text: str) -> Test:
    """A ``$search`` over participants as a test of one message: words by their beginning, as KQL has them."""
    if not (text.startswith('"') and text.endswith('"')):
        raise BadOption(f"$search={text} is not in quotation marks")
    clauses = [_CLAUSE.fullmatch(one) for one in text[1:-1].split(" OR ")]
    if not all(clauses) or len(clauses) > 15:
        raise BadOption(f"$search={text}")
    pairs = [(one[1], one[2]) for one in clauses if one]

    def test(item: Item) -> bool:
        people = participants(item)
        return any(_begins(people, local) and _holds(people, domain) for local, domain in pairs)

    return test


def participants(item: Mapping[str, Any]) -> list[list[str]]:
    """The words of each person's name and address."""
    found = []
    for name in ("from", "sender", "toRecipients", "ccRecipients", "bccRecipients"):
        value = item.get(name)
        for one in value if isinstance(value, list) else [value]:
            if one:
                who = one["emailAddress"]
                found.append(_WORDS.findall(f"{who.get('name', '')} {who['address']}".lower()))
    return found


def _begins(people: list[list[str]], term: str) -> bool:
    *whole, last = _WORDS.findall(term.lower())
    return any(
        words[i : i + len(whole)] == whole and words[i + len(whole)].startswith(last)
        for words in people
        for i in range(len(words) - len(whole))
    )


def _holds(people: list[list[str]], term: str) -> bool:
    sought = _WORDS.findall(term.lower())
    return any(words[i : i + len(sought)] == sought for words in people for i in range(len(words)))


def _plain(text: str) -> str:
    return text.replace("''", "'")
