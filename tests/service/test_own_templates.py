"""A template of the user's that fails for one person: told; others get theirs, and they once it is mended."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from daemon.config.shipped import shipped_folder
from daemon.core.reasons import RECOMMENDATION
from daemon.service import noting, overview
from daemon.service.cycle import run_cycle
from daemon.service.deps import CycleReport
from daemon.service.render import Renderer
from tests.contract.samples import ANNA, BORIS
from tests.service.house import House

pytestmark = pytest.mark.memory_only

FAILS_FOR_ANN = """{% from "_words.j2" import hello with context %}
{% block subject_1 %}Thanks{% endblock %}
{% block text_1 %}
{{ hello() }}

Thank you{% if given == "Ann" %} {{ 1 / 0 }}{% endif %}.
{% endblock %}
"""


def round_with(house: House, templates: Path) -> CycleReport:
    house.clock += timedelta(minutes=15)
    return run_cycle(replace(house.deps(), renderer=Renderer(shipped_folder("templates"), templates)))


def written_to(house: House) -> set[str]:
    raws = next(iter(house.rigs.values())).drafts()
    return {message_from_bytes(raw, policy=policy.default)["To"].addresses[0].addr_spec for raw in raws}


def test_it_is_told_and_holds_up_nobody_else(house: House, tmp_path: Path) -> None:
    template = tmp_path / "own" / "en" / "thanks.j2"
    template.parent.mkdir(parents=True)
    template.write_text(FAILS_FOR_ANN, "utf-8")
    ann = house.person("Ann Example", ANNA, language="en")
    boris = house.person("Boris Titov", BORIS, language="en")
    house.enable()
    for who in (ann, boris):
        with house.store.write() as conn:
            noting.note(conn, who, RECOMMENDATION, "", house.clock.date(), house.clock)

    report = round_with(house, tmp_path / "own")

    assert written_to(house) == {BORIS}
    (told,) = report.errors
    assert "thanks.j2, line 6" in told and "Ann" not in told, "logs name nobody"
    with house.store.read() as conn:
        found = overview.overview(conn, house.settings, house.clock)
    assert not found.trouble, "nothing is wrong with the account"
    (waits,) = found.unwritten
    assert (waits.name, waits.kind, waits.purpose) == ("Ann Example", "draft", "thanks")
    assert "thanks.j2, line 6" in waits.error

    template.unlink()
    assert not round_with(house, tmp_path / "own").failed
    assert written_to(house) == {ANNA, BORIS}
    with house.store.read() as conn:
        assert overview.overview(conn, house.settings, house.clock).unwritten == []
