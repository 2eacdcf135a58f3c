"""Names are taken apart by their form alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.core.names import Name, compatible, fold, is_patronymic, mentions, script, split, split_given


@pytest.mark.parametrize(
    ("full", "expected"),
    [
        ("Анна Сергеевна Образцова", Name("Анна", "Образцова", "Сергеевна")),
        ("Образцова Анна Сергеевна", Name("Анна", "Образцова", "Сергеевна")),
        ("Роман Аркадьевич Абрамович", Name("Роман", "Абрамович", "Аркадьевич")),
        ("Абрамович Роман Аркадьевич", Name("Роман", "Абрамович", "Аркадьевич")),
        ("Пётр Ильич Примеров", Name("Пётр", "Примеров", "Ильич")),
        ("Нина Ильинична Примерова", Name("Нина", "Примерова", "Ильинична")),
        ("Sidorov Ivan Petrovich", Name("Ivan", "Sidorov", "Petrovich")),
        ("Анна Образцова", Name("Анна", "Образцова")),
        ("Анна Сергеевна", Name("Анна", "", "Сергеевна")),
        ("Роман Абрамович", Name("Роман", "", "")),  # surname or patronymic: nobody can tell
        ("Образцова, Анна Сергеевна", Name("Анна", "Образцова", "Сергеевна")),
        ("Example, Ann", Name("Ann", "Example")),
        ("Example, Ann B.", Name("Ann", "Example")),
        ("Ann Example, PhD", Name("Ann", "Example")),
        ("Dr. Ann Example Jr.", Name("Ann", "Example")),
        ("Ann (Annie) Example", Name("Ann", "Example")),
        ("Сидоров И. П.", Name("", "Сидоров")),
        ("И.П. Сидоров", Name("", "Сидоров")),
        ("Ann B. Example", Name("Ann", "Example")),
        ("Jan van der Voorbeeld", Name("Jan", "van der Voorbeeld")),
        ("Примеров Евгений", Name("Евгений", "Примеров")),
        ("Небывалова Анна", Name("Анна", "Небывалова")),
        ("Выдумская Анна", Name("Анна", "Выдумская")),
        ("Яков Примеров", Name("Яков", "Примеров")),
        ("Ева Ким", Name("Ева", "Ким")),
        ("Марина Ким", Name("Марина", "Ким")),
        ("Каролина Мартин", Name("Каролина", "Мартин")),
        ("Ильина Марина", Name("Марина", "Ильина")),
        ("Ильина Мария", Name()),  # by its form alone, either
        ("Аделина Ильина", Name("Аделина", "Ильина")),
        ("Алиев Рашид Гусейн оглы", Name("Рашид", "Алиев", "Гусейн оглы")),
        ("Рашид Гусейн оглы Алиев", Name("Рашид", "Алиев", "Гусейн оглы")),
        ("Лейла Гусейн кызы", Name("Лейла", "", "Гусейн кызы")),
        ("Ann", Name()),
        ("ann@example.org", Name()),
        ("", Name()),
        (",", Name()),
    ],
)
def test_split(full: str, expected: Name) -> None:
    assert split(full) == expected


@given(st.text(max_size=60))
def test_splitting_never_fails_and_invents_no_letters(text: str) -> None:
    parts = split(text)
    assert all(word in text for part in (parts.given, parts.family, parts.patronymic) for word in part.split())
    assert compatible(text, text)


def test_patronymics() -> None:
    assert all(is_patronymic(w) for w in ("Сергеевич", "Ильич", "Кузьминична", "Петровна", "Petrovna", "ИВАНОВИЧ"))
    assert not any(is_patronymic(w) for w in ("Иван", "ич", "Ann", "Rich", "Richter", ""))
    assert split_given("Анна Сергеевна") == ("Анна", "Сергеевна")
    assert split_given("Mary Ann") == ("Mary Ann", "")


def test_script() -> None:
    assert (script("Анна"), script("Ann"), script("Анна Example"), script("李雷"), script("42")) == (
        "cyrillic",
        "latin",
        "mixed",
        "other",
        "",
    )


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ("Ann Example", "Example, Ann", True),
        ("Ann Example", "A. Example", True),
        ("Ann Example", "Ann", True),
        ("Ann Example", "Анна Образцова", True),  # another script contradicts nothing
        ("Пётр Примеров", "Петр Примеров", True),
        ("Ann Example", "Bob Example", False),
        ("Ann Example", "Ann Sample", False),
        ("", "Bob", True),
        ("Person 1", "Person 12", False),
        ("Ann Example", "Annie Example", True),
    ],
)
def test_compatible(a: str, b: str, same: bool) -> None:
    assert compatible(a, b) is same
    assert compatible(b, a) is same


def test_fold() -> None:
    assert fold("Example, ANN") == fold("ann example")
    assert fold("Пётр") == fold("петр")


@pytest.mark.parametrize(
    ("text", "name", "does"),
    [
        ("Ann looks for a gardener.", "Ann Example", True),
        ("It is Ann’s garden.", "Ann Example", True),
        ("An annual meeting of Annabel.", "Ann Example", False),
        ("Анне нужен садовник.", "Анна Примерова", True),
        ("Расскажу о Примеровой.", "Анна Примерова", True),
        ("Аннотация готова.", "Анна Примерова", False),
        ("Хороший роман.", "Роман Примеров", False),
        ("Андреем доволен.", "Андрей Примеров", True),
        ("You both garden.", "Li Bo", False),
        ("", "Ann Example", False),
    ],
)
def test_a_text_that_speaks_of_somebody_is_known(text: str, name: str, does: bool) -> None:
    assert mentions(text, name) is does
