"""What the user did to our reminders and drafts, read from what the servers say. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from daemon.core.model import Form, RemoteDraft, RemoteEvent, Whereabouts
from daemon.core.states import DONE, EDITED, LAPSED, MOVED, SENT, SKIPPED, UNKNOWN, WRITTEN

_TICK = re.compile(r"\s*(?:[✓✔☑✅]\ufe0f?|done\b|готово\b)[\s:.,!–—-]*(\w*)", re.IGNORECASE)

_FORMS = {
    Form.CALL: "call called phone talk talked звонок звонил звонила созвон созвонились позвонил позвонила разговор",
    Form.CHAT: "chat chatted message чат переписка написал написала сообщение",
    Form.MEETING: "meeting met meet lunch coffee встреча встретились виделись обед кофе",
    Form.LINKEDIN: "linkedin линкедин",
    Form.MAIL: "mail email letter письмо почта",
}
_WORDS = {word: form for form, words in _FORMS.items() for word in words.split()}


def ticked(title: str) -> Form | None:
    """The form of contact a reminder's title says took place; None where the title is not ticked off.

    A title ticked without a word for the form means a talk.
    """
    match = _TICK.match(title)
    if not match:
        return None
    return _WORDS.get(match[1].casefold(), Form.CALL)


@dataclass(frozen=True, slots=True)
class Fate:
    """The state something of ours is in now. ``form`` where contact is to be logged."""

    state: str
    form: Form | None = None


def reminder_fate(
    state: str, starts_at: datetime | None, digest: str, our_title: str, remote: RemoteEvent
) -> Fate | None:
    """What became of a reminder; None where nothing did, or nobody can say.

    ``starts_at``, ``digest`` and ``our_title`` are what the server returned after our own last write, or what was
    seen last.
    """
    if remote.where is Whereabouts.UNKNOWN:
        return None
    form = ticked(remote.summary)
    if remote.where is Whereabouts.PRESENT and form is not None and ticked(our_title) is None:
        return Fate(DONE, form)
    if state == LAPSED:  # only a late tick changes anything about it
        return None
    if remote.where is not Whereabouts.PRESENT or remote.cancelled:
        return Fate(SKIPPED)
    when, words = split_digest(digest)
    when_now, words_now = split_digest(remote.digest)
    if words != words_now:  # rewritten, and perhaps dragged as well: no write of ours may undo it
        return Fate(EDITED) if state != EDITED else None
    elsewhere = remote.start is not None and starts_at is not None and remote.start != starts_at
    if state != EDITED and (elsewhere or when != when_now):
        return Fate(MOVED)
    return None


def split_digest(digest: str) -> tuple[str, str]:
    """The two halves of an event's digest: when it is, and all the rest (see `RemoteEvent`)."""
    when, _, words = digest.partition("-")
    return when, words


def draft_fate(
    state: str, digest: str, remote: RemoteDraft, *, written_since: bool, replaced: bool = False
) -> Fate | None:
    """What became of a draft; None where nothing did, or nobody can say.

    ``written_since``: a letter that may well be this one was seen among the sent. ``replaced``: ``remote`` is
    a similar draft that lies in its place, and so the user's, even word for word. A draft that is gone without either
    is *unknown* until it is known: it may have been sent from another program, or be open in one (mutt takes a draft
    out of the folder for as long as it is edited).
    """
    if remote.where is Whereabouts.UNKNOWN:
        return None
    if remote.where is Whereabouts.PRESENT:
        if state in (UNKNOWN, SKIPPED):  # back from wherever it was: the user's by now
            return Fate(EDITED)
        return Fate(EDITED) if state == WRITTEN and (replaced or remote.digest != digest) else None
    if remote.where is Whereabouts.SENT or written_since:
        return Fate(SENT)
    if state == SKIPPED:
        return None
    if remote.where is Whereabouts.TRASHED:
        return Fate(SKIPPED)
    return Fate(UNKNOWN) if state != UNKNOWN else None
