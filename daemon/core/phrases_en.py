"""How English says it. Each rule is tried against a list of what it must not take for it (tests/unit/test_sayings)."""

from __future__ import annotations

from daemon.core.phrases import EMPLOYER, LEFT, NAME, Rule, any_of, words
from daemon.core.reasons import INTRODUCTION, RECOMMENDATION

_I = r"\b(?:I|we)(?: have| had|['’]ve|['’]d)? (?:(?:already|just|also|warmly|highly|strongly|gladly|recently|now) )*"
_I_AM = r"\bI(?: am|['’]m| will be|['’]ll be)(?: now| soon| actually)?"
_LIKE_TO = (
    r"(?:\bI['’]d (?:like|love) to|\bI would (?:like|love) to|\bI want(?:ed)? to|\blet me|\ballow me to|\bhappy to"
    r"|\bglad to|\bpleased to|\bdelighted to|\bwriting to|\bI['’]ll|\bI will|\bI am|\bI['’]m)"
)
_TO_SOMEBODY = (
    rf"(?: to (?:my|our|the|an?|his|her|their|this|some|him|them|several|two|{NAME})\b"
    rf"| for (?:the|an?|this|that|their|our|his|her|{NAME})| as an?\b| there\b|(?=[.!,;…]|\Z))"
)
_BOTH = r"(?:you (?:two|both)|(?:the two|both) of you)"
_WORK = (
    r"(?:the|our|this|my) (?:current |present )?(?:company|firm|organi[sz]ation|business|bank|agency|university"
    r"|institute|school|start-?up|employer|job|position|post)"
)
_LAST_DAY = r"my (?:very )?(?:last|final) (?:working |official )?day"

_SUPPOSED = words(
    "if", "unless", "whether", "should (?:you|I|we)", "in case", "wish", "hope", "ask(?:ed|ing)? (?:me|us) to"
)
_NO_FAREWELL = words(
    r"holidays?|vacations?|leave|trip|conference|course|class|christmas|easter|new year",
    r"(?:this|the) (?:week|month|quarter|year|term|semester|sprint)",
    r"in (?:town|the city|the country)",
    r"before (?:my|our|the|I go|we go)",
)

RULES = (
    Rule("recommended-you", RECOMMENDATION, any_of(rf"{_I}recommended you{_TO_SOMEBODY}"), _SUPPOSED),
    Rule("referred-you", RECOMMENDATION, any_of(rf"{_I}referred you (?:to|for|internally)\b"), _SUPPOSED),
    Rule(
        "passed-on-your-name",
        RECOMMENDATION,
        any_of(
            rf"{_I}(?:passed|forwarded|handed|sent|given|gave|put forward|mentioned|dropped|suggested|submitted) "
            rf"(?:(?:him|her|them|{NAME}) )?(?:on )?your (?:name|cv|resume|résumé|profile)\b"
        ),
        _SUPPOSED,
    ),
    Rule("a-word-for-you", RECOMMENDATION, any_of(rf"{_I}put in a (?:good |kind )?word for you\b"), _SUPPOSED),
    Rule(
        "introducing-you",
        INTRODUCTION,
        any_of(
            rf"{_LIKE_TO} introduc(?:e|ing) (?:{_BOTH}\b|{NAME}(?: {NAME})? (?:to you|and (?:you|{NAME}))"
            rf"|you to (?:each other\b|my (?:\w+ )?(?:friend|colleague)\b|{NAME}))",
            rf"\Aintroducing {_BOTH}\b",
        ),
        _SUPPOSED,
    ),
    Rule(
        "meet-each-other",
        INTRODUCTION,
        any_of(rf"\A{NAME}(?: {NAME})? ?[,:—–-] ?(?:please )?meet (?:my (?:\w+ )?(?:friend|colleague),? )?{NAME}"),
        any_of(r"\bmeet [\w'’-]+ (?:at|on|in|for|next|tomorrow|today)\b|\d"),
    ),
    Rule(
        "in-touch",
        INTRODUCTION,
        any_of(
            rf"{_LIKE_TO} connect(?:ing)? (?:{_BOTH}\b|you (?:with|to) {NAME})",
            rf"{_LIKE_TO} put(?:ting)? (?:you|{_BOTH}) in touch\b",
        ),
        _SUPPOSED,
    ),
    Rule(
        "over-to-you-two",
        INTRODUCTION,
        any_of(rf"\bI(?:['’]ll| will) (?:let|leave) {_BOTH} (?:to )?(?:take|get|connect|arrange|find|carry|talk)\b"),
        _SUPPOSED,
    ),
    Rule(
        "last-day",
        LEFT,
        any_of(
            rf"\b{_LAST_DAY} (?:of work )?(?:at|with|here|as)\b",
            rf"\b(?:is|was|be|['’]s)(?: also)? {_LAST_DAY}(?= ?(?:[.!,;:…(–—-]|\Z| (?:on|after|and) ))",
            rf"\b{_LAST_DAY} (?:is|was|will be)\b",
        ),
        _NO_FAREWELL,
    ),
    Rule(
        "leaving-the-company",
        LEFT,
        any_of(
            rf"{_I_AM} leaving {_WORK}\b",
            rf"{_I}(?:decided to )?(?:left|leave|resigned from|parted ways with) {_WORK}\b",
            r"\bI(?: have|['’]ve) (?:just )?(?:resigned|handed in my (?:notice|resignation))\b",
        ),
        _SUPPOSED,
    ),
    Rule(
        "leaving-by-name",
        LEFT,
        any_of(
            rf"(?:{_I_AM} leaving|{_I}(?:decided to )?(?:left|leave|resigned from|moved on from)) {EMPLOYER}",
        ),
        _SUPPOSED,
        names=True,
    ),
    Rule(
        "no-longer-there",
        LEFT,
        any_of(
            r"\bI(?: am|['’]m)? no longer (?:with|work(?:ing)? (?:at|for|with|here)|employed|part of the company)\b"
        ),
        _SUPPOSED,
    ),
    Rule(
        "no-longer-here",
        LEFT,
        any_of(
            r"\b(?:is|am|does) no longer (?:with|at|work(?:ing)?|employed|part of|an? (?:employee|member))\b",
            r"\bno longer (?:works|employed)\b",
        ),
        words("on call", "on duty", "at (?:my|the|their) desk", "at the office"),
        notice=True,
    ),
    Rule("has-left", LEFT, any_of(rf"\b(?:has|have) left (?:{_WORK}|us)\b"), notice=True),
    Rule("has-left-by-name", LEFT, any_of(rf"\b(?:has|have) left {EMPLOYER}"), names=True, notice=True),
)
