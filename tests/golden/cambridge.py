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
from geoplan.queries import chainage, clearance, nearest, overlap_matrix, site_check

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
    "rail": "trans_rail",
    "lights": "infra_streetlights",
}
LINES, POINTS = ("streets", "rail"), ("lights",)
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
    geometry: Any = "line" if name in LINES else "point" if name in POINTS else "area"
    return Layer(
        id=name,
        table=table,
        kind="generic",
        title=Text(zh=name, en=name),
        geometry=geometry,
        line_means="centreline" if name in LINES else None,
        source=Text(zh="剑桥市", en="City of Cambridge"),
        source_date=date(2026, 8, 17),
    )


def overlap_of(left: str, right: str, city: Layers) -> Figures:
    found = overlap(city[left], city[right], min_area_m2=LEAST_AREA_M2, min_length_m=LEAST_LENGTH_M)
    figures: Figures = {"pairs": len(found)}
    figures |= {
        name: float(found[name].sum()) for name in ("area_m2", "length_m") if found[name].any()
    }
    points = int(found["point_count"].sum())
    return figures | ({"point_count": points} if points else {})


def matrix_of(names: list[str], city: Layers) -> Figures:
    # counts of pairs are in the overlaps: here slivers of any size count
    found = overlap_matrix({name: city[name] for name in names})
    return {
        f"{row.left}, {row.right}: {name}": float(getattr(row, name))
        for row in found.itertuples()
        for name in MATRIX_SUMS
        if getattr(row, name) > 0
    }


def coverage_of(zones: str, by: list[str], city: Layers) -> Figures:
    found = coverage(city[zones], *(city[name] for name in by))
    measure, least = ("length_m", LEAST_LENGTH_M) if zones in LINES else ("area_m2", LEAST_AREA_M2)
    names = [f"{part}_{measure}" for part in ("zone", "covered", "gap")]
    covered = int((found[f"covered_{measure}"] >= least).sum())
    return {"covered": covered, **{name: float(found[name].sum()) for name in names}}


def clearance_of(left: str, right: str, within_m: float, city: Layers) -> Figures:
    found = clearance(city[left], city[right], within_m)
    apart = found[found["distance_m"] > 0]
    return {
        "pairs": len(found),
        "apart": len(apart),
        "distance_m": float(apart["distance_m"].sum()),
        "overlap_area_m2": float(found["overlap_area_m2"].sum()),
    }


def nearest_of(left: str, right: str, city: Layers) -> Figures:
    found = nearest(city[left], city[right])
    return {"features": len(found), "distance_m": float(found["distance_m"].sum())}


def chainage_of(routes: str, zones: str, city: Layers) -> Figures:
    found = chainage(city[routes], city[zones], parts="as_drawn")
    through = found[found["relation"].isin(["crosses", "inside", "along"])]
    through = through[through["length_m"] >= LEAST_LENGTH_M]
    return {"length_m": float(through["length_m"].sum())}


def site_of(layer: str, feature: int, within_m: float, city: Layers) -> Figures:
    others = {name: features for name, features in city.items() if name != layer}
    found = site_check(city[layer].loc[[feature]], others, within_m=within_m)
    figures: Figures = {}
    for part in found.attrs["parts"]:
        figures[f"{part['layer']}: overlap_count"] = part["overlap_count"]
        for measure in ("covered_area_m2", "length_m"):
            if part[measure] > 0:
                figures[f"{part['layer']}: {measure}"] = part[measure]
    return figures


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
    ("streets", "rail"),
    ("lights", "zoning"),
    ("lights", "open-space"),
]
COVERAGES = [
    ("zoning", "flood-100"),
    ("zoning", "flood-100", "flood-500", "open-space"),
    ("parcels", "flood-100", "flood-500"),
    ("parcels", "zoning"),
    ("open-space", "flood-100", "flood-500"),
    ("streets", "flood-100", "flood-500"),
]
MATRIX = ["zoning", "flood-500", "parcels", "open-space", "streets"]
SITE = 239
"""A park by the river, id of its table."""

MATRIX_SUMS = ("length_gross_m", "length_union_m", "area_gross_m2", "area_union_m2")
FIGURES: dict[str, Callable[[Layers], Figures]] = {
    **{f"overlap: {left}, {right}": partial(overlap_of, left, right) for left, right in OVERLAPS},
    **{
        f"coverage: {zones} by {' + '.join(by)}": partial(coverage_of, zones, by)
        for zones, *by in COVERAGES
    },
    f"matrix: {', '.join(MATRIX)}": partial(matrix_of, MATRIX),
    "clearance: open-space, flood-100 within 150": partial(
        clearance_of, "open-space", "flood-100", 150.0
    ),
    "nearest: open-space, flood-100": partial(nearest_of, "open-space", "flood-100"),
    "chainage: streets by flood-100": partial(chainage_of, "streets", "flood-100"),
    f"site-check: open-space {SITE} within 100": partial(site_of, "open-space", SITE, 100.0),
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
