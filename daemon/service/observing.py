"""What a message or a meeting says of the people known: the facts kept of it. Strangers are dropped here."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from daemon.core.address import is_no_reply, is_role, match
from daemon.core.identity import mail_identity, meeting_identity, moment
from daemon.core.model import Direction, FolderRole, Form, Interest, Mail, Meeting, Role, Signal
from daemon.service.judging import Person

FACTS = 1
"""Version of what is kept of an observation, stored with it: what was kept by an older one can be told apart."""

Row = dict[str, Any]
"""An observation's values by column."""

MAIL, MEETING = Form.MAIL.value, Form.MEETING.value
IN, OUT = Direction.IN.value, Direction.OUT.value
FROM, TO, CC = Role.FROM.value, Role.TO.value, Role.CC.value
LISTED = frozenset({Signal.LIST, Signal.UNSUBSCRIBE, Signal.BULK})
_ROLES = {role: role.value for role in FolderRole}  # asked for many times


class Observed(NamedTuple):
    """One observation about to be stored: the row and its known participants."""

    row: Row
    people: tuple[Person, ...]


def observe_mail(
    mail: Mail, account: str, stream: str, role: FolderRole, interest: Interest, now: datetime
) -> Observed | None:
    """The evidence in one message, or None where it concerns nobody known."""
    people: dict[Person, None] = {}
    for addresses, part in ((mail.senders, FROM), (mail.to, TO), (mail.cc, CC)):
        for address in addresses:
            known = match(address, interest.known)
            if known:
                people[known, part, ""] = None
    if not people:
        return None
    at = moment(mail, now)
    if at is None:
        raise ValueError("no usable date: neither the Date header nor the server says when")
    mine = match(mail.senders[0], interest.me) if len(mail.senders) == 1 else ""
    direction = OUT if mine else IN if any(part == FROM for _, part, _ in people) else ""
    row = {
        "account": account,
        "identity": mail_identity(mail),
        "form": MAIL,
        "stream": stream,
        "item_id": mail.item_id,
        "role": _ROLES[role],
        "at": at,
        "direction": direction,
        "subject": mail.subject,
        "raw_from": mail.raw_from if direction else "",  # a stranger's name stays out of the store
        "reply_to": reply_to(mail, interest) if direction == IN else "",
        "own_address": mine or next((me for a in (*mail.to, *mail.cc) if (me := match(a, interest.me))), ""),
        "message_id": mail.message_id,
        "in_reply_to": mail.in_reply_to or (mail.references[-1] if mail.references else ""),
        "refs": " ".join(mail.references[-20:]) if mail.references else "",
        "thread": mail.thread,
        "language": mail.language,
        "signals": " ".join(sorted(mail.signals)) if mail.signals else "",
        "recipients": mail.recipients,
        "senders": len(mail.senders),
        "draft": mail.draft,
        "facts": FACTS,
    }
    return Observed(row, tuple(people))


def reply_to(mail: Mail, interest: Interest) -> str:
    """Where answers to a message go, if not to From: RFC 5322 3.6.2, as far as a person is behind it.

    Lists write their own address there, machines one nobody reads, desks and several people's is nobody's in
    particular; and some programs name the user's own. Then answers go to From.
    """
    if len(mail.reply_to) != 1 or not LISTED.isdisjoint(mail.signals):
        return ""
    (address,) = mail.reply_to
    if address in mail.senders or is_no_reply(address) or is_role(address) or match(address, interest.me):
        return ""
    return address


def observe_meeting(meeting: Meeting, account: str, stream: str, item_id: str, interest: Interest) -> Observed | None:
    """The evidence in one meeting, or None where it concerns nobody known."""
    people: dict[tuple[str, str], str] = {}
    for attendee in meeting.attendees:
        known = match(attendee.address, interest.known)
        if known:
            people[known, Role.ATTENDEE.value] = attendee.answer.value
    organiser = match(meeting.organiser, interest.known) if meeting.organiser else ""
    if organiser and (organiser, Role.ATTENDEE.value) not in people:
        people[organiser, Role.ORGANISER.value] = ""
    if not people:
        return None
    row = {
        "account": account,
        "identity": meeting_identity(meeting),
        "form": MEETING,
        "stream": stream,
        "item_id": item_id,
        "at": meeting.start,
        "ends_at": meeting.end,
        "direction": Direction.MUTUAL.value,
        "subject": meeting.subject,
        "recipients": meeting.people,
        "cancelled": meeting.cancelled,
        "gone": False,
        "all_day": meeting.all_day,
        "recurring": meeting.recurring,
        "answer": meeting.answer.value,
        "special": meeting.special,
        "uid": meeting.uid,
        "original": meeting.original,
        "facts": FACTS,
    }
    return Observed(row, tuple((a, r, answer) for (a, r), answer in people.items()))
