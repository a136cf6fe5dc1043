# Two commands do it all: `make demo` and `make test`. The environment is made on first use,
# with uv where there is one, else with any Python >= 3.12.
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready

.PHONY: demo test lint types contracts bench clean
demo: $(STAMP)
	$(BIN)/python -m overlaytool demo

test: $(STAMP)
	$(BIN)/python -m pytest $(PYTEST_ARGS)

lint: $(STAMP)
	$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: $(STAMP)
	$(BIN)/mypy

contracts: $(STAMP)
	$(BIN)/lint-imports

bench: $(STAMP)
	$(BIN)/python benchmarks/bench.py $(BENCH_ARGS)

$(STAMP): pyproject.toml .ci/environment
	.ci/environment $(VENV)
	touch $@

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
