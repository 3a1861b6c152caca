# What a person types to try Kolli and to work on it. `make` alone lists it.
#
# Everything lands in .venv. Its stamp files remember what was installed, so a step is only repeated when the files it
# depends on have changed.

SHELL  := bash
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip -qq --disable-pip-version-check
NAMES  := python3.13 python3.12 python3.11 python3
PYTHON ?= $(firstword $(foreach name,$(NAMES),$(shell $(name) -c \
              'import sys; sys.version_info >= (3, 11) and print("$(name)")' 2>/dev/null)))

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo setup test chaos lint format benchmark lock clean test-tools

help:  ## list what there is
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

demo: $(VENV)/.runnable  ## start Kolli with demo data and ship an order
	@$(BIN)/kolli demo

setup: $(VENV)/.ready  ## make .venv with all that Kolli and its tests need

test: setup test-tools lint  ## run every check and every test; this is what CI runs
	@echo "Running the tests on $$(getconf _NPROCESSORS_ONLN) cores ..."
	@$(BIN)/python -m pytest -n auto

# What was found is printed as the tables of docs/proof.md; `scripts/proof-page $(RESULTS)` puts them there.
RESULTS := $(VENV)/chaos.jsonl

chaos: setup  ## kill, race and starve real servers; KILLS=1000 SEEDS=1000000 ROUNDS=20 does it for longer
	@rm -f $(RESULTS)
	@echo "Breaking Kolli in every way we know, on $$(getconf _NPROCESSORS_ONLN) cores ..."
	@CHAOS_RESULTS=$(RESULTS) CHAOS_KILLS=$(KILLS) CHAOS_SEEDS=$(SEEDS) CHAOS_ROUNDS=$(ROUNDS) CHAOS_SEED=$(SEED) \
	    $(BIN)/python -m pytest -n auto tests/chaos
	@$(BIN)/python scripts/proof-page --show $(RESULTS)

lint: setup  ## check style and types
	@echo "Checking style (ruff) ..."
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check . || { echo "The layout of these files is not ours: make format" >&2; exit 1; }
	@echo "Checking types (mypy) ..."
	@$(BIN)/mypy --no-error-summary

format: setup  ## lay the code out, and mend what ruff can mend by itself
	@$(BIN)/ruff check --quiet --fix .
	@$(BIN)/ruff format .

benchmark: setup  ## measure how fast labels are made
	@$(BIN)/python -m benchmarks

lock: setup  ## choose new versions within pyproject.toml and write them down
	@echo "Choosing versions ..."
	@$(BIN)/uv pip compile $(LOCK) --extra build --output-file requirements.txt
	@$(BIN)/uv pip compile $(LOCK) --extra dev --constraint requirements.txt --output-file requirements-dev.txt

clean:  ## remove .venv and everything else that was made here
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage .coverage.* htmlcov dist
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

test-tools:
	@scripts/debian-packages
	@scripts/node-packages

# Of all platforms and all Pythons we support, with hashes; where the packages come from is nobody's business but pip's.
LOCK := pyproject.toml --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
        --no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock'

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Kolli needs Python 3.11 or newer; none of $(NAMES) is." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "$(PYTHON) cannot make a virtual environment." \
	    "On Debian and Ubuntu this helps: apt-get install python3-venv" >&2; exit 1; }
	@echo "Making .venv with $$($(PYTHON) --version) ..."
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.runnable: requirements.txt pyproject.toml | $(BIN)/python
	@echo "Installing what Kolli needs (some ten seconds) ..."
	@$(PIP) install --require-hashes --requirement requirements.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

# Holds all of requirements.txt too, hence both stamps.
$(VENV)/.ready: requirements-dev.txt requirements.txt pyproject.toml | $(BIN)/python
	@echo "Installing what Kolli and its tests need (about half a minute) ..."
	@$(PIP) install --require-hashes --requirement requirements-dev.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@ $(VENV)/.runnable
