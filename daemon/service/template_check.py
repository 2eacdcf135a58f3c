"""Every template tried with every form of address and every set of unknown facts, before a real letter needs it.

A combination is a language, a purpose, an occasion, a circle, a form of address, a variant, and what is known of the
facts the template asks for; those it does not ask for change nothing and are not varied.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import combinations, product
from pathlib import Path
from typing import Any

from daemon.core.errors import KithError
from daemon.core.making import ADDRESS, FACTS, LANGUAGE, TEMPLATE
from daemon.core.policy import CIRCLES, FORMS
from daemon.service.render import Renderer
from daemon.service.template_samples import OCCASIONS, WORDS, sample_facts, sample_reminder
from daemon.service.variables import (
    DETAILS,
    PURPOSES,
    DraftFacts,
    ReminderFacts,
    draft_variables,
    reminder_variables,
)

REMINDED = ("keep-in-touch", "reply-owed", "promise", *PURPOSES)
"""What a reminder may be for: a purpose of its own, or the letter it stands for."""

_ASKED_BY = {
    "call": ("given", "patronymic"),
    "title": ("occasion_title",),
    "quoted_title": ("occasion_title",),
    "of_title": ("occasion_title",),
    "at_title": ("occasion_title",),
    "quoted_topics": ("topics",),
    "listed_topics": ("topics",),
    "day": ("occasion_date",),
    "date": ("occasion_date",),
    "days_late": ("occasion_date",),
    "days": ("occasion_date", "until"),
    "counted_years": ("years",),
    "quoted_company": ("company",),
    "last_month": ("last_contact",),
    "long_ago": ("last_contact",),
}
"""Which facts a variable of the templates is made from, where it is not called like its fact."""

_MANY = 600
"""More combinations of unknown facts than this are not tried for one letter: then only any two are unknown at once."""

_LEFTOVER = re.compile(r"\{\{|\}\}|\{%|\{\w+\}|\[(?:name|имя)\]|\bNone\b|\bUndefined\b")
_GAP = re.compile(r"\(\)|«»|“”|\(«»\)|  | [,.!?;:]|,,|, !|\n\n\n")


@dataclass(frozen=True, slots=True)
class Found:
    """One thing wrong with one template."""

    template: str
    problem: str


def check(renderer: Renderer, today: date, circles: Iterable[str] = ()) -> tuple[int, tuple[Found, ...]]:
    """How many letters and reminders were tried, and what was wrong with which template (each fault once).

    ``circles`` are the user's own beside the shipped ones.
    """
    tried = 0
    found: dict[Found, None] = {}
    known = dict.fromkeys((*CIRCLES, *circles))
    for lang, name, path in renderer.templates():
        purpose, _, special = name.partition(".")
        if purpose != "reminder" and purpose not in PURPOSES:
            there = ", ".join((*PURPOSES, "reminder"))
            found[Found(f"{lang}/{path.name}", f"no letter is called {purpose}; {there} are.")] = None
            continue
        if purpose == "reminder":
            attempts = _reminders(renderer, lang, special, path, today)
        else:
            attempts = _letters(renderer, lang, purpose, special, path, today, tuple(known))
        for problem in attempts:
            tried += 1
            if problem:
                found[Found(f"{lang}/{path.name}", problem)] = None
    return tried, tuple(found)


def _letters(
    renderer: Renderer, lang: str, purpose: str, special: str, path: Path, today: date, circles: Sequence[str]
) -> Iterator[str]:
    """One string an attempt: "" where it came out well or, rightly, not at all."""
    try:
        reads = renderer.reads(path)
    except KithError as e:
        yield str(e)
        return
    yield from _misspelt(reads, draft_variables(sample_facts(purpose, lang, today), lang))
    occasions = dict.fromkeys((*OCCASIONS.get(purpose, ("",)), special))
    ways = [
        (occasion, circle)
        for occasion, circle in product(occasions, dict.fromkeys(("", *circles, special)))
        if renderer.find(lang, purpose, occasion, circle) == path
    ]
    if not {"occasion", "circle"} & reads:  # all of them make the same letter
        ways = ways[:1]
    for (occasion, circle), form in product(ways, ("formal", "familiar")):
        full = replace(sample_facts(purpose, lang, today, form=form, occasion=occasion), circle=circle)
        for given in known_and_unknown(reads, full):
            try:
                letters = renderer.render_all(replace(full, **given), lang)
            except KithError as e:
                yield str(e)
                continue
            yield from (_leftover(f"{letter.subject}\n{letter.text}") for letter in letters or ())


def known_and_unknown(reads: frozenset[str], full: DraftFacts) -> Iterator[dict[str, Any]]:
    """Every combination of what may be known of the facts a template asks for, the whole first, nothing last."""
    today = full.today
    words = WORDS.get(full.language, WORDS["en"])
    choices: dict[str, tuple[Any, ...]] = {
        "given": (full.given, ""),
        "patronymic": (full.patronymic, "") if full.patronymic else ("",),
        "topics": (full.topics, full.topics[:1], ()),
        "last_contact": (full.last_contact, today - timedelta(days=5), None),
        "organisation": (full.organisation, ""),
        "occasion_title": (full.occasion_title or words["title"], ""),
        "occasion_date": (
            full.occasion_date,
            today if full.occasion_date != today else today - timedelta(days=2),
            None,
        ),
        "reach": (full.reach, ""),
        "years": (5, 1, 0),
        "company": (full.company, ""),
        "place": (full.place, ""),
        "until": (full.until, None),
        "link": (full.link or "https://example.org/letters", ""),
        "words": ("", words["words"]),
        "note": (full.note, ""),
        "other_work": (full.other_work, ""),
        "why": (full.why, ""),
        "offer": (words["offer"], ""),
        "question": (words["question"], ""),
        "one_sided": (True, False),
        "own_message": (False, True),
        "my_name": (full.my_name, ""),
    }
    asked = {fact for name in reads for fact in _ASKED_BY.get(name, (name,))} | {"my_name"}
    names = [name for name in choices if name in asked]
    size = 1
    for name in names:
        size *= len(choices[name])
    if size <= _MANY:
        for values in product(*(choices[name] for name in names)):
            yield dict(zip(names, values, strict=True))
        return
    whole = {name: choices[name][0] for name in names}
    yield whole
    for pair in combinations(names, 2):
        for values in product(*(choices[name] for name in pair)):
            yield whole | dict(zip(pair, values, strict=True))
    yield {name: choices[name][-1] for name in names}


def _reminders(renderer: Renderer, lang: str, special: str, path: Path, today: date) -> Iterator[str]:
    try:
        reads = renderer.reads(path)
    except KithError as e:
        yield str(e)
        return
    yield from _misspelt(reads, reminder_variables(sample_reminder(special, lang, today), lang))
    purposes = [special] if special else [p for p in REMINDED if renderer.find(lang, "reminder", p) == path]
    for purpose, detail in product(purposes, DETAILS):
        full = sample_reminder(purpose, lang, today, detail=detail)
        unknown: dict[str, tuple[dict[str, Any], ...]] = {
            "last_contact": ({}, {"last_by": "them"}, {"last_contact": None, "last_form": "", "last_by": ""}),
            "listed_topics": ({}, {"topics": ()}),
            "next_step": ({}, {"next_by": None}, {"next_step": "", "next_by": None}),
            "agenda": ({}, {"agenda": ()}),
            "prepared_draft": ({}, {"prepared_in": ""}, *_UNPREPARED),
            "form": ({"form": ""}, *({"form": form} for form in FORMS if purpose == "keep-in-touch")),
            "counts": ({}, {"waiting": ()}, {"drafted": ()}, {"lapsed": full.lapsed * 25}),
        }
        about: tuple[dict[str, Any], ...] = (
            {},
            {"occasion_title": ""},
            {"occasion": "birthday"},
            {"occasion": "", "occasion_title": ""},
        )
        unknown["occasion"] = about if purpose in PURPOSES else ({},)
        asked = [unknown[name] for name in unknown if name in reads and detail == "full"]
        for changes in product(*asked):
            facts = replace(full, **{name: value for change in changes for name, value in change.items()})
            yield _reminder(renderer, facts)


_UNPREPARED = tuple(
    {"prepared_draft": "", "prepared_in": "", "lacking": why} for why in ("", LANGUAGE, ADDRESS, TEMPLATE, FACTS)
)


def _reminder(renderer: Renderer, facts: ReminderFacts) -> str:
    try:
        summary, description = renderer.render_reminder(facts)
    except KithError as e:
        return str(e)
    if facts.detail == "none" and facts.name in summary + description:
        return "the person's name shows although nothing may (detail = none)."
    return _leftover(summary + "\n" + description)


def _misspelt(reads: Iterable[str], known: Iterable[str]) -> Iterator[str]:
    """A fact nobody knows of is an error where it is asked for; this also finds it where that is caught (`default`)."""
    for name in sorted(set(reads) - set(known)):
        yield f"there is no variable {name} (docs/templates.md names those there are)."


def _leftover(text: str) -> str:
    match = _LEFTOVER.search(text)
    if match:
        return f"“{match[0]}” would stand in the text as it is."
    gap = _GAP.search(text)
    return f"something is left out and leaves a gap: “{text[max(0, gap.start() - 20) : gap.end() + 5]}”." if gap else ""
