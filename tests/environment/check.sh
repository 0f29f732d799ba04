#!/bin/sh
# What a developer runs after every edit: format, lint, types and unit tests. Needs no Docker, no root and no Codex.
set -eu
. "$(dirname "$0")/common.sh"

sh "$environment/venv.sh" requirements-check.txt
sh "$environment/collections.sh"
cd "$checkout"
PATH=$venv/bin:$PATH

# All of them run, even if one fails.
status=0
ruff check || status=1
ruff format --check || status=1
mypy --package ansible_collections.fleet.codex.plugins.plugin_utils || status=1
yamllint --strict . || status=1
pytest tests/unit --quiet --numprocesses 2 || status=1
exit "$status"
