"""Letters and reminders: no placeholders, nothing injected, always the same for the same key.

What they say is read in `test_golden.py`.
"""

from __future__ import annotations

import itertools
import re
import subprocess
import sys
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.core.wording import addressed, on_day
from daemon.service.letter import flatten, to_html
from daemon.service.render import Renderer, choose_variant
from daemon.service.templating import TemplateFault
from daemon.service.variables import DraftFacts, ReminderFacts, draft_variables

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "templates"
TODAY = date(2026, 11, 21)  # a Saturday
RENDERER = Renderer(SHIPPED)

PEOPLE = {
    "ru": {"name": "Анна Вымышленная", "given": "Анна", "patronymic": "Сергеевна", "my_name": "Ирина Примерова"},
    "en": {"name": "Ann Example", "given": "Ann", "patronymic": "", "my_name": "Irina Sample"},
}
TOPICS = {"ru": ("бюджет", "CalDAV"), "en": ("hiring", "CalDAV sync")}
NEWS = {
    "ru": "Этой осенью у меня **новый проект**:\nсинхронизация календарей.\n\n- [страница](https://example.org/a_b)\n",
    "en": "This autumn I have a **new project**:\nsyncing of calendars.\n\n- [its page](https://example.org/a_b)\n",
}
LETTERS = (
    ("thanks", "meeting:x"),
    ("thanks", "mail"),
    ("congratulations", "birthday"),
    ("congratulations", "named"),
    ("congratulations", "mail"),
    ("update", "2026-Q4"),
    ("check-in", ""),
    ("reply", ""),
)
MORE = (
    *LETTERS,
    ("thanks", "interview"),
    ("thanks", "event:x"),
    ("congratulations", "holiday:programmer"),
    ("share", "x"),
    ("introduce", "x"),
    ("outcome", "x"),
)


def facts(lang: str, purpose: str, occasion: str, form: str = "formal", **rest: object) -> DraftFacts:
    title = {"ru": "десять лет в профессии", "en": "ten years in the profession"}[lang] if occasion == "named" else ""
    full = DraftFacts(
        purpose,
        occasion,
        PEOPLE[lang]["name"],
        today=TODAY,
        form=form,
        occasion_date=date(2026, 11, 19),
        occasion_title=title,
        topics=TOPICS[lang],
        news=NEWS[lang],
        last_contact=date(2026, 6, 2),
        organisation="Example",
    )
    return replace(full, **{**PEOPLE[lang], **rest})  # type: ignore[arg-type]


def test_45_days_are_long_ago_and_a_day_to_come_is_not_late() -> None:
    for days, long_ago in ((44, False), (45, True)):
        told = facts("en", "check-in", "x", last_contact=TODAY - timedelta(days=days), occasion_date=TODAY)
        assert draft_variables(told, "en")["long_ago"] is long_ago
    to_come = facts("en", "visit", "x", occasion_date=TODAY + timedelta(days=9))
    assert draft_variables(to_come, "en")["days_late"] == 0


def variants(given_facts: DraftFacts, lang: str) -> dict[str, str]:
    letters = RENDERER.render_all(given_facts, lang)
    assert len(letters) >= 3
    return {letter.variant: f"Subject: {letter.subject}\n\n{letter.text}" for letter in letters}


def reminder(lang: str, purpose: str = "keep-in-touch", detail: str = "full") -> ReminderFacts:
    return ReminderFacts(
        purpose,
        detail,
        PEOPLE[lang]["name"],
        TODAY,
        lang,
        last_contact=date(2026, 9, 3),
        last_form="call",
        topics=TOPICS[lang],
        next_step={"ru": "прислать отчёт", "en": "send the report"}[lang],
        prepared_draft={"ru": "Что нового?", "en": "Catching up"}[lang],
        form="talk" if purpose == "keep-in-touch" else "",
        next_by=date(2026, 12, 5) if purpose != "promise" else None,
        agenda={"ru": ("как прошёл переезд", "когда в отпуск?"), "en": ("how the move went", "when is their holiday?")}[
            lang
        ],
        prepared_in="work",
    )


# --- no placeholders, missing facts


@pytest.mark.parametrize("lang", ["ru", "en"])
@pytest.mark.parametrize(("purpose", "occasion"), LETTERS)
@pytest.mark.parametrize("form", ["formal", "familiar"])
def test_every_combination_of_missing_facts_makes_a_clean_letter_or_none(
    lang: str, purpose: str, occasion: str, form: str
) -> None:
    droppable = ("given", "patronymic", "topics", "last_contact", "occasion_title", "occasion_date", "my_name", "news")
    for dropped in itertools.product((False, True), repeat=len(droppable)):
        blank = {
            f: (None if f in ("last_contact", "occasion_date") else () if f == "topics" else "")
            for f, gone in zip(droppable, dropped, strict=True)
            if gone
        }
        letter = RENDERER.render_draft(purpose, occasion, lang, facts(lang, purpose, occasion, form, **blank), "seed")
        needed = {"thanks": {"occasion_date"}, "congratulations": {"occasion_date"}, "update": {"news"}}.get(purpose)
        lacking = (needed or set()) & set(blank) or (occasion == "named" and "occasion_title" in blank)
        assert (letter is None) == bool(lacking)
        if letter is not None:
            assert not re.search(r"[{}]|None|Undefined|\(\)|  | [,.!?;:]|,,|, !|«»|“”|\n\n\n", letter.text)
            assert letter.subject.strip() == letter.subject != ""


def test_without_a_name_or_a_language_there_is_no_draft() -> None:
    assert RENDERER.render_draft("check-in", "", "ru", facts("ru", "check-in", "", name=""), "x") is None
    assert RENDERER.render_draft("check-in", "", "", facts("ru", "check-in", ""), "x") is None
    assert RENDERER.render_draft("check-in", "", "de", facts("en", "check-in", ""), "x") is None
    assert "de/check-in.j2" in RENDERER.missing(facts("en", "check-in", ""), "de")


def test_news_in_another_language_make_no_letter() -> None:
    russian_news = facts("en", "update", "2026-Q4", news=NEWS["ru"])
    assert RENDERER.render_draft("update", "2026-Q4", "en", russian_news, "x") is None


# --- names and days


@pytest.mark.parametrize(
    ("name", "given", "patronymic", "familiar", "language", "call"),
    [
        ("Анна Вымышленная", "Анна", "Сергеевна", False, "ru", "Анна Сергеевна"),
        ("Анна Вымышленная", "Анна", "Сергеевна", True, "ru", "Анна"),
        ("Вымышленная Анна Сергеевна", "Анна Сергеевна", "", True, "ru", "Анна"),
        ("Вымышленная Анна", "", "", False, "ru", ""),  # which of the two is the given name?
        ("Анна", "", "", False, "ru", "Анна"),
        ("АННА", "АННА", "", False, "ru", "Анна"),
        ("Ann Example", "Ann", "", False, "ru", ""),  # another script
        ("Анна", "Анна", "", False, "en", ""),
        ("Ann Example", "", "", False, "en", "Ann Example"),
        ("Ann Example", "", "", True, "en", ""),
        ("Jean-Luc O'Example", "Jean-Luc", "", True, "en", "Jean-Luc"),
        ("ann@example.org", "", "", False, "en", ""),
        ("J. Example", "J.", "", False, "en", ""),
        ("Jobs (Example)", "", "", False, "en", ""),
        ("山田太郎", "太郎", "", False, "en", ""),
    ],
)
def test_a_greeting_uses_only_what_is_surely_right(
    name: str, given: str, patronymic: str, familiar: bool, language: str, call: str
) -> None:
    assert addressed(name, given, patronymic, familiar=familiar, language=language) == call


@pytest.mark.parametrize(
    ("name", "given"), [("Ann Example", "Ann"), ("Вымышленная Анна", ""), ("{{ 7*7 }}", "{{ 7*7 }}")]
)
def test_a_name_not_to_be_used_gets_a_neutral_greeting(name: str, given: str) -> None:
    letter = RENDERER.render_draft(
        "check-in", "", "ru", facts("ru", "check-in", "", name=name, given=given, patronymic=""), "x"
    )
    assert letter is not None
    assert letter.text.startswith("Здравствуйте!\n\n")


def test_days_in_words_stay_right_until_the_letter_is_sent() -> None:
    assert on_day(date(2026, 11, 19), TODAY, "ru") == "в четверг"
    assert on_day(date(2026, 11, 17), TODAY, "ru") == "во вторник"
    assert on_day(date(2026, 11, 20), TODAY, "en") == "on Friday"
    assert on_day(TODAY, TODAY, "ru") == "в субботу, 21 ноября"
    assert on_day(date(2026, 11, 15), TODAY, "en") == "on Sunday, 15 November"
    assert on_day(date(2026, 12, 28), date(2027, 1, 3), "ru") == "в понедельник, 28 декабря 2026 года"
    assert on_day(date(2028, 2, 29), date(2028, 3, 1), "en") == "on Tuesday"
    assert on_day(date(2026, 11, 19), TODAY, "de") == "Donnerstag"


def test_a_late_birthday_letter_says_so() -> None:
    late = variants(facts("ru", "congratulations", "birthday"), "ru")
    on_time = variants(facts("ru", "congratulations", "birthday", occasion_date=TODAY), "ru")
    assert all("прошедшим" in text for text in late.values())
    assert not any("прошедшим" in text for text in on_time.values())


def test_a_topic_in_another_script_is_left_out_of_an_english_letter() -> None:
    for text in variants(facts("en", "thanks", "meeting", topics=("бюджет",)), "en").values():
        assert "бюджет" not in text and "“" not in text


# --- variants


def test_the_same_key_makes_the_same_letter() -> None:
    wanted = facts("ru", "thanks", "meeting")
    assert len({RENDERER.render_draft("thanks", "meeting", "ru", wanted, "key") for _ in range(5)}) == 1


@given(st.lists(st.text(max_size=8), min_size=2, max_size=12))
def test_no_variant_comes_twice_running_and_all_have_their_turn(keys: list[str]) -> None:
    chosen: list[str] = []
    for key in (*keys, *map(str, range(30))):
        chosen.append(choose_variant(("1", "2", "3", "4"), key, chosen[-2:]))
    assert all(len({a, b, c}) == 3 for a, b, c in zip(chosen, chosen[1:], chosen[2:], strict=False))
    assert set(chosen) == {"1", "2", "3", "4"}


def test_where_variants_are_few_the_latest_is_left_out() -> None:
    assert choose_variant(("1", "2"), "b", ["1", "2"]) == "1"
    assert choose_variant(("1", "2"), "b", ["2", "1"]) == "2"
    assert choose_variant(("1",), "b", ["1", "1"]) == "1"


# --- signature


def test_a_signature_stands_once_and_only_the_users_own_where_there_is_one() -> None:
    endings = {
        "Ирина\n+7 000 000-00-00": "\n\nС уважением,\nИрина\n+7 000 000-00-00\n",
        "Сердечно,\nИрина": "удобно.\n\nСердечно,\nИрина\n",
        "-- \nИрина": "удобно.\n\n--\nИрина\n",
    }
    for signature, ending in endings.items():
        own = facts("ru", "check-in", "", signature=signature, topics=())
        for text in variants(own, "ru").values():
            assert text.endswith(ending.replace("удобно.", ""))
            assert text.count("Ирина") == 1
            assert text.count("уважением") == ending.count("уважением")


# --- neutralising

NASTY = (
    "\r\n",
    "\n\n",
    "\u202e",
    "\u2066",
    "\u2028",
    "\x00",
    "\x1b[31m",
    "{{7*7}}",
    "{% raw %}",
    "<b>",
    "</p>",
    "&",
    '"',
    "»",
    "ы",
)
HOSTILE = st.lists(st.text(max_size=5) | st.sampled_from(NASTY) | st.sampled_from("абв xyz"), max_size=8).map("".join)


@settings(max_examples=150, deadline=None)
@given(HOSTILE, HOSTILE, st.lists(HOSTILE, max_size=4), HOSTILE, HOSTILE)
def test_no_fact_can_break_out_of_its_place(name: str, given: str, topics: list[str], title: str, news: str) -> None:
    for purpose, occasion in MORE:
        wild = facts("ru", purpose, occasion, name=name, given=given, topics=tuple(topics), occasion_title=title)
        wild = replace(wild, other=name, other_work=title, why=news, note=news, words=title, link=given, offer=news)
        letter = RENDERER.render_draft(purpose, occasion, "ru", replace(wild, news=news, my_name=name), "x")
        if letter is None:
            continue
        for text in (letter.subject, letter.text, letter.html):
            text.encode("utf-8")
            assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]", text)
        assert "\n" not in letter.subject
        assert len(letter.subject) <= 150
        body = letter.html.partition("<body>")[2]
        assert set(re.findall(r"<(/?\w+)", body)) <= {
            "p",
            "/p",
            "br",
            "ul",
            "/ul",
            "li",
            "/li",
            "a",
            "/a",
            "/body",
            "/html",
        }


def test_template_words_in_data_stay_words() -> None:
    letter = RENDERER.render_draft(
        "thanks", "meeting", "en", facts("en", "thanks", "meeting", topics=("{{7*7}}", "{% raw %}")), "x"
    )
    assert letter is not None
    assert "{{7*7}}" in letter.text and "49" not in letter.text


def test_a_reminder_hides_what_detail_forbids() -> None:
    secrets = ("бюджет", "отчёт", "сентября", "Что нового", "звонок)")
    for purpose in ("keep-in-touch", "reply-owed", "promise"):
        full = "\n".join(RENDERER.render_reminder(reminder("ru", purpose)))
        assert all(secret in full for secret in secrets)
        named = "\n".join(RENDERER.render_reminder(reminder("ru", purpose, "name")))
        assert "Анна Вымышленная" in named and not any(secret in named for secret in secrets)
        bare = "\n".join(RENDERER.render_reminder(reminder("ru", purpose, "none")))
        assert "Анна" not in bare and "Вымышленная" not in bare and not any(secret in bare for secret in secrets)
        assert all(("✓" in text and "done call" in text) or "готово" in text for text in (full, named, bare))


def test_no_line_of_a_reminder_is_taken_for_markup_or_a_heading() -> None:
    """Google shows a description as HTML, Outlook makes a heading of a line that ends with a colon."""
    for lang, purpose in itertools.product(("ru", "en"), ("keep-in-touch", "reply-owed", "promise", "visit")):
        given = replace(reminder(lang, purpose), next_step="<b>send</b>", agenda=("<script>1</script>:",), name="<i>A")
        for text in RENDERER.render_reminder(given):
            assert not set("<>") & set(text)
            assert not [line for line in text.splitlines() if line.endswith(":")]


def test_a_reminder_in_a_language_without_templates_comes_in_english() -> None:
    summary, _ = RENDERER.render_reminder(replace(reminder("en"), language="de"))
    assert summary == "Get in touch: Ann Example"


# --- the user's own templates

SUBJECT = "{% block subject_1 %}S{% endblock %}\n"
TEXT = "{%% block text_1 %%}%s{%% endblock %%}"


def own(tmp_path: Path, text: str, name: str = "check-in.j2") -> Renderer:
    (tmp_path / "en").mkdir(exist_ok=True)
    (tmp_path / "en" / name).write_text(text, encoding="utf-8")
    return Renderer(SHIPPED, tmp_path)


def render(renderer: Renderer, **rest: object) -> str:
    letter = renderer.render_draft("check-in", "", "en", facts("en", "check-in", "", **rest), "x")  # type: ignore[arg-type]
    assert letter is not None
    return letter.text


def test_the_users_own_template_wins_and_may_use_the_shipped_words(tmp_path: Path) -> None:
    text = '{% from "_words.j2" import hello with context %}' + SUBJECT + TEXT % "{{ hello() }}\nMine."
    assert render(own(tmp_path, text)).startswith("Dear Ann,\n\nMine.\n\nKind regards,")


def test_a_template_for_a_circle_wins_over_the_general_one(tmp_path: Path) -> None:
    special = "{% block subject_1 %}S{% endblock %}{% block text_1 %}Only mentors.{% endblock %}"
    renderer = own(tmp_path, special, "check-in.mentor.j2")
    assert "Only mentors." in render(renderer, circle="mentor")
    assert "Only mentors." not in render(renderer, circle="friend")


def test_a_general_template_of_the_users_wins_over_a_special_one_that_is_shipped(tmp_path: Path) -> None:
    renderer = own(tmp_path, SUBJECT + TEXT % "Mine for all.", "thanks.j2")
    found = renderer.find("en", "thanks", "interview:x", "mentor")
    assert found == tmp_path / "en" / "thanks.j2"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (SUBJECT + TEXT % "\n{{ organisatoin }}", "line 3: 'organisatoin'"),
        (SUBJECT + TEXT % "{% if topcs %}x{% endif %}", "'topcs'"),
        (SUBJECT + TEXT % "{% if not topcs %}x{% endif %}", "'topcs'"),
        (SUBJECT + TEXT % "{{ 'x' if topcs else 'y' }}", "'topcs'"),
        (SUBJECT + TEXT % "{{ title }}", "line 2: title is not known here"),
        (SUBJECT + TEXT % "{{ title|upper }}", "title is not known here"),
        (SUBJECT + TEXT % "{% for t in title %}x{% endfor %}", "title is not known here"),
        (SUBJECT + TEXT % "{% if x %}", "line 2: "),
        (SUBJECT + TEXT % "{{ 1 // 0 }}", "line 2: "),
        (SUBJECT + TEXT % "{{ ''.__class__.__mro__ }}", "line 2: "),
        ('{% include "../../secret.txt" %}', "../../secret.txt"),
        (SUBJECT, "neither text_1 nor both"),
        ("{% block text_1 %}S{% endblock %}", "no block subject_1"),
        ("Hello", "no block subject_1"),
        ("{% block subject_1 %} {% endblock %}{% block text_1 %}x{% endblock %}", "without a subject"),
    ],
)
def test_a_fault_in_a_users_template_is_one_sentence_with_file_and_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(TemplateFault) as caught:
        render(own(tmp_path, text))
    sentence = str(caught.value)
    assert said in sentence
    assert "check-in.j2" in sentence
    assert "\n" not in sentence


def test_a_users_template_in_another_encoding_is_said_to_be_that(tmp_path: Path) -> None:
    renderer = own(tmp_path, SUBJECT + TEXT % "x")
    (path,) = tmp_path.rglob("check-in.j2")
    path.write_bytes((SUBJECT + TEXT % "Спасибо").encode("cp1251"))
    with pytest.raises(TemplateFault, match=r"check-in\.j2 is not in UTF-8: save it as UTF-8"):
        render(renderer)


def test_an_unknown_fact_is_false_in_a_condition(tmp_path: Path) -> None:
    text = SUBJECT + TEXT % "{% if title %}T{% elif circle == 'mentor' %}M{% else %}N{% endif %}"
    assert render(own(tmp_path, text)).startswith("N\n")


# --- text and HTML


def test_markdown_becomes_plain_text() -> None:
    source = "# Head\n\nOne *fine*\nday, `code` and **very\nbold**.  \nBreak\n\n* a\n* b_c_d\n\n1. x\n2) y\n"
    source += "\n---\n\n[t](https://example.org/__a__) 2 * 3 * 4"
    assert flatten(source) == (
        "Head\n\nOne fine day, code and very bold.\nBreak\n\n- a\n- b_c_d\n\n1. x\n2) y\n\n"
        "t (https://example.org/__a__) 2 * 3 * 4"
    )


def test_html_says_what_the_text_says() -> None:
    html = to_html("Hi <b>,\n\nsee https://example.org/?a=1&b=2.\n- one\n- two\n\nBye\nAnn\n", "en")
    assert "<p>Hi &lt;b&gt;,</p>" in html
    assert '<a href="https://example.org/?a=1&amp;b=2">https://example.org/?a=1&amp;b=2</a>.' in html
    assert "<ul><li>one</li><li>two</li></ul>" in html
    assert "<p>Bye<br>\nAnn</p>" in html
    assert "javascript" not in to_html("javascript:alert(1) https://x\"onclick='", "en").replace("javascript:alert", "")


# --- start-up


def test_jinja_is_imported_only_to_render() -> None:
    code = "import sys, daemon.service.render; sys.exit('jinja2' in sys.modules or 'babel' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False, timeout=60).returncode == 0


def test_today_is_an_argument_everywhere() -> None:
    a = RENDERER.render_draft("thanks", "meeting", "ru", facts("ru", "thanks", "meeting"), "x")
    b = RENDERER.render_draft(
        "thanks", "meeting", "ru", facts("ru", "thanks", "meeting", today=TODAY + timedelta(days=7)), "x"
    )
    assert a is not None and b is not None
    assert "в четверг, 19 ноября" in b.text and "в четверг, 19 ноября" not in a.text
