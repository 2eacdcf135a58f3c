"""Letters and reminders from templates (`docs/templates.md` tells their author everything he needs).

Facts are data: they are made harmless before a template sees them, and the result is made harmless again.
Jinja is imported when something is rendered, not before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from daemon.core.language import of_text
from daemon.core.plain import clean, one_line
from daemon.service.letter import signed, tidy, to_html
from daemon.service.variables import (
    NEEDS,
    SUBJECT_LIMIT,
    TEXT_LIMIT,
    DraftFacts,
    ReminderFacts,
    draft_variables,
    reminder_variables,
)

if TYPE_CHECKING:
    from daemon.service.templating import Filled, Loaded, TemplateFault

_SAFE_PART = re.compile(r"[\w-]{1,60}\Z")


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
        for need in NEEDS.get(facts.purpose, ("name",)):
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
        used: Mapping[str, Sequence[str]] | None = None,
    ) -> Rendered | None:
        """The letter, or None where too little is known or no template speaks ``lang`` (then: a reminder).

        ``variant_seed`` is the want's key: the same key always makes the same letter. ``used`` maps a template
        (`Rendered.template`) to the variants this contact got last, the latest at the end (`choose_variant`).

        Raises:
            TemplateFault: the template is broken or asks for a fact that is not known.
        """
        facts = replace(facts, purpose=purpose, occasion=occasion)
        found = self._blocks(facts, lang)
        if found is None:
            return None
        path, blocks = found
        chosen = choose_variant(blocks.variants(), variant_seed, (used or {}).get(f"{lang}/{path.name}", ()))
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


def choose_variant(variants: Sequence[str], seed: str, used: Sequence[str] = ()) -> str:
    """The variant a seed names: always the same, and none of those in ``used`` (the latest at the end) if that can be.

    Where there are too few, the latest are the ones left out.
    """
    without = ([v for v in variants if v not in used[n:]] for n in range(len(used) + 1))
    left = next(filter(None, without))
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
