"""Calendars and address books as folders of files: layouts, races, and folders that are not there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

import connectors.local
from daemon.core.errors import Conflict, KithError, NeedsUser, UserMistake
from daemon.core.model import Account, Card, EventItem, Position, Stream, Whereabouts, Window
from daemon.core.ports import CalendarSource, Connection, ContactSource, ReminderTarget
from tests.contract.reading import Seen, read
from tests.contract.rig import ME
from tests.contract.rig_local import LocalRig
from tests.contract.rig_memory import around
from tests.contract.samples import ANNA, BORIS, KNOWN, NOW, WINDOW, card, event, reminder


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[LocalRig]:
    with pytest.MonkeyPatch.context() as patch:
        yield LocalRig(tmp_path, patch)


def connect(folder: Path, **options: str) -> Connection:
    return connectors.local.connect(Account("local", "local", ME, options=options), around(folder))


def calendar(connection: Connection) -> CalendarSource:
    assert connection.calendar is not None
    return connection.calendar


def contacts(connection: Connection) -> ContactSource:
    assert connection.contacts is not None
    return connection.contacts


def reminders(connection: Connection) -> ReminderTarget:
    assert connection.reminders is not None
    return connection.reminders


def go(source: CalendarSource, stream: Stream, since: Position = Position()) -> Seen:  # noqa: B008
    return read(source.pages(stream, since, KNOWN, WINDOW), since)


def uids(seen: Seen) -> list[str]:
    return sorted(item.uid for item in seen.items if isinstance(item, EventItem) and item.meetings)


def joined(*objects: bytes) -> bytes:
    """Several events in one VCALENDAR, as an export has them."""
    bodies = [raw.partition(b"BEGIN:VEVENT")[2].rpartition(b"END:VCALENDAR")[0] for raw in objects]
    return b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n" + b"".join(b"BEGIN:VEVENT" + b for b in bodies) + b"END:VCALENDAR\r\n"


# -- layouts ------------------------------------------------------------------------------------------


def test_vdirsyncer_and_khal_layouts(tmp_path: Path) -> None:
    root = tmp_path / "calendars"
    for name in ("work/team", "work/own", "private", ".hidden"):
        (root / name).mkdir(parents=True)
        (root / name / "a.ics").write_bytes(event(f"in {name}"))
    (root / "private" / "displayname").write_text("Личное\n")
    (root / "empty").mkdir()
    (root / "loop").symlink_to(root)
    source = calendar(connect(tmp_path, calendars=str(root)))
    assert [(s.name, s.label) for s in source.streams()] == [
        ("empty", "empty"),
        ("private", "Личное"),
        ("work/own", "own"),
        ("work/team", "team"),
    ]
    assert uids(go(source, source.streams()[2])) == ["in work/own"]


def test_one_folder_of_events(tmp_path: Path) -> None:
    root = tmp_path / "calendar"
    root.mkdir()
    (root / "a.ics").write_bytes(event("a"))
    (root / "b.ICS").write_bytes(event("b"))
    (root / "c.ics.tmp").write_bytes(event("c"))
    (root / "notes.txt").write_text("no event")
    source = calendar(connect(tmp_path, calendars=str(root)))
    (stream,) = source.streams()
    assert uids(go(source, stream)) == ["a", "b"]


def test_one_file_of_many_events(tmp_path: Path) -> None:
    path = tmp_path / "export.ics"
    path.write_bytes(joined(event("a"), event("b"), event("broken").replace(b"DTSTART:2", b"DTSTART:x"), event("c")))
    connection = connect(tmp_path, calendars=str(path))
    source = calendar(connection)
    (stream,) = source.streams()
    first = go(source, stream)
    assert uids(first) == ["a", "b", "c"] and len(first.listed) == 4
    assert [b.item_id for b in first.broken] == ["export.ics#broken"]
    path.write_bytes(joined(event("a"), event("c"), event("d")))
    second = go(source, stream, first.position)
    assert second.gone == {"export.ics#b", "export.ics#broken"}
    assert source.gone(stream, ["export.ics#a", "export.ics#b"]) == {"export.ics#b"}
    assert connection.reminders is None, "no calendar of our own can be made in a file"


def test_an_account_of_nothing_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(UserMistake):
        connect(tmp_path)


def test_a_card_that_goes_from_one_file_to_another_stays(tmp_path: Path) -> None:
    root = tmp_path / "contacts"
    root.mkdir()
    (root / "a.vcf").write_bytes(card("u1", "Anna", ANNA) + card("u2", "Boris", BORIS))
    source = contacts(connect(tmp_path, contacts=str(root)))
    (stream,) = source.streams()
    first = read(source.pages(stream, Position()))
    assert {c.name for c in first.items if isinstance(c, Card)} == {"Anna", "Boris"}
    (root / "a.vcf").write_bytes(card("u1", "Anna", ANNA))
    (root / "z.vcf").write_bytes(card("u2", "Boris", BORIS))
    second = read(source.pages(stream, first.position))
    assert not second.gone
    (root / "z.vcf").unlink()
    third = read(source.pages(stream, second.position))
    assert third.gone == {"u2"} and source.gone(stream, ["u1", "u2"]) == {"u2"}


def test_what_left_a_file_is_not_forgotten_by_a_pass_that_was_stopped(rig: LocalRig) -> None:
    path = rig.calendar / "a.ics"
    path.write_bytes(joined(event("a"), event("b")))
    source = calendar(rig.connection())
    stream = source.streams()[-1]
    before = go(source, stream)
    path.write_bytes(event("a", NOW))
    for number in range(8):
        rig.add_event(event(f"e{number}"))
    first = next(iter(source.pages(stream, before.position, KNOWN, WINDOW)))
    rest = go(source, stream, first.position)
    assert set(first.gone) | rest.gone == {"a.ics#b"}


# -- what is news -------------------------------------------------------------------------------------


def test_a_file_merely_touched_is_no_news(rig: LocalRig) -> None:
    path = Path(rig.add_event(event("a")))
    source = calendar(rig.connection())
    stream = source.streams()[-1]
    first = go(source, stream)
    os.utime(path, (0, 0))
    assert go(source, stream, first.position).pages == []


def test_written_over_in_place_within_one_tick(rig: LocalRig) -> None:
    path = Path(rig.add_event(event("a", NOW)))
    source = calendar(rig.connection())
    stream = source.streams()[-1]
    first = go(source, stream)
    before = path.stat()
    with path.open("r+b") as file:
        file.write(event("a", NOW + timedelta(hours=1)))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size
    (item,) = go(source, stream, first.position).items
    assert isinstance(item, EventItem) and item.meetings[0].start == NOW + timedelta(hours=1)


def test_what_cannot_be_read_is_not_gone(rig: LocalRig) -> None:
    path = Path(rig.add_event(event("a")))
    rig.add_event(event("b"))
    source = calendar(rig.connection())
    stream = source.streams()[-1]
    first = go(source, stream)
    (item_id,) = (i.item_id for i in first.items if isinstance(i, EventItem) and i.uid == "a")
    path.unlink()
    path.symlink_to("nowhere")
    second = go(source, stream, first.position)
    assert not second.gone and len(second.broken) == 1 and item_id in second.listed
    assert source.gone(stream, [item_id]) == frozenset()
    again = go(source, stream, second.position)
    assert not again.gone and not again.broken
    path.unlink()
    assert go(source, stream, second.position).gone == {item_id}


def test_a_full_pass_gone_on_with_lists_again_what_it_had_listed(rig: LocalRig) -> None:
    for number in range(8):
        os.utime(rig.add_event(event(f"e{number}")), (0, 0))
    source = calendar(rig.connection())
    stream = source.streams()[-1]
    first = next(iter(source.pages(stream, Position(), KNOWN, WINDOW)))
    rest = go(source, stream, first.position)
    assert first.full and rest.full and len(rest.listed) == 8


def test_a_card_spoilt_by_another_program_is_not_gone(rig: LocalRig) -> None:
    handle = rig.add_card(card("u1", "Anna", ANNA))
    source = contacts(rig.connection())
    (stream,) = source.streams()
    first = read(source.pages(stream, Position()))
    rig.change_card(handle, b"BEGIN:VCARD\r\nVERSION:3.0\r\nEND:VCARD\r\n")
    second = read(source.pages(stream, first.position))
    assert len(second.broken) == 1 and not second.gone
    assert source.gone(stream, ["u1"]) == frozenset()
    rig.change_card(handle, card("u1", "Anna O.", ANNA))
    third = read(source.pages(stream, second.position))
    assert [c.name for c in third.items if isinstance(c, Card)] == ["Anna O."] and not third.gone


# -- a folder that is not there -----------------------------------------------------------------------


def test_an_empty_mount_point_is_not_an_emptied_calendar(rig: LocalRig) -> None:
    for number in range(3):
        rig.add_event(event(f"e{number}"))
    made = reminders(rig.connection()).create(reminder())
    source = calendar(rig.connection())
    streams = {stream.name: stream for stream in source.streams()}
    seen = {name: go(source, stream) for name, stream in streams.items()}
    for name in ("personal", "kith"):
        (rig.root / "calendars" / name).rename(rig.root / name)
        (rig.root / "calendars" / name).mkdir()
    rig.fresh_connection()
    source = calendar(rig.connection())
    for name, stream in streams.items():
        with pytest.raises(NeedsUser, match="Mount"):
            go(source, stream, seen[name].position)
        with pytest.raises(NeedsUser):
            source.gone(stream, sorted(seen[name].listed))
    with pytest.raises(NeedsUser):
        reminders(rig.connection()).look([(made.remote_id, made.uid)])
    for name in ("personal", "kith"):
        (rig.root / "calendars" / name).rmdir()
        (rig.root / name).rename(rig.root / "calendars" / name)
    for name, stream in streams.items():
        assert go(source, stream, seen[name].position).gone == set()


def test_nothing_is_written_to_the_mount_point_of_a_disk_that_is_away(rig: LocalRig) -> None:
    reminders(rig.connection()).create(reminder())
    (rig.root / "calendars").rename(rig.root / "disk")
    (rig.root / "calendars").mkdir()
    target = reminders(rig.fresh_connection())
    with pytest.raises(NeedsUser, match="Mount"):
        target.find("k", "u@example.org")
    with pytest.raises(NeedsUser, match="Mount"):
        target.create(reminder(2))
    assert not list((rig.root / "calendars").iterdir())


def test_a_calendar_really_emptied_is_told_so(rig: LocalRig) -> None:
    handles = [rig.add_event(event(f"e{number}")) for number in range(3)]
    source = calendar(rig.connection())
    stream = source.streams()[-1]
    first = go(source, stream)
    for handle in handles:
        rig.delete_event(handle)
    assert go(source, stream, first.position).gone == first.listed


def test_a_missing_folder_is_a_question_to_the_user(tmp_path: Path) -> None:
    connection = connect(tmp_path, calendars=str(tmp_path / "no"), contacts=str(tmp_path / "nor"))
    for ask in (
        calendar(connection).streams,
        contacts(connection).streams,
        lambda: calendar(connection).busy(WINDOW),
        lambda: reminders(connection).find("k", "u@example.org"),
        lambda: reminders(connection).create(reminder()),
        connection.check,
    ):
        with pytest.raises(NeedsUser, match="not there"):
            ask()
    assert not (tmp_path / "no").exists()


# -- reminders ----------------------------------------------------------------------------------------


def test_a_reminder_dragged_to_another_calendar_is_found(rig: LocalRig) -> None:
    target = reminders(rig.connection())
    made = target.create(reminder())
    (rig.root / "calendars" / made.remote_id).rename(rig.calendar / "renamed by the client.ics")
    (now,) = target.look([(made.remote_id, made.uid)])
    assert (now.where, now.remote_id) == (Whereabouts.PRESENT, "personal/renamed by the client.ics")
    assert target.find(reminder().key, made.uid) == now
    with pytest.raises(Conflict):
        target.create(reminder())
    assert target.withdraw(now.remote_id, now.version).where is Whereabouts.GONE


def test_a_calendar_folder_that_went_says_nothing_of_what_was_in_it(rig: LocalRig) -> None:
    target = reminders(rig.connection())
    made = target.create(reminder())
    (rig.root / "calendars" / "kith").rename(rig.root / "away")
    (now,) = target.look([(made.remote_id, made.uid)])
    assert now.where is Whereabouts.UNKNOWN


def test_a_reminder_spoilt_by_another_program_is_not_gone(rig: LocalRig) -> None:
    target = reminders(rig.connection())
    made = target.create(reminder())
    (rig.root / "calendars" / made.remote_id).write_bytes(b"half a file")
    (now,) = target.look([(made.remote_id, made.uid)])
    assert now.where is Whereabouts.UNKNOWN
    with pytest.raises(Conflict):
        target.update(made.remote_id, made.version, reminder())


def test_saved_between_looking_and_taking_away(rig: LocalRig, monkeypatch: pytest.MonkeyPatch) -> None:
    target = reminders(rig.connection())
    made = target.create(reminder())
    real = Path.replace

    def edit_first(self: Path, other: Path) -> Path:
        monkeypatch.setattr(Path, "replace", real)
        rig.user_retitles_event(made.uid, "mine")
        return real(self, other)

    monkeypatch.setattr(Path, "replace", edit_first)
    with pytest.raises(Conflict):
        target.withdraw(made.remote_id, made.version)
    assert [seen.summary for seen in rig.reminders()] == ["mine"]


def test_ids_do_not_lead_out_of_the_calendars(rig: LocalRig) -> None:
    target = reminders(rig.connection())
    made = target.create(replace(reminder(), uid="../../etc/x y@example.org"))
    assert made.remote_id == "kith/.._.._etc_x_y@example.org.ics"
    for remote_id in ("../outside.ics", "/etc/passwd"):
        with pytest.raises(KithError):
            target.look([(remote_id, "u")])


def test_years_of_past_meetings_are_not_parsed_for_free_time(rig: LocalRig, monkeypatch: pytest.MonkeyPatch) -> None:
    from daemon.formats import ics

    for number in range(5):
        rig.add_event(event(f"old{number}", NOW - timedelta(days=100 + number), attendee=""))
    rig.add_event(event("now", NOW, attendee=""))
    rig.add_event(event("series", NOW - timedelta(days=700), "RRULE:FREQ=YEARLY", attendee=""))
    given: list[bytes] = []
    real = ics.busy

    def counting(objects: Iterator[bytes], window: Window, zone: str = "UTC") -> object:
        given.extend(objects)
        return real(given, window, zone)

    monkeypatch.setattr(ics, "busy", counting)
    window = Window(NOW - timedelta(days=1), NOW + timedelta(days=1))
    assert list(calendar(rig.connection()).busy(window)) == [Window(NOW, NOW + timedelta(hours=1))]
    assert len(given) == 2
