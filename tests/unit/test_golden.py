"""Every letter as it was read and approved, and what holds for all of them together.

`make golden` writes `tests/golden` anew: read the difference, as somebody who got the letter, before you commit it.
"""

from __future__ import annotations

import itertools
import os
import re
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from daemon.core.language import of_text
from daemon.core.making import ADDRESS, FACTS, LANGUAGE, TEMPLATE
from daemon.service.render import Renderer
from daemon.service.template_samples import OCCASIONS, WORDS, sample_facts, sample_reminder
from daemon.service.variables import DETAILS, DraftFacts

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden"
RENDERER = Renderer(ROOT / "templates")
TODAY = date(2026, 11, 21)  # a Saturday
LANGUAGES = ("en", "ru")
BARE = "little known"
SENTENCE = {
    "en": {"formal": "You won the prize of the year!", "familiar": "You won the prize of the year!"},
    "ru": {"formal": "Ваш доклад вошёл в сборник года.", "familiar": "Твой доклад вошёл в сборник года."},
}
LETTERS = tuple(
    (lang, name) for lang, name, _ in RENDERER.templates() if lang in LANGUAGES and not name.startswith("reminder")
)
REMINDERS = tuple(
    (lang, name) for lang, name, _ in RENDERER.templates() if lang in LANGUAGES and name.startswith("reminder")
)


def sample(lang: str, name: str, form: str) -> DraftFacts:
    purpose, _, occasion = name.partition(".")
    return sample_facts(purpose, lang, TODAY, form=form, occasion=occasion or ("named" if purpose[:3] == "con" else ""))


def cases(full: DraftFacts) -> dict[str, DraftFacts]:
    """What may make a letter read otherwise, one thing at a time, and all of it."""
    words = WORDS[full.language]
    bare = replace(
        full, given="", patronymic="", topics=(), last_contact=None, years=0, company="", place="", until=None, note="",
        other_work="", why="", reach="", link="", words=words["words"] if full.link else "",
        occasion_title=full.occasion_title if full.occasion in ("named", "holiday") else "",
    )  # fmt: skip
    return {
        "all known": full,
        "they gave more than they got": replace(full, one_sided=True),
        "an offer and a question of the user's": replace(full, offer=words["offer"], question=words["question"]),
        "on the day": replace(full, occasion_date=TODAY),
        "two days later": replace(full, occasion_date=TODAY - timedelta(days=2)),
        "a message of one's own": replace(full, own_message=True),
        "talked to last week": replace(full, last_contact=TODAY - timedelta(days=7)),
        "one topic, one year": replace(full, topics=full.topics[:1], years=1),
        BARE: bare,
        **(
            {"told in a sentence": replace(full, occasion_title=SENTENCE[full.language][full.form])}
            if full.occasion == "achievement"
            else {}
        ),
    }


# --- golden files


@pytest.mark.parametrize(("lang", "name"), LETTERS)
def test_letters_read_as_they_were_read_and_approved(lang: str, name: str) -> None:
    parts: list[str] = []
    for form in ("formal", "familiar"):
        whole: dict[str, list[str]] = {}
        for case, facts in cases(sample(lang, name, form)).items():
            letters = RENDERER.render_all(facts, lang)
            assert len(letters) >= 3
            for letter in letters:
                lines = f"{letter.subject}\n\n{letter.text}".splitlines()
                first = whole.setdefault(letter.variant, lines)
                # the first is shown whole, and what is bare; of the others what is different
                show = lines if lines is first or case == BARE else [line for line in lines if line not in first]
                if lines is first or lines != first:
                    parts.append("\n".join((f"=== {form}, variant {letter.variant}, {case}", *show, "")))
    golden(f"{lang}/{name}.txt", "\n".join(parts))


@pytest.mark.parametrize(("lang", "name"), REMINDERS)
def test_reminders_read_as_they_were_read_and_approved(lang: str, name: str) -> None:
    parts: list[str] = []
    special = name.partition(".")[2]
    for purpose in (special,) if special else ("keep-in-touch", "reply-owed", "promise", "thanks", "congratulations"):
        for detail in DETAILS:
            facts = sample_reminder(purpose, lang, TODAY, detail=detail)
            if purpose != "keep-in-touch":
                facts = replace(facts, form="")
            summary, description = RENDERER.render_reminder(facts)
            parts.append(f"=== {purpose}, detail = {detail}\n{summary}\n\n{description}\n")
    for why in () if special else (LANGUAGE, ADDRESS, TEMPLATE, FACTS):
        facts = replace(sample_reminder("thanks", lang, TODAY), prepared_draft="", form="", lacking=why)
        summary, description = RENDERER.render_reminder(facts)
        parts.append(f"=== thanks, no letter for want of {why}\n{summary}\n\n{description}\n")
    golden(f"{lang}/{name}.txt", "\n".join(parts))


def golden(name: str, text: str) -> None:
    path = GOLDEN / name
    if os.environ.get("KITH_GOLDEN") == "write":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text


def test_no_golden_file_outlives_its_template() -> None:
    there = {f"{path.parent.name}/{path.stem}" for path in GOLDEN.glob("*/*.txt")}
    assert there == {f"{lang}/{name}" for lang, name in (*LETTERS, *REMINDERS)}


# --- of all letters together


def every(lang: str, form: str) -> dict[str, list[str]]:
    """Letter -> its subject and the sentences between greeting and signature, over all that may be known."""
    found: dict[str, list[str]] = {}
    for _, name in (each for each in LETTERS if each[0] == lang):
        full = sample(lang, name, form)
        for facts in cases(full).values():
            for letter in RENDERER.render_all(facts, lang):
                body = letter.text.split("\n\n", 1)[1].rsplit("\n\n", 1)[0] if full.my_name else letter.text
                sentences = [s.strip() for s in re.split(r"(?<=[.!?…])\s+|\n+", body)]
                found.setdefault(f"{name}/{letter.variant}", []).extend(s for s in (letter.subject, *sentences) if s)
    return found


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("form", ["formal", "familiar"])
def test_no_two_letters_share_a_sentence(lang: str, form: str) -> None:
    """So whatever letters somebody gets in a row, no words come twice: of one template the same variant never does."""
    own = set(map(str, WORDS[lang].values())) | {
        str(getattr(full, field)).strip()
        for purpose in ("share", "outcome", "update", "introduce")
        for full in (sample_facts(purpose, lang, TODAY),)
        for field in ("news", "reach", "note", "why", "words", "link", "occasion_title")
    }
    first: dict[str, str] = {}
    for letter, sentences in every(lang, form).items():
        for sentence in set(sentences):
            if sentence in own or len(sentence.split()) < 4:
                continue
            assert first.setdefault(sentence, letter) == letter, sentence


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_purpose_and_occasion_has_a_letter_in_three_variants(lang: str) -> None:
    for purpose in (
        "thanks",
        "congratulations",
        "update",
        "check-in",
        "reply",
        "news",
        "visit",
        "share",
        "introduce",
        "outcome",
    ):
        for occasion, circle in itertools.product(OCCASIONS.get(purpose, ("",)), ("", "mentor", "recruiter", "own")):
            full = replace(sample_facts(purpose, lang, TODAY, occasion=occasion), circle=circle)
            full = replace(full, occasion_title="" if purpose == "share" else full.occasion_title)
            letters = RENDERER.render_all(full, lang)
            assert len({letter.text for letter in letters}) == len({letter.subject for letter in letters}) >= 3


def test_nothing_russian_depends_on_gender() -> None:
    gendered = re.compile(
        r"\b(?:рада?|благодар(?:ен|на)|долж(?:ен|на)|уверена?|готова?|признател(?:ен|ьна)|об(?:оих|еих|оим|еим)|"
        r"(?:хоте|мог|узна|получи|дума|писа|реши|нашё|наш|прочита|услыша|заметил|вспомни|познакоми|написа)(?:л|ла))\b",
        re.IGNORECASE,
    )
    for form in ("formal", "familiar"):
        for letter, sentences in every("ru", form).items():
            assert not gendered.search("\n".join(sentences)), letter


def test_the_two_russian_forms_of_address_never_mix_and_none_is_written_large() -> None:
    formal = re.compile(r"\b(?:вы|вас|вам|вами|ваш\w*|напишите|скажите|давайте|пишите)\b", re.IGNORECASE)
    familiar = re.compile(r"\b(?:ты|тебя|тебе|тобой|тво[йяёеи]\w*|пиши|напиши|скажи|давай)\b", re.IGNORECASE)
    for letter, sentences in every("ru", "formal").items():
        text = "\n".join(sentences)
        assert not familiar.search(text), letter
        assert not re.search(r"[а-яё,] (?:Вы|Вас|Вам|Ваш\w*)\b", text), letter
    for letter, sentences in every("ru", "familiar").items():
        assert not formal.search("\n".join(sentences).replace("Вы оба занимаетесь календарями.", "")), letter


def test_typography() -> None:
    """Dashes and quotation marks as each language has them, ё where it belongs, and no storm of exclamation marks."""
    for form in ("formal", "familiar"):
        for lang in LANGUAGES:
            for letter, sentences in every(lang, form).items():
                text = "\n".join(sentences)
                assert not re.search(r" - |--|\.\.\.|[\"]|!!|\?!", text), letter
                assert all(sentence.count("!") <= 1 for sentence in sentences), letter
                if lang == "ru":
                    assert not re.search("[“”]", text), letter
                    assert not re.search(
                        r"\b(?:еще|все (?:сложится|закончится|складывал|удавал)|твое|пришел|нем|чем живет)\b", text
                    ), letter
                else:
                    assert not re.search(r"[«—]|\w'\w", text), (
                        letter
                    )  # “ ” and ’; a full stop serves where Russian dashes
                assert of_text(text.replace("CalDAV", "").replace("Example", "")) in ("", lang), letter


def test_a_day_of_something_takes_an_article_in_english() -> None:
    full = replace(sample_facts("congratulations", "en", TODAY, occasion="holiday"), occasion_title="Day of Science")
    for letter in RENDERER.render_all(full, "en"):
        assert re.search(r"(?:^|\n|on |is |for )[Tt]he Day of Science", letter.text)
        assert letter.subject == "Day of Science" or "the Day of Science" in letter.subject
