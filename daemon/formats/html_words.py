"""The words of a piece of HTML, for comparing letters of which a server keeps the words and not the tags."""

from __future__ import annotations

from html.parser import HTMLParser

UNSEEN = frozenset({"head", "script", "style", "title"})
INSIDE = frozenset({"a", "abbr", "b", "em", "font", "i", "s", "small", "span", "strong", "sub", "sup", "u"})
"""Elements that part no words."""


def words(html: str) -> list[str]:
    """What a reader sees, word by word; spaces, line breaks and tags count for nothing. Never raises."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return "".join(reader.pieces).split()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._unseen += tag in UNSEEN
        if tag not in INSIDE:
            self.pieces.append(" ")

    def handle_endtag(self, tag: str) -> None:
        self._unseen -= tag in UNSEEN and self._unseen > 0
        if tag not in INSIDE:
            self.pieces.append(" ")

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.pieces.append(data)
