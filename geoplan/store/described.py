"""What a GeoPackage says of its own columns and looks: labels, value lists, styles.

Labels and domains stand where GeoPackage 1.3 puts them (annex F.9, extension ``gpkg_schema``),
the style where QGIS looks for it (table ``layer_styles``).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from geoplan.store import ddl
from geoplan.store.frame import utc_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    import apsw

    from geoplan.schema import Field, LayerSchema
    from geoplan.styles import Style

STYLES = "layer_styles"


def write_schema(
    connection: apsw.Connection, table: str, schema: LayerSchema, columns: Iterable[str]
) -> None:
    """Label the columns of a table that are fields of its kind, and say what they may hold."""
    there = set(columns)
    fields = [field for field in schema.fields if field.name in there]
    if not fields:
        return
    connection.execute(ddl.DATA_COLUMNS)
    for field in fields:
        limits = list(_constraints(field))
        name = field.label.zh
        title = f"{field.label.zh} {field.label.en}"
        limit = field.name if limits else None
        row = (table, field.name, name, title, _description(field), None, limit)
        ddl.insert(connection, "gpkg_data_columns", row)
        ddl.insert(connection, "gpkg_data_column_constraints", *limits)


def _description(field: Field) -> str | None:
    said = []
    if field.code is not None:
        said.append(f"标准字段 {field.code}")
    if field.unit is not None:
        said.append(f"单位 {field.unit}")
    return "；".join(said) or None


def _constraints(field: Field) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of a field's domain; a list of several values is no value of a list."""
    if not (field.multiple or field.open):
        for value in field.values:
            yield (field.name, "enum", value.code, None, None, None, None, value.label.zh)
    if field.minimum is not None or field.maximum is not None:
        low = -math.inf if field.minimum is None else field.minimum
        high = math.inf if field.maximum is None else field.maximum
        yield (field.name, "range", None, low, 1, high, 1, None)


def write_style(
    connection: apsw.Connection, table: str, geometry: str, style: Style, last_change: datetime
) -> None:
    """Write the default style of a table, as QGIS stores it."""
    connection.execute(ddl.LAYER_STYLES)
    moment = utc_text(last_change)
    texts = (style.name, style.qml, style.sld)
    row = (1, "", "", table, geometry, *texts, 1, style.name, "", None, moment)
    ddl.insert(connection, STYLES, row)
    contents = (STYLES, "attributes", STYLES, "", moment, None, None, None, None, None)
    ddl.insert(connection, "gpkg_contents", contents)
    ddl.count_features(connection, STYLES)
