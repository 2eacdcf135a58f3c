"""What `kith check` tells of a Google account."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from connectors.google.auth import missing
from connectors.google.errors import translated
from connectors.google.session import Session
from daemon.core.errors import NeedsUser


def check(session: Session, parts: Sequence[Callable[[], Sequence[str]]]) -> Sequence[str]:
    """Sign in, compare what was granted with what is needed, and try each part; a line for each thing found.

    Raises:
        NeedsUser, TryLater, Refused, UserMistake: what stands in the way.
    """
    with translated(session.settings.account):
        granted = session.auth.scopes()
    lines = ["signed in to Google", *missing(session.settings, granted)]
    for part in parts:
        try:
            lines += part()
        except NeedsUser as error:
            lines.append(str(error))
    return lines
