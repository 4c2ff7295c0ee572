# Two commands do their own set-up on a machine that has Python 3.11 and nothing else: `make train` and `make test`.
PYTHON ?= python3.11
ARGS ?= model=convnet dataset=catsdogs
BIN := .venv/bin

.PHONY: train test check install lock

train: install
	$(BIN)/python train.py $(ARGS)

test: install
	$(BIN)/python -m pytest $(PYTEST)

check: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/lint-imports

install: .venv/installed

.venv/installed: requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

# The lock file names no package index. Needs uv.
lock:
	uv pip compile pyproject.toml --extra dev --extra population --python-version 3.11 --no-emit-index-url --no-emit-find-links \
		--no-header --no-annotate --output-file requirements.lock
