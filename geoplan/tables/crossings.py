"""Table C 穿跨越一览表: what each line crosses, where, at what angle, and how."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from geoplan.model import Table
from geoplan.queries.chainage import CROSSES, INSIDE
from geoplan.queries.overlap import overlap
from geoplan.tables.facts import MANAGER, METHOD
from geoplan.tables.lying import stretches
from geoplan.tables.numbering import PAIR

if TYPE_CHECKING:
    from collections.abc import Mapping

    from geopandas import GeoDataFrame

    from geoplan.tables.facts import Facts
    from geoplan.tables.lying import Routes

LINES = ("highway", "railway", "gas_pipeline", "power_line")
"""Kinds whose features cross, and are crossed."""
WATERS = ("river", "river_centreline", "river_remediation_zone")
"""Kinds that are crossed only; of a river the first that the plan has stands for it."""

_TEXTS = ("project", "name", "kind_class", "method", "manager")
NUMBERS = ["angle_deg", "length_m"]
COLUMNS = [
    "row", "numbers", "route_layer", "route_id", "object_layer", "object_id", "relation",
    "chainage", "chainage_basis", *NUMBERS, "structure",
    *(f"{name}{end}" for name in _TEXTS for end in ("", "_en")),
]  # fmt: skip
PRINTED = ("row", "project", "name", "kind_class", "chainage", "chainage_basis",
           "angle_deg", "structure", "method", "length_m", "manager", "numbers")  # fmt: skip


def crossings(numbers: pd.DataFrame, facts: Facts, routes: Mapping[str, Routes]) -> Table:
    """Find all crossings of the lines of a plan, whether a rule asks for them or not.

    Parameters
    ----------
    numbers : DataFrame
        Findings, as of `numbered`.
    facts : Facts
    routes : mapping of str to Routes
        Layer id → its lines, for each layer of lines.

    Returns
    -------
    Table
        `COLUMNS`, one row for each stretch in which a line crosses another line or a water, in
        order along each line. Two lines of the plan that cross have a row each: either is a
        project that crosses the other. A line whose chainage cannot be told has one row for
        each thing it meets, without chainage and angle; ``chainage_basis`` names the error.
        ``numbers`` are those of the findings on the pair.
    """
    lines = [layer.id for layer in facts.layers.values() if layer.kind in LINES]
    told: dict[tuple[Any, ...], list[str]] = {}
    for *ends, number in numbers[[*PAIR, "number"]].itertuples(index=False, name=None):
        told.setdefault(tuple(ends), []).append(number)
        told.setdefault((*ends[2:], *ends[:2]), []).append(number)
    rows = [
        _row(mine, other, crossing, facts, told)
        for mine in lines
        for other in [*lines, *_waters(facts)]
        for crossing in _crossings(routes[mine], facts.features[other], mine == other)
    ]
    rows.sort(key=lambda row: (lines.index(row["route_layer"]), str(row["route_id"]), row["_at"]))
    table = pd.DataFrame(rows, columns=COLUMNS[1:])
    table.insert(0, "row", range(1, len(table) + 1))
    return Table("C", table.astype(dict.fromkeys(NUMBERS, float)), PRINTED)


def _waters(facts: Facts) -> list[str]:
    there = [layer for layer in facts.layers.values() if layer.kind in WATERS]
    drawn = {layer.kind for layer in there}
    twice = "river_centreline" if "river" in drawn else None
    return [layer.id for layer in there if layer.kind != twice]


def _crossings(routes: Routes, things: GeoDataFrame, same: bool) -> list[Any]:
    """Return the stretches in which routes cross things."""
    lines, things = (layer[layer.geometry.notna()] for layer in (routes.features, things))
    if len(lines) == 0 or len(things) == 0:
        return []
    found = overlap(lines, things, geometry=False)
    pairs = {
        pair
        for pair in zip(found["left_id"], found["right_id"], strict=True)
        if not (same and pair[0] == pair[1])
    }
    if not pairs:
        return []
    told = stretches(routes, things, pairs, 0.0)
    crosses = told["relation"].isin([CROSSES, INSIDE]) | told["relation"].isna()
    return told[crosses].to_dict("records")


def _row(
    mine: str, other: str, found: Any, facts: Facts, told: dict[tuple[Any, ...], list[str]]
) -> dict[str, Any]:
    route, thing = found["route_id"], found["zone_id"]
    method = facts.first(mine, route, METHOD)
    texts = {
        "project": facts.name(mine, route),
        "name": facts.name(other, thing),
        "kind_class": facts.kind_and_class(other, thing),
        "method": method,
        "manager": facts.first(other, thing, MANAGER),
    }
    start, end = (found[f"{name}_chainage"] for name in ("from", "to"))
    known = isinstance(start, str)
    conflicts = sorted(set(told.get((mine, route, other, thing), [])))
    return {
        "_at": float(found["from_m"]) if known else float("inf"),
        "numbers": ";".join(conflicts) or None,
        "route_layer": mine,
        "route_id": route,
        "object_layer": other,
        "object_id": thing,
        "relation": found["relation"] if known else None,
        "chainage": (start if start == end else f"{start}～{end}") if known else None,
        "chainage_basis": found["chainage_basis"],
        "angle_deg": found["crossing_angle_deg"],
        "length_m": found["length_m"],
        "structure": found["structure"] if known else None,
        **{name: text.zh for name, text in texts.items()},
        **{f"{name}_en": text.en for name, text in texts.items()},
    }
