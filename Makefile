# Needs Python 3.11 or newer. Installs into $(VENV) when something changed, with uv where there is one, else with pip;
# both install the versions of uv.lock. All paths are relative, so that the checkout's own may contain spaces.

VENV ?= .venv
UV ?= $(shell command -v uv 2>/dev/null)
# Two more than there are processors: half of a test's time it waits, for PostgreSQL, browsers and processes that it
# started. More than eight workers wait for one PostgreSQL instead of each other. A file is one worker's, so that what its
# tests share is made once; tests/conftest.py says which files go first.
WORKERS ?= $(shell n=$$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2); echo $$((n < 6 ? n + 2 : 8)))

INSTALLED := $(VENV)/.installed
INSTALLED_TEST := $(VENV)/.installed-test
# A virtual environment knows its place by absolute paths. Moved or copied, it would run the code of the old one.
MOVED := $(shell [ ! -f $(INSTALLED) ] || [ "$$(cat $(INSTALLED))" = "$$(pwd -P)" ] || echo moved)

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo test bench lint format derive soak install clean moved

help: ## these lines
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile
	@echo "  Settings: PORT=8000 HOST=0.0.0.0 RESET=1 (demo), ARGS='-k price' (test, soak), ARGS=docs (derive), PYTHON=/path/to/python3.11"

demo: $(INSTALLED) ## a server with a demo store in it
	@exec $(VENV)/bin/storegraph serve --demo $(if $(HOST),--host "$(HOST)") $(if $(PORT),--port "$(PORT)") $(if $(RESET),--reset)

test: $(INSTALLED_TEST) ## every test, on SQLite and PostgreSQL, but for the long ones
	@$(VENV)/bin/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

soak: $(INSTALLED_TEST) ## the tests that run for minutes, some of them STOREGRAPH_SOAK_MINUTES (60), and all that draw
	@STOREGRAPH_DRAWN=$${STOREGRAPH_DRAWN:-40} $(VENV)/bin/python -m pytest -m 'soak or hypothesis' -o faulthandler_timeout=0 -s $(ARGS)

bench: $(INSTALLED_TEST) ## what reads cost by their plans, beside graphql-core's executor
	@$(VENV)/bin/python bench/plans.py $(ARGS)

lint: $(INSTALLED_TEST) ## style and types
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy

format: $(INSTALLED_TEST) ## puts right what can be put right by itself
	@$(VENV)/bin/ruff check --fix .
	@$(VENV)/bin/ruff format .

derive: $(INSTALLED_TEST) ## writes anew what is derived: SDL, pages, permission matrix, answers
	@$(VENV)/bin/python -m tests.derived $(ARGS)

install: $(INSTALLED_TEST) ## what the other targets do first

clean: ## removes what these targets made
	rm -rf $(VENV) .ci-work build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name node_modules -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

define CONSTRAINTS
import tomllib, collections
packages = [p for p in tomllib.load(open("uv.lock", "rb"))["package"] if "registry" in p["source"]]
count = collections.Counter(p["name"] for p in packages)
print(*(p["name"] + "==" + p["version"] for p in packages if count[p["name"]] == 1), sep="\n")
endef
export CONSTRAINTS

$(INSTALLED): WITH :=
$(INSTALLED_TEST): WITH := test
$(INSTALLED) $(INSTALLED_TEST): pyproject.toml uv.lock $(MOVED)
	@set -e; unset VIRTUAL_ENV; \
	export UV_SYSTEM_CERTS="$${UV_SYSTEM_CERTS:-true}" UV_PROJECT_ENVIRONMENT=$(VENV); \
	if [ -f $(INSTALLED) ] && [ "$$(cat $(INSTALLED))" != "$$(pwd -P)" ]; then rm -rf $(VENV); fi; \
	if ! $(VENV)/bin/python -c '' 2>/dev/null; then \
		rm -rf $(VENV); found=; \
		for python in $(if $(PYTHON),"$(PYTHON)",python3.11 python3 python); do \
			version=$$("$$python" -c 'import platform; print(platform.python_version())' 2>/dev/null) || continue; \
			if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then found=$$python; break; fi; \
			old="; $$python is $$version"; \
		done; \
		if [ -z "$$found" ]; then \
			echo "storegraph needs Python 3.11 or newer$$old. Install one, or name it: make PYTHON=/path/to/python3.11" >&2; \
			exit 1; \
		fi; \
		echo "Making $(VENV) with Python $$version"; \
		if [ -n "$(UV)" ]; then "$(UV)" venv --quiet --python "$$found" $(VENV); \
		else "$$found" -m venv $(VENV) || { rm -rf $(VENV); exit 1; }; fi; \
	fi; \
	echo "Installing into $(VENV)"; \
	if [ -n "$(UV)" ]; then \
		"$(UV)" sync --quiet --locked --inexact $(WITH:%=--extra %); \
	else \
		$(VENV)/bin/python -m pip --version >/dev/null 2>&1 || $(VENV)/bin/python -m ensurepip >/dev/null; \
		$(VENV)/bin/python -c "$$CONSTRAINTS" >$(VENV)/constraints.txt; \
		$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-compile \
			--constraint $(VENV)/constraints.txt --editable ".$(WITH:%=[%])"; \
		: "pip compiles on one processor, this on all; a package may have files that are no Python of this version"; \
		$(VENV)/bin/python -m compileall -q -j 0 $(VENV)/lib >/dev/null 2>&1 || true; \
	fi; \
	for stamp in $(INSTALLED) $(if $(WITH),$(INSTALLED_TEST)); do pwd -P >$$stamp; done
