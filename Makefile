# Everything a person or a CI job does here. `make run` needs Python 3.11 with venv and nothing else.

PYTHON ?= $(firstword $(foreach v,11 12 13 14,$(shell command -v python3.$(v) 2>/dev/null)) python3)
VENV ?= .venv
BIN := $(VENV)/bin
JOBS ?= auto
UV ?= $(BIN)/uv
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input $(if $(wildcard $(HOME)/.),,--no-cache-dir)
COMPILE := pip compile --generate-hashes --universal --python-version 3.11 --quiet --custom-compile-command "make lock"
TOOLS := VITRINE_DATA_DIR=$(CURDIR)/build/check

ifdef PORT
export VITRINE_PORT := $(PORT)
endif

.DEFAULT_GOAL := help
.PHONY: help run test check format lock crash fuzz conformance bench clean

help: ## Say what can be made.
	@sed -n 's/^\([a-z]*\):.*## /make \1\t/p' $(MAKEFILE_LIST) | expand -t 14

run: $(VENV)/.installed ## Run the service on http://127.0.0.1:9292 (PORT=8080 and VITRINE_* choose otherwise).
	@exec $(BIN)/python manage.py serve $(ARGS)

test: $(VENV)/.installed-dev ## Run the tests; with scripts/services those of the whole service too, and all on PostgreSQL.
	$(BIN)/pytest -n $(JOBS) --dist loadfile -m "not crash and not conformance" $(ARGS)
ifdef VITRINE_TEST_POSTGRES_URL
	VITRINE_TEST_DATABASE=postgresql $(BIN)/pytest -n $(JOBS) --dist loadfile \
	  -m "not crash and not conformance and not e2e and not browser" \
	  --ignore=tests/stores --ignore=tests/architecture --ignore=tests/settings $(ARGS)
endif

check: $(VENV)/.installed-dev ## Run every check that needs no service: style, types, imports, settings, migrations.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	$(BIN)/lint-imports
	$(BIN)/pytest -q -n0 -p no:cacheprovider tests/architecture/test_words.py tests/architecture/test_dead_code.py
	$(TOOLS) $(BIN)/python manage.py check --fail-level WARNING
	$(TOOLS) $(BIN)/python manage.py makemigrations --check --dry-run

format: $(VENV)/.installed-dev ## Sort imports, fix what can be fixed, format.
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

lock: ## Pin requirements.in and requirements-dev.in, with hashes.
	$(UV) $(COMPILE) requirements.in -o requirements.txt
	$(UV) $(COMPILE) requirements-dev.in -o requirements-dev.txt
	for name in keystone tempest glance; do \
	  $(UV) $(COMPILE) scripts/testservers/$$name.in -o scripts/testservers/$$name.txt || exit; done

crash: $(VENV)/.installed-dev ## Kill processes at every failpoint, 50 at random, and Elasticsearch; set clocks apart; check that nothing is lost.
	VITRINE_TEST_CRASH_KILLS=$(or $(VITRINE_CRASH_KILLS),50) \
	VITRINE_TEST_CRASH_SEARCH_KILLS=$(or $(VITRINE_CRASH_SEARCH_KILLS),$(if $(VITRINE_CRASH_KILLS),1,3)) \
	VITRINE_TEST_CRASH_PROFILES="$(or $(VITRINE_CRASH_PROFILES),embedded $(if $(VITRINE_CRASH_KILLS),,production-redis))" \
	VITRINE_TEST_CRASH_SEED=$(VITRINE_CRASH_SEED) $(BIN)/pytest -p no:randomly -m crash tests/crash tests/stores $(ARGS)

fuzz: $(VENV)/.installed-dev ## Throw 100 000 requests at a running service (VITRINE_TEST_FUZZ_CASES, VITRINE_TEST_FUZZ_SEED choose otherwise).
	VITRINE_TEST_E2E=1 VITRINE_TEST_FUZZ_CASES=$(or $(VITRINE_TEST_FUZZ_CASES),100000) $(BIN)/pytest -p no:randomly -m fuzz --timeout 7200 tests/api $(ARGS)

conformance: $(VENV)/.installed-dev ## Run tempest's tests of images against the service (scripts/services install tempest).
	$(BIN)/pytest -m conformance tests/tempest $(ARGS)

bench: $(VENV)/.installed-dev ## Run the benchmarks.
	$(BIN)/python -m benchmarks.run $(ARGS)

clean: ## Remove what the tools left; the data folder and the environment stay.
	rm -rf build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "make: Vitrine needs Python 3.11 or later; '$(PYTHON)' is none (PYTHON=/path/to/python3.11 names another)" >&2; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "make: $(PYTHON) has no venv; on Debian and Ubuntu: apt-get install python3.11-venv" >&2; exit 2; }
	@echo "Making a virtual environment in $(VENV)."
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 2; }

$(VENV)/.installed: requirements.txt | $(BIN)/python
	@echo "Installing what the service needs into $(VENV); this happens once and takes a minute."
	@$(PIP) install --quiet --require-hashes -r requirements.txt
	@touch $@

$(VENV)/.installed-dev: requirements-dev.txt requirements.txt | $(BIN)/python
	@echo "Installing what tests and checks need into $(VENV); this happens once and takes a minute."
	@$(PIP) install --quiet --require-hashes -r requirements-dev.txt
	@touch $(VENV)/.installed $@
