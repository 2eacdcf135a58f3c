"""Signing in: by a browser that comes back to this machine (RFC 8252), or by a code typed in anywhere (RFC 8628)."""

from __future__ import annotations

import warnings
from urllib.parse import parse_qsl, urlsplit

from connectors.microsoft.listener import Listener
from connectors.microsoft.options import Settings
from connectors.microsoft.refusals import refusal
from connectors.microsoft.tokens import SCOPES, Tokens
from daemon.core.errors import UserMistake
from daemon.core.ports import LoginUI

BROWSER_SECONDS = 300.0
"""How long the browser is waited for before its address is asked for instead."""


def sign_in(settings: Settings, tokens: Tokens, ui: LoginUI) -> None:
    """Let the person sign in and keep what Microsoft grants.

    Raises:
        NeedsUser: it was refused; the sentence says what to do about it.
        UserMistake: what was pasted is no answer to this sign-in.
    """
    tokens.forget()
    result = _by_code(settings, tokens, ui) if settings.sign_in == "device" else _by_browser(settings, tokens, ui)
    tokens.take(result)
    claims = result.get("id_token_claims")
    name = str(claims.get("preferred_username", "")) if isinstance(claims, dict) else ""
    if name:
        ui.show(f"Signed in as {name}.")
        if settings.address and name.casefold() != settings.address.casefold():
            ui.show(f"The account's address is {settings.address}: if that is another mailbox, sign in anew.")


def _by_code(settings: Settings, tokens: Tokens, ui: LoginUI) -> dict[str, object]:
    app = tokens.app()
    flow = app.initiate_device_flow(scopes=SCOPES)
    if "user_code" not in flow:
        raise refusal(settings, flow)
    address = str(flow.get("verification_uri", ""))
    ui.show(f"Open {address} on any device and enter this code: {flow['user_code']}")
    if address.startswith("https://"):
        ui.open(address)
    result: dict[str, object] = app.acquire_token_by_device_flow(flow)
    return result


def _by_browser(settings: Settings, tokens: Tokens, ui: LoginUI) -> dict[str, object]:
    app = tokens.app()
    with Listener() as listener:
        with warnings.catch_warnings():
            # MSAL would rather have the answer posted as a form; but then there is no address that could be pasted
            warnings.simplefilter("ignore", UserWarning)
            flow = app.initiate_auth_code_flow(
                SCOPES,
                redirect_uri=listener.address,
                prompt="select_account",
                login_hint=settings.address or None,
                response_mode="query",
            )
        if "auth_uri" not in flow:
            raise refusal(settings, flow)
        address = str(flow["auth_uri"])
        answer: dict[str, str] | None = None
        if ui.open(address):
            ui.show("Sign in in the browser window that has opened.")
            answer = listener.wait(BROWSER_SECONDS)
        if answer is None:
            ui.show(f"Open this address in a browser and sign in:\n\n{address}\n")
            ui.show("The browser will end at an address that begins with http://localhost and may not load.")
            answer = _pasted(ui.ask("Paste that whole address here:"))
    if "code" not in answer:
        raise refusal(settings, answer)
    try:
        result: dict[str, object] = app.acquire_token_by_auth_code_flow(flow, answer)
    except ValueError:  # MSAL compares the state, which ties the answer to this very sign-in
        raise UserMistake("That is the answer to another sign-in: begin anew.") from None
    return result


def _pasted(text: str) -> dict[str, str]:
    answer = dict(parse_qsl(urlsplit(text).query))
    if not answer.keys() & {"code", "error"}:
        raise UserMistake("That is not the address the browser ended at: it has code= in it. Begin anew.")
    return answer
