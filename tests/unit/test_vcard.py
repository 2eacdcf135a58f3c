"""vCards of every age and maker are read; what is written is read back."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.core.model import Card, NamedDate
from daemon.core.names import is_patronymic
from daemon.core.plain import one_line
from daemon.formats.vcard import read_cards, write_cards


def one(text: str | bytes) -> Card:
    data = text.encode() if isinstance(text, str) else text
    cards, broken = read_cards(data)
    assert not broken
    (card,) = cards
    return card


def vcard(*lines: str, version: str = "3.0") -> str:
    return "\r\n".join(["BEGIN:VCARD", f"VERSION:{version}", *lines, "END:VCARD", ""])


def test_version_3_in_full() -> None:
    card = one(
        vcard(
            "UID:urn:uuid:4fbe8971-0bc3-424c-9c26-36c3e1eff6b1",
            "FN:Анна Сергеевна Образцова",
            "N:Образцова;Анна;Сергеевна;;",
            "EMAIL;TYPE=INTERNET:other@example.org",
            "EMAIL;TYPE=INTERNET;TYPE=pref:Anna@Пример.test",
            "ORG:Пример;Отдел кадров",
            "TITLE:Директор\\, по людям",
            "ROLE:рекрутер",
            "ADR;TYPE=HOME:;;Дом;Тверь;;;Россия",
            "ADR;TYPE=WORK:;;Улица;Москва;;;Россия",
            "BDAY:1985-04-15",
            "ANNIVERSARY:2010-06-05",
            "CATEGORIES:HR,Москва",
            "TZ:Europe/Moscow",
            "LANG:ru",
            "URL:https\\://example.org",
            "PHOTO;ENCODING=b:%%% no base64 %%%",
        )
    )
    assert card == Card(
        record_id="4fbe8971-0bc3-424c-9c26-36c3e1eff6b1",
        name="Анна Сергеевна Образцова",
        given="Анна",
        family="Образцова",
        patronymic="Сергеевна",
        addresses=("anna@xn--e1afmkfd.test", "other@example.org"),
        organisation="Пример",
        title="Директор, по людям",
        profession="рекрутер",
        city="Москва",
        country="Россия",
        time_zone="Europe/Moscow",
        language="ru",
        url="https://example.org",
        dates=(NamedDate("birthday", "1985-04-15"), NamedDate("wedding", "2010-06-05")),
        labels=("HR", "Москва"),
    )


def test_version_2_1_with_quoted_printable_over_lines() -> None:
    card = one(
        "BEGIN:VCARD\nVERSION:2.1\n"
        "N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=D0=9E=D0=B1=D1=80=D0=B0=D0=B7=D1=86=D0=BE=D0=B2=D0=B0;=\n"
        "=D0=90=D0=BD=D0=BD=D0=B0;;;\n"
        "EMAIL;PREF;INTERNET:anna@example.org\nBDAY:19850415\nEND:VCARD\n"
    )
    assert (card.name, card.given, card.family) == ("Анна Образцова", "Анна", "Образцова")
    assert card.addresses == ("anna@example.org",)
    assert card.dates == (NamedDate("birthday", "1985-04-15"),)


def test_a_windows_code_page() -> None:
    text = "BEGIN:VCARD\nVERSION:2.1\nN;CHARSET=windows-1251:Образцова;Анна\nORG:Пример\nEND:VCARD\n"
    card = one(text.encode("cp1251"))
    assert (card.family, card.organisation) == ("Образцова", "Пример")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark(encoding: str) -> None:
    assert one(vcard("FN:Анна Образцова").encode(encoding)).given == "Анна"


def test_folded_lines_and_old_mac_line_ends() -> None:
    text = vcard("FN:Ann Exam\r\n ple", "EMAIL:ann@exa\r\n\tmple.org")
    assert one(text).addresses == ("ann@example.org",)
    assert one(text.replace("\r\n", "\r")).name == "Ann Example"


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("_$!<Anniversary>!$_", NamedDate("wedding", "2015-03-01")),
        ("Work anniversary", NamedDate("work", "2015-03-01", "Work anniversary")),
        ("Начало работы", NamedDate("work", "2015-03-01", "Начало работы")),
        ("Company anniversary", NamedDate("company", "2015-03-01", "Company anniversary")),
        ("День рождения компании", NamedDate("company", "2015-03-01", "День рождения компании")),
        ("Name day", NamedDate("other", "2015-03-01", "Name day")),
        ("День рождения", NamedDate("birthday", "2015-03-01")),
    ],
)
def test_apples_labelled_dates(label: str, expected: NamedDate) -> None:
    card = one(vcard("FN:Ann", "item1.X-ABDATE:2015-03-01", f"item1.X-ABLabel:{label}"))
    assert card.dates == (expected,)


@pytest.mark.parametrize(
    ("written", "when"),
    [
        ("--0415", "--04-15"),
        ("--04-15", "--04-15"),
        ("1604-04-15", "--04-15"),
        ("1604-02-29", "--02-29"),
        ("1985-04-15T00:00:00Z", "1985-04-15"),
        ("19850415", "1985-04-15"),
    ],
)
def test_birthdays(written: str, when: str) -> None:
    assert one(vcard("FN:Ann", f"BDAY:{written}")).dates == (NamedDate("birthday", when),)


@pytest.mark.parametrize("written", ["1985", "1985-02-30", "circa 1985", "--1345", ""])
def test_what_is_no_day_is_no_birthday(written: str) -> None:
    assert one(vcard("FN:Ann", f"BDAY:{written}")).dates == ()


def test_an_additional_name_is_a_patronymic_only_where_it_looks_like_one() -> None:
    assert one(vcard("FN:Ann Mary Example", "N:Example;Ann;Mary;;")).patronymic == ""
    assert one(vcard("FN:x", "N:Образцова;Анна Сергеевна;;;")).patronymic == "Сергеевна"


def test_the_dead_are_known_as_such() -> None:
    assert one(vcard("FN:Ann", "DEATHDATE:2020-01-01", version="4.0")).deceased


def test_groups_are_no_people() -> None:
    assert read_cards(vcard("FN:Team", "KIND:group").encode()) == ([], [])
    assert read_cards(vcard("FN:Team", "X-ADDRESSBOOKSERVER-KIND:group").encode()) == ([], [])


def test_one_bad_card_never_stops_the_others() -> None:
    text = vcard("FN:Ann") + "BEGIN:VCARD\r\nTEL:1\r\nEND:VCARD\r\n" + "BEGIN:VCARD\r\nFN:No end\r\n" + vcard("FN:Bob")
    cards, broken = read_cards(text.encode())
    assert [c.name for c in cards] == ["Ann", "No end", "Bob"]
    assert [(b.item_id, "neither" in b.reason) for b in broken] == [("card 2", True)]


def test_an_address_in_place_of_a_name_is_no_name() -> None:
    assert one(vcard("FN:ann@example.org", "EMAIL:ann@example.org")).name == ""


def test_record_ids() -> None:
    same = vcard("FN:Ann Example", "EMAIL:ann@example.org", "TITLE:now another")
    first, second = one(vcard("FN:Ann Example", "EMAIL:ann@example.org")), one(same)
    assert first.record_id == second.record_id  # stable while name and address are
    twins = vcard("FN:Ann Example", "ORG:One") + vcard("FN:Ann Example", "ORG:Two") + vcard("FN:Ann Example", "ORG:One")
    cards, _ = read_cards(twins.encode())
    assert len(cards) == len({c.record_id for c in cards}) == 2
    spoilt = vcard("UID:same", "FN:Ann") + vcard("UID:same", "FN:Bob")
    assert len({c.record_id for c in read_cards(spoilt.encode())[0]}) == 2


def test_an_agent_inside_a_card_is_not_a_card_of_its_own() -> None:
    text = vcard("FN:Ann", "AGENT:", "BEGIN:VCARD", "FN:Her agent", "END:VCARD", "TITLE:Boss", version="2.1")
    assert [(c.name, c.title) for c in read_cards(text.encode())[0]] == [("Ann", "Boss")]


word = st.text(st.characters(categories=["L", "N"], max_codepoint=0x4FF), min_size=1, max_size=12)
line = st.lists(word, min_size=1, max_size=12).map(" ".join).map(one_line)
special = st.tuples(line, st.sampled_from([";", ",", "\\", ":", "\\n", '"'])).map(lambda t: f"{t[0]}{t[1]} x")
text_value = st.one_of(st.just(""), line, special)
days = st.dates().filter(lambda d: d.year != 1604).map(lambda d: d.isoformat()) | st.dates().map(
    lambda d: f"--{d:%m-%d}"
)


@given(
    card=st.builds(
        Card,
        record_id=word,
        name=line,
        given=line.filter(lambda t: not is_patronymic(t.split()[-1])),
        family=text_value,
        patronymic=text_value,
        addresses=st.just(("ann@example.org", "anna@xn--e1afmkfd.test")),
        organisation=text_value,
        title=text_value,
        profession=text_value,
        city=text_value,
        country=text_value,
        time_zone=st.sampled_from(["", "Europe/Moscow", "UTC"]),
        language=st.sampled_from(["", "ru", "en-GB"]),
        form=st.sampled_from(["", "formal", "familiar"]),
        url=st.just("https://example.org/a;b,c"),
        dates=st.tuples(
            days.map(lambda d: NamedDate("birthday", d)),
            days.map(lambda d: NamedDate("wedding", d)),
            days.map(lambda d: NamedDate("work", d, "Work anniversary")),
            days.map(lambda d: NamedDate("other", d, "Name day; of sorts")),
        ),
        labels=st.just(("HR", "a;b")),
        deceased=st.booleans(),
    )
)
def test_what_is_written_is_read_back(card: Card) -> None:
    text = write_cards([card])
    assert all(len(part.encode()) <= 75 for part in text.split("\r\n"))
    assert read_cards(text.encode()) == ([card], [])


def test_vobject_reads_what_we_write() -> None:
    import vobject

    card = Card("u1", name="Анна; Образцова", given="Анна", family="Образцова", organisation="A, B\\C", city="Тверь")
    read = vobject.readOne(write_cards([card]))
    assert read.fn.value == "Анна; Образцова"
    assert read.n.value.family == "Образцова"
    assert read.org.value == ["A, B\\C"]
    assert read.adr.value.city == "Тверь"


def test_no_line_of_its_own_can_be_smuggled_in() -> None:
    text = write_cards([Card("u", name="Ann\r\nEMAIL:evil@example.net", organisation="x\nEND:VCARD")])
    assert text.count("\r\nEND:VCARD\r\n") == 1
    assert one(text).addresses == ()


@given(st.binary(max_size=400))
def test_no_bytes_crash_the_reader(data: bytes) -> None:
    read_cards(b"BEGIN:VCARD\r\n" + data + b"\r\nFN:x\r\nEND:VCARD\r\n")


SHARED = os.environ.get("KITH_SHARED")
if SHARED:
    FILES = sorted((Path(SHARED) / "corpus/vcard").rglob("*.vcf"))

    @pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
    def test_real_address_books(path: Path) -> None:
        data = path.read_bytes()
        cards, broken = read_cards(data)
        assert len(cards) == data.upper().count(b"BEGIN:VCARD") and not broken
        again, _ = read_cards(write_cards(cards).encode())
        assert again == cards
