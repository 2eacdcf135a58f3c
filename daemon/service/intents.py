"""What a plan is about to do, written down: intents and their ledger rows commit together, before any remote write."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from daemon.core.address import domain_of
from daemon.core.errors import KithError
from daemon.core.keys import draft_message_id, event_uid
from daemon.core.plan import Create, Lapse, Move, Refresh, Release, Supersede, Withdraw
from daemon.core.states import DONE, LAPSED, OPEN, PENDING, SUPERSEDED
from daemon.core.wants import DRAFT, REMINDER, Want
from daemon.service.closing import close
from daemon.service.deps import Deps
from daemon.service.planning import Situation
from daemon.service.routing import Router
from daemon.store import enablement, health, lease
from daemon.store.tables import ledger, outbox


def store_intents(deps: Deps, found: Situation, fence: lease.Lease, now: datetime) -> None:
    """Write down what is about to be done, in one transaction. Accounts not enabled get nothing."""
    plan = found.plan
    if plan.empty:
        return
    with deps.store.read() as conn:
        router = Router(deps, conn)
        routes = {c.want.key: router.account_for(conn, found.people[c.want.contact_id], c.want) for c in plan.creates}
    hints = _hints(deps, {routes[c.want.key] for c in plan.creates if c.want.kind == DRAFT} - {""})
    with deps.store.write() as conn:
        lease.check(conn, fence, now)
        for create in sorted(plan.creates, key=lambda c: c.want.kind):  # drafts first: reminders name them
            account = routes[create.want.key]
            if account and (create.want.kind != DRAFT or account in hints):
                _intend_create(deps, conn, create, account, hints.get(account, ""), found, now)
        for each in plan.superseded:
            _close_superseded(deps, conn, each, routes.get(each.by, ""), found, now)
        observed = _only_observed(conn)
        for move in plan.moves:
            if move.row.key not in observed:
                _intend_move(conn, move, found.wants[move.row.key], now)
        for refresh in plan.refreshes:
            _intend_refresh(conn, refresh, found.wants[refresh.row.key], now)
        for withdraw in plan.withdrawals:
            person = found.people.get(withdraw.row.contact_id)
            # After `kith disable` what was written stays; but the user's word on a person still goes everywhere.
            if withdraw.row.key not in observed or person is None or not person.active:
                _intend_withdraw(conn, withdraw, now)
        for lapse in plan.lapses:
            close(conn, lapse.row.key, LAPSED, found.people.get(lapse.row.contact_id), now)
        for release in plan.releases:
            _set_state(conn, release, DONE, now)


def _only_observed(conn: Connection) -> frozenset[str]:
    """Keys of what stands in accounts that may not be written to (any more)."""
    enabled = enablement.all_since(conn)
    rows = conn.execute(select(ledger.c.key, ledger.c.account).where(ledger.c.state.in_(sorted(OPEN))))
    return frozenset(r.key for r in rows if r.account not in enabled)


def _hints(deps: Deps, accounts: set[str]) -> dict[str, str]:
    """What makes a lost answer findable, asked of each server before the intent is stored."""
    hints: dict[str, str] = {}
    for name in sorted(accounts):
        target = deps.connections[name].drafts
        with deps.store.read() as conn:
            waits = health.waits_for_user(conn, name, "drafts", deps.now())
        if target is None or waits:
            continue
        try:
            hints[name] = target.hint()
        except KithError:
            continue  # out of reach: its drafts are planned again next time
    return hints


def _intend_create(
    deps: Deps, conn: Connection, create: Create, account: str, hint: str, found: Situation, now: datetime
) -> None:
    want, slot = create.want, create.slot
    domain = _own_domain(deps, account)
    row = _ledger_row(want, PENDING, account, found, now) | {
        "message_id": draft_message_id(want.key, domain) if want.kind == DRAFT else "",
        "uid": event_uid(want.key, domain) if want.kind == REMINDER else "",
        "starts_at": slot.start if slot else None,
        "ends_at": slot.end if slot else None,
    }
    statement = deps.store.insert(ledger).values(row).on_conflict_do_nothing(index_elements=["key"])
    if conn.execute(statement.returning(ledger.c.key)).one_or_none() is not None:
        values = {"key": want.key, "verb": "create", "args": _about(want), "hint": hint, "created_at": now}
        conn.execute(insert(outbox).values(values))


def _close_superseded(
    deps: Deps, conn: Connection, each: Supersede, route: str, found: Situation, now: datetime
) -> None:
    """Its key is dealt with; not if the letter that goes before it has no way to be written (yet)."""
    want = each.want
    stands = conn.execute(select(ledger.c.account).where(ledger.c.key == each.by)).scalar_one_or_none()
    account = route or stands
    if not account:
        return
    row = _ledger_row(want, SUPERSEDED, account, found, now)
    conn.execute(deps.store.insert(ledger).values(row).on_conflict_do_nothing(index_elements=["key"]))


def _ledger_row(want: Want, state: str, account: str, found: Situation, now: datetime) -> dict[str, Any]:
    """The columns any want has in the ledger."""
    return {
        "key": want.key,
        "kind": want.kind,
        "purpose": want.purpose,
        "contact_id": want.contact_id,
        "period": want.period,
        "state": state,
        "account": account,
        "reason": want.reason,
        "occasion": want.occasion,
        "source": want.source,
        "lang": found.people[want.contact_id].speaks,
        "created_at": now,
        "changed_at": now,
    }


def _own_domain(deps: Deps, account: str) -> str:
    """The domain our Message-IDs and UIDs are under: that of the account's own address, else the user's first."""
    own = deps.accounts[account].account.address
    return domain_of(own or deps.settings.me.addresses[0])


def _about(want: Want) -> dict[str, Any]:
    """What its text needs to know of a want and the ledger does not keep."""
    return {
        "occasion_date": want.occasion_date.isoformat() if want.occasion_date else "",
        "details": dict(want.details),
    }


def _intend_move(conn: Connection, move: Move, want: Want, now: datetime) -> None:
    place = {"start": move.slot.start.isoformat(), "end": move.slot.end.isoformat(), "ours": move.ours}
    args = place | _about(want)
    conn.execute(insert(outbox).values(key=move.row.key, verb="update", args=args, created_at=now))


def _intend_refresh(conn: Connection, refresh: Refresh, want: Want, now: datetime) -> None:
    args = {"words": refresh.words} | _about(want)  # no place: it keeps the one it has
    conn.execute(insert(outbox).values(key=refresh.row.key, verb="update", args=args, created_at=now))


def _intend_withdraw(conn: Connection, withdraw: Withdraw, now: datetime) -> None:
    waiting = conn.execute(
        select(outbox.c.id).where(outbox.c.key == withdraw.row.key, outbox.c.verb == "withdraw")
    ).first()
    if waiting is None:
        args = {"state": withdraw.state}
        conn.execute(insert(outbox).values(key=withdraw.row.key, verb="withdraw", args=args, created_at=now))


def _set_state(conn: Connection, action: Release | Lapse, state: str, now: datetime) -> None:
    conn.execute(update(ledger).where(ledger.c.key == action.row.key).values(state=state, changed_at=now))
