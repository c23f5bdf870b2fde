"""Checks of columns and values against the schema of the kind."""

from __future__ import annotations

import math
import re
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from geoplan.quality.subject import Finding, Subject, listed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from geoplan.schema import Field

_OF_GEOMETRY = {"geometry_method", "geometry_accuracy_m", "coordinate_basis"}
_ACCURACY = "geometry_accuracy_m"
_TO_COME = {"valid_from", "valid_to", "construction_start_date", "planned_opening"}
_CHAINAGE = re.compile(r"[A-Z]*K(\d+)\+(\d+(?:\.\d+)?)", re.IGNORECASE)


def missing_field(subject: Subject) -> Iterator[Finding]:
    """Report required columns that are not there; the ids stand in the index."""
    there = subject.attributes()
    for field in _fields(subject):
        if field.required and field.name not in there and field.name != subject.id_column:
            yield Finding(column=field.name, words=_labels(field))


def unknown_field(subject: Subject) -> Iterator[Finding]:
    """Report columns that the kind does not know."""
    if subject.schema is not None and not subject.schema.open:
        for name in subject.attributes():
            if subject.schema.field(name) is None:
                yield Finding(column=name)


def null_required(subject: Subject) -> Iterator[Finding]:
    """Report, for each required column, the features whose value was not published.

    The accuracy has a code of its own.
    """
    for field, values in _known(subject):
        null = values.isna().to_numpy()
        if field.name in _OF_GEOMETRY:  # what is not drawn was not drawn by any method
            null = null & subject.present
        rows = np.flatnonzero(null)
        if field.required and len(rows) and field.name != _ACCURACY:
            ids = listed(subject, rows)
            yield Finding(None, None, field.name, ids, len(rows), words=_labels(field))


def wrong_type(subject: Subject) -> Iterator[Finding]:
    """Report values that are not of their field's type."""
    for field, values in _known(subject):
        for row, value in _filled(values):
            if not _FITS[field.type](value):
                yield _value(row, field.name, value, type=field.type)


def out_of_domain(subject: Subject) -> Iterator[Finding]:
    """Report values that are none of the enumeration's."""
    for field, values in _known(subject):
        allowed = {value.code for value in field.values}
        for row, value in _filled(values) if allowed and not field.open else ():
            told = value.split(";") if field.multiple and isinstance(value, str) else [value]
            stray = [one for one in told if one not in allowed]
            if stray:
                yield _value(row, field.name, stray[0], allowed=", ".join(sorted(allowed)))


def out_of_range(subject: Subject) -> Iterator[Finding]:
    """Report numbers outside their field's range, and infinite ones."""
    for field, values in _known(subject):
        if field.type not in ("INTEGER", "REAL"):
            continue
        low = -math.inf if field.minimum is None else field.minimum
        high = math.inf if field.maximum is None else field.maximum
        for row, value in _filled(values):
            if _number(value) and not (low <= value <= high and math.isfinite(value)):
                yield _value(row, field.name, value, low=low, high=high)


def too_long(subject: Subject) -> Iterator[Finding]:
    """Report texts longer than their field."""
    for field, values in _known(subject):
        for row, value in _filled(values) if field.length else ():
            if isinstance(value, str) and len(value) > int(field.length or 0):
                yield _value(row, field.name, value, length=len(value), most=field.length)


def duplicate_id(subject: Subject) -> Iterator[Finding]:
    """Report each id that several features carry, at the first of them."""
    ids = pd.Series(subject.features.index.to_numpy(), dtype=object)
    for _, rows in ids.groupby(ids, sort=False).indices.items() if len(ids) else ():
        if len(rows) > 1:
            yield Finding(at=int(rows[0]), value=str(ids.iloc[rows[0]]), count=len(rows))


def missing_id(subject: Subject) -> Iterator[Finding]:
    """Report features without an id."""
    ids = subject.features.index.tolist()
    for row, value in enumerate(ids):
        if _null(value) or value == "":
            yield Finding(at=row, value=None, words={"row": row + 1})


def missing_accuracy(subject: Subject) -> Iterator[Finding]:
    """Report drawn features that do not say how far they may be off."""
    values = subject.attributes().get(_ACCURACY)
    if values is not None and subject.schema is not None and subject.schema.field(_ACCURACY):
        for row in np.flatnonzero(values.isna().to_numpy() & subject.present):
            yield Finding(at=int(row), column=_ACCURACY)


def future_date(subject: Subject) -> Iterator[Finding]:
    """Report dates after today where the column tells of the past."""
    for name, values in subject.attributes().items():
        if name in _TO_COME or values.dtype.kind in "biuf":
            continue
        for row, value in _filled(values):
            day = _day(value)
            if day is not None and day > subject.today:
                yield _value(row, name, day.isoformat())


def start_after_end(subject: Subject) -> Iterator[Finding]:
    """Report pairs of columns, ``…_from`` and ``…_to`` or ``start`` and ``end``, out of order."""
    there = subject.attributes()
    for first, values in there.items():
        last = re.sub(r"_from$", "_to", re.sub(r"(^|_)start(_|$)", r"\1end\2", first))
        if last == first or last not in there:
            continue
        for row, value in _filled(values):
            start, end = _ordered(value), _ordered(there[last].iloc[row])
            if start is not None and end is not None and start[0] == end[0] and start > end:
                yield _value(row, first, value, other=last, end=there[last].iloc[row])


def _fields(subject: Subject) -> tuple[Field, ...]:
    return () if subject.schema is None else subject.schema.fields


def _known(subject: Subject) -> Iterator[tuple[Field, pd.Series[Any]]]:
    there = subject.attributes()
    return ((field, there[field.name]) for field in _fields(subject) if field.name in there)


def _labels(field: Field) -> dict[str, str]:
    return {"label": field.label.zh, "label_en": field.label.en}


def _filled(values: pd.Series[Any]) -> Iterator[tuple[int, Any]]:
    rows = np.flatnonzero(values.notna().to_numpy())
    return zip(rows.tolist(), values.iloc[rows].tolist(), strict=True)


def _value(row: int, column: str, value: Any, **words: Any) -> Finding:
    text = str(value)
    shown = text if len(text) <= 80 else f"{text[:79]}…"
    return Finding(at=row, column=column, value=shown, words=words)


def _null(value: Any) -> bool:
    return value is None or value is pd.NA or value is pd.NaT or value != value


def _number(value: Any) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)


def _whole(value: Any) -> bool:
    return _number(value) and (not math.isfinite(value) or value == int(value))


def _is_date(value: Any) -> bool:
    return isinstance(value, date) or _day(value) is not None


_FITS: dict[str, Callable[[Any], bool]] = {
    "TEXT": lambda value: isinstance(value, str),
    "INTEGER": _whole,
    "REAL": _number,
    "BOOLEAN": lambda value: isinstance(value, bool | np.bool_),
    "DATE": _is_date,
    "DATETIME": _is_date,
}


def _day(value: Any) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    if isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\d", value):
        try:
            return datetime.fromisoformat(value).date()
        except ValueError:
            return None
    return None


def _ordered(value: Any) -> tuple[str, Any] | None:
    """Return a value as something to compare, and of which sort; None when it is neither."""
    if not _null(value) and _number(value):
        return "number", float(value)
    if isinstance(value, str) and (chainage := _CHAINAGE.fullmatch(value.strip())):
        return "chainage", int(chainage[1]) * 1000 + float(chainage[2])
    day = None if _null(value) else _day(value)
    return None if day is None else ("date", day)
