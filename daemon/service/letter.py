"""A letter's text: from the user's Markdown, without gaps, signed once; and its minimal HTML twin."""

from __future__ import annotations

import re
from html import escape

_LINK = re.compile(r"\[([^\]\n]+)\]\((https?://[^\s)]+|mailto:[^\s)]+)\)")
_STRONG = re.compile(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1", re.DOTALL)
_EMPHASIS = re.compile(r"(?<![\w*])([*_])(?=\S)([^*_\n]+?)(?<=\S)\1(?![\w*])")
_CODE = re.compile(r"`([^`\n]+)`")
_ITEM = re.compile(r"\s*(?:[-*+]|(\d{1,3}[.)]))\s+(?=\S)")
_HEADING = re.compile(r"#{1,6}\s+(.*?)\s*#*\Z")
_RULE = re.compile(r"\s*(?:-\s*){3,}\Z|\s*(?:\*\s*){3,}\Z")
_URL = re.compile(r"https?://[^\s<>\"«»“”]+")


def flatten(markdown: str) -> str:
    """The user's Markdown as plain text a reader takes for a letter.

    Soft line breaks inside a paragraph are joined (two spaces at a line's end keep the break), lists keep their
    dashes or numbers, marks of emphasis, headings and code are dropped, ``[text](address)`` becomes
    ``text (address)``.
    """
    paragraphs: list[str] = []
    for block in re.split(r"\n[ \t]*\n", markdown.strip("\n")):
        lines = _lines(block)
        if lines:
            paragraphs.append(_inline("\n".join(lines)))
    return "\n\n".join(paragraphs)


def _lines(block: str) -> list[str]:
    lines: list[str] = []
    joins = False  # whether the next plain line belongs to the last one
    for line in block.split("\n"):
        heading = _HEADING.match(line)
        item = _ITEM.match(line)
        if not line.strip() or _RULE.match(line):
            joins = False
        elif heading:
            lines.append(heading[1])
            joins = False
        elif item:
            lines.append(f"{item[1] or '-'} {line[item.end() :].strip()}")
            joins = not line.endswith("  ")
        else:
            text = line.strip()
            if joins:
                lines[-1] += f" {text}"
            else:
                lines.append(text)
            joins = not line.endswith("  ")
    return lines


def _inline(text: str) -> str:
    def link(match: re.Match[str]) -> str:
        label, address = match[1], match[2].removeprefix("mailto:")
        return address if label == address else f"{label} ({address})"

    text = _LINK.sub(link, text)
    kept: list[str] = []  # addresses keep their underscores and asterisks

    def keep(match: re.Match[str]) -> str:
        kept.append(match[0])
        return f"\x00{len(kept) - 1}\x00"

    text = _URL.sub(keep, text)
    text = _CODE.sub(r"\1", _EMPHASIS.sub(r"\2", _STRONG.sub(r"\2", text)))
    return re.sub("\x00(\\d+)\x00", lambda m: kept[int(m[1])], text)


def tidy(text: str) -> str:
    """Dropped sentences leave no gap: no double spaces, no spaces at line ends, at most one empty line in a row."""
    lines = [re.sub(r"(?<=\S) {2,}", " ", line).strip() for line in text.split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")


def signed(body: str, signature: str) -> str:
    """The body with the signature below, once: a template that printed it itself gets no second one."""
    return f"{body}\n" if not signature or body.endswith(signature) else f"{body}\n\n{signature}\n"


def to_html(text: str, language: str = "") -> str:
    """A minimal HTML twin of a plain text letter: paragraphs, lists, links; everything escaped, no styles.

    It exists because clients that wrap plain text spoil it, and says exactly what the text says.
    """
    body = "\n".join(_block(block) for block in re.split(r"\n{2,}", text.strip("\n")))
    lang = f' lang="{escape(language)}"' if language else ""
    return f'<!DOCTYPE html>\n<html{lang}>\n<head><meta charset="utf-8"></head>\n<body>\n{body}\n</body>\n</html>\n'


def _block(block: str) -> str:
    lines = block.split("\n")
    first = next((i for i, line in enumerate(lines) if line.startswith("- ")), len(lines))
    if first < len(lines) and all(line.startswith("- ") for line in lines[first:]):
        items = "".join(f"<li>{_linked(line[2:])}</li>" for line in lines[first:])
        lead = f"<p>{'<br>'.join(map(_linked, lines[:first]))}</p>\n" if first else ""
        return f"{lead}<ul>{items}</ul>"
    return "<p>" + "<br>\n".join(map(_linked, lines)) + "</p>"


def _linked(line: str) -> str:
    out, at = [], 0
    for match in _URL.finditer(line):
        url = match[0].rstrip(".,;:!?…")
        if url.endswith(")") and "(" not in url:
            url = url.rstrip(")").rstrip(".,;:!?…")
        out += [escape(line[at : match.start()]), f'<a href="{escape(url)}">{escape(url)}</a>']
        at = match.start() + len(url)
    return "".join(out) + escape(line[at:])
