"""From a URL or a mere host to the calendars and address books of a user (RFC 6764, RFC 5397, RFC 4791 6.2.1).

Everything is named by its path on the server it was found at; the host may differ between calendars and books, and
may change from one day to the next (iCloud), while paths stay.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import unquote, urljoin, urlsplit

from connectors.caldav import dav
from connectors.caldav.errors import Status
from connectors.caldav.http import Client
from daemon.core.errors import NeedsUser, Refused, TryLater
from daemon.core.model import Stream


@dataclass(frozen=True, slots=True)
class Service:
    """CalDAV or CardDAV: how they differ."""

    name: str  # as in .well-known/NAME and _NAMEs._tcp
    home: str  # property of the principal
    kind: str  # element of the resource type
    what: str  # for sentences


CALENDARS = Service("caldav", "C:calendar-home-set", "C:calendar", "calendar")
BOOKS = Service("carddav", "A:addressbook-home-set", "A:addressbook", "address book")


@dataclass(frozen=True, slots=True)
class Collection:
    """One calendar or address book. ``sync``: it says it knows sync-collection."""

    path: str
    name: str
    sync: bool

    @property
    def stream(self) -> Stream:
        return Stream(self.path, self.name)


class NothingThere(NeedsUser):
    """The server has no such service, or not for this user."""


class Finder:
    """Finds and lists the collections of one service. What was found is kept until `forget`."""

    def __init__(self, client: Client, service: Service, wanted: Sequence[str] = ()) -> None:
        self._client = client
        self._service = service
        self._wanted = wanted
        self._homes: list[str] = []
        self._listed: list[Collection] | None = None

    def url(self, path: str) -> str:
        """Where a path of this service is."""
        return urljoin(self.homes()[0], path)

    def homes(self) -> list[str]:
        """The URLs the collections are under, the first being that new ones are made in.

        Raises:
            NothingThere: nothing of the kind is there.
        """
        if not self._homes:
            self._homes = self._find_homes()
        return self._homes

    def forget(self) -> None:
        """Look again next time: something was made, or moved."""
        self._listed = None

    def all(self) -> list[Collection]:
        """Every collection, by path; as of the last `fresh` where there was one."""
        return self.fresh() if self._listed is None else self._listed

    def fresh(self) -> list[Collection]:
        """Every collection, asked for now."""
        found: dict[str, Collection] = {}
        names = ["D:resourcetype", "D:displayname", "D:supported-report-set", "D:sync-token"]
        if self._service is CALENDARS:
            names.append("C:supported-calendar-component-set")
        for home in self.homes():
            answers = self._client.multistatus("PROPFIND", home, dav.propfind(names), depth="1").answers
            for answer in answers:
                if answer.has("D:resourcetype", self._service.kind) and self._holds_events(answer):
                    name = answer.text("D:displayname") or unquote(answer.path.rstrip("/").rpartition("/")[2])
                    sync = answer.has("D:supported-report-set", "D:sync-collection") or bool(
                        answer.text("D:sync-token")
                    )
                    found[answer.path] = Collection(answer.path, name, sync)
        self._listed = [found[path] for path in sorted(found)]
        return self._listed

    def wanted(self) -> list[Collection]:
        """Those the configuration names, else all; asked for now.

        Raises:
            NeedsUser: one named is not there.
        """
        listed = self.fresh()
        if not self._wanted:
            return listed
        chosen = {c.path: c for name in self._wanted for c in listed if named(c, name)}
        missing = [name for name in self._wanted if not any(named(c, name) for c in listed)]
        if missing:
            raise NeedsUser(
                f"There is no {self._service.what} called {missing[0]!r}.",
                f"There are: {', '.join(c.name for c in listed) or 'none'}.",
            )
        return sorted(chosen.values(), key=lambda c: c.path)

    def collection(self, path: str) -> Collection:
        """One of them by its path.

        Raises:
            Refused: it is not there any more.
        """
        for listed in (self.all, self.fresh):
            for collection in listed():
                if collection.path == path:
                    return collection
        raise Refused(f"The {self._service.what} {unquote(path)} is not there any more.")

    # -- finding ---------------------------------------------------------------------------------

    def _holds_events(self, answer: dav.Answer) -> bool:
        comps = answer.props.get(dav.tag("C:supported-calendar-component-set"))
        if self._service is not CALENDARS or comps is None:
            return True
        kinds = [comp.get("name", "").upper() for comp in comps.iter(dav.tag("C:comp"))]
        return not kinds or "VEVENT" in kinds

    def _find_homes(self) -> list[str]:
        refused: Status | None = None
        later: TryLater | None = None
        for url in self._starts():
            try:
                if found := self._homes_from(url):
                    return found
            except Status as error:
                refused = error
            except TryLater as error:  # a .well-known that answers with a web page, say
                later = later or error
        # nothing was found, which is not the same as nothing being there
        if later is not None:
            raise later
        if refused is not None and refused.code not in (400, 404, 405, 410, 501):
            raise refused
        raise NothingThere(
            f"No {self._service.what}s were found at {self._client.settings.url}"
            + (f" (the last answer was {refused.code})." if refused else "."),
            "Give the full URL from the provider's help page as url.",
        )

    def _given(self) -> str:
        url = self._client.settings.url.strip()
        return url if "://" in url else f"https://{url}/"

    def _starts(self) -> Iterator[str]:
        given = self._given()
        root = urljoin(given, "/")
        well_known = urljoin(root, f"/.well-known/{self._service.name}")
        if urlsplit(given).path.strip("/"):
            yield given
        if "://" not in self._client.settings.url:
            yield from self._announced(urlsplit(given).hostname or "")
        yield well_known
        yield root

    def _announced(self, host: str) -> Iterator[str]:
        """The server a domain names in DNS (RFC 6764 3); only one of its own kin is trusted with the password."""
        from connectors.caldav.http import same_people

        try:
            ipaddress.ip_address(host)
            return
        except ValueError:
            if "." not in host:
                return
        import dns.exception
        import dns.resolver

        try:
            answer = dns.resolver.resolve(f"_{self._service.name}s._tcp.{host}", "SRV", lifetime=5)
        except dns.exception.DNSException:
            return
        for record in sorted(answer, key=lambda r: (r.priority, -r.weight)):
            target = str(record.target).rstrip(".")
            if target and same_people(host, target):
                yield f"https://{target}:{record.port}/.well-known/{self._service.name}"

    def _homes_from(self, url: str) -> list[str]:
        """The homes, starting from any URL of the account: a principal, a home, a single collection."""
        home, principal = self._service.home, "D:current-user-principal"
        body = dav.propfind([principal, home, "D:resourcetype"])
        headers = {"Content-Type": "application/xml; charset=utf-8", "Depth": "0"}
        reply = self._client.call("PROPFIND", url, body, headers)
        base = reply.url
        answers = dav.multistatus(reply.body, urlsplit(base).netloc).answers
        if any(a.has("D:resourcetype", self._service.kind) for a in answers):
            return [base]  # the URL of one collection: that one alone
        homes = [urljoin(base, h) for a in answers for h in a.hrefs(home)]
        for answer in answers if not homes else ():
            for href in answer.hrefs(principal):
                found = self._client.multistatus("PROPFIND", urljoin(base, href), dav.propfind([home]), depth="0")
                homes += [urljoin(urljoin(base, href), h) for a in found.answers for h in a.hrefs(home)]
        for found_home in homes:
            self._client.may_follow(base, found_home)
        return list(dict.fromkeys(h if h.endswith("/") else h + "/" for h in homes))


def named(collection: Collection, name: str) -> bool:
    """Whether a user who says this name means the collection."""
    last = unquote(collection.path.rstrip("/").rpartition("/")[2])
    return name.casefold() in (collection.name.casefold(), last.casefold()) or name == collection.path
