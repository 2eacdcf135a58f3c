"""`python -m daemon.cli` is `kith`."""

from daemon.cli.main import main

main()
