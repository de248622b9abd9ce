# Everything that a contributor runs. Bare `make` lists it.

SHELL := /bin/sh
BIN := .venv/bin

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup quickstart test test-long test-wheel chaos bench check lint format types docs site screenshots walls \
	studio studio-api studio-check lock audit licences dist release

help: ## List what make can do
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Make .venv whole, with what tests and checks need
	@./brewslm --setup --extras train,dev

quickstart: ## Run the whole lifecycle on the bundled sample, offline
	@./brewslm quickstart

test: setup ## Run the tests (all but the long ones and the benchmarks)
	@$(BIN)/python -m pytest

test-long: setup ## Run the tests that take minutes
	@$(BIN)/python -m pytest -m long

test-wheel: setup ## Install the wheel in a bare environment, and live there without a network
	@$(BIN)/python -m pytest -m long tests/journeys/test_wheel.py

chaos: setup ## Lead a thousand lives with a fault each, and print the table
	@$(BIN)/python -m tests.chaos 1000

bench: setup ## Measure time and memory against peers and limits
	@$(BIN)/python -m pytest -m bench -n 0 -s tests $(wildcard benchmarks)

check: setup lint types docs site studio-check walls ## Lint, format, types, the walls of the house, generated files, the site, the Studio's
	@$(BIN)/python -m pytest -q tests/architecture

walls: setup
	@$(BIN)/lint-imports --no-logo

lint:
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check

format: setup ## Format the code and mend what ruff can mend by itself
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format
	@$(BIN)/python tools/studio.py format

types: setup ## Check the types of src and tools
	@$(BIN)/mypy

studio: setup ## Build the web interface from studio/
	@$(BIN)/python tools/studio.py build

studio-api: setup ## Generate the Studio's types from the API
	@$(BIN)/python tools/studio.py api

studio-check: setup
	@$(BIN)/python tools/studio.py check

docs: setup
	@$(BIN)/python tools/generate_docs.py --check

site: setup ## Build the documentation into build/site, strictly
	@$(BIN)/python tools/build_site.py

screenshots: setup ## Make the pictures of the Studio in docs/images anew
	@$(BIN)/python -m tests.browser.screenshots

lock: ## Write constraints.txt and hashes.txt anew; RENEW='a b' takes newer versions of a and b, RENEW='*' of all
	@./brewslm --setup --extras release
	@$(BIN)/python tools/ship.py lock $(if $(RENEW),$(foreach name,$(RENEW),'$(name)'))

audit: ## Ask for known weaknesses of all that is locked, Python's and npm's; needs the network
	@./brewslm --setup --extras release
	@$(BIN)/python tools/ship.py audit

licences: ## Install all extras, and compare the licences of what users run with the permissive ones
	@./brewslm --setup --extras all,release
	@$(BIN)/python tools/ship.py licences

dist: ## Make wheel, source distribution, bill of materials and checksums in dist/, of the commit
	@./brewslm --setup --extras all,release
	@$(BIN)/python tools/ship.py dist

release: ## Give what is unreleased its number, as a commit with a tag: make release VERSION=0.2.0
	@./brewslm --setup --extras release
	@$(BIN)/python tools/ship.py release '$(VERSION)'
