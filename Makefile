# make study: the default study from nothing to reports/index.html; make test; make check. Python 3.11+, git, make.
PYTHON ?= python3
JOBS ?= 2
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: study test check bench gpu clean

# Each stage computes on one thread (params.yaml), so stages that do not wait for each other run side by side here;
# `dvc repro` alone gives the same files, one stage after the other, and does at the end whatever a wave left (dvc gives
# up on its lock after three seconds where another process is busy with it).
study: $(BIN)/.installed
	@pvdbench validate
	dvc repro --quiet pretrain
	@for wave in train-motion train-deblur 'flow|deblur' 'score-.*'; do \
		dvc stage list --name-only | grep -E "^($$wave)(@|$$)" \
			| xargs -P $(JOBS) -n 1 dvc --wait-for-lock repro --quiet --single-item || true; \
	done
	dvc repro
	@echo "The report: $(CURDIR)/reports/index.html"

test: $(BIN)/.installed-test
	pytest

check: $(BIN)/.installed-test
	ruff check .
	mypy
	lint-imports

# Speed as ratios against a baseline in the same run; the times are no tests.
bench: $(BIN)/.installed-test
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 pytest tests/benchmarks --benchmark-enable --benchmark-only

# On a machine with a graphics card whose Python (PYTHON=...) has torch: no environment is made.
gpu:
	PYTHONPATH=.:tests $(PYTHON) -m pytest tests/gpu -q -o addopts= --import-mode=importlib --noconftest
	PYTHONPATH=. $(PYTHON) -m pvdbench bench training

clean:
	rm -rf .venv

$(BIN)/.installed: requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(PIP) -r requirements.lock
	$(PIP) --no-deps --editable .
	touch $@

$(BIN)/.installed-test: $(BIN)/.installed requirements-test.lock requirements-test-alone.lock
	$(PIP) -r requirements-test.lock
	$(PIP) --no-deps -r requirements-test-alone.lock
	touch $@
