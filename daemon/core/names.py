"""Names of people taken apart, where their form alone says how; nothing else is guessed (no gender, no nickname)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from daemon.core.plain import scripts

_PATRONYMIC = re.compile(r"[а-яёіїє]{2,}(?:ович|евич|йович|ич|овна|евна|ична|івна)\Z")
_LATIN_PATRONYMIC = re.compile(r"[a-z]{2,}(?:ovich|evich|ovna|evna|ichna)\Z")
_FAMILY = re.compile(r"[а-яё]{2,}(?:[оеё]ва?|[сц]к(?:ий|ой|ая)|енко|чук)\Z")
_MAY_BE_FAMILY = re.compile(r"[а-яё]+[иы]на?\Z")
_GIVEN = frozenset(
    """
    яков иаков августин вениамин валентин константин мартин августина аделина акилина акулина алевтина алина альбина
    амин амина ангелина анжелина антонина арина бенжамин валентина василина галина дарина дина екатерина зина ирина
    капитолина карина каролина катарина катерина кристина лина магдалина мадина марина мартина нина октябрина павлина
    паулина полина рамина регина руфина сабина сабрина самина тина устина фаина христина хусаин эвелина эльвина
    эльмина эмин юстин юстина ясин ясмина
    """.split()
)
"""Given names in the form of family names."""
_SON_OR_DAUGHTER = frozenset("оглы оглу кызы гызы улы уулу".split())
"""What follows the father's name in patronymics of two words: «Алиев Рашид Гусейн оглы»."""
_INITIAL = re.compile(r"(?:[^\W\d_]\.-?)+\Z|[^\W\d_]\Z")
_HONORIFICS = frozenset("mr mrs ms miss dr prof sir г-н г-жа д-р проф".split())
_SUFFIXES = frozenset("jr sr ii iii iv phd md mba msc bsc esq cpa dds".split())
_PARTICLES = frozenset("van von der den de da di du del della dos la le ter ten zu bin ibn al".split())
_ASIDE = re.compile(r"\([^)]*\)|\"[^\"]*\"|«[^»]*»|\[[^\]]*\]")


@dataclass(frozen=True, slots=True)
class Name:
    """A name's parts; empty text where the name does not say which part is which."""

    given: str = ""
    family: str = ""
    patronymic: str = ""


def is_patronymic(word: str) -> bool:
    """Whether it has the form of a patronymic (-ович, -евна ...; «Гусейн оглы»; Latin letters: -ovich, -evna ...).

    Form only: «Абрамович» the surname looks the same, so that the place in the name has to decide.
    """
    word = word.casefold()
    if word.rpartition(" ")[2] in _SON_OR_DAUGHTER:
        return " " in word
    return bool(_PATRONYMIC.match(word) or _LATIN_PATRONYMIC.match(word))


def is_family(word: str) -> bool:
    """Whether a single word is surely a Russian family's name, by its form; "Лев" and "Ева" are too short for it."""
    word = word.casefold()
    return bool(_FAMILY.match(word)) and word not in _GIVEN


def script(text: str) -> str:
    """The script a name is in: "latin", "cyrillic", "other", "mixed", or "" where it has no letters."""
    found = scripts(text)
    return next(iter(found)) if len(found) == 1 else "mixed" if found else ""


def split(full: str) -> Name:
    """Take a full name apart.

    Understood: "Имя Отчество Фамилия", "Фамилия Имя Отчество", "Last, First", initials, titles before and degrees
    after a name. Two words are taken as given and family name, but for a masculine patronymic in second place,
    which may be a surname as well («Роман Абрамович»), and but for a Russian family name in first place («Сидоров
    Иван»); where its form leaves that open («Ильина Мария»), they say nothing. One word alone says nothing.
    """
    text = _ASIDE.sub(" ", full)
    if "@" in text:
        return Name()
    before, comma, after = text.partition(",")
    if comma and after.strip() and not all(_bare(w) in _SUFFIXES for w in after.replace(",", " ").split()):
        rest = _words(after)
        given, patronymic = _given(rest)
        return Name(given, " ".join(_words(before)), patronymic)
    return _ordered(_words(before))


def split_given(text: str) -> tuple[str, str]:
    """(given, patronymic) out of a given-name field: some address books keep both in it."""
    words = text.split()
    if len(words) == 2 and is_patronymic(words[1]):
        return words[0], words[1]
    return text.strip(), ""


def compose(given: str, patronymic: str, family: str) -> str:
    """A full name out of its parts, in the order they are spoken."""
    return " ".join(part for part in (given, patronymic, family) if part)


def fold(name: str) -> str:
    """A name as names are compared: case, ё, word order and punctuation do not matter."""
    return " ".join(sorted(_fold_words(name)))


def compatible(a: str, b: str) -> bool:
    """Whether two names may well be one person's: the same words, fewer of them, initials or short forms for some.

    Names in different scripts, and a missing one, contradict nothing. Never a reason to merge by itself.
    """
    if not a or not b or "@" in a or "@" in b or script(a) != script(b):
        return True
    few, many = sorted((_fold_words(a), _fold_words(b)), key=len)
    rest = list(many)
    for word in sorted(few, key=len, reverse=True):
        found = next((w for w in rest if w == word), None) or next((w for w in rest if _short_for(w, word)), None)
        if found is None:
            return False
        rest.remove(found)
    return True


def _ordered(words: list[str]) -> Name:
    if len(words) < 2:
        return Name()
    if any(_INITIAL.match(w) for w in words):
        return _with_initials(words)
    words = _joined(words)
    if len(words) == 3:
        first, second, third = words
        if is_patronymic(second):
            return Name(first, third, second)
        if is_patronymic(third):
            return Name(second, first, third)
    if len(words) == 2:
        first, second = words
        if is_patronymic(second) and script(second) == "cyrillic":
            return Name(first, "", second if second[-1] in "аА" or " " in second else "")
        return _of_two(first, second)
    at = next((i for i, w in enumerate(words) if i and w.casefold() in _PARTICLES), len(words) - 1)
    return Name(words[0], " ".join(words[at:]))


def _joined(words: list[str]) -> list[str]:
    """The words of a patronymic of two together."""
    at = next((i for i, w in enumerate(words) if i > 1 and w.casefold() in _SON_OR_DAUGHTER), 0)
    return [*words[: at - 1], f"{words[at - 1]} {words[at]}", *words[at + 1 :]] if at else words


def _of_two(first: str, second: str) -> Name:
    one, two = first.casefold(), second.casefold()
    if one in _GIVEN or is_family(two):
        return Name(first, second)
    if is_family(one) or (_MAY_BE_FAMILY.match(one) and two in _GIVEN):
        return Name(second, first)
    if _MAY_BE_FAMILY.match(one) and not _MAY_BE_FAMILY.match(two):
        return Name()
    return Name(first, second)


def _with_initials(words: list[str]) -> Name:
    """«Сидоров И. П.», "J. R. Smith", "John R. Smith": an initial is no name to call somebody by."""
    whole = [w for w in words if not _INITIAL.match(w)]
    if len(whole) == 1:
        return Name("", whole[0])
    return Name(whole[0], " ".join(whole[1:])) if whole and not _INITIAL.match(words[0]) else Name("", " ".join(whole))


def _given(words: list[str]) -> tuple[str, str]:
    whole = [w for w in words if not _INITIAL.match(w)]
    if len(whole) > 1 and is_patronymic(whole[-1]):
        return " ".join(whole[:-1]), whole[-1]
    return " ".join(whole), ""


def _words(text: str) -> list[str]:
    words = [w.strip("'’`") for w in text.split()]
    words = [w for w in words if any(c.isalpha() for c in w)]
    while len(words) > 1 and _bare(words[0]) in _HONORIFICS:
        words.pop(0)
    while len(words) > 1 and _bare(words[-1]) in _SUFFIXES:
        words.pop()
    return words


def _short_for(a: str, b: str) -> bool:
    """An initial, or the beginning of a name (Alex for Alexander); two letters are too few to tell."""
    short, long = sorted((a, b), key=len)
    return len(short) != 2 and short.isalpha() and long.startswith(short)


def _bare(word: str) -> str:
    return word.replace(".", "").strip(",").casefold()


def _fold_words(name: str) -> list[str]:
    text = _ASIDE.sub(" ", name).casefold().replace("ё", "е")
    words = re.findall(r"[^\W_]+(?:[-'’][^\W_]+)*", text)
    return [w for w in words if w not in _HONORIFICS and w not in _SUFFIXES]


_ENDING = re.compile(r"[аеёийоуыьэюя]{1,2}\Z")


def mentions(text: str, name: str) -> bool:
    """Whether a text seems to speak of somebody by a part of their name, declined or not («Анне» of «Анна»)."""
    for word in re.findall(r"[^\W\d_]{3,}", name):
        stem = _ENDING.sub("", word) if script(word) == "cyrillic" else word
        longest = 3 if stem != word or script(word) == "cyrillic" else 0
        if len(stem) > 1 and re.search(rf"\b{stem}\w{{0,{longest}}}\b", text):
            return True
    return False
