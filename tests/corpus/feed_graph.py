"""Microsoft Graph's JSON through the product: messages, events and contacts read as the connector reads them.

A guest the user knows is put into each event and made the sender of each message that names nobody else, so that
everything is looked at to the end.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from connectors.microsoft import books, errors, events, letters, messages, moments
from connectors.microsoft.options import Settings
from daemon.core.address import normalise
from daemon.core.errors import BrokenItem
from daemon.core.model import Interest, Window
from tests.contract.rig import ME
from tests.corpus.feed_calendars import GUEST
from tests.corpus.files import Sample
from tests.corpus.installation import GivenUp, timed, told
from tests.corpus.report import Row, Tally

FOLDER = "api/graph-"
"""Folders of the kind ``api`` that hold Graph's."""

Json = dict[str, Any]
KNOWN = Interest(frozenset({GUEST}), frozenset({ME}))
ZONE = "Europe/Berlin"
SETTINGS = Settings("corpus", "")


def feed(files: Sequence[Sample], tally: Tally) -> None:
    """Every resource in every file."""
    files = [one for one in files if one.path.startswith(FOLDER)]
    tally.files += len(files)
    before = len(tally.rows)
    for sample in files:
        try:
            rows, spent = timed(partial(_read, sample, tally))
        except (Exception, GivenUp) as error:
            tally.crashed[sample.path] = told(error)
            continue
        tally.seconds[sample.path] = spent
        tally.rows += rows
    tally.notes.append(f"of Graph's: {len(tally.rows) - before} messages, events and contacts")


def _read(sample: Sample, tally: Tally) -> list[Row]:
    whole = json.loads(sample.data.decode())
    if isinstance(whole, dict):
        status = str(whole.get("_status", "")).split(" ")
        code = int(status[1]) if len(status) > 1 and status[1].isdigit() else 200
        body = whole.get("body")
        refused = isinstance(body, dict) and errors.of_answer(SETTINGS, code, {}, body, write=False)
        if (code >= 400) != bool(refused):
            tally.wrong.append(f"{sample.path}: a status of {code} is taken for {refused!r}")
    rows: list[Row] = []
    for number, one in enumerate(resources(whole)):
        try:
            rows += _row(sample, f"unnamed-{number}", one, tally)
        except BrokenItem as error:
            tally.quarantine(sample.path, f"{one.get('id') or f'unnamed-{number}'}: {error}")
    return rows


def resources(value: object) -> Iterator[Json]:
    """Every message, event and contact in an answer, however it is wrapped."""
    if isinstance(value, dict):
        if _is_event(value) or _is_contact(value) or _is_message(value):
            yield value
        else:
            for one in value.values():
                yield from resources(one)
    elif isinstance(value, list):
        for one in value:
            yield from resources(one)


def _is_event(one: Json) -> bool:
    return all(isinstance(one.get(name), dict) and "dateTime" in one[name] for name in ("start", "end")) and any(
        name in one for name in ("subject", "attendees", "organizer", "iCalUId")
    )


def _is_contact(one: Json) -> bool:
    return "givenName" in one or ("emailAddresses" in one and "displayName" in one)


def _is_message(one: Json) -> bool:
    return "toRecipients" in one or "internetMessageId" in one or ("sender" in one and "subject" in one)


def _row(sample: Sample, name: str, one: Json, tally: Tally) -> Iterator[Row]:
    one = {"id": name, **one}
    if _is_event(one):
        yield from _event(sample, one)
    elif _is_contact(one):
        card = books.card(one)
        yield Row("api", sample.path, card.record_id, card.addresses[0] if card.addresses else "", verdict="person")
    else:
        yield _message(sample, one, tally)


def _event(sample: Sample, event: Json) -> Iterator[Row]:
    invited = event.get("attendees")
    guests: list[Any] = invited if isinstance(invited, list) else []
    known: Mapping[str, Any] = {**event, "attendees": [*guests, {"emailAddress": {"address": GUEST}}]}
    start, _ = events.span(known, ZONE)
    item = events.read(known, KNOWN, Window(start - timedelta(days=1), start + timedelta(days=1)), ZONE)
    for meeting in item.meetings:
        assert moments.instant(moments.date_time(meeting.start, ZONE)) == meeting.start.replace(microsecond=0)
        verdict = "not counted" if meeting.cancelled or meeting.all_day else "counted"
        at: datetime = meeting.start
        yield Row("api", sample.path, item.uid, meeting.organiser, GUEST, at.isoformat(), verdict)


def _message(sample: Sample, message: Json, tally: Tally) -> Row:
    held = (
        message if isinstance(message.get("from"), dict) else {**message, "from": {"emailAddress": {"address": GUEST}}}
    )
    mail = messages.read(held)
    address = normalise(str(held["from"].get("emailAddress", {}).get("address", "")))
    if address and mail.senders != (address,):
        tally.wrong.append(f"{sample.path}: {mail.item_id} is from {mail.senders}")
    if address and not messages.concerns(held, Interest(frozenset({address}), KNOWN.me)):
        tally.wrong.append(f"{sample.path}: {mail.item_id} would be passed over")
    letters.digest(held)
    date = mail.date or mail.received
    return Row("api", sample.path, mail.message_id, ", ".join(mail.senders), ", ".join(mail.to), str(date or ""), "")
