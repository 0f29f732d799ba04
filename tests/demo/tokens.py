# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""Prints the auth.json of a ChatGPT login whose tokens are made up."""

from __future__ import annotations

import datetime as dt
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "clients"))
from credentials import chatgpt_document, encode

now = dt.datetime.now(dt.UTC)
document = chatgpt_document(
    "account-fleet-demo",
    "dev@example.com",
    "pro",
    last_refresh=now - dt.timedelta(hours=1),
    access_expires=now + dt.timedelta(days=9),
    marker="demo",
)
sys.stdout.write(encode(document))
