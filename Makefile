# Broadsheet: the commands that people use. `make` alone lists them.
#
# Nothing but make (GNU make 3.81, which macOS has, or newer) and Python 3.11 to 3.14 is needed. The
# virtual environment is .venv; what is installed in it is pinned, with hashes, in requirements.txt
# and requirements-dev.txt.
# `make demo ARGS="--once --port 8765"` hands arguments on; so does `make test ARGS="-k digest"`.
# `make install PYTHON=/path/to/python3.12` chooses the interpreter, and `VENV=build/other` makes
# another virtual environment, beside the first.

VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check --no-input -qq
ARGS ?=
PYTHON ?=

# What `make check` sets for `check --deploy`: a production-like environment that sends nothing.
# An empty variable counts as unset, and keeps a developer's .env out of it.
PRODUCTION := DEBUG=false DATABASE_URL= REDIS_URL= EMAIL_BACKEND= ANYMAIL= ALLOWED_HOSTS= \
	HSTS_SECONDS= SSL_REDIRECT= DKIM_KEY= LOG_LEVEL= LOG_FORMAT= VAR_DIR=build/check \
	SECRET_KEY=only-for-the-checks-of-make-check-0123456789-abcdefghijklmnop \
	SITE_URL=https://papers.example.org TRUSTED_PROXIES=1 EMAIL_URL=smtp://mail.example.org:587 \
	FROM_EMAIL="Broadsheet <digest@papers.example.org>" LIST_ID=digest.papers.example.org \
	UNSUBSCRIBE_EMAIL=leave@papers.example.org \
	ALERT_WEBHOOK_URL=https://alerts.example.org/hook \
	POSTAL_ADDRESS="Broadsheet, 1 Example Street, 12345 Example"

.DEFAULT_GOAL := help
.PHONY: help demo install install-dev install-mail-checks test check format bench-web messages lock screenshots clean

help: ## List these commands
	@echo "Broadsheet. Commands:"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-20s %s\n", $$1, $$2 }' Makefile

demo: $(VENV)/installed ## Run the whole thing here: papers, three readers, their mails in the browser
	@exec $(PY) manage.py demo $(ARGS)

install: $(VENV)/installed ## Only install, into .venv

install-dev: $(VENV)/installed-dev ## Install what tests and checks need, too

install-mail-checks: ## Install what the tests hold the mails against (needs Node.js and npm)
	cd .ci/npm && npm ci --ignore-scripts --no-progress

test: $(VENV)/installed-dev ## Run all tests (ARGS go to pytest)
	@$(PY) -m pytest $(ARGS)

check: $(VENV)/installed-dev ## Lint, format, types, import contract, migrations, deployment settings
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy .
	$(VENV)/bin/lint-imports
	@mkdir -p build/check
	$(PRODUCTION) $(PY) manage.py makemigrations --check --dry-run
	$(PRODUCTION) $(PY) manage.py check --deploy --fail-level WARNING

format: $(VENV)/installed-dev ## Format the code and mend what the linter can mend
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

messages: $(VENV)/installed-dev ## Gather what is to be translated, and compile it (needs GNU gettext)
	$(PY) manage.py makemessages --all --extension html,txt,py,mjml --no-location --no-obsolete --ignore .venv --ignore tests --ignore build --ignore var
	@for catalog in newsletter/locale/*/LC_MESSAGES/django.po; do \
		echo "$$catalog:"; msgfmt --check --statistics -o "$${catalog%.po}.mo" "$$catalog" || exit 1; \
		msgattrib --untranslated "$$catalog"; msgattrib --only-fuzzy "$$catalog"; \
	done

bench-web: $(VENV)/installed-dev ## Measure the day's page with wrk and a browser
	@$(PY) -m tests.benchmarks.bench_web $(ARGS)

# Universal over Python 3.11 to 3.14, and without the address of any index in them.
COMPILE := build/lock/bin/uv pip compile --quiet --universal --python-version 3.11 \
	--fork-strategy fewest --generate-hashes --no-emit-index-url --no-emit-find-links \
	--no-annotate --no-header

lock: ## Pin requirements*.txt anew from pyproject.toml (ARGS="--upgrade" takes newer versions)
	@$(call make_venv,build/lock)
	build/lock/bin/python -m pip --disable-pip-version-check install --quiet uv
	$(COMPILE) $(ARGS) --output-file requirements.txt pyproject.toml
	$(COMPILE) $(ARGS) --output-file requirements-dev.txt --constraint requirements.txt \
		--group pyproject.toml:dev pyproject.toml

screenshots: $(VENV)/installed-dev ## Make the pictures of docs/ anew (needs Chromium)
	@$(PY) -m tests.browser.screenshots $(ARGS)

clean: ## Remove everything that was installed or made here, the demo's data in var/ too
	rm -rf $(VENV) .ci/npm/node_modules build staticfiles var .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --- How it is installed ------------------------------------------------------------------

$(VENV)/installed: requirements.txt
	@$(call make_venv,$(VENV))
	@echo "Installing Broadsheet into $(VENV) (the first time takes about a minute) ..."
	@$(PIP) install --no-compile --require-hashes -r requirements.txt
	@touch $@

$(VENV)/installed-dev: requirements-dev.txt requirements.txt
	@$(call make_venv,$(VENV))
	@echo "Installing Broadsheet and its tests' tools into $(VENV) ..."
	@$(PIP) install --no-compile --require-hashes -r requirements-dev.txt
	@touch $(VENV)/installed $@

# Make the virtual environment $(1), unless it stands and works. Each candidate is run, because a
# name on the PATH may be an old Python or a shim without one behind it.
define make_venv
"$(1)/bin/python" -m pip --version >/dev/null 2>&1 && exit 0; \
found=; bare=; \
for python in $(if $(PYTHON),"$(PYTHON)",python3 python3.14 python3.13 python3.12 python3.11 python); do \
	"$$python" -c "import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))" \
		>/dev/null 2>&1 || continue; \
	if "$$python" -c "import ensurepip, venv" >/dev/null 2>&1; then found="$$python"; break; fi; \
	bare="$$python"; \
done; \
if [ -z "$$found" ] && [ -n "$$bare" ]; then \
	version=$$("$$bare" -c "import sys; print('%d.%d' % sys.version_info[:2])"); \
	echo "$$bare (Python $$version) cannot make virtual environments: its ensurepip is missing." >&2; \
	echo "On Debian or Ubuntu: apt-get install python$$version-venv (or python3-venv)." >&2; \
	exit 1; \
fi; \
if [ -z "$$found" ]; then \
	echo "Broadsheet needs Python 3.11 to 3.14, and $(if $(PYTHON),$(PYTHON) is none of them,none was found here)." >&2; \
	echo "Install one, or name it: make install PYTHON=/path/to/python3.12" >&2; \
	exit 1; \
fi; \
"$$found" -m venv --clear "$(1)"
endef
