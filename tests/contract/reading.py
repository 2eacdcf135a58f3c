"""Reads a source as the service does: page by page, keeping the position, going on from it later."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from daemon.core.model import Broken, CardPage, EventPage, MailPage, Position

Page = MailPage | EventPage | CardPage


@dataclass
class Seen:
    """What one or more passes brought."""

    position: Position = field(default_factory=Position)
    pages: list[Page] = field(default_factory=list)

    def take(self, page: Page) -> None:
        self.pages.append(page)
        self.position = page.position

    @property
    def items(self) -> list[object]:
        found: list[object] = []
        for page in self.pages:
            match page:
                case MailPage():
                    found += page.mails
                case EventPage():
                    found += page.items
                case CardPage():
                    found += page.cards
        return found

    @property
    def broken(self) -> list[Broken]:
        return [broken for page in self.pages for broken in page.broken]

    @property
    def gone(self) -> set[str]:
        return {item for page in self.pages if not isinstance(page, MailPage) for item in page.gone}

    @property
    def listed(self) -> set[str]:
        return {item for page in self.pages if not isinstance(page, MailPage) for item in page.listed}

    @property
    def full(self) -> bool:
        return any(page.full for page in self.pages if not isinstance(page, MailPage))


def read(pages: Iterable[Page], since: Position = Position(), stop_after: int | None = None) -> Seen:  # noqa: B008
    """One pass; or its first ``stop_after`` pages, and then the iterator is closed, as by a caller that is stopped."""
    seen = Seen(since)
    iterator: Iterator[Page] = iter(pages)
    for page in iterator:
        seen.take(page)
        if stop_after is not None and len(seen.pages) >= stop_after:
            close = getattr(iterator, "close", None)
            if close:
                close()
            break
    return seen


def stopping_anywhere(
    open_pages: Callable[[Position], Iterable[Page]],
    start: Position = Position(),  # noqa: B008
) -> Iterator[tuple[Seen, Seen, Seen]]:
    """For each place a pass can be stopped at: what came before, what came after going on from that page's position,
    and what came after going on from its cursor alone, as if the progress had been lost.
    """
    whole = read(open_pages(start), start)
    for count in range(1, len(whole.pages) + 1):
        before = read(open_pages(start), start, stop_after=count)
        after = read(open_pages(before.position), before.position)
        bare = Position(before.position.cursor)
        yield before, after, read(open_pages(bare), bare)
