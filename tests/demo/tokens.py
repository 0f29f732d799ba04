# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""Prints the auth.json of a ChatGPT login with made-up tokens: `tokens.py given`, or `renewed` for newer ones."""

from __future__ import annotations

import datetime as dt
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "support"))
from credentials import chatgpt_document, encode

tokens = sys.argv[1]
made = dt.datetime.now(dt.UTC) - {"given": dt.timedelta(days=9), "renewed": dt.timedelta(minutes=1)}[tokens]
document = chatgpt_document(
    "account-fleet-demo",
    "dev@example.com",
    "pro",
    last_refresh=made,
    access_expires=made + dt.timedelta(days=10),
    marker=f"demo-{tokens}",
)
sys.stdout.write(encode(document))
