"""Who we are to Google: the permissions an account needs, and the tokens made of what was granted."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import google.oauth2.credentials
import google.oauth2.service_account
import google_auth_httplib2
from google.auth.exceptions import GoogleAuthError, RefreshError, TransportError

from connectors.google.errors import pause, unauthorized
from connectors.google.http import Http
from connectors.google.options import Settings
from daemon.core.errors import NeedsUser, UserMistake
from daemon.core.ports import SecretStore

SECRET = "token"  # noqa: S105 - the name of the secret, not one

_BASE = "https://www.googleapis.com/auth/"


@dataclass(frozen=True, slots=True)
class Scope:
    """One permission. ``lost`` says what does not work without it; ``by`` are wider ones that do as well."""

    name: str
    lost: str
    by: tuple[str, ...] = ()

    @property
    def url(self) -> str:
        """As Google calls it."""
        return _BASE + self.name

    def granted(self, scopes: frozenset[str]) -> bool:
        """Whether it, or a wider one, is among these."""
        return bool({self.url, *(_BASE + name for name in self.by)} & scopes)


READ_MAIL = Scope("gmail.readonly", "no mail is read: nothing is logged from it, no drafts are left", ("gmail.modify",))
DRAFTS = Scope("gmail.compose", "no drafts are left", ("gmail.modify",))
CHANGE_MAIL = Scope("gmail.modify", "mail is neither read nor drafted, labels stay on, withdrawn drafts stay")
READ_CALENDAR = Scope("calendar.readonly", "no meetings are logged and none keep a reminder away", ("calendar",))
OWN_CALENDAR = Scope("calendar.app.created", "no reminders are put into Google Calendar", ("calendar",))
LIST_CALENDARS = Scope(
    "calendar.calendarlist.readonly",
    "should the state folder be lost, reminders are made once more in a new calendar",
    ("calendar.readonly", "calendar.calendarlist", "calendar"),
)
"""Under `OWN_CALENDAR` alone Google lists no calendars, not even the one it let us make."""

CONTACTS = Scope("contacts.readonly", "Google Contacts are not imported", ("contacts",))


def needed(settings: Settings) -> Sequence[Scope]:
    """The least permissions for what the account is used for, in the order they are explained."""
    found: list[Scope] = []
    if settings.change_mail and (settings.mail or settings.drafts):
        found.append(CHANGE_MAIL)  # covers reading and drafts: no need to ask for three
    else:
        found += [READ_MAIL] if settings.mail or settings.drafts else []
        found += [DRAFTS] if settings.drafts else []
    found += [READ_CALENDAR] if settings.calendar else []
    found += [LIST_CALENDARS] if settings.reminders and not settings.calendar else []
    found += [OWN_CALENDAR] if settings.reminders else []
    found += [CONTACTS] if settings.contacts else []
    return found


def client_config(settings: Settings) -> Mapping[str, Any]:
    """The Desktop client as downloaded: ``{"installed": {...}}``.

    Raises:
        UserMistake: the file is no such thing.
    """
    try:
        found = json.loads(Path(settings.client_file).expanduser().read_text("utf-8"))
        told = found["installed"]
        if all(isinstance(told[name], str) for name in ("client_id", "client_secret", "auth_uri", "token_uri")):
            return {"installed": told}
    except (OSError, ValueError, KeyError, TypeError):
        pass
    raise UserMistake(
        f"{settings.client_file} is not the file of a Desktop client: make one of that type in the Google Cloud "
        "console and download its JSON (docs/google.md)."
    )


class Busy(TransportError):
    """The token endpoint asks for patience; ``after`` is how much, where it says."""

    def __init__(self, after: timedelta | None) -> None:
        super().__init__("the token endpoint is busy")  # type: ignore[no-untyped-call]
        self.after = after


class Requests(google_auth_httplib2.Request):  # type: ignore[misc]  # the library has no types
    """How tokens are asked for: with a deadline, and without the library's own sleeping between attempts."""

    def __call__(self, *args: Any, **more: Any) -> Any:
        """One request to the token endpoint.

        Raises:
            Busy: the library itself would sleep and ask again.
        """
        found = super().__call__(*args, **more)
        if found.status in (408, 429) or found.status >= 500:
            raise Busy(pause(found.headers))
        return found


class _Ours:
    """Refreshes over our own connection, whoever asks: the library's batches would open one without a deadline."""

    _guard: threading.Lock
    _keep: Any

    def refresh(self, request: object) -> None:
        with self._guard:
            http = Http(self._seconds)  # type: ignore[attr-defined]
            try:
                super().refresh(Requests(http))  # type: ignore[misc]
            finally:
                http.close()
            self._keep(self)


class _User(_Ours, google.oauth2.credentials.Credentials):
    pass


class _Service(_Ours, google.oauth2.service_account.Credentials):
    pass


class Auth:
    """The account's credentials, made when first used and shared by its threads."""

    def __init__(self, settings: Settings, secrets: SecretStore) -> None:
        self._settings = settings
        self._secrets = secrets
        self._lock = threading.Lock()
        self._made: Any = None

    @property
    def service(self) -> bool:
        """Whether a service account signs in, so that nobody has to."""
        return bool(self._settings.service_account_file)

    def credentials(self) -> Any:
        """What Google's libraries sign requests with; nothing is sent yet.

        Raises:
            NeedsUser: nobody has signed in.
            UserMistake: the file with the client or the key is none.
        """
        with self._lock:
            if self._made is None:
                made = self._of_service(needed(self._settings)) if self.service else self._of_user()
                self._made = self._ready(made)
            return self._made

    def _ready(self, made: Any) -> Any:
        made._guard = threading.Lock()
        made._seconds = self._settings.timeout
        made._keep = self._keep
        return made

    def scopes(self) -> frozenset[str]:
        """What the sign-in covered, once it has been tried: users leave out what they do not like.

        They can take back all of it or nothing, so that what was granted then is what is granted now. A service account
        is refused everything for one permission its delegation lacks: then each is tried by itself.
        """
        try:
            self.credentials().refresh(None)
        except RefreshError as error:
            if not self.service or not unauthorized(error):
                raise
            delegated = frozenset(scope.url for scope in needed(self._settings) if self._delegated(scope))
            if not delegated:
                raise
            return delegated
        if self.service:
            return frozenset(scope.url for scope in needed(self._settings))
        return frozenset(self._kept().get("scopes", ()))

    def _delegated(self, scope: Scope) -> bool:
        try:
            self._ready(self._of_service([scope])).refresh(None)
        except RefreshError as error:
            if unauthorized(error):
                return False
            raise
        return True

    def allows(self, scope: Scope) -> bool:
        """Whether the sign-in covered it, as far as we know without asking; yes where nobody has signed in yet."""
        kept = self._kept().get("scopes") if not self.service else None
        return not kept or scope.granted(frozenset(map(str, kept)))

    def keep(self, refresh_token: str, scopes: Sequence[str]) -> None:
        """Store what a sign-in brought."""
        self._secrets.put(
            self._settings.account, SECRET, json.dumps({"refresh_token": refresh_token, "scopes": sorted(scopes)})
        )
        self._made = None

    def _keep(self, made: Any) -> None:
        """Google may hand out another refresh token with an access token: the old one is worthless then."""
        if self.service or not made.refresh_token:
            return
        kept = self._kept()
        if kept.get("refresh_token") != made.refresh_token:
            value = json.dumps({**kept, "refresh_token": made.refresh_token})
            self._secrets.put(self._settings.account, SECRET, value)

    def _kept(self) -> dict[str, Any]:
        text = self._secrets.get(self._settings.account, SECRET)
        try:
            found = json.loads(text or "{}")
        except ValueError:
            found = {}
        return found if isinstance(found, dict) else {}

    def _of_user(self) -> _User:
        client = client_config(self._settings)["installed"]
        kept = self._kept()
        if not kept.get("refresh_token"):
            account = self._settings.account
            raise NeedsUser(f"Nobody has signed in to the Google account {account} yet.", f"Run: kith login {account}")
        return _User(  # type: ignore[no-untyped-call]
            None,
            refresh_token=kept["refresh_token"],
            token_uri=client["token_uri"],
            client_id=client["client_id"],
            client_secret=client["client_secret"],
        )

    def _of_service(self, scopes: Sequence[Scope]) -> _Service:
        path = Path(self._settings.service_account_file).expanduser()
        try:
            info = json.loads(path.read_text("utf-8"))
            made: _Service = _Service.from_service_account_info(  # type: ignore[no-untyped-call]
                info, scopes=[scope.url for scope in scopes], subject=self._settings.address
            )
        except (OSError, ValueError, GoogleAuthError, TypeError):
            raise UserMistake(f"{path} is not the key file of a service account.") from None
        return made


def missing(settings: Settings, granted: frozenset[str]) -> Sequence[str]:
    """A line for each permission not granted: what it is and what is lost. `errors.remedy` says how to get it."""
    return [
        f"Missing permission {scope.url if settings.service_account_file else scope.name}: {scope.lost}."
        for scope in needed(settings)
        if not scope.granted(granted)
    ]
