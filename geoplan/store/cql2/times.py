"""Instants and intervals of a filter, and how they stand to each other (OGC 21-065r2, 7.8).

An instant has the granularity of a day or of a moment. Days are compared with days as such; beside
a moment, a day lasts from its midnight to its last millisecond, in UTC. Moments are told apart by
milliseconds.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Literal

from geoplan.errors import BadQuery

Granularity = Literal["date", "timestamp"]
DAY_S = 86_400
LAST_OF_DAY_S = 86_399.999
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_MOMENT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2})(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
BOTH = {
    "t_after": "{s1} > {e2}",
    "t_before": "{e1} < {s2}",
    "t_disjoint": "({e1} < {s2} OR {s1} > {e2})",
    "t_equals": "({s1} = {s2} AND {e1} = {e2})",
    "t_intersects": "({s1} <= {e2} AND {e1} >= {s2})",
}
"""Of instants and intervals alike: start and end of the first and of the second operand."""
INTERVALS = {
    "t_contains": "({s1} < {s2} AND {e1} > {e2})",
    "t_during": "({s1} > {s2} AND {e1} < {e2})",
    "t_finishedby": "({s1} < {s2} AND {e1} = {e2})",
    "t_finishes": "({s1} > {s2} AND {e1} = {e2})",
    "t_meets": "{e1} = {s2}",
    "t_metby": "{s1} = {e2}",
    "t_overlappedby": "({s1} > {s2} AND {s1} < {e2} AND {e1} > {e2})",
    "t_overlaps": "({s1} < {s2} AND {e1} > {s2} AND {e1} < {e2})",
    "t_startedby": "({s1} = {s2} AND {e1} > {e2})",
    "t_starts": "({s1} = {s2} AND {e1} < {e2})",
}
"""Of intervals alone."""


@dataclass(frozen=True)
class Bound:
    """Where an interval begins or ends, in SQL: seconds since 1970, or infinity."""

    text: str
    granularity: Granularity | None
    known: bool


@dataclass(frozen=True)
class Period:
    """An interval, or an instant, which begins and ends with itself."""

    start: Bound
    end: Bound
    is_interval: bool

    @property
    def granularities(self) -> set[Granularity]:
        """The granularities of its bounds; none of a bound that is open."""
        return {part for bound in (self.start, self.end) if (part := bound.granularity)}


def predicate(name: str, left: Period, right: Period, strict: bool) -> str:
    """Return the SQL of a temporal predicate.

    Parameters
    ----------
    strict : bool
        Whether null must be told from false: then it is null when any bound is.

    Raises
    ------
    BadQuery
        An instant stands where only intervals can.
    """
    if name in INTERVALS and not (left.is_interval and right.is_interval):
        raise BadQuery(f"filter: {name} is of two intervals, INTERVAL(start, end)")
    mixed = len(left.granularities | right.granularities) > 1
    told = (BOTH | INTERVALS)[name].format(
        s1=left.start.text,
        e1=_end(left.end, mixed),
        s2=right.start.text,
        e2=_end(right.end, mixed),
    )
    bounds = (left.start, left.end, right.start, right.end)
    unsure = dict.fromkeys(bound.text for bound in bounds if not bound.known)
    if not unsure or not (strict or name == "t_disjoint"):
        return told
    missing = " OR ".join(f"{text} IS NULL" for text in unsure)
    return f"CASE WHEN {missing} THEN NULL ELSE {told} END"


def _end(bound: Bound, mixed: bool) -> str:
    if mixed and bound.granularity == "date":
        return f"({bound.text} + {LAST_OF_DAY_S})"
    return bound.text


def instant(text: str, kind: Granularity | None = None) -> tuple[float, Granularity]:
    """Return seconds since 1970 and the granularity of an RFC 3339 day or moment.

    Raises
    ------
    BadQuery
        It is none, or not of the granularity wanted.

    Examples
    --------
    >>> instant("1970-01-02")
    (86400, 'date')
    >>> instant("1970-01-01T08:00:01.5+08:00")
    (1.5, 'timestamp')
    """
    try:
        if kind != "timestamp" and _DAY.fullmatch(text):
            day = date.fromisoformat(text)
            return (day - date(1970, 1, 1)).days * DAY_S, "date"
        match = _MOMENT.fullmatch(text)
        if kind != "date" and match:
            return _seconds(match), "timestamp"
    except (ValueError, OverflowError):
        pass  # such as 30 February
    needed = {"date": "a day, YYYY-MM-DD", "timestamp": "a moment, YYYY-MM-DDTHH:MM:SSZ"}
    raise BadQuery(f"filter: {text!r} is not {needed.get(kind or '', 'a day or a moment')}")


def _seconds(match: re.Match[str]) -> float:
    whole, fraction, zone = match.groups()
    moment = datetime.fromisoformat(whole.upper() + zone.upper())
    seconds = (moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()
    # as SQLite counts: whole milliseconds, halves up
    millis = math.floor(float(fraction or 0) * 1000 + 0.5)
    return (seconds * 1000 + millis) / 1000
