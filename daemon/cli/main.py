"""The `kith` command: its options, its commands by name, and what a failure looks like.

A command's module is imported when the command is called, never before: `kith --help` and `kith status` pay for
nothing they do not use. ``EXIT``: 0 fine, 1 something failed, 2 wrong use.
"""

from __future__ import annotations

import gc
import importlib
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import click

import daemon
from daemon.cli.context import Ctx, default_config_path
from daemon.core.errors import KithError, UserMistake


class Lazy(NamedTuple):
    """A command not yet imported: where it is, and its line in the overview."""

    target: str
    help: str


SECTIONS: dict[str, dict[str, Lazy]] = {
    "Setting up": {
        "init": Lazy("daemon.cli.init:init", "Ask for an account and write the configuration."),
        "login": Lazy("daemon.cli.login:login", "Sign in to an account that asks for it in the browser."),
        "check": Lazy("daemon.cli.check:check", "Try every account and say what is wrong and how to mend it."),
        "enable": Lazy("daemon.cli.enabling:enable", "Let kith write reminders and drafts; shows the plan first."),
        "disable": Lazy("daemon.cli.enabling:disable", "Go back to reading only."),
        "service": Lazy("daemon.cli.service:service", "Put the systemd unit in place, or take it away."),
    },
    "People": {
        "contacts": Lazy("daemon.cli.contacts:contacts", "Add, import, sort out and look up the people you know."),
        "status": Lazy("daemon.cli.status:status", "Who is due, what is held, and how the accounts are."),
        "interactions": Lazy("daemon.cli.views:interactions", "Every exchange that was logged."),
        "why": Lazy("daemon.cli.why:why", "What was seen of one person, and which rule counted it or not."),
        "policy": Lazy("daemon.cli.policy:policy", "What holds for one person, and which rule says so."),
        "cadence": Lazy(
            "daemon.cli.cadence:cadence", "How often to be in touch, proposed from how often you really are."
        ),
        "note": Lazy("daemon.cli.noting:note", "Note what is worth a letter: a new job, a recommendation ..."),
        "company": Lazy("daemon.cli.noting:company", "Keep a company's founding date."),
        "event": Lazy("daemon.cli.event:event", "Tell of a conference and whom you met there."),
        "digest": Lazy("daemon.cli.views:digest", "Who waits for a reminder, what was drafted of late, what lapsed."),
        "log": Lazy("daemon.cli.hand_log:log", "Log a call, a chat or a meeting by hand."),
        "favours": Lazy("daemon.cli.giving:favours", "What you and others did for one another."),
        "agenda": Lazy("daemon.cli.agenda:agenda", "What to talk about with somebody next time."),
        "forget": Lazy("daemon.cli.hand:forget", "Remove a person and all that was kept or written about them."),
    },
    "Reminders and drafts": {
        "plan": Lazy("daemon.cli.cycle:plan", "What would be written now; writes nothing."),
        "ledger": Lazy("daemon.cli.views:ledger", "What was written, where, and what became of it."),
        "drafts": Lazy("daemon.cli.drafts:drafts", "The letters left in Drafts: why, from what, and their fate."),
        "suggest": Lazy("daemon.cli.suggest:suggest", "Guesses that wait for your word; accept or decline them."),
        "update": Lazy("daemon.cli.update:update", "The quarter's news: write them, and see who is told when."),
        "news": Lazy("daemon.cli.telling:news", "Tell of a change of your own: a draft to each."),
        "share": Lazy("daemon.cli.giving:share", "Share a page or a text: a personal draft to each."),
        "introduce": Lazy("daemon.cli.giving:introduce", "Offer two people to know each other: a draft to each."),
        "outcome": Lazy("daemon.cli.giving:outcome", "Say how a recommendation turned out: a draft that tells it."),
        "trip": Lazy("daemon.cli.telling:trip", "Tell of a visit: a draft to whoever lives there."),
        "holidays": Lazy("daemon.cli.suggest:holidays", "Professional holidays: which there are, and which are on."),
        "snooze": Lazy("daemon.cli.hand:snooze", "Not before a date."),
        "skip": Lazy("daemon.cli.hand:skip", "Not this time."),
        "templates": Lazy("daemon.cli.templates:templates", "List, check and preview the letters' templates."),
    },
    "Correcting": {
        "overrule": Lazy("daemon.cli.hand:overrule", "Say that one exchange counts, or does not."),
        "confirm": Lazy("daemon.cli.hand:confirm", "Answer a question kith held back on."),
        "unfreeze": Lazy("daemon.cli.hand:unfreeze", "Use an address again that bounced."),
        "quarantine": Lazy("daemon.cli.quarantine:quarantine", "Messages and events that could not be read."),
    },
    "Running": {
        "once": Lazy("daemon.cli.cycle:once", "One whole round: read, plan, write."),
        "run": Lazy("daemon.cli.cycle:run", "The service: a round every few minutes until it is stopped."),
    },
}
COMMANDS = {name: lazy for section in SECTIONS.values() for name, lazy in section.items()}


class LazyGroup(click.Group):
    """A group whose commands are imported when called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in the order of the overview."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        lazy = COMMANDS.get(cmd_name)
        if lazy is None:
            return None
        module, _, attribute = lazy.target.partition(":")
        command = getattr(importlib.import_module(module), attribute)
        if not isinstance(command, click.Command):
            raise TypeError(f"{lazy.target} is no command")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, naming the nearest command for a misspelt one (without importing it)."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            import difflib

            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            hint = f" Did you mean {near[0]}?" if near else " `kith --help` lists them all."
            raise click.UsageError(f"There is no command {args[0]!r}.{hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The overview by sections, in plain words, with nothing imported."""
        for title, commands in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(name, lazy.help) for name, lazy in commands.items()], col_max=14)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--config",
    "config",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The configuration file; else $XDG_CONFIG_HOME/kithd/config.toml.",
)
@click.version_option(getattr(daemon, "__version__", "unknown"), prog_name="kith")
@click.pass_context
def cli(ctx: click.Context, config: Path | None) -> None:
    """Keep in touch with the people you know: kith reads your mail and calendars, logs real contact, puts reminders in
    your calendar and leaves drafts. It never sends.
    """
    kith = ctx.find_object(Ctx) or Ctx()
    if config is not None:
        kith.path = config
    elif kith.path is None:
        kith.path = default_config_path(os.environ)
    ctx.obj = kith
    ctx.call_on_close(kith.close)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run `kith` and exit with its code. Every failure is one clear sentence on stderr."""
    # A command's start makes much and throws away next to nothing: looking for garbage that often took a tenth of it.
    gc.set_threshold(50_000)
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None, obj: Ctx | None = None) -> int:
    """Run `kith` and return its exit code. ``obj`` lets a test bring its own context (clock, streams)."""
    kith = obj or Ctx()
    # A command says what went wrong itself, once; only the service keeps a log (`daemon.cli.logs`).
    logging.getLogger().addHandler(logging.NullHandler())
    try:
        result = cli.main(args=None if arguments is None else list(arguments), standalone_mode=False, obj=kith)
    except click.ClickException as e:
        e.show()
        return 2
    except (click.Abort, KeyboardInterrupt):
        _say("\nStopped.")
        return 130
    except UserMistake as e:
        _say(str(e))
        return 2
    except KithError as e:
        _say(str(e))
        return 1
    except BrokenPipeError:  # the reader of our output (head, less) has gone: no mistake of anybody's
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0
    except Exception as e:
        if os.environ.get("KITH_DEBUG"):
            raise
        from daemon.cli.failures import describe

        _say(describe(e, kith))
        return 1
    return result if isinstance(result, int) else 0


def _say(text: str) -> None:
    click.echo(text if text.startswith("\n") else f"kith: {text}", err=True)


if __name__ == "__main__":
    main()
