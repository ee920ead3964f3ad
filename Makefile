# On Windows, or without make: README.md gives the plain commands.
PYTHON ?= python3
BIN := .venv/bin

lab: .venv/installed          ; $(BIN)/vaecourse lab $(ARGS)
test: .venv/installed-test    ; $(BIN)/python -m pytest --nbval -n 2 $(ARGS)
course: .venv/installed       ; $(BIN)/vaecourse course $(ARGS)
quick: .venv/installed-test   ; $(BIN)/python -m pytest -n 2 -m "not slow" tests $(ARGS)
notebooks: .venv/installed    ; $(BIN)/vaecourse course --store $(ARGS) && $(BIN)/vaecourse release
html: .venv/installed         ; $(BIN)/vaecourse html $(ARGS)
bench: .venv/installed        ; set -e; for script in benchmarks/[!_]*.py; do $(BIN)/python $$script; done

# A stamp is written only when everything before it went well, so an interrupted set-up starts afresh.
.venv/installed: requirements.txt pyproject.toml $(BIN)/python
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || \
	  { echo "vaecourse needs Python 3.11, 3.12 or 3.13, and $(PYTHON) is: $$($(PYTHON) --version 2>&1)."; \
	    echo "Name another one, for example: make PYTHON=python3.12"; exit 1; }
	@{ test -f $@ && $(BIN)/python -m pip --version; } >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv
	@rm -f $@
	@echo "Installing what the lessons need into .venv: a few minutes, once."
	$(BIN)/python -m pip install -r requirements.txt
	@touch $@

.venv/installed-test: .venv/installed
	$(BIN)/python -m pip install -e ".[test]"
	@touch $@

$(BIN)/python: # no recipe: when it is gone, as after an upgrade of Python, the set-up is done again

.PHONY: lab test quick course notebooks html bench
