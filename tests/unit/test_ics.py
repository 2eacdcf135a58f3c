"""What is read of an event: instances, people, answers; and that the reduced object says the same."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.core.errors import BrokenItem
from daemon.core.model import Answer, Attendee, Interest, Meeting, Window
from daemon.formats import ics

ME, ANNA, VERA, STRANGER = "petra@example.org", "anna@example.com", "vera@xn--e1aybc.test", "nobody@example.net"
KNOWN = Interest(frozenset({ANNA, VERA}), frozenset({ME, "p@example.net"}))
WINDOW = Window(datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
GUESTS = f"ORGANIZER:mailto:{ME}\nATTENDEE;PARTSTAT=ACCEPTED:mailto:{ANNA}"


def vevent(*lines: str, people: str = GUESTS, uid: str = "u1@example.org") -> str:
    return "\n".join(["BEGIN:VEVENT", f"UID:{uid}", "SUMMARY:Coffee", *lines, *people.split("\n"), "END:VEVENT"])


def calendar(*parts: str, method: str = "") -> bytes:
    head = ["BEGIN:VCALENDAR", "VERSION:2.0", *([f"METHOD:{method}"] if method else [])]
    return "\r\n".join([*head, *parts, "END:VCALENDAR", ""]).replace("\n", "\r\n").replace("\r\r", "\r").encode()


def meetings(*parts: str, zone: str = "Europe/Berlin", window: Window = WINDOW, method: str = "") -> Sequence[Meeting]:
    data = calendar(*parts, method=method)
    item = ics.read("x", data, KNOWN, window, zone)
    if item.meetings:
        assert item.master == ics.reduce(data, KNOWN)
        assert ics.expand(item.master, KNOWN, window, zone) == item.meetings
        assert STRANGER not in item.master
    return item.meetings


def starts(*parts: str, zone: str = "Europe/Berlin", window: Window = WINDOW) -> list[str]:
    return [f"{m.start:%m-%d %H:%M}" for m in meetings(*parts, zone=zone, window=window)]


BERLIN = "TZID=Europe/Berlin"


# -- times --------------------------------------------------------------------------------------------


def test_times_of_a_single_event() -> None:
    (one,) = meetings(vevent(f"DTSTART;{BERLIN}:20260701T120000", "DURATION:PT90M"))
    assert (one.start, one.end) == (datetime(2026, 7, 1, 10, tzinfo=UTC), datetime(2026, 7, 1, 11, 30, tzinfo=UTC))
    assert one.original == one.start and not one.recurring and not one.all_day


def test_a_floating_time_is_in_the_users_zone() -> None:
    event = vevent("DTSTART:20260701T120000", "DTEND:20260701T130000")
    assert starts(event) == ["07-01 10:00"]
    assert starts(event, zone="Asia/Tokyo") == ["07-01 03:00"]


def test_a_whole_day_begins_at_the_users_midnight_and_is_flagged() -> None:
    (one,) = meetings(vevent("DTSTART;VALUE=DATE:20260701", "DTEND;VALUE=DATE:20260703"))
    assert one.all_day
    assert (one.start, one.end) == (datetime(2026, 6, 30, 22, tzinfo=UTC), datetime(2026, 7, 2, 22, tzinfo=UTC))
    (day,) = meetings(vevent("DTSTART;VALUE=DATE:20260701"))
    assert day.end - day.start == timedelta(days=1)


def test_no_end_and_an_end_before_the_start_are_no_length() -> None:
    for line in ("TRANSP:OPAQUE", "DTEND:20260701T090000Z"):
        (one,) = meetings(vevent("DTSTART:20260701T120000Z", line))
        assert one.start == one.end


def test_a_series_keeps_its_wall_time_over_the_change_of_clocks() -> None:
    found = starts(vevent(f"DTSTART;{BERLIN}:20260326T100000", "DURATION:PT1H", "RRULE:FREQ=WEEKLY;COUNT=2"))
    assert found == ["03-26 09:00", "04-02 08:00"]


def test_a_windows_zone_and_a_shipped_one() -> None:
    assert starts(vevent("DTSTART;TZID=Russian Standard Time:20260701T120000")) == ["07-01 09:00"]
    zone = "\n".join(
        [
            "BEGIN:VTIMEZONE",
            "TZID:Our Office",
            "X-LIC-LOCATION:Secret Place",
            "BEGIN:STANDARD",
            "DTSTART:19700101T000000",
            *("TZOFFSETFROM:+0000", "TZOFFSETTO:+0545", "COMMENT:x", "END:STANDARD", "END:VTIMEZONE"),
        ]
    )
    event = vevent('DTSTART;TZID="Our Office":20260701T120000', "RRULE:FREQ=DAILY;COUNT=2")
    assert starts(zone, event) == ["07-01 06:15", "07-02 06:15"]
    assert "Secret" not in ics.reduce(calendar(zone, event), KNOWN)


def test_two_objects_may_mean_different_things_by_one_name() -> None:
    for offset, expected in (("+0100", "07-01 11:00"), ("+0200", "07-01 10:00")):
        zone = "\n".join(
            [
                *("BEGIN:VTIMEZONE", "TZID:Custom", "BEGIN:STANDARD", "DTSTART:19700101T000000"),
                *(f"TZOFFSETFROM:{offset}", f"TZOFFSETTO:{offset}", "END:STANDARD", "END:VTIMEZONE"),
            ]
        )
        assert starts(zone, vevent("DTSTART;TZID=Custom:20260701T120000")) == [expected]


# -- series -------------------------------------------------------------------------------------------

WEEKLY = (f"DTSTART;{BERLIN}:20260601T120000", f"DTEND;{BERLIN}:20260601T130000", "RRULE:FREQ=WEEKLY;COUNT=4")


def test_exdate_and_rdate() -> None:
    found = starts(vevent(*WEEKLY, f"EXDATE;{BERLIN}:20260608T120000", f"RDATE;{BERLIN}:20260603T090000"))
    assert found == ["06-01 10:00", "06-03 07:00", "06-15 10:00", "06-22 10:00"]
    assert starts(vevent(*WEEKLY, "EXDATE:20260608T100000Z,20260615T100000Z")) == ["06-01 10:00", "06-22 10:00"]
    assert starts(vevent(*WEEKLY, "EXDATE;VALUE=DATE:20260608"))[1] == "06-15 10:00"
    assert starts(vevent(*WEEKLY, "EXDATE:20260608T120000"))[1] == "06-15 10:00"  # floating: in the series' zone
    (*_, last) = meetings(vevent(*WEEKLY, "RDATE;VALUE=PERIOD:20260701T100000Z/PT3H"))
    assert last.end - last.start == timedelta(hours=3)


@pytest.mark.parametrize(
    ("until", "count"), [("20260615T100000Z", 3), ("20260615T095959Z", 2), ("20260615", 3), ("20260615T120000", 3)]
)
def test_until_in_every_spelling(until: str, count: int) -> None:
    assert len(starts(vevent(*WEEKLY[:2], f"RRULE:FREQ=WEEKLY;UNTIL={until}"))) == count


def test_a_moved_instance_keeps_its_original() -> None:
    moved = vevent(f"RECURRENCE-ID;{BERLIN}:20260608T120000", f"DTSTART;{BERLIN}:20260609T150000", "DURATION:PT2H")
    found = {f"{m.original:%m-%d %H:%M}": m for m in meetings(vevent(*WEEKLY), moved)}
    assert list(found) == ["06-01 10:00", "06-08 10:00", "06-15 10:00", "06-22 10:00"]
    one = found["06-08 10:00"]
    assert (f"{one.start:%m-%d %H:%M}", one.end - one.start) == ("06-09 13:00", timedelta(hours=2))
    assert all(m.recurring for m in found.values())


def test_an_instance_moved_out_of_the_window_and_one_moved_into_it() -> None:
    window = Window(datetime(2026, 6, 7, tzinfo=UTC), datetime(2026, 6, 9, tzinfo=UTC))
    out = vevent(f"RECURRENCE-ID;{BERLIN}:20260608T120000", f"DTSTART;{BERLIN}:20261101T120000")
    inside = vevent(f"RECURRENCE-ID;{BERLIN}:20260622T120000", f"DTSTART;{BERLIN}:20260608T180000")
    assert starts(vevent(*WEEKLY), out, inside, window=window) == ["06-08 16:00"]


def test_a_cancelled_instance_says_so() -> None:
    off = vevent(f"RECURRENCE-ID;{BERLIN}:20260608T120000", f"DTSTART;{BERLIN}:20260608T120000", "STATUS:CANCELLED")
    assert [m.cancelled for m in meetings(vevent(*WEEKLY), off)] == [False, True, False, False]
    assert all(m.cancelled for m in meetings(vevent(*WEEKLY, "STATUS:CANCELLED")))
    assert all(m.cancelled for m in meetings(vevent(*WEEKLY), method="CANCEL"))


def test_this_and_future() -> None:
    onward = vevent(
        f"RECURRENCE-ID;RANGE=THISANDFUTURE;{BERLIN}:20260608T120000",
        f"DTSTART;{BERLIN}:20260609T140000",
        f"DTEND;{BERLIN}:20260609T160000",
        "SUMMARY:Later",
    ).replace("SUMMARY:Coffee\n", "")
    single = vevent(f"RECURRENCE-ID;{BERLIN}:20260622T120000", f"DTSTART;{BERLIN}:20260622T090000")
    found = meetings(vevent(*WEEKLY), onward, single)
    assert [f"{m.original:%m-%d}" for m in found] == ["06-01", "06-08", "06-15", "06-22"]
    assert [f"{m.start:%m-%d %H:%M}" for m in found] == ["06-01 10:00", "06-09 12:00", "06-16 12:00", "06-22 07:00"]
    assert [m.subject for m in found] == ["Coffee", "Later", "Later", "Coffee"]
    assert found[2].end - found[2].start == timedelta(hours=2)


def test_the_newest_version_of_an_exception_holds() -> None:
    def version(sequence: int, hour: int) -> str:
        return vevent(
            f"RECURRENCE-ID;{BERLIN}:20260608T120000", f"SEQUENCE:{sequence}", f"DTSTART;{BERLIN}:20260608T{hour}0000"
        )

    assert starts(vevent(*WEEKLY), version(2, 18), version(1, 15))[1] == "06-08 16:00"


def test_exceptions_without_their_series() -> None:
    """An invitation to one instance alone."""
    (one,) = meetings(vevent("RECURRENCE-ID:20260608T100000Z", "DTSTART:20260608T120000Z"))
    assert (one.original.hour, one.start.hour, one.recurring) == (10, 12, True)


@pytest.mark.parametrize("rule", ["FREQ=DAILY", "FREQ=WEEKLY;INTERVAL=2", "FREQ=HOURLY;INTERVAL=5"])
def test_endless_series_stay_in_the_window(rule: str) -> None:
    window = Window(datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC))
    found = meetings(vevent("DTSTART:19700101T120000Z", "DURATION:PT1H", f"RRULE:{rule}"), window=window)
    assert found and all(window.overlaps(m.start, m.end) for m in found)


@pytest.mark.parametrize(
    "lines",
    [
        ("DTSTART:20260601T120000Z", "RRULE:FREQ=SECONDLY"),
        ("DTSTART:20260601T120000Z", "RRULE:FREQ=NEVER"),
        ("DTSTART:20261301T120000Z",),
        ("DTSTART;TZID=Nowhere:20260601T120000",),
        ("SUMMARY:no start",),
        ("DTSTART:99991231T235959", "DURATION:P9999W", "RRULE:FREQ=YEARLY"),
        ("DTSTART:00010101T000000", "DTEND:00010101T000001"),
        ("DTSTART:20260601T120000Z", "EXDATE:tomorrow"),
        ("DTSTART:20260601T120000Z", "DURATION:P"),
    ],
)
def test_one_bad_event_is_quarantined_with_a_reason(lines: Sequence[str]) -> None:
    far = Window(datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC))
    with pytest.raises(BrokenItem) as caught:
        meetings(vevent(*lines), window=far)
    assert ANNA not in str(caught.value) and "Coffee" not in str(caught.value)
    items, broken = ics.read_all(
        "f", calendar(vevent(*lines), vevent("DTSTART:20260701T120000Z", uid="ok")), KNOWN, far, "Europe/Berlin"
    )
    assert [i.item_id for i in items] == ["f#ok"] and [b.item_id for b in broken] == ["f#u1@example.org"]


# -- people -------------------------------------------------------------------------------------------

DAY = "DTSTART:20260701T120000Z"


def people(*lines: str) -> Meeting:
    (one,) = meetings(vevent(DAY, people="\n".join(lines)))
    return one


def test_known_people_are_named_and_strangers_only_counted() -> None:
    one = people(
        f"ORGANIZER;CN=Somebody:mailto:{STRANGER}",
        f"ATTENDEE;CN=Somebody;PARTSTAT=ACCEPTED:mailto:{STRANGER}",
        f"ATTENDEE;PARTSTAT=TENTATIVE:MAILTO:Anna+work@Example.COM",  # noqa: F541
        "ATTENDEE;PARTSTAT=DECLINED:mailto:vera@пример.test".replace("пример", "мыло"),
        'ATTENDEE;PARTSTAT=ACCEPTED;CN="Anna; of: Example":mailto:other@example.net',
        f"ATTENDEE;PARTSTAT=DECLINED:mailto:{ME}",
        "ATTENDEE;CUTYPE=ROOM;PARTSTAT=ACCEPTED:mailto:room@example.org",
        "ATTENDEE;CUTYPE=RESOURCE:mailto:projector@example.org",
    )
    assert one.organiser == ""
    assert Attendee(ANNA, Answer.TENTATIVE) in one.attendees
    assert one.people == 5  # the stranger, Anna, Vera, the other, the user
    assert one.answer is Answer.DECLINED


def test_an_international_domain_is_known_in_both_spellings() -> None:
    import idna

    spelled = idna.decode("xn--e1aybc.test")
    for address in (VERA, f"vera@{spelled}", f"VERA%40{spelled}"):
        assert [a.address for a in people(f"ATTENDEE:mailto:{address}").attendees] == [VERA]


def test_the_organiser() -> None:
    assert people(f"ORGANIZER:mailto:{ANNA}").organiser == ANNA
    mine = people(f"ORGANIZER:mailto:{ME}", f"ATTENDEE:mailto:{ME}", f"ATTENDEE:mailto:{ANNA}")
    assert (mine.organiser, mine.answer, mine.people) == (ME, Answer.ACCEPTED, 2)
    declined = people(f"ORGANIZER:mailto:{ME}", f"ATTENDEE;PARTSTAT=DECLINED:mailto:{ME}", f"ATTENDEE:mailto:{ANNA}")
    assert declined.answer is Answer.DECLINED


def test_the_users_answer_under_any_of_their_addresses() -> None:
    one = people(f"ATTENDEE:mailto:{ANNA}", "ATTENDEE;PARTSTAT=TENTATIVE:mailto:p@example.net")
    assert (one.answer, one.people) == (Answer.TENTATIVE, 2)


def test_an_address_given_as_a_parameter() -> None:
    """iCloud writes principals of its own where others write mailto:."""
    one = people(f"ATTENDEE;EMAIL={ANNA};PARTSTAT=ACCEPTED:urn:uuid:1234")
    assert one.attendees == (Attendee(ANNA, Answer.ACCEPTED),)


def test_only_told_is_not_taking_part() -> None:
    found = meetings(vevent(DAY, people=f"ATTENDEE;ROLE=NON-PARTICIPANT:mailto:{ANNA}\nATTENDEE:mailto:{VERA}"))
    assert [a.address for a in found[0].attendees] == [VERA]


def test_an_event_with_nobody_known_leaves_nothing() -> None:
    for guests in (f"ATTENDEE:mailto:{STRANGER}", f"ORGANIZER:mailto:{ME}", "X-NOTHING:1"):
        item = ics.read("x", calendar(vevent(DAY, people=guests)), KNOWN, WINDOW)
        assert item.uid == "u1@example.org" and not item.meetings and not item.master
    # not even looked at for whether it is readable
    item = ics.read("x", calendar(vevent("RRULE:nonsense", people="X-NOTHING:1")), KNOWN, WINDOW)
    assert not item.meetings


def test_instances_nobody_known_takes_part_in_are_left_out() -> None:
    alone = vevent(*WEEKLY, people=f"ORGANIZER:mailto:{ME}")
    joined = vevent(f"RECURRENCE-ID;{BERLIN}:20260608T120000", f"DTSTART;{BERLIN}:20260608T120000")
    assert starts(alone, joined) == ["06-08 10:00"]


def test_an_event_outside_the_window_keeps_its_master() -> None:
    item = ics.read("x", calendar(vevent("DTSTART:20350701T120000Z")), KNOWN, WINDOW)
    assert not item.meetings and item.master
    later = Window(datetime(2035, 1, 1, tzinfo=UTC), datetime(2036, 1, 1, tzinfo=UTC))
    assert len(ics.expand(item.master, KNOWN, later)) == 1
    assert not ics.expand(item.master, Interest(frozenset(), KNOWN.me), later)


def test_the_reduced_object_holds_no_more_than_needed() -> None:
    secret = (
        "DESCRIPTION:hush hush",
        "LOCATION:hush hush",
        "COMMENT:hush",
        "ATTACH:https://hush.example.org/",
        "URL:hush",
    )
    alarm = "BEGIN:VALARM\nTRIGGER:-PT5M\nDESCRIPTION:hush\nATTENDEE:mailto:hush@example.net\nEND:VALARM"
    event = vevent(*WEEKLY, *secret, alarm, people=GUESTS + f"\nATTENDEE;CN=Hush:mailto:{STRANGER}")
    reduced = ics.reduce(calendar(event), KNOWN)
    assert "hush" not in reduced.lower() and STRANGER not in reduced
    assert all(len(line.encode()) <= 75 for line in reduced.splitlines())
    assert ics.expand(reduced, KNOWN, WINDOW)[0].people == 3
    assert ics.reduce(reduced.encode(), KNOWN) == reduced


# -- files as they are --------------------------------------------------------------------------------


def test_folded_lines_and_odd_line_ends() -> None:
    text = calendar(vevent(DAY, "SUMMARY:Встреча у Анны", people=f"ATTENDEE;PARTSTAT=ACCEPTED:mailto:{ANNA}"))
    text = text.replace(b"SUMMARY:Coffee\r\n", b"")
    cut = text.index("тре".encode()) + 1  # inside a character
    folded = text[:cut] + b"\r\n " + text[cut:]
    for data in (folded, folded.replace(b"\r\n", b"\n"), text.replace(b"\r\n", b"\r"), b"\xef\xbb\xbf" + text,
                 text.decode().encode("utf-16")):  # fmt: skip
        (one,) = ics.read("x", data, KNOWN, WINDOW).meetings
        assert one.subject == "Встреча у Анны" and one.attendees[0].answer is Answer.ACCEPTED


def test_subjects_are_one_line_of_text() -> None:
    (one,) = meetings(vevent(DAY, "SUMMARY:a\\, b\\; c\\nd\\\\e \u202eevil").replace("SUMMARY:Coffee\n", ""))
    assert one.subject == "a, b; c d\\e evil"


def test_several_events_in_one_file() -> None:
    data = calendar(vevent(DAY, uid="a"), vevent(DAY, uid="b"), vevent("RECURRENCE-ID:20260701T120000Z", DAY, uid="a"))
    items, broken = ics.read_all("work.ics", data, KNOWN, WINDOW)
    assert [i.item_id for i in items] == ["work.ics#a", "work.ics#b"] and not broken
    assert ics.uids(data) == ["a", "b"]
    with pytest.raises(BrokenItem):
        ics.read("x", data, KNOWN, WINDOW)


@pytest.mark.parametrize("data", [b"", b"\x00\xff", b"BEGIN:VCALENDAR\nBEGIN:VTODO\nUID:1\nEND:VTODO\nEND:VCALENDAR\n"])
def test_what_holds_no_event_holds_nobody(data: bytes) -> None:
    assert not ics.read("x", data, KNOWN, WINDOW).meetings
    assert ics.read_all("x", data, KNOWN, WINDOW) == ([], [])
    assert ics.reduce(data, KNOWN) == "" and ics.busy([data], WINDOW) == []


def test_an_event_without_uid_is_the_same_one_again() -> None:
    data = calendar(vevent(DAY).replace("UID:u1@example.org\n", ""))
    assert ics.read("x", data, KNOWN, WINDOW).uid == ics.read("x", data, KNOWN, WINDOW).uid != ""


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_line_of_noise_makes_it_crash(data: st.DataObject) -> None:
    lines = calendar(vevent(*WEEKLY, "EXDATE:20260608T100000Z")).split(b"\r\n")
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(lines) - 1))
        line = bytearray(lines[at] or b"x")
        line[data.draw(st.integers(0, len(line) - 1))] = data.draw(st.integers(0, 255))
        lines[at] = bytes(line)
    text = b"\r\n".join(lines)
    items, _ = ics.read_all("x", text, KNOWN, WINDOW, "Europe/Berlin")
    for item in items:
        if item.master:
            assert ics.expand(item.master, KNOWN, WINDOW, "Europe/Berlin") == item.meetings
    ics.busy([text], WINDOW)


# -- free time ----------------------------------------------------------------------------------------


def test_busy_is_merged_and_clipped() -> None:
    day = Window(datetime(2026, 7, 1, tzinfo=UTC), datetime(2026, 7, 2, tzinfo=UTC))

    def one(*lines: str) -> bytes:
        return calendar(vevent(*lines, people=f"ORGANIZER:mailto:{ANNA}\nATTENDEE;PARTSTAT=DECLINED:mailto:{VERA}"))

    held = [
        one("DTSTART:20260630T230000Z", "DTEND:20260701T010000Z"),
        one("DTSTART:20260701T100000Z", "DTEND:20260701T110000Z"),
        one("DTSTART:20260701T103000Z", "DTEND:20260701T120000Z"),
        one("DTSTART:20260701T140000Z", "DTEND:20260701T150000Z", "TRANSP:TRANSPARENT"),
        one("DTSTART:20260701T150000Z", "DTEND:20260701T160000Z", "STATUS:CANCELLED"),
        one("DTSTART;VALUE=DATE:20260701", "SUMMARY:Birthday"),
        one("DTSTART;TZID=Nowhere:20260701T170000", "DURATION:PT1H"),
        one("DTSTART:20260701T180000Z", "DURATION:PT0S"),
        b"noise",
    ]
    spans = [(w.start.hour, w.end.hour) for w in ics.busy(held, day)]
    assert spans == [(0, 1), (10, 12)]
    assert len(ics.busy([one("DTSTART;VALUE=DATE:20260701", "TRANSP:OPAQUE")], day)) == 1
    declined = one("DTSTART:20260701T100000Z", "DTEND:20260701T110000Z")
    assert ics.busy([declined], day, me=frozenset({VERA})) == []
