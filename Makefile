# Two commands do it all: `make demo` and `make test`. The environment is made on first use,
# with uv where there is one, else with any Python >= 3.12.
VENV ?= .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
STAMP := $(VENV)/.ready
WITH_DOCS := $(VENV)/.docs
WITH_MUTANTS := $(VENV)/.mutants

.PHONY: demo test lint types contracts bench survey-diff torture mutants dist docs pictures schemas clean
demo: $(INSTALLED)
	@$(BIN)/python -m overlaytool demo

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

survey-diff: $(STAMP)
	$(BIN)/python benchmarks/survey_diff.py $(SURVEY_DIFF_ARGS)

torture: $(STAMP)
	$(BIN)/python benchmarks/torture.py $(TORTURE_ARGS)

mutants: $(WITH_MUTANTS)
	$(BIN)/python benchmarks/mutants.py $(MUTANTS_ARGS)

dist: $(STAMP)
	rm -rf dist
	$(BIN)/python -m build --no-isolation --outdir dist
	cd dist && sha256sum -- *.whl *.tar.gz > SHA256SUMS

docs: $(WITH_DOCS)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict --site-dir site

schemas: $(STAMP)
	$(BIN)/python packaging/schemas.py

pictures: $(STAMP)
	$(BIN)/python docs/pictures.py docs/images $(REPORT)

# What runs overlaytool; then what its tests need besides; then what its documents need.
$(INSTALLED): pyproject.toml .ci/environment
	@.ci/environment $(VENV) runtime
	@touch $@

$(STAMP): $(INSTALLED)
	@.ci/environment $(VENV) dev
	@touch $@

$(WITH_DOCS): $(STAMP)
	@.ci/environment $(VENV) docs
	@touch $@

$(WITH_MUTANTS): $(STAMP)
	@.ci/environment $(VENV) mutants
	@touch $@

clean:
	rm -rf $(VENV) dist site .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
