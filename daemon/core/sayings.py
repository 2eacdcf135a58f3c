"""What a letter says in so many words: that its writer recommended the user, introduces somebody, or leaves their work.

Each rule has a name, and the name is all that is kept of what was read. The rules are narrow on purpose: a foolish
question costs more than a missed one. Questions, suppositions, negations and what stands in quotation marks say
nothing. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from daemon.core import phrases_en, phrases_ru
from daemon.core.organisations import fold_organisation
from daemon.core.own_words import own_words
from daemon.core.phrases import LEFT, Rule

RULES = (*phrases_en.RULES, *phrases_ru.RULES)

_NEGATED = re.compile(
    r"(?:\b(?:not|never|hardly)|n['’]t)(?: [\w'’-]+){0,3} ?\Z"
    r"|(?<!\w)(?:не|ни|вряд ли)(?: [\w-]+){0,2}(?:, что(?:бы)?(?: [\w-]+){0,2})? ?\Z",
    re.IGNORECASE,
)
_NEGATED_INSIDE = re.compile(r"\b(?:not|never)\b|n['’]t\b", re.IGNORECASE)
_QUOTATION = re.compile(r"«[^«»]*»|“[^“”]*”|„[^„“”]*[“”]|\"[^\"]*\"")
_END = re.compile(r"(?<=[.!?…])[\"»”)]*\s+|\n\s*\n")
# A dot after these ends no sentence; only what stands before names and employers matters here.
_SHORT = re.compile(r"\b(Mr|Mrs|Ms|Dr|Prof|Inc|Ltd|Co|Corp|St|г|ул|им)\.(?=\s+\S)")


def says(text: str, employers: Iterable[str] = (), *, automatic: bool = False) -> Mapping[str, str]:
    """Kind -> name of the rule, for each kind of thing the letter says.

    Args:
        text: the letter's text, quotations and all.
        employers: by what names the writer's employer is known; "I'm leaving Example" needs one of them.
        automatic: the letter is an automatic answer: it may tell that its sender has left, in the third person, too,
            and nothing else.
    """
    known = [folded.split() for name in employers if (folded := fold_organisation(name))]
    rules = [rule for rule in RULES if (rule.kind == LEFT if automatic else not rule.notice)]
    found: dict[str, str] = {}
    for sentence in sentences(own_words(text)):
        for rule in rules:
            if rule.kind not in found and _holds(rule, sentence, known):
                found[rule.kind] = rule.name
    return found


def sentences(text: str) -> Iterator[str]:
    """Sentence by sentence, however lines are broken; what somebody else is quoted with is left out."""
    for piece in _END.split(_SHORT.sub(r"\1", text)):
        sentence = " ".join(_QUOTATION.sub(_name_alone, " ".join(piece.split())).split())
        if sentence:
            yield sentence


def _name_alone(found: re.Match[str]) -> str:
    return found[0] if len(found[0].split()) <= 3 else " "


def _holds(rule: Rule, sentence: str, employers: list[list[str]]) -> bool:
    if "?" in sentence:
        return False
    found = rule.pattern.search(sentence)
    if not found or (rule.unless and rule.unless.search(sentence)):
        return False
    if _NEGATED.search(sentence[: found.start()]) or _NEGATED_INSIDE.search(found[0]):
        return False
    return not rule.names or _begins_with_one(fold_organisation(found["org"]).split(), employers)


def _begins_with_one(told: list[str], employers: list[list[str]]) -> bool:
    return any(
        len(told) >= len(name) and all(_stem(a) == _stem(b) for a, b in zip(told, name, strict=False))
        for name in employers
    )


def _stem(word: str) -> str:
    """A Russian word without the ending of its case: «Ромашку» is «Ромашка»."""
    return re.sub(r"(?<=[а-я]{3})(?:ой|ей|ом|ем|[аеиоуыьюя])\Z", "", word)
