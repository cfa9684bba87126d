# Every target sets up .venv by itself, and only when the pinned requirements changed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# Enough for the command line: what the image has, too. An operator's machine needs nothing else.
RUNTIME_READY := $(VENV)/.ready-runtime
# Programs are generated from the OpenAPI documents in an environment of their own: the generator and the command line
# want different versions of one library.
CLIENT_VENV := .venv-client
CLIENT_READY := $(CLIENT_VENV)/.ready
# So does the identity provider that the tests sign in with: its package brings a folder `tests` of its own.
PROVIDER_VENV := .venv-provider
PROVIDER_READY := $(PROVIDER_VENV)/.ready
PIN := $(BIN)/uv pip compile -q --universal --generate-hashes --python-version 3.11 --only-binary :all: \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make pins" $(UPGRADE)
export UV_PYTHON_DOWNLOADS := never
# Certificates that the machine trusts beyond the usual ones, as behind a company's proxy.
ifneq ($(wildcard /etc/ssl/certs/ca-certificates.crt),)
export UV_SYSTEM_CERTS := true
endif

# What checks Prometheus' rules: the machine's own promtool, or that out of Debian's package, which is not installed.
PROMTOOL := .promtool/promtool
# What steps the clock of the rig's PostgreSQL, out of Debian's package, which is not installed.
FAKETIME := $(VENV)/faketime/libfaketime.so.1

AS_ROOT := $(if $(filter-out 0,$(shell id -u)),sudo)

.DEFAULT_GOAL := help
.PHONY: help up demo test check audit sbom format faults mutants bench browser promtool screenshots coverage test-compose cli env pins docs clean

help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 15

up: $(READY) ## Run the whole platform here: databases, services and workers (ARGS="--port-base 9000")
	@$(BIN)/luotsi up $(ARGS)

demo: $(READY) ## Play a referral from end to end on a fresh temporary platform
	@$(BIN)/luotsi demo $(ARGS)

test: $(READY) $(CLIENT_READY) $(PROVIDER_READY) $(PROMTOOL) ## Run all tests but those in containers (ARGS="--keep -k word": some, soon)
	@$(BIN)/python -m tests.browser
	@$(BIN)/pytest --numprocesses auto --dist loadfile --no-loadscope-reorder $(ARGS)

check: $(READY) ## Check format, lint, types and the direction of imports
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

audit: $(READY) ## Ask OSV what is known against the pinned requirements; says so where it cannot be reached
	@$(BIN)/python -m supply.audit $(ARGS)

sbom: $(READY) ## Write bills of materials (CycloneDX) of the wheels and of the image into sbom/ (IMAGE=luotsi:local)
	@$(BIN)/python -m supply.sbom sbom/wheels.cdx.json
	@$(BIN)/python -m supply.sbom sbom/image.cdx.json --image $(or $(IMAGE),luotsi:local)

format: $(READY) ## Format the code, and mend what the linter can mend
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

faults: $(READY) ## Let faults happen to a working platform and check that nothing is lost (SEED=1 MINUTES=2)
	@$(MAKE) --no-print-directory $(FAKETIME) || true
	@$(BIN)/python -m tests.faults --seed $(or $(SEED),1) --minutes $(or $(MINUTES),2) $(ARGS)

mutants: $(READY) ## Plant mistakes in copies of the code, and see that each is noticed (ARGS="--only word --part 2/4")
	@$(BIN)/python -m tests.mutants $(ARGS)

bench: $(READY) ## Measure the event path and the platform, beside others (ten minutes; ARGS=--quick)
	@$(BIN)/python -m bench $(ARGS)

browser: $(READY) ## Get the browser that tests drive, if none is there: Debian's package, else Playwright's
	@$(BIN)/python -m tests.browser 2>/dev/null \
	|| { . /etc/os-release && [ "$$ID" = debian ] && $(AS_ROOT) apt-get update && $(AS_ROOT) apt-get install -y --no-install-recommends chromium; } \
	|| $(BIN)/playwright install --with-deps chromium

promtool: $(PROMTOOL) ## Get what checks Prometheus' rules, if it is not there: out of Debian's package

screenshots: $(READY) ## Take the pictures of the README anew
	@$(BIN)/python -m tests.portal.readme_pictures

coverage: $(READY) $(CLIENT_READY) $(PROVIDER_READY) $(PROMTOOL) ## Run the tests, and print which lines and branches they ran, by folder (ARGS="tests/domain")
	@$(BIN)/coverage erase
	-@$(BIN)/coverage run -m pytest $(ARGS)
	@$(BIN)/coverage combine -q
	@$(BIN)/coverage json -q -o .coverage/report.json
	@$(BIN)/python -m tests.coverage_by_folder .coverage/report.json

test-compose: $(READY) ## Run the tests in containers (needs docker compose)
	@$(BIN)/pytest -m compose $(ARGS)

cli: $(RUNTIME_READY) ## Put the command line into .venv, and nothing else (.venv/bin/luotsi)

env: $(RUNTIME_READY) ## Write .env with random secrets for docker compose, once
	@$(BIN)/luotsi env

pins: $(READY) ## Pin the requirements anew from pyproject.toml (UPGRADE=--upgrade for newer versions)
	@$(PIN) requirements/uv.in -o requirements/uv.txt
	@$(PIN) pyproject.toml --extra tracing -o requirements/runtime.txt
	@$(PIN) requirements/client-generator.in -o requirements/client-generator.txt
	@$(PIN) requirements/identity-provider.in -o requirements/identity-provider.txt
	@$(PIN) pyproject.toml --extra embedded --extra tracing --group dev -c requirements/runtime.txt -o requirements/dev.txt

docs: $(READY) ## Write the generated pages of docs/ anew
	@$(BIN)/python -m luotsi.docs_tools.lifecycle
	@$(BIN)/python -m luotsi.docs_tools.asyncapi
	@$(BIN)/python -m tests.events.golden

clean: ## Remove the virtual environment and caches; data in .luotsi stays
	@rm -rf $(VENV) $(CLIENT_VENV) $(PROVIDER_VENV) .promtool build dist sbom *.egg-info .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis .coverage .luotsi-test
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# $(call venv,REQUIREMENTS): .venv with these and no others, and the command `luotsi` of this very folder.
define venv
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11")'
	@test -x $(BIN)/pip || $(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/pip install -q --disable-pip-version-check --require-hashes --only-binary :all: -r requirements/uv.txt
	@$(BIN)/uv pip sync -q --compile-bytecode --python $(BIN)/python --require-hashes --only-binary :all: $(1)
	@$(BIN)/python -c 'import pathlib, sysconfig; pathlib.Path(sysconfig.get_path("purelib"), "luotsi.pth").write_text("$(CURDIR)\n")'
	@printf '#!/bin/sh\nexec "%s/$(BIN)/python" -m luotsi "$$@"\n' "$(CURDIR)" > $(BIN)/luotsi
	@chmod 755 $(BIN)/luotsi
endef

$(READY): requirements/uv.txt requirements/dev.txt Makefile
	$(call venv,requirements/dev.txt)
	@touch $@ $(RUNTIME_READY)

# Where the whole of it is already, it stays.
$(RUNTIME_READY): requirements/uv.txt requirements/runtime.txt Makefile
	$(call venv,requirements/$(if $(wildcard $(READY)),dev,runtime).txt)
	@touch $@ $(wildcard $(READY))

$(CLIENT_READY): requirements/client-generator.txt $(READY)
	@$(BIN)/uv venv -q --clear --python $(BIN)/python $(CLIENT_VENV)
	@$(BIN)/uv pip sync -q --python $(CLIENT_VENV)/bin/python --require-hashes --only-binary :all: requirements/client-generator.txt
	@touch $@

$(PROVIDER_READY): requirements/identity-provider.txt $(READY)
	@$(BIN)/uv venv -q --clear --python $(BIN)/python $(PROVIDER_VENV)
	@$(BIN)/uv pip sync -q --python $(PROVIDER_VENV)/bin/python --require-hashes --only-binary :all: requirements/identity-provider.txt
	@touch $@

$(PROMTOOL):
	@rm -rf $(@D) && mkdir $(@D)
	@if command -v promtool >/dev/null; then ln -s "$$(command -v promtool)" $@; \
	elif cd $(@D) && { apt-get download -q prometheus || { $(AS_ROOT) apt-get update -q && apt-get download -q prometheus; }; } >log 2>&1 \
		&& dpkg-deb --fsys-tarfile prometheus_*.deb | tar -x --strip-components=3 ./usr/bin/promtool; then rm -f prometheus_*.deb log; \
	else cat log; echo "promtool comes with Prometheus (https://prometheus.io/download): put it into PATH, then again"; exit 1; fi

# Where it cannot be had, a run says what it leaves out.
$(FAKETIME):
	@rm -rf $(@D) && mkdir $(@D)
	@cd $(@D) && { apt-get download -q libfaketime || { $(AS_ROOT) apt-get update -q && apt-get download -q libfaketime; }; } >log 2>&1 \
		&& dpkg-deb --fsys-tarfile libfaketime_*.deb | tar -x --strip-components=5 --wildcards './usr/lib/*/faketime/libfaketime.so.1' \
		&& touch libfaketime.so.1 && rm libfaketime_*.deb log || { cat log; exit 1; }
