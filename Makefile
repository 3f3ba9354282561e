# make demo: environment, install, the main job on a real field
# make test: environment if missing, the whole test suite
# make help: all targets

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
SOURCES := frm_bridge tests models benchmarks docs
CORES ?= 2

.PHONY: help demo install test format check check-wheels wrappers pictures bench clean

help:
	@echo "make demo          predict a real field, count its nuclei in ImageJ, write the report"
	@echo "make install       everything to train, predict, analyse and test, into $(VENV)"
	@echo "make test          the whole test suite but what is marked fiji, gpu or slow"
	@echo "make check         ruff and mypy"
	@echo "make format        ruff format and the fixes that ruff is sure of"
	@echo "make check-wheels  every extra resolves to wheels for Python 3.12 and 3.13"
	@echo "make wrappers      the macros for plain ImageJ, from the scripts' own parameters"
	@echo "make pictures      of plain ImageJ for the docs, or with FIJI=FOLDER of that Fiji"
	@echo "make bench         speed and memory on this machine"
	@echo "make clean         remove the environment and what it built"

demo: $(VENV)/.predict
	$(BIN)/frm-bridge demo --output demo --overwrite

install: $(VENV)/.develop

test: $(VENV)/.develop
	$(BIN)/python -m pytest -n $(CORES) --dist loadfile

format: $(VENV)/.develop
	$(BIN)/ruff check --fix --quiet $(SOURCES)
	$(BIN)/ruff format $(SOURCES)

check: $(VENV)/.develop
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/mypy

check-wheels: $(VENV)/.develop
	$(BIN)/python benchmarks/check_wheels.py

wrappers: $(VENV)/.develop
	$(BIN)/python -m frm_bridge.doors.wrappers fiji_scripts/ImageJ1/FRM

pictures: $(VENV)/.develop
	$(BIN)/python docs/pictures.py --output docs/images $(if $(FIJI),--fiji "$(FIJI)")

bench: $(VENV)/.predict
	$(BIN)/frm-bridge bench

clean:
	rm -rf $(VENV) build dist demo .pytest_cache .mypy_cache .ruff_cache

$(VENV)/bin/python:
	@$(PYTHON) -c "import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))" || \
		{ echo "Python 3.11, 3.12 or 3.13 is needed; try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.predict: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Installing into $(VENV); the first time takes a few minutes."
	$(PIP) install --quiet --constraint constraints.txt --editable ".[cpu]"
	@touch $@

$(VENV)/.develop: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Installing into $(VENV), with TensorFlow and the test tools; the first time takes some minutes."
	$(PIP) install --quiet --constraint constraints.txt --editable ".[cpu,train,share,test,dev]"
	@touch $@ $(VENV)/.predict
