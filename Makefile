# `make demo` and `make test` do everything on a fresh machine with Python 3.11 (venv) and make.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
PIP = $(BIN)/python -m pip --quiet --disable-pip-version-check

# The folder of shared test data; without it only the tests that read it are left out (that is no skip).
ifneq ($(wildcard ../shared/corpus),)
export KITH_SHARED ?= $(abspath ../shared)
endif

.PHONY: venv dev demo test golden lint corpus crash year bench lock clean help

help:
	@echo "make venv   the program in .venv (then: .venv/bin/kith --help)"
	@echo "make demo   a made-up person's mail and calendar, and one whole round of kith on them, in demo/"
	@echo "make test   everything is tried, on real servers on loopback"
	@echo "make golden every letter rendered anew into tests/golden; read the difference"
	@echo "make corpus other people's mail, calendars and address books through the real importers (CORPUS=DIR: yours)"
	@echo "make crash  the daemon is killed at every step of a life, on every backend"
	@echo "make year   a month of sixty people on real servers and a year of three hundred in memory, day by day (ARGS=--seed=2)"
	@echo "make bench  how fast it reads, beside others, on 100,000 messages; figures to bench/RESULTS.md"
	@echo "make lint   format, lint, types and layers"
	@echo "make lock   requirements*.lock anew from pyproject.toml"
	@echo "make clean  removes what is made here, demo/ included"

venv: $(VENV)/.product
dev: $(VENV)/.dev

# Without Debian's python3-venv there is no pip inside a new environment: the machine's own then serves it from outside.
$(VENV)/pyvenv.cfg:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed."; exit 1; }
	@$(PYTHON) -m venv $(VENV) >/dev/null 2>&1 || { \
	  $(PYTHON) -m pip --version >/dev/null 2>&1 || { \
	    rm -rf $(VENV); echo "Python cannot make an environment here: apt-get install python3-venv"; exit 1; }; \
	  $(PYTHON) -m venv --clear --without-pip $(VENV) && \
	  $(PYTHON) -m pip --quiet --python $(BIN)/python install pip; }

$(VENV)/.product: requirements.lock pyproject.toml $(VENV)/pyvenv.cfg
	$(PIP) install --require-hashes -r requirements.lock
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements-dev.lock pyproject.toml $(VENV)/pyvenv.cfg
	$(PIP) install --require-hashes -r requirements-dev.lock
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $(VENV)/.product $@

demo: $(VENV)/.product
	@$(BIN)/python -m daemon.cli.demo demo

# Four at once even on two cores: many tests wait for servers that are made to be slow.
test: $(VENV)/.dev
	@tests/support/system-packages
	$(BIN)/python -m pytest --numprocesses 4 --dist worksteal $(ARGS)

golden: $(VENV)/.dev
	KITH_GOLDEN=write $(BIN)/python -m pytest --quiet tests/unit/test_golden.py

lint: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Another folder of the same kinds (mail, ical, vcard, contacts) has no list of what is rightly quarantined.
corpus: $(VENV)/.dev
	@$(BIN)/python -m tests.corpus $(if $(CORPUS),"$(CORPUS)","$(KITH_SHARED)/corpus" --list docs/CORPUS.md)

crash: $(VENV)/.dev
	@tests/support/system-packages
	@$(BIN)/python -m tests.crash

# The month on Dovecot and Radicale first: it is the shorter one.
year: $(VENV)/.dev
	@tests/support/system-packages
	@$(BIN)/python -m tests.year --backend servers --people 60 --weeks 5 $(ARGS)
	@$(BIN)/python -m tests.year $(ARGS)

bench: $(VENV)/.dev
	@tests/support/system-packages mbsync:isync
	@$(BIN)/python -m bench

lock:
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/python -m pip --quiet install uv
	.venv-lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --extra postgres --group build --output-file requirements.lock pyproject.toml
	.venv-lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --extra postgres --group dev --output-file requirements-dev.lock pyproject.toml

clean:
	rm -rf $(VENV) .venv-lock demo build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
