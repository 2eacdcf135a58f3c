"""From a TOML file to `Settings`: everything checked, every mistake told at once."""

from __future__ import annotations

import os
import stat
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from daemon.config import schema, values
from daemon.config.accounts import read_accounts
from daemon.config.holidays import read_holidays
from daemon.config.reading import Problems, Section, line_numbers
from daemon.config.settings import AccountSettings, Settings
from daemon.core.errors import UserMistake
from daemon.core.ports import Option

SYSTEM_FOLDER = Path("/etc/kithd")
SYSTEM_STATE = Path("/var/lib/kithd")


def load(
    path: Path,
    options: Callable[[str], Sequence[Option] | None],
    *,
    kinds: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
) -> Settings:
    """The configuration in ``path``.

    Args:
        options: the options of a kind of account, None for a kind that does not exist.
        kinds: the kinds to name to the user.
        environment: for $XDG_STATE_HOME; the process's own by default.

    Raises:
        UserMistake: there is no such file, it cannot be read, or it is no TOML.
        ConfigError: it has mistakes, all of them named.
    """
    path = path.expanduser().absolute()
    source = _read(path)
    try:
        content = tomllib.loads(source)
    except tomllib.TOMLDecodeError as e:
        raise UserMistake(f"The configuration {path} is no TOML: {e}.") from None
    problems = Problems(path, line_numbers(source))
    settings = _settings(Section(problems, (), content), path, options, kinds, environment or os.environ)
    problems.raise_if_any()
    return replace(settings, warnings=(*settings.warnings, *_rights(settings)))


def keys(options: Callable[[str], Sequence[Option] | None], kind: str) -> set[tuple[str, ...]]:
    """Every key this version reads, as paths; for documentation and the test of the example file."""
    problems = Problems(Path("none"), {})
    policies: dict[str, object] = {
        "default": {},
        "circle": {"friend": {}},
        "tier": {"key": {}},
        "contact": {"NAME": {}},
    }
    whole = {
        "account": {"NAME": {"kind": kind}},
        "policy": policies,
        "quiet": [{}],
        "holidays": {"own": {"NAME": {}}},
    }
    _settings(Section(problems, (), whole), Path("none"), options, (), {})
    return problems.asked


def _settings(
    root: Section,
    path: Path,
    options: Callable[[str], Sequence[Option] | None],
    kinds: Sequence[str],
    environment: Mapping[str, str],
) -> Settings:
    base = path.parent
    me, zone = schema.read_me(root.table("me"))
    state, url = schema.read_store(root.table("store"), base, default_state(path, environment))
    schedule = root.table("schedule")
    every = schedule.get("every", values.duration(timedelta(minutes=1), timedelta(days=1)), timedelta(minutes=15))
    schedule.finish()
    if "account" not in root:
        root.problem("account", "is missing: name at least one account, like [account.work]")
    zone = zone or system_zone()
    accounts = read_accounts(root.table("account"), base, options, kinds, zone)
    by_name: dict[str, AccountSettings] = {a.account.name: a for a in accounts}
    hours = schema.read_hours(root.table("hours"), zone)
    quiet = schema.read_quiet(root.tables("quiet"))
    rules, reminders_to = schema.read_reminders(root.table("reminders"), by_name)
    policies, warnings = schema.read_policies(root.table("policy"))
    drafts = root.table("drafts")
    morning_event = drafts.maybe("morning_event", values.clock)
    updates_a_day = drafts.get("updates_a_day", values.number(0, 200), 5)
    updates_a_week = drafts.get("updates_a_week", values.number(0, 1000), 20)
    news_reminder = drafts.get("news_reminder", values.number(0, 60), 14)
    updates = schema.read_folder(drafts, "updates", base)
    giving = root.table("giving")
    outcome_after = giving.get(
        "outcome_after", values.duration(timedelta(days=7), timedelta(days=730)), timedelta(days=91)
    )
    giving.finish()
    holidays = read_holidays(root.table("holidays"))
    suggestions = root.table("suggestions")
    read_wording = suggestions.get("read_wording", values.flag, False)
    suggestions.finish()
    templates = schema.read_folder(root.table("templates"), "folder", base)
    log = root.table("log")
    level = log.get("level", values.one_of(schema.LOG_LEVELS), "info")
    log.finish()
    root.finish()

    warnings += [f"The folder {f} does not exist." for f in (updates, templates) if f is not None and not f.is_dir()]
    if templates is None and (base / "templates").is_dir():
        templates = base / "templates"
    theirs = (address for a in accounts for address in (a.account.address, *a.aliases) if address)
    own = dict.fromkeys((*me.addresses, *theirs))
    return Settings(
        path=path,
        state=state,
        store_url=url,
        me=replace(me, addresses=tuple(own)),
        accounts=tuple(accounts),
        policies=policies,
        hours=hours,
        quiet=quiet,
        reminders=rules,
        every=every,
        templates=templates,
        updates=updates or base / "updates",
        holidays=holidays,
        morning_event=morning_event,
        updates_a_day=updates_a_day,
        updates_a_week=updates_a_week,
        news_reminder=news_reminder,
        outcome_after=outcome_after,
        read_wording=read_wording,
        reminders_to=reminders_to,
        log_level=level,
        warnings=tuple(warnings),
    )


def default_state(path: Path, environment: Mapping[str, str]) -> Path:
    """Where kith keeps what it knows: /var/lib/kithd for the system's configuration, else the XDG place.

    systemd's $STATE_DIRECTORY is not asked: commands typed in a shell must find the same store as the service
    (and systemd before 254 points a user unit's at the configuration folder).
    """
    if path.parent == SYSTEM_FOLDER:
        return SYSTEM_STATE
    base = environment.get("XDG_STATE_HOME", "")
    return (Path(base) if base.startswith("/") else Path.home() / ".local" / "state") / "kithd"


def system_zone() -> str:
    """The machine's time zone by its IANA name, "UTC" where it has none."""
    try:
        target = str(Path("/etc/localtime").readlink())
    except OSError:
        return "UTC"
    try:
        return values.zone(target.partition("zoneinfo/")[2])
    except values.NotAllowed:
        return "UTC"


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise UserMistake(f"There is no configuration at {path}: make one with `kith init`.") from None
    except UnicodeDecodeError:
        raise UserMistake(f"The configuration {path} is not written in UTF-8.") from None
    except OSError as e:
        raise UserMistake(f"The configuration {path} cannot be read: {e.strerror}.") from None


def _rights(settings: Settings) -> list[str]:
    """What others on this machine may do with our files: they could name a command of theirs, or read a password."""
    warnings = []
    if _mode(settings.path) & (stat.S_IWGRP | stat.S_IWOTH):
        warnings.append(f"Others may write {settings.path}, which names commands to run: chmod 600 it.")
    for account in settings.accounts:
        warnings += [
            f"Others may read the secret of {account.account.name}: chmod 600 {secret.value}"
            for secret in account.secrets.values()
            if secret.kind == "file" and _mode(Path(secret.value)) & (stat.S_IRWXG | stat.S_IRWXO)
        ]
    return warnings


def _mode(path: Path) -> int:
    try:
        return path.stat().st_mode
    except OSError:
        return 0
