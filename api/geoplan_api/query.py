"""The query parameters of the standard, each read by one small function with its own error."""

from __future__ import annotations

import math
import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from geoplan.errors import BadBbox
from geoplan.model import Bbox
from geoplan.store.condition import Condition, SortKey
from geoplan.store.cql2.times import LAST_OF_DAY_S
from geoplan.store.kinds import kind_of
from geoplan_api.errors import BadParameter
from geoplan_api.references import CRS84, Reference, reference

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from geoplan.store import Column

DEFAULT_LIMIT = 100
MAX_LIMIT = 10_000
RESERVED = (
    "f",
    "bbox",
    "bbox-crs",
    "crs",
    "datetime",
    "filter",
    "filter-lang",
    "filter-crs",
    "limit",
    "after",
    "sortby",
    "properties",
)
"""Parameters of ``/items``; a column of such a name cannot be asked for."""
ITEM_PARAMETERS = ("f", "crs", "properties")
"""Parameters of ``/items/{id}``."""

Value = str | int | float | bool

_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
_WHOLE = re.compile(r"[+-]?[0-9]{1,19}")
_PACK = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME = r"[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOMENT = re.compile(rf"{_DATE}([Tt ]{_TIME})?")


@dataclass(frozen=True)
class ItemsQuery:
    """Which features of a collection a request asks for, and how they are to come.

    Attributes
    ----------
    boxes : tuple of Bbox, optional
        In `box_reference`; two where the box crosses the antimeridian.
    box_reference : Reference
        The CRS of the boxes.
    where : tuple of (str, value)
        Columns and values; all must be equal.
    conditions : tuple of Condition
        What ``filter`` asks; all must hold.
    order : tuple of SortKey
        What ``sortby`` asks; the id decides last.
    after : str, optional
        Only features that come after this one: the key in the ``next`` link.
    limit : int
        How many.
    columns : tuple of Column
        The properties to give.
    reference : Reference
        The CRS to give features in.
    """

    boxes: tuple[Bbox, ...] | None = None
    box_reference: Reference = field(default_factory=lambda: reference(CRS84))
    where: tuple[tuple[str, Value], ...] = ()
    conditions: tuple[Condition, ...] = ()
    order: tuple[SortKey, ...] = ()
    after: str | None = None
    limit: int = DEFAULT_LIMIT
    columns: tuple[Column, ...] = ()
    reference: Reference = field(default_factory=lambda: reference(CRS84))

    @property
    def everything(self) -> bool:
        """Whether nothing is asked but the next features in the order of their ids."""
        return self.boxes is None and not (self.where or self.conditions or self.order)

    @property
    def question(self) -> Hashable:
        """What decides which features match, and in which order; alike for all pages."""
        return (self.boxes, self.box_reference.uri, self.where, self.conditions, self.order)


def read_items_query(parameters: Mapping[str, str], columns: Sequence[Column]) -> ItemsQuery:
    """Read the parameters of ``/items``.

    Raises
    ------
    BadParameter
        One has a value it cannot have.
    """
    where = tuple(
        (column.name, column_value(column, parameters[column.name]))
        for column in queryable(columns)
        if column.name in parameters
    )
    box_reference = reference(parameters.get("bbox-crs", CRS84))
    boxes = read_bbox(parameters["bbox"], box_reference) if "bbox" in parameters else None
    return ItemsQuery(
        boxes=boxes,
        box_reference=box_reference,
        where=where,
        order=read_sortby(parameters["sortby"], columns) if "sortby" in parameters else (),
        after=parameters.get("after"),
        limit=read_limit(parameters["limit"]) if "limit" in parameters else DEFAULT_LIMIT,
        columns=chosen(parameters.get("properties"), columns),
        reference=reference(parameters.get("crs", CRS84)),
    )


def chosen(text: str | None, columns: Sequence[Column]) -> tuple[Column, ...]:
    """Read ``properties``: the names of the columns to give, all of them without it.

    Raises
    ------
    BadParameter
        A name is none of a column.
    """
    if text is None:
        return tuple(columns)
    names = [name for name in text.split(",") if name]
    for name in names:
        _column(name, columns, "properties")
    return tuple(column for column in columns if column.name in names)


def read_sortby(text: str, columns: Sequence[Column]) -> tuple[SortKey, ...]:
    """Read ``sortby``: names of columns, each with + or - before it; + when there is none.

    Raises
    ------
    BadParameter
        A name is none of a column that can be sorted by, or stands twice.

    Examples
    --------
    >>> from geoplan.store import Column
    >>> read_sortby("-area", [Column("area", "REAL")])
    (SortKey(column='area', descending=True),)
    """
    keys: list[SortKey] = []
    for part in text.split(","):
        # a plus in a query string arrives as a space when it was not encoded
        name = part[1:] if part[:1] in ("+", "-", " ") else part
        column = _column(name, queryable(columns), "sortby")
        if column.name in [key.column for key in keys]:
            raise BadParameter(f"sortby = {text!r}: {name!r} stands twice")
        keys.append(SortKey(column.name, part.startswith("-")))
    return tuple(keys)


def _column(name: str, columns: Sequence[Column], parameter: str) -> Column:
    for column in columns:
        if column.name == name:
            return column
    there = ", ".join(column.name for column in columns)
    raise BadParameter(f"{parameter}: there is no property {name!r}; there are: {there}")


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


def filled(pairs: Iterable[tuple[str, str]], known: Collection[str]) -> dict[str, str]:
    """Return query parameters as `single` does, without those that a form left empty.

    An empty ``f`` stays, to be refused: no form has it as a field.

    Examples
    --------
    >>> filled([("q", ""), ("on", "2026-11-22")], ("q", "on"))
    {'on': '2026-11-22'}
    """
    given = single(pairs, known)
    return {name: value for name, value in given.items() if value.strip() or name == "f"}


def read_limit(text: str, most: int = MAX_LIMIT) -> int:
    """Read ``limit``: at least 1; more than the maximum counts as the maximum.

    Examples
    --------
    >>> read_limit("99999999999999999999999")
    10000
    """
    if not re.fullmatch(r"[0-9]+", text, re.ASCII) or not text.strip("0"):
        raise BadParameter(f"limit = {text!r}: a whole number from 1 to {most} is needed")
    digits = text.lstrip("0")
    return most if len(digits) > len(str(most)) else min(int(digits), most)


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


def read_bbox(text: str, crs: Reference) -> tuple[Bbox, ...]:
    """Read ``bbox``: four numbers, or six with heights, which select nothing.

    The axes come in the order of its CRS; the boxes returned are east first.

    A box whose west exceeds its east crosses the antimeridian and becomes two.

    Examples
    --------
    >>> read_bbox("170,-5,-170,5", reference(CRS84))[1].xmax
    -170.0
    """
    parts = text.split(",")
    if len(parts) not in (4, 6) or not all(_NUMBER.fullmatch(part) for part in parts):
        raise BadParameter(
            f"bbox = {text!r}: four numbers are needed, {_order(crs)} "
            f"(or six, with heights third and last)"
        )
    numbers = [float(part) for part in parts]
    if len(numbers) == 6:
        low, high = numbers.pop(2), numbers.pop()
        if not low <= high:
            raise BadParameter(f"bbox = {text!r}: the lower height exceeds the upper")
    west, south, east, north = numbers
    if crs.swapped:
        south, west, north, east = numbers
    try:
        if crs.geographic:
            return _degree_boxes(text, (west, south, east, north), crs)
        return (Bbox.of((west, south, east, north)),)
    except BadBbox as error:
        raise BadParameter(f"bbox = {text!r}: {error}") from None


def _degree_boxes(
    text: str, edges: tuple[float, float, float, float], crs: Reference
) -> tuple[Bbox, ...]:
    west, south, east, north = edges
    if not all(abs(lon) <= 180 for lon in (west, east)) or not all(
        abs(lat) <= 90 for lat in (south, north)
    ):
        raise BadParameter(
            f"bbox = {text!r}: longitudes lie within ±180 and latitudes within ±90; "
            f"the order is {_order(crs)}"
        )
    if west > east:
        return Bbox.of((west, south, 180.0, north)), Bbox.of((-180.0, south, east, north))
    return (Bbox.of(edges),)


def _order(crs: Reference) -> str:
    unit = "degrees" if crs.geographic else "metres"
    return f"{'south,west,north,east' if crs.swapped else 'west,south,east,north'} in {unit}"


def read_datetime(text: str) -> tuple[float, float]:
    """Read ``datetime``: an RFC 3339 moment or day, or an interval of two, one of them open.

    Returns
    -------
    tuple of float
        First and last second since 1970, infinite where open; a day lasts to its last millisecond.

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
    start, end = ends[0], ends[-1]
    return (
        -math.inf if start in ("", "..") else _seconds(start),
        math.inf if end in ("", "..") else _seconds(end, last=True),
    )


def _seconds(text: str, last: bool = False) -> float:
    found = _moment(text)
    assert found is not None  # noqa: S101 - was looked at
    whole_day = last and re.fullmatch(_DATE, text, re.ASCII)
    return (found - _EPOCH).total_seconds() + (LAST_OF_DAY_S if whole_day else 0)


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
        column for column in columns if column.name not in RESERVED and kind_of(column) != "bytes"
    ]


def column_schema(column: Column) -> dict[str, str]:
    """Return the JSON schema of a column's values.

    Examples
    --------
    >>> from geoplan.store import Column
    >>> column_schema(Column("lanes", "INTEGER"))
    {'type': 'integer'}
    """
    kind = kind_of(column)
    return {"type": kind if kind in ("boolean", "integer", "number") else "string"}


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
