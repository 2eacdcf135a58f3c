"""Google's own discovery documents, as the client library bundles them, turned round: what a request must look like."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import unquote

from googleapiclient.discovery_cache import get_static_doc

DOCUMENTS = (("gmail", "v1"), ("calendar", "v3"), ("people", "v1"))

_BATCH_ONLY = frozenset({"upload_protocol", "uploadType"})
_NUMBERS = {"uint32": (0, 2**32 - 1), "int32": (-(2**31), 2**31 - 1)}
_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)\Z")
_DAY = re.compile(r"\d{4}-\d\d-\d\d\Z")


class Malformed(Exception):
    """The request is not one Google's documents describe; the text says where."""


@dataclass(frozen=True)
class Method:
    """One method of one API."""

    api: str
    id: str
    verb: str
    path: re.Pattern[str]
    names: tuple[str, ...]
    parameters: Mapping[str, Mapping[str, Any]]
    request: str
    answers: bool
    scopes: frozenset[str]
    schemas: Mapping[str, Any]

    def arguments(self, path: str, query: Sequence[tuple[str, str]]) -> dict[str, Any]:
        """Path and query parameters by name, typed; `alt`, `fields` and their kin among them.

        Raises:
            Malformed: an unknown, missing, repeated or ill-typed one.
        """
        match = self.path.fullmatch(path)
        assert match is not None
        found: dict[str, Any] = {}
        for name, text in zip(self.names, match.groups(), strict=True):
            found[name] = _typed(name, unquote(text), self.parameters.get(name, {"type": "string"}))
        for name, text in query:
            told = self.parameters.get(name)
            if told is None or told.get("location") == "path" or name in _BATCH_ONLY:
                raise Malformed(f"{self.id} knows no parameter {name}")
            value = _typed(name, text, told)
            if told.get("repeated"):
                found.setdefault(name, []).append(value)
            elif name in found:
                raise Malformed(f"{self.id}: {name} is given twice")
            else:
                found[name] = value
        for name, told in self.parameters.items():
            if told.get("required") and name not in found:
                raise Malformed(f"{self.id} needs {name}")
        if found.get("alt", "json") != "json":
            raise Malformed(f"{self.id}: only JSON is spoken here")
        return found

    def body(self, raw: bytes) -> dict[str, Any]:
        """The request's JSON, checked against its schema, deep down.

        Raises:
            Malformed: not JSON, or a key or a type the schema does not know.
        """
        if not self.request:
            if raw.strip():
                raise Malformed(f"{self.id} takes no body")
            return {}
        try:
            value = json.loads(raw or b"{}")
        except ValueError:
            raise Malformed(f"{self.id}: the body is no JSON") from None
        self._check(self.id, value, {"$ref": self.request})
        assert isinstance(value, dict)
        return value

    def _check(self, where: str, value: Any, told: Mapping[str, Any]) -> None:
        if "$ref" in told:
            told = self.schemas[told["$ref"]]
        kind = told.get("type", "object")
        if kind == "any" or value is None:
            return
        if kind == "array":
            if not isinstance(value, list):
                raise Malformed(f"{where} is to be a list")
            for one in value:
                self._check(f"{where}[]", one, told["items"])
        elif kind == "object":
            if not isinstance(value, dict):
                raise Malformed(f"{where} is to be an object")
            known, others = told.get("properties", {}), told.get("additionalProperties")
            for name, one in value.items():
                if name not in known and others is None:
                    raise Malformed(f"{where} has no field {name}")
                self._check(f"{where}.{name}", one, known.get(name) or others or {})
        else:
            _scalar(where, value, told)


def _scalar(where: str, value: Any, told: Mapping[str, Any]) -> None:
    kinds: dict[str, tuple[type, ...]] = {
        "string": (str,),
        "boolean": (bool,),
        "integer": (int,),
        "number": (int, float),
    }
    if not isinstance(value, kinds[told["type"]]) or (isinstance(value, bool) and told["type"] != "boolean"):
        raise Malformed(f"{where} is to be a {told['type']}")
    if isinstance(value, str):
        _typed(where, value, told)


def _typed(name: str, text: str, told: Mapping[str, Any]) -> Any:
    kind, form = told.get("type", "string"), told.get("format", "")
    if "enum" in told and text not in told["enum"]:
        raise Malformed(f"{name}={text} is none of {', '.join(told['enum'])}")
    if kind == "boolean":
        if text not in ("true", "false"):
            raise Malformed(f"{name} is to be true or false")
        return text == "true"
    if kind == "integer":
        if not re.fullmatch(r"-?\d+", text):
            raise Malformed(f"{name} is to be a number")
        low, high = _NUMBERS.get(form, (-(2**63), 2**64))
        for bound, worse in (("minimum", min), ("maximum", max)):
            if bound in told and worse(int(text), int(told[bound])) != int(told[bound]):
                raise Malformed(f"{name}={text} is beyond {told[bound]}")
        if not low <= int(text) <= high:
            raise Malformed(f"{name}={text} does not fit {form}")
        return int(text)
    if form in ("uint64", "int64") and not re.fullmatch(r"-?\d+", text):
        raise Malformed(f"{name} is to be a number, as text")
    if form == "date-time" and not _TIME.match(text):
        raise Malformed(f"{name}={text} is no RFC 3339 time")
    if form == "date" and not _DAY.match(text):
        raise Malformed(f"{name}={text} is no date")
    if form == "byte":
        try:
            base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        except ValueError:
            raise Malformed(f"{name} is no base64url") from None
    if "pattern" in told and not re.search(told["pattern"], text):
        raise Malformed(f"{name}={text} does not fit {told['pattern']}")
    return text


@cache
def methods() -> tuple[Method, ...]:
    """Every method of the three APIs, those with longer paths first."""
    found: list[Method] = []
    for api, version in DOCUMENTS:
        document = json.loads(get_static_doc(api, version))
        _gather(api, document, document, found)
    return tuple(sorted(found, key=lambda m: -len(m.path.pattern)))


def _gather(api: str, document: Mapping[str, Any], node: Mapping[str, Any], found: list[Method]) -> None:
    for told in node.get("methods", {}).values():
        template = told.get("flatPath") or told["path"]
        pieces = re.split(r"\{\+?([A-Za-z]+)\}", "/" + document["servicePath"] + template)
        pattern = "".join(re.escape(p) if n % 2 == 0 else "([^/:]+)" for n, p in enumerate(pieces))
        parameters = {**document.get("parameters", {}), **told.get("parameters", {})}
        if told.get("flatPath"):  # {+resourceName} of `path` stands flattened as people/{peopleId}
            parameters = {n: p for n, p in parameters.items() if p.get("location") != "path" or n in pieces[1::2]}
        found.append(
            Method(
                api=api,
                id=told["id"],
                verb=told["httpMethod"],
                path=re.compile(pattern),
                names=tuple(pieces[1::2]),
                parameters=parameters,
                request=told.get("request", {}).get("$ref", ""),
                answers="response" in told,
                scopes=frozenset(told.get("scopes", ())),
                schemas=document["schemas"],
            )
        )
    for child in node.get("resources", {}).values():
        _gather(api, document, child, found)


def find(verb: str, path: str) -> Method | None:
    """The method a request is for; None where there is no such thing."""
    for method in methods():
        if method.verb == verb and method.path.fullmatch(path):
            return method
    return None
