# `make` alone tells what there is to make.
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

# the first Python that this project runs on; or say `make PYTHON=/path/to/python ...`
SUITS := import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 15))
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$python" -c '$(SUITS)' 2>/dev/null && { echo "$$python"; break; }; done)
BIN := .venv/bin
# of the tests: most wait for servers, so that more run side by side than there are cores
PROCESSES ?= 3
# by file, in the order of names
SPREAD := --dist loadfile --no-loadscope-reorder
PACKAGES := .venv/packages.stamp
READY := .venv/project.stamp

.PHONY: help
help: ## tell what there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: venv
venv: $(READY) ## the virtual environment .venv, from the lock (other targets make it themselves)

$(PACKAGES): requirements.lock
	@test -n "$(PYTHON)" || { echo "error: no Python from 3.11 to 3.14 with venv and ensurepip was \
	found; install one, or say make PYTHON=/path/to/python" >&2; exit 1; }
	@echo "making .venv: some minutes the first time" >&2
	test -x $(BIN)/python || "$(PYTHON)" -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps \
		-r requirements.lock
	@touch $@

$(READY): $(PACKAGES) pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps \
		--no-build-isolation --editable .
	@touch $@

.PHONY: demo
demo: $(READY) ## a real contact log through the whole system, on Kafka and PostgreSQL
	$(BIN)/crosstie demo $(ARGS)

.PHONY: test
test: $(READY) ## the test suite (ARGS='-k word' for a part, PROCESSES=0 in this process alone)
	$(BIN)/python -m pytest -m 'not bench and not long' --numprocesses $(PROCESSES) $(SPREAD) $(ARGS)

.PHONY: long
long: $(READY) ## the tests that take minutes: servers killed, away, frozen or overloaded under a whole system
	$(BIN)/python -m pytest -m long --numprocesses $(PROCESSES) $(SPREAD) $(ARGS)

.PHONY: cover
cover: $(READY) ## the test suite with branch coverage
	$(BIN)/python -m pytest -m 'not bench and not long' --cov --cov-report=term $(ARGS)

.PHONY: bench
bench: $(READY) ## measure: figures and ratios as JSON (ARGS='--only rounds --sizes 1000')
	@$(BIN)/python -m benchmarks $(ARGS)

.PHONY: chaos
chaos: $(READY) ## faults on a whole system under load, then an audit (ARGS='--seed 1 --seeds 20 --events 100000 --table chaos.json')
	@$(BIN)/crosstie chaos $(ARGS)

.PHONY: overload
overload: $(READY) ## ten times what a worker carries, watched from outside, then an audit (ARGS='--seconds 60')
	@$(BIN)/crosstie overload $(ARGS)

.PHONY: mutants
mutants: $(READY) ## deliberate defects and mutations, each noticed by a test (ARGS='--only fence')
	$(BIN)/python -m tests.mutants $(ARGS)

.PHONY: fuzz
fuzz: $(READY) ## wrong inputs at both doors and in the decoders (ARGS='--inputs 1000000 --seed 2')
	@$(BIN)/python -m tests.fuzz $(ARGS)

.PHONY: lint
lint: $(READY) ## style, format, and who may import whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-logo

.PHONY: type
type: $(READY) ## mypy, strict
	$(BIN)/mypy libs services tests benchmarks

.PHONY: fmt
fmt: $(READY) ## format, and mend what can be mended
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

.PHONY: lock
lock: $(READY) ## remake requirements.lock (ARGS=--upgrade for newer versions)
	$(BIN)/uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 \
		--fork-strategy fewest --generate-hashes --no-emit-index-url --no-annotate --no-header \
		--quiet --output-file requirements.lock $(ARGS)

.PHONY: sbom
sbom: $(READY) ## write sbom.cdx.json, every locked package and jar (CycloneDX)
	$(BIN)/python -W ignore deploy/sbom.py sbom.cdx.json

.PHONY: lock-jars
lock-jars: $(READY) ## remake the lock of Kafka's jars from runtime/broker/jgo.toml
	$(BIN)/python -m crosstie.runtime.java

.PHONY: clean
clean: ## remove the virtual environment and every tool's cache
	rm -rf .venv .coverage* .hypothesis .import_linter_cache .mutants .mypy_cache .pytest_cache .ruff_cache

include deploy/tools.mk
