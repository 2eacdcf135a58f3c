"""Rotating tokens sealed on disk, under a key that systemd hands to the service and to nobody else.

The key is the credential ``token-key`` in ``$CREDENTIALS_DIRECTORY`` (``LoadCredential=token-key:/etc/kithd/token.key``
in the unit). Where there is none, tokens stand in their files as they are, readable by the user alone.
A copy of the state folder, a backup say, is then worth nothing without the key.
"""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path

CREDENTIAL = "token-key"
SHORTEST = 16
_MARK = b"kith-sealed-1\n"
_NONCE = 12


class Unsealable(Exception):
    """It is sealed, and the key that would open it is not here or another one."""


def key() -> bytes | None:
    """The key, made of the credential; None where the process has been given none, or one too short to be any use."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    if not folder:
        return None
    try:
        found = (Path(folder) / CREDENTIAL).read_bytes().strip()
    except OSError:
        return None
    return sha256(b"kithd token key\n" + found).digest() if len(found) >= SHORTEST else None


def seal(value: bytes, name: str) -> bytes:
    """The value as it goes to disk: AES-256-GCM under the key, bound to ``name``; as it is where there is no key."""
    secret = key()
    if secret is None:
        return value
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = os.urandom(_NONCE)
    return _MARK + nonce + AESGCM(secret).encrypt(nonce, value, name.encode())


def sealed(stored: bytes) -> bool:
    """Whether a file's content is sealed."""
    return stored.startswith(_MARK)


def unseal(stored: bytes, name: str) -> bytes:
    """The value that was sealed under this name; what never was comes back as it is.

    Raises:
        Unsealable: there is no key here, or not the one it was sealed with, or the file was another's.
    """
    if not sealed(stored):
        return stored
    secret = key()
    if secret is None:
        raise Unsealable
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    rest = stored[len(_MARK) :]
    try:
        return AESGCM(secret).decrypt(rest[:_NONCE], rest[_NONCE:], name.encode())
    except (InvalidTag, ValueError):
        raise Unsealable from None
