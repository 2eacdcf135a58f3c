"""Every mailbox is read alike: nothing skipped, nothing changed, strangers passed over."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from email.utils import format_datetime

import pytest

from daemon.core.errors import CursorExpired
from daemon.core.model import FolderRole, Interest, Mail, MailPage, Position, Stream
from daemon.core.ports import MailSource
from tests.contract.reading import Seen, read, stopping_anywhere
from tests.contract.rig import MAIL, ME, Rig
from tests.contract.samples import ANNA, BORIS, KNOWN, NOW, STRANGER, VERA, mail

CAPABILITY = MAIL


def source(rig: Rig) -> MailSource:
    found = rig.connection().mail
    assert found is not None
    return found


def folder(rig: Rig, name: str) -> Stream:
    role = {"INBOX": FolderRole.INBOX, "Sent": FolderRole.SENT}.get(name)
    for stream in source(rig).streams():
        if "folders" in rig.cannot or stream.role is role or (role is None and stream.label.rpartition("/")[2] == name):
            return stream
    raise AssertionError(f"no stream for {name}")


def go(
    rig: Rig,
    since: Position = Position(),  # noqa: B008
    name: str = "INBOX",
    interest: Interest = KNOWN,
    stop_after: int | None = None,
) -> Seen:
    return read(source(rig).pages(folder(rig, name), since, interest), since, stop_after)


def ids(seen: Seen) -> list[str]:
    return [item.message_id.strip("<>").removesuffix("@example.com") for item in seen.items if isinstance(item, Mail)]


def fill(rig: Rig, count: int = 10, name: str = "INBOX") -> list[str]:
    return [rig.add_mail(name, mail(number)) for number in range(1, count + 1)]


def numbers(count: int) -> list[str]:
    return [str(number) for number in range(1, count + 1)]


def test_where_answers_are_to_go_is_told(rig: Rig) -> None:
    rig.add_mail("INBOX", mail(1, ANNA, Reply_To="Anna <desk@example.com>"))
    rig.add_mail("INBOX", mail(2, ANNA))
    found = {m.message_id: m.reply_to for m in go(rig).items if isinstance(m, Mail)}
    assert found == {"<1@example.com>": ("desk@example.com",), "<2@example.com>": ()}


# -- folders ------------------------------------------------------------------------------------------


def test_streams_are_what_is_worth_reading(rig: Rig) -> None:
    for name in ("INBOX", "Sent", "Archive", "Junk", "Trash", "Drafts"):
        rig.add_mail(name, mail(name))
    streams = source(rig).streams()
    roles = [stream.role for stream in streams]
    if "folders" in rig.cannot:
        assert roles == [FolderRole.ALL]
        assert sorted(ids(go(rig))) == ["Archive", "INBOX", "Sent"]
    else:
        assert roles.count(FolderRole.INBOX) == 1 and roles.count(FolderRole.SENT) == 1
    assert not {FolderRole.JUNK, FolderRole.TRASH, FolderRole.DRAFTS} & set(roles)
    assert {"Junk", "Trash", "Drafts"}.isdisjoint(stream.label for stream in streams)
    assert len({stream.name for stream in streams}) == len(streams)
    before = list(streams)
    rig.fresh_connection()
    assert list(source(rig).streams()) == before


def test_an_empty_folder_gives_nothing_and_its_position_holds(rig: Rig) -> None:
    seen = go(rig)
    assert seen.items == []
    rig.add_mail("INBOX", mail(1))
    assert ids(go(rig, seen.position)) == ["1"]


# -- what a message says ------------------------------------------------------------------------------


def test_the_facts_of_a_message(rig: Rig) -> None:
    rig.add_mail(
        "INBOX",
        mail(
            1,
            f"=?utf-8?b?0JDQvdC90LA=?= <{ANNA}>",
            f"Petra <{ME}>, {BORIS}",
            Subject="=?utf-8?q?=D0=9F=D1=80=D0=B8=D0=B2=D0=B5=D1=82?=",
            In_Reply_To="<0@example.org>",
            References="<a@example.org> <0@example.org>",
            Cc=STRANGER,
        ),
    )
    (found,) = go(rig).items
    assert isinstance(found, Mail)
    assert found.message_id == "<1@example.com>"
    assert found.date == NOW - timedelta(days=3)
    assert found.senders == (ANNA,)
    assert set(found.to) == {ME, BORIS}
    assert found.recipients == 3
    assert found.subject == "Привет"
    assert found.in_reply_to == "<0@example.org>"
    assert found.references == ("<a@example.org>", "<0@example.org>")
    assert not found.draft and not found.asks
    assert found.received is None or found.received.tzinfo is not None


def test_known_people_are_found_however_they_are_written(rig: Rig) -> None:
    rig.add_mail("INBOX", mail("tag", "Anna <anna+news@example.com>"))
    rig.add_mail("INBOX", mail("case", "BORIS.Titov@Example.NET"))
    rig.add_mail("INBOX", mail("ascii-idn", f"<{VERA}>"))
    rig.add_mail("INBOX", mail("unicode-idn", "Вера <vera@тест.test>"))
    rig.add_mail("INBOX", mail("comment", f"anna@example.com (Anna O.), <{STRANGER}>"))
    rig.add_mail("Sent", mail("to", ME, f"{STRANGER}, Boris <{BORIS}>"))
    rig.add_mail("Sent", mail("cc", ME, STRANGER, Cc=f"A <{ANNA}>"))
    inbox, sent = {"tag", "case", "ascii-idn", "unicode-idn", "comment"}, {"cc", "to"}
    if "tags" in rig.cannot:
        inbox.remove("tag")
    if "folders" in rig.cannot:
        inbox, sent = inbox | sent, inbox | sent
    assert sorted(ids(go(rig))) == sorted(inbox)
    assert sorted(ids(go(rig, name="Sent"))) == sorted(sent)


def test_strangers_are_passed_over_and_counted(rig: Rig) -> None:
    for number in range(8):
        rig.add_mail("INBOX", mail(f"s{number}", STRANGER))
    rig.add_mail("INBOX", mail(1))
    seen = go(rig)
    assert ids(seen) == ["1"]
    scanned = sum(page.scanned for page in seen.pages if isinstance(page, MailPage))
    assert scanned == (1 if "strangers" in rig.cannot else 9)


def test_whoever_knows_nobody_gets_nothing(rig: Rig) -> None:
    fill(rig, 4)
    assert go(rig, interest=Interest(frozenset(), frozenset({ME}))).items == []


def test_an_unsent_draft_is_flagged_wherever_it_lies(rig: Rig) -> None:
    rig.add_mail("INBOX", mail("draft", ME, ANNA), draft=True)
    rig.add_mail("INBOX", mail("mail"))
    found = {item.message_id: item.draft for item in go(rig).items if isinstance(item, Mail)}
    assert found.pop("<draft@example.com>", True)
    assert found == {"<mail@example.com>": False}


def test_a_flag_asks_for_a_draft(rig: Rig) -> None:
    if "flags" in rig.cannot:
        return
    first, second = (rig.add_mail("INBOX", mail(number)) for number in (1, 2))
    rig.set_flag(first, "kith-thanks")
    seen = go(rig)
    asks = {item.message_id: item.asks for item in seen.items if isinstance(item, Mail)}
    assert asks == {"<1@example.com>": frozenset({"thanks"}), "<2@example.com>": frozenset()}
    rig.set_flag(second, "kith-reply")  # on mail that was read long ago
    later = go(rig, seen.position)
    assert {i.message_id: i.asks for i in later.items if isinstance(i, Mail)}["<2@example.com>"] == {"reply"}


def test_a_stranger_s_message_with_a_flag_is_yielded(rig: Rig) -> None:
    if "flags" in rig.cannot:
        return
    rig.set_flag(rig.add_mail("INBOX", mail(1, STRANGER)), "kith-thanks")
    assert ids(go(rig)) == ["1"]


def test_a_flag_is_taken_off_and_nothing_else_is_changed(rig: Rig) -> None:
    if "flags" in rig.cannot:
        return
    first, second = (rig.add_mail("INBOX", mail(number)) for number in (1, 2))
    rig.set_flag(first, "kith-thanks")
    rig.set_flag(second, "kith-reply")
    flagged = {i.message_id: i.item_id for i in go(rig).items if isinstance(i, Mail) and i.asks}
    stream = folder(rig, "INBOX")
    source(rig).clear_ask(stream, flagged["<1@example.com>"], "reply")  # it has not got that one
    source(rig).clear_ask(stream, flagged["<1@example.com>"], "thanks")
    source(rig).clear_ask(stream, flagged["<1@example.com>"], "thanks")
    rig.fresh_connection()
    seen = go(rig)
    asks = {item.message_id: item.asks for item in seen.items if isinstance(item, Mail)}
    assert asks == {"<1@example.com>": frozenset(), "<2@example.com>": frozenset({"reply"})}
    box = rig.mailbox()
    source(rig).clear_ask(stream, flagged["<1@example.com>"], "thanks")
    assert rig.mailbox() == box


def test_a_flag_on_a_message_gone_is_no_error(rig: Rig) -> None:
    if "flags" in rig.cannot:
        return
    handle = rig.add_mail("INBOX", mail(1))
    rig.add_mail("INBOX", mail(2))
    (item_id,) = [i.item_id for i in go(rig).items if isinstance(i, Mail) and i.message_id == "<1@example.com>"]
    rig.delete_mail(handle)
    source(rig).clear_ask(folder(rig, "INBOX"), item_id, "thanks")


def test_one_broken_message_never_blocks_the_next(rig: Rig) -> None:
    rig.add_mail("INBOX", mail(1))
    rig.add_broken_mail("INBOX")
    for number in range(2, 8):
        rig.add_mail("INBOX", mail(number))
    seen = go(rig)
    assert sorted(ids(seen)) == numbers(7)
    (broken,) = seen.broken
    assert broken.item_id and broken.reason
    again = go(rig, seen.position)
    assert again.items == []


# -- passes and positions -----------------------------------------------------------------------------


def test_a_pass_comes_in_pages_and_ends_without_progress(rig: Rig) -> None:
    fill(rig)
    seen = go(rig)
    assert sorted(ids(seen), key=int) == numbers(10)
    if "mail" not in rig.whole:
        assert len(seen.pages) > 1
    assert not seen.position.progress
    assert seen.position.cursor


def test_stopped_after_any_page_nothing_is_skipped(rig: Rig) -> None:
    fill(rig)
    rig.add_broken_mail("INBOX")
    stream = folder(rig, "INBOX")
    for before, after, bare in stopping_anywhere(lambda since: source(rig).pages(stream, since, KNOWN)):
        assert set(ids(before)) | set(ids(after)) == set(numbers(10))
        assert set(ids(before)) | set(ids(bare)) == set(numbers(10)), "the cursor alone was ahead of what was read"
        assert not after.position.progress and not bare.position.progress


def test_stopped_and_gone_on_with_by_a_new_process(rig: Rig) -> None:
    fill(rig)
    first = go(rig, stop_after=1)
    rig.fresh_connection()
    assert set(ids(first)) | set(ids(go(rig, first.position))) == set(numbers(10))


def test_what_arrives_while_a_pass_is_stopped_is_read(rig: Rig) -> None:
    fill(rig, 8)
    first = go(rig, stop_after=1)
    rig.add_mail("INBOX", mail("late"))
    second = go(rig, first.position)
    third = go(rig, second.position)
    assert set(ids(first)) | set(ids(second)) | set(ids(third)) == {*numbers(8), "late"}


def test_what_arrives_during_a_pass_is_read(rig: Rig) -> None:
    fill(rig, 8)
    seen = Seen()
    pages: Iterator[MailPage] = iter(source(rig).pages(folder(rig, "INBOX"), Position(), KNOWN))
    seen.take(next(pages))
    rig.add_mail("INBOX", mail("late"))
    for page in pages:
        seen.take(page)
    assert set(ids(seen)) | set(ids(go(rig, seen.position))) == {*numbers(8), "late"}


def test_what_is_deleted_while_a_pass_is_stopped_hides_nothing(rig: Rig) -> None:
    handles = fill(rig, 8)
    first = go(rig, stop_after=1)
    taken = ids(first)
    read_one = handles[int(taken[0]) - 1]
    unread = next(number for number in numbers(8) if number not in taken)
    rig.delete_mail(read_one)
    rig.delete_mail(handles[int(unread) - 1])
    second = go(rig, first.position)
    assert set(taken) | set(ids(second)) >= set(numbers(8)) - {unread}


def test_nothing_new_is_nothing(rig: Rig) -> None:
    fill(rig)
    first = go(rig)
    second = go(rig, first.position)
    assert second.items == [] and second.broken == []
    assert second.position == first.position
    assert len(second.pages) <= 1
    rig.fresh_connection()
    assert go(rig, first.position).position == first.position


def test_only_what_is_new_the_second_time(rig: Rig) -> None:
    fill(rig, 5)
    first = go(rig)
    rig.add_mail("INBOX", mail("six"))
    rig.add_mail("INBOX", mail("seven"))
    second = go(rig, first.position)
    assert sorted(ids(second)) == ["seven", "six"]
    assert go(rig, second.position).items == []


def test_an_expired_cursor_is_said_before_the_first_page(rig: Rig) -> None:
    fill(rig, 5)
    stream = folder(rig, "INBOX")
    position = rig.expire_mail_cursor(stream.name, go(rig).position)
    pages = source(rig).pages(stream, position, KNOWN)
    with pytest.raises(CursorExpired):
        next(iter(pages))
    again = go(rig)
    assert sorted(ids(again)) == numbers(5)
    assert go(rig, again.position).items == []


def test_an_expired_cursor_in_the_middle_of_a_pass(rig: Rig) -> None:
    fill(rig)
    stream = folder(rig, "INBOX")
    position = rig.expire_mail_cursor(stream.name, go(rig, stop_after=1).position)
    if position != Position():
        with pytest.raises(CursorExpired):
            next(iter(source(rig).pages(stream, position, KNOWN)))
    assert set(ids(go(rig))) == set(numbers(10))


# -- the user's own doings ----------------------------------------------------------------------------


def test_moved_mail_is_no_news_where_all_is_one(rig: Rig) -> None:
    if "folders" not in rig.cannot:
        return
    handles = fill(rig, 3)
    first = go(rig)
    rig.move_mail(handles[1], "Archive")
    after = go(rig, first.position)
    assert after.items == []
    rig.move_mail(handles[2], "Junk")
    back = go(rig, after.position)
    assert back.items == []
    rig.move_mail(handles[2], "INBOX")
    assert ids(go(rig, back.position)) == ["3"]


def test_moved_mail_shows_up_where_it_went(rig: Rig) -> None:
    if "folders" in rig.cannot:
        return
    handles = fill(rig, 3)
    rig.add_mail("Archive", mail("old"))
    inbox, archive = go(rig), go(rig, name="Archive")
    rig.move_mail(handles[1], "Archive")
    assert ids(go(rig, archive.position, "Archive")) == ["2"]
    after = go(rig, inbox.position)
    assert after.items == []
    rig.add_mail("INBOX", mail("next"))
    assert ids(go(rig, after.position)) == ["next"]


def test_copied_mail_shows_up_in_both(rig: Rig) -> None:
    if "copies" in rig.cannot:
        return
    handles = fill(rig, 2)
    rig.add_mail("Archive", mail("old"))
    inbox, archive = go(rig), go(rig, name="Archive")
    rig.copy_mail(handles[0], "Archive")
    assert ids(go(rig, archive.position, "Archive")) == ["1"]
    assert go(rig, inbox.position).items == []


def test_deleted_mail_hides_nothing(rig: Rig) -> None:
    handles = fill(rig, 5)
    first = go(rig)
    rig.delete_mail(handles[0])
    rig.delete_mail(handles[4])
    second = go(rig, first.position)
    assert second.items == []
    rig.add_mail("INBOX", mail("next"))
    assert ids(go(rig, second.position)) == ["next"]


def test_an_emptied_folder_is_no_news(rig: Rig) -> None:
    handles = fill(rig, 3)
    first = go(rig)
    for handle in handles:
        rig.delete_mail(handle)
    second = go(rig, first.position)
    assert second.items == []
    rig.add_mail("INBOX", mail("next"))
    assert ids(go(rig, second.position)) == ["next"]


def test_reading_mail_in_a_client_is_no_news(rig: Rig) -> None:
    handles = fill(rig, 3)
    first = go(rig)
    rig.mark_seen(handles[0])
    assert go(rig, first.position).items == []


def test_reading_changes_nothing(rig: Rig) -> None:
    fill(rig, 4)
    rig.add_mail("INBOX", mail("draft", ME, ANNA), draft=True)
    before = rig.mailbox()
    go(rig)
    read(source(rig).search(folder(rig, "INBOX"), [ANNA], "", KNOWN))
    assert rig.mailbox() == before


# -- back-fill ----------------------------------------------------------------------------------------


def populate(rig: Rig) -> None:
    for number in range(4):
        rig.add_mail("INBOX", mail(f"anna{number}"))
    rig.add_mail("INBOX", mail("tagged", "Anna <anna+x@example.com>"))
    rig.add_mail("INBOX", mail("lookalike", "joanna@example.com"))
    rig.add_mail("INBOX", mail("suffix", "anna@example.com.test"))
    rig.add_mail("INBOX", mail("named", f'"anna@example.com" <{STRANGER}>'))
    for number in range(3):
        rig.add_mail("INBOX", mail(f"boris{number}", "Boris.Titov@EXAMPLE.net"))
    rig.add_mail("INBOX", mail("to", ME, f"{STRANGER}, Anna <{ANNA}>"))
    rig.add_mail("INBOX", mail("cc", STRANGER, ME, Cc=BORIS))
    rig.add_mail("INBOX", mail("idn", "vera@тест.test"))


@pytest.mark.parametrize(
    "addresses", [[ANNA], [BORIS, VERA], [ANNA, BORIS, *(f"person{n}@example.net" for n in range(30))]]
)
def test_back_fill_finds_what_a_full_scan_would(rig: Rig, addresses: list[str]) -> None:
    populate(rig)
    interest = Interest(frozenset(addresses), KNOWN.me, 2)
    wanted = go(rig, interest=interest)
    stream = folder(rig, "INBOX")
    found = read(source(rig).search(stream, addresses, "", interest))
    assert sorted(set(ids(found))) == sorted(ids(wanted))
    assert {"lookalike", "suffix"}.isdisjoint(ids(found))
    assert {i.item_id for i in found.items if isinstance(i, Mail)} == {
        i.item_id for i in wanted.items if isinstance(i, Mail)
    }
    assert found.position == Position()
    assert all(not page.position.cursor for page in found.pages)


def test_back_fill_stopped_after_any_page_skips_nothing(rig: Rig) -> None:
    populate(rig)
    stream, interest = folder(rig, "INBOX"), Interest(frozenset({ANNA, BORIS}), KNOWN.me, 2)
    whole = read(source(rig).search(stream, [ANNA, BORIS], "", interest))
    for count in range(1, len(whole.pages) + 1):
        before = read(source(rig).search(stream, [ANNA, BORIS], "", interest), stop_after=count)
        progress = before.position.progress
        after = read(source(rig).search(stream, [ANNA, BORIS], progress, interest)) if progress else Seen()
        assert set(ids(before)) | set(ids(after)) == set(ids(whole))


def test_back_fill_of_somebody_never_written_to(rig: Rig) -> None:
    populate(rig)
    interest = Interest(frozenset({"unheard@example.org"}), KNOWN.me, 2)
    found = read(source(rig).search(folder(rig, "INBOX"), ["unheard@example.org"], "", interest))
    assert found.items == [] and found.position == Position()


def test_a_date_header_in_any_state(rig: Rig) -> None:
    rig.add_mail("INBOX", mail("future", Date=format_datetime(NOW.replace(year=3609))))
    rig.add_mail("INBOX", mail("nonsense", Date="the day before yesterday"))
    dates = {item.message_id: item.date for item in go(rig).items if isinstance(item, Mail)}
    assert dates["<nonsense@example.com>"] is None
    assert set(dates) == {"<future@example.com>", "<nonsense@example.com>"}
