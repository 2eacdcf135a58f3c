"""What `kith check` tells of a Google account."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from connectors.google.auth import missing
from connectors.google.errors import remedy, translated
from connectors.google.session import Session
from daemon.core.errors import NeedsUser, SignInRefused


def check(session: Session, parts: Sequence[Callable[[], Sequence[str]]]) -> Sequence[str]:
    """Sign in, compare what was granted with what is needed, and try each part; a line for each thing found.

    A permission left out that takes a part away is a line: the rest works. One that a part fails without is an error.

    Raises:
        NeedsUser, TryLater, Refused, UserMistake: what stands in the way.
    """
    settings = session.settings
    with translated(settings):
        granted = session.auth.scopes()
    lacking = missing(settings, granted)
    if lacking and session.auth.service:  # with one of them missing Google gives it nothing at all
        raise NeedsUser(" ".join(lacking), remedy(settings))
    lines = ["signed in to Google"]
    for part in parts:
        try:
            lines += part()
        except SignInRefused:
            raise
        except NeedsUser as error:
            raise NeedsUser(" ".join([*lacking, error.what]), error.remedy) from None
    return [*lines, *lacking, *([remedy(settings)] if lacking else [])]
