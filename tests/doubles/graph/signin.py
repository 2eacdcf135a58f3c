"""The sign-in: discovery, authorisation code with PKCE, device code, refresh."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

HOST = "https://login.microsoftonline.com"
CLIENT = "11111111-2222-3333-4444-555555555555"
TENANT = "99999999-8888-7777-6666-555555555555"
RESERVED = {"openid", "profile", "offline_access"}
Answer = tuple[int, dict[str, Any]]


def refuse(error: str, number: int = 0, status: int = 400) -> Answer:
    """What the token endpoint says no with."""
    described = f"AADSTS{number}: a sentence with petra@example.org in it. Trace ID: 0" if number else error
    return status, {"error": error, "error_description": described, "error_codes": [number] if number else []}


@dataclass
class SignIn:
    """Grants, codes and tokens. ``refusals`` answer the next token requests, whatever these are."""

    username: str = "petra@example.org"
    tenants: frozenset[str] = frozenset({"common", "organizations", "consumers", TENANT})
    allowed: frozenset[str] = frozenset({"Mail.ReadWrite", "Calendars.ReadWrite", "Contacts.Read"})
    granted: frozenset[str] = frozenset({"Mail.ReadWrite", "Calendars.ReadWrite", "Contacts.Read"})
    refusals: list[Answer] = field(default_factory=list)
    pending: int = 0  # so often a device code waits for its user
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    access: dict[str, frozenset[str]] = field(default_factory=dict)
    refresh: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)  # grant types, in order
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    complaints: list[str] = field(default_factory=list)

    def get(self, tenant: str, path: str, query: dict[str, str]) -> Answer:
        """The discovery document, or a browser at the authorisation endpoint whose user agrees."""
        if tenant not in self.tenants:
            return refuse("invalid_tenant", 90002)
        if path == "v2.0/.well-known/openid-configuration":
            base = f"{HOST}/{tenant}"
            return 200, {
                "issuer": f"{HOST}/{TENANT}/v2.0",
                "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                "token_endpoint": f"{base}/oauth2/v2.0/token",
                "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
            }
        if path == "oauth2/v2.0/authorize":
            return self._authorize(query)
        return self._complain(f"GET {path} of the sign-in")

    def post(self, tenant: str, path: str, form: dict[str, str]) -> Answer:
        """A token, or a device code."""
        if tenant not in self.tenants:
            return refuse("invalid_tenant", 90002)
        if form.get("client_id") != CLIENT:
            return refuse("unauthorized_client", 700016)
        if path == "oauth2/v2.0/devicecode":
            if self.refusals:
                return self.refusals.pop(0)
            if wrong := self._scopes(form.get("scope", "")):
                return wrong
            return 200, {
                "device_code": "device-1",
                "user_code": "ABCD-1234",
                "verification_uri": "https://microsoft.com/devicelogin",
                "expires_in": 900,
                "interval": 0,
                "message": "To sign in ...",
            }
        if path != "oauth2/v2.0/token":
            return self._complain(f"POST {path} of the sign-in")
        grant = form.get("grant_type", "")
        self.asked.append(grant)
        if self.refusals:
            return self.refusals.pop(0)
        if grant == "authorization_code":
            return self._code(form)
        if grant in ("device_code", "urn:ietf:params:oauth:grant-type:device_code"):
            if self.pending:
                self.pending -= 1
                return refuse("authorization_pending", 70016)
            return self._tokens(form.get("nonce", ""))
        if grant == "refresh_token":
            if form.get("refresh_token") not in self.refresh:
                return refuse("invalid_grant", 700082)
            return self._scopes(form.get("scope", "")) or self._tokens("")
        return self._complain(f"a grant of type {grant}")

    def _authorize(self, query: dict[str, str]) -> Answer:
        """A redirect, as (302, {"Location": ...})."""
        back = query.get("redirect_uri", "")
        if query.get("client_id") != CLIENT or query.get("response_type") != "code":
            return self._complain(f"a strange authorisation: {query}")
        if not back.startswith("http://localhost:"):
            return self._complain(f"a browser sent to {back}")
        if query.get("code_challenge_method") != "S256" or not query.get("state"):
            return self._complain("an authorisation without PKCE or state")
        if self.refusals:
            _, told = self.refusals.pop(0)
            return 302, {"Location": f"{back}?{urlencode({'error': told['error'], 'state': query['state']})}"}
        if wrong := self._scopes(query.get("scope", "")):
            return wrong
        code = f"code-{next(self.numbers)}"
        self.codes[code] = query
        return 302, {"Location": f"{back}?{urlencode({'code': code, 'state': query['state']})}"}

    def _code(self, form: dict[str, str]) -> Answer:
        asked = self.codes.pop(form.get("code", ""), None)
        if asked is None:
            return refuse("invalid_grant", 70000)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != asked["code_challenge"]:
            return self._complain("a code with another's verifier")
        if form.get("redirect_uri") != asked["redirect_uri"]:
            return self._complain("a code taken to another address")
        return self._tokens(asked.get("nonce", ""))

    def _scopes(self, scope: str) -> Answer | None:
        more = set(scope.split()) - RESERVED - self.allowed
        if more:
            return self._complain(f"asks for {sorted(more)}")
        return None

    def _tokens(self, nonce: str) -> Answer:
        number = next(self.numbers)
        access, renewal = f"access-{number}", f"refresh-{number}"
        self.access[access] = self.granted
        self.refresh.add(renewal)
        claims: dict[str, Any] = {
            "aud": CLIENT,
            "iss": f"{HOST}/{TENANT}/v2.0",
            "sub": "petra",
            "oid": "petra",
            "tid": TENANT,
        }
        claims |= {"preferred_username": self.username, "nonce": nonce, "exp": 4_000_000_000, "iat": 1}
        return 200, {
            "token_type": "Bearer",
            "scope": " ".join(sorted(self.granted)),
            "expires_in": 3600,
            "access_token": access,
            "refresh_token": renewal,
            "id_token": f"{_part({'alg': 'none'})}.{_part(claims)}.",
            "client_info": _part({"uid": "petra", "utid": TENANT}),
        }

    def revoke(self) -> None:
        """The user took the grant back: neither token is worth anything."""
        self.access.clear()
        self.refresh.clear()

    def run_out(self) -> None:
        """Every access token ends at once; refresh tokens stay."""
        self.access.clear()

    def _complain(self, what: str) -> Answer:
        self.complaints.append(what)
        return refuse("invalid_request")


def _part(told: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(told).encode()).rstrip(b"=").decode()
