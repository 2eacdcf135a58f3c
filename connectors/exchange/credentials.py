"""What is shown to the server: user and password or an application's token; a Kerberos ticket is the system's."""

from __future__ import annotations

import os
from typing import Any

from exchangelib import Credentials, Identity
from exchangelib.credentials import OAuth2Credentials

from connectors.exchange.options import Settings, host_of
from daemon.core.errors import NeedsUser
from daemon.core.ports import SecretStore


def credentials(settings: Settings, secrets: SecretStore, url: str) -> Any:
    """exchangelib's object for the way of signing in that the account says; None for Kerberos.

    Raises:
        NeedsUser: something is missing for it.
    """
    if settings.auth == "kerberos":
        return None
    secret = secrets.get(settings.account, "password")
    if secret is None:
        what = "secret of the application" if settings.auth == "oauth2" else "password"
        raise NeedsUser(
            f"There is no {what} for the account {settings.account}.",
            "Give it a password_command in the configuration.",
        )
    if settings.auth != "oauth2":
        return Credentials(settings.user, secret)
    if not settings.client_id or not (settings.tenant or settings.token_url):
        raise NeedsUser("auth = oauth2 needs client_id and tenant.", "Add them to the account's section.")

    # a server may answer with another spelling of the scope asked for: oauthlib would take it for an error
    os.environ.setdefault("OAUTHLIB_RELAX_TOKEN_SCOPE", "1")

    class Application(OAuth2Credentials):  # type: ignore[misc]  # the library has no types
        @property
        def token_url(self) -> str:
            said: str = super().token_url
            return settings.token_url or said

        @property
        def scope(self) -> list[str]:
            return [settings.scope or f"https://{host_of(url)}/.default"]

    return Application(
        client_id=settings.client_id,
        client_secret=secret,
        tenant_id=settings.tenant,
        identity=Identity(primary_smtp_address=settings.address),
    )
