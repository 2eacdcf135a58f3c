"""Countries as address books write them, as ISO 3166 codes. Pure.

Only those the table of professional holidays knows, and their neighbours: what is not here is not known, and where the
country is not known no holiday is anybody's.
"""

from __future__ import annotations

import re

_NAMES = {
    "AM": "armenia армения",
    "AT": "austria österreich австрия",
    "AU": "australia австралия",
    "AZ": "azerbaijan азербайджан",
    "BE": "belgium belgië belgique бельгия",
    "BG": "bulgaria българия болгария",
    "BR": "brazil brasil бразилия",
    "BY": "belarus беларусь белоруссия;republic of belarus;республика беларусь",
    "CA": "canada канада",
    "CH": "switzerland schweiz suisse швейцария",
    "CN": "china китай",
    "CY": "cyprus кипр",
    "CZ": "czechia чехия;czech republic",
    "DE": "germany deutschland германия",
    "DK": "denmark danmark дания",
    "EE": "estonia eesti эстония",
    "ES": "spain españa испания",
    "FI": "finland suomi финляндия",
    "FR": "france франция",
    "GB": "uk britain england scotland wales великобритания англия;united kingdom;great britain",
    "GE": "georgia грузия",
    "GR": "greece греция",
    "HU": "hungary венгрия",
    "IE": "ireland ирландия",
    "IL": "israel израиль",
    "IN": "india индия",
    "IT": "italy italia италия",
    "JP": "japan япония",
    "KG": "kyrgyzstan кыргызстан киргизия",
    "KZ": "kazakhstan казахстан",
    "LT": "lithuania lietuva литва",
    "LV": "latvia latvija латвия",
    "MD": "moldova молдова молдавия",
    "ME": "montenegro черногория",
    "NL": "netherlands nederland holland нидерланды голландия;the netherlands",
    "NO": "norway norge норвегия",
    "PL": "poland polska польша",
    "PT": "portugal португалия",
    "RO": "romania румыния",
    "RS": "serbia srbija сербия",
    "RU": "russia россия рф;russian federation;российская федерация",
    "SE": "sweden sverige швеция",
    "SI": "slovenia словения",
    "SK": "slovakia словакия",
    "TJ": "tajikistan таджикистан",
    "TR": "turkey türkiye турция",
    "UA": "ukraine украина україна",
    "US": "usa сша;united states;united states of america;соединенные штаты америки",
    "UZ": "uzbekistan узбекистан",
}
_CODES = {
    name: code
    for code, text in _NAMES.items()
    for head, _, rest in [text.partition(";")]
    for name in (*head.split(), *(n for n in rest.split(";") if n))
}
_CODE = re.compile(r"[A-Z]{2}\Z")


def country_code(text: str) -> str:
    """The ISO code of a country written as a code or a name, in English, Russian or its own language; "" if unknown."""
    text = text.strip()
    if _CODE.match(text.upper()) and text.upper() in _NAMES:
        return text.upper()
    return _CODES.get(re.sub(r"[.\s]+", " ", text.casefold().replace("ё", "е").replace("u.s.a", "usa")).strip(), "")
