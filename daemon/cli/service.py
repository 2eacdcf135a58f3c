"""`kith service`: the systemd unit put in place or taken away. Nothing is started here."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import click

from daemon.cli.context import Ctx, default_config_path, pass_ctx
from daemon.config.load import SYSTEM_FOLDER
from daemon.config.shipped import shipped_folder
from daemon.core.errors import NeedsUser, UserMistake

UNIT = "kithd.service"
MARK = "# Put in place by `kith service install`; `kith service uninstall` removes it."
HOMES = ("/home/", "/root/", "/run/user/")  # what ProtectHome= hides
SYSTEM_UNITS = Path("/etc/systemd/system")


@click.group()
def service() -> None:
    """Put the systemd unit in place, or take it away."""


@service.command()
@click.option("--system", is_flag=True, help="For the whole machine (as root), instead of you alone.")
@click.option("--root", type=click.Path(path_type=Path), default=Path("/"), hidden=True)
@pass_ctx
def install(kith: Ctx, system: bool, root: Path) -> None:
    """Write the unit with the path of this kith, and say how to start it. May be done again at any time."""
    if system and (hidden := next((f for f in HOMES if program()[0].startswith(f)), "")):
        raise UserMistake(
            f"The system's service cannot see {hidden}, where this kith lies: install it for the whole machine "
            "(python3 -m venv /opt/kithd && /opt/kithd/bin/pip install kithd), or leave out --system."
        )
    target = unit_path(system, root)
    config = kith.path or default_config_path(os.environ)
    text = unit_text(system, config)
    if target.exists() and MARK not in _read(target):
        raise UserMistake(f"{target} was not written by kith and stays as it is; move it away first.")
    if target.exists() and _read(target) == text:
        click.echo(f"Already in place: {target}")
    else:
        _write(target, text)
        click.echo(f"Written: {target}")
    if system:
        if not _user_exists("kithd"):
            click.echo("First:   useradd --system --home-dir /var/lib/kithd --shell /usr/sbin/nologin kithd")
        click.echo(f"It reads {SYSTEM_FOLDER}/config.toml, which the user kithd must be able to read.")
        click.echo("Next:    systemctl daemon-reload && systemctl enable --now kithd")
        click.echo("Then ask it as that user: sudo -u kithd kith --config /etc/kithd/config.toml status")
    else:
        click.echo("Next:    systemctl --user daemon-reload && systemctl --user enable --now kithd")
        click.echo("To run it while you are not logged in: loginctl enable-linger")


@service.command()
@click.option("--system", is_flag=True, help="For the whole machine (as root), instead of you alone.")
@click.option("--root", type=click.Path(path_type=Path), default=Path("/"), hidden=True)
def uninstall(system: bool, root: Path) -> None:
    """Remove the unit. A running service goes on until it is stopped; mail, store and configuration stay."""
    target = unit_path(system, root)
    if not target.exists():
        click.echo(f"Not there: {target}")
        return
    if MARK not in _read(target):
        raise UserMistake(f"{target} was not written by kith and stays as it is.")
    try:
        target.unlink()
    except OSError as e:
        raise NeedsUser(f"{target} cannot be removed ({e.strerror}).", "Run it as root with --system.") from None
    click.echo(f"Removed: {target}")
    user = "" if system else "--user "
    click.echo(f"Next:    systemctl {user}disable --now kithd; systemctl {user}daemon-reload")


def unit_path(system: bool, root: Path = Path("/")) -> Path:
    """Where the unit belongs."""
    if system:
        return root / SYSTEM_UNITS.relative_to("/") / UNIT
    base = os.environ.get("XDG_CONFIG_HOME", "")
    folder = Path(base) if base.startswith("/") else Path.home() / ".config"
    return folder / "systemd" / "user" / UNIT


def unit_text(system: bool, config: Path) -> str:
    """The shipped unit with this kith in it. A user's unit names the configuration where it is not the usual one."""
    name = "kithd.service" if system else "kithd-user.service"
    shipped = (shipped_folder("systemd") / name).read_text("utf-8")
    words = program()
    if system:
        words += ["--config", f"{SYSTEM_FOLDER}/config.toml"]
    elif config.absolute() != default_config_path({**os.environ, "KITH_CONFIG": ""}):
        words += ["--config", str(config.absolute())]
    line = "ExecStart=" + " ".join(_quoted(word) for word in [*words, "run"])
    return f"{MARK}\n" + re.sub(r"^ExecStart=.*$", lambda _: line, shipped, flags=re.MULTILINE)


def program() -> list[str]:
    """How this kith is started: the script beside the interpreter, else the interpreter with our module."""
    interpreter = Path(sys.executable).absolute()  # not resolved: the link is what makes it the environment's own
    script = interpreter.with_name("kith")
    return [str(script)] if script.is_file() else [str(interpreter), "-m", "daemon.cli"]


def _quoted(word: str) -> str:
    """A word as systemd.service(5) reads it: % and $ mean something there, spaces and quotes part words."""
    escaped = word.replace("%", "%%").replace("$", "$$")
    if re.fullmatch(r"[\w@%+=:,./$-]+", escaped):
        return escaped
    return '"' + escaped.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as e:
        raise NeedsUser(f"{path} cannot be read ({type(e).__name__}).", "Look at it by hand.") from None


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        path.chmod(0o644)  # it holds nothing to hide, and the manager must read it
    except OSError as e:
        raise NeedsUser(f"{path} cannot be written ({e.strerror}).", "Run it as root with --system.") from None


def _user_exists(name: str) -> bool:
    import pwd

    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True
