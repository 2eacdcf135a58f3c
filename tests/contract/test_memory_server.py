"""What the reference server can do that real ones cannot be asked for: fail, lie, lag and refuse."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from connectors.memory import Fault
from daemon.core.errors import CursorExpired, Refused, TryLater
from daemon.core.model import Card, EventItem, FolderRole, Mail, Meeting, Position, Whereabouts
from daemon.core.ports import Connection
from tests.contract.reading import read
from tests.contract.rig_memory import MemoryRig
from tests.contract.samples import ANNA, KNOWN, NOW, WINDOW, card, draft, event, mail, reminder


@pytest.fixture
def rig(tmp_path: Path) -> MemoryRig:
    return MemoryRig(f"memory-{tmp_path.name}", tmp_path)


@pytest.fixture
def connection(rig: MemoryRig) -> Connection:
    return rig.connection()


def test_a_read_can_fail_between_pages(rig: MemoryRig, connection: Connection) -> None:
    for number in range(8):
        rig.add_mail("INBOX", mail(number))
    assert connection.mail is not None
    inbox = connection.mail.streams()[0]
    rig.server.read_faults.extend([None, Fault.BUSY])
    pages = connection.mail.pages(inbox, Position(), KNOWN)
    first = next(pages)
    with pytest.raises(TryLater) as caught:
        next(pages)
    assert caught.value.after == timedelta(minutes=1)
    rest = read(connection.mail.pages(inbox, first.position, KNOWN))
    assert len(first.mails) + len(rest.items) == 8


def test_a_cursor_may_expire_in_the_middle_of_a_pass(rig: MemoryRig, connection: Connection) -> None:
    for number in range(8):
        rig.add_mail("INBOX", mail(number))
    assert connection.mail is not None
    pages = connection.mail.pages(connection.mail.streams()[0], Position(), KNOWN)
    next(pages)
    rig.server.folders["INBOX"].expire()
    with pytest.raises(CursorExpired):
        next(pages)


def test_a_lying_listing_is_seen_through_by_asking(rig: MemoryRig, connection: Connection) -> None:
    handles = [rig.add_event(event(f"e{n}")) for n in range(3)]
    rig.server.calendars["Calendar"].hidden.add(handles[1])
    assert connection.calendar is not None
    stream = connection.calendar.streams()[0]
    seen = read(connection.calendar.pages(stream, Position(), KNOWN, WINDOW))
    assert seen.listed == {handles[0], handles[2]}
    assert connection.calendar.gone(stream, handles) == frozenset()


def test_a_lagging_search_does_not_find_unless_it_has_a_hint(rig: MemoryRig, connection: Connection) -> None:
    assert connection.drafts is not None
    hint = connection.drafts.hint()
    made = connection.drafts.create(draft())
    rig.server.lagging.add(made.remote_id)
    assert connection.drafts.find(draft().key, draft().message_id, "").where is Whereabouts.GONE
    assert connection.drafts.find(draft().key, draft().message_id, hint).where is Whereabouts.PRESENT


def test_two_connections_see_one_server(rig: MemoryRig, connection: Connection) -> None:
    other = rig.fresh_connection()
    assert connection.drafts is not None and other.drafts is not None
    made = connection.drafts.create(draft())
    assert other.drafts.create(draft()) == made
    assert rig.server.calls["drafts.create"] == 2


def test_a_write_refused_for_now_was_not_applied(rig: MemoryRig, connection: Connection) -> None:
    assert connection.reminders is not None
    rig.server.faults.append(Fault.BUSY)
    with pytest.raises(TryLater):
        connection.reminders.create(reminder())
    assert rig.server.written == 0 and not rig.reminders()


def test_what_no_letter_of_ours_may_be_is_refused(connection: Connection) -> None:
    assert connection.drafts is not None
    with pytest.raises(Refused):
        connection.drafts.create(replace(draft(), subject=""))
    with pytest.raises(Refused, match="never the id"):
        connection.drafts.look([("made-up", "<x@example.org>")])


def test_what_no_reminder_may_be_is_refused(connection: Connection) -> None:
    assert connection.reminders is not None
    with pytest.raises(Refused, match="ends after"):
        connection.reminders.create(replace(reminder(), end=NOW))
    with pytest.raises(Refused, match="never the id"):
        connection.reminders.withdraw("made-up", "v1")


def test_records_serve_where_bytes_are_not_the_point(rig: MemoryRig, connection: Connection) -> None:
    rig.server.folders["INBOX"].add(Mail("", "<m@example.com>", NOW, None, (ANNA,), (), (), 1, "Hi"))
    meeting = Meeting("u", NOW, NOW, NOW + timedelta(hours=1))
    long_ago = replace(meeting, start=meeting.start.replace(year=1999), end=meeting.end.replace(year=1999))
    rig.server.calendars["Calendar"].add(EventItem("", "u", (meeting, long_ago)))
    rig.server.books["Contacts"].add(Card("", "Anna", addresses=(ANNA,)))
    assert connection.mail is not None and connection.calendar is not None and connection.contacts is not None
    (inbox,) = (s for s in connection.mail.streams() if s.role is FolderRole.INBOX)
    (found,) = read(connection.mail.pages(inbox, Position(), KNOWN)).items
    assert isinstance(found, Mail) and found.item_id
    (item,) = read(connection.calendar.pages(connection.calendar.streams()[0], Position(), KNOWN, WINDOW)).items
    assert isinstance(item, EventItem) and item.meetings == (meeting,)
    (person,) = read(connection.contacts.pages(connection.contacts.streams()[0], Position())).items
    assert isinstance(person, Card) and person.record_id


def test_a_user_may_be_quicker(rig: MemoryRig, connection: Connection) -> None:
    assert connection.drafts is not None
    made = connection.drafts.create(draft())

    def edit_first(name: str) -> None:
        if name == "drafts.withdraw":
            rig.server.on_call = lambda name: None
            rig.user_deletes_draft(made.message_id)

    rig.server.on_call = edit_first
    assert connection.drafts.withdraw(made.remote_id, made.message_id, made.digest).where is Whereabouts.GONE


def test_a_deleted_card_has_a_tombstone(rig: MemoryRig, connection: Connection) -> None:
    handle = rig.add_card(card("u", "Anna", ANNA))
    assert connection.contacts is not None
    stream = connection.contacts.streams()[0]
    first = read(connection.contacts.pages(stream, Position()))
    rig.delete_card(handle)
    assert read(connection.contacts.pages(stream, first.position)).gone == {handle}


def test_a_full_pass_gone_on_with_lists_again_what_it_had_listed(rig: MemoryRig, connection: Connection) -> None:
    handles = [rig.add_event(event(f"e{n}")) for n in range(8)]
    assert connection.calendar is not None
    stream = connection.calendar.streams()[0]
    first = next(iter(connection.calendar.pages(stream, Position(), KNOWN, WINDOW)))
    rest = read(connection.calendar.pages(stream, first.position, KNOWN, WINDOW))
    assert rest.full and rest.listed == set(handles)
