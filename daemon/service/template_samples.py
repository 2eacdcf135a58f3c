"""The made-up person and the made-up words by which templates are tried, previewed and read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from daemon.service.variables import DraftFacts, ReminderFacts

OCCASIONS: Mapping[str, tuple[str, ...]] = {
    "thanks": ("meeting", "first-meeting", "interview", "recommendation", "introduction", "event", "mail"),
    "congratulations": ("named", "birthday", "work", "company", "job", "achievement", "holiday", "mail"),
    "update": ("2026-Q4",),
    "news": ("change", "old-colleague", "new-colleague"),
}
"""The occasions there are of a purpose; of the others there is one, without a name."""

WORDS: Mapping[str, Mapping[str, Any]] = {
    "ru": {
        "title": "десять лет в профессии",
        "topics": ("бюджет", "CalDAV"),
        "news": "Этой осенью я учусь новому.",
        "reach": "Мой новый адрес: irina@example.org.",
        "place": "Казань",
        "words": "Хорошее письмо коротко.",
        "note": "Особенно хороша вторая глава.",
        "other": "Олег Примеров",
        "other_work": "директор, Example",
        "why": "Вы оба занимаетесь календарями.",
        "offer": "Могу показать, как это устроено.",
        "question": "Как прошла осень?",
    },
    "en": {
        "title": "ten years in the profession",
        "topics": ("hiring", "CalDAV"),
        "news": "This autumn I am learning a lot.",
        "reach": "My new address: irina@example.org.",
        "place": "Leipzig",
        "words": "A good letter is short.",
        "note": "The second chapter is especially good.",
        "other": "Oleg Sample",
        "other_work": "Director, Example",
        "why": "Both of you work on calendars.",
        "offer": "I could show you how it works.",
        "question": "How was the autumn?",
    },
}
_TITLES: Mapping[str, Mapping[str, str]] = {
    "holiday": {"ru": "День программиста", "en": "Programmers’ Day"},
    "event": {"ru": "PyCon", "en": "PyCon"},
    "job": {"ru": "директор по данным, Example", "en": "Head of Data, Example"},
    "achievement": {"ru": "выступление на PyCon", "en": "your talk at PyCon"},
    "recommendation": {"ru": "на должность руководителя группы", "en": "for the team lead’s post"},
    "introduction": {"ru": "с Олегом Примеровым", "en": "to Oleg Sample"},
    "share": {"ru": "Письма, которые читают", "en": "Letters people read"},
}
"""What the user may have called an occasion; where nothing else is said, `WORDS`' title."""

_PEOPLE = {
    "ru": ("Анна Вымышленная", "Анна", "Сергеевна", "Ирина Примерова"),
    "en": ("Ann Example", "Ann", "", "Irina Sample"),
}


def sample_facts(purpose: str, lang: str, today: date, *, form: str = "formal", occasion: str = "") -> DraftFacts:
    """A made-up person about whom everything is known; ``occasion`` is the purpose's usual one by default."""
    words = WORDS.get(lang, WORDS["en"])
    name, given, patronymic, mine = _PEOPLE.get(lang, _PEOPLE["en"])
    usual = {"thanks": "meeting", "congratulations": "birthday"}
    occasion = occasion or usual.get(purpose) or OCCASIONS.get(purpose, ("",))[0]
    called = _TITLES.get({"outcome": "recommendation"}.get(purpose, occasion or purpose), {})
    titled = called.get(lang) or str(words["title"])
    return DraftFacts(
        purpose=purpose,
        occasion=occasion,
        name=name,
        today=today,
        given=given,
        patronymic=patronymic,
        form=form,
        language=lang,
        my_name=mine,
        occasion_date=today - timedelta(days=2 if purpose == "thanks" else 0),
        occasion_title=titled if purpose in ("thanks", "congratulations", "share", "outcome") else "",
        topics=tuple(words["topics"]),
        organisation="Example",
        news=words["news"],
        last_contact=today - timedelta(days=120),
        circle="mentor",
        reach=words["reach"],
        years=5,
        company="Example",
        place=words["place"],
        until=today + timedelta(days=4),
        link="https://example.org/letters" if purpose == "share" else "",
        other=words["other"],
        other_work=words["other_work"],
        why=words["why"],
        note=words["note"],
    )


def sample_reminder(purpose: str, lang: str, today: date, *, detail: str = "full") -> ReminderFacts:
    """A reminder about the made-up person."""
    words = WORDS.get(lang, WORDS["en"])
    return ReminderFacts(
        purpose=purpose,
        detail=detail,
        name=_PEOPLE.get(lang, _PEOPLE["en"])[0],
        due=today,
        language=lang,
        last_contact=today - timedelta(days=120),
        last_form="mail" if purpose == "reply-owed" else "call",
        last_by="them" if purpose == "reply-owed" else "",
        occasion={"thanks": "meeting", "congratulations": "job"}.get(purpose, ""),
        occasion_title=_TITLES["job"].get(lang, "") if purpose == "congratulations" else "",
        topics=tuple(words["topics"]),
        next_step="прислать отчёт" if lang == "ru" else "send the report",
        prepared_draft="Что нового?" if lang == "ru" else "Catching up",
        form="talk",
        next_by=today + timedelta(days=5),
        agenda=("как прошёл переезд" if lang == "ru" else "how the move went",),
        prepared_in="home",
        waiting=_PEOPLE.get(lang, _PEOPLE["en"])[:1],
        drafted=_PEOPLE.get(lang, _PEOPLE["en"])[:1],
        lapsed=_PEOPLE.get(lang, _PEOPLE["en"])[:1],
        drafts=((_PEOPLE.get(lang, _PEOPLE["en"])[0], "Что нового?" if lang == "ru" else "Catching up"),),
    )
