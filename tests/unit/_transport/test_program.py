"""What is sent to targets: whole programs without comments, and a command that finds a Python for them."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import typing as t

import pytest
from ansible_collections.fleet.codex.plugins.module_utils._target.wire import PROTOCOL
from ansible_collections.fleet.codex.plugins.plugin_utils._transport import program
from ansible_collections.fleet.codex.plugins.plugin_utils._transport.posix import silence
from ansible_collections.fleet.codex.tests.support.paths import CHECKOUT
from ansible_collections.fleet.codex.tests.support.skips import unavailable
from ansible_collections.fleet.codex.tests.support.target_program import TargetProgram

MODULE_UTILS = CHECKOUT / "plugins" / "module_utils"


@pytest.mark.parametrize("with_codex", [False, True])
@pytest.mark.parametrize("name", t.get_args(program.Name))
def test_a_program_takes_all_it_imports_along(name: program.Name, with_codex: bool) -> None:
    """In an order in which each module finds those it imports, and nothing of the collection beyond them."""
    before: list[str] = []
    for module, source in program.program_modules(name, with_codex).items():
        tree = ast.parse(source)
        # What a function imports is for the answers that take a codex.
        nodes = ast.walk(tree) if with_codex else iter(tree.body)
        imports = [node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom)]
        wanted = {node.module if isinstance(node, ast.ImportFrom) else node.names[0].name for node in imports}
        assert {name for name in wanted if str(name).startswith("ansible")} <= {*before}
        before.append(module)
    assert before[-1] == f"{program.PACKAGE}.{name}"
    assert len(before) > 1


@pytest.mark.parametrize("name", ["describe", "apply"])
def test_what_runs_a_codex_is_sent_only_where_it_is_needed(name: program.Name) -> None:
    more = program.program_modules(name, with_codex=True).keys() - program.program_modules(name).keys()
    assert more == {f"{program.PACKAGE}._target.codex_program", f"{program.PACKAGE}._target.codex_words"}


def test_every_module_for_targets_is_part_of_a_program() -> None:
    modules = {module for name in t.get_args(program.Name) for module in program.program_modules(name, with_codex=True)}
    files = {path.relative_to(MODULE_UTILS).with_suffix("") for path in MODULE_UTILS.rglob("*.py")}
    assert modules == {f"{program.PACKAGE}.{'.'.join(file.parts)}" for file in files}


def test_describe_brings_nothing_that_writes() -> None:
    """It is most of what runs, and the smaller the faster; and it changes nothing."""
    assert not [module for module in program.program_modules("describe", with_codex=True) if "._apply" in module]


def test_a_sent_module_is_the_module_without_comments_and_docstrings() -> None:
    for name in t.get_args(program.Name):
        for module, source in program.program_modules(name, with_codex=True).items():
            path = module.removeprefix(f"{program.PACKAGE}.").replace(".", "/")
            original = (MODULE_UTILS / f"{path}.py").read_text(encoding="utf-8")
            assert source.count("\n") == original.count("\n")  # so that a traceback names the right line
            assert not re.search(r"^ *#", source, re.M)
            assert [ast.get_docstring(node) or "" for node in defined(source)] == [""] * len(defined(source))
            assert without_docstrings(source) == without_docstrings(original)


def defined(source: str) -> list[ast.Module | ast.FunctionDef | ast.ClassDef]:
    return [n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Module | ast.FunctionDef | ast.ClassDef)]


def without_docstrings(source: str) -> str:
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node) is not None:
            del node.body[0]
    return ast.dump(tree)


def test_a_program_makes_its_modules_and_calls_the_last_ones_main() -> None:
    for name in t.get_args(program.Name):
        *modules, last = ast.parse(program.program_code(name, False)).body[-len(program.program_modules(name)) :]
        added = [ast.literal_eval(arg) for node in modules for arg in node.value.args]  # type: ignore[attr-defined]
        added += [ast.literal_eval(arg) for arg in last.value.func.value.args]  # type: ignore[attr-defined]
        assert added == [text for item in program.program_modules(name).items() for text in item]
        assert last.value.func.attr == "main"  # type: ignore[attr-defined]


SOURCE = '''\
A = "# not a comment"
B = 1  # a comment in a line stays


def f():
    """Goes.

    All of it.
    """
    # Goes.
'''
SENT = """\
A = "# not a comment"
B = 1  # a comment in a line stays


def f():
    ""



\x20
"""


def test_what_looks_like_a_comment_within_a_line_stays() -> None:
    assert program.without_comments(SOURCE) == SENT.replace(" \n", "\n")


def test_a_failure_names_its_module_and_the_controller_quotes_none_of_its_words() -> None:
    target, secret = TargetProgram("/usr/bin/python3"), "fleet-test-key-in-a-traceback"
    home = {"user": None, "codex_home": None, "files": [{"name": "auth", "base": secret, "path": "auth.json"}]}
    request = {"protocol": PROTOCOL, "operation": "describe", "key": "00" * 32, "environment": {}, "homes": [home]}
    code = target.code("describe")
    data = code + json.dumps(request).encode()
    done = subprocess.run(target.command(code), input=data, capture_output=True, check=False)
    stderr = done.stderr.decode()
    assert done.returncode == 0  # or the next Python would be tried
    assert f'File "{program.PACKAGE}._target.folders", line ' in stderr
    assert secret in stderr
    sentence = silence(done.stdout.decode(), stderr, done.returncode)
    assert sentence.startswith("The target program of fleet.codex failed with KeyError, ")
    assert secret not in sentence


def run(
    interpreters: list[str], tmp_path: t.Any, by_file: bool = False, shell: str = "/bin/sh"
) -> subprocess.CompletedProcess[bytes]:
    """The command with a program that prints the request that comes after it."""
    code = b"print(sys.stdin.buffer.read().decode())\n"
    file = tmp_path / "a request"
    file.write_bytes(code + b"the request")
    command = program.command(interpreters, len(code), str(file) if by_file else None)
    data = None if by_file else file.read_bytes()
    return subprocess.run([shell, "-c", command], input=data, capture_output=True, check=False)


@pytest.mark.parametrize("by_file", [False, True])
def test_the_first_python_that_is_new_enough_gets_all_of_the_input(tmp_path: t.Any, by_file: bool) -> None:
    old = tmp_path / "old python"
    old.write_text("#!/bin/sh\nexit 1\n")
    broken = tmp_path / "broken"
    broken.write_text("#!/no/such/interpreter\n")
    for path in (old, broken):
        path.chmod(0o755)
    done = run(["/no/such/python", str(old), str(broken), "/usr/bin/python3"], tmp_path, by_file)
    assert (done.returncode, done.stdout) == (0, b"the request\n")


def test_without_a_python_the_command_says_so(tmp_path: t.Any) -> None:
    assert run(["/no/such/python"], tmp_path).returncode == program.NO_PYTHON


def test_a_program_that_fails_is_not_tried_again_with_another_python(tmp_path: t.Any) -> None:
    code = f"{program.START}open({str(tmp_path / 'runs')!r}, 'a').write('x')\nraise SystemError\n".encode()
    command = program.command(["/usr/bin/python3", "/usr/bin/python3"], len(code))
    done = subprocess.run(["/bin/sh", "-c", command], input=code + b"{}", capture_output=True, check=False)
    assert (done.returncode, (tmp_path / "runs").read_text()) == (0, "x")
    assert done.stderr.decode().endswith("SystemError\n")
    assert program.BEGUN in done.stdout.decode().splitlines()


def test_a_python_that_was_killed_leaves_nothing_that_another_one_runs(tmp_path: t.Any) -> None:
    code = f"{program.START}open({str(tmp_path / 'runs')!r}, 'a').write('x')\nos.kill(os.getpid(), 9)\n".encode()
    command = program.command(["/usr/bin/python3", "/usr/bin/python3"], len(code))
    done = subprocess.run(["/bin/sh", "-c", command], input=code + b"{}", capture_output=True, check=False)
    assert (tmp_path / "runs").read_text() == "x"
    assert "cut off" in silence(done.stdout.decode(), done.stderr.decode(), done.returncode)


@pytest.mark.parametrize("input_file", [None, "/tmp/a request"])
@pytest.mark.parametrize("interpreters", [program.PYTHONS, ["/opt/my python"]])
def test_the_command_survives_a_shell_that_reads_it_once_more(
    interpreters: t.Sequence[str], input_file: str | None
) -> None:
    """Login shells expand variables; csh fails at line ends and exclamation marks; fish reads backslashes in quotes."""
    assert not set("$`!\\\n") & set(program.command(interpreters, 1234, input_file))


@pytest.mark.parametrize("by_file", [False, True])
@pytest.mark.parametrize("shell", ["sh", "bash", "zsh", "fish", "tcsh"])
def test_the_command_means_the_same_to_every_shell(shell: str, by_file: bool, tmp_path: t.Any) -> None:
    path = shutil.which(shell)
    if path is None:
        unavailable(f"{shell} is not installed.")
    done = run(["/no/such/python", "/usr/bin/python3", "/bin/false"], tmp_path, by_file, path)
    assert (done.returncode, done.stdout) == (0, b"the request\n")
    assert run(["/no/such/python"], tmp_path, by_file, path).returncode == program.NO_PYTHON


def test_the_programs_that_most_runs_send_are_made_before_processes_are_forked() -> None:
    program.program_code.cache_clear()
    program.prepare()
    made = program.program_code.cache_info().misses
    for name in ("describe", "apply"):
        program.program_code(name, False)
    assert program.program_code.cache_info().misses == made == 2
