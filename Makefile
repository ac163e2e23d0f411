# make study: the default study from nothing to reports/index.html; make test; make check. Python 3.11+, git, make.
PYTHON ?= python3
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: study test check clean

study: $(BIN)/.installed
	@pvdbench validate
	dvc repro
	@echo "The report: $(CURDIR)/reports/index.html"

test: $(BIN)/.installed-test
	pytest

check: $(BIN)/.installed-test
	ruff check .
	mypy
	lint-imports

clean:
	rm -rf .venv

$(BIN)/.installed: requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $@

$(BIN)/.installed-test: $(BIN)/.installed requirements-test.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-test.lock
	touch $@
