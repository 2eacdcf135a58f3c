"""The opening of one letter's text, from every mailbox alike: decoded, without attachments, and nothing is changed."""

from __future__ import annotations

from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

import pytest

from daemon.core.model import Mail
from daemon.core.own_words import OPENING
from tests.contract.rig import MAIL, ME, Rig
from tests.contract.samples import ANNA, KNOWN, NOW, mail
from tests.contract.test_mail_source import folder, go

CAPABILITY = MAIL

RUSSIAN = "Добрый день!\n\nЗнакомьтесь: Олег, это Петра. Ещё раз спасибо за встречу."


def letter() -> EmailMessage:
    made = EmailMessage(policy=SMTP)
    for name, value in (("From", ANNA), ("To", ME), ("Subject", "News"), ("Message-ID", "<1@example.com>")):
        made[name] = value
    made["Date"] = format_datetime(NOW)
    return made


def texts(rig: Rig, raw: bytes) -> str:
    rig.allow_texts()
    handle = rig.add_mail("INBOX", raw)
    before = rig.mailbox()
    (found,) = [i for i in go(rig).items if isinstance(i, Mail)]
    source = rig.connection().texts
    assert source is not None
    stream = folder(rig, "INBOX").name
    text = source.text(stream, found.item_id)
    assert rig.mailbox() == before  # not even read marks
    assert source.text(stream, found.item_id) == text
    rig.delete_mail(handle)
    assert source.text(stream, found.item_id) == ""
    return text


def words(text: str) -> list[str]:
    return text.split()


@pytest.mark.parametrize(
    ("charset", "encoding"),
    [("utf-8", "8bit"), ("utf-8", "base64"), ("koi8-r", "base64"), ("windows-1251", "quoted-printable")],
)
def test_plain_text_in_any_encoding(rig: Rig, charset: str, encoding: str) -> None:
    made = letter()
    made.set_content(RUSSIAN, charset=charset, cte=encoding)
    assert words(texts(rig, made.as_bytes())) == words(RUSSIAN)


def test_html_alone_is_read_as_it_looks(rig: Rig) -> None:
    made = letter()
    html = f"<html><head><style>p {{color: red}}</style></head><body><p>{RUSSIAN}</p><p>Caf&eacute;<br>bar</p></body>"
    made.set_content(html, subtype="html", charset="utf-8", cte="quoted-printable")
    assert words(texts(rig, made.as_bytes())) == [*words(RUSSIAN), "Café", "bar"]


def test_the_text_among_other_parts(rig: Rig) -> None:
    made = letter()
    made.set_content("Dear Petra,\n\nmy own words.\n")
    made.add_alternative("<p>Dear Petra,</p><p>my own words.</p>", subtype="html")
    made.add_attachment("Somebody else's words.", filename="notes.txt")
    made.add_attachment(b"%PDF" + bytes(range(256)) * 40, maintype="application", subtype="pdf", filename="cv.pdf")
    assert words(texts(rig, made.as_bytes())) == "Dear Petra, my own words.".split()


def test_a_letter_without_text_has_none(rig: Rig) -> None:
    made = letter()
    made.add_attachment(b"%PDF" + bytes(1000), maintype="application", subtype="pdf", filename="cv.pdf")
    assert texts(rig, made.as_bytes()).strip() == ""


def test_of_much_text_only_the_opening(rig: Rig) -> None:
    made = letter()
    made.set_content("A line that goes on.\n" * 5_000)
    text = texts(rig, made.as_bytes())
    assert len(text) <= OPENING
    assert text.startswith("A line that goes on.")


def test_beside_a_huge_attachment_the_text_is_found(rig: Rig) -> None:
    made = letter()
    made.set_content("Short words.\n")
    made.add_attachment(bytes(300_000), maintype="application", subtype="zip", filename="all.zip")
    assert words(texts(rig, made.as_bytes())) == ["Short", "words."]


def test_reading_headers_asks_for_no_text(rig: Rig) -> None:
    """The servers that can tell complain of any body asked for; `Rig.allow_texts` was not called here."""
    rig.add_mail("INBOX", mail(1))
    assert len(go(rig, interest=KNOWN).items) == 1


def test_an_id_of_nothing_has_no_text(rig: Rig) -> None:
    rig.allow_texts()
    rig.add_mail("INBOX", mail(1))
    (found,) = [i for i in go(rig).items if isinstance(i, Mail)]
    handle = rig.add_mail("INBOX", mail(2))
    (other,) = [i for i in go(rig).items if isinstance(i, Mail) and i.item_id != found.item_id]
    rig.delete_mail(handle)
    source = rig.connection().texts
    assert source is not None
    stream = folder(rig, "INBOX").name
    assert source.text(stream, other.item_id) == ""
    assert "this is the body" in source.text(stream, found.item_id)
