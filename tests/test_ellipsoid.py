"""Areas and lengths on the ellipsoid, held against pyproj.Geod.

Measured over all cases here, in China (18 to 53° N): against geodesics between the same
vertices, edges up to 1 km, at worst 6.1e-7 of an area (the right triangle at 1.55°) and
4.5e-10 of a length; against densified edges at worst 3.7e-9 of an area, most of which is the
rounding of Geod. The first figure is the difference between two kinds of edge and grows as the
shape gets thinner, so the shapes here are as compact as real parcels are.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import shapely
from pyproj import CRS, Transformer

from geoplan import ellipsoid
from geoplan.crs import MeasuringPlane, plane_at

GEODESIC, DENSIFIED = 1e-6, 5e-9
MERIDIAN = 123.0

# metres from a corner; no shape has an axis of symmetry, no edge is longer than 1 km
SHAPES = {
    "right triangle": shapely.Polygon([(0, 0), (900, 0), (0, 400)]),
    "L": shapely.Polygon([(0, 0), (1000, 0), (1000, 300), (400, 300), (400, 800), (0, 800)]),
    "kite": shapely.Polygon([(0, 0), (700, -200), (950, 300), (300, 800), (-150, 350)]),
    "with a hole": shapely.Polygon(
        [(0, 0), (950, 100), (900, 800), (100, 700)], [[(200, 200), (700, 250), (300, 500)]]
    ),
    "two parts": shapely.MultiPolygon(
        [shapely.Polygon([(0, 0), (900, 0), (0, 400)]), shapely.box(1000, 700, 1100, 950)]
    ),
}


def at(plane: MeasuringPlane, offset: float, lat: float, shape: Any) -> Any:
    """Return a shape moved to a place in a plane."""
    forward = Transformer.from_crs(plane.crs.geodetic_crs, plane.crs, always_xy=True)
    corner = forward.transform(plane.meridian + offset, lat)
    return shapely.transform(shape, lambda xy: xy + corner)


def lonlat(plane: MeasuringPlane, shape: Any) -> Any:
    back = Transformer.from_crs(plane.crs, plane.crs.geodetic_crs, always_xy=True)
    return shapely.transform(shape, lambda xy: np.column_stack(back.transform(*xy.T)))


def geod_area(plane: MeasuringPlane, shape: Any) -> float:
    """Return the area by geodesics, ring by ring, whichever way the rings turn."""
    return sum(
        sign * abs(plane.geod.geometry_area_perimeter(shapely.Polygon(ring))[0])
        for part in shapely.get_parts(lonlat(plane, shape))
        for sign, ring in [(1, part.exterior), *((-1, hole) for hole in part.interiors)]
    )


def area(plane: MeasuringPlane, shape: Any) -> float:
    return float(plane.area_m2(np.array([shape], dtype=object))[0])


def length(plane: MeasuringPlane, shape: Any) -> float:
    return float(plane.length_m(np.array([shape], dtype=object))[0])


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("offset", [-1.55, 0.1, 0.8, 1.55])
@pytest.mark.parametrize("lat", [18, 25, 41, 53])
def test_areas_with_short_edges_are_those_of_geod(lat: float, offset: float, shape: str) -> None:
    plane = plane_at(CRS(4490), MERIDIAN, lat)
    here = at(plane, offset, lat, SHAPES[shape])
    assert area(plane, here) == pytest.approx(geod_area(plane, here), rel=GEODESIC)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("offset", [-1.55, 0.1, 0.8, 1.55])
@pytest.mark.parametrize("lat", [-33, 4, 18, 41, 53, 70])
def test_areas_are_those_of_densified_edges(lat: float, offset: float, shape: str) -> None:
    plane = plane_at(CRS(4490), MERIDIAN, lat)
    here = at(plane, offset, lat, SHAPES[shape])
    dense = shapely.segmentize(here, 5.0)
    assert area(plane, here) == pytest.approx(geod_area(plane, dense), rel=DENSIFIED)


@pytest.mark.parametrize("offset", [-1.55, 0.1, 0.8, 1.55])
@pytest.mark.parametrize("lat", [4, 41, 70])
def test_areas_of_districts_are_those_of_densified_edges(lat: float, offset: float) -> None:
    plane = plane_at(CRS(4490), MERIDIAN, lat)
    district = shapely.transform(SHAPES["kite"], lambda xy: xy * 20.0)  # edges of 14 to 20 km
    here = at(plane, offset - 0.15, lat, district)
    dense = shapely.segmentize(here, 100.0)
    assert area(plane, here) == pytest.approx(geod_area(plane, dense), rel=DENSIFIED)


@pytest.mark.parametrize("lat", [4, 18, 41, 53])
@pytest.mark.parametrize("offset", [-1.6, 1.6])
def test_at_the_edge_of_a_plane_areas_err_by_less_than_2e_9(lat: float, offset: float) -> None:
    # measured: 1.3e-9 at 4°, 9.4e-10 at 18°, 2.3e-10 at 41°, 5.3e-11 at 53°
    plane = plane_at(CRS(4490), MERIDIAN, lat)
    district = shapely.transform(SHAPES["L"], lambda xy: xy * 8.0)
    inwards = -8e3 if offset > 0 else 0.0
    here = shapely.affinity.translate(at(plane, offset, lat, district), inwards, 0.0)
    dense = shapely.segmentize(here, 50.0)
    assert area(plane, here) == pytest.approx(geod_area(plane, dense), rel=2e-9)


@pytest.mark.parametrize("offset", [-1.55, 0.1, 0.8, 1.55])
@pytest.mark.parametrize("lat", [-33, 4, 18, 41, 53, 70])
def test_lengths_are_those_of_geod(lat: float, offset: float) -> None:
    plane = plane_at(CRS(4490), MERIDIAN, lat)
    line = shapely.LineString([(0, 0), (900, 300), (700, 1200), (1500, 1250)])
    here = at(plane, offset, lat, line)
    by_geod = plane.geod.geometry_length(lonlat(plane, here))
    assert length(plane, here) == pytest.approx(by_geod, rel=1e-9)


def test_the_plane_itself_would_be_wrong_by_a_part_in_five_thousand() -> None:
    plane = plane_at(CRS(4490), MERIDIAN, 41)
    here = at(plane, 1.55, 41, SHAPES["L"])
    assert here.area / area(plane, here) - 1 == pytest.approx(4.18e-4, rel=0.01)  # (x / R)²


def test_on_the_meridian_the_plane_is_true() -> None:
    plane = plane_at(CRS(4490), MERIDIAN, 41)
    box = shapely.box(499_500, 4_550_000, 500_700, 4_550_400)
    assert area(plane, box) == pytest.approx(1200 * 400, rel=1e-8)


@pytest.mark.parametrize("reverse_shell", [False, True])
@pytest.mark.parametrize("reverse_hole", [False, True])
def test_a_hole_counts_less_whichever_way_the_rings_turn(
    reverse_shell: bool, reverse_hole: bool
) -> None:
    plane = plane_at(CRS(4490), MERIDIAN, 41)
    shell = [(600_000, 4_550_000), (601_000, 4_550_000), (601_000, 4_550_700)]
    hole = [(600_600, 4_550_100), (600_900, 4_550_100), (600_900, 4_550_200)]
    polygon = shapely.Polygon(
        shell[::-1] if reverse_shell else shell, [hole[::-1] if reverse_hole else hole]
    )
    whole, cut = area(plane, shapely.Polygon(shell)), area(plane, shapely.Polygon(hole))
    assert area(plane, polygon) == pytest.approx(whole - cut, rel=1e-12)
    assert whole - cut == pytest.approx(335_000 / (1 + (100_700 / 6.38e6) ** 2), rel=1e-5)


def test_parts_of_a_divided_area_add_up_to_the_whole() -> None:
    plane = plane_at(CRS(4490), MERIDIAN, 41)
    whole = at(plane, 1.5, 41, SHAPES["kite"])
    x, y = whole.centroid.coords[0]
    west, east = (
        whole.intersection(shapely.box(*corners))
        for corners in [(x - 9e3, y - 9e3, x + 100, y + 9e3), (x + 100, y - 9e3, x + 9e3, y + 9e3)]
    )
    assert area(plane, west) + area(plane, east) == pytest.approx(area(plane, whole), rel=1e-10)


@pytest.mark.parametrize(
    "wkt",
    [
        "POLYGON EMPTY",
        "MULTIPOLYGON EMPTY",
        "GEOMETRYCOLLECTION EMPTY",
        "LINESTRING (0 0, 3 4)",
        "POINT (1 2)",
        None,
    ],
)
def test_what_is_no_polygon_has_no_area(wkt: str | None) -> None:
    plane = plane_at(CRS(4490), MERIDIAN, 41)
    box = shapely.box(499_500, 4_550_000, 500_700, 4_550_400)
    other = None if wkt is None else shapely.from_wkt(wkt)
    areas = plane.area_m2(np.array([box, other, box], dtype=object))
    assert areas[1] == 0
    assert areas[0] == areas[2] == area(plane, box)


@pytest.mark.parametrize(
    "wkt",
    ["LINESTRING EMPTY", "MULTILINESTRING EMPTY", "POLYGON ((0 0, 3 0, 0 4, 0 0))", "POINT (1 2)"],
)
def test_what_is_no_line_has_no_length(wkt: str) -> None:
    plane = plane_at(CRS(4490), MERIDIAN, 41)
    line = shapely.LineString([(500_000, 4_550_000), (500_300, 4_550_400)])
    lengths = plane.length_m(np.array([None, line, shapely.from_wkt(wkt)], dtype=object))
    assert lengths.tolist() == [0, pytest.approx(500, rel=1e-8), 0]


def test_the_parts_of_a_multilinestring_are_not_joined() -> None:
    plane = plane_at(CRS(4490), MERIDIAN, 41)
    two = shapely.from_wkt(
        "MULTILINESTRING ((500000 4550000, 500000 4550100), (500900 4550000, 500900 4550030))"
    )
    assert length(plane, two) == pytest.approx(130, rel=1e-7)


def test_no_geometries_have_no_measures() -> None:
    geod = plane_at(CRS(4490), MERIDIAN, 41).geod
    nothing = np.empty(0, dtype=object)
    assert ellipsoid.area_m2(nothing, geod).shape == (0,)
    assert ellipsoid.length_m(nothing, geod).shape == (0,)


def test_inputs_are_not_modified() -> None:
    plane = plane_at(CRS(4490), MERIDIAN, 41)
    clockwise = shapely.Polygon([(5e5, 0), (5e5, 9), (500_004, 0)])
    given = np.array([clockwise, None, shapely.Point(1, 2)], dtype=object)
    plane.area_m2(given)
    plane.length_m(given)
    assert given[0].wkb == clockwise.wkb
    assert given[1] is None
    assert given[2] == shapely.Point(1, 2)


@pytest.mark.parametrize("height", [5.0, 20.0, 100.0])
@pytest.mark.parametrize("offset", [-1.55, 0.5, 1.5])
@pytest.mark.parametrize("lat", [18.0, 41.1, 53.0])
def test_an_edge_of_a_kilometre_moves_an_area_by_a_third_of_a_square_metre_at_most(
    height: float, offset: float, lat: float
) -> None:
    # the strip between the plane's straight line and the geodesic; of a wedge 5 m wide it is 1e-4
    plane = plane_at(CRS(4490), MERIDIAN + offset, lat)
    wedge = at(plane, MERIDIAN + offset - plane.meridian, lat, shapely.Polygon(
        [(0, 0), (0, 1000), (height, 400)]
    ))  # fmt: skip
    difference = abs(area(plane, wedge) - geod_area(plane, wedge))
    assert difference < 0.3
    assert abs(offset) < 1 or difference > 0.01  # the two kinds of edge do differ
