"""What the writer of a letter wrote in it: without what they quote, forward, or sign with. Pure."""

from __future__ import annotations

import re

OPENING = 16_384
"""Characters of a letter's text that are looked at. News of this kind stand at its beginning."""

_QUOTED = re.compile(r"\s*(?:>|\|\s?>)")
# RFC 3676 4.3; many programs lose the blank after the two dashes
_SIGNATURE = re.compile(r"--\s*\Z")
_SENT_FROM = re.compile(r"(?:sent from my |get outlook for |отправлено с |отправлено из )", re.I)
# The rule that Outlook, Apple Mail and others draw above what they quote or forward whole.
_REST_IS_OLD = re.compile(
    r"[-_*= ]*(?:original message|forwarded message|forwarded by\b.*|begin forwarded message:?|reply message"
    r"|исходное сообщение|пересылаемое сообщение|пересланное сообщение|начало переадресованного сообщения:?"
    r"|конец пересылаемого сообщения|ursprüngliche nachricht|weitergeleitete nachricht|message d.origine"
    r")[-_*= ]*\Z",
    re.I,
)
_RULE = re.compile(r"_{10,}\s*\Z")
_ATTRIBUTION = re.compile(
    r"(?:.{0,300}\b(?:wrote|writes)\s*:"
    r"|.{0,300}(?<!\w)(?:пишет|писал|писала|написал|написала|написал\(а\)|пишут)\s*:"
    r"|(?:am|le|el|il|em|op)\b.{0,300}\b(?:schrieb.{0,80}|schreef.{0,80}|a écrit|escribió|ha scritto|escreveu)\s*:"
    r")\s*\Z",
    re.I | re.S,
)
_DAY = re.compile(r"\d|@")
# Webmail in Russia names the day, the hour and the address, and no verb.
_ADDRESSED = re.compile(r"\b\d{1,2}[:.]\d\d\b.{0,300}<[^<>\s]+@[^<>\s]+>\s*:\s*\Z", re.S)
_FIELD = re.compile(
    r"\s*\*?(from|sent|date|to|cc|subject|от|от кого|отправлено|дата|кому|копия|тема|von|gesendet|an|betreff|de|envoyé"
    r"|à|objet)\s*:",
    re.I,
)
_FROM = frozenset({"from", "от", "от кого", "von", "de"})


def own_words(text: str) -> str:
    """The writer's own words, in their paragraphs, from the first `OPENING` characters.

    Lines marked as quoted are left out; what a program put below "On ... wrote:", below a forwarded letter's head or
    below the signature's dashes ends the letter. In doubt a line is taken for quoted. Never raises.
    """
    lines = text[:OPENING].replace("\r\n", "\n").replace("\r", "\n").replace("\xa0", " ").split("\n")
    kept: list[str] = []
    at = 0
    while at < len(lines):
        line = lines[at]
        if _QUOTED.match(line):
            kept.append("")  # a quotation parts what stands above it from what stands below
            at += 1
            continue
        bare = line.strip()
        ends = _SIGNATURE.match(line) or _RULE.match(bare) or _REST_IS_OLD.match(bare) or _SENT_FROM.match(bare)
        if ends or _is_head(lines, at):
            break
        length = _attribution(lines, at)
        if length:
            if not _quoted_below(lines, at + length):
                break
            kept.append("")
            at += length
            continue
        kept.append(line)
        at += 1
    return "\n".join(kept).strip()


def _is_head(lines: list[str], at: int) -> bool:
    """The head of an older letter, as Outlook writes it out: From, Sent, To, Subject, below one another."""
    first = _FIELD.match(lines[at])
    if not first or first[1].lower() not in _FROM:
        return False
    names = {found[1].lower() for line in lines[at : at + 8] if (found := _FIELD.match(line))}
    return len(names) >= 3


def _attribution(lines: list[str], at: int) -> int:
    """How many lines a program's "On <day>, <somebody> wrote:" takes here, folded or not; 0 where there is none."""
    if not lines[at].strip():
        return 0
    for length in (1, 2, 3):
        some = lines[at : at + length]
        if len(some) < length or not some[-1].strip():
            return 0
        said = " ".join(line.strip() for line in some)
        if not some[-1].rstrip().endswith(":"):
            continue
        if (_ATTRIBUTION.match(said) and _DAY.search(said)) or _ADDRESSED.search(said):
            return length
    return 0


def _quoted_below(lines: list[str], at: int) -> bool:
    return any(_QUOTED.match(line) for line in lines[at : at + 3])
