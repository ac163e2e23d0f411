# make study: the default study from nothing to reports/index.html; make test, test-fast, check, faults. Python 3.11+, git, make.
PYTHON ?= python3
JOBS ?= 2
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: study test test-fast check audit fuzz faults bench gpu clean docs

# Each stage computes on one thread (params.yaml), so stages that do not wait for each other run side by side here.
study: $(BIN)/.installed
	@pvdbench validate
	pvdbench study run --jobs $(JOBS)
	@pvdbench verify --sample 2 || [ $$? -eq 1 ]
	pvdbench report
	@echo "The report: $(CURDIR)/reports/index.html"
	@pvdbench verify --against HEAD || [ $$? -eq 1 ]

# JOBS workers of one thread each, a module's tests on one, as they share what is dear to make; the long begin first.
# (Groups do nothing: pytest 9.2 keeps no name of a test that xdist 3.8 could add one to.)
PYTEST := pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder

test: $(BIN)/.installed-test
	$(PYTEST)

# For daily work: without pipelines, browsers, trainings and whatever else takes long.
test-fast: $(BIN)/.installed-test
	$(PYTEST) -m "not slow"

check: $(BIN)/.installed-test
	ruff check .
	mypy
	lint-imports
	bandit --quiet --recursive --configfile pyproject.toml pvdbench

# Known weaknesses of the packages that the lock files name. It asks a service on the Internet, so `check` leaves it out.
audit: $(BIN)/.installed-test
	pip-audit --disable-pip --require-hashes -r requirements.lock -r requirements-torch-index.lock -r requirements-test.lock

# INPUTS of each reader (a reader that takes longer gets fewer, tests/fuzz/readers.py); what fails is kept in the corpus.
INPUTS ?= 100000
fuzz: $(BIN)/.installed-test
	PVDBENCH_FUZZ_SECONDS=2 PVDBENCH_FUZZ_INPUTS=$(INPUTS) PVDBENCH_FUZZ_SEED=$$(date +%s) pytest -n $(JOBS) --dist load tests/fuzz -k at_random

# The pages of docs/ and the API reference as a site: site/index.html.
docs: $(BIN)/.installed-docs
	NO_MKDOCS_2_WARNING=1 mkdocs build --quiet
	@echo "The site: $(CURDIR)/site/index.html"

# Speed as ratios against a baseline in the same run; the times are no tests.
bench: $(BIN)/.installed-test
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 pytest tests/benchmarks --benchmark-enable --benchmark-only

# What tests/faults tries, at FAULTS random moments each (100: hours), and its table in docs/reliability.md.
FAULTS ?= 100
faults: $(BIN)/.installed-test
	PVDBENCH_FAULTS=$(FAULTS) PVDBENCH_FAULTS_WRITE_TABLE=1 pytest tests/faults -m faults -s

# On a machine with a graphics card whose Python (PYTHON=...) has torch: no environment is made; tests, then tables for
# docs/log.md, in less than eight minutes. What must be there: docs/running-the-papers-study.md.
gpu:
	PYTHONPATH=.:tests:$$PYTHONPATH $(PYTHON) -m pytest tests/gpu -q -o addopts= --import-mode=importlib --noconftest
	PYTHONPATH=.:tests:$$PYTHONPATH $(PYTHON) tests/card_tables.py

clean:
	rm -rf .venv

$(BIN)/.installed: requirements.lock requirements-torch-cpu.lock requirements-torch-index.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(PIP) --require-hashes -r requirements.lock
	$(PIP) --require-hashes -r requirements-torch-cpu.lock 2>/dev/null \
		|| $(PIP) --require-hashes -r requirements-torch-index.lock
	$(PIP) --no-deps --editable .
	touch $@

$(BIN)/.installed-test: $(BIN)/.installed requirements-test.lock requirements-test-alone.lock
	$(PIP) --require-hashes -r requirements-test.lock
	$(PIP) --require-hashes --no-deps -r requirements-test-alone.lock
	touch $@

$(BIN)/.installed-docs: $(BIN)/.installed requirements-docs.lock
	$(PIP) --require-hashes -r requirements-docs.lock
	touch $@
