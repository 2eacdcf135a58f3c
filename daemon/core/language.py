"""Which language a letter to somebody is written in: theirs, or that of the past, or none is guessed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from daemon.core.plain import scripts

_NAMES = {
    "english": "en",
    "английский": "en",
    "eng": "en",
    "russian": "ru",
    "русский": "ru",
    "rus": "ru",
    "german": "de",
    "deutsch": "de",
    "french": "fr",
    "français": "fr",
    "ukrainian": "uk",
    "українська": "uk",
}
_TAG = re.compile(r"[a-z]{2,3}(?:[-_][a-z0-9]{1,8})*\Z")
_PREFIX = re.compile(r"^\s*(?:(?:re|fwd?|aw|wg|отв|ответ|пересл)(?:\[\d+\])?\s*:\s*)+", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]+")

_RUSSIAN = frozenset("абвгдеёжзийклмнопрстуфхцчшщъыьэюя")
_CYRILLIC = frozenset({"ru", "uk", "be", "bg", "sr", "mk", "kk"})
"""Languages written in Cyrillic letters, of those anybody is likely to have reminders in."""
_RUSSIAN_ONLY = frozenset(
    "ыэё"
)  # neither Bulgarian nor Ukrainian nor Serbian has them (Belarusian has ў and і besides)
_RUSSIAN_WORDS = frozenset(
    """
    что это как или для после вопрос вопросы встреча встречи встречу письмо письма спасибо привет здравствуйте
    добрый день вечер утро поздравляю рождения работа работы резюме вакансия вакансии вакансию договор счёт
    отчёт отчет приглашение планы неделе неделю завтра сегодня вчера наш наша наше ваш ваша ваше между если
    звонок созвон собеседование собеседования конференция конференции доклад доклада проект проекта
    """.split()
)
# Function words and greetings other languages in Latin letters do not share.
_ENGLISH_WORDS = frozenset(
    """
    the and of with your our you this that from about for are is was were have has had been will would can could
    should meeting thanks thank hello question questions next week tomorrow today yesterday call talk interview
    notes quick how what when where who why new invitation lunch coffee birthday following congratulations
    """.split()
)


def tag(language: str) -> str:
    """The base of a BCP 47 tag or a language's name, in lower case ("ru-RU" and "Russian" are "ru"); "" for neither."""
    text = language.strip().casefold()
    if text in _NAMES:
        return _NAMES[text]
    return re.split("[-_]", text)[0] if _TAG.match(text) else ""


def of_subject(subject: str) -> str:
    """The language one subject is surely in ("ru", "en"), else "". Reply prefixes do not count."""
    words = [w.casefold() for w in _WORD.findall(_PREFIX.sub("", subject))]
    letters = frozenset("".join(words))
    if not letters:
        return ""
    cyrillic = frozenset(c for c in letters if "\u0400" <= c <= "\u052f")
    if cyrillic:
        if not cyrillic <= _RUSSIAN:
            return ""  # Ukrainian, Belarusian, Serbian ... letters: not ours to guess
        return "ru" if cyrillic & _RUSSIAN_ONLY or _RUSSIAN_WORDS.intersection(words) else ""
    if all(c.isascii() for c in letters) and _ENGLISH_WORDS.intersection(words):
        return "en"
    return ""


def of_text(text: str) -> str:
    """The language several lines are surely in ("ru", "en"), else ""."""
    words = [w.casefold() for w in _WORD.findall(text)]
    letters = "".join(words)
    cyrillic = sum("\u0400" <= c <= "\u052f" for c in letters)
    if cyrillic * 2 > len(letters):
        found = frozenset(c for c in letters if "\u0400" <= c <= "\u052f")
        return "ru" if found <= _RUSSIAN and found & _RUSSIAN_ONLY else ""
    if cyrillic or not letters:
        return ""
    return "en" if sum(w in _ENGLISH_WORDS for w in words) * 12 >= len(words) else ""


def said_in(text: str, default: str) -> str:
    """The language the user's own words are in: what they are surely in, else the ``default`` if its letters they are.

    "" where neither holds: Russian words, too few to tell, are not English because the user's reminders are.
    """
    found = of_text(text)
    if found:
        return found
    written = scripts(text)
    if "cyrillic" in written:
        return default if default in _CYRILLIC else "ru" if _only_russian(text) else ""
    return "" if default in _CYRILLIC and "latin" in written else default


def _only_russian(text: str) -> bool:
    return {c for c in text.casefold() if "\u0400" <= c <= "\u052f"} <= _RUSSIAN


def choose_language(own: str, subjects: Iterable[str] = (), content_languages: Iterable[str] = ()) -> str:
    """The language to write in: the contact's ``own``, else that of past mail, else "" (a reminder then).

    ``content_languages`` are Content-Language headers (RFC 3282) of mail between the two, ``subjects`` its
    subjects. A header counts as two subjects. A language wins only with at least two thirds of what speaks at all.
    """
    if own.strip():
        return tag(own)
    votes: Counter[str] = Counter()
    for header in content_languages:
        tags = [t for t in (tag(part) for part in header.split(",")) if t]
        if len(tags) == 1:  # several say only that the text is mixed
            votes[tags[0]] += 2
    votes.update(found for found in map(of_subject, subjects) if found)
    if not votes:
        return ""
    best, count = max(votes.items(), key=lambda item: (item[1], item[0]))
    return best if count * 3 >= votes.total() * 2 else ""
