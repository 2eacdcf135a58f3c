"""Mail providers whose servers and customs are known, so that `kith init` needs no guessing. As of 2026-11."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Provider:
    """One provider. ``note`` is what its users have to know before it works; "" if nothing.

    ``mx`` are ends of the mail exchangers' names by which a domain of the user's own is recognised. Without ``imap``
    this kind of access is closed; ``note`` says what to do instead, ``kind`` which kind of account does it.
    """

    name: str
    domains: tuple[str, ...]
    imap: str = ""
    caldav: str = ""
    mx: tuple[str, ...] = ()
    note: str = ""
    kind: str = ""


_APP_PASSWORD = "It wants an app password, made in the account's security settings, not your usual one."  # noqa: S105

PROVIDERS = (
    Provider(
        "Gmail",
        ("gmail.com", "googlemail.com"),
        "imap.gmail.com",
        mx=("google.com", "googlemail.com"),
        note=f"By password there is mail only: {_APP_PASSWORD[0].lower()}{_APP_PASSWORD[1:]} Two-step verification "
        "must be on. An account of kind google has calendar and contacts, too (docs/google.md).",
        kind="google",
    ),
    Provider(
        "Microsoft 365 and Outlook.com",
        ("outlook.com", "hotmail.com", "live.com", "msn.com"),
        mx=("protection.outlook.com", "olc.protection.outlook.com", "mx.microsoft"),
        note="Microsoft takes no passwords from programs any more: you sign in in a browser, to an app registration of "
        "your own or your organisation's. docs/microsoft.md shows how to come by one, step by step.",
        kind="microsoft",
    ),
    Provider(
        "Yandex",
        ("yandex.ru", "yandex.com", "ya.ru", "yandex.by", "yandex.kz", "narod.ru"),
        "imap.yandex.ru",
        "https://caldav.yandex.ru",
        mx=("yandex.net", "yandex.ru"),
        note=f"{_APP_PASSWORD} Make one for mail (IMAP must be allowed there) and one for the calendar.",
    ),
    Provider(
        "Mail.ru",
        ("mail.ru", "inbox.ru", "list.ru", "bk.ru", "internet.ru"),
        "imap.mail.ru",
        "https://calendar.mail.ru",
        mx=("mail.ru",),
        note=_APP_PASSWORD,
    ),
    Provider(
        "Fastmail",
        ("fastmail.com", "fastmail.fm"),
        "imap.fastmail.com",
        "https://caldav.fastmail.com",
        mx=("messagingengine.com",),
        note=_APP_PASSWORD,
    ),
    Provider(
        "iCloud",
        ("icloud.com", "me.com", "mac.com"),
        "imap.mail.me.com",
        "https://caldav.icloud.com",
        mx=("mail.icloud.com",),
        note=_APP_PASSWORD,
    ),
    Provider(
        "GMX",
        ("gmx.de", "gmx.net", "gmx.at", "gmx.ch"),
        "imap.gmx.net",
        "https://caldav.gmx.net",
        mx=("gmx.net",),
        note="IMAP has to be switched on in the account's settings.",
    ),
    Provider(
        "WEB.DE",
        ("web.de",),
        "imap.web.de",
        "https://caldav.web.de",
        mx=("web.de",),
        note="IMAP has to be switched on in the account's settings.",
    ),
    Provider(
        "mailbox.org",
        ("mailbox.org",),
        "imap.mailbox.org",
        "https://dav.mailbox.org",
        mx=("mailbox.org",),
    ),
    Provider("Posteo", ("posteo.de", "posteo.net"), "posteo.de", "https://posteo.de:8443", mx=("posteo.de",)),
    Provider(
        "Yahoo",
        ("yahoo.com", "ymail.com"),
        "imap.mail.yahoo.com",
        "https://caldav.calendar.yahoo.com",
        mx=("yahoodns.net",),
        note=_APP_PASSWORD,
    ),
    Provider(
        "Proton",
        ("proton.me", "protonmail.com", "pm.me"),
        mx=("protonmail.ch",),
        note="Its mail is only reached through Proton Bridge on this machine: give --imap-host 127.0.0.1 and its port.",
    ),
)


def by_domain(domain: str) -> Provider | None:
    """The provider whose own domain this is."""
    return next((p for p in PROVIDERS if domain in p.domains), None)


def by_exchangers(names: list[str]) -> Provider | None:
    """The provider that takes in the mail of a domain with these MX records."""
    for name in names:
        for provider in PROVIDERS:
            if any(name == end or name.endswith(f".{end}") for end in provider.mx):
                return provider
    return None
