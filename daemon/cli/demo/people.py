"""Whom the sample person knows. Nobody here exists; the domains are reserved for examples (RFC 2606)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

ME = "Irina Primerova"
MY_ADDRESSES = ("irina@example.org", "irina.primerova@example.com")
MY_ORGANISATION = "example.com"
ZONE = "Europe/Berlin"


@dataclass(frozen=True, slots=True)
class SamplePerson:
    """One card of the address book, and what the sample person makes of it.

    ``birthday`` counts in days from today; the year is not said. Without circle and tier they are only known.
    """

    uid: str
    given: str
    family: str
    address: str
    patronymic: str = ""
    language: str = ""
    form: str = ""
    organisation: str = ""
    title: str = ""
    city: str = ""
    country: str = ""
    birthday: int | None = None
    labels: str = ""
    circle: str = ""
    tier: str = ""

    @property
    def name(self) -> str:
        """As the card shows it."""
        return f"{self.given} {self.family}"


PEOPLE = (
    SamplePerson(
        "marina", "Марина", "Образцова", "marina.obraztsova@example.net", "Олеговна", "ru", "formal",
        organisation="Кадры и люди", title="Рекрутер", city="Москва", labels="Найм", circle="recruiter",
    ),
    SamplePerson(
        "peter", "Peter", "Sample", "peter.sample@example.net",
        organisation="Sample Works", title="Head of HR", city="Berlin", country="Germany", circle="hr",
    ),
    SamplePerson(
        "nikolai", "Николай", "Примеров", "n.primerov@example.edu", "Иванович", "ru", "formal",
        title="Профессор", city="Белград", labels="Наставники", circle="mentor",
    ),
    SamplePerson(
        "helen", "Helen", "Example", "helen@example.edu", language="en", form="formal",
        organisation="Example University", title="Dean", city="Leeds", country="United Kingdom", circle="mentor",
    ),
    SamplePerson(
        "dmitri", "Дмитрий", "Выдумкин", "dmitri.vydumkin@example.com", language="ru", form="familiar",
        organisation="Primer", title="Инженер", circle="colleague",
    ),
    SamplePerson(
        "laura", "Laura", "Fiction", "laura.fiction@example.net", language="en", form="familiar",
        organisation="Fiction Labs", title="Founder", city="Dublin", country="Ireland", circle="partner",
    ),
    SamplePerson(
        "sam", "Sam", "Specimen", "sam@specimen.example", organisation="Specimen Research",
        title="Speaker at the calendar conference", labels="Conference", circle="expert",
    ),
    SamplePerson(
        "anastasia", "Анастасия", "Сказкина", "nastya@skazka.example", language="ru", form="familiar",
        city="Тбилиси", birthday=0, circle="friend",
    ),
    SamplePerson(
        "george", "George", "Template", "george@template.example", language="en", form="familiar",
        organisation="Template & Sons", birthday=1, circle="colleague",
    ),
    SamplePerson(
        "vera", "Вера", "Небылицына", "vera@example.net", "Павловна", "ru", "formal", birthday=-7, circle="expert",
    ),
    SamplePerson(
        "zhanna", "Жанна", "Черновикова", "zhanna@chernovik.example", language="ru", form="formal",
        title="Дизайнер", labels="Кандидаты", circle="candidate",
    ),
    SamplePerson(
        "tom", "Tom", "Madeup", "tom.madeup@example.net", organisation="Madeup Industries", circle="employer",
    ),
    SamplePerson(
        "sofia", "Софья", "Небывалова", "sofia@example.edu", language="ru", form="familiar", title="Студентка",
        circle="protege",
    ),
    SamplePerson(
        "alex", "Alex", "Invented", "alex@invented.example", language="en", form="familiar",
        organisation="Invented Ltd", circle="partner", tier="key",
    ),
    SamplePerson(
        "greta", "Greta", "Imaginary", "greta@imaginary.example", title="Editor", tier="supporting",
    ),
    SamplePerson("bob", "Bob", "Fictional", "bob@fictional.example", organisation="Fictional Freight"),
    SamplePerson("olga", "Ольга", "Мнимова", "olga@mnimova.example", language="ru", labels="Конференция"),
    SamplePerson("desk", "HR", "Sample Works", "hr@sampleworks.example", organisation="Sample Works"),
)  # fmt: skip

BY_UID = {person.uid: person for person in PEOPLE}


def card(person: SamplePerson, today: date) -> str:
    """The vCard (RFC 6350, version 3.0 as most address books write it)."""
    lines = [
        "BEGIN:VCARD",
        "VERSION:3.0",
        f"UID:demo-{person.uid}",
        f"FN:{person.name}",
        f"N:{person.family};{person.given};{person.patronymic};;",
        f"EMAIL;TYPE=INTERNET:{person.address}",
    ]
    if person.organisation:
        lines.append(f"ORG:{person.organisation}")
    if person.title:
        lines.append(f"TITLE:{person.title}")
    if person.city:
        lines.append(f"ADR;TYPE=WORK:;;;{person.city};;;{person.country}")
    if person.language:
        lines.append(f"LANG:{person.language}")
    if person.labels:
        lines.append(f"CATEGORIES:{person.labels}")
    if person.birthday is not None:
        born = today + timedelta(days=person.birthday)
        lines.append(f"BDAY;VALUE=date:--{born:%m-%d}")
    return "\r\n".join([*lines, "END:VCARD", ""])
