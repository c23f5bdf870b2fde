"""What a question asks of rows, in SQL with bound values, and in which order they come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple


@dataclass(frozen=True)
class Located:
    """Keys that a condition needs and SQL cannot find: of rows that lie somewhere.

    Attributes
    ----------
    parameter : str
        The parameter of the condition that the keys, an array, are for.
    relation : str, optional
        What the geometry of a row is to be to another, such as ``s_within``; None for the rows
        without a position.
    geometry : bytes
        The other geometry, as WKB; x is east and y is north.
    crs : str
        Name of the CRS that they are compared in.
    """

    parameter: str
    relation: str | None
    geometry: bytes
    crs: str


@dataclass(frozen=True)
class Condition:
    """A condition on the rows of a table.

    Attributes
    ----------
    text : str
        An SQL expression over the columns of the table, which is called ``t``; values stand in it
        as parameters only.
    values : tuple of (str, value)
        What the parameters are.
    located : tuple of Located
        Parameters whose values, keys of rows, are yet to be found.
    """

    text: str
    values: tuple[tuple[str, Any], ...] = ()
    located: tuple[Located, ...] = ()

    @property
    def is_listed(self) -> bool:
        """Whether it lists the keys of rows, so that few may be looked at."""
        return any(name == "keys" or hasattr(value, "dtype") for name, value in self.values)


class SortKey(NamedTuple):
    """A column to sort by."""

    column: str
    descending: bool = False


def rank(value: Any) -> tuple[int, Any]:
    """Return what orders values as SQLite does: null, numbers, texts by their bytes, blobs."""
    if value is None:
        return (0, 0)
    if isinstance(value, (bool, int, float)):
        return (1, value)
    if isinstance(value, str):
        return (2, value.encode("utf-8", "surrogatepass"))
    return (3, value)


class Rank:
    """The place of a row in an order: its sort values and its id, compared as SQLite does."""

    __slots__ = ("_order", "_values")

    def __init__(self, values: tuple[Any, ...], order: tuple[SortKey, ...]) -> None:
        self._values = tuple(rank(value) for value in values)
        self._order = order

    def __lt__(self, other: Rank) -> bool:
        directions = [*(key.descending for key in self._order), False]
        for mine, theirs, descending in zip(self._values, other._values, directions, strict=True):
            if mine != theirs:
                return (mine > theirs) if descending else (mine < theirs)
        return False
