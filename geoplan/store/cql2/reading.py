"""A filter as it is sent, in one of the two encodings → its tree, which is plain CQL2 JSON.

How long and how deep it may be is checked before anything is parsed.
"""

from __future__ import annotations

import json
import math
from typing import Any

from geoplan.errors import BadQuery
from geoplan.store.cql2.text import MAX_DEPTH, parse

LANGUAGES = ("cql2-text", "cql2-json")
MAX_BYTES = 4096
_MAX_BRACKETS = 2 * MAX_DEPTH + 8
"""An operator in JSON is an object that holds an array; a geometry adds a few arrays."""


def read(text: str, language: str) -> Any:
    """Return the tree of a filter.

    Parameters
    ----------
    text : str
        The filter.
    language : {"cql2-text", "cql2-json"}
        How it is written.

    Returns
    -------
    CQL2 JSON as Python holds it; numbers are finite and texts can be written as UTF-8.

    Raises
    ------
    BadQuery
        It is too long, nested too deep, or not written as the language wants it.

    Examples
    --------
    >>> read("lanes > 2", "cql2-text")
    {'op': '>', 'args': [{'property': 'lanes'}, 2]}
    """
    try:
        size = len(text.encode())
    except UnicodeEncodeError as error:
        raise BadQuery(f"filter: half a character stands at position {error.start + 1}") from None
    if size > MAX_BYTES:
        raise BadQuery(f"filter: {size} bytes are too long; {MAX_BYTES} are read")
    return parse(text) if language == "cql2-text" else _parse_json(text)


def _parse_json(text: str) -> Any:
    _refuse_deep(text)
    try:
        tree = json.loads(text, parse_constant=_refuse_constant)
    except ValueError as error:  # JSONDecodeError is one
        raise BadQuery(f"filter is no JSON: {error}") from None
    _refuse_unstorable(tree)
    return tree


def _refuse_deep(text: str) -> None:
    depth, inside, at = 0, False, 0
    while at < len(text):
        sign = text[at]
        if inside:
            if sign == "\\":
                at += 1
            inside = sign != '"'
        elif sign == '"':
            inside = True
        elif sign in "[{":
            depth += 1
            if depth > _MAX_BRACKETS:
                raise BadQuery(f"filter is nested more than {_MAX_BRACKETS} brackets deep")
        elif sign in "]}":
            depth -= 1
        at += 1


def _refuse_constant(name: str) -> Any:
    raise BadQuery(f"filter: {name} is no number of JSON")


def _refuse_unstorable(tree: Any) -> None:
    """Refuse numbers beyond all bounds and texts that are no UTF-8, wherever they stand."""
    if isinstance(tree, float) and not math.isfinite(tree):
        raise BadQuery("filter: a number is larger than any that can be compared")
    if isinstance(tree, str):
        try:
            tree.encode()
        except UnicodeEncodeError:
            raise BadQuery("filter: a text holds half a character") from None
    if isinstance(tree, dict):
        for name, value in tree.items():
            _refuse_unstorable(name)
            _refuse_unstorable(value)
    if isinstance(tree, list):
        for value in tree:
            _refuse_unstorable(value)
