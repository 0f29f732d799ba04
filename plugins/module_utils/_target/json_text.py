# Copyright (c) 2026 The fleet.codex authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""JSON text, read and written by CPython's own accelerator. Runs on the target.

Not by the module json, since that loads regular expressions: a sixth of what describing a home costs on the target. It
takes over where the accelerator is missing or differs.
"""

BLANKS = " \t\n\r"
DIGITS = 400  # of an integer; the largest number that any JSON library reads has 309


def parse_int(text):
    """An integer. Raises ValueError for one of many digits, with which Python 3.10 and earlier would take minutes."""
    if len(text) > DIGITS:
        raise ValueError("an integer with too many digits")
    return int(text)


class Context:
    """What the accelerator asks its caller for when it reads."""

    strict = True
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    parse_int = staticmethod(parse_int)
    parse_constant = float  # NaN, Infinity, -Infinity


def refuse(value):
    """Raises TypeError for a value that JSON cannot hold."""
    raise TypeError("{} is not a JSON type".format(type(value).__name__))


try:
    import _json

    def loads(text, object_pairs_hook=None):
        """The value that a text says. Raises ValueError for a text that is not JSON."""
        context = Context()
        context.object_pairs_hook = object_pairs_hook
        try:
            value, end = _json.make_scanner(context)(text, len(text) - len(text.lstrip(BLANKS)))
        except (StopIteration, SystemError, ImportError):  # the last two where the module json cannot be loaded by now
            raise ValueError("not JSON") from None
        if text[end:].strip(BLANKS):
            raise ValueError("text after the JSON value")
        return value

    def dumps(value):
        """A value as JSON text in ASCII. Raises TypeError for what JSON cannot hold."""
        encode = _json.make_encoder(None, refuse, _json.encode_basestring_ascii, None, ": ", ", ", False, False, True)
        return "".join(encode(value, 0))

    if loads(' {"a": [1, null]} ') != {"a": [1, None]} or dumps({"a": [1, None]}) != '{"a": [1, null]}':
        raise ImportError("another _json")
except Exception:
    import json

    dumps = json.dumps

    def loads(text, object_pairs_hook=None):
        """The value that a text says. Raises ValueError for a text that is not JSON."""
        return json.loads(text, object_pairs_hook=object_pairs_hook, parse_int=parse_int)
