"""A person's yearly days and what they belong to, out of their rows: the facts `core.occasions` reads."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypedDict

from sqlalchemy import Connection, select

from daemon.core.address import domain_of
from daemon.core.model import NamedDate
from daemon.core.organisations import fold_organisation
from daemon.core.reasons import COMPANY, WORK, Yearly
from daemon.store.reasons import Company
from daemon.store.tables import contact_date

SOURCE_OF_COMPANIES = "your record of the company"


class YearlyDays(TypedDict):
    """The fields of `core.wants.Person` that come back every year."""

    birthday: str
    birthday_source: str
    yearly: tuple[Yearly, ...]


def days(conn: Connection, within: Any) -> Mapping[int, Sequence[tuple[NamedDate, str]]]:
    """contact -> their dates with the source of each."""
    found: dict[int, list[tuple[NamedDate, str]]] = defaultdict(list)
    for row in conn.execute(select(contact_date).where(within(contact_date.c.contact_id)).order_by(contact_date.c.id)):
        named = row._mapping
        found[row.contact_id].append((NamedDate(named["kind"], named["when"], named["label"]), named["source"]))
    return found


def yearly(dates: Sequence[tuple[NamedDate, str]], company: Company | None) -> YearlyDays:
    """Birthday, work and company days. A company's own record goes before what a card says of its founding.

    Other dates (an ANNIVERSARY of a vCard is a wedding) are no reason to write by themselves.
    """
    of_kind = {d.kind: (d.when, source) for d, source in reversed(dates)}
    birthday, source = of_kind.get("birthday", ("", ""))
    found = [Yearly(WORK, *of_kind[WORK])] if WORK in of_kind else []
    if company is not None and company.founded:
        found.append(Yearly(COMPANY, company.founded, SOURCE_OF_COMPANIES, company.name))
    elif COMPANY in of_kind:
        found.append(Yearly(COMPANY, *of_kind[COMPANY]))
    return YearlyDays(birthday=birthday, birthday_source=source, yearly=tuple(found))


def belongs(organisation: str, addresses: Iterable[str]) -> frozenset[str]:
    """By what colleagues are known: the organisation, folded, and the domains of the addresses."""
    return frozenset({fold_organisation(organisation), *map(domain_of, addresses)} - {""})
