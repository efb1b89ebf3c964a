# `make help` lists the targets. Variables of config/env.py may be given on the command line,
# as in `make serve PORT=9000`.

PYTHON ?= python3
RUN := .venv/bin/python
# What the shell exported is for the production server; empty means unset.
OWN_ENVIRONMENT := DATABASE_URL= SECRET_KEY= DEBUG= HTTPS= ALLOWED_HOSTS= BIND_ADDRESS=
# npm makes this file at the end of an installation.
NODE_PACKAGES := tests/clients/node_modules/.package-lock.json
export DJANGO_SETTINGS_MODULE := config.settings

.DELETE_ON_ERROR:
.PHONY: help demo serve test check clean

help: ## List the targets.
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-6s %s\n", $$1, $$2}' Makefile

demo: .venv/.runtime ## Start a server with made-up data, on a database of its own in data/demo.
	@env $(OWN_ENVIRONMENT) DATA_DIR=data/demo $(RUN) manage.py demo

serve: .venv/.runtime ## Start the production server, after bringing the database up to date.
	@$(RUN) manage.py migrate
	@$(RUN) -m gunicorn -c config/gunicorn.py config.wsgi

test: .venv/.development .venv/.clients $(NODE_PACKAGES) ## Run the whole test suite on SQLite, then on PostgreSQL.
	@$(RUN) -m tests

check: .venv/.development ## Check style, the direction of imports, migrations and settings.
	$(RUN) -m ruff check
	$(RUN) -m ruff format --check
	.venv/bin/lint-imports --no-logo
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && set -ex && \
	export $(OWN_ENVIRONMENT) DATA_DIR="$$folder" && \
	$(RUN) manage.py makemigrations --check && \
	$(RUN) manage.py write_docs --check && \
	HTTPS=on $(RUN) manage.py check --deploy --fail-level WARNING

clean: ## Remove the virtual environment, caches and the demo's data.
	rm -rf .venv tests/clients/node_modules .pytest_cache .ruff_cache .import_linter_cache .hypothesis data/demo
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/pyvenv.cfg:
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	echo 'Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)' >&2; exit 1; }
	"$(PYTHON)" -m venv .venv

.venv/.runtime: requirements.txt .venv/pyvenv.cfg
	$(RUN) -m pip install --quiet --disable-pip-version-check --root-user-action ignore -r requirements.txt
	@touch $@

.venv/.development: requirements-dev.txt requirements.txt .venv/pyvenv.cfg
	$(RUN) -m pip install --quiet --disable-pip-version-check --root-user-action ignore -r requirements-dev.txt
	@touch .venv/.runtime $@

# What the tests use as an application does: the public SDKs, apart from what the server runs with.
.venv/.clients: tests/clients/requirements.txt .venv/pyvenv.cfg
	"$(PYTHON)" -m venv .venv/clients
	.venv/clients/bin/python -m pip install --quiet --disable-pip-version-check --root-user-action ignore -r $<
	@touch $@

# The tests that need them are skipped where there is no npm.
$(NODE_PACKAGES): tests/clients/package-lock.json
	@if command -v npm >/dev/null; then npm ci --prefix tests/clients --ignore-scripts --no-audit --no-fund --silent; fi
