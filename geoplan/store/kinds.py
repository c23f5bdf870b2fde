"""What kind of values a column holds, by its GeoPackage type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from geoplan.store.base import Column

Kind = Literal["string", "integer", "number", "boolean", "date", "timestamp", "bytes"]

_INTEGERS = ("INTEGER", "INT", "MEDIUMINT", "SMALLINT", "TINYINT")
_REALS = ("REAL", "DOUBLE", "FLOAT")
_OTHERS: dict[str, Kind] = {
    "BOOLEAN": "boolean",
    "DATE": "date",
    "DATETIME": "timestamp",
    "BLOB": "bytes",
}


def kind_of(column: Column) -> Kind:
    """Return the kind of a column's values.

    Examples
    --------
    >>> from geoplan.store import Column
    >>> kind_of(Column("name", "TEXT(40)"))
    'string'
    """
    declared = column.type.upper().split("(")[0]
    if declared in _INTEGERS:
        return "integer"
    if declared in _REALS:
        return "number"
    return _OTHERS.get(declared, "string")
