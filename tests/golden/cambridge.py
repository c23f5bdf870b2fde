"""Figures of the queries over Cambridge's real layers, for the table beside this file.

To add a query: a name in `FIGURES` and a function of the layers that returns counts (int) and
sums (float); then write the table anew and compare it with an independent route
(`benchmarks/cambridge_reference.py`) before it is believed:

    python -m tests.golden.cambridge > tests/golden/cambridge_queries.json

Features with an invalid geometry are left out by id, in both routes: repair would be a choice
of meaning, and the table is to hold none.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import shapely

from geoplan import GeoPackageStore, Layer, Text, coverage, overlap

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

FILE = Path(__file__).parents[3] / "shared" / "data" / "cambridge" / "cambridge_ma_city_gis.gpkg"
TABLE = Path(__file__).with_name("cambridge_queries.json")
TABLES = {
    "zoning": "cdd_zoningdistricts",
    "flood-100": "fema_floodplains100year",
    "flood-500": "fema_floodplains500year",
    "parcels": "assessing_parcelsfy2014",
    "open-space": "recreation_openspace",
    "streets": "trans_centerlines",
}
LEAST_AREA_M2, LEAST_LENGTH_M = 0.01, 0.01
"""Shares smaller than these come and go with the last digits of a projection."""

Layers = dict[str, "GeoDataFrame"]
Figures = dict[str, float]


def layers() -> tuple[Layers, dict[str, list[Any]]]:
    """Return the valid features of each layer, and the ids of those left out."""
    valid, left_out = {}, {}
    with GeoPackageStore(FILE) as store:
        for name, table in TABLES.items():
            features = store.read(_layer(name, table))
            shapes = features.geometry.to_numpy()
            broken = ~shapely.is_missing(shapes) & ~shapely.is_valid(shapes)
            valid[name], left_out[name] = features[~broken], features.index[broken].tolist()
    return valid, {name: ids for name, ids in left_out.items() if ids}


def _layer(name: str, table: str) -> Layer:
    return Layer(
        id=name,
        table=table,
        kind="generic",
        title=Text(zh=name, en=name),
        geometry="line" if name == "streets" else "area",
        line_means="centreline" if name == "streets" else None,
        source=Text(zh="剑桥市", en="City of Cambridge"),
        source_date=date(2026, 8, 17),
    )


def overlap_of(left: str, right: str, city: Layers) -> Figures:
    found = overlap(city[left], city[right], min_area_m2=LEAST_AREA_M2, min_length_m=LEAST_LENGTH_M)
    column = "length_m" if left == "streets" else "area_m2"
    return {"pairs": len(found), column: float(found[column].sum())}


def coverage_of(zones: str, by: list[str], city: Layers) -> Figures:
    found = coverage(city[zones], *(city[name] for name in by))
    sums = {
        name: float(found[name].sum())
        for name in ("zone_area_m2", "covered_area_m2", "gap_area_m2")
    }
    return {"covered": int((found["covered_area_m2"] >= LEAST_AREA_M2).sum()), **sums}


OVERLAPS = [
    ("zoning", "flood-100"),
    ("zoning", "flood-500"),
    ("zoning", "parcels"),
    ("zoning", "open-space"),
    ("parcels", "flood-100"),
    ("parcels", "flood-500"),
    ("parcels", "open-space"),
    ("open-space", "flood-100"),
    ("open-space", "flood-500"),
    ("streets", "flood-100"),
    ("streets", "flood-500"),
    ("streets", "zoning"),
    ("streets", "open-space"),
]
COVERAGES = [
    ("zoning", "flood-100"),
    ("zoning", "flood-100", "flood-500", "open-space"),
    ("parcels", "flood-100", "flood-500"),
    ("parcels", "zoning"),
    ("open-space", "flood-100", "flood-500"),
]
FIGURES: dict[str, Callable[[Layers], Figures]] = {
    **{f"overlap: {left}, {right}": partial(overlap_of, left, right) for left, right in OVERLAPS},
    **{
        f"coverage: {zones} by {' + '.join(by)}": partial(coverage_of, zones, by)
        for zones, *by in COVERAGES
    },
}


def table() -> dict[str, Any]:
    """Return what the table beside this file holds."""
    city, left_out = layers()
    return {
        "file_sha256": hashlib.sha256(FILE.read_bytes()).hexdigest(),
        "left_out_as_invalid": left_out,
        "figures": {name: work_out(city) for name, work_out in FIGURES.items()},
    }


if __name__ == "__main__":
    print(json.dumps(table(), indent=1))  # noqa: T201 - its output is the table
