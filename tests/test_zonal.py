"""Zonal statistics and classes against figures worked out on paper."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from pyproj import CRS, Geod, Transformer
from shapely.geometry import LineString, MultiPoint, Point, Polygon, box

from geoplan.errors import (
    BadQuery,
    CrsMismatch,
    DuplicateId,
    EmptyLayer,
    FileUnreadable,
    InvalidGeometry,
    OutsideRaster,
    RasterInvalid,
    TooLarge,
    WrongGeometryType,
)
from geoplan.model import Text
from geoplan.queries import zonal, zoning
from geoplan.queries.classes import zonal_classes
from geoplan.queries.placing import MAX_BEND_CELLS, onto, place
from geoplan.queries.zonal import zonal_statistics
from geoplan.raster import Grid, Raster

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

    from tests.conftest import WriteRaster

pytestmark = pytest.mark.usefixtures("each_zonal_engine")

# three rows of four cells, 10 m wide and 5 m high, from (500000, 4550000) to the south
GRID = (10.0, 0.0, 500_000.0, 0.0, -5.0, 4_550_000.0)
VALUES = np.array([[1, 2, 4, 8], [16, 32, 64, 128], [3, 5, 7, 9]], dtype="int16")
LIDAR = Path(__file__).parents[1].parent / "shared/data/other/dem_lidar_1m_slovenia_TM1_564_146.tif"
WGS84 = Geod(ellps="WGS84")


def zones_of(*geometries: Any, crs: Any = 4550, ids: list[Any] | None = None) -> GeoDataFrame:
    index = ids or [f"Z{number}" for number in range(1, len(geometries) + 1)]
    return gpd.GeoDataFrame(geometry=list(geometries), index=index, crs=crs)


def at(left: float, top: float, right: float, bottom: float) -> Polygon:
    """Return the box between columns and rows of the grid."""
    return box(
        500_000 + 10 * left, 4_550_000 - 5 * bottom, 500_000 + 10 * right, 4_550_000 - 5 * top
    )


def only(zones: GeoDataFrame, path: Path, *stats: str, **options: Any) -> dict[str, Any]:
    with Raster(path, **options) as raster:
        found = zonal_statistics(zones, raster, stats=list(stats))
    assert len(found) == 1
    return dict(found.iloc[0])


EVERY = ("mean", "min", "max", "stdev", "sum", "count", "median", "p20", "p90")


@pytest.mark.parametrize("one_go", [True, False])
@pytest.mark.parametrize("dtype", ["int16", "uint8", "int32", "float32", "float64"])
def test_a_zone_of_two_and_a_half_cells(
    dtype: str, one_go: bool, write_raster: WriteRaster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zonal, "by_raster", lambda _: one_go)
    path = write_raster(VALUES.astype(dtype), GRID)
    found = only(zones_of(at(0, 0, 2.5, 1)), path, *EVERY)
    # 1 and 2 whole, half of 4
    assert found["count"] == pytest.approx(2.5)
    assert found["sum"] == pytest.approx(1 + 2 + 0.5 * 4)
    assert found["mean"] == pytest.approx(5 / 2.5)
    assert found["stdev"] == pytest.approx(math.sqrt((1 + 0 + 0.5 * 4) / 2.5))
    assert (found["min"], found["max"]) == (1, 4)
    # shares of the ground up to 1: 0.4, up to 2: 0.8, up to 4: 1
    assert (found["p20"], found["median"], found["p90"]) == (1, 2, 4)
    assert found["zone_area_m2"] == pytest.approx(25 * 5, rel=1e-9)
    assert found["raster_ratio"] == pytest.approx(1)


def test_the_engine_goes_once_through_crowded_zones_and_apart_to_scattered_ones() -> None:
    crowd = np.array([box(0, 0, 10, 10), box(10, 0, 20, 10)], dtype=object)
    scattered = np.array([box(0, 0, 10, 10), box(990, 990, 1000, 1000)], dtype=object)
    assert zoning.by_raster(crowd)
    assert not zoning.by_raster(scattered)


def test_order_ids_crs_and_geometry_are_those_of_the_zones(write_raster: WriteRaster) -> None:
    zones = zones_of(at(3, 2, 4, 3), None, at(0, 1, 1, 2), ids=["c", "a", "b"])
    with Raster(write_raster(VALUES, GRID, unit="dm")) as raster:
        found = zonal_statistics(zones, raster, stats=["max"])
    assert found["zone_id"].tolist() == ["c", "a", "b"]
    assert found["max"].tolist()[::2] == [9, 16]
    assert np.isnan(found["max"][1])
    assert found["unit"].tolist() == ["dm"] * 3
    assert found.crs == 4550
    assert found.geometry[2].equals(zones.geometry["b"])
    assert found.attrs["no_geometry"] == ["a"]
    assert found.attrs["no_data"] == []
    assert found.attrs["measuring_planes"] == ["EPSG:4550"]


def test_overlapping_zones_are_measured_each_alone(write_raster: WriteRaster) -> None:
    zones = zones_of(at(0, 0, 4, 3), at(0, 0, 1, 1), at(0, 0, 1, 1))
    with Raster(write_raster(VALUES, GRID)) as raster:
        found = zonal_statistics(zones, raster, stats=["sum"])
    assert found["sum"].tolist() == [VALUES.sum(), 1, 1]


def test_partly_outside_has_a_share_and_wholly_outside_has_no_figure(
    write_raster: WriteRaster,
) -> None:
    zones = zones_of(at(3, 0, 5, 1), at(9, 9, 10, 10), at(-3, 0, 1, 2))
    with Raster(write_raster(VALUES, GRID)) as raster:
        found = zonal_statistics(zones, raster, stats=["mean", "sum", "count", "median", "min"])
    assert found["raster_ratio"].tolist() == pytest.approx([1 / 2, 0, 1 / 4])
    assert found["mean"][[0, 2]].tolist() == pytest.approx([8, (1 + 16) / 2])
    assert found.loc[1, ["mean", "sum", "median", "min"]].isna().all()
    assert found["count"].tolist() == pytest.approx([1, 0, 2])
    assert found.attrs["no_data"] == ["Z2"]


def test_no_data_is_left_out_and_never_read_as_nought(write_raster: WriteRaster) -> None:
    path = write_raster(VALUES, GRID, nodata=2)
    found = only(zones_of(at(0, 0, 2.5, 1)), path, *EVERY)
    assert found["mean"] == pytest.approx((1 + 0.5 * 4) / 1.5)
    assert found["raster_ratio"] == pytest.approx(1.5 / 2.5)
    assert found["min"] == 1
    lone = zones_of(at(1, 0, 2, 1), at(0, 0, 1, 1))
    with Raster(path) as raster:
        row = zonal_statistics(lone, raster, stats=list(EVERY)).iloc[0]
    assert row[[name for name in EVERY if name != "count"]].isna().all()
    assert (row["count"], row["raster_ratio"]) == (0, 0)


@pytest.mark.parametrize("one_go", [True, False])
def test_every_way_of_saying_no_data_leaves_the_same_cells(
    one_go: bool, write_raster: WriteRaster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zonal, "by_raster", lambda _: one_go)
    zone, gone = zones_of(at(0, 0, 3, 2)), VALUES == 32
    as_nan = np.where(gone, np.nan, VALUES).astype("float32")
    alpha = np.stack([VALUES.astype("uint8"), np.where(gone, 0, 255).astype("uint8")])
    ways = [
        write_raster(VALUES, GRID, nodata=32),
        write_raster(as_nan, GRID),
        write_raster(as_nan, GRID, nodata=np.nan),
        write_raster(VALUES, GRID, mask=~gone),
        write_raster(alpha, GRID, photometric="minisblack", alpha="yes"),
        write_raster((VALUES * 10).astype("int32"), GRID, nodata=320, scale=0.1),
    ]
    for path in ways:
        found = only(zone, path, "mean", "count", "max", "median")
        assert found["mean"] == pytest.approx((1 + 2 + 4 + 16 + 64) / 5)
        assert (found["count"], found["max"], found["median"]) == pytest.approx((5, 64, 4))
    told = only(zone, write_raster(VALUES, GRID), "mean", nodata=32)
    assert told["mean"] == pytest.approx((1 + 2 + 4 + 16 + 64) / 5)


def test_the_lowest_float32_is_no_data_as_arcgis_writes_it(write_raster: WriteRaster) -> None:
    lowest = float(np.finfo("float32").min)
    values = np.where(VALUES == 2, lowest, VALUES).astype("float32")
    found = only(zones_of(at(0, 0, 2.5, 1)), write_raster(values, GRID, nodata=lowest), "mean")
    assert found["mean"] == pytest.approx((1 + 0.5 * 4) / 1.5)


def test_scale_and_offset_are_applied(write_raster: WriteRaster) -> None:
    path = write_raster(VALUES, GRID, scale=0.5, offset=-3.0)
    found = only(zones_of(at(0, 0, 2.5, 1)), path, "mean", "max", "p20")
    assert found["mean"] == pytest.approx(0.5 * 2 - 3)
    assert (found["max"], found["p20"]) == pytest.approx((0.5 * 4 - 3, 0.5 * 1 - 3))


def test_another_band_is_another_raster(write_raster: WriteRaster) -> None:
    path = write_raster(np.stack([VALUES, VALUES + 100]), GRID)
    assert only(zones_of(at(0, 0, 1, 1)), path, "mean", band=2)["mean"] == 101


TURNED = (6.0, 4.0, 500_000.0, 8.0, -3.0, 4_550_000.0)
"""Columns run 10 m to the upper right (6, 8), rows 5 m across them (4, -3)."""


def test_a_rotated_raster_is_taken_as_it_lies(write_raster: WriteRaster) -> None:
    corners = np.array([(0, 0), (2.5, 0), (2.5, 1), (0, 1)]) @ np.array([(6, 8), (4, -3)])
    zone = Polygon(corners + np.array([500_000, 4_550_000]))
    found = only(zones_of(zone), write_raster(VALUES, TURNED), *EVERY)
    assert found["mean"] == pytest.approx(2)
    assert found["count"] == pytest.approx(2.5)
    assert found["zone_area_m2"] == pytest.approx(2.5 * 50, rel=1e-9)


def test_a_raster_whose_first_row_is_the_southern_one(write_raster: WriteRaster) -> None:
    path = write_raster(VALUES, (10.0, 0.0, 500_000.0, 0.0, 5.0, 4_550_000.0))
    zone = box(500_000, 4_550_005, 500_020, 4_550_010)
    assert only(zones_of(zone), path, "sum")["sum"] == 16 + 32


# ---- cells that are not alike on the ground ------------------------------------------------


def test_cells_in_degrees_count_by_their_area_on_the_ellipsoid(write_raster: WriteRaster) -> None:
    # two cells one above the other, a degree high and half a degree wide, from 40° to 42° N
    path = write_raster(
        np.array([[10.0], [20.0]]), (0.5, 0, 122.75, 0, -1.0, 42.0), crs="EPSG:4490"
    )
    ring = [(122.75, 40.0), (123.25, 40.0), (123.25, 42.0), (122.75, 42.0)]
    dense = shapely.segmentize(Polygon(ring), 0.002)
    found = only(zones_of(dense, crs=4490), path, "mean", "stdev", "median", "count", "p45")
    north, south = (
        abs(WGS84.polygon_area_perimeter(*_strip(bottom, bottom + 1))[0]) for bottom in (41, 40)
    )
    share = north / (north + south)
    # on a sphere sin 42° - sin 41° to sin 41° - sin 40°, 1.5 % less
    assert share == pytest.approx(0.49621, abs=1e-4)
    assert found["mean"] == pytest.approx(10 * share + 20 * (1 - share), rel=2e-6)
    assert found["stdev"] == pytest.approx(10 * math.sqrt(share * (1 - share)), rel=2e-6)
    assert found["count"] == pytest.approx(2, rel=1e-6)
    assert (found["p45"], found["median"]) == (10, 20)
    assert found["raster_ratio"] == pytest.approx(1, abs=1e-4)


def _strip(bottom: float, top: float) -> tuple[list[float], list[float]]:
    lon = np.linspace(122.75, 123.25, 2001)
    lons = np.concatenate([lon, lon[::-1]])
    return lons.tolist(), [bottom] * len(lon) + [top] * len(lon)


def test_classes_in_degrees_take_their_area_on_the_ellipsoid(write_raster: WriteRaster) -> None:
    path = write_raster(
        np.array([[1], [2]], dtype="uint8"), (0.5, 0, 122.75, 0, -1.0, 42.0), crs="EPSG:4490"
    )
    ring = [(122.75, 40.0), (123.25, 40.0), (123.25, 42.0), (122.75, 42.0)]
    zone = zones_of(shapely.segmentize(Polygon(ring), 0.002), crs=4490)
    with Raster(path) as raster:
        found = zonal_classes(zone, raster)
    assert found.attrs["cells"] == "by area"
    areas = dict(zip(found["class_value"].dropna(), found["area_m2"], strict=False))
    for value, bottom in ((1, 41), (2, 40)):
        geodetic = abs(WGS84.polygon_area_perimeter(*_strip(bottom, bottom + 1))[0])
        assert areas[value] == pytest.approx(geodetic, rel=2e-6)


def test_in_degrees_too_what_has_no_data_is_a_share(write_raster: WriteRaster) -> None:
    # four cells of a degree by half a degree, one of the northern two without data
    values = np.array([[1, 0], [2, 2]], dtype="uint8")
    affine = (0.5, 0, 122.5, 0, -1.0, 42.0)
    path = write_raster(values, affine, crs="EPSG:4490", nodata=0)
    ring = [(122.5, 40.0), (123.5, 40.0), (123.5, 42.0), (122.5, 42.0)]
    zone = zones_of(shapely.segmentize(Polygon(ring), 0.002), crs=4490)
    north, south = (
        abs(WGS84.polygon_area_perimeter(*_strip(bottom, bottom + 1))[0]) for bottom in (41, 40)
    )
    with Raster(path) as raster:
        row = zonal_statistics(zone, raster, stats=["mean", "count"]).iloc[0]
        classes = zonal_classes(zone, raster)
    assert row["mean"] == pytest.approx((north + 4 * south) / (north + 2 * south), rel=2e-6)
    assert row["count"] == pytest.approx(3, rel=1e-6)
    assert row["raster_ratio"] == pytest.approx(1 - north / (2 * north + 2 * south), rel=2e-6)
    areas = dict(zip(classes["class_value"].fillna(0), classes["area_m2"], strict=True))
    assert areas == {
        0: pytest.approx(north, rel=1e-5),
        1: pytest.approx(north, rel=1e-5),
        2: pytest.approx(2 * south, rel=1e-5),
    }


def test_small_cells_near_the_meridian_count_as_equal_and_far_ones_by_area(
    write_raster: WriteRaster,
) -> None:
    near = write_raster(VALUES, GRID)
    far = write_raster(VALUES, (1000.0, 0, 620_000.0, 0, -1000.0, 4_550_000.0))
    with Raster(near) as raster:
        assert zonal_statistics(zones_of(at(0, 0, 4, 3)), raster).attrs["cells"] == "equal"
    with Raster(far) as raster:
        zone = zones_of(box(620_000, 4_547_000, 624_000, 4_550_000))
        found = zonal_statistics(zone, raster, stats=["mean"])
    assert found.attrs["cells"] == "by area"
    # the plane stretches areas by cosh²(x / R), x from the meridian in the middle of a column
    x = np.array([120_500.0, 121_500.0, 122_500.0, 123_500.0])
    weight = 1 / np.cosh(x / 6_375_190) ** 2
    assert found["mean"][0] == pytest.approx(
        float((VALUES * weight).sum() / (3 * weight.sum())), rel=1e-8
    )
    assert found["raster_ratio"][0] == pytest.approx(1, abs=1e-6)


# ---- another CRS ---------------------------------------------------------------------------


def test_zones_in_another_crs_are_moved_exactly(write_raster: WriteRaster) -> None:
    path = write_raster(VALUES, GRID)
    to_degrees = Transformer.from_crs(4550, 4490, always_xy=True)
    ring = [to_degrees.transform(x, y) for x, y in at(0, 0, 2.5, 1).exterior.coords]
    found = only(zones_of(Polygon(ring), crs=4490), path, *EVERY)
    assert found["mean"] == pytest.approx(2, abs=1e-6)
    assert found["count"] == pytest.approx(2.5, abs=1e-6)


def test_a_long_edge_bends_on_the_grid_of_another_crs(write_raster: WriteRaster) -> None:
    # a northern edge of 40 km, straight in the plane, over cells of 1e-4°; all else lies outside
    to_degrees = Transformer.from_crs(4550, 4490, always_xy=True)
    ring = [(480_000, 4_530_000), (520_000, 4_530_000), (520_000, 4_551_000), (480_000, 4_551_000)]
    grid = (1e-4, 0, 122.80, 0, -1e-4, 41.10)
    path = write_raster(np.ones((300, 4000), dtype="uint8"), grid, crs="EPSG:4490")
    with Raster(path) as raster:
        found = zonal_statistics(zones_of(Polygon(ring)), raster, stats=["count"])
    seen = box(122.80, 41.07, 123.20, 41.10)
    points = shapely.segmentize(Polygon(ring), 10.0).exterior.coords
    dense = Polygon([to_degrees.transform(x, y) for x, y in points]) & seen
    chord = Polygon([to_degrees.transform(x, y) for x, y in ring]) & seen
    assert found["count"][0] == pytest.approx(dense.area / 1e-8, rel=1e-6)
    assert abs(chord.area / dense.area - 1) > 3e-3, "without bending, three in a thousand are lost"


@pytest.mark.parametrize("crs", ["EPSG:4490", "EPSG:3857", "EPSG:32651", "ESRI:102025"])
def test_no_edge_lies_off_by_more_than_the_bound(crs: str) -> None:
    grid = Grid(CRS(crs), _cells_of_ten_metres(crs), 9000, 9000)
    ring = np.array([(480_000, 4_530_000), (531_000, 4_544_000), (497_000, 4_571_000)])
    placed = place(zones_of(Polygon(ring)), grid, "zones")
    drawn = placed.geometries[0].exterior
    move = onto(CRS(4550), grid)
    for start, end in zip(ring, np.roll(ring, -1, axis=0), strict=True):
        shares = np.random.default_rng(2).uniform(0, 1, 400)[:, np.newaxis]
        on_edge = move(start + shares * (end - start))
        assert shapely.distance(shapely.points(on_edge), drawn).max() <= MAX_BEND_CELLS


def _cells_of_ten_metres(crs: str) -> tuple[float, float, float, float, float, float]:
    x, y = Transformer.from_crs(4550, crs, always_xy=True).transform(480_000, 4_580_000)
    size = 1e-4 if CRS(crs).is_geographic else 10.0
    return (size, 0.0, x, 0.0, -size, y)


def test_wgs84_is_taken_as_cgcs2000_and_another_datum_is_refused(
    write_raster: WriteRaster,
) -> None:
    to_utm = Transformer.from_crs(4550, 32651, always_xy=True)
    x, y = to_utm.transform(500_000, 4_550_000)
    utm = write_raster(np.full((40, 40), 7.0), (10, 0, x - 200, 0, -10, y + 200), crs="EPSG:32651")
    assert only(zones_of(at(0, 0, 4, 3)), utm, "mean")["mean"] == 7
    old = write_raster(VALUES, GRID, crs="EPSG:2435")
    with Raster(old) as raster, pytest.raises(CrsMismatch, match="Beijing 1954"):
        zonal_statistics(zones_of(at(0, 0, 4, 3)), raster)


# ---- lines and points ----------------------------------------------------------------------


def test_a_line_counts_by_its_length_in_each_cell(write_raster: WriteRaster) -> None:
    # along the middle of the first row from column 0.5 to 3: 5 m of 1, 10 m of 2, 10 m of 4
    line = LineString([(500_005, 4_549_997.5), (500_030, 4_549_997.5)])
    found = only(zones_of(line), write_raster(VALUES, GRID), "mean", "stdev", "max", "median")
    assert found["zone_length_m"] == pytest.approx(25, rel=1e-9)
    assert found["mean"] == pytest.approx((5 * 1 + 10 * 2 + 10 * 4) / 25)
    assert found["stdev"] == pytest.approx(math.sqrt((5 * 1.6**2 + 10 * 0.6**2 + 10 * 1.4**2) / 25))
    assert (found["max"], found["median"]) == (4, 2)


def test_a_slanting_line_through_flat_cells(write_raster: WriteRaster) -> None:
    # from (0, 0) to column 2, row 2: through the corner (1, 1), half in 1, half in 32
    line = LineString([(500_000, 4_550_000), (500_020, 4_549_990)])
    found = only(zones_of(line), write_raster(VALUES, GRID), "mean", "min")
    assert found["mean"] == pytest.approx((1 + 32) / 2)
    # in a rotated raster a step down a row is another length than one along
    turned = LineString([(500_000, 4_550_000), (500_012, 4_550_016), (500_016, 4_550_013)])
    found = only(zones_of(turned), write_raster(VALUES, TURNED), "mean")
    assert found["zone_length_m"] == pytest.approx(25, rel=1e-9)
    # 20 m along the edge of the first row (1 and 2), then 5 m down the edge of column 2 (4)
    assert found["mean"] == pytest.approx((10 * 1 + 10 * 2 + 5 * 4) / 25)


def test_a_line_over_the_edge_and_over_no_data(write_raster: WriteRaster) -> None:
    line = LineString([(499_980, 4_549_997.5), (500_030, 4_549_997.5)])
    found = only(zones_of(line), write_raster(VALUES, GRID, nodata=2), "mean")
    assert found["raster_ratio"] == pytest.approx(20 / 50)
    assert found["mean"] == pytest.approx((1 + 4) / 2)


def test_a_line_has_no_sum(write_raster: WriteRaster) -> None:
    line = LineString([(500_005, 4_549_997), (500_030, 4_549_997)])
    with Raster(write_raster(VALUES, GRID)) as raster, pytest.raises(BadQuery, match="line"):
        zonal_statistics(zones_of(line), raster, stats=["sum"])


def test_a_point_has_the_value_of_its_cell(write_raster: WriteRaster) -> None:
    points = zones_of(
        Point(500_039, 4_549_989),
        Point(500_010, 4_549_995),  # a corner of four cells: right and below
        Point(500_040, 4_549_989),  # the eastern edge of the raster is outside
        MultiPoint([(500_001, 4_549_999), (500_011, 4_549_999), (499_000, 4_549_999)]),
    )
    with Raster(write_raster(VALUES, GRID)) as raster:
        found = zonal_statistics(points, raster, stats=["mean", "max", "sum", "count"])
    assert found["mean"].tolist()[:2] == [9, 32]
    assert found.loc[2, ["mean", "max", "sum"]].isna().all()
    assert found.loc[3, ["mean", "max", "sum", "count"]].tolist() == pytest.approx([1.5, 2, 3, 2])
    assert found["raster_ratio"].tolist() == pytest.approx([1, 1, 0, 2 / 3])


# ---- classes -------------------------------------------------------------------------------

FOREST, FIELD, TOWN = 10, 20, 30
CLASSES = np.array([[FOREST, FIELD, FIELD, TOWN], [0, 0, TOWN, TOWN], [FOREST] * 4], dtype="uint8")
NAMES = {FOREST: Text(zh="林地", en="Forest"), FIELD: Text(zh="耕地", en="Cropland")}


@pytest.mark.parametrize("one_go", [True, False])
def test_a_quarter_a_half_a_quarter(
    one_go: bool, write_raster: WriteRaster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("geoplan.queries.classes.by_raster", lambda _: one_go)
    path = write_raster(CLASSES, GRID, nodata=0)
    zones = zones_of(at(0, 0, 4, 1), None, at(1, 0.5, 3, 2))
    with Raster(path) as raster:
        found = zonal_classes(zones, raster, categories=NAMES)
    first = found[found["zone_id"] == "Z1"]
    assert first["class_value"].tolist() == [FIELD, FOREST, TOWN]
    assert first["ratio"].tolist() == pytest.approx([0.5, 0.25, 0.25])
    assert first["area_m2"].tolist() == pytest.approx([100, 50, 50], rel=1e-9)
    assert first["class_zh"].tolist() == ["耕地", "林地", None]
    assert first["class_en"].tolist() == ["Cropland", "Forest", None]
    nowhere = found[found["zone_id"] == "Z2"]
    assert len(nowhere) == 1
    assert nowhere[["class_value", "ratio", "area_m2"]].isna().all(axis=None)
    # two half cells of field, a cell of town, a cell without data, of three
    third = found[found["zone_id"] == "Z3"]
    assert third["class_value"].fillna(-1).tolist() == [FIELD, TOWN, -1]
    assert third["ratio"].tolist() == pytest.approx([1 / 3] * 3)
    assert found.attrs["unknown_classes"] == [TOWN]
    assert found.attrs["no_geometry"] == ["Z2"]


def test_what_lies_outside_is_a_row_so_that_a_zone_adds_up(write_raster: WriteRaster) -> None:
    zones = zones_of(at(3, 0, 7, 1), at(20, 20, 21, 21))
    with Raster(write_raster(CLASSES, GRID, nodata=0)) as raster:
        found = zonal_classes(zones, raster)
    assert found["class_value"].fillna(-1).tolist() == [TOWN, -1, -1]
    assert found["ratio"].tolist() == pytest.approx([0.25, 0.75, 1])
    assert found["area_m2"].tolist() == pytest.approx([50, 150, 50], rel=1e-8)
    assert found.attrs["no_data"] == ["Z2"]


def test_classes_along_a_line_and_under_points(write_raster: WriteRaster) -> None:
    path = write_raster(CLASSES, GRID, nodata=0)
    line = LineString([(500_005, 4_549_997.5), (500_030, 4_549_997.5)])
    with Raster(path) as raster:
        along = zonal_classes(zones_of(line), raster)
        under = zonal_classes(
            zones_of(MultiPoint([(500_001, 4_549_999), (500_001, 4_549_993)])), raster
        )
    assert along["class_value"].tolist() == [FIELD, FOREST]
    assert along["length_m"].tolist() == pytest.approx([20, 5], rel=1e-9)
    assert under["class_value"].fillna(-1).tolist() == [FOREST, -1]
    assert under["ratio"].tolist() == pytest.approx([0.5, 0.5])


def test_measured_values_are_no_classes(write_raster: WriteRaster) -> None:
    for path in (
        write_raster(VALUES.astype("float32"), GRID),
        write_raster(VALUES, GRID, scale=0.1),
    ):
        with Raster(path) as raster, pytest.raises(BadQuery, match="not classes"):
            zonal_classes(zones_of(at(0, 0, 1, 1)), raster)


# ---- refusals ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stats", "said"),
    [(["average"], "average"), ("mean", "list"), ([], "list"), (["p101"], "p101"), ([5], "5")],
)
def test_an_unknown_statistic_is_refused_by_name(
    stats: Any, said: str, write_raster: WriteRaster
) -> None:
    with Raster(write_raster(VALUES, GRID)) as raster, pytest.raises(BadQuery, match=said):
        zonal_statistics(zones_of(at(0, 0, 1, 1)), raster, stats=stats)


@pytest.mark.parametrize(
    ("zones", "error"),
    [
        (zones_of(at(50, 50, 51, 51), at(60, 0, 61, 1)), OutsideRaster),
        (zones_of(at(0, 0, 1, 1), crs=None), CrsMismatch),
        (zones_of(), EmptyLayer),
        (zones_of(at(0, 0, 1, 1), at(1, 1, 2, 2), ids=["A", "A"]), DuplicateId),
        (zones_of(at(0, 0, 1, 1), Point(500_001, 4_549_999)), WrongGeometryType),
        (
            zones_of(Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])),
            InvalidGeometry,
        ),
    ],
)
def test_bad_zones_are_refused(
    zones: GeoDataFrame, error: type[Exception], write_raster: WriteRaster
) -> None:
    with Raster(write_raster(CLASSES, GRID)) as raster:
        with pytest.raises(error):
            zonal_statistics(zones, raster)
        with pytest.raises(error):
            zonal_classes(zones, raster)


def test_zones_without_any_place_have_no_figure(write_raster: WriteRaster) -> None:
    with Raster(write_raster(CLASSES, GRID)) as raster:
        found = zonal_statistics(zones_of(None, None), raster)
        classes = zonal_classes(zones_of(None, None), raster)
    assert found["mean"].isna().all()
    assert found.attrs["no_geometry"] == ["Z1", "Z2"]
    assert classes["zone_id"].tolist() == ["Z1", "Z2"]
    assert classes["ratio"].isna().all()


def test_infinite_values_are_refused(write_raster: WriteRaster) -> None:
    values = np.array([[1.0, np.inf]])
    with Raster(write_raster(values, GRID)) as raster, pytest.raises(RasterInvalid, match="inf"):
        zonal_statistics(zones_of(at(0, 0, 2, 1)), raster)


def test_quantiles_of_a_zone_too_large_to_sort_are_refused(
    write_raster: WriteRaster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zonal, "MAX_QUANTILE_CELLS", 4)
    with Raster(write_raster(VALUES, GRID)) as raster:
        with pytest.raises(TooLarge, match="12 cells"):
            zonal_statistics(zones_of(at(0, 0, 4, 3)), raster, stats=["p50"])
        assert zonal_statistics(zones_of(at(0, 0, 2, 2)), raster, stats=["p50"]).p50[0] == 2


def test_a_damaged_file_is_named(write_raster: WriteRaster) -> None:
    noise = np.random.default_rng(1).normal(size=(200, 200))
    path = write_raster(noise, GRID, compress="deflate")
    content = path.read_bytes()
    path.write_bytes(content[:100_000] + bytes(5_000) + content[105_000:])
    with Raster(path) as raster, pytest.raises(FileUnreadable, match="damaged"):
        zonal_statistics(zones_of(at(0, 0, 200, 200)), raster)


# ---- an independent reference --------------------------------------------------------------


@pytest.mark.skipif(not LIDAR.exists(), reason="the lidar tile is not beside this checkout")
def test_the_lidar_tile_against_supersampled_coverage() -> None:
    with rasterio.open(LIDAR) as file:
        left, top = file.transform.c, file.transform.f
        values = file.read(1).astype(float)
    ring = np.array(
        [(207.3, 310.9), (391.7, 288.2), (352.1, 401.6), (260.4, 377.5), (214.8, 395.1)]
    )
    zone = Polygon(ring * [1, -1] + [left, top])
    # ten by ten points a cell say how much of it is covered
    fine = (np.arange(0, 250 * 10) + 0.5) / 10
    x, y = np.meshgrid(200 + fine, 250 + fine)
    inside = shapely.contains_xy(Polygon(ring), x, y)
    share = inside.reshape(250, 10, 250, 10).mean(axis=(1, 3))
    part = values[250:500, 200:450]
    mean = (share * part).sum() / share.sum()
    stdev = math.sqrt((share * (part - mean) ** 2).sum() / share.sum())
    with Raster(LIDAR) as raster:
        found = zonal_statistics(
            zones_of(zone, crs=raster.grid.crs), raster, stats=["mean", "stdev", "min", "max"]
        ).iloc[0]
    assert found["raster_ratio"] == pytest.approx(1, abs=1e-4)
    assert found["mean"] == pytest.approx(mean, abs=2e-3)
    assert found["stdev"] == pytest.approx(stdev, rel=1e-4)
    assert found["min"] == pytest.approx(part[share > 0].min(), abs=0.05)
