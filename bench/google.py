"""What a first scan of a large Gmail costs in quota units, on the strict double, through whole rounds of the product.

500 contacts, 50,000 messages, 15% of them theirs; the budget of each minute is kept by a clock that is set forward to
the moment each round says it may go on. `python -m bench.google` runs it alone.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from bench import report
from connectors.google.options import QUOTA
from connectors.google.reached import LAG
from daemon.service import contacts as book
from daemon.service.judging import Rules
from daemon.store.engine import Store
from daemon.store.tables import evidence
from tests.contract.rig import ME, Rig
from tests.contract.rig_google import GoogleRig
from tests.contract.samples import NOW
from tests.doubles.google import GoogleDouble, running
from tests.doubles.google.call import Call
from tests.doubles.google.gmail import UNITS
from tests.service.house import SECRET, House, letter

PEOPLE = 500
LIST, GET = UNITS["gmail.users.messages.list"], UNITS["gmail.users.messages.get"]
_SPAN = re.compile(r" after:(\d+) before:(\d+)$")
_TERM = re.compile(r"(?:from|to|cc):(\S+?)[ }]")


@dataclass(frozen=True, slots=True)
class Cost:
    """One first scan. ``ratio`` is its units to those of getting each message logged once; ``all`` is what listing and
    getting everything would have cost.
    """

    units: int
    logged: int
    rounds: int
    refused: int
    all: int

    @property
    def ratio(self) -> float:
        """Units spent to 20 a message logged."""
        return self.units / (GET * self.logged)


def measure(messages: int) -> Cost:
    """Lay the mailbox, scan it round by round, and read the double's counter."""
    clock = [NOW]
    with tempfile.TemporaryDirectory(prefix="kith-bench-") as folder, running(lambda: clock[0]) as google:
        rig = GoogleRig(google, Path(folder))
        rig.signed_in.page = None
        rig.signed_in.options["quota_per_minute"] = QUOTA
        rig.signed_in.now = lambda: clock[0]  # type: ignore[method-assign]
        _lay(google, messages)
        store = Store(f"sqlite:///{folder}/kith.db")
        store.upgrade()
        rigs: dict[str, Rig] = {"google": rig}
        house = House(store, Path(folder), rigs)
        with store.write() as conn:
            for number in range(PEOPLE):
                given = book.Change(addresses=(_person(number),))
                book.add(conn, Rules(house.settings.policies, NOW), f"Person {number}", given, secret=SECRET)
        again: timedelta | None = timedelta(minutes=1)
        rounds = 0
        while again is not None:
            clock[0] = house.clock + again
            again = house.cycle(after=again).again
            rounds += 1
            rig.fresh_connection()
        clock[0] = house.clock + LAG  # the last moments before the scan, searched once more
        house.cycle(after=LAG)
        with store.read() as conn:
            logged = conn.execute(select(func.count()).select_from(evidence)).scalar_one()
        store.close()
        rig.connection().close()
        assert not google.complaints, google.complaints
        refused = google.calls["refused"]
        return Cost(google.units, logged, rounds, refused, messages * GET + -(-messages // 500) * LIST)


def _person(number: int) -> str:
    return f"person{number}@company{number % 40}.example.net"


def _lay(google: GoogleDouble, messages: int) -> None:
    """Three in twenty are a contact's, one in ten of these with another in copy; the rest are strangers'."""
    box = google.account(ME).gmail
    index: dict[str, list[str]] = defaultdict(list)
    for number in range(messages):
        at = NOW - timedelta(minutes=(messages - number) * 20)
        theirs = number % 20 < 3
        who = (
            _person(number * 7 % PEOPLE) if theirs else f"stranger{number % 9_000}@elsewhere{number % 800}.example.org"
        )
        copy = _person(number * 11 % PEOPLE) if theirs and number % 10 == 0 else ""
        pair = (ME, who) if number % 3 == 0 else (who, ME)
        raw = letter(number, at, *pair, **({"Cc": copy} if copy else {}))
        made = box.add(raw, ["SENT"] if number % 3 == 0 else ["INBOX"], received=at)
        for address in {who, copy} - {""}:
            index[address].append(made.id)
    plain = google.handlers["gmail.users.messages.list"]

    def listed(call: Call) -> dict[str, Any] | Any:
        """As the double's own search, by an index: 50,000 messages times 1,500 terms take minutes otherwise."""
        terms = _TERM.findall(str(call.get("q", "")))
        if not terms:
            return plain(call)
        hits = sorted({i for term in terms for i in index.get(term, ())}, reverse=True)
        if span := _SPAN.search(str(call.get("q", ""))):
            after, before = (int(seconds) * 1000 for seconds in span.groups())
            hits = [i for i in hits if after <= box.messages[i].received < before]
        start = int(call.get("pageToken", "0"))
        size = call.get("maxResults", 100)
        found: dict[str, Any] = {"messages": [{"id": i, "threadId": i} for i in hits[start : start + size]]}
        return {**found, **({"nextPageToken": str(start + size)} if start + size < len(hits) else {})}

    google.handlers["gmail.users.messages.list"] = listed


def quota(results: report.Results, messages: int) -> None:
    """The row of the bench."""
    cost = measure(messages)
    if cost.refused:
        raise RuntimeError(f"Google would have refused {cost.refused} calls")
    results.note(
        f"Gmail quota, first scan of {messages:,} messages, {cost.logged:,} of them {PEOPLE} contacts'",
        f"{cost.units:,} units in {cost.rounds} minutes: {cost.ratio:.3f} x {GET} a message logged "
        f"(listing and getting everything: {cost.all:,})",
        "gmail_quota_ratio",
        cost.ratio,
    )


def main() -> int:
    """Print the figures; 1 where the limit is missed."""
    cost = measure(int(sys.argv[1]) if len(sys.argv) > 1 else 50_000)
    told = {"units": cost.units, "logged": cost.logged, "rounds": cost.rounds, "refused": cost.refused, "all": cost.all}
    print(json.dumps({**told, "gmail_quota_ratio": round(cost.ratio, 4)}))
    return int(cost.ratio > report.LIMITS["gmail_quota_ratio"] or bool(cost.refused))


if __name__ == "__main__":
    sys.exit(main())
