# Bookbag: `make help` lists what can be said here. Needs git, make and Python 3.11 or newer with venv; everything else is set up in .venv/.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory
# Many tests start Bookbag as a program: it would be compiled anew each time.
unexport PYTHONDONTWRITEBYTECODE

PORT ?= 8000
N ?= 200
PYTHON ?=
UV_VERSION := 0.13.9
BIN := .venv/bin
# Tests run on every core; those of one file stay together, since they share what takes long to set up. The order is tests/conftest.py's.
SIDE_BY_SIDE := --numprocesses auto --dist loadfile --no-loadscope-reorder

# The engine that the tests share is trained meanwhile: whoever waits for it would leave a core idle.
LOOK_AND_TRAIN = $(BIN)/python -m tests.model & trained=$$!; $(MAKE) look || { kill $$trained; exit 1; }; wait $$trained

##@ Use
.PHONY: run
run: .venv/.ready  ## serve a demo school on http://127.0.0.1:8000 (PORT=9000 moves it); needs no account with anyone
	@mkdir -p var
	@BOOKBAG_DATABASE_URL="$${BOOKBAG_DATABASE_URL:-sqlite:///var/demo.db}" exec $(BIN)/bookbag run --demo --host 127.0.0.1 --port "$(PORT)"

.PHONY: rasa
rasa: var/rasa/bookbag.tar.gz  ## set up, train and serve Rasa on http://127.0.0.1:5055, for BOOKBAG_NLU__ENGINE=rasa (docs/operations.md)
	@echo "Rasa serves on http://127.0.0.1:$(RASA_PORT) in half a minute; Ctrl-C ends it"
	@cd nlu/rasa && exec $(RASA) run --enable-api -i 127.0.0.1 -p "$(RASA_PORT)" -m "$(CURDIR)/$<"

##@ Work on it
.PHONY: test
test: system .venv/.ready-dev  ## what CI runs: format, lint, types, arrows between folders, every test
	@$(LOOK_AND_TRAIN)
	@$(BIN)/pytest $(SIDE_BY_SIDE) $(PYTEST_ARGS)

.PHONY: check
check: .venv/.ready-dev  ## the fast half, under 90 seconds: the same without slow tests
	@$(LOOK_AND_TRAIN)
	@$(BIN)/pytest -m "not slow" $(SIDE_BY_SIDE) $(PYTEST_ARGS)

.PHONY: format
format: .venv/.ready-dev  ## put the code in order: format, and mend what the linter can mend
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

.PHONY: crash-test
crash-test: system .venv/.ready-dev  ## kill the server N times (N=200) at random instants, and in the middle of broadcasts, and count what was lost or said twice
	@BOOKBAG_CRASHES="$(N)" $(BIN)/pytest -m crash $(PYTEST_ARGS)

.PHONY: faults
faults: system .venv/.ready-dev  ## let what it stands on fail N times (N=10) while parents write: its database, the way there, disk, providers, clock
	@BOOKBAG_FAULTS="$(if $(filter command line,$(origin N)),$(N),10)" $(BIN)/pytest -s tests/crash/test_faults.py $(PYTEST_ARGS)

.PHONY: fuzz
fuzz: .venv/.ready-dev  ## have it understand N hostile texts (N=100000) and tell the slowest; and send N/50 to every address and channel (seeds are printed)
	@BOOKBAG_FUZZ="$(if $(filter command line,$(origin N)),$(N),100000)" $(BIN)/pytest tests/nlu/test_fuzz.py tests/bot/test_fuzz.py tests/console/test_fuzz.py $(PYTEST_ARGS)

.PHONY: languages
languages: .venv/.ready  ## a row for each language: sentences, draft or read, price on SMS, how well it is understood
	@$(BIN)/bookbag translations report

.PHONY: catalogs
catalogs: .venv/.ready  ## bring every catalog up to the code; `bookbag translations check` says what is left to do
	@$(BIN)/bookbag translations update

.PHONY: sbom
sbom: .venv/.ready  ## what Bookbag is made of, as CycloneDX: var/bookbag.cdx.json
	@mkdir -p var
	@$(BIN)/python -m bot.bill >var/bookbag.cdx.json
	@echo "var/bookbag.cdx.json"

.PHONY: test-rasa
test-rasa: .venv/.ready-dev  ## the tests against a real Rasa server, in two or three minutes; needs what 'make rasa' sets up
	@$(BIN)/pytest -m rasa $(PYTEST_ARGS)

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

# Rasa 3.6 ends at Python 3.10 and brings a TensorFlow of its time, so it has an environment of its own. Since pkg_resources left setuptools it needs an old one.
# It sends its makers no telemetry here, uses no graphics card, and hushes warnings about its own libraries.
RASA_PORT ?= 5055
RASA_VERSION := 3.6.21
PYTHON_RASA ?=
# English alone: on two cores that trains in two or three minutes; all languages take two minutes an epoch, forty in all, and 2.5 GB of memory. Files, not folders, since data/nlu/test must not be learnt.
RASA_DATA ?= $(addprefix data/nlu/,$(addsuffix .yml,appointments events language_consent messages out_of_scope packs questionnaires school_facts talk))
RASA := env RASA_TELEMETRY_ENABLED=false RASA_CACHE_DIRECTORY="$(CURDIR)/var/rasa/cache" CUDA_VISIBLE_DEVICES=-1 TF_CPP_MIN_LOG_LEVEL=2 \
	SQLALCHEMY_SILENCE_UBER_WARNING=1 PYTHONWARNINGS=ignore "$(CURDIR)/.venv-rasa/bin/rasa"

var/rasa/bookbag.tar.gz: nlu/rasa/config.yml var/rasa/data.txt $(RASA_DATA) | .venv-rasa/.ready
	@echo "Training Rasa on $(words $(RASA_DATA)) files"
	@rm -rf var/rasa/data && mkdir var/rasa/data && cp $(RASA_DATA) var/rasa/data/
	@cd nlu/rasa && $(RASA) train nlu --nlu "$(CURDIR)/var/rasa/data" --config config.yml --out "$(CURDIR)/var/rasa" --fixed-model-name bookbag

# What it was trained on last: another choice of files trains anew.
.PHONY: rasa-data
rasa-data:
var/rasa/data.txt: rasa-data
	@mkdir -p var/rasa
	@echo "$(RASA_DATA)" | cmp -s - $@ || echo "$(RASA_DATA)" >$@

.venv-rasa/.ready: | .venv-rasa/bin/pip
	@echo "Setting up Rasa $(RASA_VERSION) in .venv-rasa (once; some minutes, 2.7 GB)"
	@if ! { .venv-rasa/bin/pip install -q --disable-pip-version-check uv==$(UV_VERSION) \
	    && .venv-rasa/bin/uv pip install -q --python .venv-rasa/bin/python "rasa==$(RASA_VERSION)" "setuptools<71"; } 2>.venv-rasa/uv.log; then \
	  echo "uv could not (see .venv-rasa/uv.log): pip does it, which takes longer"; \
	  .venv-rasa/bin/pip install -q --disable-pip-version-check "rasa==$(RASA_VERSION)" "setuptools<71"; \
	fi
	@touch $@

.venv-rasa/bin/pip:
	@python=""; \
	for candidate in $(PYTHON_RASA) python3.10 python3.9 python3.8 "$$HOME"/.pyenv/versions/3.{10,9,8}.*/bin/python; do \
	  if "$$candidate" -c 'import sys, ensurepip, venv; sys.exit(not (3, 8) <= sys.version_info[:2] <= (3, 10))' 2>/dev/null; then python="$$candidate"; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
	  echo "Rasa $(RASA_VERSION) needs Python 3.8, 3.9 or 3.10, with venv, and there is none here."; \
	  echo "Install one beside this one ('pyenv install 3.10' does), or name it: make rasa PYTHON_RASA=/path/to/python3.10"; \
	  exit 1; \
	fi; \
	"$$python" -m venv .venv-rasa

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
