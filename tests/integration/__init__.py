# The fleet.codex authors, GPL-3.0-or-later (see LICENSE)
"""Real playbooks over real connections: the collection as users run it."""
