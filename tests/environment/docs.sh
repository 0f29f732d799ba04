#!/bin/sh
# Builds the site of the documentation, tests/output/site/index.html. A warning is an error. Needs no network once the
# packages are installed.
# docs.sh FOLDER builds that of another checkout, which is in a folder ansible_collections/fleet/codex.
set -eu
. "$(dirname "$0")/common.sh"

alone site
sh "$environment/venv.sh" requirements-docs.txt
sh "$environment/collections.sh"
tree=$checkout
export PATH="$venv/bin:$PATH" ANSIBLE_COLLECTIONS_PATH="$venv/collections"
if [ $# -gt 0 ]; then
    tree=$1 ANSIBLE_COLLECTIONS_PATH=${1%/ansible_collections/fleet/codex}
fi
source=$tree/tests/output/site-source
site=$tree/tests/output/site

rm -rf "$source" "$site"
python "$tree/docs/site/sources.py" "$source"
antsibull-docs collection --use-current --squash-hierarchy --fail-on-error --dest-dir "$source/reference" fleet.codex
sphinx-build --fail-on-warning --keep-going --quiet --conf-dir "$tree/docs/site" \
    --doctree-dir "$source/.doctrees" "$source" "$site"
echo "$site/index.html"
