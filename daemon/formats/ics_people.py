"""Who takes part in an event, reduced to known people and a count (RFC 5545 3.8.4.1, 3.8.4.3)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import unquote

from daemon.core.address import match, normalise
from daemon.core.model import Answer, Attendee, Interest
from daemon.formats.ics_parts import properties

ANSWERS = {
    "ACCEPTED": Answer.ACCEPTED,
    "DECLINED": Answer.DECLINED,
    "TENTATIVE": Answer.TENTATIVE,
    "DELEGATED": Answer.DECLINED,  # somebody else comes in their place
}
_STRENGTH = {Answer.ACCEPTED: 3, Answer.TENTATIVE: 2, Answer.DECLINED: 1, Answer.NONE: 0}
_PARTSTAT = {Answer.ACCEPTED: "ACCEPTED", Answer.DECLINED: "DECLINED", Answer.TENTATIVE: "TENTATIVE"}


@dataclass(frozen=True, slots=True)
class People:
    """The people of one VEVENT. ``others`` counts all but the user; strangers are in the count only."""

    organiser: str = ""  # a known address, or the user's own
    attendees: tuple[Attendee, ...] = ()
    others: int = 0
    answer: Answer = Answer.NONE
    anybody: bool = False  # somebody known takes part; the user alone is nobody


def people_of(lines: tuple[str, ...], interest: Interest) -> People:
    """The people in a VEVENT's lines.

    Rooms and resources are no people (CUTYPE); a group counts as one. An event the user organises they accepted,
    unless they say otherwise.
    """
    found = properties(tuple(line for line in lines if line[:1] in "AaOoXx"))
    others: set[str] = set()
    known: dict[str, Answer] = {}
    mine: list[Answer] = []
    for params, value in found.get("ATTENDEE", ()):
        if params.get("CUTYPE", "").upper() in ("ROOM", "RESOURCE"):
            continue
        answer = ANSWERS.get(params.get("PARTSTAT", "").upper(), Answer.NONE)
        address = address_of(params, value)
        if match(address, interest.me):
            mine.append(answer)
            continue
        others.add(address or value.strip().casefold())
        if params.get("ROLE", "").upper() == "NON-PARTICIPANT":
            continue  # told of it, not coming
        if who := match(address, interest.known):
            known[who] = _stronger([known.get(who, Answer.NONE), answer])
    organiser = by = ""
    for params, value in found.get("ORGANIZER", ())[:1]:
        address = address_of(params, value)
        if me := match(address, interest.me):
            organiser = me
            if not any(a is Answer.DECLINED for a in mine):
                mine.append(Answer.ACCEPTED)
            continue
        others.add(address or value.strip().casefold())
        organiser = by = match(address, interest.known)
    counted = found.get("X-KITH-PEOPLE")
    total = int(counted[0][1]) if counted and counted[0][1].strip().isdigit() else len(others)
    attendees = tuple(Attendee(address, answer) for address, answer in sorted(known.items()))
    return People(organiser, attendees, total, _stronger(mine), anybody=bool(attendees or by))


def _stronger(answers: Iterable[Answer]) -> Answer:
    """Invited at two addresses, a person answers once: whatever says most of coming holds."""
    return max(answers, key=_STRENGTH.__getitem__, default=Answer.NONE)


def address_of(params: dict[str, str], value: str) -> str:
    """The normalised address of a calendar user: EMAIL says it where the value is no mailto: (iCloud, RFC 7986 6.2)."""
    text = value.strip()
    if text[:7].lower() == "mailto:":
        text = text[7:]
    elif params.get("EMAIL"):
        text = params["EMAIL"]
    if "%" in text:
        text = unquote(text)
    return normalise(text)


def reduced_lines(lines: tuple[str, ...], interest: Interest) -> list[str]:
    """Lines that `people_of` reads the same from, without a trace of strangers."""
    people = people_of(lines, interest)
    made = [f"X-KITH-PEOPLE:{people.others}"]
    if people.organiser:
        made.append(f"ORGANIZER:mailto:{people.organiser}")
    me = min(interest.me, default="")
    if people.answer is not Answer.NONE and me:
        made.append(_line(me, people.answer))
    made += [_line(a.address, a.answer) for a in people.attendees]
    return made


def _line(address: str, answer: Answer) -> str:
    status = f";PARTSTAT={_PARTSTAT[answer]}" if answer in _PARTSTAT else ""
    return f"ATTENDEE{status}:mailto:{address}"
