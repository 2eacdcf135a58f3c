"""The samples in tests/data/corpus, made by hand: all of them through the runner, then what became of each."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.corpus.files import samples, split_mbox
from tests.corpus.report import Row, Tally, compare_with_list, lines, write_table
from tests.corpus.run import feed

OWN = Path(__file__).parent.parent / "data" / "corpus"
SUMMER, WINTER = datetime(2026, 7, 1, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC)


@pytest.fixture(scope="module")
def fed() -> Mapping[str, Tally]:
    """Everything through the runner, once."""
    return {tally.kind: tally for tally in feed(OWN)}


def rows(fed: Mapping[str, Tally], path: str) -> list[Row]:
    return [r for tally in fed.values() for r in tally.rows if r.path == path]


def row(fed: Mapping[str, Tally], path: str) -> Row:
    (found,) = rows(fed, path)
    return found


def subject(path: str) -> str:
    from daemon.formats.headers import parse_mail

    return parse_mail(path, (OWN / path).read_bytes(), received=None).subject


def test_every_promise_holds(fed: Mapping[str, Tally]) -> None:
    assert [what for tally in fed.values() for what in tally.wrong] == []
    assert all(tally.good for tally in fed.values()), lines(fed.values())
    assert sum(tally.files for tally in fed.values()) == sum(len(list(samples(OWN, kind))) for kind in fed)


def test_what_is_quarantined_and_why(fed: Mapping[str, Tally]) -> None:
    assert {path: reason for tally in fed.values() for path, reason in tally.quarantined.items()} == {
        "mail/empty.eml": "There is no header field in it.",
        "mail/no-header.txt": "There is no header field in it.",
        "ical/endless-seconds.ics": "it recurs more than 10000 times in the span looked at",
        "ical/unknown-zone.ics": "it names the time zone 'Middle of Nowhere' and does not say what that is",
        "vcard/nobody.vcf": "card 1: It has neither a name nor an address.",
    }


def test_4096_recipients_are_a_mass_mail(fed: Mapping[str, Tally]) -> None:
    found = row(fed, "mail/4096-recipients.eml")
    assert (found.sender, found.verdict, found.rule) == ("anna@example.org", "not counted", "mass-mail")
    assert len(found.to.split(", ")) == 4096


def test_4096_people_at_a_meeting(fed: Mapping[str, Tally]) -> None:
    found = row(fed, "ical/4096-people.ics")
    assert (found.sender, found.verdict, found.rule) == ("petra@example.org", "not counted", "too-many-people")


def test_a_letter_dated_3609_counts_when_it_came(fed: Mapping[str, Tally]) -> None:
    found = row(fed, "mail/date-3609.eml")
    assert (found.date, found.verdict) == ("", "counted")
    assert row(fed, "mail/no-date.eml").verdict == "counted"


@pytest.mark.parametrize("path", ["mail/two-senders.eml", "mail/two-senders-without-comma.eml"])
def test_two_senders_in_one_from_credit_nobody(fed: Mapping[str, Tally], path: str) -> None:
    found = row(fed, path)
    assert found.sender == "anna@example.org, boris@example.org"
    assert (found.verdict, found.rule) == ("not counted", "several-senders")


def test_lines_that_end_with_cr_alone(fed: Mapping[str, Tally]) -> None:
    assert b"\n" not in (OWN / "mail/old-mac.eml").read_bytes()
    found = row(fed, "mail/old-mac.eml")
    assert (found.identity, found.sender, found.verdict) == ("<old-mac@example.org>", "anna@example.org", "counted")
    assert subject("mail/old-mac.eml") == "Written on an old Mac"
    assert b"\n" not in (OWN / "ical/old-mac.ics").read_bytes()
    assert row(fed, "ical/old-mac.ics").date == "2026-11-03T12:00:00+00:00"


def test_encoded_words_with_line_breaks(fed: Mapping[str, Tally]) -> None:
    assert row(fed, "mail/encoded-words.eml").identity == "<encoded@example.org>"
    assert subject("mail/encoded-words.eml") == "Встреча в пятницу (и)"
    assert subject("mail/raw-koi8.eml") == "Приглашение на встречу"


def test_a_byte_order_mark_null_bytes_and_deep_comments(fed: Mapping[str, Tally]) -> None:
    for name in ("byte-order-mark", "null-bytes", "nested-comments"):
        found = row(fed, f"mail/{name}.eml")
        assert (found.sender, found.verdict) == ("anna@example.org", "counted"), name
    assert subject("mail/null-bytes.eml") == "a b [31m"


def test_an_mbox_is_three_letters(fed: Mapping[str, Tally]) -> None:
    assert [row(fed, f"mail/three.mbox#{n}").identity for n in (1, 2, 3)] == [
        f"<mbox-{n}@example.org>" for n in (1, 2, 3)
    ]


def test_recurrences_without_end(fed: Mapping[str, Tally]) -> None:
    starts: dict[str, list[datetime]] = {}
    for r in rows(fed, "ical/endless.ics"):
        starts.setdefault(r.identity.partition("@")[0], []).append(datetime.fromisoformat(r.date))
    assert len(starts["daily"]) > 365
    assert all((b - a).days == 1 for a, b in zip(starts["daily"], starts["daily"][1:], strict=False))
    assert {at.weekday() for at in starts["fridays"]} == {4}
    assert {(at.month in range(4, 10), at.hour) for at in starts["fridays"] if at.month not in (3, 10)} == {
        (True, 8),  # ten o'clock in Berlin
        (False, 9),
    }
    assert [(at.month, at.day) for at in starts["last-day"] if at.year == 2026][:3] == [(1, 30), (2, 27), (3, 31)]
    assert [(at.year, at.month, at.day) for at in starts["leap"]] == [(2024, 2, 29)]
    never = row(fed, "ical/never.ics")  # the rule gives nothing, and DTSTART is there all the same
    assert never.date == "2026-01-01T00:00:00+00:00"


def test_windows_and_custom_time_zones(fed: Mapping[str, Tally]) -> None:
    assert row(fed, "ical/windows-zone.ics").date == "2026-11-02T09:00:00+00:00"  # Moscow
    assert [r.date for r in rows(fed, "ical/custom-zone.ics")] == [
        SUMMER.replace(hour=6, minute=30).isoformat(),
        WINTER.replace(hour=7, minute=30).isoformat(),
    ]
    assert [(r.date, bool(r.quarantined)) for r in rows(fed, "ical/unknown-zone.ics")] == [
        ("", True),
        ("2026-11-02T15:00:00+00:00", False),  # the one beside it is read
    ]


def test_people(fed: Mapping[str, Tally]) -> None:
    assert row(fed, "vcard/phone.vcf").date == "--03-09"  # Apple's year 1604 is none
    assert row(fed, "vcard/old.vcf").sender == "boris@example.org"
    assert [r.sender for r in rows(fed, "contacts/Connections.csv")] == ["vera@example.org", "Grigori Sample"]


def test_mboxes() -> None:
    one = b"From anna@example.org Mon Nov  2 12:00:00 2026\n"
    assert split_mbox(b"") == [b""]
    assert split_mbox(b"From: a\n\nFrom here on\n") == [b"From: a\n\nFrom here on\n"]
    assert split_mbox(one + b"A: 1\n\nx\n\n" + one + b"A: 2\n") == [b"A: 1\n\nx\n\n", b"A: 2\n"]
    assert split_mbox(one + b"A: 1\n\n" + one + b"no field") == [b"A: 1\n\n" + one + b"no field"]
    assert split_mbox(b"From - \nA: 1\n\nx\nFrom - \nA: 2\n") == [b"A: 1\n\nx\n", b"A: 2\n"]
    assert split_mbox(b"From x\rA: 1\r\ry") == [b"A: 1\r\ry"]


def test_the_list_and_the_table(tmp_path: Path) -> None:
    tally = Tally("mail", 3, [Row("mail", "mail/a", "<\t1>", to="x", quarantined="no\n")], {"mail/a": "No."})
    document = tmp_path / "CORPUS.md"
    document.write_text("| kind | file | reason | why |\n| mail | `mail/a` | No. | It is empty. |\n")
    assert compare_with_list(document, [tally]) == []
    document.write_text("| mail | `mail/a` | Other. | x |\n| mail | `mail/b` | No. | x |\n")
    assert len(compare_with_list(document, [tally])) == 2
    document.write_text("")
    assert compare_with_list(document, [tally]) == ["CORPUS.md does not list mail mail/a: No."]
    write_table(tmp_path / "t.tsv", [tally])
    assert (tmp_path / "t.tsv").read_text().splitlines()[1] == "mail\tmail/a\t< 1>\t\tx\t\t\t\tno "


def test_google_s_json_is_read_as_its_connector_reads_it(fed: Mapping[str, Tally]) -> None:
    found = rows(fed, "api/google-samples/series.json")
    assert [r.verdict for r in sorted(found, key=lambda r: r.date)] == [
        *("counted", "counted", "not counted"),  # the third is cancelled, with nothing but its ids
        *("not counted", "counted"),  # focus time, then the last of the series
    ]


def test_an_exchange_server_s_series_is_read_as_its_connector_reads_it(fed: Mapping[str, Tally]) -> None:
    found = [r.date for r in rows(fed, "api/ews-samples/series.xml")]
    assert found == ["2026-01-31T14:00:00+00:00", "2026-02-28T14:00:00+00:00", "2026-04-30T13:00:00+00:00"]


def test_graph_s_json_is_read_as_its_connector_reads_it(fed: Mapping[str, Tally]) -> None:
    letter, held, person = rows(fed, "api/graph-samples/resources.json")
    assert (letter.identity, letter.sender, letter.to) == (
        "<invitation@example.org>",
        "anna@example.org",
        "petra@example.org",
    )
    assert (held.identity, held.date, held.verdict) == ("meeting@example.org", "2026-11-02T12:00:00+00:00", "counted")
    assert (person.identity, person.sender, person.verdict) == ("anna", "anna@example.org", "person")
