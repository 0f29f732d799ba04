# The ways into this checkout. Each sets up what it needs by itself; the work is done by tests/environment/*.sh.

.PHONY: help demo check test clients soak bench clean

help:
	@echo 'make demo     log a real Codex in on a local test host, step by step'
	@echo 'make check    format, lint, types, unit tests (under two minutes on a fresh machine)'
	@echo 'make test     everything that CI checks (wants root on Debian, for Docker)'
	@echo 'make clients  against real Codex binaries only, more of them; what they did is in tests/output/matrix.txt'
	@echo 'make soak     1,000 rounds of deploys while Codex renews its login'
	@echo 'make bench    what an execution costs'
	@echo 'make clean    remove what these made in the checkout'

demo:
	@sh tests/demo/run.sh

check:
	@sh tests/environment/check.sh

test:
	@bash tests/environment/test.sh

clients: export FLEET_CODEX_MATRIX = all
clients:
	@sh tests/environment/venv.sh
	@sh tests/environment/collections.sh --tests
	@sh tests/environment/codex.sh
	@PATH="$(CURDIR)/.venv/bin:$$PATH" pytest tests/clients --numprocesses 2 --dist loadgroup

soak:
	@sh tests/environment/venv.sh
	@sh tests/environment/collections.sh --tests
	@sh tests/environment/codex.sh
	@PATH="$(CURDIR)/.venv/bin:$$PATH" FLEET_CODEX_SOAK_ROUNDS=$${FLEET_CODEX_SOAK_ROUNDS:-1000} pytest tests/clients/test_soak.py -rP

bench:
	@sh tests/environment/venv.sh
	@sh tests/environment/collections.sh
	@PATH="$(CURDIR)/.venv/bin:$$PATH" sh benchmarks/run.sh

clean:
	rm -rf .venv .demo .ansible .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis tests/output *.tar.gz
