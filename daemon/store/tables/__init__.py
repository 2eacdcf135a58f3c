"""The tables. Migrations build them (`daemon/store/migrations`); a test compares the two.

Every datetime is `UtcDateTime`. Texts are NOT NULL with "" for "not known", so that comparisons need no
three-valued logic; only dates and references may be NULL.
"""

from daemon.store.tables.columns import PlainText, UtcDateTime, metadata
from daemon.store.tables.exchanges import evidence, hand_log, interaction, overrule, participant
from daemon.store.tables.people import (
    address,
    address_state,
    agenda,
    contact,
    contact_circle,
    contact_date,
    contact_source,
    forgotten,
)
from daemon.store.tables.reading import backfill, cursor, health, quarantine, question, series, vanished
from daemon.store.tables.reasons import company, errand, favour, gathering, noted, own_news, suggestion, trip
from daemon.store.tables.upkeep import lease, meta
from daemon.store.tables.writing import ask, dismissal, enablement, ledger, outbox

__all__ = [
    "PlainText",
    "UtcDateTime",
    "address",
    "address_state",
    "agenda",
    "ask",
    "backfill",
    "company",
    "contact",
    "contact_circle",
    "contact_date",
    "contact_source",
    "cursor",
    "dismissal",
    "enablement",
    "errand",
    "evidence",
    "favour",
    "forgotten",
    "gathering",
    "hand_log",
    "health",
    "interaction",
    "lease",
    "ledger",
    "meta",
    "metadata",
    "noted",
    "outbox",
    "overrule",
    "own_news",
    "participant",
    "quarantine",
    "question",
    "series",
    "suggestion",
    "trip",
    "vanished",
]
