"""The configuration: every option read, every mistake told at once, no secret in it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, time, timedelta
from pathlib import Path

import pytest

from daemon.config import values
from daemon.config.accounts import SECRETS, SOURCES
from daemon.config.errors import ConfigError
from daemon.config.load import default_state, keys, load
from daemon.config.reading import line_numbers
from daemon.config.settings import SecretRef, Settings
from daemon.core.errors import UserMistake
from daemon.core.policy import DEFAULT_POLICY, MONTH, QUARTER, SHIPPED_CIRCLES, YEAR, Quiet
from daemon.core.ports import Option
from daemon.wiring import kinds, load_settings, options

EXAMPLE = Path(__file__).parents[2] / "config.example.toml"

MINIMAL = """
[me]
name = "Anna Example"
addresses = ["Anna@Example.org"]
time_zone = "Europe/Berlin"

[account.mail]
kind = "test"
address = "anna@example.net"
host = "imap.example.net"
"""

TEST_OPTIONS = (
    Option("host", required=True, help="The server."),
    Option("port", "int", 993),
    Option("tls", choices=("tls", "starttls"), default="tls"),
    Option("folders", "list"),
    Option("ca_file", "path"),
    Option("pause", "duration"),
    Option("fast", "bool", False),
    Option("time_zone", default="UTC"),
)


def of_kind(kind: str) -> Sequence[Option] | None:
    return TEST_OPTIONS if kind == "test" else None


def read(folder: Path, text: str) -> Settings:
    path = folder / "config.toml"
    path.write_text(text, "utf-8")
    path.chmod(0o600)
    return load(path, of_kind, kinds=("test", "imap"), environment={"XDG_STATE_HOME": str(folder / "state")})


def problems(folder: Path, text: str) -> dict[str, str]:
    with pytest.raises(ConfigError) as caught:
        read(folder, text)
    return {p.key: p.what for p in caught.value.problems}


def test_the_example_file_loads_and_holds_the_defaults(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_bytes(EXAMPLE.read_bytes())
    settings = load_settings(tmp_path / "config.toml")
    assert settings.me.name == "Anna Example"
    assert [a.account.kind for a in settings.accounts] == ["local", "imap", "caldav", "google", "exchange", "microsoft"]
    assert settings.policies.default == DEFAULT_POLICY
    assert settings.policies.circles == SHIPPED_CIRCLES
    assert settings.policies.contacts["Oleg Primerov"].cadence == timedelta(weeks=6)
    defaults = read(tmp_path, MINIMAL)
    assert (settings.hours.start, settings.hours.end, settings.hours.days) == (
        defaults.hours.start,
        defaults.hours.end,
        defaults.hours.days,
    )
    assert settings.reminders == defaults.reminders
    assert settings.every == defaults.every
    assert settings.log_level == defaults.log_level


@pytest.mark.parametrize("kind", kinds())
def test_the_example_names_every_key_there_is(kind: str) -> None:
    text = EXAMPLE.read_text("utf-8")
    hidden = {option.name for option in options(kind) or () if option.hidden}
    asked = {path for path in keys(options, kind) if path[-1] not in hidden}
    tables = {path[:n] for path in asked for n in range(1, len(path))}
    assert len(asked) > 40
    for path in asked - tables:
        name = path[-1]
        if name.endswith(tuple(f"_{source}" for source in SOURCES)):
            assert name in text, path  # told of once for all kinds
        else:
            assert re.search(rf"^(# )?{name} = ", text, re.MULTILINE), path
    for path in tables:
        if len(path) == 1 or (path[0] == "policy" and len(path) == 2):
            assert re.search(rf"^(# )?\[\[?{'.'.join(path)}[.\]]", text, re.MULTILINE), path


def test_all_secrets_have_every_source_in_the_example() -> None:
    text = EXAMPLE.read_text("utf-8")
    assert all(f"{secret}_{source}" in text for secret in SECRETS for source in SOURCES)


def test_a_small_file_gives_whole_settings(tmp_path: Path) -> None:
    settings = read(tmp_path, MINIMAL)
    assert settings.me.addresses == ("anna@example.org", "anna@example.net")  # the account's own is the user's too
    assert settings.hours.zone == "Europe/Berlin"
    assert settings.state == tmp_path / "state" / "kithd"
    assert settings.store_url == f"sqlite:///{tmp_path}/state/kithd/kith.db"
    assert settings.updates == tmp_path / "updates"
    assert settings.templates is None
    assert settings.warnings == ()
    account = settings.accounts[0].account
    assert (account.name, account.kind, account.employer) == ("mail", "test", False)
    assert account.options == {
        "host": "imap.example.net",
        "port": 993,
        "tls": "tls",
        "fast": False,
        "time_zone": "Europe/Berlin",  # the user's own, where the account says none
    }


def test_account_options_are_read_by_their_type(tmp_path: Path) -> None:
    extra = 'folders = ["A", "B"]\nca_file = "~/ca.pem"\npause = "2h"\nfast = true\ntls = "starttls"\n'
    chosen = read(tmp_path, MINIMAL + extra).accounts[0].account.options
    assert chosen["folders"] == ["A", "B"]
    assert chosen["ca_file"] == str(Path.home() / "ca.pem")
    assert chosen["pause"] == timedelta(hours=2)
    assert chosen["fast"] is True


def test_every_mistake_is_told_at_once_with_its_line(tmp_path: Path) -> None:
    text = """
[me]
addresses = ["no address"]
time_zone = "Mars/Olympus"
colour = "blue"

[hours]
start = "18:00"
end = "9:00"
days = ["mon", "caturday"]

[reminders]
a_day = -1
detial = "full"
account = "post"

[schedule]
every = "soon"

[account.mail]
kind = "test"
port = "many"
tls = "maybe"
employer = "yes"
hots = "imap.example.net"
"""
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text)
    found = {p.key: (p.line, p.what) for p in caught.value.problems}
    assert set(found) == {
        "me.name",
        "me.addresses",
        "me.time_zone",
        "me.colour",
        "hours.end",
        "hours.days",
        "reminders.a_day",
        "reminders.detial",
        "reminders.account",
        "schedule.every",
        "account.mail.host",
        "account.mail.port",
        "account.mail.tls",
        "account.mail.employer",
        "account.mail.hots",
    }
    assert found["hours.days"][0] == 10
    assert found["account.mail.hots"] == (25, "is not known here. Did you mean host?")
    assert found["reminders.detial"][1].endswith("Did you mean detail?")
    assert found["me.name"][0] == 2  # missing: the line of its table
    assert found["schedule.every"][1].startswith('is "soon"; allowed is a length of time like "15m"')
    assert found["account.mail.tls"][1] == 'is "maybe"; allowed is one of tls, starttls'
    assert "has 15 mistakes:\n  line 2: me.name is missing" in str(caught.value)


@pytest.mark.parametrize(
    ("section", "key"),
    [
        ("[me]\nname = 5\naddresses = []\n", "me.name"),
        ("[reminders]\nminutes = 4\n", "reminders.minutes"),
        ("[reminders]\nminutes = true\n", "reminders.minutes"),
        ("[reminders]\nahead = 7\n", "reminders.ahead"),
        ("[hours]\ndays = []\n", "hours.days"),
        ("[policy.tier.kay]\ncadence = '30d'\n", "policy.tier.kay"),
        ("[policy.circle.mentor]\ncadence = '1h'\n", "policy.circle.mentor.cadence"),
        ("[policy.circle.mentor]\ndrafts = ['thanks', 'spam']\n", "policy.circle.mentor.drafts"),
        ("[policy]\nmentor = 1\n", "policy.mentor"),
        ("[log]\nlevel = 'loud'\n", "log.level"),
        ("[store]\nurl = 'mysql://x/y'\n", "store.url"),
        ("[templates]\nfolder = '~nobody-of-this-name/x'\n", "templates.folder"),
        ("[scheduel]\nevery = '15m'\n", "scheduel"),
    ],
)
def test_one_mistake_is_named_by_its_key(tmp_path: Path, section: str, key: str) -> None:
    base = MINIMAL if not section.startswith("[me]") else MINIMAL[MINIMAL.index("[account") :]
    assert key in problems(tmp_path, base + section)


def test_an_unknown_kind_names_the_nearest(tmp_path: Path) -> None:
    found = problems(tmp_path, MINIMAL.replace('"test"', '"tset"'))
    assert found == {"account.mail.kind": 'is "tset", which is no kind of account. Did you mean test?'}


def test_no_account_is_a_mistake(tmp_path: Path) -> None:
    found = problems(tmp_path, MINIMAL[: MINIMAL.index("[account")])
    assert set(found) == {"account"}


@pytest.mark.parametrize("key", ["password", "token", "client_secret"])
def test_a_secret_in_the_file_is_refused_and_not_repeated(tmp_path: Path, key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, MINIMAL + f'{key} = "hunter2"\n')
    assert "hunter2" not in str(caught.value)
    assert "_command" in str(caught.value)
    assert "_file" in str(caught.value)


def test_a_password_in_the_store_url_is_refused_and_not_repeated(tmp_path: Path) -> None:
    for url in ("postgresql://kith:hunter2@db.example.org/kith", "postgresql://db/kith?password=hunter2"):
        found = problems(tmp_path, MINIMAL + f'[store]\nurl = "{url}"\n')
        assert ".pgpass" in found["store.url"]
        assert "hunter2" not in str(found)
    settings = read(tmp_path, MINIMAL + '[store]\nurl = "postgresql://kith@db.example.org:5432/kith"\n')
    assert settings.store_url.startswith("postgresql://kith@")


def test_secrets_are_references(tmp_path: Path) -> None:
    secret = tmp_path / "pw"
    secret.write_text("x")
    secret.chmod(0o600)
    for line, name, ref in (
        ('password_command = "pass show mail"', "password", SecretRef("command", "pass show mail")),
        ('password_command = ["pass", "show", "my mail"]', "password", SecretRef("command", "pass show 'my mail'")),
        ('password_file = "pw"', "password", SecretRef("file", str(secret))),
        ('token_credential = "mail"', "token", SecretRef("credential", "mail")),
        ('token_keyring = "kith/anna"', "token", SecretRef("keyring", "kith/anna")),
    ):
        settings = read(tmp_path, MINIMAL + line + "\n")
        assert settings.accounts[0].secrets == {name: ref}
        assert settings.warnings == ()
    found = problems(tmp_path, MINIMAL + 'password_file = "pw"\npassword_command = "pass show mail"\n')
    assert "allowed is one of them" in next(iter(found.values()))
    assert "password_command" in str(problems(tmp_path, MINIMAL + 'password_command = "pass \'show"\n'))
    assert "token_credential" in str(problems(tmp_path, MINIMAL + 'token_credential = "../x"\n'))


def test_rights_are_watched(tmp_path: Path) -> None:
    secret = tmp_path / "pw"
    secret.write_text("x")
    secret.chmod(0o644)
    settings = read(tmp_path, MINIMAL + 'password_file = "pw"\n')
    assert settings.warnings == (f"Others may read the secret of mail: chmod 600 {secret}",)
    settings.path.chmod(0o622)
    again = load(settings.path, of_kind, environment={})
    assert any("Others may write" in warning for warning in again.warnings)


def test_policies_lie_over_the_shipped_ones(tmp_path: Path) -> None:
    text = """
[policy.default]
max_recipients = 4
[policy.circle.mentor]
max_people = 4
[policy.circle.alumni]
cadence = "half-yearly"
[policy.circle.experts]
cadence = "monthly"
[policy.contact."Oleg@Example.com"]
cadence = "weekly"
"""
    settings = read(tmp_path, MINIMAL + text)
    assert settings.policies.default.max_recipients == 4
    assert settings.policies.default.cadence == QUARTER
    assert settings.policies.circles["mentor"].cadence == MONTH
    assert settings.policies.circles["mentor"].max_people == 4
    assert settings.policies.circles["recruiter"].cadence == QUARTER
    assert settings.policies.contacts["oleg@example.com"].cadence == timedelta(weeks=1)
    assert len(settings.warnings) == 1
    assert "Did you mean expert?" in settings.warnings[0]


def test_a_broken_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserMistake, match="kith init"):
        load(tmp_path / "none.toml", of_kind)
    with pytest.raises(UserMistake, match=r"no TOML.*line 1"):
        read(tmp_path, "[me\n")
    (tmp_path / "latin.toml").write_bytes(b'name = "\xff"')
    with pytest.raises(UserMistake, match="UTF-8"):
        load(tmp_path / "latin.toml", of_kind)
    with pytest.raises(UserMistake, match="cannot be read"):
        load(tmp_path, of_kind)


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    assert read(tmp_path, "\ufeff" + MINIMAL).me.name == "Anna Example"


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("30d", timedelta(days=30)),
        ("30 days", timedelta(days=30)),
        ("15m", timedelta(minutes=15)),
        ("1 month", timedelta(days=30)),
        ("2 quarters", timedelta(days=182)),
        ("quarterly", timedelta(days=91)),
        ("Yearly", timedelta(days=365)),
        ("1y", timedelta(days=365)),
        ("90s", timedelta(seconds=90)),
        ("3 weeks", timedelta(days=21)),
        ("", None),
        ("d", None),
        ("1 fortnight", None),
        ("-1d", None),
        ("1.5d", None),
    ],
)
def test_lengths_of_time(text: str, length: timedelta | None) -> None:
    assert values.parse_duration(text) == length


def test_times_of_day_and_weekdays(tmp_path: Path) -> None:
    settings = read(tmp_path, MINIMAL + '[hours]\nstart = 07:30:00\nend = "23:59"\ndays = ["Sunday", "sun", "MON"]\n')
    assert (settings.hours.start, settings.hours.end) == (time(7, 30), time(23, 59))
    assert settings.hours.days == {1, 7}
    assert "hours.end" in problems(tmp_path, MINIMAL + '[hours]\nend = "24:00"\n')


@pytest.mark.parametrize("text", ["anna@example.org, eve@example.com", "Anna <anna@example.org>", "anna", "a@b c", 5])
def test_what_is_no_address(text: object) -> None:
    with pytest.raises(values.NotAllowed):
        values.email(text)


def test_a_domain_with_letters_beyond_ascii() -> None:
    assert values.domain("пример.рф") == values.domain("@xn--e1afmkfd.xn--p1ai")
    assert values.email("Анна@Пример.РФ") == "анна@xn--e1afmkfd.xn--p1ai"
    with pytest.raises(values.NotAllowed):
        values.domain("localhost")


def test_line_numbers_know_quoted_keys_and_long_texts() -> None:
    source = '[me]\nsignature = """\nname = no key\n"""\nname = "x"\n[policy.contact."Oleg P."]\n"cadence" = "1d"\n'
    found = line_numbers(source)
    assert found[("me", "name")] == 5
    assert found[("policy", "contact", "Oleg P.", "cadence")] == 7


def test_where_the_store_is() -> None:
    assert default_state(Path("/etc/kithd/config.toml"), {"XDG_STATE_HOME": "/x"}) == Path("/var/lib/kithd")
    assert default_state(Path("/home/a/c.toml"), {"XDG_STATE_HOME": "/x"}) == Path("/x/kithd")
    relative = default_state(Path("/home/a/c.toml"), {"XDG_STATE_HOME": "x"})
    assert relative == Path.home() / ".local" / "state" / "kithd"


@pytest.mark.parametrize(
    ("target", "zone"),
    [
        ("/usr/share/zoneinfo/Asia/Yekaterinburg", "Asia/Yekaterinburg"),
        ("../usr/share/zoneinfo/Europe/Berlin", "Europe/Berlin"),
        ("/etc/some/file", "UTC"),
        (None, "UTC"),
    ],
)
def test_the_machines_zone_where_none_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str | None, zone: str
) -> None:
    def readlink(_: Path) -> Path:
        if target is None:
            raise OSError("no link")
        return Path(target)

    monkeypatch.setattr(Path, "readlink", readlink)
    assert read(tmp_path, MINIMAL.replace("time_zone", "# time_zone")).hours.zone == zone


def test_config_knows_no_connector() -> None:
    for file in (Path(__file__).parents[2] / "daemon" / "config").glob("*.py"):
        assert "connectors" not in re.sub(r'""".*?"""|#.*', "", file.read_text("utf-8"), flags=re.DOTALL), file


def test_forms_in_turn_and_a_tie_until_a_day(tmp_path: Path) -> None:
    settings = read(
        tmp_path,
        MINIMAL
        + """
[policy.circle.mentor]
cadence = { meeting = "yearly", mail = "monthly", talk = "quarterly" }
[policy.circle.project]
cadence = "2 weeks"
until = 2027-03-31
then = "expert"
days = ["sat", "sun"]
hours = "9:00-12:00"
language = "de"
form = "familiar"
[policy.tier.key]
drafts = ["check-in"]
""",
    )
    mentor, project = settings.policies.circles["mentor"], settings.policies.circles["project"]
    assert mentor.rhythm == (MONTH, (("mail", MONTH), ("talk", QUARTER), ("meeting", YEAR)))
    assert (project.until, project.then) == (date(2027, 3, 31), "expert")
    assert (project.days, project.hours) == (frozenset({6, 7}), (time(9), time(12)))
    assert (project.language, project.form) == ("de", "familiar")
    assert settings.policies.tiers["key"].rhythm == (MONTH, ())  # what is not said keeps its shipped value


def test_a_plain_cadence_takes_the_place_of_forms(tmp_path: Path) -> None:
    text = '[policy.default]\ncadence = { mail = "monthly", talk = "quarterly" }\n'
    text += '[policy.circle.hr]\ncadence = "6 weeks"\n'
    policies = read(tmp_path, MINIMAL + text).policies
    assert policies.default.forms
    assert policies.circles["hr"].rhythm == (timedelta(weeks=6), ())


def test_wrong_policies_and_quiet_times_are_told_with_what_is_allowed(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        MINIMAL
        + """
[hours]
country = "Germany"
subdivision = "BE"
[[quiet]]
from = 2026-12-24
to = 2026-12-20
[[quiet]]
from = "Christmas"
[policy.default]
cadence = { letter = "monthly" }
hours = "21:00-18:00"
[policy.circle.friend]
then = "expert"
[policy.tier.key]
until = 2027-01-01
then = "exprt"
""",
    )
    assert "two letters" in found["hours.country"]
    assert found["quiet.to"].startswith(("is before", "is missing"))
    assert "2026-12-24" in found["quiet.from"]
    assert "mail, talk, meeting" in found["policy.default.cadence"]
    assert "18:00-21:00" in found["policy.default.hours"]
    assert "without a day" in found["policy.circle.friend.then"]
    assert found["policy.tier.key.then"].endswith("Did you mean expert?")


def test_quiet_times_and_holidays_are_read(tmp_path: Path) -> None:
    text = '[hours]\ncountry = "de"\nsubdivision = "de-be"\n[[quiet]]\nfrom = 2026-12-24\nto = "2027-01-06"\n'
    settings = read(tmp_path, MINIMAL + text)
    assert settings.quiet == (Quiet(date(2026, 12, 24), date(2027, 1, 6)),)
    assert (settings.hours.country, settings.hours.subdivision) == ("DE", "BE")


def test_quiet_times_that_overlap_or_touch_are_one(tmp_path: Path) -> None:
    days = (("12-05", "12-14"), ("12-01", "12-10"), ("12-15", "12-16"), ("12-18", "12-18"), ("12-02", "12-03"))
    text = "".join(f"[[quiet]]\nfrom = 2026-{a}\nto = 2026-{b}\n" for a, b in days)
    assert read(tmp_path, MINIMAL + text).quiet == (
        Quiet(date(2026, 12, 1), date(2026, 12, 16)),
        Quiet(date(2026, 12, 18), date(2026, 12, 18)),
    )


def test_a_form_that_is_none_is_named(tmp_path: Path) -> None:
    found = problems(tmp_path, MINIMAL + '[policy.default]\ncadence = { mail = "monthly", lunch = "yearly" }\n')
    assert "lunch is none" in found["policy.default.cadence"]


@pytest.mark.parametrize(
    ("whole", "account", "reads"),
    [
        ("false", "", False),
        ("false", "read_wording = true", False),
        ("true", "", True),
        ("true", "read_wording = false", False),
        ("true", "employer = true", False),
        ("true", "employer = true\nread_wording = true", True),
    ],
)
def test_texts_are_read_where_that_was_said(tmp_path: Path, whole: str, account: str, reads: bool) -> None:
    text = MINIMAL + f"{account}\n[suggestions]\nread_wording = {whole}\n"
    settings = read(tmp_path, text)
    assert settings.reads_texts(settings.accounts[0]) is reads
