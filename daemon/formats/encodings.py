"""Bytes of address books into text, where nobody says which encoding they are in."""

from __future__ import annotations

import re

_CYRILLIC_RUN = re.compile(rb"[\xa8\xb8\xc0-\xff]{3}")
_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))


def decode(data: bytes, charset: str = "") -> str:
    """The text of ``data``: in ``charset`` where that is known and right, else by its byte order mark, else UTF-8,
    else Windows' code page for Cyrillic (1251) or Western Europe (1252), told apart by runs of letters.

    Never fails: bytes that fit nothing become U+FFFD.
    """
    if charset:
        try:
            return data.decode(charset)
        except (LookupError, UnicodeDecodeError):
            pass
    for mark, name in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(name, "replace")
    if zeros := [i for i, byte in enumerate(data[:512]) if not byte]:  # UTF-16 without a mark: ASCII has a zero byte
        odd = sum(i % 2 for i in zeros)
        return data.decode("utf-16-le" if 2 * odd >= len(zeros) else "utf-16-be", "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1251" if _CYRILLIC_RUN.search(data) else "cp1252", "replace")
