"""Laws of zonal statistics, and cell-by-cell intersection as an independent reference."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import LineString, Polygon, box

from geoplan.queries import zonal_classes, zonal_statistics
from geoplan.raster import Raster

if TYPE_CHECKING:
    from numpy.typing import NDArray

pytestmark = pytest.mark.usefixtures("each_zonal_engine")

HEIGHT, WIDTH, NODATA = 6, 8, -1
VALUES = np.random.default_rng(11).integers(0, 9, (HEIGHT, WIDTH)).astype("int16")
VALUES[2, 3] = VALUES[5, 7] = VALUES[0, 0] = NODATA
GRIDS = {
    "straight": (10.0, 0.0, 500_000.0, 0.0, -5.0, 4_550_000.0),
    "turned": (6.0, 4.0, 500_000.0, 8.0, -3.0, 4_550_000.0),
    "from the south": (7.0, 0.0, 500_000.0, 0.0, 11.0, 4_550_000.0),
}
STATS = ["mean", "min", "max", "stdev", "sum", "count", "p10", "median", "p90"]
CELLS = [
    (row, col, box(col, row, col + 1, row + 1)) for row in range(HEIGHT) for col in range(WIDTH)
]


@pytest.fixture(scope="module")
def rasters(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return the same cells on three grids."""
    folder = tmp_path_factory.mktemp("rasters")
    paths = {}
    for number, (name, affine) in enumerate(GRIDS.items()):
        paths[name] = folder / f"{number}.tif"
        with rasterio.open(
            paths[name],
            "w",
            driver="GTiff",
            width=WIDTH,
            height=HEIGHT,
            count=1,
            dtype="int16",
            crs="EPSG:4550",
            transform=rasterio.Affine(*affine),
            nodata=NODATA,
        ) as file:
            file.write(VALUES, 1)
    return paths


coordinates = st.tuples(
    st.floats(-2, WIDTH + 2, allow_nan=False), st.floats(-2, HEIGHT + 2, allow_nan=False)
)


@st.composite
def polygons(draw: st.DrawFn) -> Any:
    """Return a hull of points in columns and rows, some of it on the raster, some with a hole."""
    hull = shapely.MultiPoint(draw(st.lists(coordinates, min_size=3, max_size=9))).convex_hull
    if hull.geom_type != "Polygon" or hull.area < 0.1:
        hull = Polygon([(1, 1), (4.3, 2), (2, 5.2)])
    if draw(st.booleans()):
        hull = hull - hull.centroid.buffer(math.sqrt(hull.area) / 8)
    if hull.intersection(box(0, 0, WIDTH, HEIGHT)).area < 0.05:
        hull = hull | box(1, 1, 2.5, 3)
    return hull


def on_map(shape: Any, grid: str) -> Any:
    a, b, c, d, e, f = GRIDS[grid]
    return shapely.transform(shape, lambda xy: xy @ np.array([[a, d], [b, e]]) + [c, f])


def frame(*shapes: Any) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(geometry=list(shapes), crs=4550)


def by_hand(shape: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the values of the cells that a shape meets and how much of it each holds."""
    measure = shapely.length if shape.geom_type.endswith("LineString") else shapely.area
    found = [
        (VALUES[row, col], measure(shape.intersection(cell)))
        for row, col, cell in CELLS
        if VALUES[row, col] != NODATA
    ]
    values, shares = np.array(found, dtype=float).T
    return values[shares > 0], shares[shares > 0]


@given(shape=polygons(), grid=st.sampled_from(list(GRIDS)))
def test_it_is_what_intersecting_cell_by_cell_gives(
    shape: Polygon, grid: str, rasters: dict[str, Path]
) -> None:
    values, shares = by_hand(shape)
    with Raster(rasters[grid]) as raster:
        row = zonal_statistics(frame(on_map(shape, grid)), raster, stats=STATS).iloc[0]
        classes = zonal_classes(frame(on_map(shape, grid)), raster)
    total = shares.sum()
    assert row["count"] == pytest.approx(total, rel=1e-5, abs=1e-6)
    assert row["raster_ratio"] == pytest.approx(total / shape.area, rel=1e-5, abs=1e-6)
    if total > 1e-4:
        mean = (values * shares).sum() / total
        assert row["mean"] == pytest.approx(mean, rel=1e-4, abs=1e-5)
        assert row["sum"] == pytest.approx((values * shares).sum(), rel=1e-4, abs=1e-5)
        spread = math.sqrt((shares * (values - mean) ** 2).sum() / total)
        assert row["stdev"] == pytest.approx(spread, rel=1e-3, abs=1e-3)
    ranks = row[["min", "p10", "median", "p90", "max"]].astype(float)
    assert ranks.isna().all() if row["count"] == 0 else ranks.is_monotonic_increasing
    assert classes["ratio"].sum() == pytest.approx(1, abs=1e-9)
    assert classes["area_m2"].sum() == pytest.approx(row["zone_area_m2"], rel=1e-9)
    ratios = dict(zip(classes["class_value"].fillna(NODATA), classes["ratio"], strict=True))
    for value in np.unique(values):
        share = shares[values == value].sum() / shape.area
        assert ratios.get(value, 0.0) == pytest.approx(share, rel=1e-4, abs=1e-5)


@given(points=st.lists(coordinates, min_size=2, max_size=5, unique=True))
def test_a_line_is_what_intersecting_cell_by_cell_gives(
    points: list[tuple[float, float]], rasters: dict[str, Path]
) -> None:
    line = LineString([*points, (3.3, 2.4), (5.7, 4.1)])
    # cells are 10 m by 5 m: lengths are taken on the map, cell by cell
    cells = [(row, col, on_map(cell, "straight")) for row, col, cell in CELLS]
    on_ground = on_map(line, "straight")
    found = [
        (VALUES[row, col], sum(edge.intersection(cell).length for edge in edges(on_ground)))
        for row, col, cell in cells
        if VALUES[row, col] != NODATA
    ]
    values, shares = np.array(found, dtype=float).T
    with Raster(rasters["straight"]) as raster:
        row = zonal_statistics(frame(on_ground), raster, stats=["mean", "stdev"]).iloc[0]
    assert row["zone_length_m"] == pytest.approx(on_ground.length, rel=1e-7)
    assert row["mean"] == pytest.approx((values * shares).sum() / shares.sum(), abs=1e-5)
    assert row["raster_ratio"] == pytest.approx(shares.sum() / on_ground.length, abs=1e-5)


def areal(shape: Any) -> Any:
    """Return the areas of what an intersection left."""
    return shapely.union_all([part for part in shapely.get_parts(shape) if part.area > 0])


def edges(line: LineString) -> list[LineString]:
    return [LineString(pair) for pair in zip(line.coords, line.coords[1:], strict=False)]


@given(shape=polygons(), cut=st.floats(0.5, WIDTH - 0.5), grid=st.sampled_from(list(GRIDS)))
def test_the_parts_of_a_zone_add_up_to_it(
    shape: Polygon, cut: float, grid: str, rasters: dict[str, Path]
) -> None:
    sides = (box(-9, -9, cut, 99), box(cut, -9, 99, 99))
    parts = [part for part in (areal(shape & side) for side in sides) if part.area > 1e-6]
    with Raster(rasters[grid]) as raster:
        found = zonal_statistics(
            frame(*(on_map(each, grid) for each in (shape, *parts))),
            raster,
            stats=["sum", "count", "min", "max"],
        )
    for column in ("sum", "count"):
        added = found[column].iloc[1:].fillna(0).sum()
        assert added == pytest.approx(found[column].fillna(0)[0], rel=1e-5, abs=1e-4)
    if found["count"].iloc[1:].sum() > 0:  # else all lies where there is no data
        assert found["min"].iloc[1:].min() >= found["min"][0]
        assert found["max"].iloc[1:].max() <= found["max"][0]
