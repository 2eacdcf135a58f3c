"""What the user gives and tells, on every backend: written, then sent, edited, deleted or taken back, and shown."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from sqlalchemy import delete

from daemon.core.reasons import RECOMMENDATION
from daemon.service import giving, marks, noting
from daemon.store import favours
from daemon.store.tables import errand
from tests.contract.samples import ANNA, BORIS, VERA
from tests.service.house import House

SPOKEN = ("en", "ru")
LINK = "https://example.org/gardens_(2)?a=1&b={{2}}"


def letters(house: House) -> dict[tuple[str, str], str]:
    """(address, purpose) -> text, of all that lies in Drafts."""
    with_ids = {r.message_id: r for r in house.ledger(kind="draft")}
    found = {}
    for raw in next(iter(house.rigs.values())).drafts():
        message = message_from_bytes(raw, policy=policy.default)
        assert isinstance(message, EmailMessage)
        assert not message["Cc"] and not message["Bcc"] and len(message["To"].addresses) == 1
        body = message.get_body(("plain", "html"))
        assert body is not None
        purpose = with_ids[str(message["Message-ID"]).strip()].purpose
        found[message["To"].addresses[0].addr_spec, purpose] = str(body.get_content())
    return found


def row(house: House, purpose: str, who: int) -> Any:
    (found,) = [r for r in house.ledger(kind="draft", purpose=purpose) if r.contact_id == who]
    return found


def test_what_is_given_and_told_lives_alike_on_every_backend(house: House) -> None:
    ann = house.person("Ann Example", ANNA, language="en", title="Head of Data")
    boris = house.person("Борис Титов", BORIS, language="ru")
    vera = house.person("Vera Sample", VERA, language="en")
    house.enable()
    folder = house.settings.updates
    assert folder is not None
    folder.mkdir()
    head = f"+++\nwritten = {house.clock.date()}\n+++\n"
    (folder / "2026-Q4.md").write_text(f"{head}The team has **moved** to the river and likes it.\n")
    (folder / "2026-Q4.ru.md").write_text(f"{head}Мы переехали к реке, и всем понравилось.\n")
    with house.store.write() as conn:
        now = house.clock
        giving.share(conn, house.settings, SPOKEN, LINK, [ANNA, VERA], {"en": "Chapter two."}, "", now)
        giving.introduce(conn, house.settings, SPOKEN, (ANNA, BORIS), {}, now)
        noting.note(conn, vera, RECOMMENDATION, "the lead's post", now.date(), now)
        marks.outcome(conn, house.settings, SPOKEN, vera, {"en": "I start in May."}, now)
    house.cycle()
    found = letters(house)
    assert set(found) == {
        (ANNA, "share"), (VERA, "share"), (ANNA, "introduce"), (BORIS, "introduce"), (ANNA, "update"),
        (BORIS, "update"), (VERA, "thanks"), (VERA, "outcome"),
    }  # fmt: skip
    assert LINK.replace("&", "&amp;") in found[ANNA, "share"] or LINK in found[ANNA, "share"]
    assert "Мы переехали" in found[BORIS, "update"] and "moved" in found[ANNA, "update"]
    assert "Head of Data" in found[BORIS, "introduce"] and ANNA not in found[BORIS, "introduce"]
    assert "I start in May" in found[VERA, "outcome"]

    box = next(iter(house.rigs.values()))
    box.user_sends_draft(row(house, "share", ann).message_id)
    box.user_edits_draft(row(house, "introduce", boris).message_id, "In my own words.")
    box.user_trashes_draft(row(house, "update", ann).message_id)
    house.cycle()
    assert row(house, "share", ann).state == "sent"
    assert row(house, "introduce", boris).state == "edited"
    assert row(house, "update", ann).state == "skipped"
    with house.store.write() as conn:  # all of it is taken back: the untouched goes, the user's own stays
        for purpose in ("share", "introduce"):
            while errands := favours.errands(conn, purpose):
                favours.cancel(conn, purpose, errands[0].id)
        marks.take_outcome_back(conn, next(r.id for r in favours.rows(conn, vera) if r.what.outcome_at))
    house.cycle()
    house.cycle()
    left = [(r.contact_id, r.purpose) for r in house.ledger(kind="draft") if r.state in ("written", "edited")]
    assert sorted(left) == sorted([(boris, "introduce"), (boris, "update"), (vera, "thanks")])
    assert any("In my own words." in text for text in bodies(house))
    before = house.facts()
    house.cycle()
    assert house.facts() == before


def bodies(house: House) -> list[str]:
    """The drafts as they are, decoded."""
    return [
        str(part.get_content())
        for raw in next(iter(house.rigs.values())).drafts()
        for part in message_from_bytes(raw, policy=policy.default).walk()
        if isinstance(part, EmailMessage) and part.get_content_maintype() == "text"
    ]


LIVES = {
    "": "written",
    "edit": "edited",
    "send": "sent",
    "trash": "skipped",
    "delete": "unknown",
    "over": "withdrawn",
    "edit,send": "sent",
    "edit,trash": "skipped",
    "edit,over": "edited",
    "edit,over,send": "sent",
    "edit,over,delete": "unknown",
    "over+edit": "edited",  # in one round: the user was faster
    "over+send": "sent",
    "send,over": "sent",
    "trash,over": "skipped",
    "over,again": "written",
    "over,again,edit,over": "edited",
}
"""What the user does to a letter, a round after each comma ("over": its reason passes), and what has become of it."""


@pytest.mark.no_doubles
def test_whatever_the_user_does_in_whatever_order_a_letter_has_its_fate(house: House) -> None:
    house.enable()
    box = next(iter(house.rigs.values()))
    who = {life: f"friend{n}@example.org" for n, life in enumerate(LIVES)}
    ids = {life: house.person(f"Friend {who[life][6]}", who[life], language="en") for life in LIVES}

    def ask(life: str) -> None:
        with house.store.write() as conn:
            giving.share(conn, house.settings, SPOKEN, LINK, [who[life]], {}, "", house.clock)

    def last(life: str) -> Any:
        return [r for r in house.ledger(purpose="share") if r.contact_id == ids[life]][-1]

    def act(life: str, what: str) -> None:
        message = last(life).message_id
        if what == "edit":
            box.user_edits_draft(message, f"My own words to {who[life]}.")
        elif what == "send":
            box.user_sends_draft(message)
        elif what == "trash":
            box.user_trashes_draft(message)
        elif what == "delete":
            box.user_deletes_draft(message)
        elif what == "again":
            ask(life)
        elif what == "over":
            with house.store.write() as conn:
                (mine,) = [e for e in favours.errands(conn, "share") if e.contact_id == ids[life]]
                conn.execute(delete(errand).where(errand.c.id == mine.id))

    for life in LIVES:
        ask(life)
    house.cycle()
    for step in range(4):
        for life in LIVES:
            steps = life.split(",")
            for what in steps[step].split("+") if step < len(steps) else ():
                act(life, what)
        house.cycle()
    assert {life: last(life).state for life in LIVES} == LIVES
    lying = {life for life, fate in LIVES.items() if fate in ("written", "edited")}
    assert len(box.drafts()) == len(lying)
    edited = {life for life, fate in LIVES.items() if fate == "edited"}
    assert sum("My own words to" in text for text in bodies(house)) >= len(edited)
