"""``make corpus``: other people's mail, calendars and address books through the real importers and ingest.

Prints what was consumed, quarantined (with reasons) and crashed, and writes ``corpus.tsv``. Ends with 1 where
anything crashed, took too long, left a stranger's row, or differs from the list in docs/CORPUS.md.
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
from pathlib import Path

from tests.corpus.files import KINDS
from tests.corpus.report import compare_with_list, lines, write_table
from tests.corpus.run import feed


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="make corpus", description=__doc__)
    parser.add_argument("corpus", type=Path, help="the folder with mail/, ical/, vcard/, contacts/ and api/")
    parser.add_argument("--list", type=Path, help="the document that names every file in quarantine")
    parser.add_argument("--table", type=Path, default=Path("corpus.tsv"), help="where the table goes")
    parser.add_argument("--only", choices=KINDS, action="append", help="feed this kind alone (the list is not checked)")
    given = parser.parse_args()
    if not any((given.corpus / kind).is_dir() for kind in KINDS):
        sys.stderr.write(f"{given.corpus} holds none of {', '.join(KINDS)}.\n")
        return 2
    logging.disable(logging.WARNING)
    since = time.monotonic()
    tallies = feed(given.corpus, given.only or KINDS)
    write_table(given.table, tallies)
    for line in lines(tallies):
        sys.stdout.write(line + "\n")
    differences = compare_with_list(given.list, tallies) if given.list and not given.only else []
    for line in differences:
        sys.stdout.write(f"WRONG {line}\n")
    files = sum(t.files for t in tallies)
    quarantined = sum(len(t.quarantined) for t in tallies)
    crashed = sum(len(t.crashed) for t in tallies)
    sys.stdout.write(
        f"all: {files} read, {files - quarantined - crashed} consumed, {quarantined} quarantined, {crashed} crashed, "
        f"in {time.monotonic() - since:.0f} s; table in {given.table}\n"
    )
    return 0 if all(t.good for t in tallies) and not differences else 1


if __name__ == "__main__":
    sys.exit(main())
