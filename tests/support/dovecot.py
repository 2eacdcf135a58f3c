"""A real Dovecot 2.3 on loopback, in a folder of its own, stopped by its pid. Works as root and as anybody else."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from imapclient import IMAPClient

from tests.support import web

PASSWORD = "correct-horse"
TOKEN = "token-that-is-valid"
FOLDERS = {"Drafts": "\\Drafts", "Sent": "\\Sent", "Trash": "\\Trash", "Junk": "\\Junk", "Archive": "\\Archive"}

_CONFIG = """
base_dir = {base}/run
state_dir = {base}/state
log_path = {base}/log
protocols = imap
listen = 127.0.0.1
first_valid_uid = 1
disable_plaintext_auth = no
mail_max_userip_connections = 200
auth_mechanisms = plain login xoauth2 oauthbearer
mail_location = {location}
mail_fsync = never
ssl = yes
ssl_cert = <{base}/cert.pem
ssl_key = <{base}/key.pem
{users}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
auth_failure_delay = 0
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {base}/oauth2.conf
}}
passdb {{
  driver = static
  mechanisms = plain login
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={base}/home/%u allow_all_users=yes
}}
namespace inbox {{
  inbox = yes
{mailboxes}
}}
"""


def free_port() -> int:
    """A TCP port nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def available() -> bool:
    """Whether Dovecot is installed."""
    return shutil.which("dovecot", path=_PATH) is not None


_PATH = os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin"


@dataclass
class Dovecot:
    """A running server. Any user name may log in with `PASSWORD`; its folders are made on first use."""

    base: Path
    port: int
    tls_port: int
    config: Path
    process: subprocess.Popen[bytes] = field(repr=False)

    @property
    def ca_file(self) -> Path:
        """The certificate, which is its own authority; made out to localhost."""
        return self.base / "cert.pem"

    def home(self, user: str) -> Path:
        """Where a user's mail lies."""
        return self.base / "home" / user

    def doveadm(self, *arguments: str, text: bytes = b"") -> str:
        """``doveadm`` on this server; raises where it fails."""
        done = subprocess.run(
            ["doveadm", "-c", str(self.config), *arguments],
            input=text,
            capture_output=True,
            timeout=120,
            check=False,
            env={**os.environ, "PATH": _PATH},
        )
        if done.returncode:
            raise RuntimeError(f"doveadm {arguments}: {done.stderr.decode()}")
        return done.stdout.decode()

    def save(self, user: str, folder: str, raw: bytes) -> None:
        """A message arrives."""
        self.doveadm("save", "-u", user, "-m", folder, text=raw)

    def expunge(self, user: str, folder: str, *query: str) -> None:
        """Messages disappear."""
        self.doveadm("expunge", "-u", user, "mailbox", folder, *(query or ("all",)))

    def renumber(self, user: str, folder: str, validity: int) -> None:
        """A new UIDVALIDITY."""
        self.doveadm("mailbox", "update", "-u", user, "--uid-validity", str(validity), folder)

    def status(self, user: str, folder: str) -> dict[str, int]:
        """uidnext, uidvalidity, highestmodseq, messages."""
        out = self.doveadm("mailbox", "status", "-u", user, "uidnext uidvalidity highestmodseq messages", folder)
        return {name: int(value) for name, _, value in (word.partition("=") for word in out.split()) if value.isdigit()}

    @contextmanager
    def client(self, user: str) -> Iterator[IMAPClient]:
        """The user's own mail client."""
        client = IMAPClient("127.0.0.1", port=self.port, ssl=False, timeout=30)
        try:
            client.login(user, PASSWORD)
            yield client
        finally:
            with suppress(Exception):
                client.logout()

    def stop(self) -> None:
        """End it."""
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)


class _Introspection(web.Handler):
    """Says whose token it is, as an OAuth 2 provider's tokeninfo does."""

    def serve(self) -> None:
        token = parse_qs(urlsplit(self.path).query).get("access_token", [""])[0]
        user, _, secret = token.partition("!")
        answer = f'{{"email": "{user}"}}'.encode() if secret == TOKEN else b"{}"
        self.reply(200 if secret == TOKEN else 401, {"Content-Type": "application/json"}, answer)


def token(user: str) -> str:
    """An access token the server accepts for this user."""
    return f"{user}!{TOKEN}"


@contextmanager
def dovecot(*, mdbox: bool = False, special_use: bool = True) -> Iterator[Dovecot]:
    """Start one; it is ready when the block begins.

    Args:
        mdbox: the mail format; Maildir otherwise.
        special_use: whether the folders say what they are for.
    """
    if not available():
        pytest.skip("Dovecot is not installed: apt-get install dovecot-imapd")
    base = Path(tempfile.mkdtemp(prefix="kdc", dir="/tmp"))  # short: socket paths are limited
    base.chmod(0o755)
    complaints: list[str] = []
    try:
        with web.serving(_Introspection, complaints.append) as tokens:
            config, port, tls_port = _write(base, tokens, mdbox, special_use)
            process = subprocess.Popen(
                ["dovecot", "-F", "-c", str(config)],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={**os.environ, "PATH": _PATH},
            )
            server = Dovecot(base, port, tls_port, config, process)
            try:
                _wait(server)
                yield server
            finally:
                server.stop()
    finally:
        shutil.rmtree(base, ignore_errors=True)
    assert not complaints, complaints


def _write(base: Path, tokens: str, mdbox: bool, special_use: bool) -> tuple[Path, int, int]:
    root = os.geteuid() == 0
    uid, gid = (65534, 65534) if root else (os.geteuid(), os.getegid())
    for name in ("run", "state", "home"):
        (base / name).mkdir(mode=0o755)
    if root:
        os.chown(base / "home", uid, gid)
    certificate(base / "cert.pem", base / "key.pem")
    (base / "oauth2.conf").write_text(
        f"tokeninfo_url = {tokens}/tokeninfo?access_token=\n"
        "introspection_mode =\nusername_attribute = email\nforce_introspection = no\n"
    )
    me = getpass.getuser() if not root else ""
    group = "" if root else _group(gid)
    users = (
        "" if root else f"default_internal_user = {me}\ndefault_internal_group = {group}\ndefault_login_user = {me}\n"
    )
    mailboxes = "".join(
        f"  mailbox {name} {{\n    auto = subscribe\n"
        + (f"    special_use = {use}\n" if special_use and name != "Archive" else "")
        + "  }\n"
        for name, use in FOLDERS.items()
    )
    port, tls_port = free_port(), free_port()
    config = base / "dovecot.conf"
    config.write_text(
        _CONFIG.format(
            base=base,
            location="mdbox:~/mdbox" if mdbox else "maildir:~/Maildir",
            users=users,
            port=port,
            tls_port=tls_port,
            password=PASSWORD,
            uid=uid,
            gid=gid,
            mailboxes=mailboxes,
        )
    )
    return config, port, tls_port


def _group(gid: int) -> str:
    import grp

    return grp.getgrgid(gid).gr_name


def certificate(cert: Path, key: Path, name: str = "localhost") -> None:
    """A self-signed certificate for ``name`` and 127.0.0.1."""
    subprocess.run(
        f"openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN={name} "
        f"-addext subjectAltName=DNS:{name} -keyout {key} -out {cert}".split(),
        check=True,
        capture_output=True,
        timeout=60,
    )


def _wait(server: Dovecot) -> None:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        if server.process.poll() is not None:
            break
        try:
            with socket.create_connection(("127.0.0.1", server.port), 5) as probe:
                if probe.recv(4) == b"* OK":
                    return
        except OSError:
            time.sleep(0.05)
    log = server.base / "log"
    raise RuntimeError("Dovecot did not start: " + (log.read_text()[-2000:] if log.exists() else "no log"))
