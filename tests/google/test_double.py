"""The double is strict: what Google would refuse it refuses, and what nobody may ask for is kept as a complaint."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Any

import pytest

from connectors.google.errors import Rejected
from connectors.google.options import Settings
from connectors.google.session import Session
from daemon.core.errors import Conflict, NeedsUser, OutcomeUnknown, TryLater
from daemon.core.model import Account
from daemon.core.ports import Surroundings
from tests.contract.samples import NOW, mail
from tests.doubles.google import Fault, GoogleDouble, Refusal, running
from tests.doubles.google.call import Call
from tests.google.signed_in import SignedIn


def session(signed_in: SignedIn, folder: Path) -> Session:
    settings = Settings.of(Account("google", "google", signed_in.email, options=signed_in.options))
    return Session(settings, Surroundings(signed_in.secrets, str(folder / "s"), lambda: NOW))


def test_the_real_client_talks_to_it(signed_in: SignedIn, tmp_path: Path) -> None:
    opened = session(signed_in, tmp_path)
    signed_in.person.gmail.add(mail(1), ["INBOX"])
    found = opened.call(opened.gmail.messages().list(userId="me", q="{from:anna@example.com to:nobody@example.test}"))
    (row,) = found["messages"]
    whole, gone = opened.batch(
        [opened.gmail.messages().get(userId="me", id=i, format="metadata") for i in (row["id"], "18d")]
    )
    assert isinstance(whole, dict) and whole["labelIds"] == ["INBOX"]
    assert isinstance(gone, Rejected) and gone.absent
    assert signed_in.google.units == 45
    opened.close()


def test_a_very_long_question_goes_as_the_library_sends_it(signed_in: SignedIn, tmp_path: Path) -> None:
    opened = session(signed_in, tmp_path)
    many = " ".join(f"from:person{n}@example.net" for n in range(120))
    assert "messages" not in opened.call(opened.gmail.messages().list(userId="me", q=f"{{{many}}}"))
    opened.close()


FORBIDDEN = [
    lambda g: g.messages().send(userId="me", body={"raw": "aGk="}),
    lambda g: g.drafts().send(userId="me", body={"id": "r1"}),
    lambda g: g.drafts().delete(userId="me", id="r1"),
    lambda g: g.messages().batchDelete(userId="me", body={"ids": ["1"]}),
    lambda g: g.messages().get(userId="me", id="1", format="full"),
    lambda g: g.threads().list(userId="me"),
    lambda g: g.messages().list(userId="me", q="subject:secret"),
]


@pytest.mark.parametrize("ask", FORBIDDEN)
def test_what_nobody_may_ask_is_a_complaint(tmp_path: Path, ask: Any) -> None:
    with running() as google:
        account = SignedIn(google, tmp_path)
        google.account(account.email).gmail.add(mail(1), ["INBOX"])
        google.account(account.email).gmail.messages["1"] = next(
            iter(google.account(account.email).gmail.messages.values())
        )
        opened = session(account, tmp_path)
        try:
            opened.call(ask(opened.gmail))
        except Rejected as error:
            assert error.status == 400
        assert len(google.complaints) == 1
        opened.close()


def test_only_a_handler_for_it_answers(google: GoogleDouble, signed_in: SignedIn, tmp_path: Path) -> None:
    def answer(call: Call) -> dict[str, Any]:
        return {"historyId": "7", "emailAddress": call.account.email}

    google.handlers["gmail.users.getProfile"] = answer
    opened = session(signed_in, tmp_path)
    assert opened.call(opened.gmail.getProfile(userId="me", fields="historyId")) == {"historyId": "7"}
    opened.close()


@pytest.mark.parametrize(
    ("refusal", "expected"),
    [
        (Refusal(403, "rateLimitExceeded", retry_after="17"), TryLater),
        (Refusal(403, "insufficientPermissions"), NeedsUser),
        (Refusal(403, "accessNotConfigured"), NeedsUser),
        (Refusal(403, "dailyLimitExceeded"), TryLater),
        (Refusal(429, "tooMany"), TryLater),
        (Refusal(503, "backendError"), TryLater),
        (Refusal(412, "conditionNotMet"), Conflict),
        (Refusal(404, "notFound"), Rejected),
        (Refusal(403, "forbidden"), Rejected),
        (Refusal(408, "timeout"), TryLater),
        (Refusal(503, "backendError", retry_after="9" * 30), TryLater),
        (Refusal(429, "tooMany", retry_after="\u00b2"), TryLater),
    ],
)
def test_refusals_are_named_by_what_to_do(
    signed_in: SignedIn, tmp_path: Path, refusal: Refusal, expected: type[Exception]
) -> None:
    opened = session(signed_in, tmp_path)
    signed_in.google.faults.append(Fault("refuse", refusal=refusal))
    with pytest.raises(expected) as told:
        opened.call(opened.gmail.getProfile(userId="me"))
    if refusal.retry_after.isascii() and refusal.retry_after:
        assert isinstance(told.value, TryLater) and told.value.after is not None
        assert told.value.after.total_seconds() == min(int(refusal.retry_after), 86_400)
    opened.close()


@pytest.mark.parametrize("kind", ["drop-before", "drop-after"])
def test_a_write_without_an_answer_is_unknown_and_sent_once(signed_in: SignedIn, tmp_path: Path, kind: str) -> None:
    opened = session(signed_in, tmp_path)
    message = signed_in.person.gmail.add(mail(1), ["INBOX"])
    signed_in.google.faults.append(Fault(kind, writes=True))
    with pytest.raises(OutcomeUnknown):
        opened.call(opened.gmail.messages().trash(userId="me", id=message.id), write=True)
    assert signed_in.google.calls["gmail.users.messages.trash"] == 1
    assert ("TRASH" in message.labels) is (kind == "drop-after")
    opened.close()


def test_what_google_answers_with_4xx_is_answered_so_here(signed_in: SignedIn, tmp_path: Path) -> None:
    """Each refusal the connector must live with or never provoke, by the request that brings it about."""
    opened = session(signed_in, tmp_path)
    box = signed_in.person.gmail
    asked = box.add(mail(7, Subject="Lunch?"), ["INBOX"])
    home = signed_in.person.calendar.add_calendar("kith", by_app=True).id
    events = opened.calendar.events()
    token = opened.call(events.list(calendarId=home, fields="nextSyncToken"))["nextSyncToken"]
    hour = {"start": {"dateTime": "2026-11-20T09:00:00Z"}, "end": {"dateTime": "2026-11-20T10:00:00Z"}}

    def event(name: str) -> Any:
        return events.insert(calendarId=home, body={"id": name, **hour}, sendUpdates="none")

    def letter(thread: str, *lines: str) -> Any:
        raw = "\r\n".join([*lines, "", "Hi"]).encode()
        message = {"raw": urlsafe_b64encode(raw).decode(), "threadId": thread}
        return opened.gmail.drafts().create(userId="me", body={"message": message})

    answers = "In-Reply-To: <7@example.com>"
    opened.call(event("abcdefv"))
    opened.call(letter(asked.thread, "Subject: Re: Lunch?", answers))
    for status, request in (
        (400, events.list(calendarId=home, syncToken=token, timeMin="2026-01-01T00:00:00Z")),
        (400, events.list(calendarId=home, syncToken=token, q="x")),
        (410, events.list(calendarId=home, syncToken="sync-99.1")),
        (400, event("abcdefw")),
        (400, event("ABCDEF")),
        (400, event("abcd")),
        (409, event("abcdefv")),
        (400, letter(asked.thread, "Subject: Re: Lunch?")),
        (400, letter(asked.thread, "Subject: Dinner?", answers)),
        (404, letter("18c0ffee", "Subject: Re: Lunch?", answers)),
        (404, opened.gmail.history().list(userId="me", startHistoryId="1" * 12)),
        (404, opened.gmail.messages().get(userId="me", id="1", format="minimal")),
    ):
        with pytest.raises(Rejected) as told:
            opened.call(request)
        assert told.value.status == status, request.uri
    opened.close()


def test_a_search_is_refused_to_who_may_see_metadata_alone(google: GoogleDouble, tmp_path: Path) -> None:
    account = SignedIn(google, tmp_path, scopes=frozenset({"https://www.googleapis.com/auth/gmail.metadata"}))
    opened = session(account, tmp_path)
    assert opened.call(opened.gmail.messages().list(userId="me"))["resultSizeEstimate"] == 0
    with pytest.raises(Rejected, match="403"):
        opened.call(opened.gmail.messages().list(userId="me", q="from:anna@example.com"))
    opened.close()
