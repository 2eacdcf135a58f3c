"""One cycle: read, look at what became of ours, plan, deliver. Alone: it holds the lease all the while."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta

from daemon.core.errors import LeaseLost, StoreBusy, TryLater
from daemon.core.policy import Policies, Policy
from daemon.core.resolve import holding
from daemon.service import holder, intents, left_behind, planning, suggesting
from daemon.service.deliver import Delivery
from daemon.service.deps import CycleReport, Deps, Stopped
from daemon.service.facts import rederive_all
from daemon.service.forgetting import finish_forgetting
from daemon.service.ingest import Ingest
from daemon.service.judging import Rules
from daemon.service.readback import ReadBack
from daemon.service.routing import takers
from daemon.store import lease, metas, questions, spending, suggestions

log = logging.getLogger(__name__)


STANDBY = timedelta(minutes=1)
"""How soon a daemon that found another one at work looks again whether it still is."""

ROUNDS = 10
"""So often at most one cycle plans, each time after something was done; mostly the second time finds nothing.

One thing may follow upon another, though: a letter goes, a better one comes, a reminder is to name it.
"""

RULES = 1
"""Version of the verdicts; a higher one replays all evidence once."""


def run_cycle(deps: Deps) -> CycleReport:
    """One whole cycle over all accounts.

    Raises:
        TryLater: another process is in its cycle.
        StoreBusy: the store cannot be written; nothing was lost.
        LeaseLost: another process has taken over.
    """
    deps.store.upgrade()
    report = CycleReport()
    with alone(deps) as fence:
        try:
            _replay_rules(deps, fence)
            _note_takers(deps, fence)
            for name, connection in deps.connections.items():
                ingest = Ingest(deps, name, connection, fence, report.account(name))
                ingest.run()
                fence = ingest.fence
            _ask_about_accounts(deps, fence)
            ReadBack(deps, fence, report).run()
            _gather_suggestions(deps, fence)
            _plan_and_deliver(deps, fence, report)
            if _forget(deps, fence) and not report.stopped:  # the places they took in the calendar are others' now
                _plan_and_deliver(deps, fence, report)
        except Stopped:
            report.stopped = True
        _note_spending(deps, report)
    return report


def _forget(deps: Deps, fence: lease.Lease) -> bool:
    with deps.store.write() as conn:
        lease.check(conn, fence, deps.now())
        return bool(finish_forgetting(conn, deps.now(), deps.accounts))


def _ask_about_accounts(deps: Deps, fence: lease.Lease) -> None:
    """Whether accounts that left the configuration are gone for good, where something stands there still."""
    with deps.store.read() as conn:
        new, settled = left_behind.to_ask(conn, deps.accounts)
    if new or settled:
        with deps.store.write() as conn:
            lease.check(conn, fence, deps.now())
            questions.drop(conn, settled)
            for account, keys in new.items():
                questions.ask(conn, account, left_behind.ACCOUNT_GONE, keys, deps.now())


def _gather_suggestions(deps: Deps, fence: lease.Lease) -> None:
    """Guesses out of what was read; a round with nothing new writes nothing."""
    with deps.store.read() as conn:
        guesses = suggesting.found(conn, deps.settings, deps.now())
    if guesses:
        with deps.store.write() as conn:
            lease.check(conn, fence, deps.now())
            suggestions.put(conn, guesses, deps.now())


def _plan_and_deliver(deps: Deps, fence: lease.Lease, report: CycleReport) -> None:
    """Until nothing more comes of it: what is withdrawn or has lapsed makes room for what is wanted next."""
    for _ in range(ROUNDS):
        now = deps.now()
        found, errors = planning.make(deps, now)
        report.errors.extend(e for e in errors if e not in report.errors)
        before = len(report.done)
        intents.store_intents(deps, found, fence, now)
        anew = Delivery(deps, fence, report).run()
        closed = found.plan.lapses or found.plan.releases or found.plan.superseded  # in the store alone
        if report.stopped or not (anew or closed or len(report.done) > before):
            return


def _note_spending(deps: Deps, report: CycleReport) -> None:
    """What the round cost of the providers' quotas, for `kith status`."""
    for name, connection in deps.connections.items():
        if connection.spent is not None:
            units = report.account(name).units = connection.spent()
            with deps.store.write(durable=False) as conn:
                spending.put(conn, name, units)


@contextmanager
def alone(deps: Deps) -> Iterator[lease.Lease]:
    """Hold the cycle's lease.

    Raises:
        TryLater: another process holds it.
    """
    held = lease.acquire(deps.store, deps.holder, deps.now(), dead=holder.dead)
    if held is None:
        with deps.store.read() as conn:
            other = lease.current(conn)
        who = f" ({holder.shown(other.holder)})" if other is not None else ""
        raise TryLater(f"Another kithd{who} is at work on this store; it will do what is to be done.", STANDBY)
    try:
        yield held
    finally:
        try:
            lease.release(deps.store, held)
        except (StoreBusy, LeaseLost) as e:
            log.warning("the lease could not be given back: %s", e)


def fingerprint(policies: Policies, today: date) -> str:
    """What verdicts depend on besides evidence, as one text: a change of it replays them."""
    from hashlib import sha256

    groups = ({"": policies.default}, policies.circles, policies.tiers, policies.contacts)
    holds = [{name: holding(name, p, policies, today)[1] for name, p in group.items()} for group in groups]
    caps = [sorted((name, _caps(policy)) for name, policy in group.items()) for group in holds]
    return sha256(repr([RULES, caps]).encode()).hexdigest()[:32]


def _caps(policy: Policy) -> tuple[str, ...]:
    return tuple(str(cap) for cap in (policy.max_people, policy.max_recipients, policy.count_cc))


def _replay_rules(deps: Deps, fence: lease.Lease) -> None:
    wanted = fingerprint(deps.settings.policies, deps.now().date())
    with deps.store.read() as conn:
        if metas.get(conn, "rules") == wanted:
            return
    with deps.store.write() as conn:
        lease.check(conn, fence, deps.now())
        rederive_all(conn, Rules(deps.settings.policies, deps.now()))
        metas.put(conn, "rules", wanted)


def _note_takers(deps: Deps, fence: lease.Lease) -> None:
    """Keep which accounts take reminders: `kith status` opens none of them, and says where an account's go instead."""
    if not deps.accounts.keys() <= deps.connections.keys():
        return  # a round over some of them says nothing of the others
    able = " ".join(takers(deps))
    with deps.store.read() as conn:
        if metas.get(conn, metas.TAKERS) == able:
            return
    with deps.store.write() as conn:
        lease.check(conn, fence, deps.now())
        metas.put(conn, metas.TAKERS, able)
