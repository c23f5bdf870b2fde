"""Vector tiles: worked out on paper, and by a decoder that knows the specification only."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geoplan.tiles import Grid, draw, layer_message, tile_message
from geoplan.tiles.matrices import MATRIX_SETS
from geoplan.tiles.mvt import varints
from geoplan.tiles.shapes import BUFFER, EXTENT
from geoplan.tiles.thin import MOST_BELOW, visible
from tests.tiles import decoder


def _as_they_are(xy: Any) -> Any:
    return xy


def encoded(shapes: list[Any], columns: dict[str, list[Any]] | None = None) -> Any:
    """Draw shapes given in steps of the grid, y downwards, and read the tile back."""
    drawn = draw(np.array(shapes, dtype=object), _as_they_are)
    ids = np.arange(len(shapes))
    body = tile_message([layer_message("one", ids, drawn, columns or {})])
    return decoder.tile(body)["one"]


def rings_of(feature: dict[str, Any]) -> list[Any]:
    return [path for path, closed in feature["paths"] if closed]


def test_a_square_on_paper() -> None:
    # a tile of 8 x 8 km: a step is 1.953125 m; the square reaches from 1 to 2 km from the left
    # edge, and from 3 to 4 km below the upper one: steps 512 to 1024, 1536 to 2048
    grid = Grid(left=500_000.0, top=4_550_000.0, side=8000.0)
    square = shapely.box(501_000, 4_546_000, 502_000, 4_547_000)
    drawn = draw(np.array([square], dtype=object), grid)
    assert drawn.kinds.tolist() == [3]
    ((ring, closed),) = decoder.paths(drawn.commands.tolist())
    assert closed
    assert sorted(ring) == [(512, 1536), (512, 2048), (1024, 1536), (1024, 2048)]
    assert decoder.area(ring) == 512 * 512  # positive: an outer ring


def test_the_example_of_the_specification() -> None:
    # MVT 2.1, clause 4.3.5.1: a point at (25, 17) is 9 50 34; 4.3.5.3: a line through
    # (2, 2), (2, 10), (10, 10) is 9 4 4 18 0 16 16 0
    point, line = shapely.Point(25, 17), shapely.LineString([(2, 2), (2, 10), (10, 10)])
    drawn = draw(np.array([point, line], dtype=object), _as_they_are)
    assert drawn.commands.tolist() == [9, 50, 34, 9, 4, 4, 18, 0, 16, 16, 0]
    assert drawn.ends.tolist() == [0, 3, 11]


def test_winding_follows_the_specification_however_rings_are_stored() -> None:
    hole = [(20, 20), (60, 20), (60, 50)]
    for outer, inner in itertools.product((1, -1), (1, -1)):
        shape = shapely.Polygon([(0, 0), (100, 0), (100, 90), (0, 90)][::outer], [hole[::inner]])
        (feature,) = encoded([shape])["features"]
        assert [decoder.area(ring) for ring in rings_of(feature)] == [9000, -600]


def test_values_keep_their_types_and_stand_once() -> None:
    columns: dict[str, list[Any]] = {
        "a": [1, 1, -5, None, 2**40],
        "b": [1.0, 1.5, float("nan"), 1.0, float("inf")],
        "c": [True, False, True, None, None],
        "d": ["1", "", "东园", "x" * 300, "1"],
        "e": [1, 1.0, True, "1", None],
        "f": [b"\x00\xff", None, None, None, None],
    }
    layer = encoded([shapely.Point(n, 0) for n in range(5)], columns)
    found = [feature["properties"] for feature in layer["features"]]
    wanted = [
        {"a": 1, "b": 1.0, "c": True, "d": "1", "e": 1, "f": "AP8="},
        {"a": 1, "b": 1.5, "c": False, "d": "", "e": 1.0},
        {"a": -5, "c": True, "d": "东园", "e": True},
        {"b": 1.0, "d": "x" * 300, "e": "1"},
        {"a": 2**40, "d": "1"},
    ]
    assert found == wanted
    for got, want in zip(found, wanted, strict=True):
        assert {k: type(v) for k, v in got.items()} == {k: type(v) for k, v in want.items()}
    typed = [(type(value), value) for value in layer["values"]]
    assert len(set(typed)) == len(typed)
    assert (layer["version"], layer["extent"]) == (2, 4096)
    assert [feature["id"] for feature in layer["features"]] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("size", [124, 125, 126, 127, 128, 16_382, 16_384])
def test_texts_of_every_length_come_back(size: int) -> None:
    (feature,) = encoded([shapely.Point(0, 0)], {"t": ["s" * size]})["features"]
    assert feature["properties"] == {"t": "s" * size}


def test_what_is_thinner_than_the_grid_is_drawn_one_step_thick() -> None:
    shapes = [
        shapely.box(10.1, 10.1, 10.2, 10.2),  # smaller than a step both ways
        shapely.box(10.1, 20.1, 90.2, 20.3),  # a strip
        shapely.LineString([(5.1, 5.1), (5.3, 5.2)]),
        shapely.LineString([(0, 0), (0, 7)]),
    ]
    speck, strip, short, line = encoded(shapes)["features"]
    assert [decoder.area(ring) for ring in rings_of(speck)] == [1]
    assert [decoder.area(ring) for ring in rings_of(strip)] == [80]
    assert [len(path) for path, _ in short["paths"]] == [2]
    assert line["paths"] == [([(0, 0), (0, 7)], False)]


def test_a_hole_goes_where_the_grid_is_too_coarse_for_it_and_no_ring_is_left_alone() -> None:
    pin = [(50.1, 50.1), (50.3, 50.1), (50.3, 50.3)]
    thin = shapely.Polygon([(0, 0), (200, 0.2), (200, 0.4)], [[(99, 0.1), (100, 0.15), (99, 0.2)]])
    parts = shapely.MultiPolygon([shapely.Polygon([(0, 0), (100, 0), (100, 90)], [pin]), thin])
    (feature,) = encoded([parts])["features"]
    assert [decoder.area(ring) for ring in rings_of(feature)] == [4500]


def test_geometry_is_cut_to_the_tile_and_its_margin() -> None:
    low, high = -BUFFER, EXTENT + BUFFER
    shapes = [
        shapely.box(-9000, -9000, 9000, 9000),
        shapely.LineString([(-9000, 7), (9000, 7)]),
        shapely.box(6000, 0, 7000, 100),
        shapely.Point(4096 + BUFFER + 1, 5),
        shapely.MultiPoint([(-500, 0), (3, 4), (5, 6)]),
        shapely.box(4000, 4000, 9000, 4010),
    ]
    cover, line, points, corner = encoded(shapes)["features"]
    assert [cover["id"], line["id"], points["id"], corner["id"]] == [0, 1, 4, 5]
    assert [decoder.area(ring) for ring in rings_of(cover)] == [(high - low) ** 2]
    assert sorted(line["paths"][0][0]) == [(low, 7), (high, 7)]
    assert points["paths"] == [([(3, 4)], False), ([(5, 6)], False)]
    assert [decoder.area(ring) for ring in rings_of(corner)] == [(high - 4000) * 10]


def test_parts_of_a_collection_are_features_of_one_id() -> None:
    parts = (
        "GEOMETRYCOLLECTION (POINT (1 2), GEOMETRYCOLLECTION (LINESTRING (0 0, 5 5), POINT (3 4)))"
    )
    shapes = [shapely.Point(9, 9), shapely.from_wkt(parts), None, shapely.Polygon()]
    layer = encoded(shapes, {"n": ["a", "b", "c", "d"]})
    found = [(one["id"], one["type"], one["properties"]["n"]) for one in layer["features"]]
    assert found == [(0, 1, "a"), (1, 1, "b"), (1, 2, "b")]
    assert layer["features"][1]["paths"] == [([(1, 2)], False), ([(3, 4)], False)]


def test_points_without_a_place_are_passed_over() -> None:
    shape = shapely.from_wkt("MULTIPOINT ((1 2), EMPTY, (3 4))")
    (feature,) = encoded([shape])["features"]
    assert [path for path, _ in feature["paths"]] == [[(1, 2)], [(3, 4)]]


_PLACES = st.tuples(st.integers(-BUFFER, EXTENT + BUFFER), st.integers(-BUFFER, EXTENT + BUFFER))


@given(st.lists(st.lists(_PLACES, min_size=2, max_size=6), min_size=1, max_size=5))
def test_lines_come_back_without_repeated_vertices(lines: list[list[tuple[int, int]]]) -> None:
    wanted = [[place for place, _ in itertools.groupby(line)] for line in lines]
    layer = encoded([shapely.LineString(line) for line in lines])
    for feature, line in zip(layer["features"], wanted, strict=True):
        (path, closed), *more = feature["paths"]
        assert not closed
        assert not more
        if len(line) > 1:
            assert path == line


@given(st.lists(st.lists(_PLACES, min_size=3, max_size=8), min_size=1, max_size=4))
def test_polygons_come_back_with_their_area(polygons: list[list[tuple[int, int]]]) -> None:
    hulls = [shapely.MultiPoint(places).convex_hull for places in polygons]
    hulls = [hull for hull in hulls if hull.geom_type == "Polygon"]
    if not hulls:
        return
    whole = [*hulls, shapely.GeometryCollection(hulls)]
    features = encoded(whole)["features"]
    for hull, feature in zip(hulls, features, strict=False):
        assert [decoder.area(ring) for ring in rings_of(feature)] == [hull.area]
    areas = [decoder.area(ring) for ring in rings_of(features[-1])]
    assert areas == [hull.area for hull in hulls]


@given(st.lists(st.lists(_PLACES, min_size=1, max_size=5), min_size=1, max_size=5))
def test_points_come_back(points: list[list[tuple[int, int]]]) -> None:
    layer = encoded([shapely.MultiPoint(places) for places in points])
    for feature, places in zip(layer["features"], points, strict=True):
        found = [path[0] for path, _ in feature["paths"]]
        assert found == [place for place, _ in itertools.groupby(places)]


@given(
    st.lists(
        st.lists(st.tuples(st.floats(-9e3, 9e3), st.floats(-9e3, 9e3)), min_size=3, max_size=7),
        max_size=4,
    )
)
def test_any_polygon_is_drawn_within_a_step_of_what_it_covers(
    rings: list[list[tuple[float, float]]],
) -> None:
    shapes = [shapely.make_valid(shapely.Polygon(ring)) for ring in rings]
    shapes = [shape for shape in shapes if shape.geom_type in ("Polygon", "MultiPolygon")]
    window = shapely.box(-BUFFER, -BUFFER, EXTENT + BUFFER, EXTENT + BUFFER)
    features = {feature["id"]: feature for feature in encoded(shapes)["features"]}
    for at, shape in enumerate(shapes):
        inside = shapely.intersection(shape, window)
        drawn = sum(decoder.area(ring) for ring in rings_of(features[at])) if at in features else 0
        assert abs(drawn - inside.area) <= 2 + inside.length  # a vertex moves by half a step
        assert inside.area == 0 or at in features


@given(st.lists(st.integers(0, 2**63 - 1)))
def test_numbers_come_back(numbers: list[int]) -> None:
    assert decoder.integers(varints(np.array(numbers, dtype=np.int64))) == numbers


def test_specks_give_way_to_the_largest_in_their_pixel_and_only_below_level_14() -> None:
    boxes = np.array(
        [
            [0.1, 0.1, 0.2, 0.2],
            [0.3, 0.3, 0.6, 0.6],  # the largest of the three in the pixel 0/0
            [0.7, 0.7, 0.8, 0.8],
            [2.1, 0.1, 2.2, 0.2],  # alone
            [0.0, 0.0, 1.5, 0.1],  # as long as a pixel: no speck
        ]
    )
    assert visible(boxes, (1.0, 1.0), 13).tolist() == [False, True, False, True, True]
    assert visible(boxes, (1.0, 1.0), 14).all()
    assert visible(boxes, (0.15, 0.15), 13).all()


def test_a_crowd_is_thinned_to_the_limit_by_larger_pixels() -> None:
    side = 150  # 22,500 squares, each larger than a pixel: every second one would be too many
    places = np.stack(np.meshgrid(np.arange(side), np.arange(side)), -1).reshape(-1, 2) * 10.0
    boxes = np.hstack([places + 1, places + 6])
    shown = visible(boxes, (2.0, 2.0), 12)
    assert 0 < shown.sum() <= MOST_BELOW
    kept = places[shown]
    # spread over all of it, not cut off at an end
    assert [kept.min(axis=0).max() < 20, kept.max(axis=0).min() > 1470] == [True, True]


def test_the_grids_are_those_of_the_standard_and_of_tianditu() -> None:
    mercator, degrees = MATRIX_SETS["WebMercatorQuad"], MATRIX_SETS["CGCS2000Quad"]
    first = mercator.matrices[0]
    # OGC registry: WebMercatorQuad, level 0 and level 18
    assert first.cell_size == pytest.approx(156543.033928041, rel=1e-14)
    assert mercator.scale_denominator(first) == pytest.approx(559082264.028717, rel=1e-14)
    level_18 = mercator.matrix(18)
    assert level_18 is not None
    assert level_18.cell_size == pytest.approx(0.597164283559817, rel=1e-9)
    # WorldCRS84Quad, level 0, is the first of Tianditu's, which it calls 1
    (one, *_) = degrees.matrices
    assert (one.level, one.width, one.height, one.cell_size) == (1, 2, 1, 0.703125)
    assert degrees.scale_denominator(one) == pytest.approx(279541132.014358, rel=1e-14)
    # Anshan, 123° E 41.1° N, on level 12: 360 / 2^12 = 0.087890625° a tile;
    # (90 - 41.1) / that = 556.3, (123 + 180) / that = 3447.4
    twelve = degrees.matrix(12)
    assert twelve is not None
    assert twelve.covering(_box(123.0, 41.1)) == (556, 556, 3447, 3447)
    assert mercator.matrix(21) is None
    assert degrees.matrix(0) is None


def _box(lon: float, lat: float) -> Any:
    from geoplan.model import Bbox

    return Bbox(lon, lat, lon, lat)
