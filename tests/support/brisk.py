"""``kith`` that does not wait a minute between a round and one that a server's word brings about."""

from __future__ import annotations

import sys

from daemon.cli.main import run
from daemon.service import loop

if __name__ == "__main__":
    loop.LULL = 0.0
    sys.exit(run(sys.argv[1:]))
