# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Codex home's claim to a ChatGPT refresh token, for the length of a run.

The first home that a token comes to in a run claims it, whatever task, loop, batch or strategy brings
it there; the same home may come again. Any other home is refused before it is written to. A home is
what describe found it to be, so two names of one home are one.
"""

from __future__ import annotations

import functools
import typing as t

from ansible_collections.fleet.codex.plugins.plugin_utils.desired import DesiredHome
from ansible_collections.fleet.codex.plugins.plugin_utils.protocol import HomeAnswer
from ansible_collections.fleet.codex.plugins.plugin_utils.run_notes import noted
from ansible_collections.fleet.codex.plugins.plugin_utils.sharing import Place, refresh_digest, refusal


def claim(folder: str, host: str, homes: t.Sequence[DesiredHome], described: t.Sequence[HomeAnswer]) -> None:
    """Claims the homes' tokens; raises CodexError where one is another home's and may not be shared.

    ``folder`` is the run's own (run_notes.py).
    """
    for home, found in zip(homes, described, strict=True):
        digest = refresh_digest(home)
        if not digest or not home.auth:
            continue
        own = Place(host, found["account"]["name"], found["codex_home"])
        note = [*own, found["real_home"]]
        *place, real_home = noted(folder, f"claim-{digest}", functools.partial(list, note))
        first = Place(*place)
        same = first.host == host and real_home == found["real_home"]
        if not same and not home.auth.allow_shared_refresh_token:
            raise refusal(own, [first])
