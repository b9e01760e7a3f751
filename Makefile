# Every target sets up what it needs. `make help` lists them.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
ENGINE ?= moto
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help run stop test test-store check fmt demo proof bench package deploy docs rotate-keys clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

$(READY): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Pathshala needs Python 3.11 or newer; set PYTHON=…")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt --group dev
	@touch $@

run: $(READY) ## Start the local cloud with the demo academy (DETACH=1 returns once it is ready)
	@$(BIN)/python -m infra.local run

stop: $(READY) ## Stop what `make run DETACH=1` started
	@$(BIN)/python -m infra.local stop

demo: $(READY) ## Play the academy's main story and print each step with its time
	@$(BIN)/python -m infra.local demo

test: $(READY) ## All tests, shared by WORKERS=2 processes
	@$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile

test-store: $(READY) ## The store's tests; ENGINE=dynamodb-local runs them on Amazon's DynamoDB Local
	@ENGINE=$(ENGINE) $(BIN)/python -m pytest tests/platform/store

check: $(READY) ## Format, lint, types, layers, policies, templates, OpenAPI
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/python -m infra.package check

fmt: $(READY) ## Format the code and the policies, sort imports
	@$(BIN)/ruff format --quiet .
	@$(BIN)/ruff check --quiet --fix .
	@$(BIN)/python -m infra.package format

proof: $(READY) ## The proofs of the requirement pages against a local cloud over HTTP (PAGE=12 runs one)
	@$(BIN)/python -m pytest tests/proofs $(if $(PAGE),-k page_$(PAGE))

bench: $(READY) ## Measure; prints a table and writes build/bench.json
	@$(BIN)/python -m tests.benchmarks

docs: $(READY) ## Write the generated documents anew from the declarations
	@$(BIN)/python -m infra.package docs

package: $(READY) ## Build what a deployment uploads into build/
	@$(BIN)/python -m infra.package build

deploy: $(READY) ## Deploy a stage with your AWS credentials: make deploy STAGE=dev
	@$(BIN)/python -m infra.package deploy $(STAGE)

rotate-keys: $(READY) ## Add a signing key and retire the old one: of the local cloud, or with STAGE=dev of a stage
	@$(BIN)/python -m $(if $(STAGE),infra.package rotate-keys $(STAGE),infra.local rotate-keys)

clean: ## Remove what the targets made
	rm -rf $(VENV) .local build
