# softgrad: everyday commands. Every target sets up what it needs; `make` alone lists them.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

VENV := .venv
SANITIZERS := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -g1
BIN := $(VENV)/bin

# PYTHON=/path/to/python chooses the interpreter; otherwise the first suitable one is taken.
PYTHON ?=
CANDIDATES = $(if $(PYTHON),$(PYTHON),python3.13 python3.12 python3.11 python3.14 python3)
PIP_INSTALL := -m pip install --quiet --disable-pip-version-check

# What the compiled part is made from; Python sources are used in place and need no new installation.
BUILD_INPUTS := pyproject.toml CMakeLists.txt $(wildcard src/softgrad/kernels/native/*)

.PHONY: help
help:  ## this list
	@echo "softgrad: the gradient, checked; the fit, certified."
	@echo
	@sed -nE 's/^([a-z][a-z-]*):.*## (.*)$$/  make \1\t\2/p' Makefile | expand -t 20
	@echo
	@echo "PYTHON=... chooses the interpreter (3.11 or newer) that a new $(VENV) is made with."

.PHONY: demo
demo: $(VENV)/.installed  ## set up, then fit, certify, evaluate and report on the 8x8 digits
	@mkdir -p build
	$(BIN)/softgrad fit examples/digits.parquet --target digit --test-size 0.2 --seed 0 --model build/digits.softgrad \
	  --report build/digits.html

.PHONY: test
test: $(VENV)/.installed-test  ## set up, then run the tests
	$(BIN)/python -m pytest $(PYTEST_ARGS)

.PHONY: check
check: $(VENV)/.installed-dev  ## format, lint, types and the import rule, then the tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/mypy tests/typed tools noxfile.py $(wildcard examples/*.py)
	$(BIN)/python tools/check_imports.py
	$(MAKE) test

.PHONY: docs
docs: $(VENV)/.installed-docs  ## set up, then build the documents as a site in build/docs; a broken link is an error
	$(BIN)/python -m sphinx -b html -W --keep-going -q -d build/doctrees docs build/docs
	@echo "The documents begin at build/docs/index.html."

.PHONY: test-all
test-all: test-newest test-oldest test-without-compiler test-avx512 fuzz fuzz-guided  ## the tests on every Python, with the oldest dependencies, without a compiler, of kernels for other machines, and both fuzz targets

# SEED=7 draws the cases of that seed again.
SEED ?= $(shell echo $$RANDOM)
.PHONY: fuzz
fuzz: SEED := $(SEED)
fuzz: $(VENV)/.installed-test  ## 100 000 random cases of arguments, files and command lines (an hour or so)
	@echo "The seed is $(SEED): make fuzz SEED=$(SEED) draws the same cases again."
	SOFTGRAD_TEST_SEED=$(SEED) SOFTGRAD_FUZZ_CASES=100000 $(BIN)/python -m pytest tests/fuzz \
	  --hypothesis-seed=$(SEED) $(PYTEST_ARGS)

# In an environment of its own: atheris has wheels for CPython 3.11 to 3.13 on Linux.
.PHONY: fuzz-guided
fuzz-guided: SEED := $(SEED)
fuzz-guided: RUNS ?= 20000
fuzz-guided:  ## guided by coverage: RUNS=20000 files of each kind and command lines (half an hour or so)
	$(call fresh,guided,3.11)
	.venvs/guided/bin/python $(PIP_INSTALL) --editable '.[test]' 'atheris>=3.0'
	.venvs/guided/bin/python -m tests.fuzz.guided --runs $(RUNS) --seed $(SEED)

.PHONY: test-peers
test-peers: $(VENV)/.installed-peers  ## softgrad.migration against the libraries themselves; says what it lacks
	@command -v java >/dev/null || echo "Without Java 17 or newer Spark is left out (Debian: openjdk-17-jre-headless)."
	@Rscript -e 'library(glmnet)' >/dev/null 2>&1 || echo "Without R and glmnet glmnet is left out (Debian: r-base-core r-cran-glmnet)."
	$(BIN)/python -m pytest tests/peers -rPs $(PYTEST_ARGS)

.PHONY: bench
bench: $(VENV)/.installed-test  ## the benchmark tables, one script after the other
	@shopt -s nullglob; scripts=(benchmarks/[!_]*.py); \
	if [ $${#scripts[@]} -eq 0 ]; then echo "There is no benchmark under benchmarks/ yet."; fi; \
	for script in "$${scripts[@]}"; do echo "== $$script"; $(BIN)/python "$$script"; done

.PHONY: bench-full
bench-full: $(VENV)/.installed-bench  ## fits on all data against every peer, and the promises on 200 problems (hours)
	@mkdir -p build
	SOFTGRAD_CLAIMS=200 $(BIN)/python -m pytest tests/claims
	$(BIN)/python benchmarks/fits.py --full --details --keep build/fits.jsonl --image docs/images/fits.png

.PHONY: dist
dist: $(VENV)/.installed-dev  ## the wheel and the source distribution, checked, and each installed and tried
	rm -rf dist
	$(BIN)/python -m build
	$(BIN)/twine check --strict dist/*
	$(BIN)/python tools/check_dist.py dist
	$(NOX) --session installed

# In an environment of its own: what it looks at is what a user gets.
.PHONY: audit
audit:  ## look the dependencies up in the database of known vulnerabilities (needs the network)
	$(call fresh,audit,3.11)
	.venvs/audit/bin/python $(PIP_INSTALL) '.[all]' pip-audit
	.venvs/audit/bin/python tools/audit.py

.PHONY: sanitize
sanitize:  ## the kernels' tests under AddressSanitizer and UBSan (GCC or Clang on Linux)
	$(call fresh,sanitize,3.11)
	.venvs/sanitize/bin/python $(PIP_INSTALL) --editable '.[test]' \
	  --config-settings=cmake.define.CMAKE_CXX_FLAGS='$(SANITIZERS)' \
	  --config-settings=cmake.define.SOFTGRAD_OPTIMIZATION=-O1 --config-settings=install.strip=false
	@export LD_PRELOAD="$$(for library in asan ubsan stdc++; do $${CXX:-c++} -print-file-name=lib$$library.so; done | paste -sd:)"; \
	export ASAN_OPTIONS=detect_leaks=0:max_malloc_fill_size=1073741824:malloc_fill_byte=255 UBSAN_OPTIONS=print_stacktrace=1; \
	for kernels in portable best; do echo "== $$kernels"; \
	  if [ $$kernels = best ]; then unset SOFTGRAD_KERNELS; else export SOFTGRAD_KERNELS=$$kernels; fi; \
	  best=$$(.venvs/sanitize/bin/python -c 'from softgrad.kernels import choice; print(choice.backend())'); \
	  .venvs/sanitize/bin/python -m pytest tests/kernels --capture=sys -k "$$best and not little_memory" $(PYTEST_ARGS); done

.PHONY: valgrind
valgrind: $(VENV)/.installed-test  ## the portable kernels under valgrind's memory checker
	@mkdir -p build
	SOFTGRAD_KERNELS=portable PYTHONMALLOC=malloc OPENBLAS_NUM_THREADS=1 \
	  valgrind --quiet --track-origins=yes --log-file=build/valgrind.log $(BIN)/python -m tests.kernels.all_jobs
	@if grep -q _native build/valgrind.log; then cat build/valgrind.log; exit 1; fi; echo "No error in the kernels."

.PHONY: format
format: $(VENV)/.installed-dev  ## reformat the sources and apply the linter's safe fixes
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

.PHONY: clean
clean:  ## remove the environments, the builds and the caches
	rm -rf $(VENV) .venvs .nox build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find src tests tools examples -name __pycache__ -type d -prune -exec rm -rf {} +

# ------------------------------------------------------------------------------------------- set-up

$(VENV)/pyvenv.cfg:
	@chosen=; for candidate in $(CANDIDATES); do \
	  if "$$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; \
	  then chosen=$$candidate; break; fi; done; \
	if [ -z "$$chosen" ]; then \
	  echo "softgrad needs Python 3.11 or newer with its venv module, and none of '$(CANDIDATES)' is that;" \
	       "install one (on Debian: python3 python3-venv) or pass PYTHON=/path/to/python." >&2; exit 1; fi; \
	echo "Making $(VENV) with $$("$$chosen" --version)."; \
	"$$chosen" -m venv --clear $(VENV)

# $(call install,PYTHON,EXTRA,PIP ARGUMENTS) installs softgrad in place and says which kernels it got.
define install
	@echo "Installing softgrad[$(2)]; the first time this downloads its dependencies."
	$(1) $(PIP_INSTALL) $(3) --editable '.[$(2)]'
	@$(1) -c 'from softgrad.kernels.choice import backend; print("Kernels:", backend())'
endef

$(VENV)/.installed: $(BUILD_INPUTS) $(VENV)/pyvenv.cfg
	$(call install,$(BIN)/python,all)
	@touch $@

$(VENV)/.installed-test: $(BUILD_INPUTS) $(VENV)/pyvenv.cfg
	$(call install,$(BIN)/python,test)
	@touch $(VENV)/.installed $@

$(VENV)/.installed-docs: $(BUILD_INPUTS) $(VENV)/pyvenv.cfg
	$(call install,$(BIN)/python,docs)
	@touch $(VENV)/.installed $@

$(VENV)/.installed-dev: $(BUILD_INPUTS) $(VENV)/pyvenv.cfg
	$(call install,$(BIN)/python,dev)
	@touch $(VENV)/.installed $(VENV)/.installed-docs $(VENV)/.installed-test $@

$(VENV)/.installed-bench: $(VENV)/.installed-test
	$(call install,$(BIN)/python,bench)
	@touch $@

$(VENV)/.installed-peers: $(VENV)/.installed-test
	$(call install,$(BIN)/python,peers)
	@touch $@

# -------------------------------------------------------------------------------- test environments

# $(call fresh,NAME,VERSION) makes .venvs/NAME with Python VERSION, from PATH or else from pyenv.
define fresh
	@python=; for candidate in python$(2) $$(ls -d "$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/$(2).*/bin/python 2>/dev/null); do \
	  if "$$candidate" -c 'import sys, venv, ensurepip; sys.exit("%d.%d" % sys.version_info[:2] != "$(2)")' >/dev/null 2>&1; \
	  then python=$$candidate; break; fi; done; \
	if [ -z "$$python" ]; then echo "Python $(2) with its venv module was not found on PATH or in pyenv; install it to run this target." >&2; exit 1; fi; \
	echo "== $(1): $$("$$python" --version)"; "$$python" -m venv --clear .venvs/$(1)
endef

# noxfile.py says with what; it finds Pythons on PATH only, where pyenv's stubs would hide those behind them.
NOX = PATH="$(CURDIR)/$(BIN):$$(printf '%s:' $(PYENV_BINS))$$PATH" nox
PYENV_BINS = $(wildcard $(or $(PYENV_ROOT),$(HOME)/.pyenv)/versions/3.*/bin)

.PHONY: test-newest test-oldest test-without-compiler test-avx512
test-newest test-oldest: test-%: $(VENV)/.installed-dev
	$(NOX) --session $* -- $(PYTEST_ARGS)

# A compiler that never works: the install has to go on without it.
test-without-compiler: export CXX = false
test-without-compiler:
	$(call fresh,without-compiler,3.11)
	$(call install,.venvs/without-compiler/bin/python,test)
	.venvs/without-compiler/bin/python -c 'from softgrad.kernels.choice import backend; assert backend() == "numpy"'
	.venvs/without-compiler/bin/python -m pytest $(PYTEST_ARGS)

# The AVX-512 kernels, in AVX2 instructions where the machine has no others.
test-avx512:
	$(call fresh,avx512,3.11)
	.venvs/avx512/bin/python $(PIP_INSTALL) --editable '.[test]' \
	  $(if $(shell grep -l avx512bw /proc/cpuinfo 2>/dev/null),,--config-settings=cmake.define.SOFTGRAD_EMULATE_AVX512=ON)
	SOFTGRAD_KERNELS=avx512 .venvs/avx512/bin/python -m pytest tests/kernels -k avx512 $(PYTEST_ARGS)
