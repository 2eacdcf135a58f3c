"""The operations of EWS that are used, performed by exchangelib; what comes back are XML elements.

exchangelib's own item objects cost as much as the network, ask for whole items on their own account, and put None
where they do not know a time zone. Its services (sessions, versions, faults, pages) are used as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from exchangelib import CalendarItem, ExtendedProperty, Folder, Message
from exchangelib.errors import (
    ErrorAccessDenied,
    ErrorCalendarOccurrenceIsDeletedFromRecurrence,
    ErrorConnectionFailed,
    ErrorExceededConnectionCount,
    ErrorFolderExists,
    ErrorFolderNotFound,
    ErrorIncorrectSchemaVersion,
    ErrorInternalServerTransientError,
    ErrorInvalidSchemaVersionForMailboxVersion,
    ErrorInvalidServerVersion,
    ErrorItemNotFound,
    ErrorMailboxMoveInProgress,
    ErrorMailboxStoreUnavailable,
    ErrorNonExistentMailbox,
    ErrorServerBusy,
    ErrorTimeoutExpired,
    ErrorTooManyObjectsOpened,
    MalformedResponseError,
    ResponseMessageError,
)
from exchangelib.fields import FieldPath
from exchangelib.properties import DistinguishedFolderId, FolderId, ItemId, Mailbox
from exchangelib.services import (
    CreateFolder,
    CreateItem,
    FindFolder,
    FindItem,
    GetFolder,
    GetItem,
    MoveItem,
    SyncFolderItems,
    UpdateItem,
)
from exchangelib.services.common import EWSService, folder_ids_element
from exchangelib.util import MNS, TNS, add_xml_child, create_element

GONE = (ErrorItemNotFound, ErrorCalendarOccurrenceIsDeletedFromRecurrence, ErrorFolderNotFound)
"""Answers that say positively: it is not there."""

WHOLE = (
    ErrorConnectionFailed,
    ErrorExceededConnectionCount,
    ErrorIncorrectSchemaVersion,
    ErrorInternalServerTransientError,
    ErrorInvalidSchemaVersionForMailboxVersion,
    ErrorInvalidServerVersion,
    ErrorMailboxMoveInProgress,
    ErrorMailboxStoreUnavailable,
    ErrorNonExistentMailbox,
    ErrorServerBusy,
    ErrorTimeoutExpired,
    ErrorTooManyObjectsOpened,
)
"""Answers about one item that are about the mailbox or the server."""

NS = {"t": TNS, "m": MNS}
PAGE = 512
"""What SyncFolderItems gives at most in one answer."""


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


# -- reading elements -----------------------------------------------------------------------------


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


# -- services -------------------------------------------------------------------------------------


def _raw(service: type[Any]) -> type[Any]:
    """The service, giving elements and errors as they come."""

    class Raw(service):  # type: ignore[misc]
        def _elems_to_objs(self, elems: Iterable[Any]) -> Iterator[Any]:
            return iter(elems)

    Raw.__name__ = service.__name__
    return Raw


_CreateFolder, _CreateItem, _FindFolder, _FindItem, _GetFolder, _GetItem, _MoveItem, _Sync, _UpdateItem = (
    _raw(s)
    for s in (
        CreateFolder,
        CreateItem,
        FindFolder,
        FindItem,
        GetFolder,
        GetItem,
        MoveItem,
        SyncFolderItems,
        UpdateItem,
    )
)


class _Changes(_Sync):  # type: ignore[misc,valid-type]
    """Real servers leave the state out of an answer that is an error; exchangelib counts on it."""

    def _get_element_container(self, message: Any, name: Any = None) -> Any:
        if message.find("m:SyncState", NS) is None:
            return EWSService._get_element_container(self, message, name)
        return super()._get_element_container(message, name)


class _Items(_GetItem):  # type: ignore[misc,valid-type]
    """One item that cannot be given is an answer of its own, whatever the reason; it does not hide the others."""

    def _get_element_container(self, message: Any, name: Any = None) -> Any:
        try:
            return super()._get_element_container(message, name)
        except ResponseMessageError as error:
            if isinstance(error, WHOLE):
                raise
            return error


_GetFolder.ERRORS_TO_CATCH_IN_RESPONSE = (*GetFolder.ERRORS_TO_CATCH_IN_RESPONSE, ErrorAccessDenied)


def distinguished(account: Any, name: str) -> Any:
    """A folder by what it is for, whatever it is called in the user's language."""
    return DistinguishedFolderId(id=name, mailbox=Mailbox(email_address=account.primary_smtp_address))


def folder_id(value: str) -> Any:
    """A folder by its id."""
    return FolderId(id=value)


FOLDER_FIELDS = "name folder_class parent_folder_id total_count"


def get_folders(account: Any, folders: Sequence[Any]) -> list[Any]:
    """Each folder's element, or the error in its place."""
    service = _GetFolder(account=account)
    return list(service.call(folders=folders, additional_fields=fields(Folder, FOLDER_FIELDS), shape="IdOnly"))


def find_folders(account: Any) -> list[Any]:
    """All folders of the mailbox that a user sees."""
    service = _FindFolder(account=account, page_size=500)
    return list(
        service._paged_call(
            payload_func=service.get_payload,
            max_items=None,
            folders=[distinguished(account, "msgfolderroot")],
            additional_fields=fields(Folder, FOLDER_FIELDS),
            restriction=None,
            shape="IdOnly",
            depth="Deep",
            page_size=500,
            offset=0,
        )
    )


def create_calendar(account: Any, name: str) -> None:
    """A calendar beside the main one. One of that name that is there already is no error."""
    made = create_element("t:CalendarFolder")
    add_xml_child(made, "t:DisplayName", name)
    payload = create_element("m:CreateFolder")
    parent = distinguished(account, "msgfolderroot")
    payload.append(folder_ids_element([parent], account.version, "m:ParentFolderId"))
    folders = create_element("m:Folders")
    folders.append(made)
    payload.append(folders)
    _only(_CreateFolder(account=account)._get_elements(payload=payload), ErrorFolderExists)


@dataclass(frozen=True, slots=True)
class Changes:
    """One page of SyncFolderItems. ``changed`` are items' elements, ``gone`` ids; ``state`` goes with this page."""

    changed: tuple[Any, ...]
    gone: tuple[str, ...]
    state: str
    last: bool


def sync(account: Any, folder: str, state: str, wanted: Sequence[Any], size: int) -> Changes:
    """What changed in a folder since ``state``, one page of it. Marks of having been read are left out."""
    service = _Changes(account=account)
    found = list(
        service.call(
            folder=folder_id(folder),
            shape="IdOnly",
            additional_fields=list(wanted) or None,
            sync_state=state or None,
            ignore=None,
            max_changes_returned=min(size, PAGE),
            sync_scope=None,
        )
    )
    changed, gone = [], []
    for one in found:
        kind = str(one.tag).rpartition("}")[2]
        if kind in ("Create", "Update") and len(one):
            changed.append(one[0])
        elif kind == "Delete":
            gone.append(item_id(one)[0])
    return Changes(tuple(changed), tuple(gone), service.sync_state or "", bool(service.includes_last_item_in_range))


def get_items(account: Any, ids: Sequence[str], wanted: Sequence[Any], size: int) -> list[Any]:
    """Each item's element, or the error in its place; same order, same length."""
    if not ids:
        return []
    service = _Items(account=account, chunk_size=size)
    return list(service.call(items=[ItemId(id=i) for i in ids], additional_fields=list(wanted) or None, shape="IdOnly"))


def find_items(
    account: Any,
    folders: Sequence[str],
    wanted: Sequence[Any] = (),
    *,
    restriction: Any = None,
    query: str = "",
    view: Any = None,
    most: int | None = None,
) -> list[Any]:
    """Elements of the items found in any of the folders, asked in one request; ``most`` in all."""
    if not folders:
        return []
    service = _FindItem(account=account, page_size=min(most or PAGE, PAGE))
    return list(
        service.call(
            folders=[folder_id(folder) for folder in folders],
            additional_fields=list(wanted) or None,
            restriction=restriction,
            order_fields=None,
            shape="IdOnly",
            query_string=_Query(query) if query else None,
            depth="Shallow",
            calendar_view=view,
            max_items=most,
            offset=0,
        )
    )


class _Query:
    """Advanced Query Syntax, asked of the server's index of words."""

    def __init__(self, said: str) -> None:
        self._said = said

    def to_xml(self, version: Any) -> Any:
        element = create_element("m:QueryString")
        element.text = self._said
        return element


class Equal:
    """The restriction that a field has one of these values."""

    def __init__(self, kind: type[Any], name: str, values: Sequence[str]) -> None:
        (self._field,) = fields(kind, name)
        self._values = values

    def to_xml(self, version: Any) -> Any:
        restriction = create_element("m:Restriction")
        either = create_element("t:Or") if len(self._values) > 1 else restriction
        for value in self._values:
            test = create_element("t:IsEqualTo")
            test.append(self._field.to_xml())
            constant = create_element("t:FieldURIOrConstant")
            constant.append(create_element("t:Constant", attrs={"Value": value}))
            test.append(constant)
            either.append(test)
        if either is not restriction:
            restriction.append(either)
        return restriction


# -- writing --------------------------------------------------------------------------------------


def create_item(account: Any, folder: Any, item: Any) -> str:
    """Save an item, sending nothing; its id."""
    service = _CreateItem(account=account)
    return item_id(
        _only(
            service._chunked_get_elements(
                service.get_payload,
                items=[item],
                folder=folder,
                message_disposition="SaveOnly",
                send_meeting_invitations="SendToNone",
            )
        )
    )[0]


def update_item(account: Any, item: Any, names: Sequence[str]) -> None:
    """Write these fields of an item, if it still has the change key ``item`` carries; nobody is told."""
    service = _UpdateItem(account=account)
    _only(
        service.call(
            items=[(item, list(names))],
            conflict_resolution="NeverOverwrite",
            message_disposition="SaveOnly",
            send_meeting_invitations_or_cancellations="SendToNone",
            suppress_read_receipts=True,
        )
    )


def to_trash(account: Any, id_: str, change_key: str) -> str:
    """Move an item to Deleted Items; its id there."""
    service = _MoveItem(account=account)
    return item_id(
        _only(
            service._chunked_get_elements(
                service.get_payload,
                items=[ItemId(id=id_, changekey=change_key)],
                to_folder=distinguished(account, "deleteditems"),
            )
        )
    )[0]


def _only(found: Iterable[Any], *ignored: type[Exception]) -> Any:
    """The one answer, raised if it is an error."""
    for one in found:
        if isinstance(one, Exception) and not isinstance(one, ignored):
            raise one
        return one
    raise MalformedResponseError("an answer without content")
