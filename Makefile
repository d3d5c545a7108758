# `make demo` and `make test` are the two commands to know; both install what they need first.
# Everything that outlives the checkout is cached in one folder; everything else lies in .venv and .sandbox.

CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/mlops-platform
# As in the workflows: the newest version whose checksums astral-sh/setup-uv publishes (known-checksums.json).
UV_VERSION := 0.12.5
UV := $(or $(shell command -v uv),$(CACHE)/uv/bin/uv)
PYTHON := .venv/bin/python
export UV
# Where this is set, every program and every test worker compiles the AWS SDK anew: seconds for each preview.
unexport PYTHONDONTWRITEBYTECODE
# Each test belongs to a group (tests/conftest.py) that one worker runs, and groups start in the order of their
# collection.
PYTEST := $(PYTHON) -m pytest --dist loadgroup --no-loadscope-reorder

.PHONY: help demo demo-down setup engine cost check format hooks lint types fast-tests test

help:
	@echo 'make demo        the whole platform on this machine, up to a model in production and a rollback'
	@echo 'make demo-down   stop it and remove everything it wrote'
	@echo 'make cost        what the settings cost in an idle month, and what each further choice adds'
	@echo 'make check       format, lint, types and the fast tests: two to three minutes'
	@echo 'make test        all tests: the fast ones and the end-to-end tests, with their coverage'
	@echo 'make format      let the formatter and the linter mend what they can'
	@echo 'make hooks       run the steps of make check before each commit and push'

demo: setup
	@$(PYTHON) -m sandbox demo

demo-down: setup
	@$(PYTHON) -m sandbox down

# All that the fast tests need. The engine, which may have to be built, is for the slow ones alone.
setup: .venv/.installed sandbox/aws/.venv/.installed

# The machine's Python serves, so nothing but packages is downloaded.
.venv/.installed: uv.lock pyproject.toml | $(UV)
	@echo 'Installing the locked dependencies' && $(UV) sync --frozen --quiet --no-python-downloads
	@touch $@

# The local AWS pins what the platform does not, so it has an environment of its own.
sandbox/aws/.venv/.installed: sandbox/aws/uv.lock sandbox/aws/pyproject.toml | $(UV)
	@echo 'Installing the local AWS' && $(UV) sync --project sandbox/aws --frozen --quiet --no-python-downloads
	@touch $@

$(CACHE)/uv/bin/uv:
	@echo 'Installing uv $(UV_VERSION)' && python3 -m venv $(CACHE)/uv && $(CACHE)/uv/bin/pip install --quiet uv==$(UV_VERSION)

engine: setup
	@echo "Engine: $$($(PYTHON) -m sandbox.engine)"

cost: setup
	@$(PYTHON) -m costs

check: setup lint
	@$(MAKE) --no-print-directory --jobs 2 types fast-tests

# Three workers for two cores, because these tests also wait.
fast-tests: setup
	$(PYTEST) --numprocesses 3 -m 'not slow'

lint: setup
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .

types: setup
	.venv/bin/pyrefly check --summary=none

format: setup
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

# git runs the steps of `check` before each commit and push.
hooks: setup
	.venv/bin/pre-commit install

test: setup lint types engine
	$(PYTEST) --numprocesses 2 --cov --cov-report=term:skip-covered
