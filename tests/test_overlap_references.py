"""Overlap against independent references: cases of the overlay kind on paper, and other programs.

The cases are made from what GEOS and JTS specify of an overlay: boundaries that touch in a point
or along an edge, vertices on edges, collinear edges, holes that touch shells, parts that meet in
a point. Their areas and lengths are worked out by hand; coordinates are metres from a place near
the meridian, where plane and ellipsoid agree to 1e-6.
"""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from geopandas import GeoDataFrame

from geoplan.queries import coverage, overlap

EAST, NORTH = 500_000, 4_550_000
SQUARE = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
COMB = (
    "POLYGON ((0 0, 90 0, 90 60, 75 60, 75 10, 60 10, 60 60, 45 60, 45 10, 30 10, 30 60,"
    " 15 60, 15 10, 0 10, 0 0))"
)
THREE_PARTS = (
    "MULTIPOLYGON (((80 80, 120 80, 120 120, 80 120, 80 80)),"
    " ((100 10, 120 10, 120 30, 100 30, 100 10)), ((-20 -20, 0 -20, 0 0, -20 0, -20 -20)))"
)

# name: (left, right, shared area)
AREAS = {
    "touch in a corner": (SQUARE, "POLYGON ((100 100, 130 100, 130 140, 100 100))", 0),
    "touch along an edge": (SQUARE, "POLYGON ((100 20, 160 20, 160 70, 100 70, 100 20))", 0),
    "touch along part of a longer edge": (
        SQUARE,
        "POLYGON ((-50 100, 170 100, 60 180, -50 100))",
        0,
    ),
    "a vertex on an edge, outside": (SQUARE, "POLYGON ((100 40, 150 10, 150 70, 100 40))", 0),
    "a vertex on an edge, inside": (
        SQUARE,
        "POLYGON ((100 40, 40 10, 40 70, 100 40))",
        60 * 60 / 2,
    ),
    "the same": (SQUARE, SQUARE, 10_000),
    "the same, turned and begun elsewhere": (
        SQUARE,
        "POLYGON ((100 100, 100 0, 0 0, 0 100, 100 100))",
        10_000,
    ),
    "the same with a vertex more": (
        SQUARE,
        "POLYGON ((0 0, 37 0, 100 0, 100 100, 0 100, 0 0))",
        10_000,
    ),
    "inside, sharing an edge": (SQUARE, "POLYGON ((0 20, 30 20, 30 70, 0 70, 0 20))", 30 * 50),
    "inside, sharing a corner": (SQUARE, "POLYGON ((0 0, 30 0, 30 20, 0 20, 0 0))", 600),
    "collinear edges that overlap": (
        SQUARE,
        "POLYGON ((-20 0, 60 0, 60 50, -20 50, -20 0))",
        60 * 50,
    ),
    "fills the hole": (
        "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0), (40 40, 40 60, 70 60, 70 40, 40 40))",
        "POLYGON ((40 40, 70 40, 70 60, 40 60, 40 40))",
        0,
    ),
    "over the hole": (
        "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0), (40 40, 40 60, 70 60, 70 40, 40 40))",
        "POLYGON ((30 30, 80 30, 80 70, 30 70, 30 30))",
        50 * 40 - 30 * 20,
    ),
    "the hole touches the shell": (
        "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0), (0 50, 40 70, 40 30, 0 50))",
        "POLYGON ((0 0, 40 0, 40 100, 0 100, 0 0))",
        40 * 100 - 40 * 40 / 2,
    ),
    "both with the same hole": (
        "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0), (40 40, 40 60, 70 60, 70 40, 40 40))",
        "POLYGON ((20 20, 90 20, 90 80, 20 80, 20 20), (40 40, 40 60, 70 60, 70 40, 40 40))",
        70 * 60 - 600,
    ),
    "parts that meet in a point": (
        "MULTIPOLYGON (((0 0, 50 0, 50 50, 0 50, 0 0)), ((50 50, 90 50, 90 90, 50 90, 50 50)))",
        "POLYGON ((30 30, 70 30, 70 70, 30 70, 30 30))",
        20 * 20 * 2,
    ),
    "shared in a piece, a line and a point": (
        SQUARE,
        THREE_PARTS,
        20 * 20,
    ),
    "combs": (
        COMB,
        "POLYGON ((0 40, 90 40, 90 50, 0 50, 0 40))",
        3 * 15 * 10,
    ),
    "a sliver": (SQUARE, "POLYGON ((99.9 0, 150 0, 150 100, 99.9 100, 99.9 0))", 10),
}
# name: (line, area, shared length)
LINES = {
    "through": ("LINESTRING (-50 30, 150 30)", SQUARE, 100),
    "along an edge": ("LINESTRING (-50 0, 150 0)", SQUARE, 100),
    "through two corners": ("LINESTRING (-30 -30, 130 130)", SQUARE, 100 * 2**0.5),
    "touching a corner": ("LINESTRING (-50 50, 50 150)", SQUARE, 0),
    "ending on an edge, outside": ("LINESTRING (100 50, 150 50)", SQUARE, 0),
    "in, out and in along the edge": (
        "LINESTRING (50 50, 50 150, 80 150, 80 100, 20 100, 20 120)", SQUARE, 50 + 60,
    ),
    "over a hole": (
        "LINESTRING (-10 50, 110 50)",
        "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0), (40 40, 40 60, 70 60, 70 40, 40 40))", 70,
    ),
}  # fmt: skip


def layer(wkt: str, name: str) -> GeoDataFrame:
    shape = shapely.transform(shapely.from_wkt(wkt), lambda xy: np.add(xy, (EAST, NORTH)))
    return gpd.GeoDataFrame(geometry=[shape], index=[name], crs=4550)


@pytest.mark.parametrize("case", AREAS)
@pytest.mark.parametrize("swap", [False, True], ids=["left right", "right left"])
def test_shared_areas_on_paper(case: str, swap: bool) -> None:
    left, right, area = AREAS[case]
    one, other = layer(left, "A"), layer(right, "B")
    found = overlap(other, one) if swap else overlap(one, other)
    assert len(found) == (area > 0)
    assert found["area_m2"].sum() == pytest.approx(area, rel=1e-6)
    assert found.geometry.area.sum() == pytest.approx(area, rel=1e-6)
    covered = coverage(one, other)
    assert covered["covered_area_m2"].iloc[0] == pytest.approx(area, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("case", LINES)
@pytest.mark.parametrize("swap", [False, True], ids=["line first", "area first"])
def test_shared_lengths_on_paper(case: str, swap: bool) -> None:
    line, area, length = LINES[case]
    one, other = layer(line, "L"), layer(area, "B")
    found = overlap(other, one) if swap else overlap(one, other)
    assert len(found) == (length > 0)
    assert found["length_m"].sum() == pytest.approx(length, rel=1e-6)


def scattered(kind: str, count: int, seed: int) -> GeoDataFrame:
    """Return lopsided features of a kind, strewn over a square of 2 km."""
    rng = np.random.default_rng(seed)
    centres = np.add(rng.uniform(0, 2000, (count, 2)), (EAST, NORTH))
    if kind == "point":
        return gpd.GeoDataFrame(geometry=shapely.points(centres), crs=4550)
    angle = np.sort(rng.uniform(0, 2 * np.pi, (count, 7)), axis=1)
    ring = rng.uniform(40, 260, (count, 7, 1)) * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    shapes = shapely.polygons(centres[:, None] + ring)
    if kind == "line":
        walk = np.cumsum(rng.uniform(-200, 230, (count, 6, 2)), axis=1)
        shapes = shapely.linestrings(centres[:, None] + walk)
    return gpd.GeoDataFrame(geometry=shapes[shapely.is_valid(shapes)], crs=4550)


@pytest.mark.parametrize(("left", "right"), [("area", "area"), ("line", "area"), ("area", "line")])
def test_random_layers_share_what_geopandas_overlay_says(left: str, right: str) -> None:
    one, other = scattered(left, 60, 3), scattered(right, 45, 4)
    found = overlap(one, other)
    sides = (one, other) if left != "area" or right == "area" else (other, one)
    names = ("left", "right") if sides[0] is one else ("right", "left")
    peer = gpd.overlay(
        sides[0].assign(**{names[0]: sides[0].index}),
        sides[1].assign(**{names[1]: sides[1].index}),
        how="intersection",
        keep_geom_type=True,
    )
    size = peer.area if left == right == "area" else peer.length
    expected = size.groupby([peer["left"], peer["right"]]).sum()
    measure = "area_m2" if left == right == "area" else "length_m"
    mine = found.set_index(["left_id", "right_id"])[measure].sort_index()
    assert mine.index.tolist() == expected.index.tolist()
    # the plane's scale here is within 1e-6 of the ellipsoid's
    assert mine.to_numpy() == pytest.approx(expected.to_numpy(), rel=1e-6)


def test_random_points_lie_in_what_sjoin_says() -> None:
    points, areas = scattered("point", 300, 5), scattered("area", 40, 6)
    found = overlap(points, areas)
    joined = points.sjoin(areas, predicate="intersects")
    expected = sorted(zip(joined.index, joined["index_right"], strict=True))
    pairs = zip(found["left_id"], found["right_id"], strict=True)
    assert sorted(pairs) == expected
    assert set(found["point_count"]) == {1}


def test_random_lines_cross_where_shapely_says() -> None:
    one, other = scattered("line", 60, 7), scattered("line", 50, 8)
    found = overlap(one, other).set_index(["left_id", "right_id"])["point_count"].to_dict()
    expected = {}
    for left, shape in one.geometry.items():
        for right, line in other.geometry.items():
            count = shapely.get_num_geometries(shape.intersection(line))
            if count and not shape.intersection(line).is_empty:
                expected[left, right] = int(count)
    assert found == expected
