# Everything a fresh machine needs is Python 3.11 or newer (with venv), git and make.
# Each target sets up what it needs; `make` alone lists them.

.DEFAULT_GOAL := help
.PHONY: help setup digest test check gates build lock clean

help: ## list these targets
	@printf 'make TARGET, where TARGET is\n'
	@sed -n 's/^\([a-z][a-z]*\):.*## \(.*\)/  \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-10s %s\n", $$1, $$2 }'

setup: ## make .venv with the locked dependencies (only if they changed)
	@scripts/setup

digest: setup ## build today's letter and send nothing: the result lies in var/out/
	@printf '%s\n' \
		"==> digest send --dry-run" \
		"    Builds today's edition the way a real day does. Nothing is sent, nothing is changed." \
		"    Where no fresh story is stored it asks the feeds first, for 15 s at most in all."
	@.venv/bin/digest send --dry-run
	@printf '%s\n' \
		"==> The letter lies where the lines above say: in var/out/ unless digest.toml names another folder." \
		"    Open its .html file in a browser or its .eml file in a mail program."

test: setup ## run the tests (needs Python only; the gates are apart)
	@scripts/test

check: setup ## ruff, formatting, mypy, import-linter, shellcheck, hadolint
	@scripts/check

gates: setup ## test the letter in a browser, validators and a spam filter (slow)
	@PATH="$(CURDIR)/.venv/bin:$$PATH" scripts/gates

build: setup ## build sdist and wheel into dist/, and try the wheel away from here
	@scripts/build

lock: ## resolve the dependencies anew into the constraints files (needs the network)
	@scripts/lock

clean: ## remove .venv, caches and built files; var/ (your data) stays
	rm -rf .venv dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find digest content migrations tests scripts bench -type d -name __pycache__ -prune -exec rm -rf {} +
