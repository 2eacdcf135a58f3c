"""How things are shown: aligned tables, JSON, dates in plain words, progress on a terminal."""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time, tzinfo
from typing import Any

import click

json_option = click.option("--json", "as_json", is_flag=True, help="As JSON, in a form that stays.")


class _Day(click.DateTime):
    """A day as every command takes it: ``2026-12-01``, as its midnight without a zone."""

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        return "DATE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        try:
            return datetime.combine(date.fromisoformat(str(value).strip()), time())
        except ValueError:
            self.fail(f"“{value}” is no day there is: write it like 2026-12-01.", param, ctx)


DAY = _Day()


def emit_json(value: Any) -> None:
    """Print as JSON: UTF-8, two spaces, datetimes as ISO 8601 in UTC, dates as ISO dates, sets sorted."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=_plain))


def _plain(value: object) -> object:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"no JSON form for {type(value).__name__}")


def table(headers: Sequence[str], rows: Iterable[Sequence[object]], *, empty: str = "Nothing.") -> None:
    """Print rows under headers. On a terminal long cells are folded; else one line a row, for `grep` and `cut`."""
    cells = [["" if cell is None else one_row(str(cell)) for cell in row] for row in rows]
    if not cells:
        click.echo(empty)
        return
    if sys.stdout.isatty():
        _rich_table(headers, cells)
        return
    for line in _aligned([[h.upper() for h in headers], *cells]):
        click.echo(line)


def _rich_table(headers: Sequence[str], cells: list[list[str]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    shown = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for header in headers:
        shown.add_column(header, overflow="fold")
    for row in cells:
        shown.add_row(*(Text(cell) for cell in row))  # Text: a name in [brackets] is no markup
    Console(highlight=False).print(shown)


def one_row(text: str) -> str:
    """The text without what would steer a terminal or begin a new line."""
    # A subject may hold escape sequences: a listing must not steer the terminal.
    return "".join(" " if unicodedata.category(c) in {"Cc", "Zl", "Zp"} else c for c in text)


def width(text: str) -> int:
    """Columns the text takes on a terminal (wide East Asian letters two, combining marks none)."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in {"W", "F"} else 1 for c in text
    )


def _aligned(rows: list[list[str]]) -> Iterator[str]:
    count = max(len(row) for row in rows)
    widths = [max(width(row[i]) for row in rows if i < len(row)) for i in range(count)]
    for row in rows:
        yield "  ".join(cell + " " * (widths[i] - width(cell)) for i, cell in enumerate(row)).rstrip()


def day(value: datetime | date | None, zone: tzinfo, today: date | None = None) -> str:
    """A day in the user's zone: "12 Mar", with the year where it is not this one; "" for None."""
    if value is None:
        return ""
    local = value.astimezone(zone).date() if isinstance(value, datetime) else value
    text = f"{local.day} {local:%b}"
    return text if today is not None and local.year == today.year else f"{text} {local.year}"


def ago(value: datetime | date | None, now: datetime, zone: tzinfo, *, never: str = "never") -> str:
    """How long ago or how soon in plain words, by calendar days of the user: "yesterday", "3 days ago", "in 2 weeks".

    Beyond two months the date itself.
    """
    if value is None:
        return never
    today = now.astimezone(zone).date()
    local = value.astimezone(zone).date() if isinstance(value, datetime) else value
    days = (local - today).days
    near = {0: "today", -1: "yesterday", 1: "tomorrow"}
    if days in near:
        return near[days]
    if abs(days) > 60:
        return day(local, zone, today)
    count, unit = (abs(days), "days") if abs(days) < 14 else (round(abs(days) / 7), "weeks")
    return f"in {count} {unit}" if days > 0 else f"{count} {unit} ago"


def counted(n: int, one: str, many: str = "") -> str:
    """ "1 message", "3 messages"; ``many`` where an s does not make it."""
    return f"{n} {one if n == 1 else many or one + 's'}"


def moment(value: datetime | None, zone: tzinfo) -> str:
    """A moment in the user's zone: "2026-03-12 14:05"; "" for None."""
    return "" if value is None else f"{value.astimezone(zone):%Y-%m-%d %H:%M}"


@contextmanager
def progress() -> Iterator[Callable[[str, int, int | None], None]]:
    """A `core.ports.Progress` that draws bars on stderr where that is a terminal, and nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda what, done, total: None
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, TaskID] = {}

        def report(what: str, done: int, total: int | None) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(escape(one_row(what)), total=total)
            bars.update(tasks[what], completed=done, total=total)

        yield report
