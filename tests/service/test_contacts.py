"""Who is who: imports, hand-set values, merging, splitting, shared addresses, forgetting."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, insert, select

from daemon.core.errors import UserMistake
from daemon.core.model import Card, CardPage, NamedDate, Position
from daemon.core.policy import Policies
from daemon.formats.vcard import read_cards, write_cards
from daemon.service import contacts as book
from daemon.service import forgetting, importing, joining
from daemon.service.contacts import Change
from daemon.service.judging import Rules
from daemon.store import contacts, questions
from daemon.store.contacts import Contact
from daemon.store.engine import Store
from daemon.store.tables import (
    backfill,
    contact,
    contact_source,
    cursor,
    evidence,
    hand_log,
    interaction,
    ledger,
    metadata,
    participant,
    series,
)

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
SECRET = b"a secret for tests"
ME = "me@example.com"
UID = "9f1c2ab4-0000-4000-8000-00000000000{}"


@dataclass
class Book:
    """A store with a clock that goes on a day with every use."""

    store: Store
    day: int = 0

    @contextmanager
    def open(self) -> Iterator[tuple[Connection, Rules]]:
        self.day += 1
        with self.store.write() as conn:
            yield conn, Rules(Policies(), NOW + timedelta(days=self.day))

    def take(self, *cards: Card, source: str = "vcard") -> importing.Report:
        with self.open() as (conn, rules):
            return importing.import_batches(conn, rules, [importing.Batch(source, cards)], secret=SECRET, me=[ME])

    def people(self) -> dict[str, Contact]:
        with self.store.read() as conn:
            found = contacts.load(conn)
        assert len({c.name for c in found.values()}) == len(found), "use `count` where names repeat"
        return {c.name: c for c in found.values()}

    def count(self) -> int:
        with self.store.read() as conn:
            return conn.execute(select(func.count()).select_from(contact)).scalar_one()

    def credits(self) -> dict[str, str]:
        with self.store.read() as conn:
            names = {i: c.name for i, c in contacts.load(conn).items()}
            return {a: names[i] for a, i in contacts.credits(conn).items()}

    def do(self, what: Callable[[Connection, Rules], object]) -> None:
        with self.open() as (conn, rules):
            what(conn, rules)

    def mail(self, identity: str, *people: str, at: datetime = NOW) -> None:
        """Evidence of one message from the first of these people."""
        with self.store.write() as conn:
            made = conn.execute(
                insert(evidence).values(
                    account="home",
                    identity=identity,
                    form="mail",
                    at=at,
                    direction="in",
                    role="inbox",
                    recipients=1,
                    raw_from="raw",
                )
            )
            assert made.inserted_primary_key is not None
            rows = [
                {"evidence_id": made.inserted_primary_key[0], "address": a, "role": "to" if n else "from"}
                for n, a in enumerate(people)
            ]
            conn.execute(insert(participant), rows)

    def logged(self) -> dict[str, set[str]]:
        """Identities of interactions by the contact's name."""
        found: dict[str, set[str]] = {}
        with self.store.read() as conn:
            for r in conn.execute(
                select(contact.c.name, interaction.c.identity).join(contact, contact.c.id == interaction.c.contact_id)
            ):
                found.setdefault(r.name, set()).add(r.identity)
        return found


@pytest.fixture
def shelf(store: Store) -> Book:
    return Book(store)


def ann(**fields: object) -> Card:
    given: dict[str, object] = {
        "record_id": UID.format(1),
        "name": "Ann Example",
        "given": "Ann",
        "family": "Example",
        "addresses": ("ann@example.org",),
    }
    return Card(**{**given, **fields})  # type: ignore[arg-type]


def bob(**fields: object) -> Card:
    given: dict[str, object] = {"record_id": UID.format(2), "name": "Bob Sample", "addresses": ("bob@example.org",)}
    return Card(**{**given, **fields})  # type: ignore[arg-type]


# -- importing -----------------------------------------------------------------------------------------


def test_an_import_again_changes_nothing(shelf: Book) -> None:
    first = shelf.take(ann(dates=(NamedDate("birthday", "1985-04-15"),)), bob())
    assert (first.new, first.updated, first.unchanged) == (2, 0, 0)
    with shelf.store.read() as conn:
        before = {t.name: conn.execute(select(t)).all() for t in metadata.sorted_tables}
    again = shelf.take(ann(dates=(NamedDate("birthday", "1985-04-15"),)), bob())
    assert (again.new, again.updated, again.unchanged) == (0, 0, 2)
    with shelf.store.read() as conn:
        assert {t.name: conn.execute(select(t)).all() for t in metadata.sorted_tables} == before


def test_an_import_updates_and_never_overwrites_the_users_word(shelf: Book) -> None:
    shelf.take(ann(organisation="Old", title="CTO", city="Riga"))
    who = shelf.people()["Ann Example"].id
    shelf.do(lambda conn, rules: book.edit(conn, rules, who, Change(fields={"title": "Founder", "city": ""})))
    report = shelf.take(ann(organisation="New", title="CEO", city="Oslo", addresses=("ann@new.example.org",)))
    assert (report.new, report.updated) == (0, 1)
    found = shelf.people()["Ann Example"]
    assert (found.fields["organisation"], found.fields["title"], found.fields["city"]) == ("New", "Founder", "")
    assert found.addresses == ("ann@new.example.org",)
    assert (found.origins["organisation"], found.origins["title"]) == ("vcard", "hand")


def test_another_source_with_the_same_address_is_the_same_contact(shelf: Book) -> None:
    shelf.take(ann())
    linkedin = Card("~x", "Annie Example", addresses=("ann@example.org",), organisation="Example", title="CEO")
    report = shelf.take(linkedin, source="linkedin")
    assert (report.new, report.updated) == (0, 1)
    assert shelf.people()["Annie Example"].fields["title"] == "CEO"


def test_the_same_long_uid_in_two_sources_is_the_same_contact(shelf: Book) -> None:
    shelf.take(ann(addresses=()))
    shelf.take(ann(record_id=f"{UID.format(1)}.vcf", addresses=(), title="CEO"), source="carddav:home/book")
    assert shelf.people()["Ann Example"].fields["title"] == "CEO"
    shelf.take(Card("contact-0000000001.vcf", "Bob Sample"), source="carddav:home/book")
    shelf.take(Card("contact-0000000001.vcf", "Eve Test"), source="carddav:work/book")
    assert shelf.count() == 3


def test_people_of_one_name_stay_two_and_are_proposed(shelf: Book) -> None:
    twin = ann(record_id=UID.format(9), addresses=("other.ann@example.net",))
    report = shelf.take(ann(), twin)
    assert report.new == 2
    assert report.twins == [("Ann Example", "Ann Example")]
    assert shelf.take(ann(), twin).twins == []


def test_short_record_ids_of_two_files_are_two_people(shelf: Book) -> None:
    shelf.take(Card("1", "Ann Example"))
    shelf.take(Card("1", "Bob Sample"))
    assert set(shelf.people()) >= {"Bob Sample"}
    assert shelf.count() == 2


def test_case_idn_and_tags(shelf: Book) -> None:
    cards, _ = read_cards(
        "BEGIN:VCARD\nFN:Ann\nEMAIL:ANN@Пример.test\nEND:VCARD\nBEGIN:VCARD\nFN:Ann\nEMAIL:ann@xn--e1afmkfd.test\n"
        "EMAIL:a@example.org\nEND:VCARD\n".encode()
    )
    shelf.take(*cards)
    found = shelf.people()["Ann"]
    assert set(found.addresses) == {"ann@xn--e1afmkfd.test", "a@example.org"}
    with shelf.store.read() as conn:
        assert book.find(conn, "Ann@ПРИМЕР.test") == found.id
        assert book.find(conn, "a+news@example.org") == found.id


def test_somebody_without_a_name_goes_by_the_address(shelf: Book) -> None:
    shelf.take(bob(name=""))
    assert set(shelf.people()) == {"bob@example.org"}
    shelf.take(bob())
    assert set(shelf.people()) == {"Bob Sample"}


def test_the_users_own_card_is_no_contact(shelf: Book) -> None:
    local, _, domain = ME.partition("@")
    report = shelf.take(ann(addresses=(ME,)), ann(record_id="tagged", addresses=(f"{local}+pycon@{domain}",)), bob())
    assert (report.new, report.passed_over) == (1, 2)


def test_five_thousand_cards_need_few_statements(shelf: Book, tmp_path: Path) -> None:
    from sqlalchemy import event

    path = tmp_path / "many.vcf"
    path.write_text(
        write_cards(Card(f"record-number-{n}", f"Person {n}", addresses=(f"p{n}@example.org",)) for n in range(5000))
    )
    batches = importing.read_paths([path])
    statements = 0

    def count(*_: object) -> None:
        nonlocal statements
        statements += 1

    with shelf.open() as (conn, rules):
        event.listen(conn, "before_cursor_execute", count)
        assert importing.import_batches(conn, rules, batches, secret=SECRET, me=[ME]).new == 5000
        made = statements
        assert importing.import_batches(conn, rules, batches, secret=SECRET, me=[ME]).unchanged == 5000
        again = statements - made
        contacts.load(conn)
        loading = statements - made - again
    assert made < 5000 + 200  # one for each new contact, the rest in bulk
    assert again < 50
    assert loading < 10


def test_files_and_folders(shelf: Book, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/ann.vcf").write_text(write_cards([ann()]))
    (tmp_path / "bob.VCF").write_text(write_cards([bob()]))
    (tmp_path / "people.csv").write_text("Name,Email\nEve Test,eve@example.org\n,\n,x\n")
    (tmp_path / "notes.txt").write_text("nothing")
    with shelf.open() as (conn, rules):
        report = importing.import_batches(conn, rules, importing.read_paths([tmp_path]), secret=SECRET, me=[ME])
    assert set(shelf.people()) == {"Ann Example", "Bob Sample", "Eve Test"}
    assert [b.item_id for b in report.broken] == ["people.csv: line 4"]
    with pytest.raises(UserMistake, match="no file or folder"):
        importing.read_paths([tmp_path / "missing"])


def test_what_is_exported_is_imported_as_the_same_people(shelf: Book) -> None:
    shelf.take(ann(title="CEO"), bob(record_id="~derived"))
    shelf.take(Card("~nobody", "Eve Test"), source="linkedin")
    with shelf.store.read() as conn:
        text = write_cards(book.export(conn))
    report = shelf.take(*read_cards(text.encode())[0])
    assert report.new == 0 and shelf.count() == 3


# -- addresses -----------------------------------------------------------------------------------------


def test_two_people_of_one_address_book_who_share_an_address(shelf: Book) -> None:
    report = shelf.take(
        ann(addresses=("family@example.org",)), bob(addresses=("family@example.org", "bob@example.org"))
    )
    assert report.shared == [("family@example.org", ["Ann Example", "Bob Sample"])]
    assert shelf.count() == 2
    assert shelf.credits() == {"bob@example.org": "Bob Sample"}
    shelf.mail("m1", "family@example.org")
    people = shelf.people()
    shelf.do(lambda conn, rules: joining.assign(conn, rules, "Family@example.org", people["Ann Example"].id))
    assert shelf.credits()["family@example.org"] == "Ann Example"
    assert shelf.logged() == {"Ann Example": {"m1"}}
    shelf.do(lambda conn, rules: joining.assign(conn, rules, "family@example.org", None))
    assert "family@example.org" not in shelf.credits()
    assert shelf.logged() == {}


def test_a_desks_address_credits_nobody_until_assigned(shelf: Book) -> None:
    shelf.take(ann(addresses=("hr@example.org",)))
    shelf.take(bob(addresses=("hr@example.org",)), source="linkedin")
    assert shelf.count() == 2 and shelf.credits() == {}
    with shelf.store.read() as conn:
        assert contacts.interest(conn, [ME]).known == {"hr@example.org"}
    who = shelf.people()["Bob Sample"].id
    shelf.do(lambda conn, rules: joining.assign(conn, rules, "hr@example.org", who))
    assert shelf.credits() == {"hr@example.org": "Bob Sample"}
    shelf.take(Card("~third", "Eve Test", addresses=("hr@example.org",)), source="google")
    assert shelf.count() == 3  # assigned or not, a desk's address makes nobody the same person
    assert shelf.credits() == {"hr@example.org": "Bob Sample"}


def test_a_new_address_gets_its_history(shelf: Book) -> None:
    with shelf.store.write() as conn:
        for kind, stream in (("mail", "INBOX"), ("calendar", "work"), ("contacts", "book")):
            conn.execute(insert(cursor).values(account="home", kind=kind, stream=stream, cursor="7", read_at=NOW))
    with shelf.store.read() as conn:
        before = contacts.interest(conn, [ME])
    shelf.take(ann())
    with shelf.store.read() as conn:
        after = contacts.interest(conn, [ME])
        assert after.known == {"ann@example.org"} and after.revision > before.revision
        assert [(r.stream, r.address) for r in conn.execute(select(backfill))] == [("INBOX", "ann@example.org")]
        cursors = {r.kind: (r.cursor, r.read_at) for r in conn.execute(select(cursor))}
    assert cursors == {"mail": ("7", NOW), "calendar": ("", NOW), "contacts": ("7", NOW)}
    shelf.take(ann(title="CEO"))
    with shelf.store.read() as conn:
        assert contacts.interest(conn, [ME]).revision == after.revision


# -- merging and splitting -----------------------------------------------------------------------------


def test_merged_people_stay_merged(shelf: Book) -> None:
    other = ann(record_id=UID.format(3), name="Anna Образцова", addresses=("anna@example.net",), title="CEO")
    shelf.take(ann(), other)
    shelf.mail("m1", "ann@example.org")
    shelf.mail("m2", "anna@example.net")
    a, b = sorted(shelf.people().values(), key=lambda c: c.id)
    with shelf.open() as (conn, rules):
        contacts.set_circles(conn, b.id, ["mentor"])
        contacts.change(conn, b.id, tier="key", notes="met in Riga")
        conn.execute(
            insert(hand_log).values(
                contact_id=b.id, identity="l1", form="call", direction="mutual", at=NOW, logged_at=NOW
            )
        )
        joining.merge(conn, rules, a.id, [b.id])
    assert shelf.count() == 1
    (found,) = shelf.people().values()
    assert (found.id, found.uid, found.circles, found.tier, found.notes) == (
        a.id,
        a.uid,
        ("mentor",),
        "key",
        "met in Riga",
    )
    assert set(found.addresses) == {"ann@example.org", "anna@example.net"}
    assert set(shelf.logged()[found.name]) == {"m1", "m2", "l1"}
    report = shelf.take(ann(), other)
    assert (report.new, shelf.count()) == (0, 1)
    with shelf.store.read() as conn:
        assert conn.execute(select(backfill)).all() == []


def test_split_people_stay_split(shelf: Book) -> None:
    wrong = Card("~wrong", "Ann", addresses=("ann@example.org", "ann.other@example.net"))
    shelf.take(ann())
    shelf.take(wrong, source="google")
    shelf.take(Card("~third", "Ann Other", addresses=("ann.other@example.net",)), source="linkedin")
    assert shelf.count() == 1
    shelf.mail("m1", "ann@example.org")
    shelf.mail("m2", "ann.other@example.net")
    (one,) = shelf.people().values()
    with shelf.open() as (conn, rules):
        new = joining.split(conn, rules, one.id, given=["Ann.Other@example.net"], name="Ann Other")
    for _ in range(2):
        with shelf.store.read() as conn:
            found = contacts.load(conn)
        assert found[one.id].addresses == ("ann@example.org",)
        assert found[new].addresses == ("ann.other@example.net",)
        assert shelf.logged() == {found[one.id].name: {"m1"}, "Ann Other": {"m2"}}
        shelf.take(ann(title="now CEO"))
        shelf.take(wrong, source="google")
        shelf.take(Card("~third", "Ann Other", addresses=("ann.other@example.net",), title="CFO"), source="linkedin")
    with shelf.store.read() as conn:
        assert contacts.load(conn)[new].fields["title"] == "CFO"


def test_a_split_leaves_something_of_both(shelf: Book) -> None:
    shelf.take(bob(name=""))
    (one,) = shelf.people().values()
    with shelf.open() as (conn, rules):
        with pytest.raises(UserMistake, match="Nothing would be left"):
            joining.split(conn, rules, one.id, given=["bob@example.org"])
        with pytest.raises(UserMistake, match="not an address of"):
            joining.split(conn, rules, one.id, given=["x@example.org"])


# -- by hand -------------------------------------------------------------------------------------------


def test_added_by_hand(shelf: Book) -> None:
    change = Change(addresses=("Anna@example.org",), circles=("Mentor",), tier="key", dates={"birthday": "--04-15"})
    with shelf.open() as (conn, rules):
        who = book.add(conn, rules, "Анна Сергеевна Образцова", change, secret=SECRET)
        with pytest.raises(UserMistake, match="already"):
            book.add(conn, rules, "Someone", Change(addresses=("anna@example.org",)), secret=SECRET)
        with pytest.raises(UserMistake, match="no mail address"):
            book.add(conn, rules, "Someone", Change(addresses=("nonsense",)), secret=SECRET)
        with pytest.raises(UserMistake, match="no date"):
            book.edit(conn, rules, who, Change(dates={"birthday": "1985-02-30"}))
    found = shelf.people()["Анна Сергеевна Образцова"]
    assert (found.fields["given"], found.fields["patronymic"], found.fields["family"]) == (
        "Анна",
        "Сергеевна",
        "Образцова",
    )
    assert (found.circles, found.tier, found.uid) == (("mentor",), "key", "mail:anna@example.org")
    assert found.dates == ((NamedDate("birthday", "--04-15"), "hand"),)


def test_a_removed_address_and_date_stay_removed(shelf: Book) -> None:
    card = ann(addresses=("ann@example.org", "old@example.org"), dates=(NamedDate("work", "2015-01-01"),))
    shelf.take(card)
    who = shelf.people()["Ann Example"].id
    shelf.do(lambda conn, rules: book.edit(conn, rules, who, Change(without=("old@example.org",), dates={"work": ""})))
    shelf.take(ann(addresses=card.addresses, dates=card.dates, title="CEO"))
    found = shelf.people()["Ann Example"]
    assert (found.addresses, found.dates, found.fields["title"]) == (("ann@example.org",), (), "CEO")


def test_a_new_name_by_hand_brings_its_own_parts(shelf: Book) -> None:
    shelf.take(ann())
    who = shelf.people()["Ann Example"].id
    shelf.do(lambda conn, rules: book.edit(conn, rules, who, Change(fields={"name": "Ann Newname"})))
    assert shelf.people()["Ann Newname"].fields["family"] == "Newname"


def test_states(shelf: Book) -> None:
    shelf.take(ann())
    who = shelf.people()["Ann Example"].id
    shelf.do(lambda conn, rules: book.deceased(conn, rules, who))
    assert shelf.people()["Ann Example"].state == "deceased"
    shelf.take(ann(title="CEO"))
    assert shelf.people()["Ann Example"].state == "deceased"
    shelf.do(lambda conn, rules: book.resume(conn, rules, who))
    shelf.take(ann(title="CEO", deceased=True))
    assert shelf.people()["Ann Example"].state == ""
    shelf.do(lambda conn, _: book.pause(conn, who, NOW))
    paused = shelf.people()["Ann Example"]
    assert (paused.paused_until, paused.state_at(NOW - timedelta(seconds=1)), paused.state_at(NOW)) == (
        NOW,
        "paused",
        "",
    )


def _born(who: int, when: str, conn: Connection, rules: Rules) -> None:
    book.edit(conn, rules, who, Change(dates={"birthday": when}))


def _pause(who: int, end: datetime | None, conn: Connection, _: Rules) -> None:
    book.pause(conn, who, end)


@pytest.mark.parametrize(
    "ends", [(None, NOW), (NOW, None), (NOW, NOW + timedelta(days=9)), (NOW + timedelta(days=9), NOW)]
)
def test_of_two_pauses_the_longer_one_holds(shelf: Book, ends: tuple[datetime | None, ...]) -> None:
    shelf.take(ann(), bob())
    one, two = (c.id for c in shelf.people().values())
    for who, end in zip((one, two), ends, strict=True):
        shelf.do(partial(_pause, who, end))
    shelf.do(lambda conn, rules: joining.merge(conn, rules, one, [two]))
    (found,) = shelf.people().values()
    assert found.paused_until == (None if None in ends else NOW + timedelta(days=9))
    assert found.state_at(NOW + timedelta(days=1)) == "paused"


def test_a_birthday_still_to_come_is_a_slip_of_the_pen(shelf: Book) -> None:
    shelf.take(ann())
    who = shelf.people()["Ann Example"].id
    for when in ("--12-31", f"{NOW:%Y-%m-%d}", "1985-12-31"):
        shelf.do(partial(_born, who, when))
    with pytest.raises(UserMistake, match="still to come"):
        shelf.do(lambda conn, rules: book.edit(conn, rules, who, Change(dates={"birthday": f"{NOW.year + 1}-01-01"})))
    shelf.do(lambda conn, rules: book.edit(conn, rules, who, Change(dates={"work": f"{NOW.year + 1}-01-01"})))


def test_finding(shelf: Book) -> None:
    shelf.take(ann(), bob(), Card(UID.format(5), "Annika Образцова"), Card(UID.format(6), "Пётр Примеров"))
    people = shelf.people()
    with shelf.store.read() as conn:
        assert book.find(conn, "example, ann") == people["Ann Example"].id
        assert book.find(conn, "bob") == people["Bob Sample"].id
        assert book.find(conn, "петр") == people["Пётр Примеров"].id
        assert book.find(conn, f"#{people['Bob Sample'].id}") == people["Bob Sample"].id
        assert book.find(conn, "ann") == people["Ann Example"].id  # a whole word before the beginning of one
        with pytest.raises(UserMistake, match=r"(?s)any of these.*Ann Example.*ann@example.org.*Annika"):
            book.find(conn, "an")
        with pytest.raises(UserMistake, match="Did you mean Bob Sample"):
            book.find(conn, "Bob Sampel")


# -- address books in sync -----------------------------------------------------------------------------


def page(*cards: Card, gone: tuple[str, ...] = ()) -> CardPage:
    return CardPage(cards, Position("1"), gone=gone)


def test_gone_cards_delete_nobody(shelf: Book) -> None:
    many = [Card(f"card-number-{n:03}", f"Person {n}", addresses=(f"p{n}@example.org",)) for n in range(10)]
    with shelf.open() as (conn, rules):
        book.sync_page(conn, "home", "book", page(*many), rules.now, rules=rules)
        assert book.known_records(conn, "home", "book") == {c.record_id for c in many}
        book.sync_page(conn, "home", "book", page(gone=(many[0].record_id,)), rules.now)
        assert len(book.known_records(conn, "home", "book")) == 9
        book.sync_page(conn, "home", "book", page(gone=tuple(c.record_id for c in many[1:6])), rules.now)
        assert len(book.known_records(conn, "home", "book")) == 9  # five of nine at once: held
        (asked,) = questions.open_rows(conn)
        assert (asked.kind, len(asked.items)) == ("cards-gone", 5)
        book.confirm_gone(conn, "home", asked.items, rules.now)
        assert len(book.known_records(conn, "home", "book")) == 4
        book.sync_page(conn, "home", "book", page(many[0]), rules.now)
        assert many[0].record_id in book.known_records(conn, "home", "book")
    assert shelf.count() == 10 and len(shelf.credits()) == 10


# -- forgetting ----------------------------------------------------------------------------------------


def test_forgotten_people_leave_no_row_and_do_not_come_back(shelf: Book) -> None:
    shelf.take(ann(title="Person of note"), bob())
    shelf.mail("m1", "ann@example.org")
    shelf.mail("m2", "bob@example.org", "ann@example.org")
    who = shelf.people()["Ann Example"].id
    with shelf.open() as (conn, rules):
        conn.execute(
            insert(series).values(account="home", stream="s", item_id="1", master="ATTENDEE:mailto:ann@example.org")
        )
        contacts.set_skipped(conn, contacts.load(conn)[who].uid, skip=True)
        assert forgetting.forget(conn, who, SECRET, rules.now, ["home"])
        assert contacts.skipped(conn) == frozenset()
    with shelf.store.read() as conn:
        text = repr([conn.execute(select(t)).all() for t in metadata.sorted_tables])
    assert "ann@example.org" not in text and "Person of note" not in text and "m1" not in text
    assert "bob@example.org" in text and "m2" in text
    report = shelf.take(ann(), bob())
    assert report.passed_over == 1
    shelf.take(ann(record_id=UID.format(7), addresses=("ann@example.org", "new@example.org")), source="google")
    assert set(shelf.people()) == {"Bob Sample"}
    with shelf.open() as (conn, rules):
        book.add(conn, rules, "Ann Example", Change(addresses=("ann@example.org",)), secret=SECRET)
    assert shelf.take(ann(title="CEO")).new == 0
    assert shelf.people()["Ann Example"].fields["title"] == "CEO"


def test_forgetting_waits_for_what_stands_remotely(shelf: Book) -> None:
    shelf.take(ann())
    who = shelf.people()["Ann Example"].id
    row = {"kind": "reminder", "purpose": "keep-in-touch", "period": "p", "account": "home"}
    with shelf.open() as (conn, rules):
        conn.execute(
            insert(ledger).values(key="k", contact_id=who, state="written", created_at=NOW, changed_at=NOW, **row)
        )
        assert not forgetting.forget(conn, who, SECRET, rules.now, ["home"])
        assert contacts.interest(conn, [ME]).known == frozenset()
        assert contacts.credits(conn) == {}
        with pytest.raises(UserMistake):
            book.find(conn, "Ann Example")
    assert shelf.take(ann(title="CEO")).passed_over == 1
    with shelf.open() as (conn, rules):
        assert book.finish_forgetting(conn, rules.now, ["home"]) == []
        conn.execute(ledger.update().values(state="withdrawn"))
        assert book.finish_forgetting(conn, rules.now, ["home"]) == [who]
        assert conn.execute(select(contact_source)).all() == []


def test_who_is_kept_keeps_the_name_and_what_was_said_of_them(shelf: Book) -> None:
    """Though the user spoke of the other later."""
    for name, address, city in (("Ann Example", "ann@example.org", "Bonn"), ("Zoe Later", "zoe@example.org", "Kiel")):
        said = Change(fields={"city": city}, addresses=(address,))
        shelf.do(partial(book.add, name=name, change=said, secret=SECRET))
    ann, zoe = (shelf.people()[name].id for name in ("Ann Example", "Zoe Later"))
    shelf.do(lambda conn, rules: joining.merge(conn, rules, ann, [zoe]))
    (one,) = shelf.people().values()
    assert (one.name, one.fields["city"], len(one.addresses)) == ("Ann Example", "Bonn", 2)
