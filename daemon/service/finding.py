"""Whom the user means: a contact by name, address or number."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from difflib import get_close_matches

from sqlalchemy import Connection

from daemon.core.address import normalise, without_tag
from daemon.core.errors import UserMistake
from daemon.core.names import fold
from daemon.store import addresses, contacts
from daemon.store.contacts import FORGETTING

SHOWN = 10
"""So many candidates are named where a name fits several people."""


def find(conn: Connection, text: str, *, also: Collection[str] = ()) -> int:
    """The contact meant by a name, the beginning of one, an address, or ``#`` and its number.

    ``also`` are words that might have been meant where nobody is called so (circles).

    Raises:
        UserMistake: nobody or more than one is meant; the sentence names the nearest.
    """
    text = text.strip()
    everyone = [n for n in contacts.names(conn) if n.state != FORGETTING]
    if text.startswith("#") and text[1:].isdigit():
        found = [n.id for n in everyone if n.id == int(text[1:])]
    elif address := normalise(text):
        found = _by_address(conn, address)
    else:
        found = _by_name(everyone, text)
    if len(found) == 1:
        return found[0]
    if not found:
        near = get_close_matches(text, [*also, *(n.name for n in everyone if n.name)], n=1, cutoff=0.6)
        if text.isdigit():  # "#" begins a comment in a shell, and is easily left out
            near = [f"'#{n.id}' ({n.name})" for n in everyone if n.id == int(text)]
        raise UserMistake(f"Nobody is known as “{text}”." + (f" Did you mean {near[0]}?" if near else ""))
    raise UserMistake(f"“{text}” may be any of these; say which by number or address:\n{_candidates(conn, found)}")


def name_of(conn: Connection, contact_id: int) -> str:
    """What to call a contact in a sentence."""
    found = contacts.get(conn, contact_id)
    return found.name if found else f"#{contact_id}"


def _by_address(conn: Connection, address: str) -> list[int]:
    for wanted in (address, without_tag(address)):
        state = addresses.states(conn, [wanted]).get(wanted)
        if state is not None:
            return [state.owner] if state.owner is not None else list(state.users)
    return []


def _by_name(everyone: Iterable[contacts.Named], text: str) -> list[int]:
    people = [(n.id, n.name) for n in everyone]
    wanted = fold(text)
    if not wanted:
        return [i for i, name in people if text and name == text]
    exact = [i for i, name in people if fold(name) == wanted]
    if exact:
        return exact
    words = wanted.split()
    if whole := [i for i, name in people if set(words) <= set(fold(name).split())]:
        return whole
    return [i for i, name in people if all(any(w.startswith(x) for w in fold(name).split()) for x in words)]


def _candidates(conn: Connection, ids: Collection[int]) -> str:
    lines = []
    for c in list(contacts.load(conn, sorted(ids)[:SHOWN]).values()):
        about = ", ".join(x for x in (c.fields["title"], c.fields["organisation"], *c.addresses[:2]) if x)
        lines.append(f"  #{c.id}  {c.name}" + (f"  ({about})" if about else ""))
    if len(ids) > SHOWN:
        lines.append(f"  and {len(ids) - SHOWN} more")
    return "\n".join(lines)
