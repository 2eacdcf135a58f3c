"""What the double answers to each operation, and what it refuses to be asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.doubles.ews import reading, writing
from tests.doubles.ews.mailbox import Mailbox
from tests.doubles.ews.xml import NotEws, local, make

WRITES = frozenset({"CreateItem", "UpdateItem", "MoveItem", "DeleteItem", "CreateFolder"})


def dispatch(box: Mailbox, request: Any) -> Any:
    """The response element to a request's."""
    name = local(request)
    operation = OPERATIONS.get(name)
    if operation is None:
        raise NotEws(f"{name} is not asked of this server")
    messages = operation(box, request)
    return make(f"m:{name}Response", make("m:ResponseMessages", *messages))


OPERATIONS: dict[str, Callable[[Mailbox, Any], list[Any]]] = {
    "GetFolder": reading.get_folder,
    "FindFolder": reading.find_folder,
    "CreateFolder": writing.create_folder,
    "GetItem": reading.get_item,
    "SyncFolderItems": reading.sync_folder_items,
    "FindItem": reading.find_item,
    "CreateItem": writing.create_item,
    "UpdateItem": writing.update_item,
    "MoveItem": writing.move_item,
    "Subscribe": reading.subscribe,
}
