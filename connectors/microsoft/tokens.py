"""Access tokens through MSAL, a public client: its cache is ours to keep, and a refusal is a sentence.

MSAL adds ``offline_access``, ``openid`` and ``profile`` by itself. None of the scopes can send (Mail.Send is its own).
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from connectors.microsoft.options import Settings
from connectors.microsoft.refusals import not_signed_in, refusal, unknown_tenant
from connectors.microsoft.transport import LOGIN, Reply, Transport
from connectors.network import retry_after
from daemon.core.errors import NeedsUser, TryLater
from daemon.core.ports import SecretStore

if TYPE_CHECKING:
    from msal import PublicClientApplication, SerializableTokenCache

SCOPES = ["Mail.ReadWrite", "Calendars.ReadWrite", "Contacts.Read"]
CACHE = "token cache"
"""The name of the secret that holds MSAL's cache: refresh token and all."""

EARLY = 120.0
"""Seconds before its end from which an access token is not used any more."""


class Tokens:
    """The tokens of one account."""

    def __init__(self, settings: Settings, secrets: SecretStore, transport: Transport) -> None:
        self.settings = settings
        self._secrets = secrets
        self._web = _Web(transport)
        self._cache: SerializableTokenCache | None = None
        self._app: PublicClientApplication | None = None
        self._kept = ""  # the cache as it stands in the secrets
        self._token = ""
        self._until = 0.0
        self._username = ""

    def bearer(self, *, fresh: bool = False) -> str:
        """An access token; with ``fresh`` a new one, for the last was not accepted.

        Raises:
            NeedsUser: nobody has signed in, or the grant has run out or was revoked.
        """
        if self._token and not fresh and time.monotonic() < self._until:
            return self._token
        self._token = ""
        app = self.app()
        self._load()
        accounts = app.get_accounts()
        if not accounts:
            raise not_signed_in(self.settings)
        mine = self.settings.address.casefold()
        account = next((a for a in accounts if a.get("username", "").casefold() == mine), accounts[0])
        result = app.acquire_token_silent_with_error(SCOPES, account=account, force_refresh=fresh)
        self._username = account.get("username", "")
        return self.take(result)

    def username(self) -> str:
        """Who signed in, as Microsoft calls them; "" before `bearer`."""
        return self._username

    def take(self, result: dict[str, Any] | None) -> str:
        """Keep what came of asking for a token: the token itself, and the cache as it is now.

        Raises:
            NeedsUser, TryLater: it was refused.
        """
        if not result:
            raise not_signed_in(self.settings)
        if "access_token" not in result:
            raise refusal(self.settings, result)
        self._save()
        self._token = str(result["access_token"])
        self._until = time.monotonic() + float(result.get("expires_in", 0)) - EARLY
        return self._token

    def app(self) -> PublicClientApplication:
        """MSAL's application, made once.

        Raises:
            NeedsUser: there is no such tenant.
        """
        if self._app is None:
            import msal

            self._cache = msal.SerializableTokenCache()
            try:
                self._app = msal.PublicClientApplication(
                    self.settings.client_id,
                    authority=f"{LOGIN}/{self.settings.tenant}",
                    token_cache=self._cache,
                    http_client=self._web,
                    # the authority is Microsoft's own, always: nothing to find out about it
                    instance_discovery=False,
                )
            except ValueError:
                raise unknown_tenant(self.settings) from None
        return self._app

    def forget(self) -> None:
        """Nobody is signed in, in memory: a sign-in begins with this, so that one account is kept and not two."""
        app = self.app()
        self._load()
        for account in app.get_accounts():
            app.remove_account(account)
        self._token = ""

    def _load(self) -> None:
        """The cache as the secrets have it: `kith login` may have run since."""
        kept = self._secrets.get(self.settings.account, CACHE) or ""
        if kept == self._kept or self._cache is None:
            return
        try:
            self._cache.deserialize(kept)
        except ValueError:
            raise NeedsUser(
                f"What the sign-in of {self.settings.account} left cannot be read.",
                f"Sign in again: kith login {self.settings.account}",
            ) from None
        self._kept = kept

    def _save(self) -> None:
        if self._cache is not None and self._cache.has_state_changed:
            text = self._cache.serialize()
            self._secrets.put(self.settings.account, CACHE, text)
            self._kept = text


class _Web:
    """MSAL's ``http_client``: our transport, whose errors are ours already."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def get(self, url: str, params: Any = None, headers: Any = None, **_: Any) -> _Answer:
        return _Answer(self._transport.exchange("GET", url, params=params, headers=headers))

    def post(self, url: str, params: Any = None, data: Any = None, headers: Any = None, **_: Any) -> _Answer:
        # not a write: a token asked for twice is a token too many, no more
        return _Answer(self._transport.exchange("POST", url, params=params, body=data, headers=headers))

    def close(self) -> None:
        """The transport is closed with its connection."""


class _Answer:
    """A reply as MSAL wants it."""

    def __init__(self, reply: Reply) -> None:
        if reply.status >= 500 or reply.status == 429:
            raise TryLater(f"Microsoft's sign-in has trouble ({reply.status}).", retry_after(reply.headers))
        self.status_code = reply.status
        self.headers = reply.headers
        self.text = reply.body.decode("utf-8", "replace")
        if not reply.json():  # a page of a network that wants to be signed in to first, say
            raise TryLater("What answers in place of Microsoft's sign-in is not Microsoft's.")

    def raise_for_status(self) -> None:
        """Nothing is left to raise: what the status says is in the text."""
