"""Take the collections that tests/requirements.yml names out of the `ansible` bundle on the Python index.

For machines that reach a Python index but not Galaxy: bundle.py REQUIREMENTS DOWNLOADS DESTINATION
"""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import yaml

# The release of the bundle that carries the versions in tests/requirements.yml.
BUNDLE = "12.3.0"


def download(folder: Path) -> Path:
    """Return the bundle's wheel, fetched once."""
    wheel = folder / f"ansible-{BUNDLE}-py3-none-any.whl"
    if not wheel.exists():
        # pip writes elsewhere and moves the complete file here.
        command = [sys.executable, "-m", "pip", "download", "-qq", "--no-deps", "--only-binary=:all:"]
        subprocess.run([*command, "--dest", str(folder), f"ansible=={BUNDLE}"], check=True)
    return wheel


def main(requirements: str, downloads: str, destination: str) -> None:
    wanted = yaml.safe_load(Path(requirements).read_text(encoding="utf-8"))["collections"]
    with zipfile.ZipFile(download(Path(downloads))) as bundle:
        for collection in wanted:
            tree = f"ansible_collections/{collection['name'].replace('.', '/')}/"
            found = json.loads(bundle.read(f"{tree}MANIFEST.json"))["collection_info"]["version"]
            if found != collection["version"]:
                sys.exit(f"ansible {BUNDLE} has {collection['name']} {found}, not {collection['version']}")
            bundle.extractall(destination, [name for name in bundle.namelist() if name.startswith(tree)])


if __name__ == "__main__":
    main(*sys.argv[1:])
