"""What an expression of a filter comes to: SQL, and the kind of value it has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from geoplan.errors import BadQuery

NUMBERS = ("integer", "number")
INSTANTS = ("date", "timestamp")
_WORDS = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "date": "a day",
    "timestamp": "a moment",
    "array": "an array",
    "geometry": "a geometry",
}


@dataclass(frozen=True)
class Term:
    """An expression in SQL.

    Attributes
    ----------
    text : str
        SQL in which values stand as parameters only. Instants are seconds since 1970.
    kind : str
        What it is worth: ``string``, ``integer``, ``number``, ``boolean``, ``date``,
        ``timestamp``, ``array``.
    shown : str
        How the client wrote it, for messages.
    literal : str, optional
        The text that it is, when that is known before any row is read.
    day : str, optional
        Of a timestamp: SQL of the midnight that it follows.
    known : bool
        Whether it is null in no row.
    """

    text: str
    kind: str
    shown: str
    literal: str | None = None
    day: str | None = None
    known: bool = False


def comparable(left: Term, right: Term) -> tuple[str, str]:
    """Return the SQL of two terms such that they can be compared.

    A day and a moment are compared by the day.

    Raises
    ------
    BadQuery
        They are of different kinds.
    """
    if left.kind == right.kind or (left.kind in NUMBERS and right.kind in NUMBERS):
        if left.kind == "array":
            raise BadQuery("filter: arrays are compared by A_EQUALS and the like")
        return left.text, right.text
    if left.kind in INSTANTS and right.kind in INSTANTS:
        return left.day or left.text, right.day or right.text
    raise BadQuery(
        f"filter: {left.shown} is {_WORDS[left.kind]} and {right.shown} is {_WORDS[right.kind]}: "
        f"they cannot be compared"
    )


def of_kind(term: Term, *kinds: str) -> Term:
    """Return a term that must be of one of some kinds.

    Raises
    ------
    BadQuery
        It is of another.
    """
    if term.kind not in kinds:
        raise BadQuery(
            f"filter: {term.shown} is {_WORDS[term.kind]}, where {_WORDS[kinds[0]]} is needed"
        )
    return term


def shown(node: Any) -> str:
    """Return how a part of a filter is called in a message."""
    if isinstance(node, dict) and isinstance(node.get("property"), str):
        return str(node["property"])
    if isinstance(node, dict) and isinstance(node.get("op"), str):
        return f"{node['op']}(…)"
    if isinstance(node, bool):
        return str(node).lower()
    text = repr(node)
    return text if len(text) <= 60 else text[:59] + "…"
