"""What only the program for Windows does: access control lists, folders of the system, whose programs it runs."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import HomeRequest, Operation
from ansible_collections.fleet.codex.tests.support.paths import CHECKOUT
from ansible_collections.fleet.codex.tests.support.powershell_program import (
    NoPowershell,
    PowershellProgram,
    folder,
)
from ansible_collections.fleet.codex.tests.support.skips import without_powershell
from ansible_collections.fleet.codex.tests.support.target_program import write


def with_program(*names: str) -> pytest.MarkDecorator:
    params = [pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in names]
    return pytest.mark.parametrize("target_program", params, indirect=True)


ALICE = "S-1-5-21-1-2-3-1001"
LOAD = """\
$ErrorActionPreference = 'Stop'
foreach ($name in 'json', 'errors', 'users', 'access', 'making') {
    $text = [IO.File]::ReadAllText("$PLUGINS/module_utils/_win_target/$name.psm1")
    New-Module -Name $name -ScriptBlock ([scriptblock]::Create($text)) | Import-Module -Scope Global
}
"""


def evaluated(expression: str) -> str:
    """What an expression gives in a PowerShell that has the functions for access."""
    script = LOAD.replace("$PLUGINS", str(CHECKOUT / "plugins")) + expression
    try:
        program = folder() / "bin" / "pwsh"
    except NoPowershell as error:
        without_powershell(str(error))
    done = subprocess.run(
        [str(program), "-NoProfile", "-Command", script],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


@pytest.mark.xdist_group("powershell-linux")
@pytest.mark.parametrize(
    ("arguments", "descriptor"),
    [
        # Nothing from the folder above (P); the account, SYSTEM and Administrators; what is in a folder, too (OICI).
        (f"private {ALICE} $false", f"O:{ALICE}D:P(A;;FA;;;{ALICE})(A;;FA;;;SY)(A;;FA;;;BA)"),
        (f"private {ALICE} $true", f"O:{ALICE}D:P(A;OICI;FA;;;{ALICE})(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)"),
        ("private S-1-5-18 $false", "O:S-1-5-18D:P(A;;FA;;;SY)(A;;FA;;;BA)"),
        (f"private {ALICE} $false -WithoutOwner", f"D:P(A;;FA;;;{ALICE})(A;;FA;;;SY)(A;;FA;;;BA)"),
        (f"readable_by_all {ALICE} $false", "O:BAD:P(A;;FA;;;SY)(A;;FA;;;BA)(A;;0x1200a9;;;BU)"),
        (
            f"private {ALICE} $false -Kept '(A;;0x1;;;S-1-5-21-9)', '(D;;0x2;;;S-1-5-21-8)'",
            f"O:{ALICE}D:P(D;;0x2;;;S-1-5-21-8)(A;;FA;;;{ALICE})(A;;FA;;;SY)(A;;FA;;;BA)(A;;0x1;;;S-1-5-21-9)",
        ),
    ],
)
def test_the_descriptor_that_files_are_made_with(arguments: str, descriptor: str) -> None:
    assert evaluated(f"Get-CodexSddl {arguments}") == descriptor


@with_program("powershell-wine")
@pytest.mark.parametrize(
    "path", ["C:\\", "C:\\x\\..", "C:\\windows", "C:\\windows\\system32\\x", "C:\\users", "C:\\ProgramData", "PROFILE"]
)
def test_a_folder_of_the_system_is_no_codex_home(target_program: PowershellProgram, path: str) -> None:
    profile = target_program.describe(None)["user_info"]["home_directory"]
    answer = target_program.describe(path.replace("PROFILE", target_program.to_target(profile)))
    assert answer["error"]["reason"] == "system_folder"


@with_program("powershell-wine")
@pytest.mark.parametrize(
    ("path", "reason", "code"),
    [
        ("\\\\server\\share", "network_path", None),
        ("\\codex", "relative", None),
        ("codex", "relative", None),
        ("C:\\nul", "system", "EINVAL"),
        ("C:\\x\\auth.json:stream", "system", "EINVAL"),
        ("C:\\x?y", "system", "EINVAL"),
    ],
)
def test_a_path_that_is_none_keeps_no_other_home_from_its_answer(
    target_program: PowershellProgram, home: Path, path: str, reason: str, code: str | None
) -> None:
    homes: list[HomeRequest] = [{"user": None, "codex_home": where, "files": []} for where in (path, str(home))]
    odd, good = target_program.execute("describe", homes)
    assert (odd["error"]["reason"], odd["error"].get("code")) == (reason, code)
    assert good["folder"]["kind"] == "directory"


@with_program("powershell-linux")
def test_a_codex_that_others_can_replace_is_not_run(target_program: PowershellProgram, home: Path) -> None:
    program = home.parent / "bin" / "codex"
    program.parent.mkdir(mode=0o755)
    program.write_text("#!/bin/sh\necho codex-cli 0.171.0\n")

    def version(folder_mode: int, mode: int) -> str | None:
        program.parent.chmod(folder_mode)
        program.chmod(mode)
        request: HomeRequest = {"user": None, "codex_home": str(home), "files": [], "detect_version": True}
        (answer,) = target_program.execute("describe", [request], environment={"PATH": str(program.parent)})
        return answer["codex_version"]

    assert version(0o755, 0o755) == "0.171.0"
    assert version(0o777, 0o755) is None
    assert version(0o755, 0o757) is None


@with_program("powershell-linux")
@pytest.mark.parametrize(("mode", "who"), [(0o755, None), (0o1777, None), (0o777, "others"), (0o775, "group")])
def test_nobody_else_may_be_able_to_change_the_way(
    target_program: PowershellProgram, home: Path, mode: int, who: str | None
) -> None:
    above = home.parent / "above"
    codex_home = above / "codex"
    codex_home.mkdir(parents=True, mode=0o700)
    above.chmod(mode)
    answer = target_program.describe(codex_home)
    if who is None:
        assert answer["folder"]["kind"] == "directory"
    else:
        assert answer["error"] == {
            "reason": "changeable",
            "path": str(above),
            "who": who,
            "user": answer["error"]["user"],
        }
        results = target_program.execute(
            "apply", [{"user": None, "codex_home": str(codex_home), "operations": [write("auth.json", b"x", None)]}]
        )
        assert results[0]["error"]["reason"] == "changeable"
        assert list(codex_home.iterdir()) == []


@with_program("powershell-linux")
def test_a_link_that_nobody_else_can_replace_is_followed(target_program: PowershellProgram, home: Path) -> None:
    """Who may replace one cannot be told apart here: a folder in which others may add is `changeable` by itself."""
    above = home.parent / "above"
    above.mkdir(mode=0o755)
    (above / "codex").symlink_to(home)
    assert target_program.describe(above / "codex")["real_home"] == str(home)


@with_program("powershell-linux")
def test_a_codex_home_that_others_can_write_is_told_of_and_made_private(
    target_program: PowershellProgram, home: Path
) -> None:
    home.chmod(0o707)
    access = target_program.describe(home)["folder"]["access"]
    assert (access["readers"], access["writers"]) == (["others"], ["others"])
    operation: Operation = {"operation": "directory", "base": "codex_home", "path": "", "access": "private"}
    assert target_program.apply(home, [operation])[0]["status"] == "done"
    assert target_program.describe(home)["folder"]["access"]["writers"] == []
