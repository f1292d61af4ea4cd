# Bookbag: `make help` lists what can be said here. Needs git, make and Python 3.11 or newer with venv; everything else is set up in .venv/.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

PORT ?= 8000
N ?= 200
PYTHON ?=
UV_VERSION := 0.13.9
BIN := .venv/bin

##@ Use
.PHONY: run
run: .venv/.ready  ## serve a demo school on http://127.0.0.1:8000 (PORT=9000 moves it); needs no account with anyone
	@mkdir -p var
	@BOOKBAG_DATABASE_URL="$${BOOKBAG_DATABASE_URL:-sqlite:///var/demo.db}" exec $(BIN)/bookbag run --demo --host 127.0.0.1 --port "$(PORT)"

##@ Work on it
.PHONY: test
test: system .venv/.ready-dev  ## what CI runs: format, lint, types, arrows between folders, every test
	@$(MAKE) look
	@$(BIN)/pytest $(PYTEST_ARGS)

.PHONY: check
check: .venv/.ready-dev  ## the fast half, under 90 seconds: the same without slow tests
	@$(MAKE) look
	@$(BIN)/pytest -m "not slow" $(PYTEST_ARGS)

.PHONY: format
format: .venv/.ready-dev  ## put the code in order: format, and mend what the linter can mend
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

.PHONY: crash-test
crash-test: system .venv/.ready-dev  ## kill the server N times (N=200) at random instants and count what was lost or said twice
	@BOOKBAG_CRASHES="$(N)" $(BIN)/pytest -m crash $(PYTEST_ARGS)

.PHONY: fuzz
fuzz: .venv/.ready-dev  ## have it understand N hostile texts (N=100000) and tell the slowest
	@BOOKBAG_FUZZ="$(if $(filter command line,$(origin N)),$(N),100000)" $(BIN)/pytest tests/nlu/test_fuzz.py $(PYTEST_ARGS)

.PHONY: lock
lock: .venv/.ready-dev  ## choose versions anew within pyproject.toml's ranges and write both lock files
	@$(BIN)/uv pip compile $(LOCK) --group build pyproject.toml -o requirements.lock
	@$(BIN)/uv pip compile $(LOCK) --group dev pyproject.toml -o requirements-dev.lock

.PHONY: help
help:  ## this list
	@awk 'BEGIN {FS = ":.*## "} /^##@ / {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: look
look:
	@$(BIN)/ruff format --check --output-format concise . || { echo "Not formatted: 'make format' does it."; exit 1; }
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

# The lock files hold hashes and no addresses. uv is quick but reads none of pip's settings (mirror, certificates): where it fails, pip does the work.
LOCK := --quiet --upgrade --universal --generate-hashes --no-header --no-annotate --python $(BIN)/python
define install
	@echo "Setting up .venv from $(1) (once; about half a minute)"
	@if ! { $(BIN)/pip install -q --disable-pip-version-check uv==$(UV_VERSION) \
	    && $(BIN)/uv pip install -q --compile-bytecode --python $(BIN)/python --require-hashes -r $(1); } 2>.venv/uv.log; then \
	  echo "uv could not (see .venv/uv.log): pip does it, which takes longer"; \
	  $(BIN)/pip install -q --disable-pip-version-check --no-deps --require-hashes -r $(1); \
	fi
	@$(BIN)/pip install -q --disable-pip-version-check --no-build-isolation --no-deps --editable .
endef

.venv/.ready: requirements.lock pyproject.toml | .venv/bin/pip
	$(call install,requirements.lock)
	@touch $@

.venv/.ready-dev: requirements-dev.lock .venv/.ready
	$(call install,requirements-dev.lock)
	@touch $@

.venv/bin/pip:
	@python=""; \
	for candidate in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11; do \
	  if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then python="$$candidate"; break; fi; \
	done; \
	if [ -z "$$python" ]; then echo "Bookbag needs Python 3.11 or newer. Install it, or name it: make PYTHON=/path/to/python3 $(MAKECMDGOALS)"; exit 1; fi; \
	if ! "$$python" -c 'import ensurepip, venv' 2>/dev/null; then \
	  if [ "$${CI:-}" = true ] && [ "$$(id -u)" = 0 ]; then apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3-venv; \
	  else echo "Python's venv module is missing. On Debian and Ubuntu: apt install python3-venv"; exit 1; fi; \
	fi; \
	"$$python" -m venv .venv

# PostgreSQL and a browser are for tests alone. CI installs them and forbids the skip; nobody else's machine is changed.
.PHONY: system
system:
	@missing=""; \
	{ command -v initdb || ls /usr/lib/postgresql/*/bin/initdb; } >/dev/null 2>&1 || missing="$$missing postgresql"; \
	command -v chromium >/dev/null || missing="$$missing chromium"; \
	[ -e /usr/share/fonts/truetype/noto/NotoSansEthiopic-Regular.ttf ] || missing="$$missing fonts-noto-core"; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if [ "$${CI:-}" = true ] && [ "$$(id -u)" = 0 ]; then \
	  echo "Installing$$missing"; \
	  apt-get update -qq; \
	  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
	else echo "Tests that need them will skip; to run them all: apt install$$missing"; fi
