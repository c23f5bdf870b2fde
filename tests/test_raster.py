"""Opening rasters, the grid of their cells, and COGs."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import rasterio
from pyproj import CRS, Geod

from geoplan.errors import (
    BadQuery,
    CrsUnknown,
    DisguisedFile,
    FileUnreadable,
    GeoplanError,
    NotWritable,
    RasterInvalid,
    TooLarge,
)
from geoplan.raster import Grid, Raster, to_cog

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import WriteRaster

GRID = (10.0, 0.0, 500_000.0, 0.0, -5.0, 4_550_000.0)
VALUES = np.array([[1, 2, 4, 8], [16, 32, 64, 128], [3, 5, 7, 9]], dtype="int16")


def header_only(path: Path, width: int, height: int) -> Path:
    """Write a TIFF of some hundred bytes that promises a raster of that size, in one tile."""
    entries = [
        (256, 4, width),
        (257, 4, height),
        (258, 3, 8),
        (259, 3, 8),
        (262, 3, 1),
        (277, 3, 1),
        (322, 4, width),
        (323, 4, height),
        (324, 4, 8),
        (325, 4, 100),
    ]
    body = b"".join(
        struct.pack("<HHIHxx" if kind == 3 else "<HHII", tag, kind, 1, value)
        for tag, kind, value in entries
    )
    directory = struct.pack("<H", len(entries)) + body + struct.pack("<I", 0)
    path.write_bytes(b"II*\0" + struct.pack("<I", 8) + directory)
    return path


# ---- opening -------------------------------------------------------------------------------


def test_a_raster_says_what_it_is(write_raster: WriteRaster) -> None:
    with Raster(write_raster(VALUES, GRID, nodata=5, unit="m")) as raster:
        assert raster.grid == Grid(CRS(4550), GRID, 3, 4)
        assert (raster.unit, raster.nodata, raster.dtype.name) == ("m", 5, "int16")
        assert raster.read(1, 2, 2, 2).tolist() == [[64, 128], [7, 9]]
        assert np.isnan(raster.read(2, 1, 1, 1)).all()
        cells = raster.at(np.array([2, 0, -1, 3, 2]), np.array([3, 1, 0, 0, 1]))
        assert cells[:2].tolist() == [9, 2]
        assert np.isnan(cells[2:]).all()


def test_a_compound_crs_is_taken_by_its_plane(write_raster: WriteRaster) -> None:
    path = write_raster(VALUES, GRID, crs="EPSG:4550+5737")
    with Raster(path) as raster:
        assert raster.grid.crs == CRS(4550)


def test_a_shift_of_unknown_origin_is_not_used(write_raster: WriteRaster) -> None:
    bound = "+proj=tmerc +lon_0=123 +x_0=500000 +ellps=krass +towgs84=12,-113,-41 +units=m"
    with Raster(write_raster(VALUES, GRID, crs=bound)) as raster:
        assert not raster.grid.crs.is_bound
        assert raster.grid.crs.is_projected


def test_a_sparse_file_that_promises_a_million_rows_of_a_million_cells(tmp_path: Path) -> None:
    bomb, tile = tmp_path / "bomb.tif", 8192
    profile = {"width": 122 * tile, "height": 122 * tile, "count": 1, "dtype": "uint8"}
    with rasterio.open(
        bomb,
        "w",
        driver="GTiff",
        crs="EPSG:4550",
        transform=rasterio.Affine(*GRID),
        tiled=True,
        blockxsize=tile,
        blockysize=tile,
        sparse_ok=True,
        **profile,
    ):
        pass
    assert bomb.stat().st_size < 500_000
    with pytest.raises(TooLarge, match="999424 x 999424 cells; the limit"):
        Raster(bomb)


def test_threat_14_a_header_that_promises_a_million_rows_of_a_million_cells(tmp_path: Path) -> None:
    bomb = header_only(tmp_path / "bomb.tif", 999_936, 999_936)
    assert bomb.stat().st_size < 200
    with pytest.raises(TooLarge, match="999936 x 999936"):
        Raster(bomb)


def test_threat_14_one_block_larger_than_memory_should_give(tmp_path: Path) -> None:
    with pytest.raises(TooLarge, match="blocks of 20000 x 20000"):
        Raster(header_only(tmp_path / "tile.tif", 20_000, 20_000))


def test_threat_14_refusing_a_bomb_takes_no_memory(tmp_path: Path) -> None:
    bomb = header_only(tmp_path / "bomb.tif", 999_936, 999_936)
    program = (
        "import re, sys\n"
        "from pathlib import Path\n"
        "from geoplan.raster import Raster\n"
        "from geoplan.errors import TooLarge\n"
        "try: Raster(sys.argv[1])\n"
        # not ru_maxrss: a child begins with that of the process that started it
        "except TooLarge: print(re.search(r'VmHWM:\\s+(\\d+)', "
        "Path('/proc/self/status').read_text())[1])\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", program, str(bomb)], capture_output=True, text=True, check=True
    )
    assert int(run.stdout) < 512 * 1024


def test_what_is_no_tiff_is_refused_before_gdal_sees_it(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    vrt = tmp_path / "innocent.tif"
    vrt.write_text(
        f'<VRTDataset rasterXSize="6" rasterYSize="1"><SRS>EPSG:4550</SRS>'
        f"<GeoTransform>0,1,0,0,0,-1</GeoTransform>"
        f'<VRTRasterBand dataType="Byte" band="1" subClass="VRTRawRasterBand">'
        f"<SourceFilename>{secret}</SourceFilename></VRTRasterBand></VRTDataset>"
    )
    with pytest.raises(DisguisedFile, match=r"innocent\.tif"):
        Raster(vrt)


@pytest.mark.parametrize(
    "name",
    [
        "nothing.tif",
        "/vsicurl/http://127.0.0.1:9/x.tif",
        "http://127.0.0.1:9/x.tif",
        "/vsizip/x.zip/x.tif",
        "GTIFF_DIR:1:x.tif",
        "zip://x.zip!x.tif",
        "",
        "x\0.tif",
    ],
)
def test_only_files_on_this_disk_are_opened(name: str) -> None:
    with pytest.raises(FileUnreadable):
        Raster(name)


def test_files_beside_a_raster_have_no_say(write_raster: WriteRaster) -> None:
    path = write_raster(VALUES, GRID)
    band = '<PAMRasterBand band="1"><NoDataValue>4</NoDataValue></PAMRasterBand>'
    aux = f"<PAMDataset>{band}</PAMDataset>"
    path.with_name(path.name + ".aux.xml").write_text(aux)
    before = sorted(path.parent.iterdir())
    with Raster(path) as raster:
        assert raster.nodata is None
        raster.read(0, 0, 3, 4)
    assert sorted(path.parent.iterdir()) == before


def test_a_mask_beside_a_raster_has_no_say(write_raster: WriteRaster) -> None:
    path = write_raster(VALUES, GRID)
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=False), rasterio.open(path, "r+") as file:
        file.write_mask(VALUES != 32)
    assert path.with_name(path.name + ".msk").exists()
    with Raster(path) as raster:
        assert raster.read(1, 1, 1, 1) == 32


@pytest.mark.parametrize(
    ("profile", "error", "said"),
    [
        ({"crs": None}, CrsUnknown, "coordinate system"),
        ({"crs": 'LOCAL_CS["site",UNIT["metre",1]]'}, CrsUnknown, "not tied|cannot be understood"),
        ({"dtype": "complex64"}, RasterInvalid, "complex"),
    ],
)
def test_threat_14_a_raster_of_which_nothing_can_be_said(
    profile: dict[str, Any], error: type[GeoplanError], said: str, write_raster: WriteRaster
) -> None:
    values = VALUES.astype(profile.get("dtype", "int16"))
    with pytest.raises(error, match=said):
        Raster(write_raster(values, GRID, **profile))


def test_a_raster_without_a_place_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "nowhere.tif"
    profile = {"width": 4, "height": 3, "count": 1, "dtype": "int16", "crs": "EPSG:4550"}
    with (
        pytest.warns(rasterio.errors.NotGeoreferencedWarning),
        rasterio.open(path, "w", driver="GTiff", **profile) as file,
    ):
        file.write(VALUES, 1)
    with pytest.raises(RasterInvalid, match="geotransform"):
        Raster(path)


@pytest.mark.parametrize("band", [0, 2, -1, True])
def test_a_band_out_of_range_is_refused(band: int, write_raster: WriteRaster) -> None:
    with pytest.raises(BadQuery, match="bands 1 to 1"):
        Raster(write_raster(VALUES, GRID), band=band)


def test_a_tiff_cut_short_is_named(tmp_path: Path, write_raster: WriteRaster) -> None:
    path = write_raster(VALUES, GRID)
    path.write_bytes(path.read_bytes()[:20])
    with pytest.raises(FileUnreadable, match=path.name):
        Raster(path)


def test_no_data_that_the_type_cannot_hold_is_none(write_raster: WriteRaster) -> None:
    path = write_raster(VALUES.astype("float32"), GRID)
    with Raster(path, nodata=-3.4028234663852886e38) as raster:
        assert raster.nodata == float(np.float32(-3.4028234663852886e38))
    whole = write_raster(VALUES.astype("uint8"), GRID)
    for nodata in (-9999.0, 1.5, float("nan")):
        with Raster(whole, nodata=nodata) as raster:
            assert raster.nodata is None


# ---- the size of cells ---------------------------------------------------------------------


def test_cells_in_degrees_have_the_area_of_the_ellipsoid() -> None:
    grid = Grid(CRS(4490), (0.01, 0, 122.0, 0, -0.01, 42.0), 700, 600)
    areas = grid.cell_areas_m2(300, 100, 400, 500)
    assert areas.shape == (400, 500)
    geod = Geod(a=6378137, rf=298.257222101)
    for row, col in ((0, 0), (177, 300), (399, 499)):
        south, west = 42 - 0.01 * (300 + row + 1), 122 + 0.01 * (100 + col)
        lon = np.linspace(west, west + 0.01, 101)
        lons = np.concatenate([lon, lon[::-1]])
        lats = [south] * 101 + [south + 0.01] * 101
        exact = abs(geod.polygon_area_perimeter(lons, lats)[0])
        assert areas[row, col] == pytest.approx(exact, rel=1e-6)


def test_a_cell_of_a_degree_has_the_area_of_the_ellipsoid() -> None:
    grid = Grid(CRS(4490), (1.0, 0, 120.0, 0, -1.0, 45.0), 5, 5)
    lon = np.linspace(122, 123, 5001)
    lons, lats = np.concatenate([lon, lon[::-1]]), [42.0] * 5001 + [43.0] * 5001
    exact = abs(Geod(a=6378137, rf=298.257222101).polygon_area_perimeter(lons, lats)[0])
    assert grid.cell_areas_m2(2, 2, 1, 1)[0, 0] == pytest.approx(exact, rel=5e-7)


def test_cells_of_a_plane_have_their_area_without_its_scale() -> None:
    # 100 km from the meridian; Web Mercator is 1 / cos(latitude) too large
    far = Grid(CRS(4550), (30, 0, 600_000, 0, -30, 4_550_000), 1000, 1000)
    assert far.cell_areas_m2(0, 0, 1, 1)[0, 0] == pytest.approx(
        900 / np.cosh(100_015 / 6_375_190) ** 2, rel=1e-8
    )
    web = Grid(CRS(3857), (10, 0, 13_692_000, 0, -10, 5_022_000), 300, 300)
    lat = np.radians(web.lonlat(np.array([[150.0, 150.0]]))[0, 1])
    steps = web.steps_m(np.array([[150.0, 150.0]]))[0]
    assert steps[0, 0] == pytest.approx(10 * np.cos(lat), rel=3e-3)
    assert (steps[0, 1], steps[1, 0]) == (0, 0)
    assert steps[1, 1] == pytest.approx(-steps[0, 0])


def test_interpolated_areas_are_those_of_each_cell() -> None:
    grid = Grid(CRS(4550), (30, 5, 560_000, -5, -30, 4_550_000), 2000, 2000)
    areas = grid.cell_areas_m2(100, 200, 700, 900)
    for row, col in ((0, 0), (333, 511), (699, 899), (128, 700)):
        lone = grid.cell_areas_m2(100 + row, 200 + col, 1, 1)[0, 0]
        assert areas[row, col] == pytest.approx(lone, rel=1e-7)


# ---- COG -----------------------------------------------------------------------------------


@pytest.mark.parametrize("compress", ["deflate", "zstd"])
def test_a_cog_holds_the_same_and_more(
    compress: Any, tmp_path: Path, write_raster: WriteRaster
) -> None:
    rng = np.random.default_rng(3)
    values = rng.normal(100, 10, (700, 1100)).astype("float32")
    values[:200, :300] = -9999
    source = write_raster(values, GRID, nodata=-9999, unit="m")
    target = to_cog(source, tmp_path / "out.tif", compress=compress)
    with rasterio.open(target) as file:
        assert (file.read(1) == values).all()
        assert (file.nodata, file.units, file.crs.to_epsg()) == (-9999, ("m",), 4550)
        assert file.transform[:6] == GRID
        assert file.overviews(1) == [2, 4] or file.overviews(1) == [2]
        assert file.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert file.compression.value.lower() == compress
        tags = file.tags(1)
        assert float(tags["STATISTICS_MEAN"]) == pytest.approx(
            values[values != -9999].mean(), rel=1e-3
        )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.tif", source.name]


def test_a_cog_keeps_mask_scale_bands_and_rotation(
    tmp_path: Path, write_raster: WriteRaster
) -> None:
    turned = (6.0, 4.0, 500_000.0, 8.0, -3.0, 4_550_000.0)
    source = write_raster(
        np.stack([VALUES, VALUES * 2]), turned, scale=0.5, offset=7, mask=VALUES != 32
    )
    target = to_cog(source, tmp_path / "out.tif")
    for band in (1, 2):
        with Raster(source, band=band) as before, Raster(target, band=band) as after:
            assert after.grid == before.grid
            np.testing.assert_array_equal(after.read(0, 0, 3, 4), before.read(0, 0, 3, 4))
            assert after.read(0, 0, 1, 1)[0, 0] == band * 0.5 + 7
            assert np.isnan(after.read(1, 1, 1, 1)).all()


def test_overviews_of_classes_invent_no_class(tmp_path: Path, write_raster: WriteRaster) -> None:
    classes = np.where(np.indices((1030, 1030)).sum(axis=0) % 2, 10, 20).astype("uint8")
    target = to_cog(write_raster(classes, GRID), tmp_path / "out.tif")
    with rasterio.open(target, overview_level=0) as file:
        assert set(np.unique(file.read(1))) <= {10, 20}


def test_a_failed_cog_leaves_what_was_there(tmp_path: Path, write_raster: WriteRaster) -> None:
    noise = np.random.default_rng(1).normal(size=(200, 200))
    source = write_raster(noise, GRID, compress="deflate")
    content = source.read_bytes()
    source.write_bytes(content[:100_000] + bytes(5_000) + content[105_000:])
    target = tmp_path / "out.tif"
    target.write_text("mine")
    with pytest.raises(FileUnreadable, match="damaged"):
        to_cog(source, target)
    assert target.read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.tif", source.name]


def test_options_and_places_that_cannot_be(tmp_path: Path, write_raster: WriteRaster) -> None:
    source = write_raster(VALUES, GRID)
    with pytest.raises(BadQuery, match="own source"):
        to_cog(source, source)
    with pytest.raises(BadQuery, match="lzma"):
        to_cog(source, tmp_path / "out.tif", compress="lzma")  # type: ignore[arg-type]
    with pytest.raises(BadQuery, match="cubic"):
        to_cog(source, tmp_path / "out.tif", resampling="cubic")  # type: ignore[arg-type]
    with pytest.raises(NotWritable, match="no folder"):
        to_cog(source, tmp_path / "absent" / "out.tif")


def test_importing_the_room_imports_no_gdal() -> None:
    program = "import sys, geoplan.raster, geoplan.queries; print('rasterio' in sys.modules)"
    run = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ},
    )
    assert run.stdout.strip() == "False"


def test_the_fence_of_imports_leaves_our_driver_and_keeps_its_own(
    write_raster: WriteRaster,
) -> None:
    # rasterio and pyogrio each bring a GDAL: drivers are struck off the list of the latter
    program = (
        "import sys\n"
        "from geoplan.raster import Raster\n"
        "Raster(sys.argv[1]).close()\n"
        "from geoplan.ingest import gdal\n"
        "Raster(sys.argv[1]).close()\n"
        "print(len(gdal.drivers()))\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", program, str(write_raster(VALUES, GRID))],
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.strip() == "5"
