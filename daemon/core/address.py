"""Addresses as they are compared: RFC 5321 2.4 (case), RFC 5891 (IDN), sub-addressing (RFC 5233)."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

import idna

ROLE_LOCALS = frozenset(
    """
    hr jobs job career careers recruiting recruitment recruiter talent hiring info office team contact
    hello support help sales admin administrator webmaster postmaster hostmaster abuse press marketing
    events rabota vacancy vacancies resume cv staff people personnel
    """.split()
)
"""Local parts that belong to a desk, not to a person."""

NO_REPLY_LOCALS = frozenset(
    """
    noreply no-reply no_reply no.reply donotreply do-not-reply do_not_reply do.not.reply mailer-daemon
    postmaster notifications notification bounce bounces
    """.split()
)


@lru_cache(maxsize=65536)
def normalise(address: str) -> str:
    """The form in which addresses are compared and stored; "" for text that is no address.

    Lower case throughout (no server in use tells local parts apart by case), the domain in its ASCII form,
    the local part in Unicode NFC.
    """
    text = address.strip().strip("<>").strip()
    local, at, domain = text.rpartition("@")
    if not at or not local or not domain or any(c.isspace() for c in text.strip('"')):
        return ""
    local = local.strip('"').casefold()
    domain = domain.removesuffix(".").lower()  # the root's
    if not local.isascii():
        local = unicodedata.normalize("NFC", local)
    if not domain.isascii():
        try:
            domain = idna.encode(domain, uts46=True).decode("ascii")
        except idna.IDNAError:
            return ""
    return f"{local}@{domain}" if local and domain else ""


def without_tag(address: str) -> str:
    """The address without its ``+tag`` (RFC 5233 sub-address); unchanged where it has none."""
    local, _, domain = address.rpartition("@")
    base, plus, _ = local.partition("+")
    return f"{base}@{domain}" if plus and base else address


def match(address: str, known: frozenset[str]) -> str:
    """The known address this one is, exactly or but for a ``+tag``; "" where it is a stranger's."""
    if address in known:
        return address
    if "+" in address:
        bare = without_tag(address)
        if bare in known:
            return bare
    return ""


def is_no_reply(address: str) -> bool:
    """Whether the address itself says that nobody reads what is sent to it."""
    local = address.rpartition("@")[0]
    return local in NO_REPLY_LOCALS or local.startswith(("noreply", "no-reply", "donotreply"))


def may_be_written(address: str, me: frozenset[str]) -> bool:
    """Whether a letter may go there: it is read by somebody, and not by the user (``me``: their own addresses)."""
    return not is_no_reply(address) and not match(address, me)


def is_role(address: str) -> bool:
    """Whether the address looks like a desk several people share (hr@, jobs@)."""
    return address.rpartition("@")[0] in ROLE_LOCALS


def domain_of(address: str) -> str:
    """The domain of a normalised address."""
    return address.rpartition("@")[2]
