"""People as tables: Google (both layouts), Outlook (English and Russian), LinkedIn's Connections.csv, or a plain
table with a name and an e-mail column.

The header line decides which it is; what stands before it (LinkedIn's notes, of varying length) is passed over.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from daemon.core.model import Broken, Card, NamedDate
from daemon.core.names import compose, is_patronymic, split_given
from daemon.formats.cards import (
    derived_id,
    distinct,
    is_day_first,
    named_date,
    names_somebody,
    slashed_date,
    tidy,
)
from daemon.formats.encodings import decode

HEADER_WITHIN = 60
"""The header line is looked for in so many lines from the top."""

LONGEST = 200
"""Lines one row may span (notes with line breaks); a quote open for longer is a mistake in that row."""

NO_HEADER = "No header of a known contacts table was found (Google, Outlook, LinkedIn, or name and e-mail columns)."


@dataclass(frozen=True, slots=True)
class Row:
    """One row by its column names, as `_plain` makes them."""

    cells: Mapping[str, str]
    day_first: bool

    def get(self, *names: str) -> str:
        """The first non-empty cell of these columns."""
        return next((v for n in names if (v := self.cells.get(n, ""))), "")

    def date(self, *names: str) -> str:
        """The first cell of these that holds a date, ISO or yearless; else ""."""
        return next((d for n in names if (d := slashed_date(self.cells.get(n, ""), self.day_first))), "")


def read_csv(data: bytes) -> tuple[str, list[Card], list[Broken]]:
    """(kind, people, unreadable rows); kind is ``google``, ``outlook``, ``linkedin`` or ``csv``, "" for no table.

    UTF-8, UTF-16 and Windows code pages are told apart; commas, semicolons and tabs as well. One bad row never
    stops the others.
    """
    lines = re.split(r"\r\n|\n|\r", decode(data))
    found = _find_header(lines)
    if found is None:
        return "", [], [Broken("file", NO_HEADER)]
    at, delimiter, header, kind = found
    rows: list[tuple[int, dict[str, str]]] = []
    broken: list[Broken] = []
    for number, cells in _rows(lines, at + 1, delimiter, len(header)):
        if cells is None:
            broken.append(Broken(f"line {number}", "Its quotes or columns do not fit the header."))
        elif any(c.strip() for c in cells):
            rows.append((number, {name: c.strip() for name, c in zip(header, cells, strict=False) if name}))
    dated = (*_BIRTHDAY, "anniversary", "годовщина", "connected on")
    dates = [v for _, r in rows for n, v in r.items() if n in dated or "day" in n or "anniversary" in n]
    day_first = is_day_first(dates)
    cards: list[Card] = []
    for number, cells_by_name in rows:
        card = tidy(_READERS[kind](Row(cells_by_name, day_first)))
        if names_somebody(card):
            cards.append(card)
            broken += _half_read(number, Row(cells_by_name, day_first), card)
        else:
            broken.append(Broken(f"line {number}", "It has neither a name nor an address."))
    return kind, distinct(cards), broken


# -- the table ---------------------------------------------------------------------------------------


def _find_header(lines: Sequence[str]) -> tuple[int, str, list[str], str] | None:
    for at, line in enumerate(lines[:HEADER_WITHIN]):
        for delimiter in (",", ";", "\t"):
            try:
                names = [_plain(cell) for cell in next(csv.reader([line], delimiter=delimiter))]
            except (csv.Error, StopIteration):
                continue
            if len(names) > 1 and (kind := _kind(frozenset(names))):
                return at, delimiter, names, kind
    return None


def _kind(names: frozenset[str]) -> str:
    if {"first name", "last name", "connected on"} <= names:
        return "linkedin"
    if "e-mail 1 - value" in names or {"given name", "family name"} <= names or {"file as", "labels"} <= names:
        return "google"
    if names & {"e-mail address", *_RU_MAIL} and names & {"first name", "last name", "имя", "фамилия", "company"}:
        return "outlook"
    if names & set(_NAME_COLUMNS) and names & set(_MAIL_COLUMNS):
        return "csv"
    return ""


def _rows(lines: Sequence[str], at: int, delimiter: str, width: int) -> Iterator[tuple[int, list[str] | None]]:
    """(line number from 1, cells), or None for a row with a quote left open: the next line begins a row anew."""
    while at < len(lines):
        taken, cells = 1, _cells(lines[at], delimiter)
        while cells is None and taken < LONGEST and at + taken < len(lines):
            taken += 1
            cells = _cells("\n".join(lines[at : at + taken]), delimiter)
        if cells is not None and taken > 1 and len(cells) != width:
            cells = None
        yield at + 1, cells
        at += taken if cells is not None else 1


def _cells(text: str, delimiter: str) -> list[str] | None:
    if len(text) > 100_000:  # near the csv module's own limit for one field
        return None
    try:
        rows = list(csv.reader([f"{line}\n" for line in text.split("\n")], delimiter=delimiter, strict=True))
    except csv.Error:
        return None
    return rows[0] if rows else []


def _plain(header: str) -> str:
    """A column's name without quotes, case, doubled spaces and the marks that versions of a program differ in."""
    return " ".join(header.strip("\ufeff\"' ").replace("ё", "е").replace("_", " ").casefold().split())


def _half_read(number: int, row: Row, card: Card) -> Iterator[Broken]:
    """What of a row the person was taken without."""
    if not card.addresses and (said := row.get(*_MAIL_COLUMNS, "e-mail 1 - value")):
        yield Broken(f"line {number}", f"“{said[:80]}” is no mail address; the person is taken without it.")
    if (
        (said := row.get(*_BIRTHDAY)) and not row.date(*_BIRTHDAY) and re.search("[1-9]", said)
    ):  # (Outlook's 0/0/00 is none)
        yield Broken(f"line {number}", f"Its birthday “{said[:40]}” is no date; the person is taken without it.")


# -- the layouts -------------------------------------------------------------------------------------


def _person(row: Row, first: str, middle: str, last: str, **fields: object) -> Card:
    given, patronymic = split_given(first)
    if is_patronymic(middle):
        patronymic = middle
    name = compose(given, middle or patronymic, last)
    return replace(Card("", name=name, given=given, patronymic=patronymic, family=last), **fields)  # type: ignore[arg-type]


def _google(row: Row) -> Card:
    numbered = _numbered(row)
    dates = [NamedDate("birthday", when)] if (when := row.date("birthday")) else []
    dates += [
        named_date(when, row.get(f"event {n} - label", f"event {n} - type").lstrip("* "))
        for n in numbered
        if (when := row.date(f"event {n} - value"))
    ]
    labels = _many(row.get("labels", "group membership"))
    card = _person(
        row,
        row.get("first name", "given name"),
        row.get("middle name", "additional name"),
        row.get("last name", "family name"),
        addresses=tuple(a for n in numbered for a in _many(row.get(f"e-mail {n} - value"))),
        organisation=row.get("organization name", "organization 1 - name"),
        title=row.get("organization title", "organization 1 - title"),
        profession=row.get("occupation"),
        city=row.get(*(f"address {n} - city" for n in numbered)),
        country=row.get(*(f"address {n} - country" for n in numbered)),
        language=_tag(row.get("language")),
        url=next(iter(_many(row.get(*(f"website {n} - value" for n in numbered)))), ""),
        dates=tuple(dates),
        labels=tuple(x.lstrip("* ") for x in labels if x.lstrip("* ").casefold() not in ("mycontacts", "starred")),
    )
    return replace(card, name=row.get("name") or card.name or row.get("file as"))


def _numbered(row: Row) -> list[str]:
    return sorted({m[1] for c in row.cells if (m := re.match(r"[a-z-]+ (\d+) - ", c))}, key=int)


def _many(text: str) -> list[str]:
    return [part.strip() for part in text.split(":::") if part.strip()]


# A table of one's own, with Outlook's names for mail, is read as Outlook's: so it may use these names as well.
_BIRTHDAY = ("birthday", "birth date", "date of birth", "день рождения", "дата рождения", "др")
_CITY = ("city", "город")
_COUNTRY = ("country", "страна")
_LABELS = ("categories", "labels", "tags", "groups", "категории", "метки", "группы", "группа")
_RU_MAIL = ("адрес эл. почты", "адрес электронной почты", "электронная почта", "эл. почта")


def _outlook(row: Row) -> Card:
    dates = [NamedDate("birthday", when)] if (when := row.date(*_BIRTHDAY)) else []
    if when := row.date("anniversary", "годовщина"):
        dates.append(NamedDate("wedding", when))
    mail = [row.get("e-mail address", *_RU_MAIL)]
    mail += [row.get(f"e-mail {n} address", f"адрес {n} эл. почты", f"адрес электронной почты {n}") for n in (2, 3)]
    return _person(
        row,
        row.get("first name", "имя"),
        row.get("middle name", "отчество"),
        row.get("last name", "фамилия"),
        addresses=tuple(mail),
        organisation=row.get("company", "организация", "компания"),
        title=row.get("job title", "должность"),
        profession=row.get("profession", "профессия"),
        city=row.get(
            "business city",
            "home city",
            "other city",
            "город (раб. адрес)",
            "город (дом. адрес)",
            "рабочий город",
            *_CITY,
        ),
        country=row.get(
            "business country/region",
            "business country",
            "home country/region",
            "home country",
            "страна или регион (раб. адрес)",
            "страна (раб. адрес)",
            "страна или регион (дом. адрес)",
            "страна (дом. адрес)",
            *_COUNTRY,
        ),
        language=_tag(row.get("language", "язык")),
        url=row.get("web page", "веб-страница", "personal web page"),
        dates=tuple(dates),
        labels=tuple(x.strip() for x in re.split("[;,]", row.get(*_LABELS))),
    )


def _linkedin(row: Row) -> Card:
    first, last = row.get("first name"), row.get("last name")
    connected, url = row.date("connected on"), row.get("url")
    card = _person(
        row,
        first,
        "",
        last,
        addresses=(row.get("email address"),),
        organisation=row.get("company"),
        title=row.get("position"),
        url=url,
        dates=(NamedDate("other", connected, "connected on LinkedIn"),) if connected else (),
    )
    # Addresses come and go with the other side's settings: the profile or the day of connecting stays.
    return replace(card, record_id=derived_id("linkedin", url or f"{first} {last}", "" if url else connected))


_NAME_COLUMNS = ("name", "full name", "имя", "фио", "contact", "first name")
_MAIL_COLUMNS = ("email", "e-mail", "mail", "email address", "e-mail address", "почта", *_RU_MAIL)


def _generic(row: Row) -> Card:
    first, last = row.get("first name"), row.get("last name", "surname", "фамилия")
    name = "" if first else row.get("full name", "name", "фио", "contact") or ("" if last else row.get("имя"))
    return replace(
        _person(
            row,
            first or ("" if name else row.get("имя")),
            row.get("middle name", "отчество"),
            last,
            addresses=tuple(re.split(r"[\s,;]+", row.get(*_MAIL_COLUMNS))),
            organisation=row.get("organisation", "organization", "company", "компания", "организация"),
            title=row.get("title", "job title", "position", "должность"),
            profession=row.get("profession", "профессия"),
            city=row.get(*_CITY),
            country=row.get(*_COUNTRY),
            language=_tag(row.get("language", "язык")),
            dates=(NamedDate("birthday", when),) if (when := row.date(*_BIRTHDAY)) else (),
            labels=tuple(re.split("[;,]", row.get(*_LABELS))),
        ),
        **({"name": name} if name else {}),  # type: ignore[arg-type]
    )


_LANGUAGES = {"english": "en", "russian": "ru", "английский": "en", "русский": "ru", "german": "de", "french": "fr"}


def _tag(text: str) -> str:
    text = _LANGUAGES.get(text.casefold(), text)
    return text if re.match(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*\Z", text) else ""


_READERS: Mapping[str, Callable[[Row], Card]] = {
    "google": _google,
    "outlook": _outlook,
    "linkedin": _linkedin,
    "csv": _generic,
}
