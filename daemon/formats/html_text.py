"""A piece of HTML as the lines a reader sees, without what mail programs mark as quoted."""

from __future__ import annotations

from html.parser import HTMLParser

from daemon.formats.html_words import UNSEEN

LINES = frozenset({"br", "div", "li", "tr", "table", "ul", "ol", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "pre"})
"""Elements that begin a line; a paragraph leaves one empty."""

VOID = frozenset({"br", "hr", "img", "meta", "link", "input", "area", "base", "col", "embed", "source", "wbr"})
MARKS = ("gmail_quote", "gmail_signature", "moz-cite-prefix", "moz-signature", "yahoo_quoted", "protonmail_quote")
"""Classes of what is quoted, introduces it, or signs."""

OLDER = ("appendonsend", "divRplyFwdMsg", "mail-editor-reference-message-container")
"""Outlook's names of where the older letter begins: nothing below is the writer's."""

MOST = 64 * 1024
"""Characters that are looked at, tags included."""


def readable(html: str) -> str:
    """The text of a letter in HTML, line by line. Quotations and signatures, where they are marked, left out.

    Never raises.
    """
    reader = _Reader()
    reader.feed(html[:MOST])  # the library's parser takes the square of the time where tags never end
    reader.close()
    lines = "".join(reader.pieces).split("\n")
    return "\n".join(" ".join(line.split()) for line in lines).strip()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._hidden: list[str] = []  # elements that are open inside one that is not shown, itself the first
        self._over = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._over:
            return
        told = dict(attrs)
        if (told.get("id") or "") in OLDER:
            self._over = True
            return
        if self._hidden:
            if tag not in VOID:
                self._hidden.append(tag)
            return
        classes = (told.get("class") or "").lower()
        if tag == "blockquote" or tag in UNSEEN or any(mark in classes for mark in MARKS):
            self.pieces.append("\n\n")
            if tag not in VOID:
                self._hidden.append(tag)
            return
        if tag == "p":
            self.pieces.append("\n\n")
        elif tag in LINES:
            self.pieces.append("\n")
        elif tag in ("td", "th"):
            self.pieces.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if self._hidden:
            if tag in self._hidden:  # what was left open inside it is closed with it
                while self._hidden.pop() != tag:
                    pass
            return
        if tag == "p":
            self.pieces.append("\n\n")
        elif tag in LINES and tag not in VOID:
            self.pieces.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._hidden and not self._over:
            self.pieces.append(data.replace("\n", " "))
