"""Dates, lists and names as a letter says them, in Russian and English; other languages by CLDR (babel).

No name is ever declined: what comes out of here stands in the nominative, as an address.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from daemon.core.names import is_family
from daemon.core.plain import scripts

SCRIPT = {"ru": "cyrillic", "en": "latin"}
"""The script a language's letters are in; a name in another one gets a neutral greeting."""

_RU_ON = (
    "в понедельник",
    "во вторник",
    "в среду",
    "в четверг",
    "в пятницу",
    "в субботу",
    "в воскресенье",
)
_RU_MONTHS = "января февраля марта апреля мая июня июля августа сентября октября ноября декабря".split()
_RU_IN_MONTHS = "январе феврале марте апреле мае июне июле августе сентябре октябре ноябре декабре".split()
_EN_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
_EN_MONTHS = "January February March April May June July August September October November December".split()

_RU_NUMBERS = "ноль один два три четыре пять шесть семь восемь девять десять".split()
_EN_NUMBERS = "no one two three four five six seven eight nine ten".split()

_PATRONYMIC = re.compile(r"(?:вич|[ьи]ич|вна|ична|кызы|оглы)\Z", re.IGNORECASE)
_NAME = re.compile(r"[^\W\d_]+(?:['’ʼ.\- ]+[^\W\d_]+)*\Z")


def calendar_date(day: date, language: str, *, year: bool = False) -> str:
    """ "19 ноября" or "19 November", with the year where asked for."""
    if language == "ru":
        return f"{day.day} {_RU_MONTHS[day.month - 1]}" + (f" {day.year} года" if year else "")
    if language == "en":
        return f"{day.day} {_EN_MONTHS[day.month - 1]}" + (f" {day.year}" if year else "")
    return _cldr(day, "d MMMM y" if year else "d MMMM", language)


def on_day(day: date, today: date, language: str) -> str:
    """ "в четверг", "on Thursday"; with the date where the weekday alone could mislead.

    A draft is read on another day than it is written, so nothing like "yesterday" is said: the weekday stays
    right until the letter is a week old. On the day itself and from the sixth day on the date stands beside it.
    """
    near = 0 < (today - day).days < 6
    if language == "ru":
        weekday = _RU_ON[day.weekday()]
    elif language == "en":
        weekday = f"on {_EN_DAYS[day.weekday()]}"
    else:
        return _cldr(day, "EEEE" if near else "EEEE, d MMMM", language)
    return weekday if near else f"{weekday}, {calendar_date(day, language, year=day.year != today.year)}"


def in_month(day: date, today: date, language: str) -> str:
    """ "в сентябре", "in September", with the year where it is not this one."""
    if language == "ru":
        words = f"в {_RU_IN_MONTHS[day.month - 1]}"
        return words if day.year == today.year else f"{words} {day.year} года"
    if language == "en":
        words = f"in {_EN_MONTHS[day.month - 1]}"
        return words if day.year == today.year else f"{words} {day.year}"
    return _cldr(day, "LLLL y", language)


def from_to(first: date, last: date | None, language: str) -> str:
    """ "с 1 по 5 июня", "from 1 to 5 June"; of one day "1 июня", "on 1 June"."""
    if last is None or last <= first:
        day = calendar_date(first, language)
        return f"on {day}" if language == "en" else day
    month = (first.year, first.month) == (last.year, last.month)
    begins = str(first.day) if month and language in ("ru", "en") else calendar_date(first, language)
    ends = calendar_date(last, language)
    if language == "ru":
        return f"{'со' if first.day == 2 else 'с'} {begins} по {ends}"
    return f"from {begins} to {ends}" if language == "en" else f"{begins} – {ends}"


def counted_years(number: int, language: str) -> str:
    """ "год", "три года", "11 лет"; "a year", "three years", "11 years"; in another language the number alone.

    Up to ten in words, as one writes it; and nobody writes of "one year" gone by.
    """
    if language == "ru":
        tens, ones = number % 100, number % 10
        word = "лет" if 11 <= tens <= 14 or ones == 0 or ones >= 5 else "год" if ones == 1 else "года"
        return word if number == 1 else f"{_in_words(number, _RU_NUMBERS)} {word}"
    if language == "en":
        return "a year" if number == 1 else f"{_in_words(number, _EN_NUMBERS)} years"
    return str(number)


def _in_words(number: int, words: Sequence[str]) -> str:
    return words[number] if number < len(words) else str(number)


def quoted_list(items: Sequence[str], language: str) -> str:
    """The items in the language's quotation marks, joined as it joins a list: «а», «б» и «в»."""
    opening, closing = ("«", "»") if language == "ru" else ("“", "”")
    quoted = [f"{opening}{_unquoted(item)}{closing}" for item in items]
    joined = {"ru": " и ", "en": " and "}.get(language, ", ")
    return quoted[0] if len(quoted) == 1 else ", ".join(quoted[:-1]) + joined + quoted[-1]


def listed(items: Sequence[str], language: str) -> str:
    """The items as they go into a sentence. Russian quotes them, for no case is asked of them then; English need not.

    English quotes them as well where they would not read as words of the sentence's own: a whole question or clause,
    a capital at the beginning.
    """
    if language != "en" or not all(map(_plain, items)):
        return quoted_list(items, language)
    items = [item.strip().rstrip(".") for item in items]
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"


def _plain(item: str) -> bool:
    words = item.strip().rstrip(".").split()
    if not 0 < len(words) <= 6 or re.search(r"[^\w'’\-./+#& ]", item) or not fits(item, "en"):
        return False
    first = words[0]
    return not first[0].isupper() or any(c.isupper() for c in first[1:])


def at_event(title: str, language: str) -> str:
    """ "at PyCon", «на PyCon»; a name that Russian would decline follows a word that is declined in its stead."""
    if language != "ru":
        return f"at {title}"
    return f"на {title}" if scripts(title) == {"latin"} else f"на мероприятии {quoted_list((title,), language)}"


_GOES_ON = {
    "ru": frozenset("в во для к ко на о об от перед по при с со".split()),
    "en": frozenset("as at by for in of on to with".split()),
}


def continued(words: str, language: str) -> str:
    """What is added to a noun: " for the lead's post" where the words go on from it, else " (the lead's post)"."""
    return f" {words}" if words.split(" ", 1)[0] in _GOES_ON.get(language, ()) else f" ({words})"


_ONLY_BEGINS = re.compile(r"(?:you|your|the|an?|вы|вам|вас|ваш\w*|ты|тебе|тебя|тво\w+)(?:['’]\w+)?\Z", re.IGNORECASE)


def after_colon(words: str) -> str:
    """Words of the user's, a phrase or a whole sentence, as they go on after a colon: "your talk", "you won the prize".

    The mark that ends them is left out, and a capital that only began their sentence is small.
    """
    words = words.rstrip(" .!…")
    first = words.split(" ", 1)[0]
    small = _ONLY_BEGINS.match(first) and first[1:] == first[1:].lower()
    return words[:1].lower() + words[1:] if small else words


def fits(text: str, language: str) -> bool:
    """Whether words of the user's can stand in a letter of this language: a Cyrillic word in an English one cannot."""
    found = scripts(text)
    if language == "ru":
        return found <= {"cyrillic", "latin"}
    return found <= {SCRIPT[language]} if language in SCRIPT else True


def mostly_in_script(text: str, language: str) -> bool:
    """Whether a text of the user's is written in the letters of this language for the most part."""
    letters = [c for c in text if c.isalpha()]
    own = sum(scripts(c) == {SCRIPT.get(language, "")} for c in letters)
    return language not in SCRIPT or own * 2 >= len(letters)


def addressed(name: str, given: str, patronymic: str, *, familiar: bool, language: str, family: str = "") -> str:
    """What to call the person in a greeting; "" where nothing is surely right and the greeting stays neutral.

    Russian: given name and patronymic in the formal form, the given name in the familiar one; a full name of which
    the parts are not known is not taken apart, since the order of given and family name varies. English: the given
    name, else, formally, the name as it stands. Nobody is called by a bare family name.
    """
    given, patronymic, name = given.strip(), patronymic.strip(), name.strip()
    if not given and " " not in name:
        if name.casefold() == family.strip().casefold() or is_family(name):
            return ""
        given = name
    if language == "ru":
        first, _, second = given.partition(" ")
        if second and _PATRONYMIC.search(second):
            given, patronymic = first, patronymic or second
        call = f"{given} {patronymic}" if given and patronymic and not familiar else given
    else:
        call = given or ("" if familiar else name)
    return _cased(call) if _callable(call, language) else ""


def _callable(call: str, language: str) -> bool:
    if not _NAME.match(call) or any(len(part) < 2 for part in re.split(r"[\s.]+", call)):
        return False  # an address, an initial, a desk's name with signs in it
    return scripts(call) == {SCRIPT[language]} if language in SCRIPT else True


def _cased(call: str) -> str:
    if call.isupper() or call.islower():
        return re.sub(r"[^\W\d_]+", lambda m: m[0].capitalize(), call)
    return call


def _unquoted(item: str) -> str:
    item = item.strip().rstrip(".,;:")
    return item.replace("«", "„").replace("»", "“") if "«" in item else item.strip('"“”')


def _cldr(day: date, pattern: str, language: str) -> str:
    from babel import Locale, UnknownLocaleError  # only for a user's own language: costs start-up
    from babel.dates import format_date

    try:
        locale = Locale.parse(language, sep="-")
    except (UnknownLocaleError, ValueError):
        return day.isoformat()
    return format_date(day, pattern, locale=locale)
