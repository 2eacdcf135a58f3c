"""What needs no server: the budget of a minute, queries, header blocks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.google.messages import header_block
from connectors.google.quota import UNITS, Meter
from connectors.google.scan import QUERY, asked, chunks
from daemon.core.errors import Paced
from daemon.formats.headers import parse_mail
from daemon.formats.lines import split_fields
from tests.doubles.google import gmail
from tests.doubles.google.mailbox import Message
from tests.doubles.google.query import compiled

START = datetime(2026, 11, 18, 9, 0, tzinfo=UTC)


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 1_100), st.booleans(), st.booleans()), max_size=60))
def test_no_minute_ever_costs_more_than_its_budget(steps: list[tuple[int, int, bool, bool]]) -> None:
    now = START
    taken: list[tuple[datetime, int]] = []
    with TemporaryDirectory() as folder:

        def clock() -> datetime:
            return now

        meter = Meter(Path(folder), 1_000, clock)
        for wait, units, bulk, anew in steps:
            now += timedelta(seconds=wait)
            if anew:  # another process
                meter = Meter(Path(folder), 1_000, clock)
            try:
                meter.take(units, bulk=bulk)
            except Paced as told:
                assert told.after is not None and timedelta(0) < told.after <= timedelta(seconds=62)
            else:
                taken.append((now, units))
    for at, _ in taken:
        assert sum(u for when, u in taken if at <= when < at + timedelta(minutes=1)) <= 1_000


def test_after_the_time_it_names_the_whole_budget_is_there(tmp_path: Path) -> None:
    now = START
    meter = Meter(tmp_path, 1_000, lambda: now)
    meter.take(600, bulk=True)
    with pytest.raises(Paced) as told:
        meter.take(600, bulk=True)
    assert told.value.after is not None
    now += told.value.after
    meter.take(750, bulk=True)
    meter.take(250)
    assert meter.spent == 1_600


def test_reading_leaves_something_for_drafts(tmp_path: Path) -> None:
    meter = Meter(tmp_path, 1_000, lambda: START)
    while True:
        try:
            meter.take(20, bulk=True)
        except Paced:
            break
    meter.take(200)


def test_a_clock_set_back_and_a_file_cut_short_stop_nothing(tmp_path: Path) -> None:
    Meter(tmp_path, 1_000, lambda: START + timedelta(days=1)).take(900)
    meter = Meter(tmp_path, 1_000, lambda: START)
    with pytest.raises(Paced) as told:
        meter.take(900)
    assert told.value.after is not None and told.value.after <= timedelta(seconds=62)
    (tmp_path / "quota.json").write_text("[[1")
    meter.take(900)


def test_both_price_lists_are_one() -> None:
    assert UNITS == gmail.UNITS


ADDRESS = st.from_regex(r"[a-z0-9][a-z0-9._'{}()-]{0,30}@[a-z0-9-]{1,20}\.(com|org|test)", fullmatch=True)


@given(st.sets(ADDRESS, max_size=80))
def test_every_address_is_asked_for_in_some_query_and_none_is_too_long(addresses: set[str]) -> None:
    queries = [f"{{{' '.join(some)}}}" for some in chunks([term for a in sorted(addresses) for term in asked(a)])]
    assert all(len(q) <= QUERY + 200 for q in queries)
    tests = [compiled(q) for q in queries]
    for address in addresses:
        for field in (b"From", b"To", b"Cc"):
            message = Message("1", "1", field + b": Someone <" + address.encode() + b">\r\n\r\n", set(), 0, 0)
            assert any(test(message) for test in tests)


def test_a_domain_in_two_spellings_is_asked_for_in_both() -> None:
    assert "from:vera@тест.test" in asked("vera@xn--e1aybc.test")


@given(st.lists(st.fixed_dictionaries({"name": st.text(max_size=12), "value": st.text(max_size=60)}), max_size=8))
def test_no_header_can_become_two(headers: list[dict[str, str]]) -> None:
    raw = header_block([{"name": "From", "value": "anna@example.com"}, *headers])
    names = {h["name"].lower() for h in headers} | {"from"}
    assert set(split_fields(raw)) <= names


def test_headers_come_out_as_they_went_in() -> None:
    block = header_block(
        [
            {"name": "From", "value": "Анна <anna@example.com>"},
            {"name": "Subject", "value": "one\r\nBcc: evil@example.org"},
            {"name": "Date", "value": "Wed, 18 Nov 2026 10:00:00 +0100"},
            {"name": "Bad name", "value": "x"},
        ]
    )
    found = parse_mail("1", block, received=None)
    assert found.senders == ("anna@example.com",) and found.recipients == 0
    assert found.subject == "one Bcc: evil@example.org"
    assert found.date == START
