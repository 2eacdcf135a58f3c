"""Graph's own metadata (CSDL), where the folder with it is there: does Graph know this path, this property?"""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

from lxml import etree

_EDM = "{http://docs.oasis-open.org/odata/ns/edm}"


class Metadata:
    """The types of one namespace: their properties, where they lead, and what can be done with them."""

    def __init__(self, path: Path) -> None:
        self._base: dict[str, str] = {}
        self.properties: dict[str, dict[str, str]] = {}
        self.links: dict[str, dict[str, str]] = {}
        self.operations: dict[str, set[str]] = {}
        for schema in etree.parse(str(path)).iter(f"{_EDM}Schema"):
            if schema.get("Namespace") != "microsoft.graph":
                continue
            for one in schema:
                name = one.get("Name", "")
                if one.tag in (f"{_EDM}EntityType", f"{_EDM}ComplexType"):
                    self._base[name] = _bare(one.get("BaseType", ""))
                    self.properties[name] = {p.get("Name", ""): p.get("Type", "") for p in one.iter(f"{_EDM}Property")}
                    links = one.iter(f"{_EDM}NavigationProperty")
                    self.links[name] = {p.get("Name", ""): p.get("Type", "") for p in links}
                elif one.tag in (f"{_EDM}Function", f"{_EDM}Action"):
                    bound = next(iter(one.iter(f"{_EDM}Parameter")), None)
                    if bound is not None:
                        self.operations.setdefault(bound.get("Type", ""), set()).add(name)

    def chain(self, name: str) -> list[str]:
        """A type and all it is made from."""
        found = []
        while name:
            found.append(name)
            name = self._base.get(name, "")
        return found

    def has(self, kind: str, name: str) -> bool:
        """Whether a type has a property or link of this name."""
        return any(name in self.properties.get(k, {}) or name in self.links.get(k, {}) for k in self.chain(kind))

    def type_of(self, kind: str, name: str) -> str:
        """The bare type of a property or link; "" where there is none."""
        for each in self.chain(kind):
            found = self.properties.get(each, {}).get(name) or self.links.get(each, {}).get(name)
            if found:
                return _bare(found)
        return ""

    def wrong_path(self, segments: list[str]) -> str:
        """What of a path below /me Graph does not know; "" if nothing."""
        kind, many = "user", False
        for segment in segments:
            wrapped = f"Collection(graph.{kind})" if many else f"graph.{kind}"
            if segment == "$value" and not many:
                return ""
            if segment in self.operations.get(wrapped, set()):
                return ""
            if many:
                many = False  # an id
                continue
            full = next((self.links[k][segment] for k in self.chain(kind) if segment in self.links.get(k, {})), "")
            if not full:
                return f"{kind} has no {segment}"
            kind, many = _bare(full), full.startswith("Collection(")
        return ""

    def wrong_body(self, kind: str, body: object) -> str:
        """A property in a body that its type has not; "" if there is none."""
        if isinstance(body, list):
            return next((w for one in body if (w := self.wrong_body(kind, one))), "")
        if not isinstance(body, dict) or kind not in self.properties:
            return ""
        for name, value in body.items():
            if not self.has(kind, name):
                return f"{kind} has no {name}"
            if wrong := self.wrong_body(self.type_of(kind, name), value):
                return wrong
        return ""


def _bare(name: str) -> str:
    return name.removeprefix("Collection(").removesuffix(")").removeprefix("graph.").removeprefix("microsoft.graph.")


@lru_cache(maxsize=1)
def metadata() -> Metadata | None:
    """The metadata in the folder the environment names; None where there is none."""
    folder = os.environ.get("KITH_SHARED", "")
    path = Path(folder) / "schemas" / "graph" / "v1.0-metadata.xml"
    return Metadata(path) if folder and path.is_file() else None
