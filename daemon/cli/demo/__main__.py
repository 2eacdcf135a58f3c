"""`python -m daemon.cli.demo DIR`: what `make demo` runs."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from daemon.cli.context import utc_now
from daemon.core.errors import KithError


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default="demo")
def demo(folder: Path) -> None:
    """Lay out a made-up person's mail, calendar and address book in FOLDER (once) and run one round of kith on them."""
    from daemon.cli.demo.round import play
    from daemon.cli.demo.show import show

    try:
        played = play(folder, utc_now)
        try:
            show(played, folder, utc_now())
        finally:
            played.store.close()
    except KithError as e:
        click.echo(f"demo: {e}", err=True)
        sys.exit(1)
    sys.exit(1 if played.report.failed else 0)


if __name__ == "__main__":
    demo()
