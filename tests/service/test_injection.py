"""Mail is data: whatever a name, a company, a title, a note or a city holds, letters and events stay what they are.

Each fact a letter or reminder may show is hostile at once, and everything is looked at as it lies on the backend.
"""

from __future__ import annotations

import itertools
import re
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from daemon.core.model import Form
from daemon.core.reasons import ACHIEVEMENT, INTRODUCTION, JOB, RECOMMENDATION
from daemon.service import contacts as book
from daemon.service import giving, hand, noting, telling
from daemon.service.judging import Rules
from daemon.service.people_files import read_paths
from daemon.store import agendas, reasons
from tests.contract.rig import ME, SeenEvent
from tests.service.house import SECRET, House

DAY = timedelta(days=1)
HEADERS = {"from", "to", "subject", "date", "message-id", "content-language", "mime-version", "content-type"}
PROPERTIES = {
    "BEGIN", "VERSION", "PRODID", "UID", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY", "DESCRIPTION", "CLASS", "TRANSP",
    "CATEGORIES", "X-KITH-KEY", "ACTION", "TRIGGER", "END",
}  # fmt: skip
TAGS = {"p", "/p", "br", "ul", "/ul", "li", "/li", "a", "/a", "/body", "/html"}
UNSEEN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]")
SHARED = "https://example.org/gardens"
SPOKEN = ("en", "ru")

HOSTILE = {
    "line breaks": "Ann\r\nBcc: eve@example.test\r\n\r\nATTENDEE:mailto:eve@example.test\nX",
    "a template": "{{7*7}} {% raw %} {{ ''.__class__.__mro__ }}",
    "HTML": "<img src=x onerror=alert(1)> </p><script>1</script> &lt;b&gt;",
    "bidi": "\u202egnp.exe\u2066\u200f Ann \ufeff",
    "a formula": "=cmd|' /C calc'!A0",
    "encoded words": "=?utf-8?q?Ann_=0D=0ABcc=3A_eve=40example=2Etest?=",
    "ten thousand letters": "A" * 10_000,
    "an address": 'Ann" <eve@example.test>, "x',
    "separators": "Анна\u2028Вымышленная\x00\x1b[31m\u0085Bcc: eve@example.test",
    "Markdown": "[a](javascript:alert(1)) ![b](https://evil.test/x.png) <https://evil.test>",
    "iCalendar": "a\\nATTENDEE:mailto:eve@example.test\\, b;c:d END:VEVENT",
}


def hostile_house(house: House, first: int, language: str, folder: Path) -> None:
    """Every sort of letter and reminder; each fact in turn is the next of `HOSTILE`, from the ``first`` on."""
    in_turn = itertools.islice(itertools.cycle(HOSTILE.values()), first, None)
    numbers = iter(range(1, 90))

    def bad() -> str:
        return next(in_turn)

    def person(**fields: str) -> tuple[int, str]:
        n = next(numbers)
        given = {name: bad() for name in ("given", "patronymic", "organisation", "title")} | fields
        address = f"p{n}@example.org"
        # what one is called begins with the number, except where it matters that it does not
        name = bad() if n % 2 else f"{n} {bad()}"
        return house.person(name, address, circles=(f"c{n}",), language=language, **given), address

    today, rules = house.clock.date(), Rules(house.settings.policies, house.clock)
    met_there = folder / "met.txt"
    met_there.write_text("Eve Met <p90@example.org>\n")
    house.enable()
    company, city = f"{bad()} & Sons"[-150:], bad()
    person(birthday=f"--{today:%m-%d}")
    person(organisation=company)
    person(city=city)
    with house.store.write() as conn:
        reasons.put_company(conn, company, f"2001-{today:%m-%d}", house.clock)
        telling.travel(conn, [city], (today + 3 * DAY, today + 5 * DAY), today, house.clock)
        noting.gathered(
            conn, rules, bad(), (today - DAY, today - DAY), read_paths([met_there]),
            circle="conference", secret=SECRET, me=[ME],
        )  # fmt: skip
        book.edit(conn, rules, book.find(conn, "p90@example.org"), book.Change(fields={"language": language}))
    for kind in (ACHIEVEMENT, JOB, RECOMMENDATION, INTRODUCTION):
        who, _ = person()
        with house.store.write() as conn:
            noting.note(conn, who, kind, bad(), today, house.clock)
    for step in ("", bad()):
        who, _ = person()
        with house.store.write() as conn:
            hand.log_contact(
                conn, rules, who, Form.MEETING, house.clock - timedelta(hours=1),
                topic=bad(), note=bad(), next_step=step, by=today if step else None,
            )  # fmt: skip
            agendas.add(conn, who, bad(), house.clock)
    (_, one), (_, other), (_, third), (fourth, _) = person(), person(), person(), person()
    with house.store.write() as conn:
        giving.introduce(conn, house.settings, SPOKEN, (one, other), {language: bad()}, house.clock)
        giving.share(conn, house.settings, SPOKEN, SHARED, [third], {language: bad()}, bad(), house.clock)
        agendas.add(conn, fourth, bad(), house.clock)
        news = {language: bad()}
        telling.tell(conn, news, {language: bad()}, house.clock, circles=["c13"], old=[], new=[])


@pytest.mark.memory_only  # and on a real Maildir: what the rest of the backends add is theirs, not a letter's
@pytest.mark.parametrize("house", ["memory", "local"], indirect=True)
@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("first", [0, 5])
def test_nothing_gets_out_of_its_place(house: House, first: int, language: str, tmp_path: Path) -> None:
    hostile_house(house, first, language, tmp_path)
    for _ in range(4):
        house.cycle(after=timedelta(hours=20))
    (rig,) = house.rigs.values()
    made = {r.purpose for r in house.ledger(kind="draft")}
    assert made == {"thanks", "congratulations", "introduce", "share", "news", "visit"}
    assert len(rig.drafts()) >= 12
    for raw in rig.drafts():
        harmless_letter(raw)
    events = rig.reminders()
    assert {r.purpose for r in house.ledger(kind="reminder")} >= {"promise", "keep-in-touch"}
    for event in events:
        harmless_event(event)


def harmless_letter(raw: bytes) -> None:
    head = raw.replace(b"\r\n", b"\n").partition(b"\n\n")[0].decode("ascii")
    fields = [line.partition(":")[0].lower() for line in head.split("\n") if line[0] not in " \t"]
    assert sorted(fields) == sorted(set(fields)) and set(fields) <= HEADERS | {"in-reply-to", "references"}
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    (to,), (sender,) = message["To"].addresses, message["From"].addresses
    assert re.fullmatch(r"p\d+@example\.org", to.addr_spec) and sender.addr_spec == ME
    assert 0 < len(str(message["Subject"])) <= 150
    assert not UNSEEN.search(str(message["Subject"]))
    assert [part.get_content_type() for part in message.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    for part in message.iter_parts():
        text = str(part.get_content()).replace("\r\n", "\n")
        assert not UNSEEN.search(text)
        assert "49" not in text, "a template ran"
        assert len(text) < 25_000
        if part.get_content_type() == "text/html":
            body = text.partition("<body>")[2]
            assert set(re.findall(r"<(/?\w*)", body)) <= TAGS
            assert set(re.findall(r"<\w+ ([^>]*)>", body)) <= {
                f'href="{SHARED}"',
                'href="https://evil.test/x.png"',
                'href="https://evil.test"',
            }


def harmless_event(event: SeenEvent) -> None:
    text = event.raw.decode()
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    text = re.sub(r"BEGIN:VTIMEZONE.*?END:VTIMEZONE\r\n", "", text, flags=re.DOTALL)
    lines = text.replace("\r\n ", "").split("\r\n")
    names = [re.split("[:;]", line)[0] for line in lines if line]
    assert set(names) <= PROPERTIES, set(names) - PROPERTIES
    assert sum(line == "BEGIN:VEVENT" for line in lines) == 1 == names.count("UID")
    shown = [line for line in lines if line.startswith(("SUMMARY", "DESCRIPTION"))]
    assert shown and not any(UNSEEN.search(line) for line in lines)
    for line in shown:
        assert "<" not in line and ">" not in line, "Google's calendar takes it for HTML"
        assert "49" not in line
        assert len(line) < 4000
