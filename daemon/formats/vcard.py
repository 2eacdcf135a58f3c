"""People as vCards: 2.1, 3.0 (RFC 2426) and 4.0 (RFC 6350), and Apple's and Microsoft's additions to them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from daemon.core.model import Broken, Card, NamedDate
from daemon.core.names import compose, is_patronymic, split_given
from daemon.formats.cards import distinct, named_date, names_somebody, partial_date, tidy
from daemon.formats.content_lines import Property, components, escape, fold, properties, split_value, unescape

_ANNIVERSARIES = ("ANNIVERSARY", "X-ANNIVERSARY", "X-MS-ANNIVERSARY", "X-EVOLUTION-ANNIVERSARY")
_WANTED = frozenset(
    """
    UID FN N EMAIL ORG TITLE ROLE ADR BDAY X-ABDATE X-ABLABEL CATEGORIES TZ LANG DEATHDATE URL KIND
    X-ADDRESSBOOKSERVER-KIND X-KITH-
    """.split()
) | frozenset(_ANNIVERSARIES)
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*\Z")
_LABELS = {"work": "Work anniversary", "company": "Company anniversary"}


def read_cards(data: bytes) -> tuple[list[Card], list[Broken]]:
    """All people in a vCard file, and what could not be read; one bad card never stops the others.

    Addresses come normalised. ``record_id`` is the card's UID, else made of name and first address. Groups, rooms
    and other cards that are no person are left out.
    """
    cards: list[Card] = []
    broken: list[Broken] = []
    for number, lines in enumerate(components(data), 1):
        try:
            props = list(properties(lines, _WANTED))
            if _is_person(props):
                card = tidy(_read(props))
                if names_somebody(card):
                    cards.append(card)
                else:
                    broken.append(Broken(card.record_id or f"card {number}", "It has neither a name nor an address."))
        except (ValueError, LookupError, RecursionError, OverflowError) as e:
            broken.append(Broken(f"card {number}", f"It cannot be read ({type(e).__name__})."))
    return distinct(cards), broken


def write_cards(cards: Iterable[Card]) -> str:
    """The people as vCard 3.0, which every address book reads; `read_cards` gets back what was written."""
    return "".join(_write(card) for card in cards)


def _is_person(props: Sequence[Property]) -> bool:
    kinds = (p.value.lower() for p in props if p.name in ("KIND", "X-ADDRESSBOOKSERVER-KIND"))
    return next(kinds, "") in ("", "individual", "org")


def _read(props: Sequence[Property]) -> Card:
    by_name: dict[str, list[Property]] = {}
    for p in props:
        by_name.setdefault(p.name, []).append(p)
    for name in ("EMAIL", "ORG", "TITLE", "ADR", "LANG", "URL"):
        by_name.get(name, []).sort(key=_preference)

    def text(name: str) -> str:
        return next((t for p in by_name.get(name, ()) if (t := unescape(p.value).strip())), "")

    family, given, patronymic = _name_parts(by_name.get("N", ()))
    organisation = next((o for p in by_name.get("ORG", ()) for o in split_value(p.value, ";") if o), "")
    city, country = _place(by_name.get("ADR", ()))
    language = text("LANG")
    deceased = bool(by_name.get("DEATHDATE")) or text("X-KITH-DECEASED") == "1"
    return Card(
        record_id=text("UID").removeprefix("urn:uuid:"),
        name=text("FN"),
        given=given,
        family=family,
        patronymic=text("X-KITH-PATRONYMIC") or patronymic,
        addresses=tuple(unescape(p.value).removeprefix("mailto:") for p in by_name.get("EMAIL", ())),
        organisation=organisation,
        title=text("TITLE"),
        profession=text("ROLE"),
        city=city,
        country=country,
        time_zone=_zone(text("TZ")),
        language=language if _LANGUAGE.match(language) else "",
        form=form if (form := text("X-KITH-FORM")) in ("formal", "familiar") else "",
        url=text("URL"),
        dates=tuple(_dates(by_name)),
        labels=tuple(_labels(by_name.get("CATEGORIES", ()))),
        deceased=deceased,
    )


def _preference(p: Property) -> int:
    """1 is the most preferred: PREF=n (4.0), TYPE=pref (3.0), a bare PREF (2.1)."""
    for value in p.params.get("PREF", ()):
        if value.isdigit():
            return int(value)
    return 1 if any(t.lower() == "pref" for t in p.params.get("TYPE", ())) else 101


def _name_parts(props: Sequence[Property]) -> tuple[str, str, str]:
    """(family, given, patronymic): an additional name is a patronymic only where it looks like one."""
    for p in props:
        parts = [*split_value(p.value, ";"), "", "", ""]
        family, (given, patronymic), additional = parts[0], split_given(parts[1]), parts[2]
        if is_patronymic(additional) and not patronymic:
            patronymic = additional
        if family or given:
            return family, given, patronymic
    return "", "", ""


def _place(props: Sequence[Property]) -> tuple[str, str]:
    """(city, country) of the first postal address that has either; work before home."""
    ranked = sorted(props, key=lambda p: "work" not in {t.lower() for t in p.params.get("TYPE", ())})
    for p in ranked:
        parts = [*split_value(p.value, ";"), *[""] * 7]
        if parts[3] or parts[6]:
            return parts[3], parts[6]
    return "", ""


def _dates(by_name: dict[str, list[Property]]) -> Iterable[NamedDate]:
    for p in by_name.get("BDAY", ()):
        if when := partial_date(p.value):
            yield NamedDate("birthday", when)
            break
    for name in _ANNIVERSARIES:
        for p in by_name.get(name, ()):
            if when := partial_date(p.value):
                yield NamedDate("wedding", when)
    labels = {p.group: unescape(p.value) for p in by_name.get("X-ABLABEL", ()) if p.group}
    for p in by_name.get("X-ABDATE", ()):
        if when := partial_date(p.value):
            yield named_date(when, labels.get(p.group, ""))


def _labels(props: Sequence[Property]) -> Iterable[str]:
    for p in props:
        for part in split_value(p.value, ","):
            yield from (label.strip() for label in part.split(", "))  # some escape the commas between labels


@lru_cache(maxsize=1024)
def _zone(text: str) -> str:
    """An IANA name as it is; an offset says too little to keep summer time by."""
    if "/" not in text and text != "UTC":
        return ""
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ""
    return text


def _write(card: Card) -> str:
    plain = is_patronymic(card.patronymic)
    lines = ["BEGIN:VCARD", "VERSION:3.0", f"UID:{escape(card.record_id)}"]
    lines.append(f"FN:{escape(card.name or compose(card.given, card.patronymic, card.family))}")
    names = (card.family, card.given, card.patronymic if plain else "", "", "")
    lines.append("N:" + ";".join(map(escape, names)))
    lines += [f"EMAIL;TYPE=INTERNET:{escape(a)}" for a in card.addresses]
    simple = [
        ("ORG", card.organisation),
        ("TITLE", card.title),
        ("ROLE", card.profession),
        ("TZ;VALUE=text", card.time_zone),
        ("LANG", card.language),
        ("URL", card.url),
        ("X-KITH-FORM", card.form),
        ("X-KITH-PATRONYMIC", "" if plain else card.patronymic),
        ("X-KITH-DECEASED", "1" if card.deceased else ""),
    ]
    lines += [f"{name}:{escape(value)}" for name, value in simple if value]
    if card.city or card.country:
        lines.append(f"ADR;TYPE=WORK:;;;{escape(card.city)};;;{escape(card.country)}")
    if card.labels:
        lines.append("CATEGORIES:" + ",".join(map(escape, card.labels)))
    for number, d in enumerate(card.dates, 1):
        if d.kind == "birthday":
            lines.append(f"BDAY:{d.when}")
        elif d.kind == "wedding":
            lines.append(f"X-ANNIVERSARY:{d.when}")
        else:
            lines.append(f"item{number}.X-ABDATE:{d.when}")
            lines.append(f"item{number}.X-ABLABEL:{escape(d.label or _LABELS.get(d.kind, ''))}")
    lines.append("END:VCARD")
    return "".join(map(fold, lines))
