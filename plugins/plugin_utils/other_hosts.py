# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a task will get on the other hosts of its play, told before it has run there.

With this a login that is shared is refused on all of its hosts, the first one included. Claims
(claims.py) catch what is not told here, so in doubt nothing is told: a host whose arguments cannot be
known yet takes no part, and a false alarm never comes of it.

Ansible has no interface for this. What is used is the same in ansible-core 2.17 to 2.21: the task as
it was written (get_ds), the variable manager, and the templar.
"""

from __future__ import annotations

import functools
import hashlib
import re
import typing as t

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.playbook.block import Block
from ansible.playbook.handler import Handler
from ansible.playbook.task import Task
from ansible.playbook.task_include import TaskInclude
from ansible.template import Templar
from ansible_collections.fleet.codex.plugins.plugin_utils.arguments import MODULES

Arguments = dict[str, t.Any]
Variables = dict[str, t.Any]

UNKNOWABLE = {"hostvars", "vars"}
"""Variables through which a template reads what is not named in it."""

QUICK_LOOKUPS = {"env", "file", "first_found", "unvault"}
"""Lookups that may run for other hosts too: they read the controller's files, ask no server and no person."""

INCLUDED_BY = ("name", "when", "vars", "tags", "loop_control", "register")
"""Keywords of an include that do not say what is included."""


class OtherHosts:
    """The arguments of one task on all hosts of its play.

    ``task`` is the task in execution, ``variables`` are those of its host.
    """

    def __init__(self, task: t.Any, variables: Variables, loader: t.Any) -> None:
        self._running = task
        self._variables = variables
        self._loader = loader
        self._manager: t.Any = task._variable_manager
        self._module = task.action.rpartition(".")[2]
        self._includes = list(_dynamic_includes(task))

    def key(self) -> str | None:
        """Names the task, the same for all hosts and batches of the run; None where it cannot be told."""
        if not self._is_plain():
            return None
        # What is included at run time gets new identifiers with each batch of hosts, its place stays.
        parts = [self._running._uuid]
        if self._includes:
            parts = [each.get_path() for each in (self._running, *self._includes)] + [self._includes[-1]._uuid]
        return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()

    def _is_plain(self) -> bool:
        """Whether the other hosts run this task as this one does, as far as the playbook's shape tells."""
        task = self._running
        if not task.get_ds() or isinstance(task, Handler) or _in_rescue(task):
            return False
        if any(each.delegate_to or each.run_once for each in (task, *self._includes)):
            return False
        # The items of a looped include, and the file that a template names, are this host's own.
        return all(
            include.loop is None
            and not any("{{" in str(value) for name, value in include.get_ds().items() if name not in INCLUDED_BY)
            for include in self._includes
        )

    def arguments(self) -> t.Iterator[tuple[str, Arguments]]:
        """Each host, this one too, with the checked arguments of the task there; for a loop, of each item."""
        task = self._as_written()
        used = _Used([task.args, task.when, task.loop, task.module_defaults, *(i.when for i in self._includes)])
        if task.loop_with or "_variable_params" in task.args or not used.follow(self._get_vars(task, self._own_host())):
            return
        for name in self._variables["ansible_play_hosts"]:
            host = self._manager._inventory.get_host(name)
            try:
                found = list(self._arguments_on(host, task, used.names))
            except Exception:  # of any kind: a variable is missing, a template or an option wrong, a file not there
                continue
            yield from ((name, arguments) for arguments in found)

    def _own_host(self) -> t.Any:
        return self._manager._inventory.get_host(self._variables["inventory_hostname"])

    def _as_written(self) -> t.Any:
        """The task with its templates, in its place in the play."""
        running = self._running
        return Task.load(
            running.get_ds(),
            block=running._parent,
            role=running._role,
            variable_manager=self._manager,
            loader=self._loader,
        )

    def _get_vars(self, task: t.Any, host: t.Any) -> Variables:
        names = self._variables["ansible_play_hosts_all"]  # else each call would ask the inventory for all hosts
        variables: Variables = self._manager.get_vars(
            play=task.get_play(), host=host, task=task, _hosts=names, _hosts_all=names
        )
        return variables

    def _arguments_on(self, host: t.Any, task: t.Any, names: set[str]) -> t.Iterator[Arguments]:
        if (self._ever_set & names) - self._set_by_run(host.name):
            return  # the host has not come to where it gets, or may get, a value that is needed
        variables = self._get_vars(task, host)
        templar = Templar(loader=self._loader, variables=variables)
        items = [None] if task.loop is None else templar.template(task.loop)
        for item in items:
            if task.loop is not None:
                variables = {**variables, task.loop_control.loop_var: item}
                templar = Templar(loader=self._loader, variables=variables)
            if all(_holds(each, templar, variables) for each in (task, *self._includes)):
                yield self._checked(
                    {**_defaults(task, self._module, templar), **templar.template(task.args)}, variables
                )

    def _checked(self, arguments: Arguments, variables: Variables) -> Arguments:
        validated = ArgumentSpecValidator(MODULES[self._module]).validate(_without(arguments, variables.get("omit")))
        if validated.error_messages:
            raise ValueError("the options are wrong")
        parameters: Arguments = validated.validated_parameters
        return parameters

    def _set_by_run(self, host: str) -> set[str]:
        """Variables of the host that the run has set: facts, registered results, set_fact, include_vars."""
        manager = self._manager
        try:
            facts = manager._fact_cache.get(host) or {}
        except KeyError:
            facts = {}
        return {
            *manager._vars_cache.get(host, {}),
            *manager._nonpersistent_fact_cache.get(host, {}),
            *(("ansible_facts", *facts) if facts else ()),
        }

    @functools.cached_property
    def _ever_set(self) -> set[str]:
        """Variables that the run has set for any host, and those that the play's tasks in sight may set."""
        names = set().union(*map(self._set_by_run, self._variables["ansible_play_hosts"]))
        play = self._running.get_play()
        blocks = [*play.pre_tasks, *play.tasks, *play.post_tasks]
        blocks += [block for role in play.roles for block in role.get_task_blocks()]
        for task in [task for block in blocks for task in block.get_tasks()]:
            # A name, or in ansible-core 2.21 and later a dictionary of names.
            names |= {task.register} if isinstance(task.register, str) else {*(task.register or ())}
            if task.action.rpartition(".")[2] == "set_fact":
                names |= task.args.keys()
        return names


class _Used:
    """The names of variables that templates use, those behind these variables included."""

    def __init__(self, templates: t.Sequence[t.Any]) -> None:
        self.names: set[str] = set()
        self._texts = [text for template in templates for text in _texts(template)]

    def follow(self, variables: Variables) -> bool:
        """Collects the names; False where a template may read what it does not name, or ask somebody."""
        texts = list(self._texts)
        while texts:
            text = texts.pop()
            called = len(re.findall(r"\b(?:lookup|query|q)\s*\(", text))
            plugins = re.findall(r"""\b(?:lookup|query|q)\s*\(\s*['"]([\w.]+)['"]""", text)
            if len(plugins) != called or not {name.rpartition(".")[2] for name in plugins} <= QUICK_LOOKUPS:
                return False
            new = set(re.findall(r"[A-Za-z_]\w*", text)) - self.names
            self.names |= new
            for name in new & variables.keys() - UNKNOWABLE:
                texts += [found for found in _texts(variables[name]) if "{{" in found or "{%" in found]
        return not self.names & UNKNOWABLE


def _texts(value: t.Any) -> t.Iterator[str]:
    """All text in a value of YAML's kinds."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(key)
            yield from _texts(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts(item)


def _dynamic_includes(task: t.Any) -> t.Iterator[t.Any]:
    """The include_tasks and include_role that brought the task here, the innermost first."""
    parent = task._parent
    while parent is not None:
        if isinstance(parent, TaskInclude) and not parent.statically_loaded:
            yield parent
        parent = parent._parent


def _in_rescue(task: t.Any) -> bool:
    """Whether only hosts on which something failed come to the task."""
    child, parent = task, task._parent
    while parent is not None:
        if isinstance(parent, Block) and any(each._uuid == child._uuid for each in parent.rescue):
            return True
        child, parent = parent, parent._parent
    return False


def _holds(task: t.Any, templar: t.Any, variables: Variables) -> bool:
    """Whether ``when`` of a task or include lets a host come to it."""
    if hasattr(templar, "evaluate_conditional"):  # ansible-core 2.19 and later
        return all(templar.evaluate_conditional(condition) for condition in task.when)
    return bool(task.evaluate_conditional(templar, variables))


def _defaults(task: t.Any, module: str, templar: t.Any) -> Arguments:
    """The options that ``module_defaults`` gives, for all modules of the group or for this one."""
    merged: Arguments = {}
    for defaults in task.module_defaults or []:
        merged.update(defaults)
    found: Arguments = {}
    for name in ("group/fleet.codex.codex", f"fleet.codex.{module}"):
        found.update(templar.template(merged.get(name)) or {})
    return found


def _without(value: t.Any, omit: t.Any) -> t.Any:
    """A value without what ``omit`` stands for in it; ansible-core 2.18 and earlier leave that to whoever templates."""
    if isinstance(value, dict):
        return {key: _without(item, omit) for key, item in value.items() if not (omit and item == omit)}
    if isinstance(value, list):
        return [_without(item, omit) for item in value if not (omit and item == omit)]
    return value
