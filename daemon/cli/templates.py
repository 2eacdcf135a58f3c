"""`kith templates`: which letters there are, whether they all come out well, and how one reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from daemon.cli.context import Ctx, pass_ctx
from daemon.cli.output import emit_json, table
from daemon.config.shipped import shipped_folder
from daemon.service.render import Renderer
from daemon.service.variables import DETAILS, PURPOSES

if TYPE_CHECKING:
    from datetime import date

    from daemon.service.render import Rendered
    from daemon.service.variables import DraftFacts

REMINDERS = ("keep-in-touch", "reply-owed", "promise")


@click.group()
def templates() -> None:
    """List, check and preview the letters' templates (docs/templates.md tells how to write your own)."""


@templates.command("list")
@click.option("--json", "as_json", is_flag=True, help="As a JSON array.")
@pass_ctx
def list_(kith: Ctx, as_json: bool) -> None:
    """Every template in use, and whether it is yours or a shipped one."""
    renderer = _renderer(kith)
    shipped = shipped_folder("templates")
    rows = [
        {
            "language": lang,
            "name": name,
            "from": "shipped" if path.is_relative_to(shipped) else "yours",
            "path": str(path),
        }
        for lang, name, path in renderer.templates()
    ]
    if as_json:
        emit_json(rows)
    else:
        table(("language", "template", "from", "file"), [tuple(row.values()) for row in rows])


@templates.command()
@pass_ctx
def check(kith: Ctx) -> int:
    """Try every template with both forms of address and with facts missing; nothing is written."""
    from daemon.service.template_check import check as try_all

    own = kith.settings.policies.circles if kith.path is not None and kith.path.exists() else ()
    tried, found = try_all(_renderer(kith), _today(kith), own)
    for each in found:
        click.echo(f"{each.template}: {each.problem}", err=True)
    if found:
        return 1
    click.echo(f"{tried} letters and reminders tried: all come out whole.")
    return 0


@templates.command()
@click.argument("name")
@click.argument("purpose", metavar="PURPOSE[.OCCASION]")
@click.option("--language", default="", metavar="TAG", help="ru or en; else the person's own (English for the sample).")
@click.option("--form", type=click.Choice(["formal", "familiar"]), help="Else the person's own.")
@click.option("--variant", type=int, default=0, help="0, 1, 2 ...: another of the template's variants.")
@click.option("--html", "shown", flag_value="html", help="The HTML part instead of the text.")
@click.option("--message", "shown", flag_value="message", help="The whole message: a mail program opens it as a file.")
@click.option("--detail", type=click.Choice(DETAILS), default="full", help="How much a reminder may say.")
@pass_ctx
def preview(
    kith: Ctx, name: str, purpose: str, language: str, form: str | None, variant: int, shown: str | None, detail: str
) -> int:
    """Show how a letter or a reminder to NAME reads; NAME `sample` is a made-up person. Nothing is written.

    PURPOSE is like thanks, thanks.interview, congratulations.birthday, keep-in-touch or reminder.digest;
    `kith templates list` shows them all. How it looks in your mail program, --message > letter.eml tells.
    """
    from dataclasses import replace

    from daemon.core.errors import UserMistake
    from daemon.service.template_samples import sample_facts, sample_reminder

    renderer, today = _renderer(kith), _today(kith)
    purpose, _, occasion = purpose.partition(".")
    event = purpose == "reminder" or purpose in REMINDERS
    if purpose == "reminder":
        purpose = occasion or REMINDERS[0]
    elif purpose not in (*PURPOSES, *REMINDERS):
        raise UserMistake(f"No letter is called {purpose}; {', '.join((*PURPOSES, *REMINDERS))} are.")
    if event:
        if name == "sample":
            sample = sample_reminder(purpose, language or "en", today, detail=detail)
            summary, description = renderer.render_reminder(sample)
        else:
            summary, description = _reminder(kith, name, purpose, language, detail)
        click.echo(f"{summary}\n\n{description}")
        return 0
    facts, address = sample_facts(purpose, language or "en", today, occasion=occasion), "ann@example.org"
    if name != "sample":
        facts, address = _facts(kith, name, purpose, occasion, language)
    if form:
        facts = replace(facts, form=form)
    why = renderer.missing(facts, facts.language)
    letters = [] if why else renderer.render_all(facts, facts.language)
    letter = letters[variant % len(letters)] if letters else None
    if letter is None:
        click.echo(f"No draft would be made for {facts.name or name}: {why or 'too little is known'}.", err=True)
        return 1
    if shown == "message" and not address:
        raise UserMistake(f"No address of {facts.name}'s works, so there would be no message.")
    if shown == "message":
        click.echo(_message(kith, letter, facts, address), nl=False)
    else:
        click.echo(letter.html if shown == "html" else f"{letter.subject}\n\n{letter.text}", nl=False)
    return 0


def _message(kith: Ctx, letter: Rendered, facts: DraftFacts, address: str) -> bytes:
    """The letter as it would lie in Drafts; it belongs to no account and names no message of its own."""
    from daemon.core.model import OutgoingDraft
    from daemon.formats.mime import build

    mine = kith.settings.me.addresses[0] if kith.path is not None and kith.path.exists() else "irina@example.org"
    draft = OutgoingDraft(
        key="",
        message_id="<preview@example.org>",
        sender=(facts.my_name, mine),
        recipient=(facts.name, address),
        subject=letter.subject,
        text=letter.text,
        html=letter.html,
        date=kith.now(),
        language=facts.language,
    )
    return build(draft)


def _renderer(kith: Ctx) -> Renderer:
    """With the user's own folder where there is a configuration; the shipped templates need none."""
    user = None
    if kith.path is not None and kith.path.exists():
        user = kith.settings.templates
    return Renderer(shipped_folder("templates"), user)


def _today(kith: Ctx) -> date:
    if kith.path is not None and kith.path.exists():
        return kith.now().astimezone(kith.zone).date()
    return kith.now().date()


def _reminder(kith: Ctx, name: str, purpose: str, language: str, detail: str) -> tuple[str, str]:
    """The reminder as it would stand in the calendar now."""
    from dataclasses import replace

    from daemon.core.wants import REMINDER, Want
    from daemon.service.contacts import find
    from daemon.service.deps import Deps
    from daemon.service.people import people
    from daemon.service.reminding import remind

    now, asked = kith.now(), kith.settings
    me = replace(asked.me, language=language or asked.me.language)
    settings = replace(asked, me=me, reminders=replace(asked.reminders, detail=detail))
    deps = Deps(settings, kith.store, {}, b"", kith.now, _renderer(kith))
    with kith.store.read() as conn:
        (person,) = people(conn, settings, now, only=[find(conn, name)])
        want = Want("", REMINDER, purpose, person.contact_id, "", now, "")
        event = remind(deps, conn, person, want, "", now, now)
    return event.summary, event.description


def _facts(kith: Ctx, name: str, purpose: str, occasion: str, language: str) -> tuple[DraftFacts, str]:
    """What is known of a real person, with a made-up occasion; and the address a letter would go to.

    Raises:
        UserMistake: nobody is called so, or more than one.
    """
    from dataclasses import replace

    from daemon.core.wants import DRAFT, UPDATE, Want
    from daemon.service.compose import draft_facts
    from daemon.service.contacts import find
    from daemon.service.deps import Deps
    from daemon.service.news import current_news
    from daemon.service.people import people, with_languages
    from daemon.service.routing import recipient
    from daemon.service.template_samples import sample_facts

    now, settings, renderer = kith.now(), kith.settings, _renderer(kith)
    deps = Deps(settings, kith.store, {}, b"", kith.now, renderer)
    news = current_news(settings.updates, now, settings.hours.zone)
    with kith.store.read() as conn:
        found = people(conn, settings, now, only=[find(conn, name)])
        (person,) = with_languages(conn, found, renderer.languages(), news=True)
        speaks, today = language or person.speaks, now.astimezone(kith.zone).date()
        made_up = sample_facts(purpose, speaks or "en", today, occasion=occasion)
        want = Want(
            key="",
            kind=DRAFT,
            purpose=purpose,
            contact_id=person.contact_id,
            period="",
            due=now,
            reason="",
            occasion=made_up.occasion,
            occasion_date=made_up.occasion_date,
        )
        address = recipient(conn, person.contact_id, want, settings.me.addresses)
        known = draft_facts(deps, conn, replace(person, speaks=speaks), want, news, now)
    # What an occasion brings with it is made up; what is known of the person is theirs.
    fields = (*OF_THE_OCCASION, *(() if purpose == UPDATE else ("news",)))
    return replace(known, **{field: getattr(made_up, field) for field in fields if not getattr(known, field)}), address


OF_THE_OCCASION = (
    "occasion_title", "reach", "years", "company", "place", "until", "link", "note", "other", "other_work", "why",
)  # fmt: skip
