"""What a message's headers say of automation: bulk mail, auto-replies, bounces, invitations.

Pure text in, `Signal`s out. Nothing here is a verdict: `decisive` says which signals settle the matter alone,
and `core.verdict` does the rest.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from daemon.core.address import is_no_reply
from daemon.core.model import Signal

HINTS = frozenset({Signal.LIST, Signal.NO_REPLY, Signal.PROMOTED, Signal.SUPPRESS})
"""Signals that do not decide alone: such mail counts only if the user answered it.

A person may write through a list; a no-reply address may be a tool a person pressed "send" in (an applicant
tracking system); Exchange puts X-Auto-Response-Suppress on ordinary mail; Gmail's sorting errs.
"""

AUTO_REPLY_FIELDS = frozenset({"x-autoreply", "x-autorespond", "x-autoreply-from", "x-auto-reply-from"})
"""Set by vacation programs that are older than RFC 3834, or never heard of it."""

_TELLING = AUTO_REPLY_FIELDS | {
    "auto-submitted",
    "return-path",
    "precedence",
    "list-id",
    "list-post",
    "list-unsubscribe",
    "feedback-id",
}

# Phrases no person begins a subject with, as mail servers and clients put them there.
_SURE = (
    # English, Russian, Ukrainian, Bulgarian
    r"auto(?:matic|mated|mated email)?[ -]?(?:reply|response|answer)\b",
    r"out[ -]of[ -]office[ -](?:auto(?:matic)?[ -]?)?(?:reply|response|message|notification)\b",
    r"автоматический ответ\b",
    r"авто[ -]?ответ(?:чик)?\b",
    r"автоматична відповідь\b",
    r"авто[ -]?відповідь\b",
    r"автоматичен отговор\b",
    # German, Dutch, Scandinavian, Finnish
    r"automatische antwort\b",
    r"abwesenheits(?:notiz|meldung|nachricht|assistent|benachrichtigung)\b",
    r"automatisch antwoord\b",
    r"afwezigheids(?:bericht|melding|assistent)\b",
    r"auto(?:matiskt |matisk )?svar\b",
    r"frånvaromeddelande\b",
    r"automaattinen vastaus\b",
    # French, Spanish, Italian, Portuguese, Romanian
    r"réponse automatique\b",
    r"reponse automatique\b",
    r"message (?:automatique )?d.absence\b",
    r"respuesta automática\b",
    r"respuesta automatica\b",
    r"risposta automatica\b",
    r"resposta automática\b",
    r"resposta automatica\b",
    r"răspuns automat\b",
    # Polish, Czech, Slovak, Hungarian, Turkish, Greek
    r"autoodpowiedź\b",
    r"odpowiedź automatyczna\b",
    r"automatyczna odpowiedź\b",
    r"automatická odpověď\b",
    r"automatická odpoveď\b",
    r"automatikus válasz\b",
    r"otomatik yanıt\b",
    r"αυτόματη απάντηση\b",
    # Chinese, Japanese, Korean
    r"自动回复",
    r"自動回覆",
    r"自動応答",
    r"自動返信",
    r"자동 ?회신",
)
# Phrases a person may begin with ("Out of office party"): only before a colon or dash, or as the whole subject.
_WHEN_SET_OFF = (
    r"out of (?:the )?office",
    r"ooo",
    r"away from (?:the office|my mail|my desk)",
    r"on (?:vacation|holiday|annual leave|parental leave|maternity leave)",
    r"вне офиса",
    r"нет на (?:рабочем )?месте",
    r"(?:я )?(?:сейчас )?в отпуске",
    r"отсутстви[ея] (?:в офисе|на (?:рабочем )?месте)",
    r"поза офісом",
    r"(?:я )?у відпустці",
    r"abwesend(?:heit)?",
    r"abwesenheit",
    r"(?:ich bin )?nicht im b(?:ü|ue)ro",
    r"afwezig(?:heid)?",
    r"absen(?:ce|t|te) du bureau",
    r"(?:je suis )?absente?",
    r"fuera de (?:la )?oficina",
    r"ausencia(?: de la oficina)?",
    r"fuori (?:sede|ufficio)",
    r"assen(?:za|te) (?:dall.)ufficio",
    r"fora do escrit(?:ó|o)rio",
    r"aus(?:ê|e)ncia(?: tempor(?:á|a)ria| do escrit(?:ó|o)rio)?",
    r"poza biurem",
    r"nieobecno(?:ść|sc)(?: w biurze)?",
    r"mimo kancelář",
)
# of a lower-case subject: a pattern that ignores case takes ten times as long to say no
_AUTO_REPLY_SUBJECT = re.compile(
    rf"\s*[\[(]?\s*(?:(?:{'|'.join(_SURE)})|(?:{'|'.join(_WHEN_SET_OFF)})\s*(?:[:\])–—]|-\s|$|re:|aw:))"
)

_BOUNCE_SUBJECT = re.compile(
    r"\s*(?:undeliver(?:able|ed)\b|delivery (?:status notification|failure|has failed|report)"
    r"|mail delivery (?:failed|system)"
    r"|failure notice|returned mail|non[ -]?delivery|delivery error|не ?доставлено|недоставленное сообщение"
    r"|сообщение не доставлено|unzustellbar|échec de (?:la )?remise|no se puede entregar|mancato recapito"
    r"|onbestelbaar|niedostarczon)",
    re.IGNORECASE,
)
_CALENDAR_SENDERS = frozenset({"calendar-notification@google.com", "calendar-server@google.com"})


def is_auto_reply_subject(subject: str) -> bool:
    """Whether the subject is one an absence notice begins with, in the languages shipped.

    A person's answer to such a notice ("Re: Automatic reply") is not one.
    """
    return _AUTO_REPLY_SUBJECT.match(subject.lower()) is not None


def signals(fields: Mapping[str, str], sender: str, subject: str) -> frozenset[Signal]:
    """Everything the headers say of automation.

    Args:
        fields: header values by lower-case name, unfolded; of a repeated field any one value will do.
        sender: the normalised From address ("" where there is none or several).
        subject: the decoded subject.
    """
    found: set[Signal] = set()
    content_type = fields.get("content-type", "").lower()
    if not _TELLING.isdisjoint(fields):  # ordinary mail has none of them
        _rfc3834(fields, found)
        _bulk(fields, found)
    if _is_bounce(fields, content_type, sender, subject):
        found.add(Signal.BOUNCE)
    elif content_type.startswith("multipart/report"):
        # a receipt (RFC 8098) or an abuse report (RFC 5965): no person wrote it
        found.add(Signal.AUTO_REPLY if "disposition-notification" in content_type else Signal.AUTO_SUBMITTED)
    elif is_auto_reply_subject(subject):
        found.add(Signal.AUTO_REPLY)
    if _is_invitation(fields, content_type):
        found.add(Signal.INVITATION)
    if sender and is_no_reply(sender):
        found.add(Signal.NO_REPLY)
    if fields.get("x-auto-response-suppress", "").strip().lower() not in ("", "none"):
        found.add(Signal.SUPPRESS)
    return frozenset(found)


def decisive(signal: Signal) -> bool:
    """Whether this signal alone means that no person wrote the message to the user; see `HINTS` for the rest."""
    return signal not in HINTS


def _rfc3834(fields: Mapping[str, str], found: set[Signal]) -> None:
    # RFC 3834 5: auto-generated, auto-replied, auto-notified (RFC 5436), with parameters after a semicolon
    submitted = fields.get("auto-submitted", "").partition(";")[0].partition("(")[0].strip().lower()
    if submitted and submitted != "no":
        found.add(Signal.AUTO_SUBMITTED)
        if submitted == "auto-replied":
            found.add(Signal.AUTO_REPLY)
    if not AUTO_REPLY_FIELDS.isdisjoint(fields) and any(
        fields.get(name, "").strip().lower() not in ("", "no") for name in AUTO_REPLY_FIELDS
    ):
        found.add(Signal.AUTO_REPLY)
    if fields.get("return-path", "").replace(" ", "") == "<>":
        found.add(Signal.NULL_RETURN_PATH)


def _bulk(fields: Mapping[str, str], found: set[Signal]) -> None:
    precedence = fields.get("precedence", "").strip().lower()
    listed = bool(fields.get("list-id") or fields.get("list-post")) or precedence == "list"
    if listed:
        found.add(Signal.LIST)
    elif fields.get("list-unsubscribe"):
        found.add(Signal.UNSUBSCRIBE)
    # Mailman 2 and Majordomo write "bulk" on what people post to a list: there the list is the signal
    if precedence == "junk" or (precedence == "bulk" and not listed):
        found.add(Signal.BULK)
    if precedence in ("auto_reply", "auto-reply"):
        found.add(Signal.AUTO_REPLY)
    if fields.get("feedback-id"):
        found.add(Signal.FEEDBACK_ID)


def _is_bounce(fields: Mapping[str, str], content_type: str, sender: str, subject: str) -> bool:
    if fields.get("x-failed-recipients") or "delivery-status" in content_type:
        return True
    if sender.partition("@")[0] == "mailer-daemon" or fields.get("from", "").lower().startswith("mailer-daemon"):
        return True  # some write a bare MAILER-DAEMON without a domain
    # Exchange and other gateways: postmaster, or a null return path with a subject that says so
    from_desk = sender.partition("@")[0] == "postmaster" or fields.get("return-path", "").strip() == "<>"
    return from_desk and _BOUNCE_SUBJECT.match(subject) is not None


def _is_invitation(fields: Mapping[str, str], content_type: str) -> bool:
    if content_type.startswith("text/calendar"):
        return True
    # Exchange marks requests, answers and cancellations alike; Google sends them in the organiser's name
    if fields.get("content-class", "").strip().lower() == "urn:content-classes:calendarmessage":
        return True
    sender = fields.get("sender", "").lower()
    return bool(sender) and any(address in sender for address in _CALENDAR_SENDERS)
