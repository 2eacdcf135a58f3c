"""What every reader of people has in common: record ids where a source gives none, dates, tidy fields."""

from __future__ import annotations

import re
from base64 import b32hexencode
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from hashlib import sha256

from daemon.core.address import normalise
from daemon.core.model import Card, NamedDate
from daemon.core.names import compose, split
from daemon.core.people import DERIVED
from daemon.core.plain import one_line

NO_YEAR = 1604
"""The year Apple writes where there is none (X-APPLE-OMIT-YEAR)."""

_ISO = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)(?:[T ].*)?\Z", re.IGNORECASE)
_YEARLESS = re.compile(r"--(\d\d)-?(\d\d)(?:[T ].*)?\Z", re.IGNORECASE)
_WORK = re.compile(
    r"\bwork|hired?\b|hiring|\bjoined|first day|employ|работ|трудоустр|наня[тл]|вы(?:ход|шел|шла) на", re.I
)
_COMPANY = re.compile(r"compan|business|founded|foundation|firm\b|компани|фирм|основан|бизнес|организаци", re.I)
_WEDDING = re.compile(r"anniversary|wedding|marri|годовщин|свадьб|юбилей", re.I)
_BIRTHDAY = re.compile(r"birthday\Z|день рождения\Z|др\Z", re.I)


def derived_id(*parts: str) -> str:
    """A record id out of what identifies a card that has none: the same parts give the same id."""
    text = "\n".join(" ".join(p.split()).casefold() for p in parts)
    return DERIVED + b32hexencode(sha256(text.encode("utf-8", "surrogatepass")).digest()[:15]).decode("ascii").lower()


def partial_date(text: str) -> str:
    """An ISO date or date and time (RFC 6350 4.3.1, basic or extended) as ``YYYY-MM-DD`` or ``--MM-DD``; else ""."""
    text = text.strip()
    if match := _ISO.match(text):
        return make_date(int(match[1]), int(match[2]), int(match[3]))
    if match := _YEARLESS.match(text):
        return make_date(None, int(match[1]), int(match[2]))
    return ""


def make_date(year: int | None, month: int, day: int) -> str:
    """``YYYY-MM-DD``, or ``--MM-DD`` where the year is None or Apple's 1604; "" for a day that does not exist."""
    try:
        found = date(year or NO_YEAR, month, day)  # 1604 is a leap year, so --02-29 exists
    except ValueError:
        return ""
    return found.isoformat() if year not in (None, NO_YEAR) else f"--{found:%m-%d}"


def named_date(when: str, label: str) -> NamedDate:
    """A date the user named: work and company anniversaries only where the label says so, else nothing is guessed."""
    label = one_line(label.removeprefix("_$!<").removesuffix(">!$_"), 80)
    if _BIRTHDAY.match(label):
        return NamedDate("birthday", when)
    if _COMPANY.search(label):
        return NamedDate("company", when, label)
    if _WORK.search(label):
        return NamedDate("work", when, label)
    if _WEDDING.search(label):
        return NamedDate("wedding", when)
    return NamedDate("other", when, label)


def tidy(card: Card) -> Card:
    """The card with every field one clean line, addresses normalised, lists without doubles, the name complete."""
    fields = {
        name: one_line(getattr(card, name))
        for name in "name given family patronymic organisation title profession city country".split()
    }
    if normalise(fields["name"]):  # some programs write the address where they know no name
        fields["name"] = ""
    if not fields["name"]:
        fields["name"] = compose(fields["given"], fields["patronymic"], fields["family"]) or fields["organisation"]
    elif not fields["given"] and not fields["family"] and fields["name"] != fields["organisation"]:
        parts = split(fields["name"])
        fields.update(given=parts.given, family=parts.family, patronymic=fields["patronymic"] or parts.patronymic)
    return replace(
        card,
        record_id=card.record_id.strip(),
        addresses=tuple(dict.fromkeys(a for a in map(normalise, card.addresses) if a)),
        labels=tuple(dict.fromkeys(label for label in (one_line(x, 80) for x in card.labels) if label)),
        dates=tuple(dict.fromkeys(card.dates)),
        url=one_line(card.url, 500),
        **fields,  # type: ignore[arg-type]
    )


def names_somebody(card: Card) -> bool:
    """Whether there is anything to know a person by."""
    return bool(card.name or card.addresses)


def distinct(cards: Iterable[Card]) -> list[Card]:
    """The cards of one file with a record id each of their own.

    Cards without one get it from name and first address. The same card twice stays one; different cards under one
    id (a corrupt export, or two people of one name) stay two.
    """
    seen: dict[str, list[Card]] = {}
    result: list[Card] = []
    for card in cards:
        record = card.record_id or derived_id(card.name, *card.addresses[:1])
        card = replace(card, record_id=record)
        same = seen.setdefault(record, [])
        if card in same:
            continue
        same.append(card)
        result.append(replace(card, record_id=f"{record}#{len(same)}") if len(same) > 1 else card)
    return result


def slashed_date(text: str, day_first: bool) -> str:
    """A date as people write it in tables: ``3/15/1980``, ``15.03.1980``, ``25 Nov 2021``, ``12 мая``; "" for none."""
    text = text.strip().split(",")[0].strip()
    if found := partial_date(text):
        return found
    if match := re.match(r"(\d{1,2})\.(\d{1,2})(?:\.(\d{4}|\d\d))?\.?(?=\s|г|\Z)", text):
        return make_date(_full_year(match[3]) if match[3] else None, int(match[2]), int(match[1]))
    if match := re.match(r"(\d{1,2})/(\d{1,2})/(\d{4}|\d\d)\b", text):
        first, second, year = int(match[1]), int(match[2]), _full_year(match[3])
        day, month = (first, second) if day_first else (second, first)
        return make_date(year, month, day)
    if match := re.match(r"(\d{1,2})[ -]([a-z]{3})[a-z]*[ -](\d{4})\b", text, re.I):
        return make_date(int(match[3]), _month(match[2]), int(match[1]))
    if match := re.match(r"(\d{1,2}) ([а-я]{3})[а-я]*\.?(?: (\d{4}))?(?=\s|\Z)", text, re.I):
        return make_date(int(match[3]) if match[3] else None, _month_ru(match[2]), int(match[1]))
    if match := re.match(r"([a-z]{3})[a-z]* (\d{1,2})(?:,? (\d{4}))?\b", text, re.I):
        return make_date(int(match[3]) if match[3] else None, _month(match[1]), int(match[2]))
    return ""


def is_day_first(texts: Sequence[str]) -> bool:
    """Whether dates like 3/4/1980 in one file put the day first: some other date there has to say so.

    Where none does, the month is first, as English Outlook writes it.
    """
    for text in texts:
        if match := re.match(r"\s*(\d{1,2})/(\d{1,2})/\d{2,4}\b", text):
            if int(match[1]) > 12:
                return True
            if int(match[2]) > 12:
                return False
    return False


def _full_year(text: str) -> int | None:
    year = int(text)
    if year == 0:
        return None
    return year if year > 99 else year + (1900 if year > 40 else 2000)


_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()


def _month(text: str) -> int:
    return _MONTHS.index(text.lower()) + 1 if text.lower() in _MONTHS else 0


_MONTHS_RU = "янв фев мар апр мая июн июл авг сен окт ноя дек".split()


def _month_ru(text: str) -> int:
    text = text.lower()
    return 5 if text == "май" else _MONTHS_RU.index(text) + 1 if text in _MONTHS_RU else 0
