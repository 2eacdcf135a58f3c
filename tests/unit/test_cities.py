"""One city by two names."""

from __future__ import annotations

import pytest

from daemon.core.cities import same_city
from daemon.core.own_news import home_in


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Kazan", "казань"),
        ("Yekaterinburg", "Екатеринбург"),
        ("Ekaterinburg", "Екатеринбург"),
        ("Nizhny Novgorod", "Нижний Новгород"),
        ("Khabarovsk", "Хабаровск"),
        ("Chelyabinsk", "Челябинск"),
        ("Yaroslavl'", "Ярославль"),
        ("Yoshkar-Ola", "Йошкар-Ола"),
        ("Moscow", "Москва"),
        ("St. Petersburg", "Санкт-Петербург"),
        ("München", "Munich"),
        ("ZÜRICH", "Zurich"),
        ("Tel Aviv", "Тель-Авив"),
    ],
)
def test_one_city(one: str, other: str) -> None:
    assert same_city(one, other) and same_city(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("York", "New York"),
        ("Viborg", "Vyborg"),
        ("Perm", "Пермское"),
        ("", ""),
        ("?", "!"),
        ("Vienna", "Venice"),
        ("Орёл", "Орск"),
    ],
)
def test_two_cities(one: str, other: str) -> None:
    assert not same_city(one, other)


@pytest.mark.parametrize(
    ("city", "home"),
    [
        ("г. Казань", "Казань"),
        ("Kazan, Russia", "Kazan"),
        ("Казань (Татарстан)", "Казань"),
        ("New Kazan", ""),
        ("", ""),
    ],
)
def test_the_name_is_found_among_what_stands_beside_it(city: str, home: str) -> None:
    assert home_in(city, ("Kazan",)) == home
