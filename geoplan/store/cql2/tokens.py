"""The words, signs and literals of CQL2 text."""

from __future__ import annotations

import math
import re
from typing import NamedTuple

from geoplan.errors import BadQuery

_START = (
    ":_A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1ffe\u200c-\u200d"
    "\u2070-\u218f\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"
)
_TOKEN = re.compile(
    r"(?P<space>\s+)"
    r"|(?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<text>'(?:[^'\\]|''|\\.)*')"
    r'|(?P<quoted>"(?:[^"]|"")*")'
    rf"|(?P<name>[{_START}][{_START}.0-9\u0300-\u036f\u203f-\u2040]*)"
    r"|(?P<sign><>|<=|>=|[=<>(),+\-*/%^])",
    re.DOTALL,
)
_ESCAPE = re.compile(r"''|\\(.)", re.DOTALL)
_ESCAPED = dict(zip("abtnvfr'\\", "\a\b\t\n\v\f\r'\\", strict=True))
_WORDS = ("AND", "OR", "NOT", "IS", "NULL", "LIKE", "BETWEEN", "IN", "TRUE", "FALSE", "DIV")


class Token(NamedTuple):
    """A word, sign or literal, and where it begins."""

    kind: str
    text: str
    at: int


def tokens(text: str) -> list[Token]:
    """Return the tokens of a text, an ``end`` last.

    Raises
    ------
    BadQuery
        Something is no token, or a text in quotes does not end.
    """
    found, at = [], 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            what = "a text that does not end" if text[at] in "'\"" else f"{text[at]!r}"
            raise BadQuery(f"filter: {what} at character {at + 1}")
        kind = str(match.lastgroup)
        word = match.group()
        if kind == "name" and word.upper() in _WORDS:
            kind, word = "word", word.upper()
        if kind != "space":
            found.append(Token(kind, word, at))
        at = match.end()
    found.append(Token("end", "", len(text)))
    return found


def number(token: Token) -> int | float:
    """Return a number as it stands: whole where it is written so."""
    if token.text.isdigit():
        return int(token.text)
    found = float(token.text)
    if not math.isfinite(found):
        raise BadQuery(f"filter: {token.text} at character {token.at + 1} is too large")
    return found


def unescaped(literal: str) -> str:
    """Return what a text in quotes says."""

    def character(match: re.Match[str]) -> str:
        sign = match.group(1)
        # what is no escape stays: LIKE has one of its own
        return "'" if sign is None else _ESCAPED.get(sign, match.group())

    return _ESCAPE.sub(character, literal[1:-1])
