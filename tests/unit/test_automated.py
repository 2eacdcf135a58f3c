"""What headers say of automation, rule by rule."""

from __future__ import annotations

import pytest

from daemon.core.automated import HINTS, decisive, is_auto_reply_subject, signals
from daemon.core.model import Signal


def of(author: str = "anna@example.org", subject: str = "Hello", /, **fields: str) -> frozenset[Signal]:
    return signals({name.replace("_", "-"): value for name, value in fields.items()}, author, subject)


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({}, set()),
        ({"auto_submitted": "no"}, set()),
        ({"auto_submitted": "No (really)"}, set()),
        ({"auto_submitted": "auto-generated"}, {Signal.AUTO_SUBMITTED}),
        ({"auto_submitted": "Auto-Replied; owner=x"}, {Signal.AUTO_SUBMITTED, Signal.AUTO_REPLY}),
        ({"x_autoreply": "yes"}, {Signal.AUTO_REPLY}),
        ({"x_autoreply": "no"}, set()),
        ({"x_autorespond": "vacation"}, {Signal.AUTO_REPLY}),
        ({"precedence": "auto_reply"}, {Signal.AUTO_REPLY}),
        ({"precedence": "bulk"}, {Signal.BULK}),
        ({"precedence": "junk"}, {Signal.BULK}),
        ({"precedence": "first-class"}, set()),
        ({"precedence": "list"}, {Signal.LIST}),
        ({"list_id": "<l.example.org>"}, {Signal.LIST}),
        ({"list_post": "<mailto:l@example.org>"}, {Signal.LIST}),
        ({"list_id": "<l.example.org>", "precedence": "bulk", "list_unsubscribe": "<x>"}, {Signal.LIST}),
        ({"list_id": "<l.example.org>", "precedence": "junk"}, {Signal.LIST, Signal.BULK}),
        ({"list_unsubscribe": "<https://example.org/u>"}, {Signal.UNSUBSCRIBE}),
        ({"feedback_id": "1:2:3:x"}, {Signal.FEEDBACK_ID}),
        ({"return_path": "<>"}, {Signal.NULL_RETURN_PATH}),
        ({"return_path": "< >"}, {Signal.NULL_RETURN_PATH}),
        ({"return_path": "<anna@example.org>"}, set()),
        ({"return_path": ""}, set()),
        ({"x_auto_response_suppress": "All"}, {Signal.SUPPRESS}),
        ({"x_auto_response_suppress": "None"}, set()),
        ({"content_type": "text/calendar; method=REQUEST"}, {Signal.INVITATION}),
        ({"content_class": "urn:content-classes:calendarmessage"}, {Signal.INVITATION}),
        ({"content_class": "urn:content-classes:message"}, set()),
        ({"sender": "Google Calendar <calendar-notification@google.com>"}, {Signal.INVITATION}),
        ({"content_type": "multipart/report; report-type=delivery-status"}, {Signal.BOUNCE}),
        ({"content_type": 'multipart/report; report-type="disposition-notification"'}, {Signal.AUTO_REPLY}),
        ({"content_type": "multipart/report; report-type=feedback-report"}, {Signal.AUTO_SUBMITTED}),
        ({"content_type": "multipart/mixed"}, set()),
        ({"x_failed_recipients": "b@example.net"}, {Signal.BOUNCE}),
        ({"from": "MAILER-DAEMON (Mail System)"}, {Signal.BOUNCE}),
        ({"sender": "mailer-daemon@example.org"}, set()),
    ],
)
def test_fields(fields: dict[str, str], wanted: set[Signal]) -> None:
    assert of(**fields) == wanted


@pytest.mark.parametrize(
    ("sender", "subject", "wanted"),
    [
        ("mailer-daemon@mx.example.net", "whatever", {Signal.BOUNCE, Signal.NO_REPLY}),
        ("postmaster@example.net", "Undeliverable: Hello", {Signal.BOUNCE, Signal.NO_REPLY}),
        ("postmaster@example.net", "Не доставлено: привет", {Signal.BOUNCE, Signal.NO_REPLY}),
        ("postmaster@example.net", "About your account", {Signal.NO_REPLY}),
        ("anna@example.org", "Undeliverable: what a word", set()),
        ("noreply@example.org", "Hello", {Signal.NO_REPLY}),
        ("", "Hello", set()),
    ],
)
def test_senders(sender: str, subject: str, wanted: set[Signal]) -> None:
    assert of(sender, subject) == wanted


def test_a_null_return_path_with_a_telling_subject_is_a_bounce() -> None:
    assert Signal.BOUNCE in of("mx@example.net", "Mail delivery failed: returning message", return_path="<>")
    assert Signal.BOUNCE not in of("mx@example.net", "Your receipt", return_path="<>")


@pytest.mark.parametrize(
    "subject",
    """Automatic reply: Hello|Auto-Reply: x|AutoReply|Automated response|Out of Office: back on Monday|Out of office
OOO - back soon|Out-of-office reply: x|Автоматический ответ: Встреча|Автоответ|Вне офиса|В отпуске: Re: встреча
Нет на рабочем месте|Автоматична відповідь: так|Поза офісом|Automatische Antwort: Termin|Abwesenheitsnotiz
Abwesend: Termin|Réponse automatique : Bonjour|Absence du bureau|Message d'absence|Respuesta automática: Hola
Fuera de la oficina|Risposta automatica: Ciao|Fuori sede|Resposta automática: Olá|Fora do escritório: x
Automatisch antwoord: Hallo|Afwezig: x|Afwezigheidsbericht|Odpowiedź automatyczna: x|Autoodpowiedź|Poza biurem
Automatiskt svar: x|Autosvar: x|Automatická odpověď: x|Automatikus válasz: x|Otomatik yanıt: x|自动回复: 你好|自動返信
[Auto-Reply] x|(Out of office) x""".replace("\n", "|").split("|"),
)
def test_absence_notices_in_many_languages(subject: str) -> None:
    assert is_auto_reply_subject(subject)
    assert Signal.AUTO_REPLY in of("anna@example.org", subject)


@pytest.mark.parametrize(
    "subject",
    """Re: Automatic reply: Hello|Out of office party on Friday|В отпуске мы видели море|Absent friends|Autobahn
OOO rule of three|Fuera de la oficina nos vemos|Отпуск|Answer|Reply|Автоответственность|Ausencias y vacaciones
On holiday plans|Svar|""".replace("\n", "|").split("|"),
)
def test_people_s_subjects_are_no_notices(subject: str) -> None:
    assert not is_auto_reply_subject(subject)


def test_what_decides_alone() -> None:
    assert {signal for signal in Signal if not decisive(signal)} == HINTS
    assert {Signal.LIST, Signal.NO_REPLY, Signal.PROMOTED, Signal.SUPPRESS} == HINTS
