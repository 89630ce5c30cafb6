# Everything happens in .venv, from hashed locks; only Python 3.11 or newer and make are asked for.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input install --quiet
READY := $(VENV)/.ready
TEST_READY := $(VENV)/.ready-to-test
# On two cores: one more than there are, since one or another always waits for a server, a terminal or the clock.
WORKERS ?= 3
UV ?= uv
COMPILE := $(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate

.PHONY: run test check fix bench soak looks docs lock clean
.DEFAULT_GOAL := run

run: $(READY)
	@$(BIN)/opsdesk demo

test: check
	$(BIN)/python -m pytest -q -n $(WORKERS) --dist worksteal

check: $(TEST_READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

fix: $(TEST_READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(TEST_READY)
	$(BIN)/python -m benchmarks

soak: $(TEST_READY)
	OPSDESK_SOAK=1 $(BIN)/python -m pytest -q -n $(WORKERS) tests/races tests/faults \
		tests/operations/test_order_machine.py tests/operations/test_money_machine.py \
		tests/operations/test_fraud_machine.py tests/peers/test_gateway_menu.py

looks: $(TEST_READY)
	$(BIN)/python -m pytest -q -n $(WORKERS) tests/looks --snapshot-update

docs: $(READY)
	$(BIN)/opsdesk keys --markdown > docs/keys.md

lock:
	$(COMPILE) pyproject.toml -o requirements.lock
	$(COMPILE) -c requirements.lock --group pyproject.toml:build -o requirements-build.lock
	$(COMPILE) -c requirements.lock pyproject.toml --group dev -o requirements-dev.lock

clean:
	rm -rf $(VENV) dist

# A stamp is written last, so a broken installation is begun again. The second stands on the first, so that
# `make -j` never runs two installations in one environment.
$(READY): requirements.lock requirements-build.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "OpsDesk needs Python 3.11 or newer: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PIP) --require-hashes --no-deps --only-binary :all: -r requirements-build.lock -r requirements.lock
	$(PIP) --no-deps --no-build-isolation --no-index --editable .
	@touch $@

# localstripe comes as source alone; what builds it is in requirements-build.lock, so nothing unhashed is fetched.
$(TEST_READY): $(READY) requirements-dev.lock
	$(PIP) --require-hashes --no-deps --no-build-isolation --only-binary :all: --no-binary localstripe \
		-r requirements-dev.lock
	@touch $@
