"""What is not carried over, in words: of an import, and of an export before it is written."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from geoplan.i18n import phrase

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from geoplan.ingest.formats import Format
    from geoplan.model import Lang


@dataclass(frozen=True)
class Loss:
    """One thing that a file holds and its copy does not.

    Attributes
    ----------
    code : str
        Which kind of loss; the phrase ``loss.<code>`` tells it.
    values : mapping
        What the phrase names: columns, counts.
    """

    code: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def to(self, lang: Lang) -> str:
        """Return the loss in words."""
        return phrase(f"loss.{self.code}", lang, **self.values)


def of_export(
    form: Format,
    table: Mapping[str, Any],
    *,
    heights: bool,
    parts: bool,
    measures: NDArray[np.float64],
) -> list[Loss]:
    """List what a format cannot hold of a table.

    Parameters
    ----------
    form : Format
        The format.
    table : mapping
        ``columns`` (name → type, values) and ``geometry`` (WKB).
    heights, parts : bool
        Whether there are heights, and geometries of several parts.
    measures : ndarray, shape (k,)
        Of the vertices that have one, NaN where it is not known.
    """
    columns: Mapping[str, tuple[str, list[Any]]] = table["columns"]
    losses = []
    if not form.attributes:
        if columns:
            losses.append(Loss("no_attributes", {"columns": ", ".join(columns)}))
        return losses + _of_geometry(form, table, measures, heights=heights, parts=parts)
    changed: dict[str, list[str]] = {}
    for name, (type_, values) in columns.items():
        held = form.holds(type_)
        if held != "kept" and any(_changes(held, value) for value in values):
            changed.setdefault(held, []).append(name)
    losses += [
        Loss(f"type_{held}", {"columns": ", ".join(names)}) for held, names in changed.items()
    ]
    texts = {name: values for name, (type_, values) in columns.items() if type_ == "TEXT"}
    hollow = [name for name, values in texts.items() if "" in values]
    if hollow and not form.null_text:
        losses.append(Loss("empty_text", {"columns": ", ".join(hollow)}))
    if form.text is not None:
        limit = form.text
        long = [
            name
            for name, values in texts.items()
            if any(value is not None and len(value.encode()) > limit for value in values)
        ]
        if long:
            losses.append(Loss("long_text", {"columns": ", ".join(long), "limit": limit}))
    losses += _of_numbers(form, columns)
    return losses + _of_geometry(form, table, measures, heights=heights, parts=parts)


def _changes(held: str, value: Any) -> bool:
    """Tell whether a value is not what it was; whole seconds stay what they are."""
    if held == "seconds":
        return value is not None and re.search(r"\.\d*[1-9]", str(value)) is not None
    return value is not None


def _of_numbers(form: Format, columns: Mapping[str, tuple[str, list[Any]]]) -> list[Loss]:
    losses = []
    large = [
        name
        for name, (type_, values) in columns.items()
        if form.integer is not None
        and type_ == "INTEGER"
        and any(value is not None and abs(value) > form.integer for value in values)
    ]
    if large:
        losses.append(Loss("big_integers", {"columns": ", ".join(large), "limit": form.integer}))
    fine = [
        name
        for name, (type_, values) in columns.items()
        if form.decimals
        and type_ == "REAL"
        and any(value is not None and not _fits_dbase(value) for value in values)
    ]
    if fine:
        losses.append(Loss("decimals", {"columns": ", ".join(fine)}))
    return losses


def _fits_dbase(value: float) -> bool:
    """Tell whether a number survives 15 decimals in 24 places."""
    text = f"{value:.15f}"[:24]
    return math.isclose(float(text), value, rel_tol=1e-12)


def _of_geometry(
    form: Format,
    table: Mapping[str, Any],
    measures: NDArray[np.float64],
    *,
    heights: bool,
    parts: bool,
) -> list[Loss]:
    losses = []
    empty = sum(body is None for body in table["geometry"])
    if empty and not form.null_geometry:
        losses.append(Loss("null_geometry", {"count": empty}))
    if heights and not form.z:
        losses.append(Loss("heights"))
    absent = int(np.isnan(measures).sum())
    if len(measures) and form.m == "lost":
        losses.append(Loss("measures"))
    elif absent and form.m == "where all":
        losses.append(Loss("measures_absent", {"count": absent}))
    if parts and not form.multi:
        losses.append(Loss("parts"))
    if not form.crs:
        losses.append(Loss("crs_lonlat" if form.key != "dxf" else "no_crs"))
    return losses


def short_names(names: list[str], limit: int) -> dict[str, str]:
    """Return name → name of at most so many bytes of UTF-8, each once, whatever the case.

    >>> short_names(["feature_id", "feature_code", "feature_colour"], 10)
    {'feature_id': 'feature_id', 'feature_code': 'feature_co', 'feature_colour': 'feature__1'}
    """
    short: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        cut, number = _cut(name, limit), 0
        while cut.lower() in taken:
            number += 1
            tail = f"_{number}"
            cut = _cut(name, limit - len(tail)) + tail
        taken.add(cut.lower())
        short[name] = cut
    return short


_GEODATABASE_OWN = frozenset(
    {
        "objectid", "shape", "add", "alter", "and", "between", "by", "column", "create", "delete",
        "drop", "exists", "for", "from", "group", "in", "insert", "into", "is", "like", "not",
        "null", "or", "order", "select", "set", "table", "update", "values", "where",
    }
)  # fmt: skip
"""Names that a File Geodatabase has for itself: its own columns, and the words of its queries."""


def geodatabase_names(names: list[str]) -> dict[str, str]:
    """Return name → name that a File Geodatabase allows: letters, digits and ``_``, each once.

    >>> geodatabase_names(["name", "select", "2025年", "a b", "A_B"])
    {'name': 'name', 'select': 'select_', '2025年': '_2025年', 'a b': 'a_b', 'A_B': 'A_B_1'}
    """
    short: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        plain = re.sub(r"\W", "_", name)[:_GEODATABASE_LONGEST]
        plain = f"_{plain}" if plain[:1].isdigit() else plain
        plain = f"{plain}_" if plain.lower() in _GEODATABASE_OWN else plain
        free, number = plain[:_GEODATABASE_LONGEST], 0
        while free.lower() in taken:
            number += 1
            tail = f"_{number}"
            free = plain[: _GEODATABASE_LONGEST - len(tail)] + tail
        taken.add(free.lower())
        short[name] = free
    return short


_GEODATABASE_LONGEST = 64


def _cut(name: str, limit: int) -> str:
    return name.encode()[:limit].decode(errors="ignore")
