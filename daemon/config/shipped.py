"""Where the files shipped with kithd are: in a checkout beside the package, in a wheel inside it."""

from __future__ import annotations

from pathlib import Path

from daemon.core.errors import NeedsUser

PACKAGE = Path(__file__).resolve().parents[1]


def shipped_folder(name: str, package: Path = PACKAGE) -> Path:
    """The folder of shipped ``templates`` or ``systemd`` units, whatever way kithd was installed.

    Raises:
        NeedsUser: it is nowhere: the installation is not whole.
    """
    for folder in (package / name, package.parent / name):
        if folder.is_dir():
            return folder
    raise NeedsUser(f"kithd's own {name} are missing.", "Install it again (pipx install --force kithd).")
