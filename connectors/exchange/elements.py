"""What the elements of an answer say (types.xsd), and which properties of an item are asked for."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from exchangelib import CalendarItem, ExtendedProperty, Message
from exchangelib.fields import FieldPath
from exchangelib.util import MNS, TNS

NS = {"t": TNS, "m": MNS}


class Headers(ExtendedProperty):  # type: ignore[misc]  # the library has no types
    """PidTagTransportMessageHeaders: the header block of received mail, word for word."""

    property_tag = 0x007D
    property_type = "String"


class SenderAddress(ExtendedProperty):  # type: ignore[misc]
    """PidTagSentRepresentingSmtpAddress: listings show of a colleague no address otherwise."""

    property_tag = 0x5D02
    property_type = "String"


class Key(ExtendedProperty):  # type: ignore[misc]
    """The key of a reminder of ours. Never put on a letter: named properties travel to colleagues with it."""

    property_set_id = "1d2a3c1e-6c1c-4f5f-9d0b-5b6d7b7a6b01"
    property_name = "kith-key"
    property_type = "String"


def _register() -> None:
    for kind, name, extra in (
        (Message, "kith_headers", Headers),
        (Message, "kith_sender", SenderAddress),
        (CalendarItem, "kith_key", Key),
    ):
        if name not in {field.name for field in kind.FIELDS}:
            kind.register(name, extra)


_register()


def fields(kind: Any, names: str) -> list[Any]:
    """These fields of a kind of item, by exchangelib's names for them."""
    return [FieldPath(field=kind.get_field_by_fieldname(name)) for name in names.split()]


def text(element: Any, path: str) -> str:
    """The text of a descendant (``t:Subject``), "" where there is none."""
    found = element.find(path, NS)
    return (found.text or "") if found is not None else ""


def flag(element: Any, path: str) -> bool:
    """Whether a descendant says true."""
    return text(element, path).strip().lower() in ("true", "1")


def moment(element: Any, path: str) -> datetime | None:
    """The moment a descendant says, UTC; None where it says none."""
    return as_moment(text(element, path))


def as_moment(said: str) -> datetime | None:
    """A moment as EWS writes it; one without an offset is in the zone we named in the request, UTC."""
    try:
        found = datetime.fromisoformat(said.strip())
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def item_id(element: Any) -> tuple[str, str]:
    """(id, change key) of an item's element."""
    found = element.find("t:ItemId", NS)
    return ("", "") if found is None else (found.get("Id", ""), found.get("ChangeKey", ""))


def extended(element: Any, prop: type[Any]) -> str:
    """The value of an extended property."""
    for found in element.findall("t:ExtendedProperty", NS):
        uri = found.find("t:ExtendedFieldURI", NS)
        if uri is None:
            continue
        tag = uri.get("PropertyTag")
        if prop.property_tag is not None:
            if tag is not None and _number(tag) == prop.property_tag:
                return text(found, "t:Value")
        elif uri.get("PropertyName") == prop.property_name and (uri.get("PropertySetId") or "").lower() == (
            prop.property_set_id
        ):
            return text(found, "t:Value")
    return ""


def _number(tag: str) -> int:
    try:
        return int(tag, 16 if tag.lower().startswith("0x") else 10)
    except ValueError:
        return -1
