"""The text source of an attribute table: a TOML file with one ``[[row]]`` for each row."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

import pandas as pd

from geoplan.authoring.source import suits
from geoplan.errors import SourceInvalid
from geoplan.store import Column
from geoplan.store.frame import typed_series

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from geoplan.schema import LayerSchema

_ROUTE = "route_id"


def read_rows(path: Path, schema: LayerSchema, ids: Collection[str]) -> pd.DataFrame:
    """Read and check the rows of an attribute table.

    Parameters
    ----------
    path : Path
        The TOML file.
    schema : LayerSchema
        Of the table's kind; its fields are the columns, all of them.
    ids : collection of str
        Of the layer's features, which ``route_id`` has to name.

    Returns
    -------
    DataFrame
        The rows, in their order.

    Raises
    ------
    SourceInvalid
        It is missing or no TOML, or a row has an unknown or no value where one belongs; the
        message names the row.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SourceInvalid(f"{path} cannot be read: {error}") from error
    rows = content.pop("row", [])
    if content:
        raise SourceInvalid(f"{path}: unknown section {min(content)!r}; known: row")
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise SourceInvalid(f"{path}: an attribute table needs at least one [[row]]")
    for number, row in enumerate(rows, 1):
        _refuse(f"{path}: row {number}", row, schema, ids)
    return pd.DataFrame(
        {
            field.name: typed_series(
                Column(field.name, field.type), [_stored(row.get(field.name)) for row in rows]
            )
            for field in schema.fields
        }
    )


def _refuse(where: str, row: dict[str, Any], schema: LayerSchema, ids: Collection[str]) -> None:
    unknown = schema.unknown(row)
    if unknown:
        known = ", ".join(field.name for field in schema.fields)
        raise SourceInvalid(f"{where}: no column {unknown[0]!r}; there are: {known}")
    lacking = schema.missing(row)
    if lacking:
        raise SourceInvalid(f"{where}: {lacking[0].name} is missing")
    for field in schema.fields:
        value = row.get(field.name)
        if value is None:
            continue
        if not suits(value, field.type):
            raise SourceInvalid(f"{where}: {field.name} = {value!r} is no {field.type}")
        codes = [one.code for one in field.values]
        if codes and not (field.open or field.multiple) and value not in codes:
            known = ", ".join(codes)
            raise SourceInvalid(f"{where}: {field.name} = {value!r}; known: {known}")
    if _ROUTE in row and row[_ROUTE] not in ids:
        raise SourceInvalid(f"{where}: the layer has no feature {row[_ROUTE]!r}")


def _stored(value: Any) -> Any:
    """Return a date or time as text, which is how a GeoPackage keeps it."""
    return value.isoformat() if hasattr(value, "isoformat") else value
