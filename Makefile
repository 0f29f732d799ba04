# The commands of this checkout. Each sets up what it needs; the scripts in tests/environment do the work.

.PHONY: help demo demo-docker demo-windows check test cores clients soak mutants bench bench-windows docs release clean

help:
	@echo 'make demo     log a real Codex in on test hosts on this machine, step by step'
	@echo 'make demo-docker   the same in two containers, one of them without Python (needs root on Debian, for Docker)'
	@echo 'make demo-windows  the same with a real codex.exe on Windows as Wine plays it, or on a Windows host of yours'
	@echo 'make check    format, lint, types and unit tests (under two minutes on a fresh machine)'
	@echo 'make mutants  whether the unit tests notice changes of the code: 300 of them, drawn at random'
	@echo 'make test     all tests and checks (needs root on Debian, for Docker)'
	@echo 'make cores    ansible-test sanity, unit tests and a small run of the role on every ansible-core from 2.17 to 2.21'
	@echo 'make clients  tests with more versions of Codex, see tests/output/matrix.txt afterwards, and all that make test'
	@echo '              shows on one host, shell, route or ansible-core alone (needs what make test needs)'
	@echo 'make soak     1,000 rounds of deploying while Codex renews its login'
	@echo 'make bench    what planning and an execution cost'
	@echo 'make bench-windows  the same for Windows hosts, on PowerShell for tests'
	@echo 'make docs     the site of the documentation, tests/output/site/index.html'
	@echo 'make release  VERSION=0.2.0: what a release needs, tried on a copy; it ends with what is left for a person'
	@echo 'make clean    remove what these commands made in the checkout'

demo:
	@sh tests/demo/run.sh

demo-docker:
	@sh tests/demo/docker.sh

demo-windows:
	@sh tests/demo/windows.sh

check:
	@sh tests/environment/check.sh

test:
	@bash tests/environment/test.sh

cores:
	@sh tests/environment/every_core.sh

clients: export FLEET_CODEX_MATRIX = all
clients:
	@sh tests/environment/venv.sh
	@sh tests/environment/collections.sh --tests
	@sh tests/environment/codex.sh
	@sh tests/environment/packages.sh
	@status=0; PATH="$(CURDIR)/.venv/bin:$$PATH"; \
	for part in 'tests/clients' 'tests/target tests/integration -m repeats'; do \
		pytest $$part --numprocesses 2 --dist loadgroup || status=1; \
	done; \
	exit $$status

soak:
	@sh tests/environment/venv.sh
	@sh tests/environment/collections.sh --tests
	@sh tests/environment/codex.sh
	@PATH="$(CURDIR)/.venv/bin:$$PATH" FLEET_CODEX_SOAK_ROUNDS=$${FLEET_CODEX_SOAK_ROUNDS:-1000} pytest tests/clients/test_soak.py -rP

mutants:
	@sh tests/environment/mutants.sh

bench:
	@sh tests/environment/venv.sh
	@sh tests/environment/collections.sh
	@PATH="$(CURDIR)/.venv/bin:$$PATH" sh benchmarks/run.sh

bench-windows:
	@sh benchmarks/windows.sh

docs:
	@sh tests/environment/docs.sh

release: export VERSION := $(value VERSION)
release:
	@sh tests/environment/release.sh $(if $(WRITE),--write) "$$VERSION"

clean:
	rm -rf .venv .demo .ansible .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis tests/output *.tar.gz
