# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one exception with which this collection refuses something."""

from __future__ import annotations


class CodexError(Exception):
    """A refusal: one clear sentence that names the option or file, says what to do and quotes no secret."""
