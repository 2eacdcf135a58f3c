"""Calls to Google: one set of service objects a thread, each call priced, given a deadline, its errors translated."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import google_auth_httplib2
from googleapiclient.discovery import build_from_document
from googleapiclient.discovery_cache import get_static_doc

from connectors.google.auth import Auth
from connectors.google.errors import Faulty, Rejected, answer, translated
from connectors.google.http import Http
from connectors.google.options import Settings
from connectors.google.quota import UNITS, Meter
from daemon.core.errors import OutcomeUnknown, TryLater
from daemon.core.ports import Surroundings

# On DEBUG these log addresses, queries and tokens.
for _name in (
    "googleapiclient",
    "google.auth",
    "google_auth_httplib2",
    "google_auth_oauthlib",
    "requests_oauthlib",
    "oauthlib",
):
    logging.getLogger(_name).setLevel(logging.WARNING)

BATCH = 50
"""Calls in one batch: Google advises against more."""

UNREADABLE = "What answers in place of Google cannot be read."

VERSIONS = {"gmail": "v1", "calendar": "v3", "people": "v1"}


class Session:
    """One account's way to the three APIs. Request objects come from `gmail`, `calendar` and `people` and are run by
    `call` or `batch`; they belong to the thread that made them (httplib2 is not safe for two).
    """

    def __init__(self, settings: Settings, around: Surroundings) -> None:
        self.settings = settings
        self.around = around
        self.folder = Path(around.state)
        self.auth = Auth(settings, around.secrets)
        self.meter = Meter(self.folder, settings.quota_per_minute, around.now)
        self._local = threading.local()
        self._opened: list[Http] = []

    @property
    def gmail(self) -> Any:
        """``users()`` of Gmail v1."""
        return self._service("gmail").users()

    @property
    def calendar(self) -> Any:
        """Calendar v3."""
        return self._service("calendar")

    @property
    def people(self) -> Any:
        """People v1."""
        return self._service("people")

    def call(self, request: Any, *, write: bool = False, bulk: bool = False) -> dict[str, Any]:
        """Run one request. ``write``: it changes something; ``bulk``: it is one of very many (see `Meter.take`).

        Raises:
            OutcomeUnknown: a write whose answer was lost.
            LeaseLost: a write that is not ours to do any more.
            Paced, TryLater, NeedsUser, Conflict, Rejected: as `errors.translated` has it.
        """
        with self._paid(UNITS.get(request.methodId, 0), bulk), translated(self.settings, write=write):
            if not write:
                found = request.execute(num_retries=0)
            else:
                with self._sure():
                    found = request.execute(num_retries=0)
        if isinstance(found, dict):
            return found
        if found in ("", b"", None):  # all there is to say of a deletion
            return {}
        raise (OutcomeUnknown if write else TryLater)(UNREADABLE)

    def batch(self, requests: Sequence[Any], *, bulk: bool = False, spare: int = 0) -> list[dict[str, Any] | Rejected]:
        """Run reading requests together, at most `BATCH`; the answers in the same order.

        What Google refuses for good is answered by the refusal itself; what it merely could not do now is asked again
        alone, once. If it fails again while Google answers otherwise, that is an answer too, for up to ``spare``.

        Raises:
            Paced, TryLater, NeedsUser: as `call`.
        """
        if not requests:
            return []
        answers: dict[str, Any] = {}

        def take(number: str, found: Any, error: Any) -> None:
            told = found if error is None else answer(error, self.settings, write=False)
            answers[number] = told if isinstance(told, (dict, Exception)) else TryLater(UNREADABLE)

        together = self._service(requests[0].methodId.partition(".")[0]).new_batch_http_request(callback=take)
        for number, request in enumerate(requests):
            together.add(request, request_id=str(number))
        units = sum(UNITS.get(r.methodId, 0) for r in requests)
        with self._paid(units, bulk), translated(self.settings), _legible():
            together.execute()
        late = [one for one in answers.values() if isinstance(one, TryLater)]
        patient = 0 < len(late) <= spare
        if patient and len(late) == len(answers):
            self.call(self.gmail.getProfile(userId="me", fields="historyId"), bulk=bulk)  # does it answer at all?
        found: list[dict[str, Any] | Rejected] = []
        for number, request in enumerate(requests):
            one = answers[str(number)]
            if isinstance(one, TryLater):
                try:
                    one = self.call(request, bulk=bulk)
                except Rejected as error:
                    one = error
                except Faulty as error:
                    if not patient:
                        raise
                    one = Rejected(str(error), error.status, "")
            if isinstance(one, Exception) and not isinstance(one, Rejected):
                raise one
            found.append(one)
        return found

    def close(self) -> None:
        """Let go of all connections."""
        while self._opened:
            self._opened.pop().close()

    @contextmanager
    def _paid(self, units: int, bulk: bool) -> Iterator[None]:
        """For one exchange: its price is taken first, and once more should the library repeat it."""
        self.meter.take(units, bulk=bulk)
        http: Http = self._local.http
        http.before_again = lambda: self.meter.take(units, bulk=bulk)
        try:
            yield
        finally:
            http.before_again = lambda: None

    @contextmanager
    def _sure(self) -> Iterator[None]:
        """For one write: sign in first, ask whether it is still ours to make, and send it once over a fresh connection.

        On a connection the server has let go of meanwhile it would be lost, and its fate unknown.
        """
        http: Http = self._local.http
        credentials = self.auth.credentials()
        if not credentials.valid:
            credentials.refresh(None)
        http.close()
        self.around.before_write()
        http.once = True
        try:
            yield
        finally:
            http.once = False

    def _service(self, api: str) -> Any:
        made: dict[str, Any] = self._local.__dict__
        if api not in made:
            if "http" not in made:
                made["http"] = Http(self.settings.timeout)
                self._opened.append(made["http"])
            document = json.loads(get_static_doc(api, VERSIONS[api]))
            if self.settings.endpoint:
                document["rootUrl"] = f"{self.settings.endpoint}/"
                document.pop("mtlsRootUrl", None)
            with translated(self.settings):
                signed = google_auth_httplib2.AuthorizedHttp(
                    self.auth.credentials(), http=made["http"], max_refresh_attempts=1
                )
                made[api] = build_from_document(document, http=signed)
        return made[api]


@contextmanager
def _legible() -> Iterator[None]:
    """The library takes a batch's answer apart without looking: one that lacks a part, or whose parts are none.

    Raises:
        TryLater: instead of whatever came of it.
    """
    try:
        yield
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        raise TryLater(UNREADABLE) from None
