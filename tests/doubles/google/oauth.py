"""Google's sign-in: the consent page, the token endpoint, a service account's request (RFC 6749, 7636, 7523).

Nobody sees a page: `consent` answers as the user's browser would after they agreed.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

CLIENT_ID, CLIENT_SECRET = "kith-test.apps.example.org", "desktop-clients-have-no-secrets"
LIFE = timedelta(hours=1)


@dataclass(frozen=True)
class Grant:
    """What one access token is good for."""

    email: str
    scopes: frozenset[str]
    expires: datetime


@dataclass
class Sign:
    """The state of the sign-in. ``untick`` are scopes the user leaves out on the consent page.

    ``refreshes`` counts the times an access token was made of a refresh token; ``given`` are all secrets handed out.
    """

    now: Callable[[], datetime]
    complain: Callable[[str], None]
    codes: dict[str, dict[str, Any]] = field(default_factory=dict)
    refresh: dict[str, tuple[str, frozenset[str]]] = field(default_factory=dict)
    access: dict[str, Grant] = field(default_factory=dict)
    services: dict[str, tuple[Any, frozenset[str]]] = field(default_factory=dict)
    untick: frozenset[str] = frozenset()
    user: str = "petra@example.org"
    refreshes: int = 0
    given: list[str] = field(default_factory=list)
    rotating: bool = False
    _numbers: count[int] = field(default_factory=lambda: count(1))

    # -- as the test's user and administrator

    def granted(self, email: str, scopes: frozenset[str]) -> str:
        """A refresh token as an earlier sign-in left it."""
        token = f"1//refresh-{next(self._numbers)}"
        self.refresh[token] = (email, scopes)
        self.given.append(token)
        return token

    def revoke(self, email: str) -> None:
        """The user takes the grant back (or changes the password): no token of theirs is good any more."""
        self.refresh = {t: g for t, g in self.refresh.items() if g[0] != email}
        self.access = {t: g for t, g in self.access.items() if g.email != email}

    def expire(self) -> None:
        """Every access token is over; refresh tokens hold."""
        self.access.clear()

    def consent(self, url: str) -> str:
        """The user agrees on the page at ``url``; returns where the browser is sent next."""
        parts = urlsplit(url)
        asked = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        wanted = {
            "response_type": "code",
            "client_id": CLIENT_ID,
            "access_type": "offline",
            "prompt": "consent",  # else who has agreed before gets no refresh token
            "code_challenge_method": "S256",
        }
        for name, value in wanted.items():
            if asked.get(name) != value:
                self.complain(f"consent page: {name} is {asked.get(name)!r}, not {value!r}")
        if not asked.get("state") or len(asked.get("code_challenge", "")) < 43:
            self.complain("consent page: no state or no code challenge")
        if urlsplit(asked.get("redirect_uri", "")).hostname not in ("127.0.0.1", "localhost"):
            self.complain("consent page: the answer would leave this machine")
        code = f"4/code-{next(self._numbers)}"
        self.codes[code] = asked
        self.given.append(code)
        scopes = [s for s in asked["scope"].split() if s not in self.untick]
        return (
            f"{asked['redirect_uri']}?{urlencode({'state': asked['state'], 'code': code, 'scope': ' '.join(scopes)})}"
        )

    # -- as the server

    def token(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """One request to the token endpoint."""
        match form.get("grant_type"):
            case "authorization_code":
                return self._by_code(form)
            case "refresh_token":
                return self._by_refresh(form)
            case "urn:ietf:params:oauth:grant-type:jwt-bearer":
                return self._by_assertion(form["assertion"])
        self.complain(f"token endpoint: grant_type {form.get('grant_type')!r}")
        return 400, {"error": "unsupported_grant_type"}

    def _by_code(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        asked = self.codes.pop(form.get("code", ""), None)
        if asked is None:
            return 400, {"error": "invalid_grant", "error_description": "Malformed auth code."}
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if challenge.rstrip(b"=").decode() != asked["code_challenge"]:
            self.complain("token endpoint: the code verifier does not fit the challenge")
            return 400, {"error": "invalid_grant", "error_description": "Invalid code verifier."}
        if form.get("redirect_uri") != asked["redirect_uri"] or not self._client(form):
            self.complain("token endpoint: another redirect_uri or client than on the consent page")
            return 400, {"error": "invalid_client"}
        scopes = frozenset(asked["scope"].split()) - self.untick
        refresh = self.granted(self.user, scopes)
        return 200, {**self._access(self.user, scopes), "refresh_token": refresh}

    def _by_refresh(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        found = self.refresh.get(form.get("refresh_token", ""))
        if not self._client(form):
            return 401, {"error": "invalid_client"}
        if found is None:
            return 400, {"error": "invalid_grant", "error_description": "Token has been expired or revoked."}
        self.refreshes += 1
        answer = self._access(*found)
        if self.rotating:
            self.refresh.pop(form["refresh_token"])
            answer["refresh_token"] = self.granted(*found)
        return 200, answer

    def _by_assertion(self, assertion: str) -> tuple[int, dict[str, Any]]:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.hashes import SHA256

        signed, _, signature = assertion.rpartition(".")
        claims = json.loads(_unpacked(signed.partition(".")[2]))
        key, allowed = self.services.get(claims.get("iss", ""), (None, frozenset()))
        if key is None:
            return 400, {"error": "invalid_grant", "error_description": "Not a valid email or user ID."}
        try:
            key.verify(_unpacked(signature), signed.encode(), PKCS1v15(), SHA256())
        except InvalidSignature:
            return 400, {"error": "invalid_grant", "error_description": "Invalid JWT Signature."}
        scopes = frozenset(claims.get("scope", "").split())
        if not scopes <= allowed or "sub" not in claims:
            return 401, {
                "error": "unauthorized_client",
                "error_description": "Client is unauthorized to retrieve access tokens using this method.",
            }
        return 200, self._access(claims["sub"], scopes)

    def _access(self, email: str, scopes: frozenset[str]) -> dict[str, Any]:
        token = f"ya29.access-{next(self._numbers)}"
        self.given.append(token)
        self.access[token] = Grant(email, scopes, self.now() + LIFE)
        return {
            "access_token": token,
            "expires_in": int(LIFE.total_seconds()),
            "scope": " ".join(sorted(scopes)),
            "token_type": "Bearer",
        }

    @staticmethod
    def _client(form: dict[str, str]) -> bool:
        return form.get("client_id") == CLIENT_ID and form.get("client_secret") == CLIENT_SECRET


def _unpacked(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def client_file(endpoint: str) -> dict[str, Any]:
    """What the Cloud console gives to download for a Desktop client, with this server in place of Google."""
    return {
        "installed": {
            "client_id": CLIENT_ID,
            "project_id": "kith-test",
            "auth_uri": f"{endpoint}/o/oauth2/auth",
            "token_uri": f"{endpoint}/token",
            "client_secret": CLIENT_SECRET,
            "redirect_uris": ["http://localhost"],
        }
    }


def basic(headers: Mapping[str, str]) -> dict[str, str]:
    """The client where it is named by HTTP Basic, as google-auth-oauthlib does (RFC 6749 2.3.1)."""
    kind, _, text = headers.get("authorization", "").partition(" ")
    if kind != "Basic":
        return {}
    client, _, secret = base64.b64decode(text).decode().partition(":")
    return {"client_id": client, "client_secret": secret}
