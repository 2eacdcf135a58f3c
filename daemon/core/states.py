"""What can become of one ledger row (see `daemon.core.plan`, and docs/reminders-and-drafts.md for its users)."""

from __future__ import annotations

PENDING, WRITTEN, EDITED, MOVED = "pending", "written", "edited", "moved"
DONE, SENT, SKIPPED, LAPSED = "done", "sent", "skipped", "lapsed"
SUPERSEDED, WITHDRAWN, FAILED, UNKNOWN = "superseded", "withdrawn", "failed", "unknown"

NEVER_BEGUN = (FAILED, SUPERSEDED)
"""States of letters that never stood in Drafts, or made room for a better one at once: they used nobody's turn."""

TAKEN_BACK = (WITHDRAWN, *NEVER_BEGUN)
"""States of letters that we took back, or that never stood in Drafts at all: nobody gets to read them."""

OPEN = frozenset({PENDING, WRITTEN, EDITED, MOVED})
"""States in which something of ours stands remotely, or is about to."""
