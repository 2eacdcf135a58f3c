"""Words of the user's and figures, as a sentence of a letter takes them up."""

from __future__ import annotations

import pytest

from daemon.core.plain import one_line
from daemon.core.wording import addressed, after_colon, at_event, continued, counted_years, listed


@pytest.mark.parametrize(
    ("number", "russian", "english"),
    [
        (1, "год", "a year"),
        (2, "два года", "two years"),
        (5, "пять лет", "five years"),
        (10, "десять лет", "ten years"),
        (11, "11 лет", "11 years"),
        (21, "21 год", "21 years"),
        (22, "22 года", "22 years"),
        (112, "112 лет", "112 years"),
    ],
)
def test_years_are_counted_as_one_writes_them(number: int, russian: str, english: str) -> None:
    assert counted_years(number, "ru") == russian
    assert counted_years(number, "en") == english
    assert counted_years(number, "de") == str(number)


@pytest.mark.parametrize(
    ("topics", "english"),
    [
        (("hiring",), "hiring"),
        (("the move to Berlin", "CalDAV", "PyCon 2026"), "the move to Berlin, CalDAV and PyCon 2026"),
        (("hiring", "Budget for 2027"), "“hiring” and “Budget for 2027”"),  # both or neither
        (("shall we move?",), "“shall we move?”"),
        (("hiring, firing",), "“hiring, firing”"),
        (("Ann's book.",), "“Ann's book”"),
        (("бюджет",), "“бюджет”"),  # in the user's own reminder; a letter leaves it out
        (("how one would find the time for all of it",), "“how one would find the time for all of it”"),
    ],
)
def test_english_quotes_only_topics_that_are_no_words_of_a_sentence(topics: tuple[str, ...], english: str) -> None:
    assert listed(topics, "en") == english


def test_russian_quotes_every_topic_for_none_is_declined() -> None:
    assert listed(("бюджет", "CalDAV"), "ru") == "«бюджет» и «CalDAV»"


def test_words_that_begin_with_a_preposition_go_on_from_the_noun() -> None:
    assert continued("to Oleg Sample", "en") == " to Oleg Sample"
    assert continued("the team lead's post", "en") == " (the team lead's post)"
    assert continued("с Олегом Примеровым", "ru") == " с Олегом Примеровым"
    assert continued("Олег Примеров", "ru") == " (Олег Примеров)"
    assert continued("to Oleg", "ru") == " (to Oleg)"


def test_the_name_of_an_event_is_never_declined() -> None:
    assert at_event("PyCon 2026", "ru") == "на PyCon 2026"
    assert at_event("Дни открытых дверей", "ru") == "на мероприятии «Дни открытых дверей»"
    assert at_event("PyCon 2026", "en") == "at PyCon 2026"


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("Ann\u202e\u2066\u200f\u061c Example\ufeff\u00ad", "Ann Example"),
        ("Ann" + "".join(chr(0xE0000 + ord(c)) for c in "and Bob"), "Ann"),  # tags: a sentence nobody sees
        ("An\u2063n\ufff9 Ex\u200bample", "Ann Example"),
        (
            "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
            "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        ),  # a joiner it needs
        ("👩\u200d💻", "👩\u200d💻"),
    ],
)
def test_nothing_invisible_stays_in_a_name(written: str, shown: str) -> None:
    assert one_line(written) == shown


@pytest.mark.parametrize("name", ["Иванов", "Петрова", "Достоевский", "Шевченко", "Киселёв", "Ковальчук"])
def test_nobody_is_called_by_a_bare_family_name(name: str) -> None:
    assert addressed(name, "", "", familiar=False, language="ru") == ""
    assert addressed("Smith", "", "", familiar=False, language="en", family="Smith") == ""


@pytest.mark.parametrize("name", ["Ева", "Лев", "Марина", "Юлия", "Ярослав", "Бронислава", "Вера"])
def test_a_single_given_name_is_one(name: str) -> None:
    assert addressed(name, "", "", familiar=False, language="ru") == name


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("your talk at PyCon", "your talk at PyCon"),
        ("You won the prize!", "you won the prize"),
        ("You’ve won the prize.", "you’ve won the prize"),
        ("The book is out...", "the book is out"),
        ("Ваша книга вышла!", "ваша книга вышла"),
        ("Вы защитили диссертацию.", "вы защитили диссертацию"),
        ("Твоё выступление", "твоё выступление"),
        ("PyCon took your talk", "PyCon took your talk"),
        ("Anna’s prize", "Anna’s prize"),
        ("A", "a"),
        ("THE PRIZE", "THE PRIZE"),
        ("Выставка в Казани", "Выставка в Казани"),
        ("", ""),
    ],
)
def test_a_phrase_and_a_sentence_both_go_on_after_a_colon(words: str, said: str) -> None:
    assert after_colon(words) == said
