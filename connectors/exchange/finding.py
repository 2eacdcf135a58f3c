"""Which server an address is served by.

Asked without a password (Autodiscover v2, Exchange 2016 and later): exchangelib's own discovery tries the password at
one place after the other, and keeps what it found in a file anybody on the machine could have put there.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests

from connectors.deadline import Deadline
from connectors.exchange.options import Settings, is_online, is_online_host, online_error
from connectors.network import read_body
from daemon.core.errors import NeedsUser, TryLater

WAIT = 10
"""Seconds to wait for one place, before each piece of its answer."""

PATIENCE = 3
"""The whole of an answer may take this many times as long."""

MOST = 100_000
"""Bytes of an answer; more is not read."""

PATHS = ("https://autodiscover.{domain}", "https://{domain}")
QUERY = "{base}/autodiscover/autodiscover.json/v1.0/{address}?Protocol=EWS"
KEPT = "ews-url"


def endpoint(settings: Settings, state: str) -> str:
    """The URL of the web services: the one remembered in ``state`` for this address, else found by it.

    Raises:
        NeedsUser: nobody says, or it is Exchange Online.
        TryLater: none of the places could be reached.
    """
    return _remembered(settings, state) or look(settings, state)


def look(settings: Settings, state: str) -> str:
    """The URL as Autodiscover tells it now, remembered in ``state``. Raises as `endpoint` does."""
    url = ask(settings.address, settings.ca_file)
    if not url:
        raise NeedsUser(
            f"No server says where the mailbox {settings.address} is.",
            'Name the Exchange server: server = ...; mailboxes in Microsoft 365 want kind = "microsoft".',
        )
    if is_online(url):
        forget(state)
        raise online_error(settings.account, "its Autodiscover says so")
    if state:
        kept = Path(state, KEPT)
        kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump({"address": settings.address, "url": url}, file)
    return url


def forget(state: str) -> None:
    """Ask Autodiscover before anything else is tried."""
    if state:
        with contextlib.suppress(OSError):
            Path(state, KEPT).unlink()


def _remembered(settings: Settings, state: str) -> str:
    if state:
        with contextlib.suppress(OSError, ValueError, KeyError, AttributeError):
            known = json.loads(Path(state, KEPT).read_text("utf-8"))
            if known["address"] == settings.address:
                return str(known["url"])
    return ""


def ask(address: str, ca_file: str = "", bases: tuple[str, ...] = PATHS) -> str:
    """What Autodiscover says of an address: a URL, or "" where no server knows it.

    Raises:
        TryLater: no place answered at all.
    """
    domain = address.rpartition("@")[2]
    reached = False
    with requests.Session() as session:
        deadline = Deadline()
        session.mount("https://", deadline)
        session.mount("http://", deadline)
        for base in bases:
            url = QUERY.format(base=base.format(domain=domain), address=address)
            for verify in dict.fromkeys((ca_file or True, True)):  # a public certificate is as good as the own one's
                try:
                    with deadline.within(PATIENCE * WAIT):
                        there, said = _told(session, url, verify)
                except requests.exceptions.SSLError:
                    reached = True  # somebody else's name in the certificate, mostly: there is a server, not theirs
                    continue
                except (requests.RequestException, OSError, ValueError):
                    continue
                reached = reached or there
                if found := _url(said):
                    return found
    if online := _alias(f"autodiscover.{domain}"):
        return f"https://{online}/"
    if not reached:
        raise TryLater(f"No Autodiscover server of {domain} can be reached: are you online?")
    return ""


def _told(session: requests.Session, url: str, verify: str | bool) -> tuple[bool, Any]:
    """(whether anybody answered, what it said over TLS to the end: whoever names the server is given the password)."""
    with session.get(url, timeout=(WAIT, WAIT), verify=verify, stream=True) as answer:
        if not answer.ok or urlsplit(answer.url).scheme != "https":
            return True, None
        body = read_body(answer, MOST)
        try:
            return True, json.loads(body) if body is not None else None
        except (ValueError, RecursionError):
            return True, None


def _alias(host: str) -> str:
    """The name in Exchange Online a host is another name for, "" where it is none.

    Domains of Exchange Online point their Autodiscover there, where the certificate is of another name.
    """
    try:
        real, others, _ = socket.gethostbyname_ex(host)
    except OSError:
        return ""
    return next((name for name in (real, *others) if is_online_host(name)), "")


def _url(said: Any) -> str:
    found = said.get("Url") if isinstance(said, dict) else None
    return found if isinstance(found, str) and urlsplit(found).scheme == "https" else ""
