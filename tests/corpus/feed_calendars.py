"""Calendars through the product: .ics files on disk, read by the local connector, committed by ingest.

Files are from thirty years and instances are kept of four: so files are read in groups, each with the clock set to
shortly after its events, and then again three years on, as the window has moved.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import patch

from connectors.local import files as local_files
from daemon.core.address import normalise
from daemon.core.identity import meeting_identity
from daemon.core.model import Interest
from daemon.formats import ics
from daemon.service.calendar_in import window
from tests.corpus.files import Sample
from tests.corpus.installation import ACCOUNT, NOW, GivenUp, Installation, told
from tests.corpus.report import Row, Tally

GUEST = "guest@example.org"
"""Somebody the user knows, put into every event: without, most of these calendars would concern nobody."""
LATER = timedelta(days=3 * 365)
ME = "petra@example.org"

_START = re.compile(rb"^DTSTART[^:\r\n]*:(\d{4})", re.MULTILINE | re.IGNORECASE)
_END = re.compile(rb"(\r\n|\n|\r)([ \t]*END:VEVENT)", re.IGNORECASE)
_MAILTO = re.compile(rb'(?i)mailto:([^\s"\r\n;,]+)')


def feed(calendars: Sequence[Sample], work: Path, template: Path) -> Tally:
    """All calendars: knowing nobody; knowing everybody named in them; with a guest in every event."""
    tally = Tally("ical", len(calendars))
    with patch.object(local_files, "PAGE", 1):
        _knowing(calendars, work / "nobody", template, tally, frozenset())
        named = frozenset(a for s in calendars for a in _named(s.data))
        _knowing(calendars, work / "named", template, tally, named)
        groups: dict[int, list[Sample]] = {}
        for sample in calendars:
            groups.setdefault(_year(sample.data), []).append(replace(sample, data=with_guest(sample.data)))
        for year, group in sorted(groups.items()):
            clock = min(NOW, datetime(year + 1, 6, 1, tzinfo=UTC))
            _with_guest(group, clock, work / str(year), template, tally)
    verdicts = Counter(r.rule for r in tally.rows if r.rule)
    tally.notes.append(f"with a guest in every event: {verdicts.total()} instances, {dict(verdicts.most_common())}")
    tally.rows.sort(key=lambda r: (r.path, r.date, r.identity))
    return tally


def with_guest(data: bytes) -> bytes:
    """The calendar with one known person in each event."""
    return _END.sub(rb"\1ATTENDEE:mailto:" + GUEST.encode() + rb"\1\2", data)


def lay(folder: Path, calendars: Sequence[Sample]) -> Path:
    """The files as one calendar, named by their place in the order."""
    folder.mkdir(parents=True)
    for number, sample in enumerate(calendars):
        (folder / f"{number:06}.ics").write_bytes(sample.data)
    return folder


def _named(data: bytes) -> set[str]:
    return {normalise(a.decode("utf-8", "replace")) for a in _MAILTO.findall(data)} - {""}


def _year(data: bytes) -> int:
    years = [int(y) for y in _START.findall(data)]
    return max((y for y in years if 1990 <= y <= NOW.year), default=NOW.year)


def _run(installation: Installation, folder: Path, calendars: Sequence[Sample], tally: Tally) -> None:
    """Read to the end; a file that breaks the reading is taken away, and the reading goes on after it."""
    names = sorted(folder.iterdir())
    while True:
        at = len(installation.clock.spent)
        try:
            report = installation.read()
        except (Exception, GivenUp) as error:
            at = len(installation.clock.spent)
            path = calendars[int(names[at].stem)].path if at < len(names) else "expansion anew"
            tally.crashed[path] = told(error)
            if at >= len(names):
                return
            names.pop(at).unlink()
            continue
        tally.wrong += report.errors
        for name, seconds in zip(names, installation.clock.spent, strict=False):
            path = calendars[int(name.stem)].path
            tally.seconds[path] = max(seconds, tally.seconds.get(path, 0.0))
        for r in installation.rows("quarantine"):
            tally.quarantine(calendars[int(r.item_id[:6])].path, r.reason)
        return


def _knowing(calendars: Sequence[Sample], work: Path, template: Path, tally: Tally, known: frozenset[str]) -> None:
    installation = Installation(work / "state", template, (ME,), calendars=lay(work / "calendar", calendars))
    if known:
        installation.know({a: f"Person {n}" for n, a in enumerate(sorted(known))})
    _run(installation, work / "calendar", calendars, tally)
    if not known and (left := installation.facts("quarantine")):
        tally.wrong.append(f"knowing nobody left rows: {left}")
    seen = len(installation.rows("evidence"))
    what = f"knowing the {len(known)} people named" if known else "knowing nobody"
    tally.notes.append(f"{what}: {seen} instances in the window of today")
    installation.close()


def _with_guest(group: Sequence[Sample], clock: datetime, work: Path, template: Path, tally: Tally) -> None:
    folder = lay(work / "calendar", group)
    installation = Installation(work / "state", template, (ME,), calendars=folder)
    installation.now = clock
    installation.know({GUEST: "Guest"})
    _run(installation, folder, group, tally)
    rules = {r.identity: r for r in installation.rows("interaction")}
    observed = {r.identity for r in installation.rows("evidence")}
    interest = Interest(frozenset({GUEST, *(a for s in group for a in _named(s.data))}), frozenset({ME}))
    for number, sample in enumerate(group):
        if not (folder / f"{number:06}.ics").exists():
            continue
        items, broken = ics.read_all(f"{number:06}.ics", sample.data, interest, window(clock))
        for item in items:
            if not item.meetings:
                tally.rows.append(Row("ical", sample.path, item.uid, rule="" if item.master else "no-event"))
            for m in item.meetings:
                identity = meeting_identity(m)
                if identity not in observed:
                    tally.wrong.append(f"{sample.path}: an instance of {m.start.isoformat()} was not observed")
                verdict = rules.get(identity)
                tally.rows.append(
                    Row(
                        "ical",
                        sample.path,
                        f"{m.uid} {m.original.isoformat()}",
                        m.organiser,
                        ", ".join(a.address for a in m.attendees if a.address != GUEST),
                        m.start.isoformat(),
                        ("counted" if verdict.counted else "not counted") if verdict else "",
                        verdict.rule if verdict else "",
                    )
                )
        for one in broken:
            uid = one.item_id.partition("#")[2]
            tally.rows.append(Row("ical", sample.path, uid, quarantined=one.reason))
    installation.now = min(NOW, clock + LATER)
    try:
        tally.wrong += installation.read().errors
    except (Exception, GivenUp) as error:
        tally.crashed[f"the calendars of {clock.year - 1}, {ACCOUNT} read three years on"] = told(error)
    installation.close()
