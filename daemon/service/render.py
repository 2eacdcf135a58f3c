"""Letters and reminders from templates (`docs/templates.md` tells their author everything he needs).

Facts are data: they are made harmless before a template sees them, and the result is made harmless again.
Jinja is imported when something is rendered, not before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from daemon.core.language import of_text
from daemon.core.plain import clean, one_line
from daemon.core.wording import (
    addressed,
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
from daemon.service.letter import flatten, signed, tidy, to_html

if TYPE_CHECKING:
    from daemon.service.templating import Filled, Loaded, TemplateFault

PURPOSES = (
    "thanks", "congratulations", "update", "check-in", "reply", "news", "visit", "share", "introduce", "outcome",
)  # fmt: skip
DETAILS = ("full", "name", "none")
SUBJECT_LIMIT, TEXT_LIMIT, TOPICS_LIMIT, AGENDA_LIMIT, DIGEST_LIMIT = 150, 30_000, 3, 7, 20
_NEEDS = {
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
_SAFE_PART = re.compile(r"[\w-]{1,60}\Z")


@dataclass(frozen=True, slots=True)
class DraftFacts:
    """Everything a letter may say. "" and None mean: not known.

    ``form`` is formal or familiar; dates are days in the user's own zone; ``occasion_title`` and ``topics`` hold
    only words the user logged or gave, never a message's subject; ``news`` is the body of the quarter's file in
    Markdown, or what the user wrote of themselves. For an update, ``occasion_title`` is the subject the file asks for.
    ``years`` is 0 where they are not known; ``until`` is the last day of a visit to ``place``. ``link``, ``words`` (a
    text to share) and ``note`` are what the user gives; ``other`` and ``other_work`` whom they introduce, ``why`` their
    reason. ``offer`` and ``question`` are the user's own ends of an update. ``one_sided``: the person gave more than
    they got.
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


@dataclass(frozen=True, slots=True)
class ReminderFacts:
    """Everything a reminder may say, in the user's ``language``. ``detail`` is full, name or none.

    ``last_form`` is a `daemon.core.model.Form`; ``form`` is the one whose turn it is (`daemon.core.policy.FORMS`).
    ``topics``, ``next_step`` and ``agenda`` come from what the user wrote down, never from confidential notes;
    ``prepared_draft`` is the subject of a draft that lies ready in the account ``prepared_in``, or "".
    """

    purpose: str
    detail: str
    name: str
    due: date
    language: str = "en"
    last_contact: date | None = None
    last_form: str = ""
    topics: tuple[str, ...] = ()
    next_step: str = ""
    prepared_draft: str = ""
    form: str = ""
    next_by: date | None = None
    agenda: tuple[str, ...] = ()
    prepared_in: str = ""
    drafts: tuple[tuple[str, str], ...] = ()  # of the morning event: (name, subject) each
    waiting: tuple[str, ...] = ()  # of the weekly digest: names, like the two that follow
    drafted: tuple[str, ...] = ()
    lapsed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rendered:
    """A letter ready to be laid into Drafts. ``variant`` is the one chosen, ``template`` its file."""

    subject: str
    text: str
    html: str
    variant: str = ""
    template: str = ""


class Renderer:
    """Finds templates (the user's folder before the shipped one) and fills them."""

    def __init__(self, shipped: Path, user: Path | None = None) -> None:
        self.folders = tuple(folder for folder in (user, shipped) if folder is not None)
        self._made: dict[Path, Loaded] = {}

    def find(self, lang: str, purpose: str, *special: str) -> Path | None:
        """The file that serves: in each folder ``<purpose>.<occasion or circle>.j2`` before ``<purpose>.j2``."""
        parts = (part.partition(":")[0] for part in special)  # "meeting:<its identity>" is a meeting
        names = [f"{purpose}.{part}.j2" for part in parts if _SAFE_PART.match(part)] + [f"{purpose}.j2"]
        if not _SAFE_PART.match(lang) or not _SAFE_PART.match(purpose):
            return None
        candidates = (folder / lang / name for folder in self.folders for name in names)
        return next((path for path in candidates if path.is_file()), None)

    def languages(self) -> tuple[str, ...]:
        """The languages there are templates for, sorted."""
        found = {
            path.parent.name
            for folder in self.folders
            for path in folder.glob("*/*.j2")
            if _SAFE_PART.match(path.parent.name)
        }
        return tuple(sorted(found))

    def templates(self) -> Iterator[tuple[str, str, Path]]:
        """Every template that can come to use, as (language, name without .j2, file), sorted."""
        found: dict[tuple[str, str], Path] = {}
        for folder in reversed(self.folders):
            for path in folder.glob("*/*.j2"):
                if not path.name.startswith("_"):
                    found[path.parent.name, path.name.removesuffix(".j2")] = path
        for (lang, name), path in sorted(found.items()):
            yield lang, name, path

    def missing(self, facts: DraftFacts, lang: str) -> str:
        """Why no draft can be made of this ("" where one can): what is not known, or the template there is not."""
        if not lang:
            return "the language to write in is not known"
        variables = draft_variables(facts, lang)
        for need in _NEEDS.get(facts.purpose, ("name",)):
            if not variables[need]:
                return f"the {need.replace('_', ' ')} is not known"
        if self.find(lang, facts.purpose, facts.occasion, facts.circle) is None:
            return f"there is no template {lang}/{facts.purpose}.j2"
        if facts.purpose == "update" and of_text(facts.news) not in ("", lang):
            return f"the news are written in {of_text(facts.news)}, the letter would be in {lang}"
        return ""

    def render_draft(
        self,
        purpose: str,
        occasion: str,
        lang: str,
        facts: DraftFacts,
        variant_seed: str,
        used: Mapping[str, str] | None = None,
    ) -> Rendered | None:
        """The letter, or None where too little is known or no template speaks ``lang`` (then: a reminder).

        ``variant_seed`` is the want's key: the same key always makes the same letter. ``used`` maps a template
        (`Rendered.template`) to the variant this contact got last: that one is not used again.

        Raises:
            TemplateFault: the template is broken or asks for a fact that is not known.
        """
        facts = replace(facts, purpose=purpose, occasion=occasion)
        found = self._blocks(facts, lang)
        if found is None:
            return None
        path, blocks = found
        chosen = choose_variant(blocks.variants(), variant_seed, (used or {}).get(f"{lang}/{path.name}", ""))
        return self._letter(path, blocks, chosen, facts, lang)

    def render_all(self, facts: DraftFacts, lang: str) -> list[Rendered]:
        """The letter in each of its variants; none where too little is known.

        Raises:
            TemplateFault: as `render_draft`.
        """
        found = self._blocks(facts, lang)
        if found is None:
            return []
        path, blocks = found
        return [self._letter(path, blocks, each, facts, lang) for each in blocks.variants()]

    def _blocks(self, facts: DraftFacts, lang: str) -> tuple[Path, Filled] | None:
        if self.missing(facts, lang):
            return None
        path = self.find(lang, facts.purpose, facts.occasion, facts.circle)
        if path is None:
            return None
        variables = draft_variables(facts, lang)
        if any(not variables.get(need) for need in self._load(path).needs):
            return None
        return path, self._fill(path, variables)

    def _letter(self, path: Path, blocks: Filled, chosen: str, facts: DraftFacts, lang: str) -> Rendered:
        subject = one_line(blocks.show(f"subject_{chosen}"), SUBJECT_LIMIT)
        body = tidy(blocks.show(f"{'familiar' if facts.form == 'familiar' else 'formal'}_{chosen}", f"text_{chosen}"))
        if not subject or not body:
            raise _fault(f"{path}: variant {chosen} came out without a {'text' if subject else 'subject'}.")
        text = clean(signed(body, _signature(facts, lang)), TEXT_LIMIT)
        return Rendered(subject, text, to_html(text, lang), chosen, f"{lang}/{path.name}")

    def render_reminder(self, facts: ReminderFacts) -> tuple[str, str]:
        """The event's summary (one line) and description, in the user's language, else in English.

        Raises:
            TemplateFault: the template is broken.
        """
        lang = facts.language if self.find(facts.language, "reminder") else "en"
        path = self.find(lang, "reminder", facts.purpose)
        if path is None:
            raise _fault("There is no template for reminders (en/reminder.j2): is kithd installed whole?")
        blocks = self._fill(path, reminder_variables(facts, lang))
        summary = one_line(blocks.show("summary"), SUBJECT_LIMIT)
        description = tidy(blocks.show("description"))
        if not summary:
            raise _fault(f"{path}: the summary came out empty.")
        return summary, clean(description, TEXT_LIMIT)

    def reads(self, path: Path) -> frozenset[str]:
        """The names a template asks for.

        Raises:
            TemplateFault: it cannot be read.
        """
        return self._load(path).reads

    def _load(self, path: Path) -> Loaded:
        if path not in self._made:
            from daemon.service.templating import load

            self._made[path] = load(path, self.folders)
        return self._made[path]

    def _fill(self, path: Path, variables: Mapping[str, Any]) -> Filled:
        from daemon.service.templating import Filled

        return Filled(self._load(path), variables)


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
        "call": addressed(line["name"], line["given"], line["patronymic"], familiar=familiar, language=lang),
        "familiar": familiar,
        "formal": not familiar,
        "language": lang,
        "my_name": line["my_name"],
        "purpose": facts.purpose,
        "occasion": line["occasion"],
        "title": title,
        "quoted_title": quoted_list((title,), lang) if title else "",
        "of_title": continued(title, lang) if title else "",
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
        "topics": topics,
        "quoted_topics": quoted_list(topics, lang) if topics else "",
        "listed_topics": listed(topics, lang) if topics else "",
        "next_step": _entry(facts.next_step, 300).rstrip("."),
        "next_by": _full_date(facts.next_by, lang),
        "agenda": tuple(_ended(t) for t in (_entry(t, 200) for t in facts.agenda) if t)[:AGENDA_LIMIT],
        "due": _full_date(facts.due, lang) if full else "",
        "prepared_draft": _entry(facts.prepared_draft, SUBJECT_LIMIT),
        "prepared_in": _entry(facts.prepared_in, 60),
        "drafts": drafts if named else (),
        "count": count,
        "counts": {what: len(names) for what, names in digest.items()},
        "more": {what: max(0, len(names) - DIGEST_LIMIT) for what, names in digest.items()},
        **{what: names if named else "" for what, names in shown.items()},
    }


def _entry(text: str, limit: int) -> str:
    """A line for a calendar entry. Google's takes what stands between angle brackets for HTML, and hides it."""
    return one_line(text, limit).translate(_NO_TAGS)


def _ended(line: str) -> str:
    return line if line[-1] in ".?!…" else f"{line}."


_NO_TAGS = str.maketrans("<>", "‹›")


def _full_date(day: date | None, lang: str) -> str:
    return calendar_date(day, lang, year=True) if day else ""


def choose_variant(variants: Sequence[str], seed: str, last: str = "") -> str:
    """The variant a seed names: always the same, and never the ``last`` one where there is another."""
    left = [v for v in variants if v != last] or list(variants)
    return left[int.from_bytes(sha256(seed.encode()).digest()[:8]) % len(left)]


def _fault(sentence: str) -> TemplateFault:
    from daemon.service.templating import TemplateFault

    return TemplateFault(sentence)


def _signature(facts: DraftFacts, lang: str) -> str:
    own = tidy(clean(facts.signature, 2000)) or one_line(facts.my_name, 100)
    first = own.partition("\n")[0]
    if not own or first.endswith(",") or first.startswith("--"):
        return own  # it brings a closing of its own
    closing = {
        "ru": "Всего доброго," if facts.form == "familiar" else "С уважением,",
        "en": "Best wishes," if facts.form == "familiar" else "Kind regards,",
    }
    words = closing.get(lang, "")
    return f"{words}\n{own}" if words else own
