"""``kith`` with a clock that runs ahead: ``python -m tests.support.ahead SECONDS [kith's arguments]``."""

from __future__ import annotations

import sys
from datetime import timedelta

from daemon.cli.context import Ctx, utc_now
from daemon.cli.main import run

if __name__ == "__main__":
    AHEAD = timedelta(seconds=float(sys.argv[1]))
    sys.exit(run(sys.argv[2:], Ctx(clock=lambda: utc_now() + AHEAD)))
