"""The users' pages keep up with the program: every rule, every setting, and no link that leads nowhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from connectors import registry
from daemon.core import verdict
from daemon.core.automated import decisive
from daemon.core.model import Signal
from daemon.service.template_samples import sample_facts, sample_reminder
from daemon.service.updates import read_update
from daemon.service.variables import draft_variables, reminder_variables

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


def named(page: str) -> set[str]:
    """What stands in code marks on a page, word by word."""
    text = (DOCS / page).read_text(encoding="utf-8")
    return set(re.findall(r"[\w-]+", " ".join(re.findall(r"`([^`\n]+)`", text))))


@pytest.mark.parametrize("kind", ["imap", "caldav", "local", "exchange", "google", "microsoft"])
def test_every_setting_of_an_account_is_explained(kind: str) -> None:
    assert {option.name for option in registry.options(kind) if not option.hidden} <= named(f"{kind}.md")


def test_every_rule_of_what_counts_is_explained() -> None:
    source = Path(verdict.__file__).read_text(encoding="utf-8")
    rules = set(re.findall(r'return "([a-z-]+)"', source)) | {verdict.UPCOMING, verdict.NOT_READ_SINCE, "counted"}
    rules |= {signal.value for signal in Signal if decisive(signal)}
    assert rules <= named("what-counts.md")


def test_every_variable_of_the_templates_is_explained() -> None:
    from datetime import date

    today = date(2026, 11, 21)
    letter = draft_variables(sample_facts("thanks", "en", today), "en")
    reminder = reminder_variables(sample_reminder("promise", "en", today), "en")
    assert (set(letter) | set(reminder)) <= named("templates.md")


def test_the_quarters_letter_on_the_page_is_one_that_can_be_read(tmp_path: Path) -> None:
    page = (DOCS / "reminders-and-drafts.md").read_text(encoding="utf-8")
    block = re.search(r"((?:    .*\n|\n)*?    \+\+\+\n(?:    .*\n|\n)+)", page)
    assert block is not None
    lines = [line[4:] for line in block[1].strip("\n").splitlines()]
    (tmp_path / "2026-Q4.md").write_text("\n".join(lines[lines.index("+++") :]), encoding="utf-8")
    assert read_update(tmp_path / "2026-Q4.md").circles == {"mentor", "partner"}


def test_no_link_leads_nowhere() -> None:
    for page in (ROOT / "README.md", *DOCS.glob("*.md")):
        for link in re.findall(r"\]\(([^)#:\s]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / link).exists(), f"{page.name}: {link}"


def test_make_is_only_told_to_make_what_it_can() -> None:
    readme, makefile = (ROOT / "README.md").read_text(encoding="utf-8"), (ROOT / "Makefile").read_text(encoding="utf-8")
    told = re.findall(r"(?:^|\$ |or: )make(?: ([a-z]+))?", "\n".join(re.findall(r"```.*?```", readme, re.S)), re.M)
    assert {"demo", "test", "venv"} <= set(told)
    assert set(told) <= set(re.findall(r"^([a-z]+):", makefile, re.M))  # `make` alone only prints help
