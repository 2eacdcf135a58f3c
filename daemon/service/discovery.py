"""Finding a domain's mail and calendar servers: SRV records (RFC 6186, RFC 6764), what is known of providers, usual
names. Nothing here logs in anywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from daemon.core.address import domain_of
from daemon.service import providers

SECONDS = 4.0
"""How long one question to a name server or one connection may take."""


class Network(Protocol):
    """What is asked of the network; no answer and no such name are the same: nothing."""

    def srv(self, name: str) -> Sequence[tuple[int, int, int, str]]:
        """SRV records as (priority, weight, port, target without the last dot)."""

    def txt(self, name: str) -> Sequence[str]:
        """TXT records."""

    def mx(self, domain: str) -> Sequence[str]:
        """Names of the mail exchangers, best first, lower case."""

    def reaches(self, host: str, port: int) -> bool:
        """Whether something answers there."""


@dataclass(frozen=True, slots=True)
class Server:
    """Where to connect. ``tls`` is tls or starttls. ``how`` says where we have it from."""

    host: str
    port: int
    tls: str
    how: str


@dataclass(frozen=True, slots=True)
class Found:
    """What was found. ``foreign`` are hosts outside the address's own domain known from the DNS alone: a forged answer
    could name them, so the user is asked first (RFC 6186 section 6). ``kind`` is the kind of account to be made where
    that is neither imap nor caldav; ``personal`` where the address is at the provider's own domain.
    """

    imap: Server | None = None
    caldav: str = ""
    note: str = ""
    foreign: tuple[str, ...] = ()
    kind: str = ""
    personal: bool = False


def find(address: str, network: Network) -> Found:
    """The servers of an address's domain."""
    domain = domain_of(address)
    known = providers.by_domain(domain)
    if known is not None:
        return replace(_of_provider(known, ""), personal=True)
    imap, caldav = _imap_by_srv(domain, network), _caldav_by_srv(domain, network)
    if imap is None and not caldav:
        hosted = providers.by_exchangers(list(network.mx(domain)))
        if hosted is not None:
            return _of_provider(hosted, f"{domain} keeps its mail at {hosted.name}. ")
    imap = imap or _imap_by_name(domain, network)
    caldav = caldav or _caldav_by_name(domain, network)
    hosts = [imap.host] if imap and imap.how.startswith("SRV") else []
    if caldav.startswith("https://"):
        hosts.append(caldav.removeprefix("https://").partition("/")[0].partition(":")[0])
    foreign = tuple(dict.fromkeys(h for h in hosts if h != domain and not h.endswith(f".{domain}")))
    exchange = imap is None and not caldav and network.reaches(f"autodiscover.{domain}", 443)
    return Found(imap, caldav, foreign=foreign, kind="exchange" if exchange else "")


def _of_provider(provider: providers.Provider, prefix: str) -> Found:
    imap = Server(provider.imap, 993, "tls", f"known of {provider.name}") if provider.imap else None
    return Found(imap, provider.caldav, f"{prefix}{provider.note}".strip(), kind=provider.kind)


def _imap_by_srv(domain: str, network: Network) -> Server | None:
    for service, tls in (("_imaps", "tls"), ("_imap", "starttls")):
        for port, host in _targets(network.srv(f"{service}._tcp.{domain}")):
            return Server(host, port, tls, "SRV record")
    return None


def _imap_by_name(domain: str, network: Network) -> Server | None:
    for port, tls in ((993, "tls"), (143, "starttls")):
        for host in (f"imap.{domain}", f"mail.{domain}", domain):
            if network.reaches(host, port):
                return Server(host, port, tls, "usual name")
    return None


def _caldav_by_srv(domain: str, network: Network) -> str:
    name = f"_caldavs._tcp.{domain}"  # never _caldav: the password would go over the wire in the clear
    for port, host in _targets(network.srv(name)):
        path = next((t.removeprefix("path=") for t in network.txt(name) if t.startswith("path=/")), "")
        return f"https://{host}{'' if port == 443 else f':{port}'}{path or '/.well-known/caldav'}"
    return ""


def _caldav_by_name(domain: str, network: Network) -> str:
    for host in (f"caldav.{domain}", f"calendar.{domain}", f"dav.{domain}", f"cloud.{domain}", f"nextcloud.{domain}"):
        if network.reaches(host, 443):
            return f"https://{host}/.well-known/caldav"
    return ""


def _targets(records: Sequence[tuple[int, int, int, str]]) -> list[tuple[int, str]]:
    # A target of "." says that the service is decidedly not there (RFC 2782).
    ordered = sorted((priority, -weight, port, target) for priority, weight, port, target in records)
    return [(port, target.lower()) for _, _, port, target in ordered if target not in ("", ".")]


class Internet:
    """The real network, through the machine's name servers."""

    def srv(self, name: str) -> Sequence[tuple[int, int, int, str]]:
        """As `Network.srv`."""
        return [(r.priority, r.weight, r.port, r.target.to_text(omit_final_dot=True)) for r in self._ask(name, "SRV")]

    def txt(self, name: str) -> Sequence[str]:
        """As `Network.txt`."""
        return [b"".join(r.strings).decode("utf-8", "replace") for r in self._ask(name, "TXT")]

    def mx(self, domain: str) -> Sequence[str]:
        """As `Network.mx`."""
        records = sorted(self._ask(domain, "MX"), key=lambda r: int(r.preference))
        return [r.exchange.to_text(omit_final_dot=True).lower() for r in records]

    def reaches(self, host: str, port: int) -> bool:
        """As `Network.reaches`."""
        import socket

        try:
            with socket.create_connection((host, port), timeout=SECONDS):
                return True
        except OSError:
            return False

    def _ask(self, name: str, kind: str) -> list[Any]:
        import dns.exception
        import dns.resolver

        try:
            return list(dns.resolver.resolve(name, kind, lifetime=SECONDS, search=False))
        except (dns.exception.DNSException, OSError):
            return []
