"""Plain words for what the store calls by short names: purposes, and what became of a reminder or a draft."""

from __future__ import annotations

from daemon.core.wants import DRAFT, REMINDER

_PURPOSES = {
    "keep-in-touch": "keep in touch",
    "reply-owed": "reply owed",
    "promise": "a promise",
    "outcome": "how it turned out",
    "introduce": "an introduction",
    "write-news": "news to write",
    "new-drafts": "new drafts",
    "digest": "the week in brief",
}

_OF_DRAFTS = {
    "pending": "about to be written",
    "written": "lies ready",
    "edited": "yours: you edited it",
    "sent": "sent",
    "skipped": "you deleted it",
    "superseded": "another letter went before it",
    "withdrawn": "taken back: its reason had passed",
    "failed": "could not be written",
    "unknown": "gone, nobody knows where",
}
_OF_REMINDERS = {
    "pending": "about to be written",
    "written": "in the calendar",
    "edited": "yours: you changed it",
    "moved": "you moved it",
    "done": "done",
    "skipped": "you deleted it",
    "lapsed": "passed without an answer",
    "withdrawn": "taken back: its reason had passed",
    "failed": "could not be written",
    "unknown": "gone, nobody knows where",
}


_STANDING = {
    (REMINDER, "written"): "in the calendar",
    (REMINDER, "edited"): "changed by you",
    (REMINDER, "moved"): "moved by you",
    (DRAFT, "written"): "ready",
    (DRAFT, "edited"): "edited by you",
}


def standing(kind: str, state: str) -> str:
    """The same of what stands now, to go after a number: "3 ready", "2 moved by you"."""
    return _STANDING.get((kind, state), fate(kind, state))


def purpose(name: str) -> str:
    """ "keep in touch" for ``keep-in-touch``; what is a word already stays."""
    return _PURPOSES.get(name, name)


def fate(kind: str, state: str) -> str:
    """What became of a draft or reminder (a ledger row's kind and state), as its user would say it."""
    return (_OF_REMINDERS if kind == REMINDER else _OF_DRAFTS).get(state, state)
