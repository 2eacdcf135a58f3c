"""The XML of WebDAV, CalDAV and CardDAV: request bodies made, multistatus answers read (RFC 4918, 4791, 6352, 6578)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC
from urllib.parse import quote, unquote, urlsplit

from lxml import etree

from daemon.core.errors import TryLater
from daemon.core.model import Window

DAV, CALDAV, CARDDAV = "DAV:", "urn:ietf:params:xml:ns:caldav", "urn:ietf:params:xml:ns:carddav"
NAMES = {"D": DAV, "C": CALDAV, "A": CARDDAV}


def tag(name: str) -> str:
    """``C:calendar-data`` as lxml writes it."""
    prefix, _, local = name.partition(":")
    return f"{{{NAMES[prefix]}}}{local}"


@dataclass(frozen=True, slots=True)
class Answer:
    """One response of a multistatus. ``status`` is of the resource itself where the server said one, else 200."""

    path: str
    status: int
    props: Mapping[str, etree._Element] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """The text of a property, "" where it is not there."""
        element = self.props.get(tag(name))
        return "" if element is None else (element.text or "").strip()

    def has(self, name: str, inside: str) -> bool:
        """Whether the property contains this element at any depth."""
        element = self.props.get(tag(name))
        return element is not None and next(element.iter(tag(inside)), None) is not None

    def hrefs(self, name: str) -> list[str]:
        """The hrefs in a property, as given."""
        element = self.props.get(tag(name))
        return [] if element is None else [(e.text or "").strip() for e in element.iter(tag("D:href")) if e.text]


@dataclass(frozen=True, slots=True)
class Multistatus:
    """A 207's body. ``token`` is there after a sync-collection report only."""

    answers: tuple[Answer, ...]
    token: str = ""


def path_of(href: str) -> str:
    """An href's path in one spelling: servers escape ``@`` or do not, and may answer with whole URLs."""
    path = urlsplit(href).path or "/"
    return "/".join(quote(unquote(segment), safe="@:!$&'()*+,;=~-._") for segment in path.split("/"))


def conditions(body: bytes) -> frozenset[str]:
    """The local names of the conditions in a DAV:error body."""
    root = _parse(body)
    if root is None or root.tag != tag("D:error"):
        return frozenset()
    return frozenset(etree.QName(e).localname for e in root.iter() if isinstance(e.tag, str) and e is not root)


def multistatus(body: bytes, host: str) -> Multistatus:
    """The answer read.

    Raises:
        TryLater: it is no multistatus: a proxy's page, or an answer cut short.
    """
    root = _parse(body)
    if root is None or root.tag != tag("D:multistatus"):
        raise TryLater(f"{host} answered with something that is not WebDAV.")
    answers = []
    for response in root.findall(tag("D:response")):
        status = _code(response.findtext(tag("D:status")))
        props: dict[str, etree._Element] = {}
        for propstat in response.findall(tag("D:propstat")):
            holder = propstat.find(tag("D:prop"))
            if holder is not None and _code(propstat.findtext(tag("D:status"))) in (0, 200):
                props.update({str(e.tag): e for e in holder if isinstance(e.tag, str)})
        answers += [
            Answer(path_of(href.text.strip()), status or 200, props)
            for href in response.findall(tag("D:href"))
            if href.text
        ]
    return Multistatus(tuple(answers), (root.findtext(tag("D:sync-token")) or "").strip())


def _parse(body: bytes) -> etree._Element | None:
    # a server is not trusted with entities, DTDs or our memory
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, load_dtd=False)
    try:
        return etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError):
        return None


def _code(line: str | None) -> int:
    parts = (line or "").split()
    return int(parts[1]) if len(parts) > 1 and parts[1].isdigit() else 0


# -- request bodies ---------------------------------------------------------------------------------


def _body(root: etree._Element) -> bytes:
    return bytes(etree.tostring(root, xml_declaration=True, encoding="utf-8"))


def _root(name: str) -> etree._Element:
    return etree.Element(tag(name), nsmap={p.lower(): n for p, n in NAMES.items()})


def _props(parent: etree._Element, names: Iterable[str]) -> etree._Element:
    prop = etree.SubElement(parent, tag("D:prop"))
    for name in names:
        etree.SubElement(prop, tag(name))
    return prop


def propfind(names: Sequence[str]) -> bytes:
    """Asks for these properties."""
    root = _root("D:propfind")
    _props(root, names)
    return _body(root)


def sync_collection(token: str) -> bytes:
    """Asks what changed since the token; "" asks for everything (RFC 6578 3.2)."""
    root = _root("D:sync-collection")
    etree.SubElement(root, tag("D:sync-token")).text = token
    etree.SubElement(root, tag("D:sync-level")).text = "1"
    _props(root, ["D:getetag"])
    return _body(root)


def multiget(report: str, data: str, paths: Iterable[str]) -> bytes:
    """Asks for these objects with their content (RFC 4791 7.9, RFC 6352 8.7)."""
    root = _root(report)
    _props(root, ["D:getetag", data])
    for path in paths:
        etree.SubElement(root, tag("D:href")).text = path
    return _body(root)


def events_within(window: Window) -> bytes:
    """Asks for the events that touch the window (RFC 4791 7.8, 9.9)."""
    root, events = _query()
    span = etree.SubElement(events, tag("C:time-range"))
    span.set("start", window.start.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ"))
    span.set("end", window.end.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ"))
    return _body(root)


def events_with_uid(uid: str) -> bytes:
    """Asks for events with this UID. Servers match substrings: look at what comes back."""
    root, events = _query()
    match = etree.SubElement(
        etree.SubElement(events, tag("C:prop-filter"), {"name": "UID"}),
        tag("C:text-match"),
        {"collation": "i;octet"},
    )
    match.text = uid
    return _body(root)


def _query() -> tuple[etree._Element, etree._Element]:
    root = _root("C:calendar-query")
    _props(root, ["D:getetag", "C:calendar-data"])
    calendar = etree.SubElement(etree.SubElement(root, tag("C:filter")), tag("C:comp-filter"), {"name": "VCALENDAR"})
    return root, etree.SubElement(calendar, tag("C:comp-filter"), {"name": "VEVENT"})


def mkcalendar(name: str) -> bytes:
    """Makes a calendar for events (RFC 4791 5.3.1)."""
    root = _root("C:mkcalendar")
    _calendar_props(etree.SubElement(root, tag("D:set")), name, typed=False)
    return _body(root)


def mkcol(name: str) -> bytes:
    """The same by extended MKCOL (RFC 5689), for servers without MKCALENDAR."""
    root = _root("D:mkcol")
    _calendar_props(etree.SubElement(root, tag("D:set")), name, typed=True)
    return _body(root)


def _calendar_props(parent: etree._Element, name: str, typed: bool) -> None:
    prop = etree.SubElement(parent, tag("D:prop"))
    if typed:
        kinds = etree.SubElement(prop, tag("D:resourcetype"))
        etree.SubElement(kinds, tag("D:collection"))
        etree.SubElement(kinds, tag("C:calendar"))
    etree.SubElement(prop, tag("D:displayname")).text = name
    comps = etree.SubElement(prop, tag("C:supported-calendar-component-set"))
    etree.SubElement(comps, tag("C:comp"), {"name": "VEVENT"})
