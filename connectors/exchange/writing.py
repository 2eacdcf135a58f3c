"""The writing operations of EWS that are used. None of them sends anything or tells anybody."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from exchangelib.errors import ErrorFolderExists, MalformedResponseError
from exchangelib.properties import ItemId
from exchangelib.services import CreateFolder, CreateItem, MoveItem, UpdateItem
from exchangelib.services.common import folder_ids_element
from exchangelib.util import add_xml_child, create_element

from connectors.exchange.elements import item_id
from connectors.exchange.ews import distinguished, raw

_CreateFolder, _CreateItem, _MoveItem, _UpdateItem = map(raw, (CreateFolder, CreateItem, MoveItem, UpdateItem))


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
