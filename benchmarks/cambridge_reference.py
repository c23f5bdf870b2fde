"""Cambridge's golden figures by a route of their own: DuckDB reads, projects, intersects, measures.

GDAL reads the file, GEOS cuts in the plane that geoplan uses (an edge is a straight line there),
the pieces go back to longitude and latitude, and GeographicLib measures them on the ellipsoid,
edge by edge as geodesics. Nothing of geoplan takes part but its table of figures.

Run: .venv/bin/python -m benchmarks.cambridge_reference PATH/cambridge_ma_city_gis.gpkg
"""

from __future__ import annotations

import json
import sys
from itertools import combinations
from pathlib import Path
from typing import Any

from benchmarks.peers import duckdb_with

GOLDEN = Path(__file__).parents[1] / "tests" / "golden" / "cambridge_queries.json"
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
LONLAT = "EPSG:4326"
PLANE = "+proj=tmerc +lat_0=0 +lon_0=-72 +k=1 +x_0=500000 +y_0=0 +datum=WGS84 +units=m +type=crs"
LEAST = 0.01


def loaded(path: Path) -> Any:
    """Return a connection with the valid features of each layer in the plane."""
    connection = duckdb_with(path.parent, ())
    for name, table in TABLES.items():
        connection.execute(
            f'CREATE TABLE "{name}" AS SELECT fid AS id, '  # noqa: S608 - names of this file
            f"ST_Transform(geom, '{LONLAT}', '{PLANE}', always_xy := true) AS geometry "
            f"FROM ST_Read('{path}', layer = '{table}') "
            f"WHERE ST_IsValid(geom) AND NOT ST_IsEmpty(geom)"
        )
    return connection


def measured(measure: str, geometry: str) -> str:
    """Return SQL for the area or length of a geometry of the plane, on the ellipsoid."""
    lonlat = f"ST_Transform({geometry}, '{PLANE}', '{LONLAT}', always_xy := true)"
    # GeographicLib's functions in DuckDB want the latitude first
    return f"ST_{measure}_Spheroid(ST_FlipCoordinates({lonlat}))"


def overlap(connection: Any, left: str, right: str) -> dict[str, float]:
    name, share = _share(left, right)
    least = 1 if name == "point_count" else LEAST
    pairs, total = connection.execute(
        f"SELECT count(*), sum(share) FROM (SELECT {share} AS share "  # noqa: S608
        f'FROM "{left}" a JOIN "{right}" b ON ST_Intersects(a.geometry, b.geometry)) '
        f"WHERE share >= {least}"
    ).fetchone()
    return {"pairs": pairs, name: int(total) if name == "point_count" else total}


def _share(left: str, right: str) -> tuple[str, str]:
    """Return the figure for what two features share, and SQL for it."""
    shared = "ST_Intersection(a.geometry, b.geometry)"
    if left in POINTS or {left, right} <= set(LINES):
        return "point_count", f"ST_NumGeometries(ST_Multi(ST_CollectionExtract({shared}, 1)))"
    if {left, right} & set(LINES):
        return "length_m", measured("Length", f"ST_CollectionExtract({shared}, 2)")
    return "area_m2", measured("Area", f"ST_CollectionExtract({shared}, 3)")


def coverage(connection: Any, zones: str, by: list[str]) -> dict[str, float]:
    covers = " UNION ALL ".join(f'SELECT geometry FROM "{name}"' for name in by)  # noqa: S608
    measure, unit, dimension = ("Length", "m", 2) if zones in LINES else ("Area", "m2", 3)
    covered, gap, zone = (measured(measure, text) for text in ("covered", "gap", "geometry"))
    row = connection.execute(
        f"WITH c AS ({covers}), "  # noqa: S608 - names of this file
        f'met AS (SELECT z.id, ST_Union_Agg(c.geometry) AS cover FROM "{zones}" z '
        f"JOIN c ON ST_Intersects(z.geometry, c.geometry) GROUP BY z.id), "
        f"parts AS (SELECT geometry, "
        f"ST_CollectionExtract(ST_Intersection(geometry, cover), {dimension}) AS covered, "
        f"CASE WHEN cover IS NULL THEN geometry "
        f"ELSE ST_CollectionExtract(ST_Difference(geometry, cover), {dimension}) END AS gap "
        f'FROM "{zones}" LEFT JOIN met USING (id)) '
        f"SELECT count(*) FILTER ({covered} >= {LEAST}), sum({zone}), sum({covered}), sum({gap}) "
        f"FROM parts"
    ).fetchone()
    names = [f"{part}_{measure.lower()}_{unit}" for part in ("zone", "covered", "gap")]
    return dict(zip(["covered", *names], row, strict=True))


def matrix(connection: Any, layers: list[str]) -> dict[str, float]:
    """Return gross and union of each pair of layers, the union by one dissolve a pair."""
    found: dict[str, float] = {}
    for left, right in combinations(layers, 2):
        line = {left, right} & set(LINES)
        measure, name, dimension = ("Length", "length", 2) if line else ("Area", "area", 3)
        shared = f"ST_CollectionExtract(ST_Intersection(a.geometry, b.geometry), {dimension})"
        gross, union = connection.execute(
            f"SELECT sum({measured(measure, 'shared')}), "  # noqa: S608
            f"{measured(measure, 'ST_Union_Agg(shared)')} FROM (SELECT {shared} AS shared "
            f'FROM "{left}" a JOIN "{right}" b ON ST_Intersects(a.geometry, b.geometry))'
        ).fetchone()
        unit = "m" if line else "m2"
        found[f"{left}, {right}: {name}_gross_{unit}"] = gross
        found[f"{left}, {right}: {name}_union_{unit}"] = union
    return found


def distances(
    connection: Any, left: str, right: str, within_m: float, *, nearest: bool
) -> dict[str, float]:
    """Measure along the plane's shortest lines, which are nearly the ellipsoid's."""
    line = measured("Length", "ST_ShortestLine(a.geometry, b.geometry)")
    rows = connection.execute(
        f"SELECT a.id, CASE WHEN ST_Intersects(a.geometry, b.geometry) THEN 0 ELSE {line} END, "  # noqa: S608
        f"CASE WHEN ST_Intersects(a.geometry, b.geometry) "
        f"THEN {measured('Area', 'ST_Intersection(a.geometry, b.geometry)')} ELSE 0 END "
        f'FROM "{left}" a, "{right}" b '
        f"WHERE ST_Distance(a.geometry, b.geometry) <= {within_m * 1.001}"
    ).fetchall()
    near = [row for row in rows if row[1] <= within_m]
    if nearest:
        least: dict[int, float] = {}
        for feature, distance, _ in near:
            least[feature] = min(distance, least.get(feature, distance))
        return {"features": len(least), "distance_m": sum(least.values())}
    apart = [distance for _, distance, _ in near if distance > 0]
    areas = sum(area for *_, area in near)
    return {"pairs": len(near), "apart": len(apart), "distance_m": sum(apart),
            "overlap_area_m2": areas}  # fmt: skip


def site(connection: Any, layer: str, feature: int) -> dict[str, float]:
    """Cut one feature with every other layer."""
    found: dict[str, float] = {}
    for other in TABLES:
        if other == layer:
            continue
        shared = f'(SELECT ST_Intersection(a.geometry, b.geometry) AS shape FROM "{layer}" a, "{other}" b WHERE a.id = {feature} AND ST_Intersects(a.geometry, b.geometry))'  # noqa: E501, S608
        kind, name = ("Length", "length_m") if other in LINES else ("Area", "covered_area_m2")
        size = measured(kind, "ST_Union_Agg(shape)")
        each = measured(kind, "shape")
        wanted = "true" if other in POINTS else f"{each} > 0"
        count, total = connection.execute(
            f"SELECT count(*) FILTER (WHERE {wanted}), coalesce({size}, 0) FROM {shared}"  # noqa: S608
        ).fetchone()
        found[f"{other}: overlap_count"] = count
        if total > 0 and other not in POINTS:
            found[f"{other}: {name}"] = total
    return found


def figures(connection: Any, name: str) -> dict[str, float]:
    """Work out one entry of the table from its name, as `tests/golden/cambridge.py` gives it."""
    kind, _, layers = name.partition(": ")
    if kind == "overlap":
        return overlap(connection, *layers.split(", "))
    if kind == "coverage":
        zones, _, by = layers.partition(" by ")
        return coverage(connection, zones, by.split(" + "))
    if kind == "matrix":
        return matrix(connection, layers.split(", "))
    if kind in ("clearance", "nearest"):
        left, right = layers.partition(" within ")[0].split(", ")
        within = float(layers.partition(" within ")[2] or 1e9)
        return distances(connection, left, right, within, nearest=kind == "nearest")
    if kind == "chainage":
        routes, zones = layers.split(" by ")
        return {"length_m": overlap(connection, routes, zones)["length_m"]}
    if kind == "site-check":
        layer, feature = layers.partition(" within ")[0].split(" ")
        return site(connection, layer, int(feature))
    raise SystemExit(f"no independent route for {name!r} yet: write one here")


def main(path: Path) -> int:
    connection = loaded(path)
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))["figures"]
    worst: dict[str, float] = {}
    print(
        "| query | figure | geoplan | reference | relative difference |\n|---|---|---:|---:|---:|"
    )
    for name, ours in golden.items():
        for figure, theirs in figures(connection, name).items():
            off = abs(ours[figure] - theirs) / (abs(theirs) or 1.0)
            kind = figure.rpartition(": ")[2]
            worst[kind] = max(off, worst.get(kind, 0.0))
            print(f"| {name} | {figure} | {ours[figure]:.4f} | {theirs:.4f} | {off:.1e} |")
    print("\nlargest:", ", ".join(f"{figure} {off:.1e}" for figure, off in worst.items()))
    return 1 if max(worst.values()) > 1e-6 else 0


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1])))
