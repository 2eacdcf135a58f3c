"""Headers of real mail. Collected only where KITH_SHARED names the folder that holds the corpus."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from daemon.core.address import without_tag
from daemon.core.errors import BrokenItem
from daemon.core.model import Interest
from daemon.core.sayings import says
from daemon.formats.addresses import parse_addresses, parse_slowly
from daemon.formats.headers import parse_mail
from daemon.formats.lines import ADDRESS_FIELDS, head, pairs
from daemon.formats.mime import digest
from daemon.formats.opening import opening
from daemon.formats.prefilter import Prefilter

if SHARED := os.environ.get("KITH_SHARED"):
    MAIL = Path(SHARED) / "corpus" / "mail"

    def messages() -> Iterator[tuple[str, bytes]]:
        """Every message; whole mboxes are split."""
        for path in sorted(MAIL.rglob("*")):
            if path.is_file() and path.name != "MANIFEST.tsv":
                raw = path.read_bytes()
                parts = re.split(rb"(?m)^(?=From [^\n]*\d\d:\d\d)", raw) if raw.startswith(b"From ") else [raw]
                for number, part in enumerate(filter(None, parts) if len(parts) > 1 else parts):
                    yield f"{path.name}#{number}", part

    def test_every_message_is_read_or_broken_and_the_prefilter_misses_nothing() -> None:
        broken, read = [], 0
        for name, raw in messages():
            try:
                mail = parse_mail(name, raw, received=None)
            except BrokenItem:
                broken.append(name)
                continue
            read += 1
            for address in {*mail.senders, *mail.to, *mail.cc, *mail.bounced}:
                for known in {address, without_tag(address)}:
                    assert Prefilter(Interest(frozenset({known}), frozenset())).maybe(head(raw)), (name, known)
        assert read > 2000 and len(broken) < 20, broken

    def test_the_fast_reading_of_addresses_is_the_slow_one() -> None:
        compared = 0
        for name, raw in messages():
            for value in [value for field, value in pairs(raw) if field in ADDRESS_FIELDS]:
                try:
                    slowly = parse_slowly(value)
                except RecursionError:
                    continue
                assert parse_addresses(value) == slowly, name
                compared += 1
        assert compared > 4000

    def test_every_message_has_a_digest() -> None:
        assert all(len(digest(raw[:200_000])) == 64 for _, raw in messages())

    def test_no_letter_is_taken_for_a_recommendation_an_introduction_or_a_farewell() -> None:
        """There is none among them, of people or of mailboxes: read through for every word such a letter would have."""
        texts = [(name, text) for name, raw in messages() if (text := opening(raw)).strip()]
        assert len(texts) > 2400
        assert [
            name for name, text in texts if says(text, ["Example"]) or says(text, ["Example"], automatic=True)
        ] == []
