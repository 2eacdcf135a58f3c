"""A real mail client takes part: mutt opens the draft, its user edits and postpones it, and we keep our hands off."""

from __future__ import annotations

from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.contract.rig import ME, Rig
from tests.contract.rig_imap import ImapRig
from tests.contract.rig_local import LocalRig
from tests.contract.samples import ANNA, NOW
from tests.service.house import House, letter, meeting
from tests.support.dovecot import PASSWORD
from tests.support.mutt import mutt

DAY = timedelta(days=1)
ADDS = "printf '%s\\n' 'И ещё одно: до встречи в Твери.' >>\"$1\""
ADDS_AND_FORGETS = "sed -i '/^Message-ID:/d' \"$1\"\n" + ADDS
SUBJECT = "Re: Встреча в Твери"


def settings(rig: Rig) -> str:
    """Where mutt finds this account's folders."""
    if isinstance(rig, LocalRig):
        return f'set folder = "{rig.maildir}"\nset spoolfile = "{rig.maildir}"\nset postponed = "=.Drafts"\n'
    assert isinstance(rig, ImapRig)
    url = f"imap://{rig.user}@127.0.0.1:{rig.server.port}"
    return (
        f'set folder = "{url}"\nset spoolfile = "{url}/INBOX"\nset postponed = "{url}/Drafts"\n'
        f'set imap_pass = "{PASSWORD}"\nset ssl_starttls = no\nset ssl_force_tls = no\nset imap_delim_chars = "/"\n'
    )


def house_with_a_draft(house: House) -> tuple[Rig, EmailMessage]:
    """Thanks for a meeting, in answer to the letter that arranged it."""
    rig = next(iter(house.rigs.values()))
    house.person("Анна Образцова", ANNA, language="ru")
    encoded = "=?utf-8?b?0JLRgdGC0YDQtdGH0LAg0LIg0KLQstC10YDQuA==?="
    rig.add_mail("INBOX", letter(7, NOW - 3 * DAY, ANNA, Subject=encoded))
    list(house.rigs.values())[-1].add_event(meeting("m1", NOW - DAY, ANNA, "SUMMARY:Встреча"))
    house.enable()
    house.cycle()
    (raw,) = rig.drafts()
    return rig, parsed(raw)


def parsed(raw: bytes) -> EmailMessage:
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def text(message: EmailMessage) -> str:
    part = message.get_body(("plain",))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n").strip()


def postponed_by_mutt(rig: Rig, folder: Path, edits: str) -> str:
    """mutt recalls the draft, its editor edits, the user postpones it again; what the editor was given."""
    with mutt(folder, settings(rig), me=ME, edits=edits) as (client, given):
        client.see("y:Send")
        client.press("P")
        client.end()
        return given.read_text("utf-8")


@pytest.mark.parametrize("edits", [ADDS, ADDS_AND_FORGETS], ids=["same-id", "no-id"])
def test_mutt_opens_edits_and_postpones_and_we_leave_it_alone(house: House, tmp_path: Path, edits: str) -> None:
    if not isinstance(next(iter(house.rigs.values())), (LocalRig, ImapRig)):
        return  # nothing a mail client could open
    rig, ours = house_with_a_draft(house)
    head, _, body = postponed_by_mutt(rig, tmp_path, edits).partition("\n\n")
    assert f"From: Петра Ильина <{ME}>" in head
    assert f"To: Анна Образцова <{ANNA}>" in head
    assert f"Subject: {SUBJECT}" in head
    assert "In-Reply-To: <7@example.com>" in head
    assert body.strip() == text(ours)
    assert "Анна" in body and "<p>" not in body

    (raw,) = rig.drafts()
    theirs = parsed(raw)
    assert text(theirs).endswith("И ещё одно: до встречи в Твери.")
    assert (theirs["Message-ID"] == ours["Message-ID"]) == (edits == ADDS)
    house.cycle()
    (row,) = house.ledger(kind="draft")
    assert (row.state, row.message_id) == ("edited", theirs["Message-ID"] or ours["Message-ID"])

    rig.add_mail("Sent", letter("later", house.clock, ME, ANNA))  # what would take an untouched one back
    house.cycle()
    house.cycle(after=9 * DAY)
    assert rig.drafts() == [raw]
    assert not rig.trashed()
    assert [r.state for r in house.ledger(kind="draft")] == ["edited"]


def test_a_look_while_mutt_has_the_draft_open_makes_no_second_one(house: House, tmp_path: Path) -> None:
    if not isinstance(next(iter(house.rigs.values())), (LocalRig, ImapRig)):
        return
    rig, _ = house_with_a_draft(house)
    with mutt(tmp_path, settings(rig), me=ME, edits=ADDS_AND_FORGETS) as (client, _):
        client.see("y:Send")
        assert not rig.drafts(), "mutt takes it out of the folder for the time"
        house.cycle()
        assert [r.state for r in house.ledger(kind="draft")] == ["unknown"]
        assert not rig.drafts()
        client.press("P")
        client.end()
    house.cycle()
    assert [r.state for r in house.ledger(kind="draft")] == ["edited"]
    assert len(rig.drafts()) == 1
