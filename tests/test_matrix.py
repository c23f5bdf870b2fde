"""The conflict matrix: pair by pair and as ground counted once, figures worked out on paper."""

from __future__ import annotations

import math
from typing import Any

import geopandas as gpd
import pytest
import shapely

from geoplan.errors import BadQuery, CrsMismatch, EmptyLayer, WrongGeometryType
from geoplan.queries import overlap_matrix

EAST, NORTH = 500_000, 4_550_000


def rectangle(x: float, y: float, wide: float, high: float) -> Any:
    return shapely.box(EAST + x, NORTH + y, EAST + x + wide, NORTH + y + high)


def line(*xy: tuple[float, float]) -> Any:
    return shapely.LineString([(EAST + x, NORTH + y) for x, y in xy])


def layer(shapes: dict[Any, Any], crs: Any = 4550) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(geometry=list(shapes.values()), index=list(shapes), crs=crs)


def metres(value: float) -> Any:
    return pytest.approx(value, rel=1e-6)


def plan() -> dict[str, gpd.GeoDataFrame]:
    """Return parks that overlap each other, sites, roads, wells, and a layer of no place."""
    return {
        "parks": layer({"p1": rectangle(0, 0, 300, 200), "p2": rectangle(250, 0, 100, 90)}),
        "sites": layer(
            {"s1": rectangle(200, 50, 500, 20), "s2": rectangle(900, 0, 9, 9), "s3": None}
        ),
        "roads": layer({"r1": line((-50, 10), (400, 10)), "r2": line((100, 10), (280, 10))}),
        "wells": layer({"w": shapely.MultiPoint([(EAST + 260, NORTH + 5), (EAST + 1, NORTH + 1)])}),
        "lost": layer({"l": None}),
    }


@pytest.fixture(scope="module")
def matrix() -> dict[tuple[Any, Any], Any]:
    table = overlap_matrix(plan())
    return {(row.left, row.right): row for row in table.itertuples()}


def test_every_pair_of_layers_is_there_in_order(matrix: Any) -> None:
    names = list(plan())
    assert list(matrix) == [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]


def test_what_features_share_twice_is_ground_counted_once(matrix: Any) -> None:
    row = matrix["parks", "sites"]
    assert row.area_gross_m2 == metres(100 * 20 + 100 * 20)  # s1 from 200 to 300 and 250 to 350
    assert row.area_union_m2 == metres(150 * 20)
    assert (row.pair_count, row.left_touched, row.right_touched) == (2, 2, 1)
    assert (row.left_count, row.right_count, row.right_unlocated) == (2, 3, 1)
    assert math.isnan(row.length_gross_m)
    assert math.isnan(row.point_count)


def test_roads_in_parks_likewise(matrix: Any) -> None:
    row = matrix["parks", "roads"]
    # r1: 300 in p1, 100 in p2; r2: 180 in p1, 30 in p2; on the ground one line from 0 to 350
    assert row.length_gross_m == metres(300 + 100 + 180 + 30)
    assert row.length_union_m == metres(350)
    assert row.pair_count == 4
    assert math.isnan(row.area_gross_m2)


def test_points_are_counted_pair_by_pair(matrix: Any) -> None:
    row = matrix["parks", "wells"]
    assert (row.point_count, row.pair_count, row.left_touched, row.right_touched) == (3, 2, 2, 1)
    assert math.isnan(row.length_union_m)


def test_nothing_found_is_zero_and_nothing_located_is_not(matrix: Any) -> None:
    clear = matrix["sites", "roads"]
    assert clear.state == "measured"
    assert (clear.pair_count, clear.length_gross_m, clear.length_union_m) == (0, 0, 0)
    for other in ("parks", "sites", "roads", "wells"):
        row = matrix[other, "lost"]
        assert row.state == "nothing_located"
        assert math.isnan(row.pair_count)
        assert math.isnan(row.area_union_m2)
        assert (row.right_count, row.right_unlocated) == (1, 1)


def test_lines_with_lines_have_lengths_and_points() -> None:
    roads = layer({"r": line((0, 0), (100, 0), (100, 50)), "s": line((20, 0), (60, 0))})
    pipes = layer({"a": line((-10, 0), (40, 0)), "b": line((50, -9), (50, 9))})
    (row,) = overlap_matrix({"roads": roads, "pipes": pipes}).itertuples()
    assert row.length_gross_m == metres(40 + 20)
    assert row.length_union_m == metres(40)
    assert row.point_count == 2  # b crosses r, and s
    assert row.pair_count == 4


def test_a_province_is_added_up_over_its_planes() -> None:
    wide = layer({"w": shapely.box(119.3, 40.5, 126.1, 41.5)}, 4490)
    lots = layer(
        {lon: shapely.box(lon, 41.005, lon + 0.02, 41.01) for lon in (119.4, 121.49, 124.495, 126)},
        4490,
    )
    (row,) = overlap_matrix({"wide": wide, "lots": lots}).itertuples()
    geod = gpd.GeoSeries(lots.geometry).crs.get_geod()
    whole = sum(abs(geod.geometry_area_perimeter(lot)[0]) for lot in lots.geometry)
    assert row.area_gross_m2 == pytest.approx(whole, rel=1e-6)
    assert row.area_union_m2 == pytest.approx(row.area_gross_m2, rel=1e-12)
    assert (row.pair_count, row.left_touched, row.right_touched) == (4, 1, 4)


@pytest.mark.parametrize(
    ("layers", "error", "words"),
    [
        ({"one": layer({1: rectangle(0, 0, 1, 1)})}, BadQuery, "two layers or more; got 1"),
        (
            {"a": layer({1: rectangle(0, 0, 1, 1)}), "b": layer({1: rectangle(0, 0, 1, 1)}, 4549)},
            CrsMismatch,
            "different CRS",
        ),
        ({"a": layer({1: rectangle(0, 0, 1, 1)}), "b": layer({})}, EmptyLayer, "given as b"),
        (
            {
                "a": layer({1: rectangle(0, 0, 1, 1)}),
                "b": layer({2: shapely.GeometryCollection([rectangle(0, 0, 1, 1)])}),
            },
            WrongGeometryType,
            "b holds geometry collections",
        ),
    ],
)
def test_bad_layers_are_refused(layers: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        overlap_matrix(layers)
