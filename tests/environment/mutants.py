"""Draws mutants of the pure rooms, lets mutmut test them, and reports those that the unit tests did not notice.

Runs in a folder that holds a copy of the collection as ansible_collections/fleet/codex (mutants.sh). mutmut changes
the bodies of functions, but no annotations, docstrings or tables of constants, and runs only the tests that reach the
changed function, with a time-out.
"""

from __future__ import annotations

import ast
import contextlib
import json
import os
import random
import subprocess
import sys
from pathlib import Path

LEAST_PERCENT = 90
COLLECTION = Path("ansible_collections/fleet/codex")
ROOMS = COLLECTION / "plugins/plugin_utils"
PURE = [
    *("messages.py", "described_file.py", "_api_key/*.py", "_auth/*.py", "_config/*.py", "_options/*.py"),
    *("_fleet/*.py", "_login/*.py", "_plan/*.py", "_program/*.py", "_report/*.py", "_run/engine.py", "_toml/*.py"),
]
# Slow, or about target programs, or about the files of the checkout.
OTHER_TESTS = [
    *("_toml/test_properties.py", "_describe", "_target"),
    *("test_documentation.py", "test_galaxy.py", "test_rooms.py"),
]
UNIT_TESTS = ["tests/unit", *(f"--ignore=tests/unit/{name}" for name in OTHER_TESTS)]
NOT_KILLED = {  # by mutmut's exit code; every other one is of tests that failed or took too long
    0: "",
    33: " (reached by no test)",
    255: " (its tests could not be started)",
    None: " (not tested)",
}

SETTINGS: dict[str, str | list[str]] = {
    "source_paths": [str(COLLECTION)],
    "only_mutate": [f"{ROOMS}/{pattern}" for pattern in PURE],
    "pytest_add_cli_args": ["-p", "no:cacheprovider"],
    "pytest_add_cli_args_test_selection": UNIT_TESTS,
    # What only a type checker sees, and a check that never fails.
    "do_not_mutate_patterns": [r"\bt\.cast\(", "strict="],
    # Each mutant has a process, forked from one that has collected and run nothing: no cache hides the mutant, and
    # pytest escapes the names of parametrized tests anew whenever it collects them.
    "process_isolation": "forkserver",
    "forkserver_warmup": "none",
}


def main() -> int:
    unchanged = subprocess.run(
        ["pytest", "-q", "-x", "-p", "no:cacheprovider", *UNIT_TESTS], cwd=COLLECTION, check=False
    )
    if unchanged.returncode:
        return unchanged.returncode

    set_up()
    names = make_mutants()
    seed = os.environ.get("FLEET_CODEX_MUTANTS_SEED") or str(random.randrange(10**6))
    wanted = int(os.environ.get("FLEET_CODEX_MUTANTS") or 300)
    drawn = random.Random(seed).sample(sorted(names), min(len(names), wanted))
    print(f"{len(drawn)} of {len(names)} mutants, FLEET_CODEX_MUTANTS_SEED={seed}", flush=True)

    ran = subprocess.run(["mutmut", "run", *drawn], capture_output=True, text=True, check=False)
    if ran.returncode:
        print(ran.stdout, ran.stderr, sep="\n")
        return ran.returncode
    return report({name: names[name] for name in sorted(drawn)})


def set_up() -> None:
    settings = "\n".join(f"{name} = {json.dumps(value)}" for name, value in SETTINGS.items())  # TOML, too
    Path("pyproject.toml").write_text(f"{Path(COLLECTION, 'pyproject.toml').read_text()}\n[tool.mutmut]\n{settings}\n")
    # A test that pytest finds below ansible_collections makes pytest import that, without Ansible's loader.
    Path("mutants").mkdir()
    Path("mutants/tests").symlink_to(COLLECTION / "tests")


def make_mutants() -> dict[str, Path]:
    """The names of all mutants, each with its file. `mutmut run` finds them made."""
    from mutmut.__main__ import create_mutants  # reads pyproject.toml
    from mutmut.utils.file_utils import copy_src_dir

    with open("mutants.log", "w") as log, contextlib.redirect_stdout(log):
        copy_src_dir()
        create_mutants(max_children=2)
    files = [path for pattern in PURE for path in ROOMS.glob(pattern)]
    return {name: path for path in files for name in exit_codes(path)}


def exit_codes(path: Path) -> dict[str, int | None]:
    """By name of a mutant of this file, what its tests ended with; None for a mutant that was not tested."""
    meta = Path("mutants", f"{path}.meta")
    return json.loads(meta.read_text())["exit_code_by_key"] if meta.exists() else {}


def report(drawn: dict[str, Path]) -> int:
    """Prints the survivors and how many there are in each room. Returns the status to exit with."""
    killed: dict[str, list[bool]] = {}
    for name, path in drawn.items():
        code = exit_codes(path)[name]
        killed.setdefault(path.relative_to(ROOMS).parts[0], []).append(code not in NOT_KILLED)
        if code in NOT_KILLED:
            line, changes = mutation(path, name)
            print(f"\n{path.relative_to(COLLECTION)}:{line}{NOT_KILLED[code]}")
            print("\n".join(changes))

    every = [each for room in killed.values() for each in room]
    print(f"\n{'':20}{'mutants':>8}{'killed':>8}{'%':>6}")
    for room, each in {**killed, "all": every}.items():
        print(f"{room:20}{len(each):8}{sum(each):8}{100 * sum(each) / len(each):6.0f}")
    return int(sum(every) < LEAST_PERCENT / 100 * len(every))


def mutation(path: Path, name: str) -> tuple[int, list[str]]:
    """The line of the file that a mutant changes, and the lines of its diff that begin with - or +."""
    from mutmut.mutation.diff_apply import get_diff_for_mutant
    from mutmut.utils.format_utils import orig_function_and_class_names_from_key

    function, class_name = orig_function_and_class_names_from_key(name)
    scope: ast.AST = ast.parse(path.read_text())
    for wanted in filter(None, (class_name, function)):
        scope = next(node for node in ast.iter_child_nodes(scope) if getattr(node, "name", None) == wanted)
    # The diff is of the function alone, with its decorators and the comment above it.
    first = min([scope.lineno, *(decorator.lineno for decorator in scope.decorator_list)])
    lines = path.read_text().splitlines()
    while lines[first - 2].lstrip().startswith("#"):
        first -= 1

    hunk, *diff = get_diff_for_mutant(name, path=path).splitlines()[2:]
    hunk_starts = int(hunk.split()[1].strip("-").split(",")[0])
    before = next(number for number, line in enumerate(diff) if line[0] in "-+")
    return first + hunk_starts - 1 + before, [line for line in diff if line[0] in "-+"]


if __name__ == "__main__":
    sys.exit(main())
