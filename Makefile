# The verbs of the house. Each makes what it needs: a fresh clone can begin with any of them.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PORT ?= 8000
PYTHON ?= python3
RUNS ?= 3
SIZE ?= small
BIN := .venv/bin
# without byte code every process of the tests compiles all of geoplan anew
export PYTHONDONTWRITEBYTECODE =

.PHONY: help run demo test tests test-qgis lint kernels serve bench bench-map bench-figure soak cite clean lock port-free

help:  ## Say what can be done
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

run: port-free demo  ## The main job: build layers, analyse, write maps/, serve them until Ctrl-C
	@scripts/serve $(PORT)

demo: .venv/ready  ## Build layers, find overlaps and coverage, write maps/
	@scripts/demo

test: .venv/ready  ## Set up what tests need, check the code, run all tests
	@scripts/ensure-browser
	@$(MAKE) --no-print-directory --jobs 3 kernels lint tests

# more processes than cores: some wait for browsers, servers and locks; in the order of the files, or
# the long ones that are one test each would come last
tests: .venv/ready
	@$(BIN)/pytest -q -n 4 --dist loadfile --no-loadscope-reorder

test-qgis: .venv/ready  ## Ask QGIS's own libraries (Debian: python3-qgis) how they see our files
	@QT_QPA_PLATFORM=offscreen $(BIN)/pytest -q -m qgis tests/qgis

# once for all the processes that test them, before they come there
kernels: .venv/ready
	@$(BIN)/python -m geoplan.kernels

lint: .venv/ready  ## Check style, types and who imports whom
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports

serve: port-free .venv/ready  ## Serve Anshan's plan on http://127.0.0.1:8000 (PORT=) until Ctrl-C
	@scripts/serve $(PORT)

port-free:
	@scripts/port-free $(PORT)

bench: .venv/bench  ## Compare with peers, side by side (WORKLOADS="w1 w2" RUNS=3 SIZE=small|full)
	@$(BIN)/python -m benchmarks $(WORKLOADS) --runs $(RUNS) --size $(SIZE)

bench-figure: .venv/bench  ## Compare sheets with matplotlib: CPU and size
	@$(BIN)/python -m benchmarks.figure

bench-map: .venv/bench  ## Compare maps with peers in a browser: size, time to data, CPU, panning
	@scripts/ensure-browser
	@$(BIN)/python -m benchmarks.map

soak: .venv/ready  ## The long forms of the tests
	@HYPOTHESIS_PROFILE=soak GEOPLAN_SOAK=1 $(BIN)/pytest -q -s tests/laws tests/ingest/test_cambridge.py \
	  tests/quality/test_cambridge.py tests/kernels tests/rules/test_parts.py tests/golden tests/report/test_report.py \
	  tests/figure/test_golden_sheets.py tests/browser/test_many_layers.py \
	  tests/store/test_edit.py tests/service/test_threats_kill.py tests/service/test_threats_disk.py \
	  tests/service/test_schemathesis.py

cite: .venv/ready  ## Run OGC's own test suites against the served town (needs Java 17 and Maven; SUITES="tiles10")
	@$(BIN)/python -m conformance $(SUITES)

clean:  ## Remove what was built and installed here
	@rm -rf .venv dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache benchmarks/data maps/*.html

lock:  ## Write both locks anew: versions and hashes, no addresses (needs uv)
	@uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --extra engine --extra postgis --extra scale --group dev pyproject.toml -o requirements.lock
	@uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --group pyproject.toml:bench -c requirements.lock -o requirements-bench.lock

# .venv/ready holds the folder that .venv was made in: a moved clone makes it anew
ifneq ($(shell cat .venv/ready 2>/dev/null),$(CURDIR))
.PHONY: .venv/ready
endif

.venv/ready: requirements.lock requirements-ogctests.lock pyproject.toml
	@scripts/install $(PYTHON)

# the peers come beside the product, which needs none of them; one that is absent is said so in the table
.venv/bench: requirements-bench.lock .venv/ready
	@echo "geoplan: installing the peers"
	@$(BIN)/python -m pip install --disable-pip-version-check --quiet --require-hashes -r requirements-bench.lock && touch $@ || \
	  echo "make: the peers could not be installed; the table says which are absent" >&2
