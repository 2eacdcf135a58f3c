"""The commands that run a cycle: `once`, `plan` and the service itself."""

from __future__ import annotations

import click

from daemon.cli.context import Ctx, pass_ctx


@click.command()
@pass_ctx
def run(kith: Ctx) -> int:
    """The service: a round every few minutes until it is stopped.

    Stops within 5 seconds on SIGTERM or Ctrl-C and reads its configuration anew on SIGHUP. Speaks to systemd where it
    is started by it. Only one daemon or `kith once` works on a store at a time; another one says so.
    """
    from daemon.service.loop import serve

    return serve(kith)
