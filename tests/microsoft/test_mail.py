"""Mail over Graph, where it differs from other mailboxes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from connectors.microsoft import search
from daemon.core.errors import UserMistake
from daemon.core.model import FolderRole, Interest, Mail, Position, Signal, Stream
from tests.contract.reading import Seen, read
from tests.contract.rig import ME
from tests.contract.rig_graph import GraphRig
from tests.contract.samples import ANNA, KNOWN, NOW, STRANGER, mail
from tests.doubles.graph import odata, translate


def folder(rig: GraphRig, label: str = "Inbox") -> Stream:
    source = rig.connection().mail
    assert source is not None
    return next(s for s in source.streams() if s.label == label)


def go(rig: GraphRig, since: Position = Position(), label: str = "Inbox") -> Seen:  # noqa: B008
    source = rig.connection().mail
    assert source is not None
    return read(source.pages(folder(rig, label), since, KNOWN), since)


def mails(seen: Seen) -> list[Mail]:
    return [item for item in seen.items if isinstance(item, Mail)]


def test_roles_come_from_well_known_names_in_any_language(rig: GraphRig) -> None:
    for name, shown in {"inbox": "Входящие", "sentitems": "Отправленные", "drafts": "Черновики"}.items():
        rig.box.folders[name].name = shown
    rig.box.add_folder("Projects")
    rig.box.add_folder("2026", "Projects")
    rig.box.add_folder("Old drafts", "drafts")
    rig.box.add_folder("Everything", kind="#microsoft.graph.mailSearchFolder")
    source = rig.connection().mail
    assert source is not None
    assert {(s.label, s.role) for s in source.streams()} == {
        ("Входящие", FolderRole.INBOX),
        ("Отправленные", FolderRole.SENT),
        ("Archive", FolderRole.OTHER),
        ("Projects", FolderRole.OTHER),
        ("Projects/2026", FolderRole.OTHER),
    }


def test_only_folders_of_the_configuration(rig: GraphRig) -> None:
    chosen = rig.person.connection(folders=["inbox", "Archive"], exclude=["archive"]).mail
    assert chosen is not None
    assert [s.label for s in chosen.streams()] == ["Inbox"]
    with pytest.raises(UserMistake, match="Nowhere"):
        rig.person.connection(folders=["Nowhere"]).mail.streams()  # type: ignore[union-attr]


def test_a_sent_letter_without_headers_is_read_from_properties(rig: GraphRig) -> None:
    rig.add_mail(
        "Sent", mail("s", ME, ANNA, In_Reply_To="<7@example.com>", References="<6@example.com> <7@example.com>")
    )
    (found,) = mails(go(rig, label="Sent Items"))
    assert (found.message_id, found.senders, found.to) == ("<s@example.com>", (ME,), (ANNA,))
    assert (found.in_reply_to, found.references) == ("<7@example.com>", ("<6@example.com>", "<7@example.com>"))
    assert found.date == NOW - timedelta(days=3)
    assert found.thread.startswith("conversation-")


def test_an_invitation_is_known_by_its_type(rig: GraphRig) -> None:
    handle = rig.add_mail("Sent", mail("i", ME, ANNA))
    rig.box.change(handle, **{"@odata.type": "#microsoft.graph.eventMessageRequest"})
    (found,) = mails(go(rig, label="Sent Items"))
    assert Signal.INVITATION in found.signals


def test_what_a_delta_tells_in_part_is_read_anew(rig: GraphRig) -> None:
    handle = rig.add_mail("INBOX", mail(1, Subject="Before"))
    first = go(rig)
    rig.box.change(handle, categories=["Red", "KITH-Thanks"])
    (again,) = mails(go(rig, first.position))
    assert again.subject == "Before" and again.asks == {"thanks"} and again.senders == (ANNA,)


def test_a_part_that_names_nobody_is_read_anew(rig: GraphRig) -> None:
    handle = rig.add_mail("INBOX", mail(1), draft=True)
    first = go(rig)
    rig.box.change(handle, isDraft=False)  # all that is told, and whom it is from is not
    assert [m.draft for m in mails(first) + mails(go(rig, first.position))] == [True, False]


def test_a_delta_that_repeats_itself_skips_nothing(rig: GraphRig) -> None:
    rig.double.replay = True
    for number in range(5):
        rig.add_mail("INBOX", mail(number))
    first = go(rig)
    rig.add_mail("INBOX", mail("new"))
    second = go(rig, first.position)
    assert "<new@example.com>" in {m.message_id for m in mails(second)}
    assert not go(rig, second.position).items


def test_an_old_delta_link_is_replaced_though_nothing_is_new(rig: GraphRig) -> None:
    rig.add_mail("INBOX", mail(1))
    first = go(rig)
    rig.person.now = lambda: NOW + timedelta(days=2)
    second = go(rig, first.position)
    assert not second.items and second.position != first.position and not second.position.progress
    rig.add_mail("INBOX", mail(2))
    assert len(mails(go(rig, second.position))) == 1


def test_categories_of_the_users_own_stay(rig: GraphRig) -> None:
    handle = rig.add_mail("INBOX", mail(1))
    rig.box.change(handle, categories=["Red", "kith-thanks", "kith-reply"])
    source = rig.connection().mail
    assert source is not None
    source.clear_ask(folder(rig), handle, "thanks")
    found = rig.box.message(handle)
    assert found is not None and found[1]["categories"] == ["Red", "kith-reply"]


def test_a_category_set_at_the_same_moment_is_not_lost(rig: GraphRig) -> None:
    handle = rig.add_mail("INBOX", mail(1))
    rig.set_flag(handle, "kith-thanks")
    source, stream = rig.connection().mail, folder(rig)
    assert source is not None

    def meddle(what: str) -> None:
        if what == "PATCH messages/{id}":
            rig.double.on_call = lambda name: None
            rig.set_flag(handle, "Green")

    rig.double.on_call = meddle
    source.clear_ask(stream, handle, "thanks")
    found = rig.box.message(handle)
    assert found is not None and found[1]["categories"] == ["Green"]


def test_a_bounce_is_found_by_who_it_is_from_and_read_for_whom_it_names(rig: GraphRig) -> None:
    report = (
        b"From: Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@example.org>\r\n"
        b"To: petra@example.org\r\nSubject: Undeliverable: Hello\r\nMessage-ID: <b@example.org>\r\n"
        b"Date: Mon, 16 Nov 2026 09:00:00 +0000\r\nAuto-Submitted: auto-replied\r\nReturn-Path: <>\r\n"
        b'MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        b"--b\r\nContent-Type: text/plain\r\n\r\nno\r\n"
        b"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.org\r\n\r\n"
        b"Final-Recipient: rfc822; anna@example.com\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--b--\r\n"
    )
    rig.box.add_message("inbox", translate.message_of(report, rig.box.now()))
    (found,) = mails(go(rig))
    assert Signal.BOUNCE in found.signals and found.bounced == (ANNA,)


# -- back-fill -----------------------------------------------------------------------------------------


def found(rig: GraphRig, addresses: list[str]) -> set[str]:
    source = rig.connection().mail
    assert source is not None
    interest = Interest(frozenset(addresses), KNOWN.me, 2)
    seen = read(source.search(folder(rig), addresses, "", interest))
    assert seen.position == Position()
    return {m.message_id for m in mails(seen)}


def old(rig: GraphRig, number: int | str, sender: str = ANNA) -> str:
    item = translate.message_of(mail(number, sender), NOW - timedelta(days=400))
    return rig.box.add_message("inbox", item)


def test_old_mail_is_searched_for_and_the_folder_not_listed(rig: GraphRig) -> None:
    old(rig, 1)
    for number in range(20):
        old(rig, f"s{number}", STRANGER)
    before = rig.double.calls["GET mailFolders/{id}/messages"]
    assert found(rig, [ANNA]) == {"<1@example.com>"}
    assert rig.double.calls["GET mailFolders/{id}/messages"] - before == 2, "the last days, and one search"


def test_each_of_many_addresses_is_asked_for(rig: GraphRig) -> None:
    people = [f"q{chr(97 + number)}@example.net" for number in range(25)]
    for address in people:
        old(rig, address.partition("@")[0], address)
    assert len(found(rig, people)) == 25


def test_mail_the_index_has_not_got_yet_is_found(rig: GraphRig) -> None:
    rig.double.lagging.add(rig.add_mail("INBOX", mail("fresh")))
    old(rig, "old")
    assert found(rig, [ANNA]) == {"<fresh@example.com>", "<old@example.com>"}


def test_a_search_that_came_to_its_end_is_not_believed(rig: GraphRig, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.double.limit = 6
    monkeypatch.setattr(search, "LIMIT", 6)
    for number in range(15):
        old(rig, number)
    assert len(found(rig, [ANNA])) == 15


@pytest.mark.parametrize("address", ["o'neil@example.net", "vera@xn--e1aybc.test", "a:b@example.net"])
def test_addresses_that_mean_something_to_the_search_are_looked_for_in_the_listing(rig: GraphRig, address: str) -> None:
    old(rig, "odd", address)
    assert found(rig, [address]) == ({"<odd@example.com>"} if ":" not in address else set())


def test_a_search_whose_link_expired_begins_anew(rig: GraphRig) -> None:
    for number in range(9):
        old(rig, number)
    source, interest = rig.connection().mail, Interest(frozenset({ANNA}), KNOWN.me, 2)
    assert source is not None
    first = read(source.search(folder(rig), [ANNA], "", interest), stop_after=2)
    assert first.position.progress
    rig.box.tokens.clear()
    rest = read(source.search(folder(rig), [ANNA], first.position.progress, interest))
    assert len({m.message_id for m in mails(first) + mails(rest)}) == 9


def test_a_search_whose_links_never_hold_is_given_up(rig: GraphRig, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(9):
        old(rig, number)
    listing = "GET mailFolders/{id}/messages"
    asked: list[str] = []
    searched = odata.searched

    def ask(said: str) -> odata.Test:
        asked.append(said)
        return searched(said)

    monkeypatch.setattr(odata, "searched", ask)

    def forget(what: str) -> None:
        if what == listing and rig.double.calls[listing] <= 5:  # the last days; the question and its link, twice
            rig.box.tokens.clear()

    rig.double.on_call = forget
    assert len(found(rig, [ANNA])) == 9
    assert len(asked) == 2, "then the folder is listed"
