"""Values of properties become what a column holds, or are refused with their place."""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from geoplan.errors import FeatureInvalid

if TYPE_CHECKING:
    from collections.abc import Callable

    from geoplan.schema import Field
    from geoplan.store import Column

_BITS = {"TINYINT": 8, "SMALLINT": 16, "MEDIUMINT": 32}
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_MOMENT = re.compile(
    r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})?", re.ASCII
)
_SIZED = re.compile(r"(\w+)\s*(?:\(\s*(\d+)\s*\))?", re.ASCII)


def pointer(name: str) -> str:
    """Return the JSON pointer of a property (RFC 6901)."""
    return "/properties/" + name.replace("~", "~0").replace("/", "~1")


def stored(column: Column, field: Field | None, value: Any) -> Any:
    """Return a property as the column holds it; null is always "not published".

    Parameters
    ----------
    column : Column
        The column.
    field : Field or None
        What the schema says of it, None when it knows no such field.
    value : JSON value
        The property.

    Raises
    ------
    FeatureInvalid
        It is of another type, or outside the domain of the field.
    """
    if value is None:
        return None
    at = pointer(column.name)
    found = _SIZED.match(column.type.upper())
    kind, size = (found[1], found[2]) if found else ("", None)
    read: Callable[[Any, str, str], Any] = _READERS.get(kind, _text)
    made = read(value, at, kind)
    if isinstance(made, str) and size is not None and len(made) > int(size):
        raise FeatureInvalid(f"{len(made)} characters: the column holds {size}", at)
    if field is not None:
        _refuse_outside(field, made, at)
    return made


def _refuse_outside(field: Field, value: Any, at: str) -> None:
    allowed = {one.code for one in field.values}
    if allowed and not field.open:
        told = value.split(";") if field.multiple else [value]
        stray = [one for one in told if one not in allowed]
        if stray:
            known = ", ".join(one.code for one in field.values)
            raise FeatureInvalid(f"{stray[0]!r} is none of: {known}", at)
    if field.length is not None and isinstance(value, str) and len(value) > field.length:
        raise FeatureInvalid(f"{len(value)} characters: {field.name} has {field.length}", at)
    low = -math.inf if field.minimum is None else field.minimum
    high = math.inf if field.maximum is None else field.maximum
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if number and not low <= value <= high:
        ends = f"from {low:g}" + ("" if math.isinf(high) else f" to {high:g}")
        unit = f" {field.unit}" if field.unit else ""
        raise FeatureInvalid(f"{value!r} is outside the range of {field.name}: {ends}{unit}", at)


def _text(value: Any, at: str, _: str) -> str:
    if not isinstance(value, str):
        raise FeatureInvalid(f"{value!r} is no text", at)
    if "\0" in value:
        raise FeatureInvalid("the text holds a character that no table can (U+0000)", at)
    return value


def _whole(value: Any, at: str, kind: str) -> int:
    whole = isinstance(value, int) and not isinstance(value, bool)
    if not whole and not (isinstance(value, float) and value.is_integer()):
        raise FeatureInvalid(f"{value!r} is no whole number", at)
    bits = _BITS.get(kind, 64)
    if not -(2 ** (bits - 1)) <= value < 2 ** (bits - 1):
        raise FeatureInvalid(f"{value!r} has more than the {bits} bits of the column", at)
    return int(value)


def _number(value: Any, at: str, _: str) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise FeatureInvalid(f"{value!r} is no number", at)
    if abs(value) > 1.7e308:
        raise FeatureInvalid("the number is too large", at)
    return float(value)


def _truth(value: Any, at: str, _: str) -> bool:
    if not isinstance(value, bool):
        raise FeatureInvalid(f"{value!r} is neither true nor false", at)
    return value


def _day(value: Any, at: str, _: str) -> str:
    text = value if isinstance(value, str) else ""
    try:
        if _DATE.fullmatch(text):
            return date.fromisoformat(text).isoformat()
    except ValueError:
        pass  # such as 30 February
    raise FeatureInvalid(f"{value!r} is no date: write 2025-06-30", at)


def _moment(value: Any, at: str, _: str) -> str:
    text = value if isinstance(value, str) else ""
    try:
        if _MOMENT.fullmatch(text):
            moment = datetime.fromisoformat(text)
            if moment.tzinfo is not None:
                moment = moment.astimezone(UTC)
            milliseconds = f"{moment.microsecond // 1000:03d}"
            return f"{moment:%Y-%m-%dT%H:%M:%S}.{milliseconds}Z"
    except (ValueError, OverflowError):
        pass  # such as 30 February
    raise FeatureInvalid(f"{value!r} is no time: write 2025-06-30T08:00:00Z", at)


def _bytes(_value: Any, at: str, _: str) -> bytes:
    raise FeatureInvalid("bytes cannot be sent in a feature: leave the property out", at)


_READERS: dict[str, Callable[[Any, str, str], Any]] = {
    **dict.fromkeys(("INTEGER", "INT", "BIGINT", *_BITS), _whole),
    **dict.fromkeys(("REAL", "DOUBLE", "FLOAT", "NUMERIC", "DECIMAL"), _number),
    "BOOLEAN": _truth,
    "DATE": _day,
    "DATETIME": _moment,
    "BLOB": _bytes,
}
