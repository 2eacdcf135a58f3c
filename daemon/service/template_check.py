"""Every template tried with every form of address and every set of unknown facts, before a real letter needs it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial
from itertools import combinations, product
from pathlib import Path

from daemon.core.errors import KithError
from daemon.service.render import DETAILS, PURPOSES, DraftFacts, ReminderFacts, Rendered, Renderer

_DROPPED: dict[str, object] = {
    "given": "",
    "patronymic": "",
    "topics": (),
    "last_contact": None,
    "organisation": "",
    "occasion_title": "",
    "circle": "",
    "my_name": "",
    "reach": "",
    "years": 0,
    "company": "",
    "place": "",
    "until": None,
}
_LEFTOVER = re.compile(r"\{\{|\}\}|\{%|\{\w+\}|\[(?:name|имя)\]|\bNone\b|\bUndefined\b")
_WORDS = {
    "ru": {
        "title": "десять лет в профессии",
        "topics": ("бюджет", "CalDAV"),
        "news": "Этой осенью я учусь новому.",
        "reach": "Мой новый адрес: irina@example.org.",
        "place": "Казань",
    },
    "en": {
        "title": "ten years in the profession",
        "topics": ("hiring", "CalDAV"),
        "news": "This autumn I learn a lot.",
        "reach": "My new address: irina@example.org.",
        "place": "Leipzig",
    },
}
_PEOPLE = {
    "ru": ("Анна Вымышленная", "Анна", "Сергеевна", "Ирина Примерова"),
    "en": ("Ann Example", "Ann", "", "Irina Sample"),
}


@dataclass(frozen=True, slots=True)
class Found:
    """One thing wrong with one template."""

    template: str
    problem: str


def sample_facts(purpose: str, lang: str, today: date, *, form: str = "formal") -> DraftFacts:
    """A made-up person about whom everything is known."""
    words = _WORDS.get(lang, _WORDS["en"])
    name, given, patronymic, mine = _PEOPLE.get(lang, _PEOPLE["en"])
    occasion = {"thanks": "meeting", "congratulations": "birthday", "update": "quarter"}.get(purpose, "")
    return DraftFacts(
        purpose=purpose,
        occasion=occasion,
        name=name,
        today=today,
        given=given,
        patronymic=patronymic,
        form=form,
        language=lang,
        my_name=mine,
        occasion_date=today - timedelta(days=2 if purpose == "thanks" else 0),
        occasion_title=str(words["title"]) if purpose in ("thanks", "congratulations") else "",
        topics=tuple(words["topics"]),
        organisation="Example",
        news=str(words["news"]),
        last_contact=today - timedelta(days=120),
        circle="mentor",
        reach=str(words["reach"]),
        years=5,
        company="Example",
        place=str(words["place"]),
        until=today + timedelta(days=4),
    )


def sample_reminder(purpose: str, lang: str, today: date, *, detail: str = "full") -> ReminderFacts:
    """A reminder about the made-up person."""
    words = _WORDS.get(lang, _WORDS["en"])
    return ReminderFacts(
        purpose=purpose,
        detail=detail,
        name=_PEOPLE.get(lang, _PEOPLE["en"])[0],
        due=today,
        language=lang,
        last_contact=today - timedelta(days=120),
        last_form="call",
        topics=tuple(words["topics"]),
        next_step="прислать отчёт" if lang == "ru" else "send the report",
        prepared_draft="Что нового?" if lang == "ru" else "Catching up",
        form="talk",
        next_by=today + timedelta(days=5),
        agenda=("как прошёл переезд" if lang == "ru" else "how the move went",),
        prepared_in="home",
        waiting=_PEOPLE.get(lang, _PEOPLE["en"])[:1],
        drafted=_PEOPLE.get(lang, _PEOPLE["en"])[:1],
        lapsed=_PEOPLE.get(lang, _PEOPLE["en"])[:1],
        drafts=((_PEOPLE.get(lang, _PEOPLE["en"])[0], "Что нового?" if lang == "ru" else "Catching up"),),
    )


def check(renderer: Renderer, today: date) -> tuple[int, tuple[Found, ...]]:
    """How many letters and reminders were tried, and what was wrong with which template (each fault once)."""
    tried = 0
    found: dict[Found, None] = {}
    for lang, name, path in renderer.templates():
        purpose, _, special = name.partition(".")
        if purpose != "reminder" and purpose not in PURPOSES:
            known = ", ".join((*PURPOSES, "reminder"))
            found[Found(f"{lang}/{path.name}", f"no letter is called {purpose}; {known} are.")] = None
            continue
        if purpose == "reminder":
            attempts = _reminders(renderer, lang, special, today)
        else:
            attempts = _letters(renderer, lang, purpose, special, path, today)
        for problem in attempts:
            tried += 1
            if problem:
                found[Found(f"{lang}/{path.name}", problem)] = None
    return tried, tuple(found)


def _letters(renderer: Renderer, lang: str, purpose: str, special: str, path: Path, today: date) -> Iterator[str]:
    """One string an attempt: "" where it came out well or, rightly, not at all."""
    # any two facts may hang together in one sentence; three do not in practice
    unknown = [(), tuple(_DROPPED), *combinations(_DROPPED, 1), *combinations(_DROPPED, 2)]
    for form, dropped in product(("formal", "familiar"), unknown):
        blank = {name: _DROPPED[name] for name in dropped}
        facts = replace(sample_facts(purpose, lang, today, form=form), **blank)  # type: ignore[arg-type]
        # a template for an occasion or a circle is found by either name
        facts = replace(facts, occasion=special or facts.occasion, circle="")
        if renderer.find(lang, purpose, facts.occasion) != path:
            return  # the user's own file stands before it
        for seed in ("a", "b", "c", "d"):
            yield _attempt(partial(renderer.render_draft, purpose, facts.occasion, lang, facts, seed))


def _reminders(renderer: Renderer, lang: str, special: str, today: date) -> Iterator[str]:
    purposes = (special,) if special else ("keep-in-touch", "reply-owed", "promise", "thanks", "congratulations")
    for purpose, detail, known in product(purposes, DETAILS, (True, False)):
        facts = sample_reminder(purpose, lang, today, detail=detail)
        if not known:
            facts = replace(facts, last_contact=None, last_form="", topics=(), next_step="", prepared_draft="")
        try:
            summary, description = renderer.render_reminder(facts)
        except KithError as e:
            yield str(e)
            continue
        if detail == "none" and facts.name in summary + description:
            yield "the person's name shows although nothing may (detail = none)."
        else:
            yield _leftover(summary + "\n" + description)


def _attempt(render: Callable[[], Rendered | None]) -> str:
    try:
        letter = render()
    except KithError as e:
        return str(e)
    return _leftover(f"{letter.subject}\n{letter.text}") if letter else ""


def _leftover(text: str) -> str:
    match = _LEFTOVER.search(text)
    return f"“{match[0]}” would stand in the text as it is." if match else ""
