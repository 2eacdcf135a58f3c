"""The key secret and the references to passwords and tokens."""

from __future__ import annotations

import os
import select
import shlex
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from daemon.config.settings import SecretRef
from daemon.core.errors import NeedsUser, StoreBusy
from daemon.service import secrets
from daemon.service.secrets import FileSecrets, key_secret, store_key_secret
from daemon.store.engine import Store


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def command(tmp_path: Path, ref: str) -> FileSecrets:
    return FileSecrets({"home": {"password": SecretRef("command", ref)}}, tmp_path)


def python(code: str) -> str:
    return shlex.join([sys.executable, "-c", code])


# -- the key secret ----------------------------------------------------------------------------------------------


def test_the_key_secret_is_made_once_for_the_users_eyes_only(tmp_path: Path) -> None:
    state = tmp_path / "deep" / "state"
    made = key_secret(state)
    assert len(made) == 32
    assert key_secret(state) == made
    assert mode(state / "key.secret") == 0o600
    assert [p.name for p in state.iterdir()] == ["key.secret"]
    assert key_secret(tmp_path / "other") != made


def test_all_that_ask_at_once_get_the_same(tmp_path: Path) -> None:
    start = threading.Barrier(16)

    def ask(_: int) -> bytes:
        start.wait()
        return key_secret(tmp_path / "state")

    with ThreadPoolExecutor(16) as pool:
        assert len(set(pool.map(ask, range(16)))) == 1
    assert [p.name for p in (tmp_path / "state").iterdir()] == ["key.secret"]


def test_one_that_another_process_made_meanwhile_stays(tmp_path: Path) -> None:
    (tmp_path / "key.secret").write_bytes(b"first" * 5)
    secrets._create(tmp_path / "key.secret", b"second")
    assert (tmp_path / "key.secret").read_bytes() == b"first" * 5


def test_a_restored_one_readable_by_all_is_closed_again(tmp_path: Path) -> None:
    made = key_secret(tmp_path)
    (tmp_path / "key.secret").chmod(0o644)
    assert key_secret(tmp_path) == made
    assert mode(tmp_path / "key.secret") == 0o600


def test_a_damaged_one_is_named_and_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "key.secret").write_bytes(b"short")
    with pytest.raises(NeedsUser, match="damaged"):
        key_secret(tmp_path)
    assert (tmp_path / "key.secret").read_bytes() == b"short"


def test_a_lost_secret_is_said_and_no_new_one_made(store: Store, tmp_path: Path) -> None:
    state = tmp_path / "state"
    made = store_key_secret(store, state)
    assert store_key_secret(store, state) == made
    (state / "key.secret").unlink()
    with pytest.raises(NeedsUser, match=r"lost.*backup"):
        store_key_secret(store, state)
    assert not (state / "key.secret").exists()


def test_an_exchanged_secret_is_noticed(store: Store, tmp_path: Path) -> None:
    store_key_secret(store, tmp_path / "state")
    (tmp_path / "state" / "key.secret").write_bytes(b"x" * 32)
    with pytest.raises(NeedsUser, match="not the one this store was made with"):
        store_key_secret(store, tmp_path / "state")


def test_a_store_rebuilt_from_nothing_takes_the_secret_it_finds(store: Store, tmp_path: Path) -> None:
    made = key_secret(tmp_path / "state")
    assert store_key_secret(store, tmp_path / "state") == made


# -- references --------------------------------------------------------------------------------------------------


def test_a_command_gives_its_first_line(tmp_path: Path) -> None:
    found = command(tmp_path, python(r"print('пароль with spaces '); print('second')"))
    assert found.get("home", "password") == "пароль with spaces "
    assert found.get("home", "token") is None
    assert found.get("work", "password") is None


def test_a_command_is_no_shell(tmp_path: Path) -> None:
    marker = tmp_path / "made"
    found = command(tmp_path, f"echo $HOME; touch {marker}").get("home", "password")
    assert found == f"$HOME; touch {marker}"
    assert not marker.exists()


@pytest.mark.parametrize(
    ("ref", "says"),
    [
        (python("import sys; print('hunter2'); print('hunter2', file=sys.stderr); sys.exit(7)"), "status 7"),
        (python("import os; print('hunter2', flush=True); os.kill(os.getpid(), 9)"), "signal 9"),
        (python("print(); print('hunter2')"), "gave nothing"),
        (python("import sys; sys.stdout.buffer.write(b'hunter2\\xff\\n')"), "UTF-8"),
        ("/nonexistent/hunter", "cannot be run: No such file"),
        ("echo 'hunter2", "quotes"),
        ("", "quotes"),
    ],
)
def test_a_failing_command_is_named_without_its_output(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], ref: str, says: str
) -> None:
    with pytest.raises(NeedsUser, match=says) as caught:
        command(tmp_path, ref).get("home", "password")
    assert "password of home" in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    assert capfd.readouterr() == ("", "")


def test_a_command_that_hangs_is_ended_with_all_it_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "COMMAND_SECONDS", 1)
    read_end, write_end = os.pipe()
    os.set_inheritable(write_end, True)
    monkeypatch.setattr("subprocess.Popen", _inheriting(write_end))
    with pytest.raises(NeedsUser, match="no answer"):
        command(tmp_path, "sh -c 'cat /dev/zero >/dev/null & wait'").get("home", "password")
    os.close(write_end)
    assert select.select([read_end], [], [], 10)[0]  # the last that held the other end is gone
    os.close(read_end)


def _inheriting(fd: int) -> Callable[..., object]:
    real = subprocess.Popen
    return lambda *args, **kw: real(*args, pass_fds=(fd,), **kw)


def test_a_file_gives_its_first_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pw").write_bytes("пароль\r\nmore".encode())
    (tmp_path / "empty").write_bytes(b"\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    found = FileSecrets(
        {"home": {n: SecretRef("file", f"~/{n}") for n in ("pw", "empty", "missing")}}, tmp_path / "state"
    )
    assert found.get("home", "pw") == "пароль"
    with pytest.raises(NeedsUser, match="empty of home is empty"):
        found.get("home", "empty")
    with pytest.raises(NeedsUser, match="No such file"):
        found.get("home", "missing")


def test_a_systemd_credential(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cred").mkdir()
    (tmp_path / "cred" / "imap").write_text("word\n")
    (tmp_path / "outside").write_text("no\n")
    found = FileSecrets(
        {"home": {"a": SecretRef("credential", "imap"), "b": SecretRef("credential", "../outside")}}, tmp_path
    )
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    with pytest.raises(NeedsUser, match="LoadCredential"):
        found.get("home", "a")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "cred"))
    assert found.get("home", "a") == "word"
    with pytest.raises(NeedsUser):
        found.get("home", "b")


def test_a_keyring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = FileSecrets({"home": {"password": SecretRef("keyring", "imap.example.org/ann")}}, tmp_path)
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(NeedsUser, match=r"kithd\[keyring\]"):
        found.get("home", "password")

    class Keyring:
        @staticmethod
        def get_password(service: str, user: str) -> str | None:
            return f"word of {user} at {service}" if user == "ann" else None

    monkeypatch.setitem(sys.modules, "keyring", Keyring)
    assert found.get("home", "password") == "word of ann at imap.example.org"
    with pytest.raises(NeedsUser, match="has no password"):
        FileSecrets({"home": {"password": SecretRef("keyring", "bob")}}, tmp_path).get("home", "password")


# -- rotating tokens ---------------------------------------------------------------------------------------------


def test_a_token_put_goes_before_the_reference_until_dropped(tmp_path: Path) -> None:
    found = command(tmp_path, "echo first")
    found.put("home", "password", "second\nline")
    assert found.get("home", "password") == "second\nline"
    found.put("home", "password", "third")
    assert FileSecrets({}, tmp_path).get("home", "password") == "third"
    kept = list((tmp_path / "secrets").iterdir())
    assert [mode(p) for p in kept] == [0o600]
    assert mode(tmp_path / "secrets") == 0o700
    found.drop("home", "password")
    found.drop("home", "password")
    assert found.get("home", "password") == "first"


def test_no_two_tokens_share_a_file_and_none_leaves_the_folder(tmp_path: Path) -> None:
    found = FileSecrets({}, tmp_path)
    names = [
        ("a.b", "c"),
        ("a", "b.c"),
        ("..", ".."),
        ("../x", "y"),
        ("/etc", "passwd"),
        ("Аня@пример", "token"),
        ("", ""),
    ]
    for n, (account, name) in enumerate(names):
        found.put(account, name, str(n))
    assert [found.get(*name) for name in names] == [str(n) for n in range(len(names))]
    assert [p.name for p in tmp_path.iterdir()] == ["secrets"]
    assert len(list((tmp_path / "secrets").iterdir())) == len(names)


def test_a_token_that_cannot_be_kept_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = FileSecrets({}, tmp_path)
    found.put("home", "token", "old")

    def full(fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(StoreBusy, match="No space left") as caught:
        found.put("home", "token", "new-token")
    assert "new-token" not in str(caught.value)
    assert found.get("home", "token") == "old"
    assert len(list((tmp_path / "secrets").iterdir())) == 1


# -- sealed on disk ----------------------------------------------------------------------------------------------


@pytest.fixture
def token_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A service's credentials, with a key for tokens among them."""
    folder = tmp_path / "credentials"
    folder.mkdir()
    path = folder / "token-key"
    path.write_text("a key of some length\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))
    return path


def kept(state: Path) -> list[bytes]:
    return [f.read_bytes() for f in sorted((state / "secrets").iterdir())]


def test_tokens_are_sealed_where_there_is_a_key(tmp_path: Path, token_key: Path) -> None:
    found = FileSecrets({}, tmp_path)
    found.put("home", "token", "very secret")
    (stored,) = kept(tmp_path)
    assert b"very secret" not in stored
    found.put("home", "token", "very secret")
    assert kept(tmp_path) != [stored], "no nonce twice"
    assert found.get("home", "token") == "very secret"


def test_what_was_kept_in_the_clear_is_sealed_when_it_is_read(
    tmp_path: Path, token_key: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as terminal:
        terminal.delenv("CREDENTIALS_DIRECTORY")
        FileSecrets({}, tmp_path).put("home", "token", "from the terminal")
    assert kept(tmp_path) == [b"from the terminal"]
    assert FileSecrets({}, tmp_path).get("home", "token") == "from the terminal"
    assert b"terminal" not in kept(tmp_path)[0]


@pytest.mark.parametrize("fate", ["gone", "changed", "short"])
def test_without_its_key_a_sealed_token_says_what_helps(tmp_path: Path, token_key: Path, fate: str) -> None:
    found = FileSecrets({}, tmp_path)
    found.put("home", "token", "very secret")
    match fate:
        case "gone":
            token_key.unlink()
        case "changed":
            token_key.write_text("another key, as long")
        case "short":
            token_key.write_text("short")
    with pytest.raises(NeedsUser, match="kith login home"):
        found.get("home", "token")


def test_a_sealed_token_of_another_account_opens_nothing(tmp_path: Path, token_key: Path) -> None:
    found = FileSecrets({}, tmp_path)
    found.put("home", "token", "one")
    found.put("work", "token", "two")
    home, work = sorted((tmp_path / "secrets").iterdir())
    work.write_bytes(home.read_bytes())
    with pytest.raises(NeedsUser):
        found.get("work", "token")
