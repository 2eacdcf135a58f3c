"""Whether two names are one city's, in two languages or spellings. Pure.

A Latin spelling of a Cyrillic name (Kazan, «Казань») is seen as such; the table has those where a language has a name
of its own. Of other cities the user says the other names.
"""

from __future__ import annotations

import re

from daemon.core.names import fold, script

_NAMES = """
amsterdam / амстердам
athens / athen / athina / афины
barcelona / барселона
basel / bâle / базель
beijing / peking / пекин
belgrade / beograd / belgrad / белград
brno / brünn / брно
brussels / brüssel / bruxelles / brussel / брюссель
bucharest / bukarest / bucurești / бухарест
cairo / kairo / каир
chișinău / chisinau / kishinev / кишинев
cologne / köln / koeln / кельн
copenhagen / kopenhagen / københavn / копенгаген
düsseldorf / dusseldorf / duesseldorf / дюссельдорф
florence / firenze / florenz / флоренция
frankfurt / frankfurt am main / франкфурт / франкфурт-на-майне
gdansk / gdańsk / danzig / гданьск
geneva / genf / genève / женева
genoa / genova / genua / генуя
gothenburg / göteborg / goteborg / гетеборг
hamburg / гамбург
hannover / hanover / ганновер
helsinki / helsingfors / хельсинки
jerusalem / иерусалим
kyiv / kiev / kiew / київ / киев
lausanne / лозанна
leipzig / лейпциг
lisbon / lisboa / lissabon / лиссабон
london / londres / лондон
lviv / lvov / lemberg / львів / львов
lyon / lyons / лион
marseille / marseilles / марсель
mexico city / ciudad de méxico / мехико
milan / milano / mailand / милан
moscow / moskau / moskva / москва
munich / münchen / muenchen / мюнхен
naples / napoli / neapel / неаполь
new york / new york city / nyc / нью-йорк
nicosia / lefkosia / никосия
nuremberg / nürnberg / nuernberg / нюрнберг
oryol / orel / орел
padua / padova / падуя
paris / париж
porto / oporto / порту
prague / praha / prag / прага
rome / roma / rom / рим
rostov-on-don / rostov-na-donu / ростов-на-дону
saint petersburg / st petersburg / sankt-petersburg / sankt petersburg / санкт-петербург / петербург / спб
seoul / сеул
seville / sevilla / севилья
shanghai / шанхай
singapore / singapur / сингапур
stockholm / стокгольм
strasbourg / straßburg / страсбург
stuttgart / штутгарт
tallinn / таллин / таллинн
tel aviv / tel-aviv / тель-авив
the hague / den haag / гаага
thessaloniki / saloniki / салоники
tokyo / tokio / токио
turin / torino / турин
venice / venezia / venedig / венеция
vienna / wien / вена
vilnius / wilna / вильнюс
warsaw / warszawa / warschau / варшава
wrocław / wroclaw / breslau / вроцлав
yerevan / erevan / ереван
zurich / zürich / zuerich / цюрих
"""
"""Each city's names on a line."""

_NUMBER = {fold(name): n for n, line in enumerate(_NAMES.strip().splitlines()) for name in line.split(" / ")}

_LATIN = str.maketrans(
    {
        "а": "a", "б": "b", "в": "v", "г": "g", "ґ": "g", "д": "d", "е": "e", "ж": "zh", "з": "z", "и": "i", "і": "i",
        "ї": "i", "й": "i", "к": "k", "л": "l", "м": "m", "н": "n", "о": "o", "п": "p", "р": "r", "с": "s", "т": "t",
        "у": "u", "ф": "f", "х": "h", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ъ": "", "ы": "i", "ь": "",
        "э": "e", "ю": "iu", "я": "ia", "є": "e",
    }
)  # fmt: skip
_ROMAN = ((r"['’`]", ""), ("kh", "h"), ("y|j", "i"), ("^ie|(?<=[aeiou])ie", "e"), (r"(.)\1", r"\1"))
"""What the usual romanisations of Russian differ in, evened out."""


def same_city(one: str, other: str) -> bool:
    """Whether both name one city; not where either says nothing."""
    a, b = fold(one), fold(other)
    if not a or not b:
        return False
    if a == b or _NUMBER.get(a, -1) == _NUMBER.get(b, -2):
        return True
    return {script(a), script(b)} == {"latin", "cyrillic"} and _heard(a) == _heard(b)


def _heard(folded: str) -> list[str]:
    """Its words as a Latin spelling gives them, whichever one it is."""
    return sorted(_evened(word.translate(_LATIN)) for word in re.split(r"[\s-]+", folded))


def _evened(word: str) -> str:
    for pattern, put in _ROMAN:
        word = re.sub(pattern, put, word)
    return word
