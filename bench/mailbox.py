"""A made-up mailbox, the same at every run: whose mail it is, and how it comes to lie in Dovecot."""

from __future__ import annotations

import os
import random
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from tests.support.dovecot import Dovecot

ME = "petra@example.org"
CONTACTS = 500
EVERY = 20
"""Of so many messages in a row three are a contact's or to one: 15 per cent."""

FIRST = datetime(2023, 1, 2, 8, 0, tzinfo=UTC)
SPAN = timedelta(days=3 * 365)

_GIVEN = "Anna Boris Clara David Elena Fyodor Greta Henrik Irina Jonas Katya Lev Mira Nils Olga Pavel".split()
_FAMILY = "Abel Berg Castel Dorn Egorova Falk Grau Holm Ivanova Jansen Kern Lund Morozov Nordin Orlova Petrov".split()
_WORDS = (
    "meeting notes about the next release and some open questions for Thursday budget review interview slides "
    "draft contract invoice travel plan workshop feedback offer position team lunch"
).split()
_RUSSIAN = "Встреча по проекту, вопросы к четвергу, отзыв о докладе, план на квартал".split(", ")


def contact(number: int) -> tuple[str, str]:
    """Name and address of one known person."""
    given, family = _GIVEN[number % 16], _FAMILY[number // 16 % 16]
    return f"{given} {family}", f"{given.lower()}.{family.lower()}{number}@firm{number % 40}.example.com"


def messages(count: int) -> Iterator[tuple[bytes, datetime]]:
    """Each message with the moment it came in, the oldest first."""
    dice = random.Random(20260101)  # noqa: S311 - made-up mail, no secret
    step = SPAN / count
    for number in range(count):
        at = FIRST + step * number
        place = number % EVERY
        if place in (3, 11):
            yield _from_contact(dice, number, at), at
        elif place == 17:
            yield _to_contact(dice, number, at), at
        elif place % 3 == 0:
            yield _newsletter(dice, number, at), at
        elif place % 3 == 1:
            yield _list_mail(dice, number, at), at
        else:
            yield _from_stranger(dice, number, at), at


def known(count: int) -> int:
    """How many of so many messages concern a contact."""
    return sum(1 for number in range(count) if number % EVERY in (3, 11, 17))


def lay(server: Dovecot, user: str, count: int) -> None:
    """Put the first ``count`` messages of the made-up mailbox into the user's INBOX, and have Dovecot index it."""
    home = server.base / "home"
    owner = home.stat()
    box = home / user / "Maildir"
    for folder in (box.parent, box, *(box / name for name in ("cur", "new", "tmp"))):
        folder.mkdir(exist_ok=True)
        os.chown(folder, owner.st_uid, owner.st_gid)
    for number, (raw, at) in enumerate(messages(count)):
        file = box / "cur" / f"{int(at.timestamp())}.M{number:06}.bench:2,S"
        file.write_bytes(raw)
        os.utime(file, (at.timestamp(), at.timestamp()))  # Maildir's INTERNALDATE
        os.chown(file, owner.st_uid, owner.st_gid)
    server.doveadm("index", "-u", user, "INBOX")


# -- the kinds of mail there are ---------------------------------------------------------------------------------


def _encoded(text: str) -> str:
    return f"=?utf-8?B?{b64encode(text.encode()).decode()}?="


def _subject(dice: random.Random) -> str:
    if dice.random() < 0.2:
        return _encoded(dice.choice(_RUSSIAN))
    return " ".join(dice.choices(_WORDS, k=dice.randint(3, 8))).capitalize()


def _date(dice: random.Random, at: datetime) -> str:
    said = format_datetime(at - timedelta(seconds=dice.randint(0, 90)))
    return f"{said} (UTC)" if dice.random() < 0.15 else said


def _someone(dice: random.Random) -> str:
    name = f"{dice.choice(_GIVEN)} {dice.choice(_FAMILY)}"
    shown = _encoded(name) if dice.random() < 0.1 else f'"{name}"' if dice.random() < 0.3 else name
    return f"{shown} <{name.replace(' ', '.').lower()}{dice.randint(1, 99999)}@shop{dice.randint(1, 900)}.example.net>"


def _id(number: int) -> str:
    return f"<{number:08x}.{number * 7919 % 1000003:06d}@mail.example.net>"


def _references(dice: random.Random, number: int) -> str:
    if number < 60 or dice.random() < 0.5:
        return ""
    chain = [_id(number - dice.randint(1, 50)) for _ in range(dice.randint(1, 4))]
    return f"In-Reply-To: {chain[-1]}\r\nReferences: {chr(10).join(chain)}\r\n".replace("\n<", "\r\n <")


def _message(number: int, at: datetime, head: str, text: str = "plain") -> bytes:
    hops = "".join(
        f"Received: from relay{n}.example.net (relay{n}.example.net [192.0.2.{n + number % 50}])\r\n"
        f"\tby mx{n}.example.org with ESMTPS id {number:x}{n}; {format_datetime(at)}\r\n"
        for n in range(2)
    )
    return (
        f"{hops}{head}MIME-Version: 1.0\r\nX-Mailer: Example Mail 1.{number % 10}\r\n"
        f"Content-Type: text/{text}; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
        f"Dear reader,\r\n\r\n{' '.join(_WORDS)}\r\n\r\nNumber {number}\r\n"
    ).encode()


def _from_contact(dice: random.Random, number: int, at: datetime) -> bytes:
    name, address = contact(dice.randrange(CONTACTS))
    copy = f"Cc: {_someone(dice)}\r\n" if dice.random() < 0.2 else ""
    return _message(
        number,
        at,
        f"Return-Path: <{address}>\r\nFrom: {name} <{address}>\r\nTo: Petra Example <{ME}>\r\n{copy}"
        f"Subject: Re: {_subject(dice)}\r\nDate: {_date(dice, at)}\r\nMessage-ID: {_id(number)}\r\n"
        f"{_references(dice, number)}",
    )


def _to_contact(dice: random.Random, number: int, at: datetime) -> bytes:
    name, address = contact(dice.randrange(CONTACTS))
    return _message(
        number,
        at,
        f"From: Petra Example <{ME}>\r\nTo: {name} <{address}>\r\nSubject: {_subject(dice)}\r\n"
        f"Date: {_date(dice, at)}\r\nMessage-ID: {_id(number)}\r\n{_references(dice, number)}",
    )


def _newsletter(dice: random.Random, number: int, at: datetime) -> bytes:
    shop = f"shop{dice.randint(1, 900)}.example.net"
    tag = f"{dice.getrandbits(64):016x}"
    return _message(
        number,
        at,
        f"Return-Path: <bounce+{tag}=petra=example.org@{shop}>\r\nFrom: News <news@{shop}>\r\nTo: {ME}\r\n"
        f"Subject: {_subject(dice)}\r\nDate: {_date(dice, at)}\r\nMessage-ID: {_id(number)}\r\n"
        f"List-Unsubscribe: <https://{shop}/off/{tag}>, <mailto:off-{tag}@{shop}>\r\n"
        f"Feedback-ID: {number % 100}:{shop}:weekly\r\nPrecedence: bulk\r\n",
        "html",
    )


def _list_mail(dice: random.Random, number: int, at: datetime) -> bytes:
    group = f"group{dice.randint(1, 30)}"
    return _message(
        number,
        at,
        f"Return-Path: <{group}-bounces@lists.example.net>\r\nFrom: {_someone(dice)}\r\n"
        f"To: {group}@lists.example.net\r\nSubject: [{group}] {_subject(dice)}\r\nDate: {_date(dice, at)}\r\n"
        f"Message-ID: {_id(number)}\r\n{_references(dice, number)}"
        f"List-Id: <{group}.lists.example.net>\r\nList-Post: <mailto:{group}@lists.example.net>\r\n"
        "Precedence: list\r\n",
    )


def _from_stranger(dice: random.Random, number: int, at: datetime) -> bytes:
    others = ",\r\n ".join(_someone(dice) for _ in range(dice.randint(0, 3)))
    copy = f"Cc: {others}\r\n" if others else ""
    return _message(
        number,
        at,
        f"Return-Path: <x{number}@shop1.example.net>\r\nFrom: {_someone(dice)}\r\nTo: Petra Example <{ME}>\r\n{copy}"
        f"Subject: {_subject(dice)}\r\nDate: {_date(dice, at)}\r\nMessage-ID: {_id(number)}\r\n"
        f"{_references(dice, number)}",
    )
