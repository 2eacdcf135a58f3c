"""People in plain lines, in whatever encoding and shape somebody wrote them down."""

from __future__ import annotations

import pytest

from daemon.formats.plain_people import looks_plain, read_lines


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1251"])
def test_any_encoding_an_editor_saves_in(encoding: str) -> None:
    data = "# с конференции\nАнна Образцова <anna@example.org>\n\nПётр, petr@example.net\n".encode(encoding)
    assert looks_plain(data)
    cards, broken = read_lines(data)
    assert [(c.name, c.addresses) for c in cards] == [
        ("Анна Образцова", ("anna@example.org",)),
        ("Пётр", ("petr@example.net",)),
    ]
    assert not broken


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("Anna Example <anna@example.org>", "Anna Example"),
        ("- Anna Example: anna@example.org (Acme)", "Anna Example"),
        ("anna@example.org (Anna Example)", "Anna Example"),
        ("anna@example.org", ""),
        ("Anna;Example;anna@example.org;Acme", "Anna Example"),
        ("Anna,Example,anna@example.org,Acme", "Anna Example"),
        ("anna@example.org;Anna;Example", "Anna Example"),
        ('"Example, Anna",anna@example.org', "Example, Anna"),
        ("3) Anna Example\tanna@example.org\tAcme", "Anna Example"),
        ("Anna Example <anna@example.org>, <anna@example.net>", "Anna Example"),
    ],
)
def test_the_name_is_what_stands_before_the_address_or_else_after_it(line: str, name: str) -> None:
    (card,), _ = read_lines(line.encode())
    assert card.name == name
    assert card.addresses[0] == "anna@example.org"


def test_lines_nobody_can_be_thanked_by_are_told() -> None:
    cards, broken = read_lines(b"No Address\nnoreply@example.org\nanna@example.org\n")
    assert len(cards) == 1
    assert [b.item_id for b in broken] == ["line 1", "line 2"]
