"""Secrets: the key secret that names what we write, and passwords and tokens as the configuration refers to them.

No value reaches a log, an error or a traceback; a command's output is never repeated.
"""

from __future__ import annotations

import os
import secrets
import shlex
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

from daemon.config.settings import SecretRef
from daemon.core.errors import NeedsUser, StoreBusy
from daemon.service import sealing
from daemon.store import metas
from daemon.store.engine import Store

KEY_FILE = "key.secret"
KEY_BYTES = 32
FINGERPRINT = "key-secret-fingerprint"

COMMAND_SECONDS = 30

REFS = Mapping[str, Mapping[str, SecretRef]]
"""Account -> name of the secret -> where it comes from."""


def key_secret(state: Path) -> bytes:
    """The secret beside the store (``key.secret``), made where there is none. Part of every backup.

    Several processes may ask at once: all get the same.

    Raises:
        NeedsUser: the file cannot be read or made, or is no such secret.
    """
    path = state / KEY_FILE
    try:
        if not path.exists():
            state.mkdir(parents=True, exist_ok=True, mode=0o700)
            _create(path, secrets.token_bytes(KEY_BYTES))
        found = path.read_bytes()
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)  # a restored backup often comes back readable by all
    except OSError as e:
        raise NeedsUser(f"The key secret {path} cannot be used.", f"Check the folder and its rights ({e}).") from None
    if len(found) != KEY_BYTES:
        raise NeedsUser(f"The key secret {path} is damaged.", "Put it back from a backup.")
    return found


def store_key_secret(store: Store, state: Path) -> bytes:
    """The key secret this store was made with; a new store takes the one found or made beside it.

    Raises:
        NeedsUser: it is lost or another one. With a wrong secret every key would be a new one, and all that was
            written remotely would be written again.
    """
    with store.read() as conn:
        known = metas.get(conn, FINGERPRINT)
    path = state / KEY_FILE
    if known and not path.exists():
        raise NeedsUser(f"The key secret {path} is lost.", _REMEDY)
    found = key_secret(state)
    if known is None:
        with store.write() as conn:
            known = metas.get(conn, FINGERPRINT)
            if known is None:
                known = fingerprint(found)
                metas.put(conn, FINGERPRINT, known)
    if known != fingerprint(found):
        raise NeedsUser(f"The key secret {path} is not the one this store was made with.", _REMEDY)
    return found


_REMEDY = "Put it back from the backup the store comes from: without it kithd cannot tell what it wrote already."


def fingerprint(secret: bytes) -> str:
    """A text that tells secrets apart and gives nothing away."""
    return sha256(b"kithd key secret fingerprint\n" + secret).hexdigest()[:32]


class FileSecrets:
    """`core.ports.SecretStore`: the configuration's references, and rotating tokens as files in the state folder.

    A token that was put goes before the reference of the same name: the server has replaced that one.
    """

    def __init__(self, refs: REFS, state: Path) -> None:
        self._refs = refs
        self._folder = state / "secrets"

    def get(self, account: str, name: str) -> str | None:
        """The secret, or None where none is kept. Asked again, a command is run again: tokens expire.

        Raises:
            NeedsUser: the reference leads nowhere; the sentence tells which and why, never what was found.
        """
        kept = self._path(account, name)
        try:
            stored = kept.read_bytes()
            value = sealing.unseal(stored, kept.name).decode()
        except FileNotFoundError:
            pass
        except sealing.Unsealable:
            raise NeedsUser(
                f"The kept {name} of {account} is sealed for the service.",
                f"Run this with the service's credential {sealing.CREDENTIAL}, or sign in again: kith login {account}",
            ) from None
        except (OSError, UnicodeDecodeError):
            raise NeedsUser(f"The kept {name} of {account} cannot be read.", f"Check {kept}, or remove it.") from None
        else:
            if sealing.key() is not None and not sealing.sealed(stored):
                self.put(account, name, value)  # a sign-in at the terminal has no key to seal with
            return value
        ref = self._refs.get(account, {}).get(name)
        if ref is None:
            return None
        return _resolve(ref, f"{name} of {account}")

    def put(self, account: str, name: str, value: str) -> None:
        """Keep a rotating token, readable by the user alone; the old one stays until the new one is on disk.

        Raises:
            StoreBusy: it cannot be written.
        """
        path = self._path(account, name)
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            new = _written(path, sealing.seal(value.encode(), path.name))
            new.replace(path)
            _sync_folder(path.parent)
        except OSError as e:
            raise StoreBusy(f"The {name} of {account} cannot be kept ({e.strerror}).") from None

    def drop(self, account: str, name: str) -> None:
        """Forget a kept token: the next `get` goes by the configuration."""
        self._path(account, name).unlink(missing_ok=True)

    def _path(self, account: str, name: str) -> Path:
        """A file name for any two texts: no separators, no clash, no way out of the folder."""
        parts = (quote(part, safe=" @").replace(".", "%2E") for part in (account, name))
        return self._folder / ".".join((*parts, "secret"))


def _resolve(ref: SecretRef, what: str) -> str:
    match ref.kind:
        case "command":
            return _from_command(ref.value, what)
        case "file":
            return _from_file(Path(ref.value).expanduser(), what)
        case "credential":
            return _from_file(_credentials_folder(what) / Path(ref.value).name, what)
        case "keyring":
            return _from_keyring(ref.value, what)
    raise NeedsUser(f"The {what} is of an unknown kind ({ref.kind}).", "Use command, file, credential or keyring.")


def _from_command(command: str, what: str) -> str:
    remedy = "Run it by hand to see why."
    try:
        arguments = shlex.split(command)
    except ValueError:
        arguments = []
    if not arguments:
        raise NeedsUser(f"The command for the {what} cannot be read.", "Check its quotes.")
    try:
        process = subprocess.Popen(  # noqa: S603 - the user's own command, without a shell
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # password tools may repeat what they were given
            start_new_session=True,  # so that what it started is stopped with it
        )
    except OSError as e:
        raise NeedsUser(f"The command for the {what} cannot be run: {e.strerror}.", remedy) from None
    try:
        output, _ = process.communicate(timeout=COMMAND_SECONDS)
    except subprocess.TimeoutExpired:
        _stop(process)
        raise NeedsUser(f"The command for the {what} gave no answer in {COMMAND_SECONDS} s.", remedy) from None
    except BaseException:
        _stop(process)
        raise
    if process.returncode < 0:
        raise NeedsUser(f"The command for the {what} was ended by signal {-process.returncode}.", remedy)
    if process.returncode:
        raise NeedsUser(f"The command for the {what} ended with status {process.returncode}.", remedy)
    return _first_line(output, what, f"The command for the {what} gave nothing.", remedy)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the command and whatever it started."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdout is not None:
        process.stdout.close()


def _from_file(path: Path, what: str) -> str:
    try:
        content = path.read_bytes()
    except OSError as e:
        raise NeedsUser(f"The file with the {what} cannot be read: {e.strerror}.", f"Check {path}.") from None
    return _first_line(content, what, f"The file with the {what} is empty.", f"Check {path}.")


def _first_line(content: bytes, what: str, nothing: str, remedy: str) -> str:
    try:
        line = content.split(b"\n", 1)[0].rstrip(b"\r").decode()
    except UnicodeDecodeError:
        raise NeedsUser(f"The {what} is no text in UTF-8.", remedy) from None
    if not line:
        raise NeedsUser(nothing, remedy)
    return line


def _credentials_folder(what: str) -> Path:
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    if not folder:
        raise NeedsUser(
            f"The {what} is a systemd credential, and there are none here.",
            "Run kithd as the service that has LoadCredential=, or use another kind of secret.",
        )
    return Path(folder)


def _from_keyring(value: str, what: str) -> str:
    """``service/user``, or ``user`` of the service kithd."""
    try:
        import keyring  # type: ignore[import-not-found, unused-ignore]  # an extra
    except ImportError:
        raise NeedsUser(
            f"The {what} is in a keyring, which kithd cannot open yet.", "Install it with: pip install 'kithd[keyring]'"
        ) from None
    service, _, user = value.rpartition("/")
    try:
        found: str | None = keyring.get_password(service or "kithd", user)
    except Exception as e:  # back ends raise their own; their words may hold what was asked for
        raise NeedsUser(f"The keyring with the {what} failed ({type(e).__name__}).", "Unlock it.") from None
    if not found:
        raise NeedsUser(f"The keyring has no {what}.", "Put it there, under the service and user the config names.")
    return found


def _written(beside: Path, content: bytes) -> Path:
    """A new file of that content next to ``beside``, for the user alone, on disk; another process cannot see it."""
    path = beside.with_name(f".{beside.name}.{os.getpid()}.{secrets.token_hex(4)}")
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(fd, "wb") as f:
            f.write(content)
            f.flush()
            os.fsync(f.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path


def _create(path: Path, content: bytes) -> None:
    """Make the file whole or not at all; one that is there already stays."""
    new = _written(path, content)
    try:
        os.link(new, path)  # unlike a rename, never replaces another process's
    except FileExistsError:
        pass
    finally:
        new.unlink()
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
