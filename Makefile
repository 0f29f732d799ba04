# The ways into this checkout. Each sets up what it needs by itself; the work is done by tests/environment/*.sh.

.PHONY: help demo check test clients bench clean

help:
	@echo 'make demo     log a real Codex in on a local test host, step by step'
	@echo 'make check    format, lint, types, unit tests (under two minutes on a fresh machine)'
	@echo 'make test     everything that CI checks (wants root on Debian, for Docker)'
	@echo 'make clients  against real Codex binaries only'
	@echo 'make bench    what an execution costs'
	@echo 'make clean    remove what these made in the checkout'

demo:
	@sh tests/demo/run.sh

check:
	@sh tests/environment/check.sh

test:
	@bash tests/environment/test.sh

clients:
	@sh tests/environment/venv.sh
	@sh tests/environment/collections.sh
	@sh tests/environment/codex.sh
	@PATH="$(CURDIR)/.venv/bin:$$PATH" pytest tests/clients --numprocesses 2 --dist loadgroup

bench:
	@sh tests/environment/venv.sh
	@sh tests/environment/collections.sh
	@PATH="$(CURDIR)/.venv/bin:$$PATH" sh benchmarks/run.sh

clean:
	rm -rf .venv .demo .ansible .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis tests/output *.tar.gz
