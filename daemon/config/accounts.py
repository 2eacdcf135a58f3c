"""[account.NAME]: one account each. What its kind takes comes from the connector; this layer knows no connector."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from daemon.config import values
from daemon.config.reading import Section, nearest
from daemon.config.settings import AccountSettings, SecretRef
from daemon.core.model import Account
from daemon.core.ports import Option

OptionsOf = Callable[[str], "Sequence[Option] | None"]
"""The options of a kind of account; None where there is no such kind."""

SECRETS = ("password", "token")
SOURCES = ("command", "file", "credential", "keyring")
LITERALS = ("password", "passwd", "pass", "token", "secret", "client_secret", "access_token", "refresh_token", "key")

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,40}\Z")
_CREDENTIAL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,200}\Z")


def read_accounts(
    section: Section, base: Path, options: OptionsOf, kinds: Sequence[str], zone: str
) -> list[AccountSettings]:
    """All accounts, in the file's order. ``kinds`` are the names told to a user who writes an unknown one; ``zone``,
    the user's, is that of an account that has an option for one and does not say it.
    """
    found = [_read(section.table(name), name, base, options, kinds, zone) for name in section.names()]
    section.finish()
    return found


def _read(
    section: Section, name: str, base: Path, options: OptionsOf, kinds: Sequence[str], zone: str
) -> AccountSettings:
    if not _NAME.match(name):
        section.whole("is no name for an account; allowed are letters, digits, dot, dash and underscore")
    section.require("kind", "one of " + ", ".join(kinds))
    kind = section.get("kind", values.text, "")
    known = options(kind) if kind else ()
    if known is None:
        section.problem("kind", f'is "{kind}", which is no kind of account.{nearest(kind, kinds)}')
    account = Account(
        name=name,
        kind=kind,
        address=section.get("address", values.email, ""),
        employer=section.get("employer", values.flag, False),
        options={},
    )
    aliases = section.maybe("aliases", values.list_of(values.email)) or ()
    reminders, drafts = section.get("reminders", values.flag, True), section.get("drafts", values.flag, True)
    read_wording = section.maybe("read_wording", values.flag)
    secrets = _secrets(section, {option.name for option in known or ()}, base)
    if known is None or not kind:
        section.knows(section.names())  # which of them are right is not known either
    chosen = _options(section, known or (), base, zone)
    section.finish()
    return AccountSettings(
        Account(account.name, account.kind, account.address, account.employer, chosen),
        reminders,
        drafts,
        read_wording,
        secrets,
        aliases,
    )


def _options(section: Section, known: Sequence[Option], base: Path, zone: str) -> dict[str, object]:
    chosen: dict[str, object] = {}
    for option in known:
        if option.required:
            section.require(option.name, option.help or "this kind of account needs it")
        value = section.maybe(option.name, _reader(option, base))
        if value is None:
            value = zone if option.name == "time_zone" else option.default
        if value is not None:
            chosen[option.name] = value
    return chosen


def _reader(option: Option, base: Path) -> values.Reader[object]:
    if option.name == "time_zone":
        return values.zone
    if option.choices and option.type == "str":
        return values.one_of(option.choices)
    if option.choices:
        return lambda value: list(values.list_of(values.one_of(option.choices))(value))
    folder = values.path(base)
    readers: Mapping[str, values.Reader[object]] = {
        "str": values.text,
        "int": values.number(0, 2**31),
        "bool": values.flag,
        "list": lambda value: list(values.list_of(values.text)(value)),
        "path": lambda value: str(folder(value)),
        "duration": values.duration(timedelta(0), timedelta(days=3650)),
    }
    return readers[option.type]


def _secrets(section: Section, options: set[str], base: Path) -> dict[str, SecretRef]:
    for literal in LITERALS:
        if literal in section and literal not in options:
            section.knows([literal])
            name = "token" if "token" in literal else "password"
            section.problem(
                literal,
                f"stands in the file itself; no secret belongs there. Say {name}_command (a program that prints it), "
                f"{name}_file (a file only you can read), {name}_credential (systemd) or {name}_keyring",
            )
    return {name: ref for name in SECRETS if (ref := _secret(section, name, base)) is not None}


def _secret(section: Section, name: str, base: Path) -> SecretRef | None:
    command = section.maybe(f"{name}_command", _command)
    file = section.maybe(f"{name}_file", values.path(base))
    credential = section.maybe(f"{name}_credential", _credential)
    keyring = section.maybe(f"{name}_keyring", values.text)
    said = [source for source in SOURCES if f"{name}_{source}" in section]
    if len(said) > 1:
        section.problem(f"{name}_{said[1]}", f"stands beside {name}_{said[0]}; allowed is one of them")
    if command:
        return SecretRef("command", command)
    if file:
        return SecretRef("file", str(file))
    if credential:
        return SecretRef("credential", credential)
    return SecretRef("keyring", keyring) if keyring else None


def _command(value: object) -> str:
    """A command line, or a list of its words; kept as one line quoted for a shell's rules."""
    if isinstance(value, list) and value and all(isinstance(word, str) for word in value):
        return shlex.join(value)
    said = values.text(value)
    try:
        shlex.split(said)
    except ValueError:
        raise values.NotAllowed("a command line whose quotes are closed") from None
    return said


def _credential(value: object) -> str:
    if not isinstance(value, str) or not _CREDENTIAL.match(value):
        raise values.NotAllowed("the name of a credential the unit loads (LoadCredential=NAME:PATH)")
    return value
