"""What each request about address books does."""

from __future__ import annotations

from tests.doubles.graph.call import Call
from tests.doubles.graph.mailbox import Folder
from tests.doubles.graph.shared import Answer, delta_page, missing
from tests.doubles.graph.translate import Item


def contact_folders(call: Call) -> Answer:
    """All but the main one, which is in no listing."""
    held = [{"id": b.id, "displayName": b.name} for n, b in call.box.books.items() if n != "contacts" and not b.parent]
    return 200, call.rest() or call.listing(held)


def book_of(call: Call) -> Folder:
    found = call.box.books.get(call.ids[0]) or next((b for b in call.box.books.values() if b.id == call.ids[0]), None)
    if found is None:
        raise missing()
    return found


def contact_folder(call: Call) -> Answer:
    book = book_of(call)
    return 200, call.one({"id": book.id, "displayName": book.name})


def contact_children(call: Call) -> Answer:
    parent = book_of(call)
    held = [{"id": b.id, "displayName": b.name} for b in call.box.books.values() if b.parent == parent.id]
    return 200, call.rest() or call.listing(held)


def contact_delta(call: Call) -> Answer:
    book = book_of(call)

    def items(select: str) -> list[Item]:
        return [{n: i.get(n) for n in [*select.split(","), "id"]} for i in book.items.values()]

    return 200, delta_page(call, book, call.options.get("$select", ""), items)


def contacts(call: Call) -> Answer:
    """Those of the main folder."""
    return 200, call.rest() or call.listing(list(call.box.books["contacts"].items.values()))


def book_contact(call: Call) -> Answer:
    book = book_of(call)
    if call.ids[1] not in book.items:
        raise missing()
    return 200, call.one(book.items[call.ids[1]])


def contact(call: Call) -> Answer:
    for book in call.box.books.values():
        if call.ids[0] in book.items:
            return 200, call.one(book.items[call.ids[0]])
    raise missing()
