"""The commands that run a cycle: `once`, `plan` and the service itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from daemon.cli.context import Ctx, pass_ctx
from daemon.cli.output import ago, counted, emit_json, json_option, moment, progress, table

if TYPE_CHECKING:
    from daemon.service.deps import CycleReport
    from daemon.service.planning import Situation


@click.command()
@pass_ctx
def run(kith: Ctx) -> int:
    """The service: a round every few minutes until it is stopped.

    Stops within 5 seconds on SIGTERM or Ctrl-C and reads its configuration anew on SIGHUP. Speaks to systemd where it
    is started by it. Only one daemon or `kith once` works on a store at a time; another one says so.
    """
    from daemon.cli.serve import serve

    return serve(kith)


@click.command()
@json_option
@pass_ctx
def once(kith: Ctx, as_json: bool) -> int:
    """One whole round: read everything new, look at what became of reminders and drafts, plan, write."""
    from daemon.service import hand
    from daemon.service.cycle import run_cycle
    from daemon.wiring import opened

    with progress() as draw, opened(kith.settings, kith.now, store=kith.store_upgraded, progress=draw) as deps:
        with deps.store.write() as conn:
            hand.try_now(conn)  # the user asked: whatever waits for a better moment is tried now
        report = run_cycle(deps)
    if as_json:
        emit_json(_report_json(report))
    else:
        show_report(report)
    return 1 if report.failed else 0


def _report_json(report: CycleReport) -> dict[str, Any]:
    return {
        "accounts": {
            name: {
                "scanned": a.scanned,
                "changed": a.logged,
                "quarantined": a.quarantined,
                "errors": a.errors,
                "quota_units": a.units,
            }
            for name, a in report.accounts.items()
        },
        "answers": [dict(zip(("state", "kind", "purpose", "contact"), a, strict=True)) for a in report.answers],
        "done": [dict(zip(("verb", "kind", "purpose", "contact"), d, strict=True)) for d in report.done],
        "errors": report.errors,
    }


WRITTEN_AS = {"create": "new", "update": "moved", "refresh": "reworded", "withdraw": "withdrawn"}


def show_report(report: CycleReport) -> None:
    """What one round did, in plain words."""
    for name, account in report.accounts.items():
        seen = [f"{counted(account.scanned, 'message')} looked at"] if account.scanned else []
        seen += [f"{counted(account.logged, 'interaction')} new or changed"] if account.logged or seen else []
        if seen:
            click.echo(f"{name}: {', '.join(seen)}.")
        if account.quarantined:
            click.echo(f"{name}: {counted(account.quarantined, 'item')} could not be read: `kith quarantine list`.")
    for state, kind, purpose, contact in report.answers:
        click.echo(f"{kind} for {contact} ({purpose}): {state}." if contact else f"{kind} ({purpose}): {state}.")
    table(
        ("", "kind", "purpose", "contact"),
        [(WRITTEN_AS.get(verb, verb), kind, purpose, contact) for verb, kind, purpose, contact in report.done],
        empty="Nothing was to be written.",
    )
    for error in report.troubles:
        click.echo(f"kith: {error}", err=True)


@click.command()
@click.option("--weeks", type=click.IntRange(1, 52), help="The coming weeks as a calendar, this one included.")
@json_option
@pass_ctx
def plan(kith: Ctx, weeks: int | None, as_json: bool) -> int:
    """What would be written now, from what is in the store. Writes nothing."""
    from daemon.service import planning
    from daemon.wiring import opened

    if weeks is not None:
        from daemon.cli.weeks import show_weeks

        return show_weeks(kith, weeks, as_json)
    with opened(kith.settings, kith.now, store=kith.store) as deps:
        found, errors = planning.make(deps, kith.now())
    if as_json:
        emit_json(plan_json(found))
    else:
        show_plan(kith, found)
    for error in errors:
        click.echo(f"kith: {error}", err=True)
    return 1 if errors else 0


def plan_json(found: Situation) -> dict[str, Any]:
    """The documented form of `kith plan --json`."""
    from daemon.core.wants import whom

    name = {i: p.name for i, p in found.people.items()}
    return {
        "observing": found.world.enabled_since is None,
        "create": [
            {
                "key": c.want.key,
                "kind": c.want.kind,
                "purpose": c.want.purpose,
                "contact": whom(c.want.purpose, name[c.want.contact_id]),
                "reason": c.want.reason,
                "source": c.want.source,
                "start": c.slot.start if c.slot else None,
            }
            for c in found.plan.creates
        ],
        "move": [{"key": m.row.key, "start": m.slot.start} for m in found.plan.moves],
        "refresh": [{"key": r.row.key} for r in found.plan.refreshes],
        "withdraw": [{"key": w.row.key, "kind": w.row.kind, "purpose": w.row.purpose} for w in found.plan.withdrawals],
        "superseded": [
            {"purpose": s.want.purpose, "contact": name[s.want.contact_id], "reason": s.want.reason}
            for s in found.plan.superseded
        ],
        "lapse": [{"key": lapse.row.key} for lapse in found.plan.lapses],
        "waiting": [
            {"purpose": w.purpose, "contact": name[w.contact_id], "due": w.due, "reason": w.reason}
            for w in found.plan.waiting
        ],
    }


def show_plan(kith: Ctx, found: Situation) -> None:
    """The plan as a table, and who waits."""
    name = {i: p.name for i, p in found.people.items()}
    from daemon.core.states import SUPERSEDED
    from daemon.core.wants import whom

    zone, now, plan = kith.zone, kith.now(), found.plan
    rows: list[tuple[str, str, str, str, str, str]] = []
    for c in plan.creates:
        when = moment(c.slot.start, zone) if c.slot else "now"
        who = whom(c.want.purpose, name[c.want.contact_id])
        rows.append(("new", c.want.kind, c.want.purpose, who, when, c.want.reason))
    for m in plan.moves:
        who, when = name.get(m.row.contact_id, ""), moment(m.slot.start, zone)
        rows.append(("move", "reminder", m.row.purpose, who, when, "passed" if m.ours else "later"))
    rows += [
        ("reword", "reminder", r.row.purpose, name.get(r.row.contact_id, ""), "now", "there is more to say, or less")
        for r in plan.refreshes
    ]
    rows += [
        ("not", "draft", s.want.purpose, name[s.want.contact_id], "", "another letter goes before it")
        for s in plan.superseded
    ]
    gone = [
        ("withdraw", w.row, "a better reason" if w.state == SUPERSEDED else "no longer wanted")
        for w in plan.withdrawals
    ]
    gone += [("lapse", x.row, "passed twice") for x in plan.lapses]
    rows.extend(
        (verb, r.kind, r.purpose, whom(r.purpose, name.get(r.contact_id, "")), "now", why) for verb, r, why in gone
    )
    table(("", "kind", "purpose", "contact", "when", "why"), rows, empty="Nothing is to be written.")
    if plan.waiting:
        click.echo(f"\n{len(plan.waiting)} more are due and wait for room (the caps a day and a week):")
        for want in plan.waiting:
            click.echo(f"  {name[want.contact_id]}: {want.purpose}, due {ago(want.due, now, zone)}")
    if found.world.enabled_since is None:
        click.echo(
            "\nObserving: nothing of this is written until `kith enable`; drafts begin with what happens after it."
        )
