"""Names of companies, as they are compared. Pure."""

from __future__ import annotations

import re

_FORMS = frozenset(
    """
    ooo ооо оао зао пао ао ип нко гуп муп тоо одо llc llp ltd limited inc incorporated corp corporation co company
    gmbh ag kg ug se sa sas sarl srl spa bv nv ab oy as aps plc pty pte kk the
    """.split()
)
_WORD = re.compile(r"[^\W_]+", re.UNICODE)


def fold_organisation(name: str) -> str:
    """A company's name without its legal form, quotation marks, case and ё: «ООО "Ёлка"» and "ёлка" are the same.

    A name made of nothing but such words is left as it is.
    """
    words = _WORD.findall(name.casefold().replace("ё", "е"))
    return " ".join([w for w in words if w not in _FORMS] or words)
