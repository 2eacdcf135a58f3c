"""Countries as address books write them, as ISO 3166 codes. Pure.

All by their code, most of those one has contacts in by name as well. Where the country is not known no professional
holiday is anybody's.
"""

from __future__ import annotations

import re

_NAMES = {
    "AE": "uae эмираты оаэ;united arab emirates;объединенные арабские эмираты",
    "AL": "albania албания",
    "AM": "armenia армения",
    "AR": "argentina аргентина",
    "AT": "austria österreich австрия",
    "AU": "australia австралия",
    "AZ": "azerbaijan азербайджан",
    "BA": "bosnia босния;bosnia and herzegovina;босния и герцеговина",
    "BD": "bangladesh бангладеш",
    "BE": "belgium belgië belgique бельгия",
    "BG": "bulgaria българия болгария",
    "BR": "brazil brasil бразилия",
    "BY": "belarus беларусь белоруссия;republic of belarus;республика беларусь",
    "CA": "canada канада",
    "CH": "switzerland schweiz suisse швейцария",
    "CL": "chile чили",
    "CN": "china китай",
    "CO": "colombia колумбия",
    "CY": "cyprus кипр",
    "CZ": "czechia чехия;czech republic",
    "DE": "germany deutschland германия",
    "DK": "denmark danmark дания",
    "EE": "estonia eesti эстония",
    "EG": "egypt египет",
    "ES": "spain españa испания",
    "FI": "finland suomi финляндия",
    "FR": "france франция",
    "GB": "uk britain england scotland wales великобритания англия;united kingdom;great britain",
    "GE": "georgia грузия",
    "GR": "greece греция",
    "HK": "гонконг;hong kong",
    "HR": "croatia hrvatska хорватия",
    "HU": "hungary венгрия",
    "ID": "indonesia индонезия",
    "IE": "ireland ирландия",
    "IL": "israel израиль",
    "IN": "india индия",
    "IS": "iceland ísland исландия",
    "IT": "italy italia италия",
    "JP": "japan япония",
    "KE": "kenya кения",
    "KG": "kyrgyzstan кыргызстан киргизия",
    "KR": "korea корея;south korea;republic of korea;южная корея",
    "KZ": "kazakhstan казахстан",
    "LI": "liechtenstein лихтенштейн",
    "LK": "шри-ланка;sri lanka;шри ланка",
    "LT": "lithuania lietuva литва",
    "LU": "luxembourg luxemburg люксембург",
    "LV": "latvia latvija латвия",
    "MA": "morocco maroc марокко",
    "MC": "monaco монако",
    "MD": "moldova молдова молдавия",
    "ME": "montenegro черногория",
    "MK": "македония;north macedonia;северная македония",
    "MN": "mongolia монголия",
    "MT": "malta мальта",
    "MX": "mexico méxico мексика",
    "MY": "malaysia малайзия",
    "NG": "nigeria нигерия",
    "NL": "netherlands nederland holland нидерланды голландия;the netherlands",
    "NO": "norway norge норвегия",
    "NZ": "aotearoa;new zealand;новая зеландия",
    "PE": "peru perú перу",
    "PH": "philippines филиппины;the philippines",
    "PK": "pakistan пакистан",
    "PL": "poland polska польша",
    "PT": "portugal португалия",
    "RO": "romania румыния",
    "RS": "serbia srbija сербия",
    "RU": "russia россия рф;russian federation;российская федерация",
    "SA": "saudi;saudi arabia;саудовская аравия",
    "SE": "sweden sverige швеция",
    "SG": "singapore сингапур",
    "SI": "slovenia словения",
    "SK": "slovakia словакия",
    "TH": "thailand таиланд",
    "TJ": "tajikistan таджикистан",
    "TM": "turkmenistan туркменистан туркмения",
    "TN": "tunisia tunisie тунис",
    "TR": "turkey türkiye турция",
    "TW": "taiwan тайвань",
    "UA": "ukraine украина україна",
    "US": "usa сша;united states;united states of america;соединенные штаты америки",
    "UZ": "uzbekistan узбекистан",
    "VN": "vietnam вьетнам;viet nam",
    "ZA": "юар;south africa;южная африка",
}
_CODES = {
    name: code
    for code, text in _NAMES.items()
    for head, _, rest in [text.partition(";")]
    for name in (*head.split(), *(n for n in rest.split(";") if n))
}
_ISO = frozenset(
    """
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY
    BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK
    FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR
    IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK
    ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM
    PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF
    TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW
    """.split()
)
"""All codes of ISO 3166-1."""


def country_code(text: str) -> str:
    """The ISO code of a country written as a code or a name, in English, Russian or its own language; "" if unknown."""
    text = text.strip()
    if not text:
        return ""
    if text.upper() in _ISO:
        return text.upper()
    return _CODES.get(re.sub(r"[.\s]+", " ", text.casefold().replace("ё", "е").replace("u.s.a", "usa")).strip(), "")
