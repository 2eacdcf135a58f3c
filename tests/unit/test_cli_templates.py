"""`kith templates`: works without a configuration, finds what is wrong with a template before a letter needs it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from daemon.cli.context import Ctx
from daemon.cli.main import run
from daemon.config.shipped import shipped_folder
from daemon.core.errors import NeedsUser
from daemon.service.render import Renderer
from daemon.service.template_check import check

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
SHIPPED = shipped_folder("templates")


def kith(*arguments: str) -> int:
    return run(["--config", "/nonexistent/config.toml", "templates", *arguments], Ctx(clock=lambda: NOW))


def test_the_shipped_templates_all_come_out_whole() -> None:
    tried, found = check(Renderer(SHIPPED), date(2028, 2, 29))
    assert found == ()
    assert tried > 1000


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("check-in.j2", "{% block subject_1 %}S{% endblock %}{% block text_1 %}Hi {name}!{% endblock %}", "“{name}”"),
        ("check-in.j2", "{% block subject_1 %}S{% endblock %}{% block text_1 %}{{ topics }}{% endblock %}", "topics"),
        ("cheque-in.j2", "x", "no letter is called cheque-in"),
        (
            "check-in.j2",
            "{% block subject_1 %}S{% endblock %}{% block text_1 %}{{ topcs|default('x') }}{% endblock %}",
            "no variable topcs",
        ),
        (
            "reminder.j2",
            "{% block summary %}S{% endblock %}{% block description %}{{ agnda|default('') }}{% endblock %}",
            "no variable agnda",
        ),
        ("reminder.j2", "{% block summary %}Ann Example{% endblock %}{% block description %}{% endblock %}", "none"),
    ],
)
def test_check_finds_what_would_go_wrong(tmp_path: Path, name: str, text: str, said: str) -> None:
    (tmp_path / "en").mkdir()
    (tmp_path / "en" / name).write_text(text)
    _, found = check(Renderer(tmp_path), NOW.date())
    assert [f.template for f in found] == [f"en/{name}"]
    assert said in found[0].problem


TWO = "{% block subject_1 %}S{% endblock %}{% block subject_2 %}S{% endblock %}{% block text_1 %}Whole.{% endblock %}"
HIDDEN = {
    "in another variant": TWO + "{% block text_2 %}Hi {name}!{% endblock %}",
    "in the other form of address": TWO
    + "{% block formal_2 %}Dear.{% endblock %}{% block familiar_2 %}{x}{% endblock %}",
    "with topics unknown": TWO + "{% block text_2 %}Well ({% if topics %}{{ topics[0] }}{% endif %}).{% endblock %}",
    "of two facts unknown": TWO
    + "{% block text_2 %}{% if not given and not last_contact %}Well {name}{% endif %}.{% endblock %}",
    "in a circle of the user's": TWO + "{% block text_2 %}{% if circle == 'band' %}{name}{% endif %}.{% endblock %}",
}


@pytest.mark.parametrize("text", HIDDEN.values(), ids=HIDDEN)
def test_check_finds_what_only_one_combination_shows(tmp_path: Path, text: str) -> None:
    (tmp_path / "en").mkdir()
    (tmp_path / "en" / "check-in.j2").write_text(text)
    _, found = check(Renderer(tmp_path), NOW.date(), ("band",))
    assert {f.template for f in found} == {"en/check-in.j2"}


@pytest.mark.parametrize(
    "line",
    [
        "{% if next_step and not next_by %}{name}{% endif %}",
        "{% if purpose == 'visit' and detail == 'name' %}{name}{% endif %}",
        "{% if form == 'meeting' and not agenda %}{name}{% endif %}",
    ],
)
def test_check_tries_reminders_with_each_fact_unknown(tmp_path: Path, line: str) -> None:
    (tmp_path / "en").mkdir()
    block = "{% block summary %}S{% endblock %}{% block description %}" + line + "{% endblock %}"
    (tmp_path / "en" / "reminder.j2").write_text(block)
    assert check(Renderer(tmp_path), NOW.date())[1]


def test_list_and_check_need_no_configuration(capsys: pytest.CaptureFixture[str]) -> None:
    assert kith("list") == 0
    assert "congratulations.birthday" in capsys.readouterr().out
    assert kith("check") == 0
    assert "come out whole" in capsys.readouterr().out


def test_preview_shows_the_letter_as_it_would_stand_in_drafts(capsys: pytest.CaptureFixture[str]) -> None:
    assert kith("preview", "sample", "thanks", "--language", "ru", "--form", "familiar") == 0
    text = capsys.readouterr().out
    assert "Привет, Анна!" in text and "в четверг" in text
    assert kith("preview", "sample", "check-in", "--html") == 0
    assert capsys.readouterr().out.count("<p>") >= 2
    assert kith("preview", "sample", "reply-owed", "--language", "ru", "--detail", "none") == 0
    assert "Анна" not in capsys.readouterr().out


def test_preview_gives_the_whole_message_for_a_mail_program_to_open(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert kith("preview", "sample", "thanks.event", "--message") == 0
    message = message_from_bytes(capsysbinary.readouterr().out, policy=policy.default)
    assert isinstance(message, EmailMessage)
    assert (message["To"], message["Subject"]) == ("Ann Example <ann@example.org>", "Good to talk to you at PyCon")
    assert [p.get_content_type() for p in message.iter_parts()] == ["text/plain", "text/html"]


@pytest.mark.parametrize("name", ["reminder", "reminder.digest", "reminder.new-drafts", "reminder.outcome", "promise"])
def test_every_event_can_be_previewed_by_its_templates_name(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert kith("preview", "sample", name) == 0
    assert len(capsys.readouterr().out.splitlines()) > 3


def test_preview_says_why_there_would_be_no_letter(capsys: pytest.CaptureFixture[str]) -> None:
    assert kith("preview", "sample", "thanks", "--language", "de") == 1
    assert "there is no template de/thanks.j2" in capsys.readouterr().err


def test_the_shipped_folder_is_found_in_a_wheel_and_in_a_checkout(tmp_path: Path) -> None:
    package = tmp_path / "daemon"
    package.mkdir()
    with pytest.raises(NeedsUser, match="templates are missing"):
        shipped_folder("templates", package)
    (tmp_path / "templates").mkdir()
    assert shipped_folder("templates", package) == tmp_path / "templates"
    (package / "templates").mkdir()
    assert shipped_folder("templates", package) == package / "templates"
