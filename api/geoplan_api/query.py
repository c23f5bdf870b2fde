"""The query parameters of the standard, each read by one small function with its own error."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from geoplan.errors import BadBbox
from geoplan.model import Bbox
from geoplan_api.errors import BadParameter

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from geoplan.store import Column

DEFAULT_LIMIT = 100
MAX_LIMIT = 10_000
RESERVED = ("f", "bbox", "datetime", "limit", "after")
"""Parameters of ``/items``; a column of such a name cannot be asked for."""

Value = str | int | float | bool

_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
_WHOLE = re.compile(r"[+-]?[0-9]{1,19}")
_PACK = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME = r"[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})"
_MOMENT = re.compile(rf"{_DATE}([Tt ]{_TIME})?")
_INTEGERS = ("INTEGER", "INT", "MEDIUMINT", "SMALLINT", "TINYINT")
_REALS = ("REAL", "DOUBLE", "FLOAT")
_UNASKABLE = ("BLOB",)


@dataclass(frozen=True)
class ItemsQuery:
    """Which features of a collection a request asks for.

    Attributes
    ----------
    boxes : tuple of Bbox, optional
        In longitude and latitude; two where the box crosses the antimeridian.
    where : mapping
        Column → value; all must be equal.
    after : str, optional
        Only features whose id comes after this one: the key in the ``next`` link.
    limit : int
        How many.
    """

    boxes: tuple[Bbox, ...] | None = None
    where: Mapping[str, Value] = field(default_factory=dict)
    after: str | None = None
    limit: int = DEFAULT_LIMIT


def read_items_query(parameters: Mapping[str, str], columns: Iterable[Column]) -> ItemsQuery:
    """Read the parameters of ``/items``.

    Raises
    ------
    BadParameter
        One has a value it cannot have.
    """
    if "datetime" in parameters:
        check_datetime(parameters["datetime"])
    where = {
        column.name: column_value(column, parameters[column.name])
        for column in queryable(columns)
        if column.name in parameters
    }
    boxes = read_bbox(parameters["bbox"]) if "bbox" in parameters else None
    limit = read_limit(parameters["limit"]) if "limit" in parameters else DEFAULT_LIMIT
    return ItemsQuery(boxes, where, parameters.get("after"), limit)


def single(pairs: Iterable[tuple[str, str]], known: Collection[str]) -> dict[str, str]:
    """Return query parameters as a mapping.

    Raises
    ------
    BadParameter
        One is unknown or stands twice.
    """
    found: dict[str, str] = {}
    for name, value in pairs:
        if name not in known:
            there = ", ".join(known) or "none"
            raise BadParameter(f"unknown query parameter {name!r}; known here: {there}")
        if name in found:
            raise BadParameter(f"query parameter {name!r} stands twice")
        found[name] = value
    return found


def read_limit(text: str) -> int:
    """Read ``limit``: at least 1; more than the maximum counts as the maximum.

    Examples
    --------
    >>> read_limit("99999999999999999999999")
    10000
    """
    if not re.fullmatch(r"[0-9]+", text, re.ASCII) or not text.strip("0"):
        raise BadParameter(f"limit = {text!r}: a whole number from 1 to {MAX_LIMIT} is needed")
    digits = text.lstrip("0")
    return MAX_LIMIT if len(digits) > len(str(MAX_LIMIT)) else min(int(digits), MAX_LIMIT)


def read_day(name: str, text: str) -> date:
    """Read a day as RFC 3339 writes it.

    Examples
    --------
    >>> read_day("on", "2026-11-22")
    datetime.date(2026, 11, 22)
    """
    try:
        if re.fullmatch(_DATE, text, re.ASCII):
            return date.fromisoformat(text)
    except ValueError:
        pass  # such as 30 February
    raise BadParameter(f"{name} = {text!r} is no day, YYYY-MM-DD")


def read_pack(name: str, text: str) -> str:
    """Read the id of a pack of rules, which may become part of a file's name."""
    if not _PACK.fullmatch(text):
        raise BadParameter(f"{name} = {text!r} is no id of a pack, such as cn-national")
    return text


def read_bbox(text: str) -> tuple[Bbox, ...]:
    """Read ``bbox`` in degrees: four numbers, or six with heights, which select nothing.

    A box whose west exceeds its east crosses the antimeridian and becomes two.

    Examples
    --------
    >>> read_bbox("170,-5,-170,5")[1].xmax
    -170.0
    """
    parts = text.split(",")
    if len(parts) not in (4, 6) or not all(_NUMBER.fullmatch(part) for part in parts):
        raise BadParameter(
            f"bbox = {text!r}: four numbers are needed, west,south,east,north in degrees "
            f"(or six, with heights third and last)"
        )
    numbers = [float(part) for part in parts]
    if len(numbers) == 6:
        low, high = numbers.pop(2), numbers.pop()
        if not low <= high:
            raise BadParameter(f"bbox = {text!r}: the lower height exceeds the upper")
    west, south, east, north = numbers
    if not all(abs(lon) <= 180 for lon in (west, east)) or not all(
        abs(lat) <= 90 for lat in (south, north)
    ):
        raise BadParameter(
            f"bbox = {text!r}: longitudes lie within ±180 and latitudes within ±90; "
            f"the order is west,south,east,north, in degrees"
        )
    try:
        if west > east:
            return Bbox.of((west, south, 180.0, north)), Bbox.of((-180.0, south, east, north))
        return (Bbox.of((west, south, east, north)),)
    except BadBbox as error:
        raise BadParameter(f"bbox = {text!r}: {error}") from None


def check_datetime(text: str) -> None:
    """Check ``datetime``: an RFC 3339 moment or day, or an interval of two, one of them open.

    Raises
    ------
    BadParameter
        It is none of these, or ends before it begins.
    """
    ends = text.split("/")
    wrong = BadParameter(
        f"datetime = {text!r}: a moment (2025-01-01T00:00:00Z), a day, or an interval of two "
        f"with a slash between, one of them perhaps '..', is needed"
    )
    if len(ends) > 2 or all(end in ("", "..") for end in ends):
        raise wrong
    moments = [_moment(end) for end in ends if len(ends) == 1 or end not in ("", "..")]
    if None in moments:
        raise wrong
    if len(moments) == 2 and moments[0] > moments[1]:  # type: ignore[operator]
        raise BadParameter(f"datetime = {text!r}: the interval ends before it begins")


def _moment(text: str) -> datetime | None:
    if not _MOMENT.fullmatch(text):
        return None
    try:
        # a leap second is a moment in RFC 3339, not in Python
        found = datetime.fromisoformat(text.upper().replace(":60", ":59"))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def queryable(columns: Iterable[Column]) -> list[Column]:
    """Return the columns that can be asked for as ``name=value``."""
    return [
        column
        for column in columns
        if column.name not in RESERVED and _kind(column) not in _UNASKABLE
    ]


def column_schema(column: Column) -> dict[str, str]:
    """Return the JSON schema of a column's values.

    Examples
    --------
    >>> from geoplan.store import Column
    >>> column_schema(Column("lanes", "INTEGER"))
    {'type': 'integer'}
    """
    kind = _kind(column)
    if kind == "BOOLEAN":
        return {"type": "boolean"}
    if kind in _INTEGERS:
        return {"type": "integer"}
    if kind in _REALS:
        return {"type": "number"}
    return {"type": "string"}


def column_value(column: Column, text: str) -> Value:
    """Read a value to compare a column with.

    Raises
    ------
    BadParameter
        The text is no value of the column's type.
    """
    type_ = column_schema(column)["type"]
    if type_ == "boolean" and text in ("true", "false"):
        return text == "true"
    if type_ == "integer" and _WHOLE.fullmatch(text) and -(2**63) <= int(text) < 2**63:
        return int(text)
    if type_ == "number" and _NUMBER.fullmatch(text) and math.isfinite(float(text)):
        return float(text)
    if type_ == "string":
        return text
    needed = {"boolean": "true or false", "integer": "a whole number", "number": "a number"}
    raise BadParameter(f"{column.name} = {text!r}: {needed[type_]} is needed")


def _kind(column: Column) -> str:
    return column.type.upper().split("(")[0]
