"""The small modules: one thing stored each."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from daemon.core.errors import KithError, NeedsUser, Paced, TryLater
from daemon.core.model import FolderRole, Position, Stream
from daemon.store import backfills, cursors, enablement, forgotten, health, metas, quarantine, questions
from daemon.store.engine import Store

NOW = datetime(2026, 11, 21, 12, 0, 0, 7, tzinfo=UTC)
INBOX = Stream("INBOX", "Inbox", FolderRole.INBOX)
SENT = Stream("Отправленные", "Отправленные", FolderRole.SENT)


# -- metas -------------------------------------------------------------------------------------------------------


def test_the_address_books_revision_grows(store: Store) -> None:
    with store.write() as conn:
        assert metas.contacts_revision(conn) == 0
        assert metas.bump_contacts_revision(conn) == 1
        assert metas.bump_contacts_revision(conn) == 2
    with store.read() as conn:
        assert metas.contacts_revision(conn) == 2


# -- cursors -----------------------------------------------------------------------------------------------------


def test_a_streams_place_is_kept_apart_from_others(store: Store) -> None:
    with store.write() as conn:
        assert cursors.get(conn, "home", "mail", "INBOX") == Position()
        cursors.put(conn, "home", "mail", INBOX, Position("7:99", "4"))
        cursors.put(conn, "work", "mail", INBOX, Position("8:1"))
        cursors.put(conn, "home", "calendar", INBOX, Position("token"))
        cursors.put(conn, "home", "mail", INBOX, Position("7:100"))
    with store.read() as conn:
        assert cursors.get(conn, "home", "mail", "INBOX") == Position("7:100")
        assert cursors.get(conn, "work", "mail", "INBOX") == Position("8:1")
        assert [(r.kind, r.position.cursor, r.stream) for r in cursors.rows(conn, "home")] == [
            ("calendar", "token", INBOX),
            ("mail", "7:100", INBOX),
        ]
        assert len(cursors.rows(conn)) == 3


def test_a_renamed_folder_shows_its_new_name(store: Store) -> None:
    with store.write() as conn:
        cursors.put(conn, "home", "mail", INBOX, Position("1"))
        cursors.put(conn, "home", "mail", Stream("INBOX", "Posteingang", FolderRole.OTHER), Position("1"))
        assert cursors.rows(conn)[0].stream == Stream("INBOX", "Posteingang", FolderRole.OTHER)


def test_when_a_pass_ended_well_is_not_touched_by_the_next_pages(store: Store) -> None:
    with store.write() as conn:
        assert cursors.read_at(conn, "home", "calendar", "work") is None
        cursors.set_read_at(conn, "home", "calendar", "work", NOW)
        cursors.set_window_end(conn, "home", "work", "2027-11-21")
        cursors.put(conn, "home", "calendar", Stream("work", "Work"), Position("t", "half"))
        assert cursors.read_at(conn, "home", "calendar", "work") == NOW
        assert cursors.window_end(conn, "home", "work") == "2027-11-21"
        assert cursors.window_end(conn, "home", "other") == ""
        cursors.set_read_at(conn, "home", "calendar", "work", NOW + timedelta(1))
        assert cursors.rows(conn)[0].position == Position("t", "half")
        cursors.forget(conn, "home", "calendar", "work")
        assert cursors.rows(conn) == []


# -- health ------------------------------------------------------------------------------------------------------


def test_the_distance_doubles_up_to_six_hours() -> None:
    minutes = [health.backoff(n) / timedelta(minutes=1) for n in range(1, 12)]
    assert minutes == [1, 2, 4, 8, 16, 32, 64, 128, 256, 360, 360]
    assert health.backoff(10_000) == timedelta(hours=6)


def test_a_budget_used_up_is_no_failure_however_often(store: Store) -> None:
    with store.write() as conn:
        health.failed(conn, "home", "mail", NOW, "The server is away.")
        for _ in range(9):
            health.note(conn, "home", "mail", NOW, Paced("The quota is used up.", timedelta(seconds=50)))
    with store.read() as conn:
        (row,) = health.rows(conn)
        assert (row.failures, row.error, row.needs_user) == (0, "", False)
        assert not health.due(conn, "home", "mail", NOW + timedelta(seconds=49))
        assert health.due(conn, "home", "mail", NOW + timedelta(seconds=50))


@pytest.mark.parametrize(
    ("error", "wait", "needs_user"),
    [
        (NeedsUser("No.", "Sign in."), timedelta(hours=6), True),
        (TryLater("Busy.", timedelta(hours=2)), timedelta(hours=2), False),
        (TryLater("Busy."), timedelta(minutes=1), False),
    ],
)
def test_what_went_wrong_is_noted_by_what_to_do(
    store: Store, error: KithError, wait: timedelta, needs_user: bool
) -> None:
    with store.write() as conn:
        health.note(conn, "home", "mail", NOW, error)
    with store.read() as conn:
        (row,) = health.rows(conn)
    assert (row.retry_at, row.needs_user, row.error) == (NOW + wait, needs_user, str(error))


def test_a_part_that_failed_waits_and_one_success_mends_it(store: Store) -> None:
    with store.write() as conn:
        assert health.due(conn, "home", "mail", NOW)
        assert health.failed(conn, "home", "mail", NOW, "The server is away.") == NOW + timedelta(minutes=1)
        assert health.failed(conn, "home", "mail", NOW, "The server is away.") == NOW + timedelta(minutes=2)
    with store.read() as conn:
        assert not health.due(conn, "home", "mail", NOW + timedelta(seconds=119))
        assert health.due(conn, "home", "mail", NOW + timedelta(minutes=2))
        assert health.due(conn, "home", "calendar", NOW)
        assert health.due(conn, "work", "mail", NOW)
    with store.write() as conn:
        health.ok(conn, "home", "mail", NOW + timedelta(minutes=3))
        health.failed(conn, "home", "drafts", NOW, "Wrong password.", needs_user=True)
    with store.read() as conn:
        drafts, mail = health.rows(conn)
    assert (mail.ok_at, mail.failures, mail.retry_at, mail.error) == (NOW + timedelta(minutes=3), 0, None, "")
    assert mail.failed_at == NOW
    assert (drafts.needs_user, drafts.error, drafts.ok_at) == (True, "Wrong password.", None)


def test_what_the_server_asked_for_is_obeyed_also_where_it_is_long(store: Store) -> None:
    with store.write() as conn:
        day = timedelta(days=1)
        assert health.failed(conn, "a", "mail", NOW, "Too many requests.", after=day) == NOW + day
        assert health.failed(conn, "b", "mail", NOW, "Busy.", after=timedelta(seconds=1)) == NOW + health.FIRST


def test_the_user_or_a_clock_that_went_back_ends_the_waiting(store: Store) -> None:
    with store.write() as conn:
        health.failed(conn, "a", "mail", NOW, "Away.")
        health.failed(conn, "b", "mail", NOW, "Away.")
        assert health.due(conn, "a", "mail", NOW - timedelta(days=1))
        health.retry_now(conn, "a")
        assert [health.due(conn, x, "mail", NOW) for x in "ab"] == [True, False]
        health.retry_now(conn)
        assert health.due(conn, "b", "mail", NOW)


# -- quarantine --------------------------------------------------------------------------------------------------


def test_a_broken_item_is_listed_once_with_its_latest_reason(store: Store) -> None:
    with store.write() as conn:
        quarantine.put(conn, "home", "mail", "INBOX", "1", "no From", NOW)
        quarantine.put(conn, "home", "mail", "INBOX", "2", "no Date", NOW)
        quarantine.put(conn, "home", "mail", "INBOX", "1", "two Froms", NOW + timedelta(1))
        assert [(q.item_id, q.reason, q.at) for q in quarantine.rows(conn)] == [
            ("1", "two Froms", NOW),
            ("2", "no Date", NOW),
        ]


def test_what_could_be_read_at_last_is_no_longer_listed(store: Store) -> None:
    with store.write() as conn:
        for item in "123":
            quarantine.put(conn, "home", "mail", "INBOX", item, "why", NOW)
        quarantine.remove(conn, "home", "mail", "other", ["2"])
        quarantine.remove(conn, "home", "mail", "INBOX", ["1", "3"])
        assert [q.item_id for q in quarantine.rows(conn, "home")] == ["2"]
        assert quarantine.rows(conn, "work") == []


# -- enablement --------------------------------------------------------------------------------------------------


def test_nothing_is_enabled_until_the_user_says_so(store: Store) -> None:
    with store.write() as conn:
        assert enablement.since(conn, "home") is None
        enablement.enable(conn, "home", NOW, NOW)
        enablement.enable(conn, "home", NOW - timedelta(21), NOW)
        assert enablement.since(conn, "home") == NOW - timedelta(21)
        assert enablement.all_since(conn) == {"home": NOW - timedelta(21)}
        assert enablement.disable(conn, "home")
        assert not enablement.disable(conn, "home")
        assert enablement.since(conn, "home") is None


# -- questions ---------------------------------------------------------------------------------------------------


def test_a_question_is_asked_once_and_not_again_after_its_answer(store: Store) -> None:
    with store.write() as conn:
        asked = questions.ask(conn, "home", "events-gone", ["a", "b"], NOW)
        assert questions.ask(conn, "home", "events-gone", ["b", "a"], NOW + timedelta(1)) == asked
        assert [(q.items, q.asked_at) for q in questions.open_rows(conn)] == [(("a", "b"), NOW)]
        assert questions.answer(conn, asked, "keep", NOW)
        assert not questions.answer(conn, asked, "gone", NOW)
        assert questions.ask(conn, "home", "events-gone", ["a", "b"], NOW) == asked
        assert questions.open_rows(conn) == []
        found = questions.find(conn, "home", "events-gone", ["b", "a"])
        assert found is not None
        assert (found.answer, found.answered_at) == ("keep", NOW)
        assert questions.get(conn, asked) == found
        assert questions.get(conn, asked + 1) is None


def test_a_question_that_grew_takes_the_place_of_the_smaller_one_and_of_no_other(store: Store) -> None:
    with store.write() as conn:
        questions.ask(conn, "home", "events-gone", ["work", "a", "b"], NOW)
        other = questions.ask(conn, "home", "events-gone", ["private", "a"], NOW)
        elsewhere = questions.ask(conn, "job", "events-gone", ["work", "a"], NOW)
        grown = questions.ask(conn, "home", "events-gone", ["work", "a", "b", "c"], NOW)
        assert {q.id for q in questions.open_rows(conn)} == {other, elsewhere, grown}


# -- back-fill ---------------------------------------------------------------------------------------------------


def waiting(store: Store, stream: str = "INBOX") -> list[tuple[str, str]]:
    with store.read() as conn:
        return [(b.address, b.progress) for b in backfills.waiting(conn, "home", stream)]


def read_mail(store: Store) -> None:
    with store.write() as conn:
        cursors.put(conn, "home", "mail", INBOX, Position("1"))
        cursors.put(conn, "home", "mail", SENT, Position("", "half"))
        cursors.put(conn, "home", "mail", Stream("reset", "reset"), Position())
        cursors.put(conn, "home", "calendar", Stream("cal", "cal"), Position("1"))


def test_an_address_is_looked_for_in_every_mail_stream_read_so_far(store: Store) -> None:
    with store.write() as conn:
        backfills.add(conn, ["early@example.org"])  # before anything was read: the first scan finds it
        assert backfills.rows(conn) == []
    read_mail(store)
    with store.write() as conn:
        backfills.add(conn, {"b@example.org", "a@example.org"})
        backfills.add(conn, ["a@example.org"])
        backfills.add(conn, [])
        assert {(b.stream, b.address) for b in backfills.rows(conn)} == {
            (s.name, a) for s in (INBOX, SENT) for a in ("a@example.org", "b@example.org")
        }
    assert waiting(store) == [("a@example.org", ""), ("b@example.org", "")]


def test_a_newcomer_does_not_inherit_a_place_in_a_search_it_was_no_part_of(store: Store) -> None:
    read_mail(store)
    with store.write() as conn:
        backfills.add(conn, ["b@example.org", "c@example.org"])
        backfills.progress(conn, "home", "INBOX", ["b@example.org", "c@example.org"], "page 2")
        backfills.add(conn, ["a@example.org"])
    assert waiting(store) == [("b@example.org", "page 2"), ("c@example.org", "page 2")]
    with store.write() as conn:
        backfills.done(conn, "home", "INBOX", ["b@example.org", "c@example.org"])
    assert waiting(store) == [("a@example.org", "")]
    assert len(waiting(store, SENT.name)) == 3
    with store.write() as conn:
        backfills.forget(conn, "a@example.org")
        backfills.done(conn, "home", "INBOX", [])
        backfills.progress(conn, "home", "INBOX", [], "x")
    assert waiting(store) == []


def test_a_whole_address_book_can_wait(store: Store) -> None:
    read_mail(store)
    many = [f"p{n}@example.org" for n in range(3_000)]
    with store.write() as conn:
        backfills.add(conn, many)
        backfills.progress(conn, "home", "INBOX", many, "page 2")
        backfills.done(conn, "home", "INBOX", many)
    assert waiting(store) == []


# -- forgotten ---------------------------------------------------------------------------------------------------


def test_the_forgotten_are_recognised_and_cannot_be_read(store: Store) -> None:
    secret = b"s" * 32
    ann = forgotten.mark_of(secret, "ann@example.org")
    assert forgotten.mark_of(b"t" * 32, "ann@example.org") != ann
    assert forgotten.mark_of(secret, "carddav:home", "x") != forgotten.mark_of(secret, "carddav:homex", "")
    with store.write() as conn:
        forgotten.mark(conn, [ann], NOW)
        forgotten.mark(conn, [ann], NOW + timedelta(1))
        forgotten.mark(conn, [], NOW)
        assert forgotten.all_marks(conn) == {ann}
        forgotten.unmark(conn, ann)
        assert not forgotten.all_marks(conn)


@pytest.mark.parametrize("text", ["ann", "example"])
def test_a_mark_shows_nothing(text: str) -> None:
    assert text not in forgotten.mark_of(b"s" * 32, "ann@example.org")
