"""When features are, and which of them a span of time meets."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from geoplan.store.condition import Condition
from geoplan.store.cql2.times import LAST_OF_DAY_S
from geoplan.store.ddl import quoted
from geoplan.store.kinds import kind_of

if TYPE_CHECKING:
    from geoplan.store.base import Column


class TimeColumns(NamedTuple):
    """The columns of a feature's first and last moment; one alone leaves the other side open."""

    start: Column | None
    end: Column | None


def meeting(times: TimeColumns, start: float, end: float) -> Condition:
    """Return the condition that a feature is at some time between two.

    Null leaves a side open, so a feature without any time meets every span (OGC API - Features,
    /req/core/fc-time-response, C).

    Parameters
    ----------
    start, end : float
        Seconds since 1970, both included; infinite where open.
    """
    clauses = []
    if times.start is not None:
        clauses.append(f"({_missing(times.start)} OR {_first(times.start)} <= :until)")
    if times.end is not None:
        clauses.append(f"({_missing(times.end)} OR {_last(times.end)} >= :since)")
    return Condition(" AND ".join(clauses), (("since", start), ("until", end)))


def _missing(column: Column) -> str:
    return f"t.{quoted(column.name)} IS NULL"


def _first(column: Column) -> str:
    if kind_of(column) == "date":
        return f"unixepoch(t.{quoted(column.name)}, 'start of day')"
    return f"unixepoch(t.{quoted(column.name)}, 'subsec')"


def _last(column: Column) -> str:
    if kind_of(column) == "date":
        return f"({_first(column)} + {LAST_OF_DAY_S})"
    return _first(column)
