"""Folder names on the wire and as people read them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from imapclient.imap_utf7 import encode

from daemon.formats.folder_names import folder_name


@given(st.text(st.characters(exclude_categories=("Cs", "Cc"))))
def test_every_name_comes_back(name: str) -> None:
    assert folder_name(encode(name).decode("ascii")) == name


@pytest.mark.parametrize("raw", ["&", "A & B", "&!!-", "&AB-"])
def test_what_is_not_encoded_stays(raw: str) -> None:
    assert folder_name(raw) == raw
