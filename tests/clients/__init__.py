# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""Real Codex binaries, offline: made-up credentials, a stand-in API, a client."""
