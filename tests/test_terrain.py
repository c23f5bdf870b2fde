"""Slope, aspect and hillshade: planes on paper, and gdaldem as the oracle."""

from __future__ import annotations

import math
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import rasterio
from pyproj import Geod, Proj

from geoplan.errors import BadQuery, NotWritable
from geoplan.queries import terrain
from geoplan.queries.terrain import aspect, hillshade, slope
from geoplan.raster import Blocks, Raster, write_cog

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tests.conftest import WriteRaster

GRID = (10.0, 0.0, 500_000.0, 0.0, -5.0, 4_550_000.0)
LIDAR = Path(__file__).parents[1].parent / "shared/data/other/dem_lidar_1m_slovenia_TM1_564_146.tif"
needs_gdaldem = pytest.mark.skipif(
    shutil.which("gdaldem") is None, reason="gdaldem is not installed (Debian: gdal-bin)"
)


def plane(
    east: float, north: float, affine: tuple[float, ...] = GRID, shape: tuple[int, int] = (9, 13)
) -> NDArray[np.float64]:
    """Return cells of a plane that rises by so much a metre to the east and to the north."""
    rows, cols = (np.indices(shape) + 0.5).reshape(2, *shape)
    x = affine[0] * cols + affine[1] * rows
    y = affine[3] * cols + affine[4] * rows
    return np.asarray(100 + east * x + north * y)


def whole(blocks: Blocks) -> NDArray[np.float64]:
    values = blocks.block(0, 0, blocks.grid.height, blocks.grid.width).astype(float)
    values[values == blocks.nodata] = np.nan
    return np.asarray(values)


def inner(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the cells that have eight neighbours, and see that the others have no value."""
    edge = np.ones(values.shape, dtype=bool)
    edge[1:-1, 1:-1] = False
    assert np.isnan(values[edge]).all()
    return values[1:-1, 1:-1]


def test_a_plane_of_three_and_four_tenths_has_the_slope_of_a_half(
    write_raster: WriteRaster,
) -> None:
    with Raster(write_raster(plane(0.3, 0.4), GRID)) as dem:
        assert inner(whole(slope(dem))) == pytest.approx(math.degrees(math.atan(0.5)), abs=1e-5)
        assert inner(whole(slope(dem, unit="percent"))) == pytest.approx(50, abs=1e-5)
        assert inner(whole(slope(dem, unit="percent", z_factor=2))) == pytest.approx(100)
        # it falls towards (-3, -4): south-west, 36.87° past south
        assert inner(whole(aspect(dem))) == pytest.approx(216.8699, abs=1e-3)


@pytest.mark.parametrize(
    ("east", "north", "towards"), [(-1, 0, 90), (1, 0, 270), (0, 1, 180), (0, -1, 0), (-1, -1, 45)]
)
def test_aspect_is_clockwise_from_north(
    east: float, north: float, towards: float, write_raster: WriteRaster
) -> None:
    with Raster(write_raster(plane(east, north), GRID)) as dem:
        assert inner(whole(aspect(dem))) == pytest.approx(towards, abs=1e-4)


def test_flat_ground_has_a_slope_and_no_aspect(write_raster: WriteRaster) -> None:
    with Raster(write_raster(np.full((5, 6), 7.0), GRID)) as dem:
        assert (inner(whole(slope(dem))) == 0).all()
        assert np.isnan(whole(aspect(dem))).all()
        # light from 45° on the flat: 1 + 254 sin 45°
        assert (inner(whole(hillshade(dem))) == round(1 + 254 * math.sin(math.pi / 4))).all()


def test_a_slope_that_faces_the_light_is_brightest(write_raster: WriteRaster) -> None:
    # falls to the north-west at 45°: straight into light from azimuth 315°, altitude 45°
    rise = math.sqrt(0.5)
    with Raster(write_raster(plane(rise, -rise), GRID)) as dem:
        assert (inner(whole(hillshade(dem))) == 255).all()
        assert (inner(whole(hillshade(dem, azimuth_deg=135))) == 1).all()
        grazing = inner(whole(hillshade(dem, altitude_deg=90)))
    assert (grazing == round(1 + 254 * math.cos(math.pi / 4))).all()


def test_rotated_cells_and_rows_from_the_south(write_raster: WriteRaster) -> None:
    for affine in ((6.0, 4.0, 500_000.0, 8.0, -3.0, 4.55e6), (10, 0, 500_000, 0, 5, 4.55e6)):
        with Raster(write_raster(plane(0.5, 1.2, affine), affine)) as dem:
            assert inner(whole(slope(dem, unit="percent"))) == pytest.approx(130, abs=1e-4)
            towards = 180 + math.degrees(math.atan2(5, 12))
            assert inner(whole(aspect(dem))) == pytest.approx(towards, abs=1e-3)


def test_degrees_have_the_metres_of_their_row(write_raster: WriteRaster) -> None:
    # elevation grows by a metre each column: the slope is one in the length of a column
    affine = (0.01, 0.0, 122.0, 0.0, -0.02, 60.0)
    values = np.broadcast_to(np.arange(8.0), (900, 8)).copy()
    geod = Geod(a=6378137, rf=298.257222101)
    with Raster(write_raster(values, affine, crs="EPSG:4490")) as dem:
        found = whole(slope(dem, unit="percent"))
    for row in (1, 450, 898):
        lat = 60 - 0.02 * (row + 0.5)
        _, _, width_m = geod.inv(122.0, lat, 122.01, lat)
        assert found[row, 3] == pytest.approx(100 / width_m, rel=1e-6)
    # and by a metre each row
    values = np.broadcast_to(np.arange(900.0)[:, None], (900, 8)).copy()
    with Raster(write_raster(values, affine, crs="EPSG:4490")) as dem:
        found = whole(slope(dem, unit="percent"))
        assert inner(whole(aspect(dem))) == pytest.approx(0, abs=1e-4)
    _, _, height_m = geod.inv(122.0, 51.02, 122.0, 51.00)
    assert found[449, 3] == pytest.approx(100 / height_m, rel=1e-6)


def test_web_mercator_does_not_flatten_the_ground(write_raster: WriteRaster) -> None:
    affine = (10.0, 0.0, 13_692_000.0, 0.0, -10.0, 5_022_000.0)
    with Raster(write_raster(plane(0.3, 0.4, affine), affine, crs="EPSG:3857")) as dem:
        lat = dem.grid.lonlat(np.array([[6.0, 4.0]]))[0, 1]
        found = whole(slope(dem, unit="percent"))[4, 6]
    assert lat == pytest.approx(41.06, abs=0.1)
    assert found == pytest.approx(50 / math.cos(math.radians(lat)), rel=3e-3)


def test_no_data_takes_its_neighbours_along(write_raster: WriteRaster) -> None:
    values = plane(0.3, 0.4)
    values[4, 5] = -9999
    with Raster(write_raster(values, GRID, nodata=-9999)) as dem:
        found = inner(whole(slope(dem)))
    gone = np.isnan(found)
    assert gone[2:5, 3:6].all()
    assert gone.sum() == 9


def test_blocks_meet_without_a_seam(
    write_raster: WriteRaster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(4)
    values = rng.normal(0, 20, (40, 70)).cumsum(axis=0).cumsum(axis=1)
    with Raster(write_raster(values, GRID)) as dem:
        at_once = whole(slope(dem))
        monkeypatch.setattr("geoplan.raster.cog.TILE", 16)
        path = write_cog(slope(dem), tmp_path / "slope.tif")
    with Raster(path) as written:
        # the scale is that of the middle column of a block
        np.testing.assert_allclose(written.read(0, 0, 40, 70), at_once, rtol=2e-7)
        assert written.unit == "°"
        assert written.nodata == -9999


@needs_gdaldem
@pytest.mark.skipif(not LIDAR.exists(), reason="the lidar tile is not beside this checkout")
@pytest.mark.parametrize(
    ("options", "ours"),
    [
        (["slope"], slope),
        (["slope", "-p"], lambda dem: slope(dem, unit="percent")),
        (["aspect"], aspect),
        (["hillshade"], hillshade),
        (
            ["hillshade", "-az", "200", "-alt", "30", "-z", "2.5"],
            lambda dem: hillshade(dem, azimuth_deg=200, altitude_deg=30, z_factor=2.5),
        ),
    ],
    ids=lambda case: " ".join(case) if isinstance(case, list) else "",
)
def test_the_lidar_tile_against_gdaldem(options: list[str], ours: Any, tmp_path: Path) -> None:
    mode, *rest = options
    with Raster(LIDAR) as dem:
        place = dem.grid.lonlat(np.array([[500.0, 500.0]]))[0]
        scale = math.sqrt(Proj(dem.grid.crs).get_factors(*place).areal_scale)
        found, pitch = whole(ours(dem)), whole(slope(dem))
    # gdaldem takes the plane for the ground: its -s is told what the projection stretches
    output = tmp_path / "gdaldem.tif"
    if mode != "aspect":
        rest += ["-s", repr(1 / scale)]
    command = ["gdaldem", mode, str(LIDAR), str(output), "-q", *rest]
    subprocess.run(command, check=True, capture_output=True)
    with rasterio.open(output) as file:
        expected = file.read(1).astype(float)
        expected[expected == file.nodata] = np.nan
    # where float32 rounds a slope to none, there is no aspect
    steep = np.nan_to_num(pitch) > 0.02 if mode == "aspect" else np.full(found.shape, True)
    np.testing.assert_array_equal(np.isnan(found[steep]), np.isnan(expected[steep]))
    off = np.abs(found - expected)[steep]
    if mode == "aspect":
        off = np.minimum(off, 360 - off)
        assert steep.mean() > 0.98
    # hillshade is whole numbers, and rounding may go either way
    assert np.nanmax(off - _allowed(mode, rest, pitch[steep])) <= 0
    if mode == "hillshade":
        assert np.nanmean(off > 0) < 1e-3


def _allowed(mode: str, options: list[str], pitch: NDArray[np.float64]) -> Any:
    """Return what gdaldem's sums in float32 leave uncertain: 1e-4 of the gradient."""
    match mode:
        case "hillshade":
            return 1
        case "aspect":
            return np.degrees(1e-4 / np.tan(np.radians(pitch))) + 1e-4
        case _:
            return 1e-2 if "-p" in options else 6e-3


@needs_gdaldem
def test_no_data_and_edges_are_as_gdaldem_leaves_them(
    write_raster: WriteRaster, tmp_path: Path
) -> None:
    rng = np.random.default_rng(5)
    values = rng.normal(100, 5, (30, 40)).astype("float32")
    values[rng.random(values.shape) < 0.05] = -9999
    path = write_raster(values, GRID, nodata=-9999)
    output = tmp_path / "gdaldem.tif"
    subprocess.run(["gdaldem", "slope", path, output, "-q"], check=True, capture_output=True)
    with Raster(path) as dem, Raster(output) as theirs:
        expected = theirs.read(0, 0, 30, 40)
        found = whole(slope(dem))
    np.testing.assert_array_equal(np.isnan(found), np.isnan(expected))
    np.testing.assert_allclose(found, expected, atol=1e-3)


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda dem: slope(dem, unit="radian"), "radian"),  # type: ignore[arg-type]
        (lambda dem: slope(dem, z_factor=0), "z_factor"),
        (lambda dem: slope(dem, z_factor=math.nan), "z_factor"),
        (lambda dem: hillshade(dem, altitude_deg=91), "altitude"),
        (lambda dem: hillshade(dem, azimuth_deg=math.inf), "azimuth"),
    ],
)
def test_options_out_of_range_are_refused(ask: Any, said: str, write_raster: WriteRaster) -> None:
    with Raster(write_raster(plane(0.3, 0.4), GRID)) as dem, pytest.raises(BadQuery, match=said):
        ask(dem)


def test_elevations_in_feet_are_refused(write_raster: WriteRaster) -> None:
    path = write_raster(plane(0.3, 0.4), GRID, unit="ft")
    with Raster(path) as dem:
        for ask in (slope, aspect, hillshade):
            with pytest.raises(BadQuery, match="'ft'"):
                ask(dem)
        terrain.refuse_other_than_metres(Raster(path, unit="metre"))


def test_a_slope_without_a_folder_is_not_written(write_raster: WriteRaster, tmp_path: Path) -> None:
    with Raster(write_raster(plane(0.3, 0.4), GRID)) as dem, pytest.raises(NotWritable):
        write_cog(slope(dem), tmp_path / "absent" / "slope.tif")
