"""Attributes, column by column: what is alike stands together, and types are kept."""

from __future__ import annotations

import datetime
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from geoplan.webmap.compact.varint import varints
from geoplan.webmap.values import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_EXACT_IN_JS = 2**53
_MOST_DECIMALS = 6
_EPOCH = datetime.date(1970, 1, 1).toordinal()
_PAYS = 2
"""A dictionary is written where a text stands this often on average."""


@dataclass
class Column:
    """A column as it is written: how to read it, and its bytes."""

    told: dict[str, Any]
    sections: dict[str, bytes] = field(default_factory=dict)


def column(values: pd.Series | pd.Index) -> Column:
    """Write a column; an empty cell and a figure that is not finite are null."""
    series = pd.Series(values.array).reset_index(drop=True)
    if isinstance(series.dtype, pd.CategoricalDtype):
        series = series.astype(object)
    missing = series.isna().to_numpy()
    made = _typed(series, missing)
    if made is None:
        made = _anything(series, missing)
    return made


def _typed(series: pd.Series, missing: NDArray[np.bool_]) -> Column | None:
    """Write a column whose cells are all of one type; None if they are not."""
    kind = pd.api.types.infer_dtype(series, skipna=True)
    given = series[~missing]
    if kind in ("string", "empty"):
        return _text(given.tolist(), missing)
    if kind == "boolean":
        return _boolean(given.to_numpy(dtype=bool), missing)
    if kind in ("integer", "floating", "mixed-integer-float"):
        return _number(series, missing)
    if kind == "date":
        return _date(np.array([day.toordinal() - _EPOCH for day in given], np.int64), missing)
    if kind == "datetime64" and (given == given.dt.normalize()).all() and given.dt.tz is None:
        days = given.to_numpy().astype("datetime64[D]").astype(np.int64)
        return _date(days, missing)
    return None


def _number(series: pd.Series, missing: NDArray[np.bool_]) -> Column | None:
    given = series[~missing]
    if pd.api.types.infer_dtype(given) == "integer":
        exact = _is_exact(int(given.min()), int(given.max()))
        return _whole("integer", given.to_numpy(dtype=np.int64), missing) if exact else None
    figures = given.to_numpy(dtype=np.float64)
    finite = np.isfinite(figures)
    if not finite.all():
        missing = missing.copy()
        missing[np.flatnonzero(~missing)[~finite]] = True
    return _real(figures[finite], missing)


def _is_exact(least: float, most: float) -> bool:
    """Whether JavaScript has whole numbers, and their distances from the least, without loss."""
    return all(abs(one) <= _EXACT_IN_JS for one in (least, most, most - least))


def _nulls(missing: NDArray[np.bool_]) -> dict[str, bytes]:
    packed = np.packbits(missing, bitorder="little").tobytes()
    return {"nulls": packed} if missing.any() else {}


def _whole(kind: str, given: NDArray[np.int64], missing: NDArray[np.bool_], **more: Any) -> Column:
    """Write whole numbers as what they are more than the least of them."""
    least = int(given.min()) if len(given) else 0
    written = {"values": varints(given - least)}
    return Column({"type": kind, "minimum": least, **more}, {**_nulls(missing), **written})


def _date(days: NDArray[np.int64], missing: NDArray[np.bool_]) -> Column:
    return _whole("date", days, missing)


def _boolean(given: NDArray[np.bool_], missing: NDArray[np.bool_]) -> Column:
    packed = np.packbits(given, bitorder="little").tobytes()
    return Column({"type": "boolean"}, {**_nulls(missing), "values": packed})


def _real(given: NDArray[np.float64], missing: NDArray[np.bool_]) -> Column:
    """Write figures exactly: as decimals where a division brings back every bit, else whole."""
    for decimals in range(_MOST_DECIMALS + 1):
        factor = 10.0**decimals
        scaled = np.rint(given * factor)
        if len(scaled) and not _is_exact(float(scaled.min()), float(scaled.max())):
            break
        if np.array_equal((scaled / factor).view(np.int64), given.view(np.int64)):
            return _whole("real", scaled.astype(np.int64), missing, decimals=decimals)
    # bytes of like weight stand together: those of exponents repeat
    planes = given.astype("<f8").view(np.uint8).reshape(-1, 8).T.tobytes()
    return Column({"type": "real"}, {**_nulls(missing), "values": planes})


def _text(given: Sequence[str], missing: NDArray[np.bool_], kind: str = "text") -> Column:
    codes, words = pd.factorize(np.asarray(given, dtype=object))
    if len(words) * _PAYS <= len(given):
        told = {"type": kind, "words": len(words)}
        return Column(told, {**_nulls(missing), **_strings(list(words)), "codes": varints(codes)})
    return Column({"type": kind}, {**_nulls(missing), **_strings(given)})


def _strings(texts: Sequence[str]) -> dict[str, bytes]:
    """Write texts without a gap, and their lengths in UTF-16 units, as JavaScript counts them."""
    joined = "".join(texts)
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    if not joined.isascii() and max(joined) > "\uffff":
        lengths = np.array([sum(1 + (c > "\uffff") for c in text) for text in texts], np.int64)
    return {"lengths": varints(lengths), "values": joined.encode("utf-8", "replace")}


def _anything(series: pd.Series, missing: NDArray[np.bool_]) -> Column:
    """Write cells of several types as they come: each as JSON, or as text."""
    cells = [None if gone else plain(cell) for cell, gone in zip(series, missing, strict=True)]
    missing = np.array([cell is None for cell in cells], dtype=bool)
    given = [cell for cell in cells if cell is not None]
    texts = [cell for cell in given if isinstance(cell, str)]
    if len(texts) == len(given):
        return _text(texts, missing)
    return _text([json.dumps(cell, ensure_ascii=False) for cell in given], missing, "json")
