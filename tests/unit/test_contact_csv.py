"""Tables of people: four layouts, three delimiters, four encodings."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.core.model import Card, NamedDate
from daemon.formats.cards import slashed_date
from daemon.formats.contact_csv import read_csv

GOOGLE_NEW = """First Name,Middle Name,Last Name,Nickname,File As,Organization Name,Organization Title,Birthday,Notes,\
Labels,E-mail 1 - Label,E-mail 1 - Value,E-mail 2 - Label,E-mail 2 - Value,Address 1 - City,Address 1 - Country,\
Event 1 - Label,Event 1 - Value,Website 1 - Value
Анна,Сергеевна,Образцова,,,Пример,Директор,1985-04-15,"a note
of two lines",HR ::: * myContacts,* Work,Anna@example.org ::: a.o@example.org,,b@example.org,Москва,Россия,\
Work anniversary,2015-03-01,https://example.org
Bob,,Example,,,,,--02-29,,,,bob@example.net,,,,,,,
"""
GOOGLE_OLD = """Name,Given Name,Additional Name,Family Name,Birthday,Group Membership,E-mail 1 - Type,E-mail 1 - Value,\
Organization 1 - Name,Organization 1 - Title
Ann Example,Ann,,Example,,* myContacts ::: Mentors,* Home,ann@example.org,Example Ltd,CEO
"""
OUTLOOK = """Title,First Name,Middle Name,Last Name,Company,Job Title,Business City,Business Country/Region,\
E-mail Address,E-mail 2 Address,Birthday,Anniversary,Categories,Profession
Ms.,Ann,,Example,Example Ltd,CEO,London,UK,ann@example.org,a@example.net,3/15/1980,6/5/2010,HR;Friends,recruiter
,Bob,,Sample,,,,,bob@example.org,,0/0/00,,,
"""
OUTLOOK_RU = """Обращение;Имя;Отчество;Фамилия;Организация;Должность;Город (раб. адрес);\
Страна или регион (раб. адрес);Адрес эл. почты;Адрес 2 эл. почты;День рождения;Категории
;Анна;Сергеевна;Образцова;Пример;Директор;Москва;Россия;anna@example.org;;15.04.1985;Кадры
"""


def read(text: str, encoding: str = "utf-8") -> tuple[str, list[Card]]:
    kind, cards, broken = read_csv(text.encode(encoding))
    assert not broken
    return kind, cards


def test_google_new() -> None:
    kind, (anna, bob) = read(GOOGLE_NEW)
    assert kind == "google"
    assert (anna.name, anna.given, anna.patronymic, anna.family) == (
        "Анна Сергеевна Образцова",
        "Анна",
        "Сергеевна",
        "Образцова",
    )
    assert anna.addresses == ("anna@example.org", "a.o@example.org", "b@example.org")
    assert (anna.organisation, anna.title, anna.city, anna.country) == ("Пример", "Директор", "Москва", "Россия")
    assert anna.dates == (NamedDate("birthday", "1985-04-15"), NamedDate("work", "2015-03-01", "Work anniversary"))
    assert anna.labels == ("HR",)
    assert anna.url == "https://example.org"
    assert bob.dates == (NamedDate("birthday", "--02-29"),)


def test_google_old() -> None:
    kind, (ann,) = read(GOOGLE_OLD)
    assert (kind, ann.name, ann.addresses) == ("google", "Ann Example", ("ann@example.org",))
    assert (ann.organisation, ann.title, ann.labels) == ("Example Ltd", "CEO", ("Mentors",))


def test_outlook() -> None:
    kind, (ann, bob) = read(OUTLOOK)
    assert (kind, ann.name, ann.title) == ("outlook", "Ann Example", "CEO")
    assert ann.addresses == ("ann@example.org", "a@example.net")
    assert ann.dates == (NamedDate("birthday", "1980-03-15"), NamedDate("wedding", "2010-06-05"))
    assert (ann.labels, ann.profession, ann.country) == (("HR", "Friends"), "recruiter", "UK")
    assert bob.dates == ()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1251"])
def test_russian_outlook_in_every_encoding(encoding: str) -> None:
    kind, (anna,) = read(OUTLOOK_RU, encoding)
    assert (kind, anna.name, anna.patronymic) == ("outlook", "Анна Сергеевна Образцова", "Сергеевна")
    assert (anna.addresses, anna.organisation, anna.city) == (("anna@example.org",), "Пример", "Москва")
    assert (anna.dates, anna.labels) == ((NamedDate("birthday", "1985-04-15"),), ("Кадры",))


def test_one_date_of_a_file_says_how_the_others_are_meant() -> None:
    head = "First Name,Last Name,E-mail Address,Birthday\n"
    british = head + "Ann,Example,ann@example.org,03/04/1980\nBob,Sample,bob@example.org,25/12/1980\n"
    assert [c.dates[0].when for c in read(british)[1]] == ["1980-04-03", "1980-12-25"]


@pytest.mark.parametrize("notes", [0, 1, 3, 40])
def test_linkedin_with_a_preamble_of_any_length(notes: int) -> None:
    text = "Notes:\n" * bool(notes) + '"A, ""quoted"" remark"\n' * notes + "\n" * bool(notes)
    text += "First Name,Last Name,URL,Email Address,Company,Position,Connected On\n"
    text += 'Ann,"Example, PhD",https://www.linkedin.com/in/ann,,Example,"Head, People",25 Nov 2021\n'
    text += ",,,,,,09 Oct 2024\n"
    kind, (ann,), (broken,) = read_csv(text.encode())
    assert (kind, ann.given, ann.title, ann.addresses) == ("linkedin", "Ann", "Head, People", ())
    assert ann.dates == (NamedDate("other", "2021-11-25", "connected on LinkedIn"),)
    assert "neither" in broken.reason


def test_linkedin_records_stay_the_same_when_an_address_appears() -> None:
    head = "First Name,Last Name,Email Address,Company,Position,Connected On\n"
    _, (before,) = read(head + "Ann,Example,,One,,25 Nov 2021\n")
    _, (after,) = read(head + "Ann,Example,ann@example.org,Two,CEO,25 Nov 2021\n")
    assert before.record_id == after.record_id


def test_a_plain_table() -> None:
    kind, (ann, anna) = read("Name;Email;Company\nAnn Example;ann@example.org;X\nАнна Образцова;anna@example.org;Y\n")
    assert (kind, ann.given, anna.family) == ("csv", "Ann", "Образцова")


RUSSIAN = """Фамилия;Имя;Отчество;Должность;Эл. почта;Дата рождения;Город;Страна;Группы
Образцова;Марина;Сергеевна;Рекрутер;marina@example.org;29.02.1988;Москва;Россия;Рекрутеры
Сказкина;Анастасия;;;nastya@example.org;24.11;;;
Примеров;Николай;Иванович;;nikolai@example.org;12 декабря 1955;;;
Кривая;Дата;;;data@example.org;31.02.1990;;;
Кривая;Почта;;;pochta(at)example;;;;
"""


def test_a_russian_table_of_ones_own_and_what_of_it_is_not_understood() -> None:
    _, people, broken = read_csv(RUSSIAN.encode("cp1251"))
    first = people[0]
    assert (first.patronymic, first.city, first.country, first.labels) == (
        "Сергеевна",
        "Москва",
        "Россия",
        ("Рекрутеры",),
    )
    assert [[d.when for d in p.dates] for p in people] == [["1988-02-29"], ["--11-24"], ["1955-12-12"], [], []]
    assert [(b.item_id, b.reason.split(";")[0]) for b in broken] == [
        ("line 5", "Its birthday “31.02.1990” is no date"),
        ("line 6", "“pochta(at)example” is no mail address"),
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("24.11.", "--11-24"),
        ("05.12.96", "1996-12-05"),
        ("5.12.1996 г.", "1996-12-05"),
        ("29 февраля", "--02-29"),
        ("7 ноя. 1980", "1980-11-07"),
        ("1 мая", "--05-01"),
        ("12 чего-то", ""),
        ("1.2.3.4", ""),
        ("31.04", ""),
    ],
)
def test_dates_as_russians_write_them(text: str, found: str) -> None:
    assert slashed_date(text, day_first=False) == found


def test_an_open_quote_costs_one_row() -> None:
    text = 'Name,Email\n"Ann,ann@example.org\nBob,bob@example.org\nEve "x" Test,eve@example.org\n'
    _, cards, broken = read_csv(text.encode())
    assert [c.addresses[0] for c in cards] == ["bob@example.org", "eve@example.org"]
    assert [b.item_id for b in broken] == ["line 2"]


def test_no_table_is_said_to_be_none() -> None:
    kind, cards, broken = read_csv(b"just some text\nand more, with a comma\n")
    assert (kind, cards, len(broken)) == ("", [], 1)


@given(st.text(max_size=300), st.sampled_from(["utf-8", "utf-16"]))
def test_no_text_crashes_the_reader(text: str, encoding: str) -> None:
    for head in ("Name,Email\n", GOOGLE_NEW, OUTLOOK, ""):
        read_csv((head + text).encode(encoding, "replace"))


SHARED = os.environ.get("KITH_SHARED")
if SHARED:
    FILES = sorted((Path(SHARED) / "corpus/contacts").rglob("*.csv"))

    @pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
    def test_real_exports(path: Path) -> None:
        kind, cards, broken = read_csv(path.read_bytes())
        assert kind == "linkedin"
        assert len(cards) > 50 and len(broken) < 10
        assert all(c.name and c.dates for c in cards)
