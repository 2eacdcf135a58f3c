"""The sign-in in the browser: OAuth for installed apps, over loopback with PKCE (RFC 8252, RFC 7636)."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from google_auth_oauthlib.flow import InstalledAppFlow
from oauthlib.oauth2.rfc6749.errors import OAuth2Error

from connectors.google.auth import client_config, missing, needed
from connectors.google.errors import remedy
from connectors.google.session import Session
from daemon.core.errors import NeedsUser, TryLater, UserMistake
from daemon.core.ports import LoginUI

WAIT = 300.0
"""Seconds the browser has for it."""

_DONE = b"<!doctype html><meta charset=utf-8><title>kith</title><p>Signed in. You can close this page.</p>"
_COPY = b"<!doctype html><meta charset=utf-8><title>kith</title><p>Copy the address of this page into the terminal."
_NOT = b"<!doctype html><meta charset=utf-8><title>kith</title><p>That did not work: see the terminal.</p>"


def sign_in(session: Session, ui: LoginUI) -> None:
    """Have the user grant what the account needs, and keep the refresh token.

    Raises:
        NeedsUser: they did not.
        UserMistake: what was pasted is not the address the browser came to.
        TryLater: nobody came back, or Google cannot be reached.
    """
    settings = session.settings
    config = client_config(settings)
    scopes = [scope.url for scope in needed(settings)]
    if not scopes:
        raise UserMistake(f"The Google account {settings.account} is used for nothing: switch something on first.")
    with _Listener() as listener:
        flow = InstalledAppFlow.from_client_config(config, scopes, redirect_uri=listener.address)
        hint = {"login_hint": settings.address} if settings.address else {}
        url, state = flow.authorization_url(prompt="consent", **hint)
        ui.show(f"Grant kith the access on this page of Google's:\n\n  {url}\n")
        if ui.open(url):
            ui.show("Waiting for the browser ...")
            found = listener.wait(WAIT)
        else:
            listener.done = _COPY
            found = _pasted(ui)
    code = _code(found, state, settings.account)
    tokens = _exchange(flow, code, settings.account, settings.timeout)
    if not tokens.get("refresh_token"):
        raise NeedsUser("Google gave no lasting token.", f"Try again: kith login {settings.account}")
    granted = tokens.get("scope") or scopes
    granted = granted.split() if isinstance(granted, str) else list(granted)
    session.auth.keep(str(tokens["refresh_token"]), granted)
    if lacking := missing(settings, frozenset(granted)):
        ui.show("\n".join([*lacking, remedy(settings)]))


def _pasted(ui: LoginUI) -> Mapping[str, str]:
    ui.show(
        "When you have agreed, the browser goes to an address that begins with http://127.0.0.1 and finds nothing "
        "there if it runs on another machine. That is as it should be: copy that whole address here."
    )
    text = ui.ask("The address the browser came to:")
    found = _answer(text)
    if not found:
        raise UserMistake("That is not the address the browser came to: it holds neither a code nor an error.")
    return found


def _answer(address: str) -> Mapping[str, str]:
    """What Google tells through the address it sends the browser to; empty if nothing."""
    told = {name: values[-1] for name, values in parse_qs(urlsplit(address).query).items()}
    return told if "code" in told or "error" in told else {}


def _code(found: Mapping[str, str], state: str, account: str) -> str:
    again = f"Try again: kith login {account}"
    if found.get("state") != state:
        raise NeedsUser("That answer belongs to another sign-in.", again)
    if "error" in found:
        declined = found["error"] == "access_denied"
        raise NeedsUser("You did not agree." if declined else "Google refused the sign-in.", again)
    return found["code"]


def _exchange(flow: InstalledAppFlow, code: str, account: str, seconds: float) -> Mapping[str, Any]:
    again = f"Try again: kith login {account}"
    try:
        tokens: Mapping[str, Any] = flow.fetch_token(code=code, timeout=seconds)
        return tokens
    except Warning as told:  # how oauthlib says that fewer permissions were granted than asked for
        granted: Mapping[str, Any] = getattr(told, "token", {})
        return granted
    except OAuth2Error as error:
        raise NeedsUser(f"Google refused the code ({error.error}).", again) from None
    except OSError as error:  # as those of requests are
        raise TryLater(f"Google did not answer ({type(error).__name__}).") from None


class _Listener:
    """A server on loopback, on a port the system picks, to which the browser comes back; it shows it ``done``."""

    done = _DONE

    def __enter__(self) -> _Listener:
        self._found: Mapping[str, str] = {}
        self._came = threading.Event()
        outer = self

        class Page(BaseHTTPRequestHandler):
            timeout = 10

            def do_GET(self) -> None:
                found = _answer(self.path)
                self.send_response(200 if "code" in found else 400)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.end_headers()
                self.wfile.write(outer.done if "code" in found else _NOT)
                if found and not outer._came.is_set():
                    outer._found = found
                    outer._came.set()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - it would print the code
                pass

        self._server = HTTPServer(("127.0.0.1", 0), Page)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def address(self) -> str:
        """Where the browser is to be sent."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/"

    def wait(self, seconds: float) -> Mapping[str, str]:
        """What the browser brought.

        Raises:
            TryLater: it did not come in time.
        """
        if not self._came.wait(seconds):
            raise TryLater("Nobody came back from Google's page in time. Run kith login again, or with --no-browser.")
        return self._found
