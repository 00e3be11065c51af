# Everything starts from a bare machine with Python 3.11+ and make.
.DEFAULT_GOAL := help
.PHONY: help chart cli contract install demo console-shots test check bench chaos format lock openapi tables docs licences airflow executors spark ray doubles clean

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
# what a test starts imports what others have compiled; that is most of what a short process does
unexport PYTHONDONTWRITEBYTECODE
STAMP = $(VENV)/.installed-$(1)
LINT_DOCUMENT = cd openapi && node_modules/.bin/spectral lint --quiet --fail-severity hint -r spectral.yaml openapi.json \
	&& node_modules/.bin/redocly lint --config redocly.yaml --max-problems 20 openapi.json
CONSOLE_TYPES = openapi/console/schema.d.ts
CHECK_CONSOLE = $(MAKE) -s $(CONSOLE_TYPES) && openapi/node_modules/.bin/tsc -p openapi/console

help: ## Show the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(BIN)/uv: requirements-tools.lock
	@test -n "$(PYTHON)" || { echo "Python 3.11 to 3.14 is needed and none was found"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-tools.lock
	@touch $(BIN)/uv

$(call STAMP,run): $(BIN)/uv requirements.lock pyproject.toml
	@test -e $(call STAMP,dev) || $(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements-tools.lock requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --offline --editable .
	@touch $@

$(call STAMP,dev): $(BIN)/uv requirements-dev.lock pyproject.toml
	@$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements-tools.lock requirements-dev.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --offline --editable .
	@touch $@ $(call STAMP,run)

install: $(call STAMP,run) ## Create .venv and install from the hashed lock

demo: install ## Run the main job end to end on this machine; KEEP=1 stays up, with the console
	@$(BIN)/audience-export demo $(if $(KEEP),--keep)

test: $(call STAMP,dev) ## Run the tests
	@$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

check: $(call STAMP,dev) ## Lint, types, import contracts, Dockerfile
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/hadolint Dockerfile
	@$(BIN)/python -c "import yaml; yaml.safe_load(open('compose.yaml'))"
	@if test -e openapi/node_modules/.installed; then ($(LINT_DOCUMENT)) && $(CHECK_CONSOLE); \
	else echo "The API document is linted, and the console's types are checked, by make contract, which needs node."; fi

console-shots: $(call STAMP,dev) ## Pictures of every screen of the console, into docs/console (needs Chromium)
	@$(BIN)/python -m tests.console.shots docs/console

airflow: $(call STAMP,dev) ## Run the DAG of docs/schedulers.md with Airflow, in an environment of its own
	@test -x .data/airflow/bin/python || $(BIN)/uv venv --quiet --python $(BIN)/python .data/airflow
	@$(BIN)/uv pip install --quiet --python .data/airflow/bin/python "apache-airflow==3.3.2" "apache-airflow-providers-http==6.3.0"
	@AIRFLOW_PYTHON=$(CURDIR)/.data/airflow/bin/python $(BIN)/python -m pytest tests/guide/test_airflow.py

executors: $(BIN)/uv ## Build the rules without servers, for executors of a cluster, into dist/
	@rm -rf .data/executors dist/audience_export_hashing-*.whl && mkdir -p .data/executors/app
	@cp -r executors/pyproject.toml LICENSE .data/executors/
	@cp -r app/__init__.py app/clock.py app/errors.py app/schedule_times.py app/identifiers .data/executors/app/
	@$(BIN)/uv build --quiet --wheel --no-build-isolation --offline --python $(BIN)/python --out-dir dist .data/executors

.data/spark/.installed: executors executors/pyproject.toml
	@test -x .data/spark/bin/python || $(BIN)/uv venv --quiet --python $(BIN)/python .data/spark
	@$(BIN)/uv pip install --quiet --python .data/spark/bin/python --reinstall-package audience-export-hashing \
		"pyspark==4.3.0" "$$(echo dist/audience_export_hashing-*.whl)[spark]"
	@touch $@

spark: $(call STAMP,dev) .data/spark/.installed ## Hash with Spark as docs/clusters.md says, in an environment of its own; needs Java
	@SPARK_PYTHON=$(CURDIR)/.data/spark/bin/python $(BIN)/python -m pytest tests/sources_end_to_end/test_spark.py

.data/ray/.installed: executors executors/pyproject.toml
	@test -x .data/ray/bin/python || $(BIN)/uv venv --quiet --python $(BIN)/python .data/ray
	@$(BIN)/uv pip install --quiet --python .data/ray/bin/python --reinstall-package audience-export-hashing \
		"ray[data]==2.60.0" "$$(echo dist/audience_export_hashing-*.whl)[ray]"
	@touch $@

ray: $(call STAMP,dev) .data/ray/.installed ## The same with Ray Data, in an environment of its own
	@RAY_PYTHON=$(CURDIR)/.data/ray/bin/python $(BIN)/python -m pytest tests/sources_end_to_end/test_spark.py

chart: $(call STAMP,dev) ## Render the Helm chart, and hold it and the dashboard to the schemas of Kubernetes and Grafana; needs node
	@$(BIN)/python deploy/tools.py
	@$(BIN)/python -m pytest -q tests/operate/test_chart.py tests/operate/test_alerts.py

openapi/node_modules/.installed: openapi/package.json openapi/package-lock.json
	@npm ci --prefix openapi --ignore-scripts --no-audit --no-fund --silent
	@touch $@

openapi/.venv/.installed: $(BIN)/uv openapi/requirements.lock
	@test -x openapi/.venv/bin/python || $(BIN)/uv venv --quiet --python $(BIN)/python openapi/.venv
	@$(BIN)/uv pip sync --quiet --python openapi/.venv/bin/python --require-hashes openapi/requirements.lock
	@touch $@

$(CONSOLE_TYPES): openapi/openapi.json openapi/node_modules/.installed
	@cd openapi && node_modules/.bin/openapi-typescript openapi.json --default-non-nullable=false -o console/schema.d.ts >/dev/null 2>&1

contract: $(call STAMP,dev) openapi/node_modules/.installed openapi/.venv/.installed ## Lint the API document, check the console against it, try generated clients; needs node
	@$(LINT_DOCUMENT)
	@$(CHECK_CONSOLE)
	@$(BIN)/python -m pytest -q tests/clients

cli: $(call STAMP,dev) ## Build the wheel of the command line alone, into .data/cli
	@$(BIN)/uv build --quiet --wheel --no-build-isolation --offline --python $(BIN)/python -o .data/cli app/cli
	@rm -rf app/cli/build app/cli/audience_export_cli.egg-info

bench: $(call STAMP,dev) ## Measure; writes benchmarks/RESULTS.md (QUICK=1: no ten-million runs)
	@$(BIN)/python -m benchmarks $(if $(QUICK),--quick)

chaos: $(call STAMP,dev) ## The long form of the crash tests and of the fuzz; hours: see CONTRIBUTING.md
	@CHAOS=full $(BIN)/python -m pytest tests/chaos -m chaos
	@CHAOS=full $(BIN)/python -m pytest tests/identifiers tests/contract tests/guide/test_story_of_the_document.py tests/sources_end_to_end/test_same_audience.py tests/meta/test_quota.py --timeout 3600

format: $(call STAMP,dev) ## Format the code
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format .

openapi: $(call STAMP,dev) ## Regenerate openapi/openapi.json and docs/errors.md
	@$(BIN)/audience-export openapi > openapi/openapi.json
	@$(BIN)/python openapi/errors_page.py > docs/errors.md

tables: $(call STAMP,dev) ## Make the data files of the rules from their sources
	@$(BIN)/python -m tables

docs: $(call STAMP,dev) ## Regenerate docs/settings.md and the table of bad input in docs/segments.md
	@$(BIN)/python -m tests.house.settings_page
	@$(BIN)/python -m tests.sources_end_to_end.bad_input

licences: $(call STAMP,dev) ## Regenerate docs/licences.md
	@$(BIN)/python -m tests.house.licences

lock: $(BIN)/uv ## Resolve anew and write the hashed lock files
	@rm -f uv.lock && $(BIN)/uv lock --quiet
	@$(BIN)/uv export --quiet --no-emit-project --no-dev --extra delta --extra mysql --extra iceberg --extra otel --no-header -o requirements-image.lock
	@$(BIN)/uv export --quiet --no-emit-project --no-dev --extra embedded --extra delta --extra mysql --extra iceberg --extra otel --no-header -o requirements.lock
	@$(BIN)/uv export --quiet --no-emit-project --extra embedded --extra delta --extra mysql --extra iceberg --extra otel --no-header -o requirements-dev.lock
	@rm -f uv.lock

doubles: $(BIN)/uv ## The engine behind the double of ClickHouse, for its tests
	@test -d build/chdb || $(BIN)/uv pip install --quiet --no-deps --target build/chdb chdb-core==26.9.0

clean: ## Remove what make made
	rm -rf $(VENV) .data .mypy_cache .ruff_cache .pytest_cache
