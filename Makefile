# `make help` lists the verbs. Only Python 3.11+ is needed to start.
.DEFAULT_GOAL := help
.PHONY: help run test install lint types format ui ui-test openapi build ci-acceptance ci-e2e acceptance e2e pictures clean

BIN := .venv/bin
PAGE := api/openmemory_api/static/index.html
RUNNABLE := .venv/.runnable
INSTALLED := .venv/.installed
# uv trusts what this machine trusts, as pip does.
export UV_SYSTEM_CERTS := true
LOCKED := pyproject.toml uv.lock .ci/bootstrap

help: ## List what can be done here
	@grep -E '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

run: $(RUNNABLE) ## Serve OpenMemory on 127.0.0.1:8765
	@.ci/ui refresh
	@exec $(BIN)/openmemory serve

test: $(INSTALLED) ## Run the tests with their coverage gate; no Node needed
	$(BIN)/python -m pytest -n 2 --dist loadfile --cov --durations=10

install: $(INSTALLED) ## Make .venv with the locked dependencies

# What only developers need is most of the download, so serving does without it.
$(RUNNABLE): $(LOCKED)
	@if [ -e $(INSTALLED) ]; then .ci/bootstrap && touch $(INSTALLED); else .ci/bootstrap --no-dev; fi
	@touch $@

$(INSTALLED): $(LOCKED)
	@.ci/bootstrap
	@touch $@ $(RUNNABLE)

lint: $(INSTALLED) ## Check style and the layers
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports

types: $(INSTALLED) ## Check types, strictly
	$(BIN)/pyright

format: $(INSTALLED) ## Rewrite the code in the project's style
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

ui: ## Build the dashboard; needs Node 22 or newer
	@.ci/ui build

ui-test: ## Check the dashboard's sources, their tests, and the size of the build
	@.ci/ui check

openapi: $(INSTALLED) ## Write the API's document anew, and the dashboard's types from it
	$(BIN)/openmemory openapi > ui/openapi.json
	@.ci/ui types

build: $(INSTALLED) ## Build the sdist and the wheel into dist/
	@test -e $(PAGE) || { echo "The dashboard is not built, and would be missing: run 'make ui' first"; exit 1; }
	rm -rf dist
	UV_PYTHON=$(BIN)/python UV_PYTHON_DOWNLOADS=never $(BIN)/uv build --quiet
	@ls dist

ci-acceptance: build ## Try the wheel in a clean environment, then clients as CI does
	$(BIN)/python .ci/check_wheel.py
	$(BIN)/python -m pytest tests/acceptance -m ci --durations=10 -o faulthandler_timeout=900

ci-e2e: $(INSTALLED) ## The dashboard's checks that CI runs, in Chromium
	@test -e $(PAGE) -a -e ui/node_modules || .ci/ui build
	@browser=$$(.ci/chromium) && CHROMIUM=$$browser \
		$(BIN)/python -m pytest tests/e2e -m ci -n 2 --dist loadfile --durations=10

acceptance: build ## The full matrix of clients, by hand before a release
	$(BIN)/python .ci/check_wheel.py
	$(BIN)/python -m pytest tests/acceptance --durations=10 -o faulthandler_timeout=3600

e2e: $(INSTALLED) ## All of the dashboard's checks, in Chromium
	@test -e $(PAGE) -a -e ui/node_modules || .ci/ui build
	@browser=$$(.ci/chromium) && CHROMIUM=$$browser \
		$(BIN)/python -m pytest tests/e2e -n 2 --dist loadfile --durations=10

pictures: $(INSTALLED) ## Photograph every page into .acceptance/pictures
	@test -e $(PAGE) -a -e ui/node_modules || .ci/ui build
	@browser=$$(.ci/chromium) && CHROMIUM=$$browser $(BIN)/python -m tests.e2e.pictures .acceptance/pictures

clean: ## Remove what was built; the memories are elsewhere
	rm -rf api/openmemory_api/static ui/node_modules
	rm -rf .venv build dist .coverage .coverage.* .pytest_cache .ruff_cache .hypothesis
	rm -rf .import_linter_cache
	find openmemory_mcp api tests -name __pycache__ -type d -prune -exec rm -rf {} +
