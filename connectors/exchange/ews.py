"""The reading operations of EWS that are used, performed by exchangelib; what comes back are XML elements.

exchangelib's own item objects cost as much as the network, ask for whole items on their own account, and put None
where they do not know a time zone. Its services (sessions, versions, faults, pages) are used as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from exchangelib import Folder, Message
from exchangelib.errors import (
    ErrorAccessDenied,
    ErrorCalendarOccurrenceIsDeletedFromRecurrence,
    ErrorFolderNotFound,
    ErrorItemNotFound,
    ResponseMessageError,
)
from exchangelib.properties import DistinguishedFolderId, FolderId, ItemId, Mailbox
from exchangelib.services import FindFolder, FindItem, GetFolder, GetItem, SyncFolderItems
from exchangelib.services.common import EWSService
from exchangelib.util import create_element
from exchangelib.version import EXCHANGE_2013

from connectors.exchange.codes import WHOLE
from connectors.exchange.elements import NS, fields, item_id
from daemon.core.errors import TryLater

GONE = (ErrorItemNotFound, ErrorCalendarOccurrenceIsDeletedFromRecurrence, ErrorFolderNotFound)
"""Answers that say positively: it is not there."""

PAGE = 512
"""What SyncFolderItems gives at most in one answer."""


def raw(service: type[Any]) -> type[Any]:
    """The service, giving elements and errors as they come."""

    class Raw(service):  # type: ignore[misc]
        def _elems_to_objs(self, elems: Iterable[Any]) -> Iterator[Any]:
            return iter(elems)

    Raw.__name__ = service.__name__
    return Raw


_FindFolder, _FindItem, _GetFolder = (raw(service) for service in (FindFolder, FindItem, GetFolder))
_GetItem, _Sync = raw(GetItem), raw(SyncFolderItems)


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


MOST_OF_A_TEXT = 64
"""Kilobytes of a body that are asked for, where the server can be told (Exchange 2013 and later)."""


class _Texts(_Items):
    """Bodies as plain text; the shape's own options, which exchangelib does not know (MS-OXWSCDATA 2.2.4.46)."""

    def get_payload(self, *args: Any, **kwargs: Any) -> Any:
        payload = super().get_payload(*args, **kwargs)
        shape = payload.find("m:ItemShape", NS)
        options = [("t:BodyType", "Text")]
        if self.account.version.build >= EXCHANGE_2013:
            options.append(("t:MaximumBodySize", str(MOST_OF_A_TEXT)))
        for place, (name, value) in enumerate(options, 1):  # after BaseShape, before AdditionalProperties
            option = create_element(name)
            option.text = value
            shape.insert(place, option)
        return payload


_GetFolder.ERRORS_TO_CATCH_IN_RESPONSE = (*GetFolder.ERRORS_TO_CATCH_IN_RESPONSE, ErrorAccessDenied)


def _one_each(asked: Sequence[Any], answers: Iterable[Any]) -> list[Any]:
    """The answers, in the order of what was asked.

    Raises:
        TryLater: there are fewer, or more: it cannot be told whose they are.
    """
    found = list(answers)
    if len(found) != len(asked):
        raise TryLater(f"The server gave {len(found)} answer(s) to {len(asked)} questions: trying again later.")
    return found


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
    answers = service.call(folders=folders, additional_fields=fields(Folder, FOLDER_FIELDS), shape="IdOnly")
    return _one_each(folders, answers)


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


@dataclass(frozen=True, slots=True)
class Changes:
    """One page of SyncFolderItems. ``changed`` are items' elements, ``gone`` ids; ``state`` goes with this page."""

    changed: tuple[Any, ...]
    gone: tuple[str, ...]
    state: str
    last: bool


def sync(account: Any, folder: str, state: str, wanted: Sequence[Any], size: int) -> Changes:
    """What changed in a folder since ``state``, one page of it. Marks of having been read are left out.

    Raises:
        TryLater: the answer leads nowhere: it has more to tell, and gives no other state to ask from.
    """
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
    reached, last = service.sync_state or "", bool(service.includes_last_item_in_range)
    if not reached or (reached == state and not last):
        raise TryLater("The server's list of changes does not get on.")
    return Changes(tuple(changed), tuple(gone), reached, last)


def get_items(account: Any, ids: Sequence[str], wanted: Sequence[Any], size: int) -> list[Any]:
    """Each item's element, or the error in its place; same order, same length."""
    if not ids:
        return []
    service = _Items(account=account, chunk_size=size)
    items = [ItemId(id=i) for i in ids]
    return _one_each(ids, service.call(items=items, additional_fields=list(wanted) or None, shape="IdOnly"))


def get_texts(account: Any, ids: Sequence[str]) -> list[Any]:
    """Each item's element with its body as plain text, or the error in its place; same order, same length."""
    service = _Texts(account=account)
    items = [ItemId(id=i) for i in ids]
    return _one_each(ids, service.call(items=items, additional_fields=fields(Message, "body"), shape="IdOnly"))


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
