"""The quarter's news as the user writes them: ``updates/2026-Q4.md``, front matter and Markdown.

    +++
    subject = "News from Irina"
    circles = ["mentor", "partner"]
    +++
    Text for everybody, without greeting and signature: the template adds those.

    ## mentor
    Text that only mentors get.

Front matter between ``---`` lines with ``name: value`` is read as well. A translation stands beside it as
``2026-Q4.en.md``. Described for users in ``docs/reminders-and-drafts.md``.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

from daemon.core.errors import UserMistake
from daemon.core.language import of_text, tag
from daemon.core.pieces import untold
from daemon.core.plain import clean, one_line
from daemon.service.front_matter import bare, split

_NAME = re.compile(r"(\d{4}-Q[1-4])(?:\.([a-z]{2,3}))?\.md\Z")
_KNOWN = (
    "subject", "circles", "language", "written", "offer", "question", "offer_familiar", "question_familiar",
)  # fmt: skip
_SECTION = re.compile(r"##\s+(.+?)\s*#*\s*\Z")
_PLACEHOLDER = re.compile(r"\{\{?[^{}\n]{1,40}\}?\}|\[(?:name|имя)\]|%\w+%|<(?:name|имя)>", re.IGNORECASE)
_SIZE = 200_000


@dataclass(frozen=True, slots=True)
class Update:
    """One quarter's letter in one language. ``circles`` empty means: all the kept. ``written_at`` is UTC.

    ``dated`` says that the file itself names that day; else it is when the file was last changed.

    ``text`` is for everybody, each of the ``sections`` (circles, text) for people of these circles. ``language`` is
    what the file, its name or its text says, "" where none does. ``offer`` and ``question`` end the letter; in a
    language with two forms of address the familiar ones stand in letters to those addressed so.
    """

    quarter: str
    subject: str
    circles: frozenset[str]
    text: str
    written_at: datetime
    language: str = ""
    sections: tuple[tuple[frozenset[str], str], ...] = ()
    offer: str = ""
    question: str = ""
    offer_familiar: str = ""
    question_familiar: str = ""
    dated: bool = False

    @property
    def named(self) -> frozenset[str]:
        """The circles its head and its sections name."""
        return self.circles.union(*(circles for circles, _ in self.sections))

    @property
    def parts(self) -> tuple[tuple[frozenset[str], str], ...]:
        """What it says and to which circles; none: to everybody."""
        return (((frozenset(), self.text),) if self.text else ()) + self.sections

    @property
    def audience(self) -> frozenset[str]:
        """The circles that hear anything of it; empty means all the kept."""
        return self.circles or (frozenset() if self.text else self.named)

    def text_for(self, circles: Collection[str], told: frozenset[str] = frozenset()) -> str:
        """What somebody in these circles is told; "" for nothing.

        What they know is left out; ``told`` are the marks of what they were told before.
        """
        mine = (untold(text, told) for who, text in self.parts if not who or who & set(circles))
        return "\n\n".join(text for text in mine if text)

    def ends(self, form: str) -> tuple[str, str]:
        """(offer, question) in the form of address; "" where the template's own serve."""
        if form == "familiar" and self.language == "ru":
            return self.offer_familiar, self.question_familiar
        return self.offer, self.question


class Blank(UserMistake):
    """The file is there, and nothing is written in it yet."""


def quarter_of(day: date) -> str:
    """The quarter a day is in, as the files are named: "2026-Q4"."""
    return f"{day.year}-Q{(day.month + 2) // 3}"


def quarter_ends(quarter: str) -> date:
    """The first day after the quarter."""
    year, number = int(quarter[:4]), int(quarter[-1])
    return date(year + number // 4, number % 4 * 3 + 1, 1)


def file_name(quarter: str, language: str = "") -> str:
    """What a quarter's file is called.

    Raises:
        UserMistake: it is no quarter.
    """
    name = f"{quarter}.{language}.md" if language else f"{quarter}.md"
    if not _NAME.match(name):
        raise UserMistake(f"“{quarter}” is no quarter: write 2026-Q4.")
    return name


_SKELETON = {
    "en": """+++
# subject = "A few lines of news"
# What you offer or ask at the end, instead of the usual words:
# offer = "I could show you how it works."
# question = "How was your autumn?"
+++
<!-- Here, in Markdown, what everybody may hear. Greeting and signature are added; comments like this are not. -->

""",
    "ru": """+++
# subject = "Коротко о новостях"
# Предложение или вопрос в конце, вместо обычных слов (на «вы» и на «ты»):
# offer = "Могу показать, как это устроено."
# question = "Как у вас прошла осень?"
# offer_familiar = "Могу показать, как это устроено."
# question_familiar = "Как у тебя прошла осень?"
+++
<!-- Здесь, в Markdown, то, что можно рассказать всем. Приветствие и подпись добавятся сами, а такие пометки — нет. -->

""",
}
_ONLY = {"en": "<!-- Only for them. -->", "ru": "<!-- Только для них. -->"}


def skeleton(circles: Sequence[str], language: str) -> str:
    """A file to write the news into: a head in comments and a section a circle; blank until something is written."""
    head, only = _SKELETON.get(language, _SKELETON["en"]), _ONLY.get(language, _ONLY["en"])
    return head + "\n".join(f"## {circle}\n{only}\n" for circle in circles)


def read_editions(folder: Path, quarter: str, zone: str = "UTC") -> dict[str, Update]:
    """The quarter's letter in each language it is written in, the file without a language in its name first.

    ``zone`` is the user's: the day it was written begins there.

    Raises:
        UserMistake: as `read_update`; or two files are in the same language.
    """
    found: dict[str, Update] = {}
    for path in sorted(folder.glob(f"{quarter}*.md"), key=lambda path: (len(path.name), path.name)):
        if not _NAME.match(path.name):
            continue
        try:
            update = read_update(path, zone)
        except Blank:
            continue  # begun by `kith update new`, and not written yet
        if update.language in found:
            raise UserMistake(f"{path} and another file of {quarter} are both in “{update.language}”: keep one.")
        found[update.language] = update
    return found


def read_update(path: Path, zone: str = "UTC") -> Update:
    """Read one quarter's file. Without ``written`` in it, it was written when the file was last changed.

    Raises:
        UserMistake: the file cannot be read or used; the sentence names it and says what is allowed.
    """
    named = _NAME.match(path.name)
    if not named:
        raise UserMistake(f"{path}: name it after its quarter, like 2026-Q4.md (or 2026-Q4.en.md).")
    try:
        if path.stat().st_size > _SIZE:
            raise UserMistake(f"{path} is larger than a letter ({_SIZE // 1000} kB at most).")
        raw = path.read_text(encoding="utf-8-sig")
        changed = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except UnicodeDecodeError:
        raise UserMistake(f"{path} is not in UTF-8: save it as UTF-8.") from None
    except OSError as e:
        raise UserMistake(f"{path} cannot be read ({e.strerror}).") from None
    matter, text = split(raw.replace("\r\n", "\n"), path)
    text, sections = _sections(clean(re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)))
    for key in matter:
        if key not in _KNOWN:
            raise UserMistake(f"{path}: “{key}” is not known at its head; {', '.join(_KNOWN)} are.")
    if not text and not sections:
        raise Blank(f"{path} has no text below its head.")
    subject = one_line(str(matter.get("subject", "")), 150)
    ends = {name: clean(str(matter.get(name, "")), 2000).strip() for name in _KNOWN[4:]}
    everything = "\n".join((text, subject, *ends.values(), *(part for _, part in sections)))
    blank = _PLACEHOLDER.search(everything)
    if blank:
        raise UserMistake(
            f"{path}: “{blank[0]}” would go out as it stands: there are no placeholders. "
            "Greeting and signature are added to your text."
        )
    return Update(
        quarter=named[1],
        subject=subject,
        circles=_circles(matter.get("circles", ""), path),
        text=text,
        written_at=_moment(matter["written"], path, ZoneInfo(zone)) if "written" in matter else changed,
        dated="written" in matter,
        language=tag(str(matter.get("language", ""))) or named[2] or of_text(everything),
        sections=sections,
        **ends,
    )


def _sections(body: str) -> tuple[str, tuple[tuple[frozenset[str], str], ...]]:
    """The text before the first ``## circle``, and what stands below each; empty sections are none."""
    general: list[str] = []
    found: list[tuple[frozenset[str], list[str]]] = []
    for line in body.split("\n"):
        heading = _SECTION.match(line)
        if heading:
            found.append((frozenset(each.strip().casefold() for each in heading[1].split(",")), []))
        else:
            (found[-1][1] if found else general).append(line)
    parts = ((circles, "\n".join(lines).strip()) for circles, lines in found)
    return "\n".join(general).strip(), tuple((circles, text) for circles, text in parts if text)


def _circles(value: object, path: Path) -> frozenset[str]:
    if isinstance(value, str):
        value = [bare(part) for part in value.strip().strip("[]").split(",")]
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise UserMistake(f"{path}: circles is a list of names, like mentor, partner.")
    return frozenset(each.strip().casefold() for each in value if each.strip())


def _moment(value: object, path: Path, zone: ZoneInfo) -> datetime:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            raise UserMistake(f"{path}: written is a date like 2026-10-05.") from None
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=zone)).astimezone(UTC)
    if isinstance(value, date):
        return datetime.combine(value, time(), zone).astimezone(UTC)
    raise UserMistake(f"{path}: written is a date like 2026-10-05.")
