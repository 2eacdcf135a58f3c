"""`kith login`: the sign-in of accounts that have one in the browser (OAuth)."""

from __future__ import annotations

import os
import sys

import click

from daemon.cli.context import Ctx, pass_ctx
from daemon.core.errors import UserMistake


class Terminal:
    """`core.ports.LoginUI` at the command line."""

    def __init__(self, *, browser: bool) -> None:
        self._browser = browser

    def show(self, text: str) -> None:
        """Print it."""
        click.echo(text)

    def open(self, url: str) -> bool:
        """Open the user's browser; False where there is none, none they could see, or none is wanted."""
        if not self._browser or not _in_sight():
            return False
        import webbrowser

        try:
            return webbrowser.open(url)
        except webbrowser.Error:
            return False

    def ask(self, prompt: str) -> str:
        """A line from the terminal.

        Raises:
            UserMistake: the input has ended.
        """
        click.echo(f"{prompt} ", nl=False)
        line = sys.stdin.readline()
        if not line:
            raise UserMistake("Nobody is there to answer: run `kith login` in a terminal.")
        return line.strip()


def _in_sight() -> bool:
    """Whether a browser opened here appears before the user: over SSH it would on the other machine, or in the terminal
    (lynx, w3m), where no provider's page works.
    """
    if sys.platform == "darwin":
        return "SSH_CONNECTION" not in os.environ
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"))


@click.command()
@click.argument("account")
@click.option(
    "--no-browser", is_flag=True, help="Open none: the address is printed, for the browser of another machine."
)
@pass_ctx
def login(kith: Ctx, account: str, no_browser: bool) -> int:
    """Sign in to ACCOUNT in the browser; what it grants is kept on this machine, readable by you alone."""
    from daemon.wiring import connect

    connection = connect(kith.settings, kith.now, only=account or " ")[account]  # "" would mean all of them
    try:
        if connection.login is None:
            kind = connection.account.kind
            raise UserMistake(f"There is no sign-in for {account}: an account of kind {kind} needs none.")
        connection.login(Terminal(browser=not no_browser))
    finally:
        connection.close()
    _try_now(kith, account)
    click.echo(f"Signed in to {account}. `kith check --account {account}` tries it.")
    return 0


def _try_now(kith: Ctx, account: str) -> None:
    """What waited for the user goes on with the next round."""
    from daemon.store import health

    try:
        store = kith.store
    except UserMistake:
        return  # none yet, or of another version: nothing waits
    with store.write() as conn:
        health.retry_now(conn, account)
