"""The quarter's file: both kinds of head, translations, and clear words for what is wrong."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from daemon.core.errors import UserMistake
from daemon.service.news import News
from daemon.service.updates import Blank, Update, quarter_ends, quarter_of, read_editions, read_update, skeleton

NEWS = "Этой осенью у меня новый проект.\n\n- первое\n- второе\n"


def write(folder: Path, text: str, name: str = "2026-Q4.md") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_toml_head(tmp_path: Path) -> None:
    head = '+++\nsubject = "Новости Ирины"\ncircles = ["mentor", "partner"]\nwritten = 2026-10-05\n+++\n'
    update = read_update(write(tmp_path, head + NEWS))
    assert update.subject == "Новости Ирины"
    assert update.circles == {"mentor", "partner"}
    assert update.written_at == datetime(2026, 10, 5, tzinfo=UTC)
    assert (update.quarter, update.language) == ("2026-Q4", "ru")
    assert update.text == NEWS.strip()


@pytest.mark.parametrize("circles", ["mentor, partner", "[mentor, 'partner']", "\n  - mentor\n  - partner"])
def test_a_plain_head(tmp_path: Path, circles: str) -> None:
    update = read_update(write(tmp_path, f"---\nsubject: Time: a report\ncircles: {circles}\n---\n{NEWS}"))
    assert update.subject == "Time: a report"
    assert update.circles == {"mentor", "partner"}


def test_without_a_head_it_is_for_all_and_as_old_as_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, NEWS)
    os.utime(path, (1_790_000_000, 1_790_000_000))
    update = read_update(path)
    assert (update.subject, update.circles) == ("", frozenset())
    assert update.written_at == datetime.fromtimestamp(1_790_000_000, UTC)


def test_a_rule_in_the_text_does_not_end_it(tmp_path: Path) -> None:
    assert read_update(write(tmp_path, "+++\n+++\none\n\n+++\n\ntwo")).text == "one\n\n+++\n\ntwo"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("+++\nsubject = \n+++\nx", "no valid TOML"),
        ("+++\nsubjet = 'x'\n+++\nx", "“subjet” is not known"),
        ("---\nsubject x\n---\nx", "line 2: “subject x” is not “name: value”"),
        ("+++\nsubject = 'x'\n", "never ends"),
        ("+++\ncircles = 3\n+++\nx", "circles is a list"),
        ("+++\nwritten = 'soon'\n+++\nx", "written is a date"),
        ("+++\n+++\n  \n", "no text"),
        ("Dear {name}, hello", "“{name}” would go out as it stands"),
        ("Dear {{ given }}, hello", "there are no placeholders"),
        ("Здравствуйте, [имя]!", "there are no placeholders"),
    ],
)
def test_what_is_wrong_is_said_with_the_file(tmp_path: Path, text: str, said: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(UserMistake) as caught:
        read_update(path)
    assert said in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_file_in_another_encoding(tmp_path: Path) -> None:
    path = tmp_path / "2026-Q4.md"
    path.write_bytes(NEWS.encode("cp1251"))
    with pytest.raises(UserMistake, match="not in UTF-8"):
        read_update(path)


def test_translations_stand_side_by_side(tmp_path: Path) -> None:
    write(tmp_path, NEWS)
    write(tmp_path, "This autumn I have a new project with the team.", "2026-Q4.en.md")
    write(tmp_path, "Old news of the summer.", "2026-Q3.md")
    assert sorted(read_editions(tmp_path, "2026-Q4")) == ["en", "ru"]


def test_two_files_in_one_language_are_refused(tmp_path: Path) -> None:
    write(tmp_path, NEWS)
    write(tmp_path, NEWS, "2026-Q4.ru.md")
    with pytest.raises(UserMistake, match="keep one"):
        read_editions(tmp_path, "2026-Q4")


def test_quarters() -> None:
    assert [quarter_of(date(2026, m, 1)) for m in (1, 3, 4, 9, 10, 12)] == [
        "2026-Q1",
        "2026-Q1",
        "2026-Q2",
        "2026-Q3",
        "2026-Q4",
        "2026-Q4",
    ]
    assert quarter_ends("2026-Q4") == date(2027, 1, 1)
    assert quarter_ends("2026-Q1") == date(2026, 4, 1)


def test_sections_are_for_their_circles_and_what_stands_before_them_for_all(tmp_path: Path) -> None:
    text = (
        "For all.\n\n### A heading\n\n## mentor\nOnly mentors.\n\n## Partner, expert\nBoth.\n\n## friend\n<!-- n -->\n"
    )
    update = read_update(write(tmp_path, text))
    assert update.text == "For all.\n\n### A heading"
    assert update.named == {"mentor", "partner", "expert"}
    assert update.audience == frozenset()
    assert update.text_for(["expert", "mentor"]) == "For all.\n\n### A heading\n\nOnly mentors.\n\nBoth."
    assert "Both" not in update.text_for(["mentor"])
    assert "Only" not in update.text_for(["friend"])
    without = read_update(write(tmp_path, "## mentor\nOnly mentors.\n"))
    assert without.audience == {"mentor"}
    assert without.text_for(["friend"]) == ""


@pytest.mark.parametrize("language", ["ru", "en"])
def test_a_new_file_is_blank_until_something_is_written(tmp_path: Path, language: str) -> None:
    path = write(tmp_path, skeleton(["mentor", "partner"], language))
    with pytest.raises(Blank):
        read_update(path)
    assert read_editions(tmp_path, "2026-Q4") == {}
    path.write_text(path.read_text(encoding="utf-8").replace("## partner", "## partner\nNews."), encoding="utf-8")
    (found,) = read_editions(tmp_path, "2026-Q4").values()
    assert found.named == {"partner"}
    assert read_update(path).text_for(["partner"]) == "News."


def test_the_ends_of_a_letter_follow_the_form_of_address(tmp_path: Path) -> None:
    head = (
        '+++\nlanguage = "ru"\nquestion = "Как вы?"\nquestion_familiar = "Как ты?"\noffer = "Помочь вам?"\n+++\nДа.\n'
    )
    update = read_update(write(tmp_path, head))
    assert update.ends("formal") == ("Помочь вам?", "Как вы?")
    assert update.ends("familiar") == ("", "Как ты?")
    english = Update("2026-Q4", "", frozenset(), "News.", update.written_at, "en", offer="I can help.", question="You?")
    assert english.ends("familiar") == ("I can help.", "You?")  # there is one form of address
    with pytest.raises(UserMistake, match="placeholders"):
        read_update(write(tmp_path, head.replace("Как вы?", "{name}?")))


def test_a_day_in_the_file_begins_where_the_user_lives_and_circles_have_no_case(tmp_path: Path) -> None:
    head = '+++\nwritten = 2026-10-05\ncircles = ["Mentor", "КЛУБ"]\n+++\n'
    update = read_update(write(tmp_path, head + NEWS), "America/New_York")
    assert update.written_at == datetime(2026, 10, 5, 4, tzinfo=UTC)
    assert update.circles == {"mentor", "клуб"} and update.dated
    moment = '+++\nwritten = "2026-10-05 18:00"\n+++\n'
    assert read_update(write(tmp_path, moment + NEWS), "Asia/Vladivostok").written_at == datetime(
        2026, 10, 5, 8, tzinfo=UTC
    )


@pytest.mark.parametrize(("dated", "day"), [(False, 5), (True, 20)])
def test_news_are_no_younger_than_their_first_letter_unless_the_file_says_so(dated: bool, day: int) -> None:
    """A slip of the pen mended on the 20th does not make them newer; a day written at their head does."""
    october = [datetime(2026, 10, n, tzinfo=UTC) for n in range(1, 31)]
    edition = Update("2026-Q4", "", frozenset(), NEWS, october[19], "ru", dated=dated)
    news = News("2026-Q4", {"ru": edition}, datetime(2027, 1, 31, tzinfo=UTC))
    assert news.to_plan(["ru"], october[4])["ru"].written_at == october[day - 1]
    assert news.to_plan(["ru"], None)["ru"].written_at == october[19]
    assert news.to_plan(["ru"], october[24])["ru"].written_at == october[19]


def test_what_is_larger_than_any_letter_is_not_read(tmp_path: Path) -> None:
    path = write(tmp_path, "News. " * 33_000)
    assert read_update(path).text
    with pytest.raises(UserMistake, match="larger than a letter"):
        read_update(write(tmp_path, "News. " * 34_000))
