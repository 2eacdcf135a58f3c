"""What a template may say: the facts of a letter or a reminder, made harmless, under the names templates know them by.

`docs/templates.md` lists them for the author of a template.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

from daemon.core.plain import clean, one_line
from daemon.core.wording import (
    addressed,
    after_colon,
    at_event,
    calendar_date,
    continued,
    counted_years,
    fits,
    from_to,
    in_month,
    listed,
    on_day,
    quoted_list,
)
from daemon.service.letter import flatten

DETAILS = ("full", "name", "none")
SUBJECT_LIMIT, TEXT_LIMIT, TOPICS_LIMIT, AGENDA_LIMIT, DIGEST_LIMIT, LINE_LIMIT = 150, 30_000, 3, 7, 20, 500
NEEDS = {  # purpose -> the variables without which no letter is made
    "thanks": ("name", "occasion_date"),
    "congratulations": ("name", "occasion_date"),
    "update": ("name", "news"),
    "check-in": ("name",),
    "reply": ("name",),
    "news": ("name", "news"),
    "visit": ("name", "occasion_date"),
    "share": ("name",),
    "introduce": ("name", "other"),
    "outcome": ("name", "news"),
}
PURPOSES = tuple(NEEDS)


@dataclass(frozen=True, slots=True)
class DraftFacts:
    """Everything a letter may say. "" and None mean: not known.

    ``form`` is formal or familiar; dates are days in the user's own zone; ``occasion_title`` and ``topics`` hold
    only words the user logged or gave, never a message's subject; ``news`` is the body of the quarter's file in
    Markdown, or what the user wrote of themselves. For an update, ``occasion_title`` is the subject the file asks for.
    ``years`` is 0 where they are not known; ``until`` is the last day of a visit to ``place``. ``link``, ``words`` (a
    text to share) and ``note`` are what the user gives; ``other`` and ``other_work`` whom they introduce, ``why`` their
    reason. ``offer`` and ``question`` are the user's own ends of an update. ``one_sided``: the person gave more than
    they got. ``own_message``: what the letter is about, or answers to, the user wrote.
    """

    purpose: str
    occasion: str
    name: str
    today: date
    given: str = ""
    family: str = ""
    patronymic: str = ""
    form: str = "formal"
    language: str = ""
    my_name: str = ""
    signature: str = ""
    occasion_date: date | None = None
    occasion_title: str = ""
    topics: tuple[str, ...] = ()
    organisation: str = ""
    news: str = ""
    last_contact: date | None = None
    circle: str = ""
    reach: str = ""
    years: int = 0
    company: str = ""
    place: str = ""
    until: date | None = None
    link: str = ""
    words: str = ""
    note: str = ""
    other: str = ""
    other_work: str = ""
    why: str = ""
    offer: str = ""
    question: str = ""
    one_sided: bool = False
    own_message: bool = False


@dataclass(frozen=True, slots=True)
class ReminderFacts:
    """Everything a reminder may say, in the user's ``language``. ``detail`` is full, name or none.

    ``last_form`` is a `daemon.core.model.Form`, ``last_by`` who wrote ("me", "them" or ""); ``form`` is the one whose
    turn it is (`daemon.core.policy.FORMS`). ``topics``, ``next_step`` and ``agenda`` are what the user wrote down,
    never confidential notes; ``prepared_draft`` is the subject of a draft that lies ready in the account
    ``prepared_in``, or "". ``lacking`` is why there is none (`daemon.core.making.LACKING`).
    ``occasion`` and ``occasion_title`` are those of the letter the reminder stands for.
    """

    purpose: str
    detail: str
    name: str
    due: date
    language: str = "en"
    last_contact: date | None = None
    last_form: str = ""
    last_by: str = ""
    occasion: str = ""
    occasion_title: str = ""
    topics: tuple[str, ...] = ()
    next_step: str = ""
    prepared_draft: str = ""
    form: str = ""
    next_by: date | None = None
    agenda: tuple[str, ...] = ()
    prepared_in: str = ""
    lacking: str = ""
    drafts: tuple[tuple[str, str], ...] = ()  # of the morning event: (name, subject) each
    waiting: tuple[str, ...] = ()  # of the weekly digest: names, like the two that follow
    drafted: tuple[str, ...] = ()
    lapsed: tuple[str, ...] = ()


def draft_variables(facts: DraftFacts, lang: str) -> dict[str, Any]:
    """What a letter's template may use; "" , None and () stand for facts that are not known."""
    line = {f.name: one_line(str(getattr(facts, f.name)), 200) for f in fields(facts) if f.type == "str"}
    familiar = facts.form == "familiar"
    topics = tuple(t for t in (one_line(t, 120) for t in facts.topics) if t and fits(t, lang))[:TOPICS_LIMIT]
    happened, last = facts.occasion_date, facts.last_contact
    title = line["occasion_title"].rstrip(".") if fits(line["occasion_title"], lang) else ""
    company = line["company"] if fits(line["company"], lang) else ""
    return {
        "name": line["name"],
        "given": line["given"],
        "family": line["family"],
        "patronymic": line["patronymic"],
        "call": addressed(
            line["name"], line["given"], line["patronymic"], familiar=familiar, language=lang, family=line["family"]
        ),
        "familiar": familiar,
        "formal": not familiar,
        "language": lang,
        "my_name": line["my_name"],
        "purpose": facts.purpose,
        "occasion": line["occasion"],
        "title": title,
        "quoted_title": quoted_list((title,), lang) if title else "",
        "of_title": continued(title, lang) if title else "",
        "said_title": after_colon(title),
        "at_title": at_event(title, lang) if title else "",
        "circle": line["circle"],
        "organisation": line["organisation"] if fits(line["organisation"], lang) else "",
        "news": _passage(facts.news),
        "topics": topics,
        "quoted_topics": quoted_list(topics, lang) if topics else "",
        "listed_topics": listed(topics, lang) if topics else "",
        "today": facts.today,
        "occasion_date": happened,
        "day": on_day(happened, facts.today, lang) if happened else "",
        "date": calendar_date(happened, lang) if happened else "",
        "years": facts.years,
        "counted_years": counted_years(facts.years, lang) if facts.years > 0 else "",
        "company": company,
        "quoted_company": quoted_list((company,), lang) if company else "",
        "place": line["place"] if fits(line["place"], lang) else "",
        "days": from_to(happened, facts.until, lang) if happened else "",
        "reach": _passage(facts.reach),
        "link": line["link"],
        "words": _passage(facts.words),
        "note": _passage(facts.note),
        "other": line["other"],
        "other_work": line["other_work"] if fits(line["other_work"], lang) else "",
        "why": _passage(facts.why),
        "offer": _passage(facts.offer),
        "question": _passage(facts.question),
        "one_sided": facts.one_sided,
        "own_message": facts.own_message,
        "days_late": max(0, (facts.today - happened).days) if happened else 0,
        "last_contact": last,
        "last_month": in_month(last, facts.today, lang) if last else "",
        "long_ago": bool(last and (facts.today - last).days >= 45),
    }


def _passage(markdown: str) -> str:
    """The user's Markdown as the plain text of a letter."""
    return clean(flatten(clean(markdown)), TEXT_LIMIT)


def reminder_variables(facts: ReminderFacts, lang: str) -> dict[str, Any]:
    """What a reminder's template may use: with less than full detail, the rest is not there to be shown."""
    full, named = facts.detail == "full", facts.detail in ("full", "name")
    drafts = tuple(
        ": ".join(part for part in (_entry(n, 80), _entry(s, 120) if full else "") if part) for n, s in facts.drafts
    )
    count = len(facts.drafts)
    digest = {"waiting": facts.waiting, "drafted": facts.drafted, "lapsed": facts.lapsed}
    shown = {what: ", ".join(_entry(n, 80) for n in names[:DIGEST_LIMIT]) for what, names in digest.items()}
    if not full:
        facts = ReminderFacts(facts.purpose, facts.detail, facts.name if named else "", facts.due, facts.language)
    topics = tuple(t for t in (_entry(t, 120) for t in facts.topics) if t)[:TOPICS_LIMIT]
    return {
        "purpose": facts.purpose,
        "detail": facts.detail,
        "name": _entry(facts.name, 120),
        "language": lang,
        "form": facts.form,
        "last_contact": _full_date(facts.last_contact, lang),
        "last_form": facts.last_form if facts.last_contact else "",
        "last_by": facts.last_by if facts.last_contact else "",
        "topics": topics,
        "quoted_topics": quoted_list(topics, lang) if topics else "",
        "listed_topics": listed(topics, lang) if topics else "",
        "next_step": _ended(_entry(facts.next_step, LINE_LIMIT)),
        "next_by": _full_date(facts.next_by, lang),
        "agenda": tuple(_ended(t) for t in (_entry(t, LINE_LIMIT) for t in facts.agenda) if t)[:AGENDA_LIMIT],
        "due": _full_date(facts.due, lang) if full else "",
        "occasion": facts.occasion.partition(":")[0],
        "title": _entry(facts.occasion_title, 120).rstrip("."),
        "prepared_draft": _entry(facts.prepared_draft, SUBJECT_LIMIT),
        "prepared_in": _entry(facts.prepared_in, 60),
        "lacking": facts.lacking,
        "name_in_command": in_command(_entry(facts.name, 120)),
        "drafts": drafts if named else (),
        "count": count,
        "counts": {what: len(names) for what, names in digest.items()},
        "more": {what: max(0, len(names) - DIGEST_LIMIT) for what, names in digest.items()},
        **{what: names if named else "" for what, names in shown.items()},
    }


def in_command(name: str) -> str:
    """A name as a command line takes it for one word. It may come from anywhere, and the line is there to be copied."""
    return shlex.quote(name) if set(name) & set('"$`\\!') else f'"{name}"'


def _entry(text: str, limit: int) -> str:
    """A line for a calendar entry. Google's takes what stands between angle brackets for HTML, and hides it."""
    return _IN_BRACKETS.sub(r"\1", one_line(text, limit)).translate(_NO_TAGS)


def _ended(line: str) -> str:
    """With a full stop, unless an address ends it: calendars would take the stop for a part of that."""
    return line if not line or line[-1] in ".?!…" or "://" in line.rpartition(" ")[2] else f"{line}."


_IN_BRACKETS = re.compile(r"<(https?://[^\s<>]+)>")
_NO_TAGS = str.maketrans("<>", "‹›")


def _full_date(day: date | None, lang: str) -> str:
    return calendar_date(day, lang, year=True) if day else ""
