"""Header values as hypothesis strategies: the stuff addresses are made of, and what breaks their parsers."""

from __future__ import annotations

from hypothesis import strategies as st

_PIECES = (
    "anna b.c x+tag team example org net . .. @ @ , , ; : < > ( ) \" \\ ' [127.0.0.1] =?utf-8?q?=40?= anna@example.org "
    "<anna@example.org> Anna+x@EXAMPLE.org b.c@mail.example.net anna@example.org. тест пример.test"
).split()


def address_values() -> st.SearchStrategy[bytes]:
    """Values of From, To and their like: plausible, odd and hopeless."""
    piece = st.sampled_from([*_PIECES, " ", " ", "\t", "\r\n ", "(c)", '"anna"', '"a, b" ', "\\@", "\x00"])
    mixed = st.lists(piece, max_size=14).map("".join).map(str.encode)
    plain = st.lists(
        st.builds(
            "{}{}".format,
            st.sampled_from(["", "Anna ", '"Example, Anna" ', "A. B. ", "=?utf-8?q?x?= "]),
            st.sampled_from(["<anna@example.org>", "<b.c@mail.example.net>", "<x+y@example.org>", "<>"]),
        ),
        max_size=4,
    ).map(lambda boxes: ", ".join(boxes).encode())
    return st.one_of(mixed, plain, st.binary(max_size=40).map(lambda b: b.replace(b"\n", b" ").replace(b"\r", b" ")))
