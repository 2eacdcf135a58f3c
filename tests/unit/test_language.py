"""Which language a letter is written in: known, or shown by past mail, or not guessed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.core.language import choose_language, of_subject, of_text, said_in, tag


@pytest.mark.parametrize(
    ("written", "base"),
    [("ru-RU", "ru"), ("EN", "en"), ("Russian", "ru"), ("русский", "ru"), ("pt_BR", "pt"), ("", ""), ("по-русски", "")],
)
def test_a_language_is_known_by_its_tag_or_its_name(written: str, base: str) -> None:
    assert tag(written) == base


@pytest.mark.parametrize(
    ("subject", "language"),
    [
        ("Re: Встреча в четверг", "ru"),
        ("Отчёт", "ru"),
        ("Fwd: Notes from the meeting", "en"),
        ("Treffen am Montag", ""),
        ("Réunion de jeudi", ""),
        ("Зустріч у п'ятницю", ""),  # Ukrainian
        ("Среща утре", ""),  # Bulgarian
        ("Invoice 2026-11", ""),
        ("Re: RE:", ""),
        ("", ""),
    ],
)
def test_a_subject_speaks_only_where_it_is_sure(subject: str, language: str) -> None:
    assert of_subject(subject) == language


def test_the_contacts_own_language_decides_even_where_no_template_speaks_it() -> None:
    assert choose_language("de-AT", ["Встреча завтра"] * 5) == "de"


def test_past_subjects_decide_where_nothing_is_known() -> None:
    assert choose_language("", ["Вопрос про отчёт", "Invoice", "Спасибо за встречу"]) == "ru"


def test_a_language_header_weighs_two_subjects_and_a_mixed_one_nothing() -> None:
    assert choose_language("", ["Notes from the call"], ["ru"]) == "ru"
    assert choose_language("", [], ["ru, en"]) == ""


def test_an_even_past_guesses_nothing() -> None:
    assert choose_language("", ["Встреча завтра", "Meeting tomorrow"]) == ""


def test_a_text_in_another_latin_language_is_not_taken_for_english() -> None:
    assert of_text("Im Herbst habe ich ein neues Projekt begonnen und viel gelernt.") == ""
    assert of_text("This autumn I began a new project and it was a good time for all of us.") == "en"
    assert of_text("Этой осенью у меня новый проект, и работы много.") == "ru"


@given(st.text(max_size=200), st.lists(st.text(max_size=60), max_size=5), st.lists(st.text(max_size=20), max_size=3))
def test_whatever_stands_in_the_headers_the_answer_is_a_tag(own: str, subjects: list[str], headers: list[str]) -> None:
    found = choose_language(own, subjects, headers)
    assert found == "" or (found.isascii() and found == tag(found))


@pytest.mark.parametrize(
    ("text", "default", "found"),
    [
        ("Я перешла в «Акме».", "en", "ru"),
        ("Переходжу до «Їжака»", "en", ""),  # Ukrainian letters: nobody's to guess
        ("Переходжу до «Їжака»", "uk", "uk"),
        ("Moved to Acme.", "ru", ""),
        ("I have moved to Acme and lead the team.", "ru", "en"),
        ("Moved to Acme.", "en", "en"),
        ("Ich bin umgezogen", "de", "de"),
        ("12.10.2026", "ru", "ru"),
    ],
)
def test_the_users_own_words_are_in_no_language_their_letters_are_not_of(text: str, default: str, found: str) -> None:
    assert said_in(text, default) == found
