"""``filter`` and ``datetime`` → conditions on the rows of a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geoplan.store import cql2
from geoplan.store.kinds import kind_of
from geoplan.store.validity import TimeColumns, meeting
from geoplan_api.errors import BadParameter
from geoplan_api.query import read_datetime
from geoplan_api.references import CRS84, reference

if TYPE_CHECKING:
    from collections.abc import Mapping

    from geoplan.schema import LayerSchema
    from geoplan.store import Column
    from geoplan.store.condition import Condition
    from geoplan.store.table_now import TableNow


def read_conditions(
    parameters: Mapping[str, str], table: TableNow, schema: LayerSchema
) -> tuple[Condition, ...]:
    """Read ``filter``, ``filter-lang``, ``filter-crs`` and ``datetime``; all must hold.

    Raises
    ------
    BadParameter, BadQuery
        One has a value it cannot have, or asks for what the table does not have.
    """
    found = []
    language = parameters.get("filter-lang", cql2.LANGUAGES[0])
    if language not in cql2.LANGUAGES:
        raise BadParameter(f"filter-lang = {language!r}; there is: {', '.join(cql2.LANGUAGES)}")
    crs = reference(parameters.get("filter-crs", CRS84))
    if "filter" in parameters:
        tree = cql2.read(parameters["filter"], language)
        axes = cql2.Axes(crs.uri, crs.swapped, crs.geographic)
        found.append(cql2.compiled(tree, queryables_of(table), axes))
    if "datetime" in parameters:
        start, end = read_datetime(parameters["datetime"])
        times = time_columns(table, schema)
        if times is not None:
            found.append(meeting(times, start, end))
    return tuple(found)


def filterable(table: TableNow) -> list[Column]:
    """Return the columns that a filter can ask for: the id first, none that hold bytes."""
    columns = (table.id_column, *table.columns)
    return [column for column in columns if kind_of(column) != "bytes"]


def queryables_of(table: TableNow) -> cql2.Queryables:
    """Return what a filter can ask of a table."""
    kinds = {column.name: str(kind_of(column)) for column in filterable(table)}
    return cql2.Queryables(table.shape.key, table.shape.geometry, kinds)


def time_columns(table: TableNow, schema: LayerSchema) -> TimeColumns | None:
    """Return the columns that tell when a feature is; None where there are none."""
    there = {column.name: column for column in table.columns}
    roles = {
        field.role: there[field.name]
        for field in schema.fields
        if field.role is not None and field.name in there
    }
    if not roles:
        return None
    moment = roles.get("primary-instant")
    return TimeColumns(
        roles.get("primary-interval-start", moment), roles.get("primary-interval-end", moment)
    )
