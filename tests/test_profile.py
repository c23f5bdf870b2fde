"""Profiles along routes, on paper."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pytest
from pyproj import Geod, Transformer
from shapely.geometry import LineString, MultiLineString, Point

from geoplan.errors import (
    BadQuery,
    CrsMismatch,
    EmptyLayer,
    OutsideRaster,
    WrongGeometryType,
)
from geoplan.queries import profile
from geoplan.raster import Raster

if TYPE_CHECKING:
    from pathlib import Path

    from geopandas import GeoDataFrame

    from tests.conftest import WriteRaster

# 20 rows of 30 cells of 10 m, from (500000, 4550000) to the south
GRID = (10.0, 0.0, 500_000.0, 0.0, -10.0, 4_550_000.0)
ROWS, COLS = (np.indices((20, 30)) + 0.5).reshape(2, 20, 30)
SLOPING = 100 + 0.3 * 10 * COLS - 0.4 * 10 * ROWS
"""Rises by 0.3 to the east and 0.4 to the north; 100 m at the upper left corner."""


def routes_of(*lines: Any, crs: Any = 4550, ids: list[str] | None = None) -> GeoDataFrame:
    index = ids or [f"R{number}" for number in range(1, len(lines) + 1)]
    return gpd.GeoDataFrame(geometry=list(lines), index=index, crs=crs)


def line(*points: tuple[float, float]) -> LineString:
    """Return a line through points given in metres east and south of the corner."""
    return LineString([(500_000 + x, 4_550_000 - y) for x, y in points])


def along(route: Any, path: Path, **options: Any) -> GeoDataFrame:
    with Raster(path) as dem:
        return profile(routes_of(route), dem, **options)


def test_a_sloping_plane_by_steps(write_raster: WriteRaster) -> None:
    path = write_raster(SLOPING, GRID, unit="m")
    found = along(line((20, 150), (120, 150)), path, step_m=30)
    assert found["distance_m"].tolist() == pytest.approx([0, 30, 60, 90, 100], rel=1e-8)
    start = 100 + 0.3 * 20 - 0.4 * 150
    assert found["elevation_m"].tolist() == pytest.approx(
        [start, start + 9, start + 18, start + 27, start + 30], abs=1e-6
    )
    assert np.isnan(found["grade_percent"][0])
    assert found["grade_percent"].tolist()[1:] == pytest.approx([30] * 4, abs=1e-5)
    assert found["climb_m"].tolist() == pytest.approx([0, 9, 18, 27, 30], abs=1e-6)
    assert (found["descent_m"] == 0).all()
    assert found.geometry[1].coords[0] == pytest.approx((500_050, 4_549_850), abs=1e-6)
    assert found.crs == 4550
    assert set(found["route_id"]) == {"R1"}


def test_up_and_down_again_at_the_vertices(write_raster: WriteRaster) -> None:
    # 60 m east, 30 m south, then 40 m west and 30 m south
    path = write_raster(SLOPING, GRID)
    found = along(line((20, 100), (80, 100), (80, 130), (40, 160)), path)
    assert found["distance_m"].tolist() == pytest.approx([0, 60, 90, 140], rel=1e-8)
    rises = [0.3 * 60, -0.4 * 30, -0.3 * 40 - 0.4 * 30]
    assert np.diff(found["elevation_m"]).tolist() == pytest.approx(rises, abs=1e-6)
    assert found["climb_m"].iloc[-1] == pytest.approx(18)
    assert found["descent_m"].iloc[-1] == pytest.approx(12 + 24)
    assert found["grade_percent"].tolist()[1:] == pytest.approx([30, -40, -48], abs=1e-5)


def test_the_other_way_climbs_what_this_way_descends(write_raster: WriteRaster) -> None:
    rng = np.random.default_rng(8)
    path = write_raster(rng.normal(100, 30, (20, 30)), GRID)
    there = line((20, 100), (80, 20), (200, 130))
    one, other = (along(way, path, step_m=7) for way in (there, there.reverse()))
    length = one["distance_m"].iloc[-1]
    assert length == pytest.approx(100 + math.hypot(120, 110), rel=1e-8)
    one, other = (along(way, path) for way in (there, there.reverse()))
    assert one["climb_m"].iloc[-1] == pytest.approx(other["descent_m"].iloc[-1], abs=1e-9)


def test_nearest_is_the_cell_and_bilinear_lies_between(write_raster: WriteRaster) -> None:
    values = np.array([[0.0, 10, 40], [20, 70, 40]])
    path = write_raster(values, GRID)
    # a quarter of the way from the first column's centres, a half down
    spot = line((7.5, 10), (15, 15))
    assert along(spot, path)["elevation_m"].tolist() == pytest.approx(
        [0.75 * (0 + 20) / 2 + 0.25 * (10 + 70) / 2, 70]
    )
    assert along(spot, path, interpolation="nearest")["elevation_m"].tolist() == [20, 70]


def test_the_outermost_half_cell_takes_the_nearest_centres(write_raster: WriteRaster) -> None:
    path = write_raster(np.array([[0.0, 10], [20, 70]]), GRID)
    corner = along(line((0, 0), (20, 10), (20, 20), (25, 20)), path)["elevation_m"]
    assert corner.tolist()[:3] == pytest.approx([0, (10 + 70) / 2, 70])
    assert np.isnan(corner[3])


def test_no_data_is_no_elevation_and_no_climb(write_raster: WriteRaster) -> None:
    values = SLOPING.copy()
    values[:, 10] = -9999
    path = write_raster(values, GRID, nodata=-9999)
    found = along(line((85, 55), (135, 55)), path, step_m=10)
    # centres of columns 8 to 13; column 10 has none
    assert np.isnan(found["elevation_m"]).tolist() == [False, False, True, False, False, False]
    assert np.isnan(found["grade_percent"]).tolist() == [True, False, True, True, False, False]
    assert found["climb_m"].iloc[-1] == pytest.approx(3 * 3)
    assert found.attrs["no_data"] == ["R1"]
    # half-way to a cell without data nothing is made up, however near the other centre is
    halfway = along(line((96, 55), (95, 55)), path)
    assert np.isnan(halfway["elevation_m"]).tolist() == [True, False]


def test_parts_that_meet_are_one_and_a_gap_has_no_grade(write_raster: WriteRaster) -> None:
    path = write_raster(SLOPING, GRID)
    first, second = line((20, 100), (50, 100)), line((50, 100), (80, 100))
    third = line((120, 100), (150, 100))
    found = along(MultiLineString([first, second, third]), path, step_m=20)
    assert found["part"].tolist() == [0] * 4 + [1] * 3
    assert found["distance_m"].tolist() == pytest.approx([0, 20, 40, 60, 60, 80, 90], rel=1e-8)
    assert np.isnan(found["grade_percent"]).tolist() == [True] + [False] * 3 + [True] + [False] * 2
    assert found["climb_m"].iloc[-1] == pytest.approx(18 + 9)


def test_a_vertex_given_twice_changes_nothing(write_raster: WriteRaster) -> None:
    path = write_raster(SLOPING, GRID)
    found = along(line((20, 100), (50, 100), (50, 100), (80, 100)), path)
    assert found["distance_m"].tolist() == pytest.approx([0, 30, 30, 60], rel=1e-8)
    assert np.isnan(found["grade_percent"].iloc[2])
    assert found["climb_m"].iloc[-1] == pytest.approx(18)


def test_routes_come_in_order_and_those_without_a_place_are_listed(
    write_raster: WriteRaster,
) -> None:
    routes = routes_of(line((20, 20), (40, 20)), None, line((9, 9), (29, 9)), ids=["b", "x", "a"])
    with Raster(write_raster(SLOPING, GRID)) as dem:
        found = profile(routes, dem)
    assert found["route_id"].tolist() == ["b", "b", "a", "a"]
    assert found.attrs["no_geometry"] == ["x"]
    assert found.attrs["measuring_planes"] == ["EPSG:4550"]


def test_distances_are_those_of_the_ellipsoid_far_from_the_meridian(
    write_raster: WriteRaster,
) -> None:
    # 105 km east of the meridian the plane is (105 / 6375)² / 2 = 1.356e-4 too long
    affine = (1000.0, 0.0, 595_000.0, 0.0, -1000.0, 4_555_000.0)
    path = write_raster(np.ones((10, 20)), affine)
    route = LineString([(600_000, 4_550_000), (610_000, 4_550_000)])
    found = along(route, path, step_m=2500)
    to_degrees = Transformer.from_crs(4550, 4490, always_xy=True)
    dense = [to_degrees.transform(600_000 + x, 4_550_000) for x in range(0, 10_001, 100)]
    lons, lats = np.array(dense).T
    exact = Geod(a=6378137, rf=298.257222101).line_length(lons, lats)
    assert found["distance_m"].iloc[-1] == pytest.approx(exact, rel=1e-9)
    assert 10_000 - exact == pytest.approx(1.356, abs=0.002)
    ends = [to_degrees.transform(*point.coords[0]) for point in found.geometry[:2]]
    *_, first = Geod(a=6378137, rf=298.257222101).inv(*ends[0], *ends[1])
    assert first == pytest.approx(2500, abs=1e-3)


def test_a_dem_in_another_crs(write_raster: WriteRaster) -> None:
    to_degrees = Transformer.from_crs(4550, 4490, always_xy=True)
    west, north = to_degrees.transform(499_990, 4_550_010)
    # elevation is the longitude, in steps of 1e-4°, a metre each
    values = np.broadcast_to(np.arange(60.0), (60, 60)).copy()
    path = write_raster(values, (1e-4, 0, west, 0, -1e-4, north), crs="EPSG:4490")
    found = along(line((50, 100), (250, 100)), path, step_m=50)
    expected = [
        (to_degrees.transform(500_050 + x, 4_549_900)[0] - west) / 1e-4 - 0.5
        for x in (0, 50, 100, 150, 200)
    ]
    assert found["elevation_m"].tolist() == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"step_m": 0}, "step_m"),
        ({"step_m": -5}, "step_m"),
        ({"step_m": math.nan}, "step_m"),
        ({"step_m": math.inf}, "step_m"),
        ({"step_m": 1e-5}, "samples"),
        ({"interpolation": "cubic"}, "cubic"),
    ],
)
def test_options_out_of_range_are_refused(
    options: dict[str, Any], said: str, write_raster: WriteRaster
) -> None:
    with pytest.raises(BadQuery, match=said):
        along(line((20, 20), (40, 20)), write_raster(SLOPING, GRID), **options)


@pytest.mark.parametrize(
    ("routes", "error"),
    [
        (routes_of(line((-500, 20), (-400, 20))), OutsideRaster),
        (routes_of(Point(500_010, 4_549_990)), WrongGeometryType),
        (routes_of(line((20, 20), (40, 20)), crs=None), CrsMismatch),
        (routes_of(line((20, 20), (40, 20)), crs=2435), CrsMismatch),
        (routes_of(), EmptyLayer),
    ],
)
def test_bad_routes_are_refused(
    routes: GeoDataFrame, error: type[Exception], write_raster: WriteRaster
) -> None:
    with Raster(write_raster(SLOPING, GRID)) as dem, pytest.raises(error):
        profile(routes, dem)


def test_elevations_in_feet_are_refused(write_raster: WriteRaster) -> None:
    with pytest.raises(BadQuery, match="'ft'"):
        along(line((20, 20), (40, 20)), write_raster(SLOPING, GRID, unit="ft"))


def test_no_route_with_a_place_gives_no_sample(write_raster: WriteRaster) -> None:
    with Raster(write_raster(SLOPING, GRID)) as dem:
        found = profile(routes_of(None), dem)
    assert len(found) == 0
    assert found.attrs["no_geometry"] == ["R1"]
