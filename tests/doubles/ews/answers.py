"""What answers are made of, and what a shape asks for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.doubles.ews.mailbox import Folder, Item, Mailbox
from tests.doubles.ews.xml import NS, ORDER, NotEws, copied, in_order, local, make, text

LISTINGS = frozenset({"Subject", "DisplayTo", "DisplayCc", "IsDraft", "ItemClass", "Categories", "InReplyTo"})
EVENT_LISTINGS = frozenset(
    "Start End IsAllDayEvent LegacyFreeBusyStatus IsCancelled AppointmentState MyResponseType".split()
)
"""What a listing gives without a GetItem behind the client's back."""

HEADERS_TAG = ("tag", "7d")


class Answer(Exception):
    """An error in place of one response message."""

    def __init__(self, code: str, message: str = "Something is wrong.") -> None:
        super().__init__(code)
        self.code = code
        self.message = message


def success(name: str, *content: Any) -> Any:
    return make(f"m:{name}ResponseMessage", make("m:ResponseCode", "NoError"), *content, ResponseClass="Success")


def failure(name: str, code: str, message: str, *more: Any) -> Any:
    return make(
        f"m:{name}ResponseMessage",
        make("m:MessageText", message),
        make("m:ResponseCode", code),
        make("m:DescriptiveLinkKey", "0"),
        *more,
        ResponseClass="Error",
    )


def folder_of(box: Mailbox, element: Any) -> Folder:
    name = local(element)
    if name == "DistinguishedFolderId":
        address = text(element, "t:Mailbox/t:EmailAddress")
        if address and address.lower() != box.address.lower():
            raise Answer("ErrorNonExistentMailbox")
        found = [f for f in box.folders.values() if f.distinguished == element.get("Id")]
        if not found:
            raise Answer("ErrorFolderNotFound")
        return found[0]
    if name == "FolderId":
        if element.get("Id") not in box.folders:
            raise Answer("ErrorFolderNotFound")
        return box.folders[element.get("Id")]
    raise NotEws(f"{name} names no folder")


def paged(found: Sequence[Any], offset: int, most: int) -> tuple[Sequence[Any], dict[str, str]]:
    some = found[offset : offset + most]
    last = offset + len(some) >= len(found)
    return some, {
        "IndexedPagingOffset": str(offset + len(some)),
        "TotalItemsInView": str(len(found)),
        "IncludesLastItemInRange": "true" if last else "false",
    }


def wanted_by(request: Any, *, listing: bool) -> tuple[set[str], set[tuple[str, str]]]:
    """(element names, extended properties) a shape asks for."""
    shape = request.find("m:ItemShape", NS)
    in_order(shape, ["BaseShape", "IncludeMimeContent", "BodyType", "MaximumBodySize", "AdditionalProperties"])
    if text(shape, "t:BaseShape") != "IdOnly":
        raise NotEws("whole items are never asked for")
    names: set[str] = set()
    extended: set[tuple[str, str]] = set()
    for uri in shape.iterfind("t:AdditionalProperties/*", NS):
        kind = local(uri)
        if kind == "ExtendedFieldURI":
            extended.add(extended_name(uri))
            continue
        said = uri.get("FieldURI").partition(":")[2]
        name = said.partition(":")[0]
        names.add({"EmailAddress": "EmailAddresses", "PhysicalAddress": "PhysicalAddresses"}.get(name, name))
    if listing:
        if dear := names - LISTINGS - EVENT_LISTINGS:
            raise NotEws(f"a listing gives no {sorted(dear)}")
        if HEADERS_TAG in extended:
            raise NotEws("a listing cuts off headers")
    return names, extended


def extended_name(uri: Any) -> tuple[str, str]:
    if uri.get("PropertyType") != "String":
        raise NotEws("all our properties are texts")
    if uri.get("PropertyTag"):
        return "tag", f"{int(uri.get('PropertyTag'), 16):x}"
    if not uri.get("PropertySetId") or not uri.get("PropertyName"):
        raise NotEws("an extended property without a name")
    return uri.get("PropertySetId").lower(), uri.get("PropertyName")


def extended_element(name: tuple[str, str], value: str) -> Any:
    if name[0] == "tag":
        uri = make("t:ExtendedFieldURI", PropertyTag=f"0x{name[1]}", PropertyType="String")
    else:
        uri = make("t:ExtendedFieldURI", PropertySetId=name[0], PropertyName=name[1], PropertyType="String")
    return make("t:ExtendedProperty", uri, make("t:Value", value))


def item_element(item: Item, names: set[str], extended: set[tuple[str, str]], tag: str = "") -> Any:
    order = ORDER.get(item.tag, ORDER["Message"])
    made = make(f"t:{tag or item.tag}", item.id_element())
    for name in order:
        if name == "ExtendedProperty":
            for one in sorted(extended & set(item.extended)):
                made.append(extended_element(one, item.extended[one]))
        elif name in names and name in item.props:
            made.append(copied(item.props[name]))
    in_order(made, order)
    return made


def id_of(element: Any) -> str:
    if local(element) != "ItemId" or not element.get("Id"):
        raise NotEws("an item is named by its ItemId")
    return str(element.get("Id"))
