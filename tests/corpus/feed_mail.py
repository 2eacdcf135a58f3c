"""Mail through the product: a Maildir on disk, read by the local connector, committed by ingest."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from connectors.local import mail as local_mail
from daemon.core.address import match, without_tag
from daemon.core.errors import BrokenItem
from daemon.core.identity import mail_identity
from daemon.core.model import Interest, Mail
from daemon.formats.headers import parse_mail
from daemon.formats.lines import head
from daemon.formats.prefilter import Prefilter
from tests.corpus.files import Sample
from tests.corpus.installation import NOW, GivenUp, Installation, timed, told
from tests.corpus.report import Row, Tally

DELIVERED = NOW
"""The server's own date of every message: later than any date that can be believed."""
ASKED = "a"
"""A flag letter that stands for one of our keywords: such a message is parsed whoever wrote it."""


@dataclass(frozen=True, slots=True)
class Read:
    """One sample as the parser alone reads it; ``mail`` is None where it is broken."""

    sample: Sample
    mail: Mail | None
    reason: str = ""


def lay(folder: Path, messages: Sequence[Sample], flags: str = "") -> Path:
    """The messages as a Maildir, named by their place in the order."""
    for sub in ("cur", "new", "tmp"):
        (folder / sub).mkdir(parents=True)
    (folder / "dovecot-keywords").write_text("0 kith-reply\n")
    for number, sample in enumerate(messages):
        path = folder / "cur" / f"{number:06}.corpus:2,{flags}"
        path.write_bytes(sample.data)
        os.utime(path, (DELIVERED.timestamp(), DELIVERED.timestamp()))
    return folder


def feed(messages: Sequence[Sample], work: Path, template: Path) -> Tally:
    """All messages: knowing nobody; knowing every From; the same with each parsed and committed by itself, timed."""
    tally = Tally("mail", len(messages))
    read = [_parse(sample, tally) for sample in messages]
    me, people = _who(read)
    _knowing_nobody(messages, work, template, tally)
    plain = _everybody(lay(work / "all", messages), work / "s2", template, me, people, tally, messages)
    with patch.object(local_mail, "PAGE", 1):
        flagged = lay(work / "flagged", messages, ASKED)
        single = _everybody(flagged, work / "s3", template, me, people, tally, messages)
    for table in ("evidence", "participant", "interaction"):
        if _comparable(plain, table) != _comparable(single, table):
            tally.wrong.append(f"{table}: prefiltered pages and messages parsed one by one do not leave the same rows")
    _judge(read, single, frozenset(people), tally)
    _prefilter_misses_nothing(read, tally)
    plain.close()
    single.close()
    return tally


def _parse(sample: Sample, tally: Tally) -> Read:
    try:
        return Read(sample, parse_mail(sample.path, sample.data, received=DELIVERED))
    except BrokenItem as error:
        return Read(sample, None, str(error))
    except Exception as error:
        tally.crashed[sample.path] = told(error)
        return Read(sample, None, "")


def _who(read: Sequence[Read]) -> tuple[frozenset[str], Mapping[str, str]]:
    """The user's own addresses and the people: nobody can be both, so a sender somewhere is not the user."""
    people = {a: f"Person {n}" for n, a in enumerate(sorted({a for r in read if r.mail for a in r.mail.senders}))}
    return frozenset({a for r in read if r.mail for a in r.mail.to} - people.keys()), people


def _run(installation: Installation, cur: Path, messages: Sequence[Sample], tally: Tally) -> None:
    """Read to the end; a message that breaks the reading is taken away, and the reading goes on after it."""
    names = sorted(cur.iterdir())
    while True:
        try:
            report = installation.read()
        except (Exception, GivenUp) as error:
            at = len(installation.clock.spent)
            culprit = names[at] if local_mail.PAGE == 1 and at < len(names) else None
            path = messages[int(culprit.name[:6])].path if culprit else f"pages of {local_mail.PAGE}"
            tally.crashed[path] = told(error)
            if culprit is None:
                return
            culprit.unlink()
            names.remove(culprit)
            continue
        tally.wrong += report.errors
        return


def _knowing_nobody(messages: Sequence[Sample], work: Path, template: Path, tally: Tally) -> None:
    maildir = lay(work / "nobody", messages)
    installation = Installation(work / "s1", template, maildir=maildir)
    _run(installation, maildir / "cur", messages, tally)
    if left := installation.facts():
        tally.wrong.append(f"knowing nobody left rows: {left}")
    tally.notes.append(f"knowing nobody: {sum(installation.facts().values())} rows")
    installation.close()


def _everybody(
    maildir: Path,
    state: Path,
    template: Path,
    me: frozenset[str],
    people: Mapping[str, str],
    tally: Tally,
    messages: Sequence[Sample],
) -> Installation:
    installation = Installation(state, template, me or {"petra@example.org"}, maildir=maildir)
    installation.know(people)
    _run(installation, maildir / "cur", messages, tally)
    return installation


def _comparable(installation: Installation, table: str) -> list[str]:
    if table == "participant":
        names = {r.id: r.identity for r in installation.rows("evidence")}
        return sorted(f"{names[r.evidence_id]} {r.address} {r.role}" for r in installation.rows(table))
    return sorted(repr({k: v for k, v in r._mapping.items() if k != "id"}) for r in installation.rows(table))


def _judge(read: Sequence[Read], installation: Installation, people: frozenset[str], tally: Tally) -> None:
    """One row of the table a message; every message with a sender must have been observed."""
    observed = {r.identity: r for r in installation.rows("evidence")}
    rules = {(r.identity, r.address): r for r in _verdicts(installation)}
    in_quarantine = {int(r.item_id[:6]): r.reason for r in installation.rows("quarantine")}
    for number, seconds in enumerate(installation.clock.spent):
        if len(installation.clock.spent) == len(read):
            tally.seconds[read[number].sample.path] = seconds
    nobody = counted = 0
    wanted = set()
    for number, r in enumerate(read):
        path = r.sample.path
        reason = in_quarantine.get(number, "")
        if reason:
            tally.quarantine(path, reason)
        elif r.mail is None and path not in tally.crashed:
            tally.wrong.append(f"{path} is broken ({r.reason}) and was not quarantined")
        if r.mail is None:
            tally.rows.append(Row("mail", path, quarantined=reason))
            continue
        identity = mail_identity(r.mail)
        verdict = next((v for a in r.mail.senders if (v := rules.get((identity, a)))), None)
        nobody += not r.mail.senders
        # Without a sender it may still be addressed to somebody who is the sender of another message.
        named = any(match(a, people) for a in (*r.mail.senders, *r.mail.to, *r.mail.cc))
        if named and not reason:
            wanted.add(identity)
            if identity not in observed:
                tally.wrong.append(f"{path} was not observed")
        counted += bool(verdict and verdict.counted)
        tally.rows.append(
            Row(
                "mail",
                path,
                r.mail.message_id or identity,
                ", ".join(r.mail.senders),
                ", ".join(r.mail.to),
                r.mail.date.isoformat() if r.mail.date else "",
                ("counted" if verdict.counted else "not counted") if verdict else "",
                verdict.rule if verdict else "shared-address" if r.mail.senders and not reason else "",
                reason,
            )
        )
    if extra := observed.keys() - wanted:
        tally.wrong.append(f"{len(extra)} observations belong to no message")
    known = [mail_identity(r.mail) for r in read if r.mail and r.mail.senders]
    tally.notes.append(
        f"knowing every From: {len(known)} messages with a sender, {len(set(known))} of them different, as many "
        f"observed; {counted} count; {nobody} name no sender, {len(observed.keys() - set(known))} of these observed "
        "for a known recipient"
    )


def _verdicts(installation: Installation) -> list[_Verdict]:
    owners: dict[int, list[str]] = {}
    for row in installation.rows("address"):
        owners.setdefault(row.contact_id, []).append(row.address)
    return [
        _Verdict(r.identity, address, r.counted, r.rule)
        for r in installation.rows("interaction")
        for address in owners.get(r.contact_id, ())
    ]


@dataclass(frozen=True, slots=True)
class _Verdict:
    identity: str
    address: str
    counted: bool
    rule: str


def _prefilter_misses_nothing(read: Sequence[Read], tally: Tally) -> None:
    """Every address the parser finds, each alone known, with and without its tag, passes the prefilter."""
    checked = missing = 0
    for r in read:
        if r.mail is None:
            continue
        raw = head(r.sample.data)

        def look(raw: bytes = raw, r: Read = r) -> list[str]:
            assert r.mail is not None
            found = {*r.mail.senders, *r.mail.to, *r.mail.cc, *r.mail.bounced}
            known = {k for address in found for k in (address, without_tag(address))}
            return [k for k in known if not Prefilter(Interest(frozenset({k}), frozenset())).maybe(raw)]

        missed, _ = timed(look)
        checked += len({*r.mail.senders, *r.mail.to, *r.mail.cc, *r.mail.bounced})
        missing += len(missed)
        tally.wrong += [f"{r.sample.path}: the prefilter passes over {address}" for address in missed]
    tally.notes.append(f"prefilter: {checked} addresses in From, To and Cc, each alone known: {missing} missed")
