"""The address book as the user works with it: adding and changing people, saying how things stand.

Finding, importing, joining and forgetting have modules of their own; what other services call is named here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from daemon.config.settings import Settings
from daemon.core.address import normalise
from daemon.core.errors import UserMistake
from daemon.core.language import tag
from daemon.core.model import Card, NamedDate
from daemon.core.names import compose, fold, split
from daemon.core.people import FIELDS, HAND, SourceCard, is_shared_by_form
from daemon.core.policy import TIERS
from daemon.service import forgetting
from daemon.service.facts import rederive
from daemon.service.finding import find as find
from daemon.service.finding import name_of as name_of
from daemon.service.forgetting import finish_forgetting as finish_forgetting
from daemon.service.importing import confirm_gone as confirm_gone
from daemon.service.importing import known_records as known_records
from daemon.service.importing import sync_page as sync_page
from daemon.service.judging import Rules
from daemon.store import addresses, contacts, forgotten, sources
from daemon.store.contacts import FORGETTING, Contact
from daemon.store.forgotten import mark_of

PAUSED, DO_NOT_CONTACT, DECEASED = contacts.PAUSED, "do-not-contact", "deceased"


@dataclass(frozen=True, slots=True)
class Change:
    """What the user wants to be true of a contact. ``fields`` set to "" and dates set to "" are removed for good."""

    fields: Mapping[str, str] = field(default_factory=dict)
    addresses: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    dates: Mapping[str, str] = field(default_factory=dict)  # kind -> YYYY-MM-DD, --MM-DD or ""
    notes: str | None = None
    tier: str | None = None
    circles: tuple[str, ...] = ()
    not_circles: tuple[str, ...] = ()


# -- adding and changing -------------------------------------------------------------------------------


def add(conn: Connection, rules: Rules, name: str, change: Change, *, secret: bytes, shared: bool = False) -> int:
    """A new contact, by hand; its id. Somebody who was forgotten may be added again so.

    Raises:
        UserMistake: nothing to know them by, a text that is no address, or an address that is somebody else's
            already (``shared`` says that both use it).
    """
    given = _normalised(change.addresses)
    if not name.strip() and not given:
        raise UserMistake("Give a name or an address to know them by.")
    for address, state in addresses.states(conn, given).items():
        if not shared and not is_shared_by_form(address) and state.owner is not None:
            raise UserMistake(
                f"{address} is {name_of(conn, state.owner)}'s already: change that contact, or say --shared if both "
                "use it."
            )
    own = [a for a in given if not is_shared_by_form(a)] or given
    uid = f"mail:{own[0]}" if own else f"name:{fold(name)}"
    contact_id = contacts.create(conn, uid, rules.now)
    for address in given:
        forgotten.unmark(conn, mark_of(secret, address))
    edit(conn, rules, contact_id, replace(change, fields={**change.fields, "name": name.strip()}))
    return contact_id


def edit(conn: Connection, rules: Rules, contact_id: int, change: Change) -> None:
    """Set what the user says; it wins over every source from now on.

    Raises:
        UserMistake: an unknown field, tier or kind of date, or a text that is no address or date.
    """
    _check(change, rules.now)
    given, taken = _normalised(change.addresses), _normalised(change.without)
    before = sources.hand_card(conn, contact_id)
    uid = contacts.load(conn, [contact_id])[contact_id].uid
    card = before.card if before else Card(uid)
    says = set(before.says if before else ())
    fields = dict(change.fields)
    if fields.get("language"):
        fields["language"] = tag(fields["language"])
    says |= {name for name, value in fields.items() if not value}
    if fields.get("name") and not {"given", "family", "patronymic"} & fields.keys():
        parts = split(fields["name"])
        fields |= {"given": parts.given, "family": parts.family, "patronymic": parts.patronymic}
    elif not fields.get("name") and {"given", "family"} <= fields.keys() and not card.name:
        fields["name"] = compose(fields["given"], fields.get("patronymic", ""), fields["family"])
    dates = {(d.kind, d.label): d for d in card.dates if d.kind not in change.dates}
    dates |= {(kind, ""): NamedDate(kind, when) for kind, when in change.dates.items() if when}
    says = (says | {f"date:{kind}" for kind in change.dates}) - {n for n, v in fields.items() if v}
    card = replace(
        card,
        addresses=tuple(a for a in dict.fromkeys((*card.addresses, *given)) if a not in taken),
        dates=tuple(dates.values()),
        **fields,  # type: ignore[arg-type]
    )
    without = ((before.without if before else frozenset()) | set(taken)) - set(given)
    record = before.record_id if before else uid
    left = before.left if before else frozenset()
    hand = SourceCard(HAND, record, card, rules.now, says=frozenset(says), without=frozenset(without), left=left)
    sources.put(conn, contact_id, hand)
    touched = sources.recompute(conn, [contact_id], rules.now)
    _set_own(conn, contact_id, change, rules.now)
    if touched or change.tier is not None or change.circles or change.not_circles:
        rederive(conn, touched | {contact_id}, Rules(rules.policies, rules.now))  # fresh: caps and credits have changed


def _set_own(conn: Connection, contact_id: int, change: Change, now: datetime) -> None:
    if change.notes is not None:
        contacts.change(conn, contact_id, notes=change.notes)
    if change.tier is not None:
        contacts.change(conn, contact_id, tier=change.tier)
    if change.circles or change.not_circles:
        have = set(contacts.load(conn, [contact_id])[contact_id].circles)
        new = {c.strip().casefold() for c in change.circles}
        contacts.set_circles(conn, contact_id, (have | new) - {c.strip().casefold() for c in change.not_circles})
    if change.tier or change.circles:
        contacts.kept(conn, contact_id, now)


def _check(change: Change, now: datetime) -> None:
    unknown = sorted(set(change.fields) - set(FIELDS))
    if unknown:
        raise UserMistake(f"There is no field {unknown[0]}; there are: {', '.join(FIELDS)}.")
    if change.tier not in (None, "", *TIERS):
        raise UserMistake(f"“{change.tier}” is no tier; tiers are: {', '.join(TIERS)}.")
    for circle in (c.strip().casefold() for c in change.circles):
        if not circle:
            raise UserMistake("A circle has a name.")
        if circle in TIERS:
            raise UserMistake(f"“{circle}” is a tier, not a circle: --tier {circle}.")
    for kind, when in change.dates.items():
        if when and not _is_date(when):
            raise UserMistake(f"“{when}” is no date for {kind}: write 1985-04-15, or --04-15 without the year.")
        if kind == "birthday" and when > f"{now + timedelta(days=1):%Y-%m-%d}":  # (yearless sorts before any year)
            raise UserMistake(f"{when} is still to come: nobody is born then.")
    if (zone := change.fields.get("time_zone")) and not _is_zone(zone):
        raise UserMistake(f"“{zone}” is no time zone: write a name like Europe/Moscow.")
    if change.fields.get("form", "") not in ("", "formal", "familiar"):
        raise UserMistake("The form of address is formal or familiar.")
    if (language := change.fields.get("language")) and not tag(language):
        raise UserMistake(f"“{language}” is no language known here: write ru or en, or another by its two letters.")


def _is_date(when: str) -> bool:
    from daemon.formats.cards import partial_date

    return partial_date(when) == when


def _is_zone(name: str) -> bool:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _normalised(texts: Iterable[str]) -> list[str]:
    found = []
    for text in texts:
        address = normalise(text)
        if not address:
            raise UserMistake(f"“{text}” is no mail address.")
        found.append(address)
    return list(dict.fromkeys(found))


# -- how things stand ----------------------------------------------------------------------------------


def pause(conn: Connection, contact_id: int, until: datetime | None) -> None:
    """Nothing is wanted for them until then (UTC), or until `resume`.

    Raises:
        UserMistake: nothing is wanted for them at all; a pause would end that.
    """
    _refuse_if(conn, contact_id, DO_NOT_CONTACT, DECEASED)
    contacts.change(conn, contact_id, state=PAUSED, paused_until=until)


def do_not_contact(conn: Connection, contact_id: int) -> None:
    """Never write, never remind; what is logged goes on being logged.

    Raises:
        UserMistake: they are marked as deceased, which says more.
    """
    _refuse_if(conn, contact_id, DECEASED)
    contacts.change(conn, contact_id, state=DO_NOT_CONTACT, paused_until=None)


def _refuse_if(conn: Connection, contact_id: int, *stronger: str) -> None:
    one = contacts.load(conn, [contact_id])[contact_id]
    if one.state in stronger:
        raise UserMistake(
            f"{one.name} is marked {one.state}: nothing is made for them anyway. "
            "`kith contacts resume` takes that back, if it was a mistake."
        )


def deceased(conn: Connection, rules: Rules, contact_id: int, *, is_so: bool = True) -> None:
    """The person has died (or, by mistake said so, has not): the user's word over every source's."""
    before = sources.hand_card(conn, contact_id)
    uid = contacts.load(conn, [contact_id])[contact_id].uid
    base = before or SourceCard(HAND, uid, Card(uid), rules.now)
    card = replace(base.card, deceased=is_so)
    sources.put(conn, contact_id, replace(base, card=card, seen_at=rules.now, says=base.says | {"deceased"}))
    sources.recompute(conn, [contact_id], rules.now)
    contacts.change(conn, contact_id, paused_until=None)


def resume(conn: Connection, rules: Rules, contact_id: int) -> None:
    """Active again: after a pause, do-not-contact, or somebody wrongly taken for dead."""
    found = contacts.load(conn, [contact_id])[contact_id]
    if found.state == DECEASED:
        deceased(conn, rules, contact_id, is_so=False)
    contacts.change(conn, contact_id, state="", paused_until=None)


def forget(conn: Connection, contact_id: int, settings: Settings, now: datetime) -> bool:
    """Forget a contact: True if done at once, False if our remote items have to be withdrawn first.

    Raises:
        NeedsUser: the key secret cannot be read.
    """
    from daemon.service.secrets import key_secret

    accounts = [a.account.name for a in settings.accounts]
    return forgetting.forget(conn, contact_id, key_secret(settings.state), now, accounts)


# -- looking -------------------------------------------------------------------------------------------


def proposals(conn: Connection, ids: Collection[int]) -> dict[int, tuple[str, ...]]:
    """The labels their address books give these contacts: proposals for circles."""
    found = sources.of_contacts(conn, ids)
    return {i: tuple(dict.fromkeys(x for s in found.get(i, ()) if not s.gone for x in s.card.labels)) for i in ids}


def export(conn: Connection, ids: Collection[int] | None = None) -> list[Card]:
    """Contacts as cards, for a vCard file: what holds of them, with their circles among the labels."""
    cards = []
    labels = sources.of_contacts(conn, ids)
    for c in contacts.load(conn, ids).values():
        if c.state == FORGETTING:
            continue
        own = [x for s in labels.get(c.id, ()) if not s.gone for x in s.card.labels]
        cards.append(_card_of(c, tuple(dict.fromkeys([*c.circles, *own]))))
    return cards


def _card_of(c: Contact, labels: tuple[str, ...]) -> Card:
    record = c.uid.removeprefix("uid:")
    return Card(
        record_id=record,
        addresses=c.addresses,
        dates=tuple(d for d, _ in c.dates),
        labels=labels,
        deceased=c.state == DECEASED,
        **c.fields,
    )
