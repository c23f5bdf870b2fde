"""Shares of cells, and what is summed up by them, against paper, GEOS and exactextract."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from shapely.geometry import Polygon, box

from geoplan.errors import FileUnreadable, RasterInvalid
from geoplan.queries import engine, zonal_classes, zonal_statistics
from geoplan.raster import Raster
from geoplan.raster.windows import windows
from tests.kernels.shapes import areas

pytest.importorskip("numba", reason="the extra 'engine' is not installed")
kernels = pytest.importorskip("geoplan.kernels.zonal")

if TYPE_CHECKING:
    from tests.conftest import WriteRaster

ROOT = Path(__file__).parents[2]
AREAS = 5_000 if os.environ.get("GEOPLAN_SOAK") else 300
GRID = (10.0, 0.0, 500_000.0, 0.0, -5.0, 4_550_000.0)
EVERY = ("count", "sum", "mean", "min", "max", "stdev")


def shares(zone: Any, window: tuple[int, int, int, int]) -> NDArray[np.float64]:
    """Return the covered share of each cell of a window: row, column, height, width."""
    from geoplan.kernels.cells import ROUNDING, cells_room, cover
    from geoplan.kernels.flat import flat_areas

    flat = flat_areas(np.array([zone], dtype=object), None)
    room = cells_room(flat, np.array([0]), window)
    found = np.zeros(window[2:])
    for run in range(cover(flat, 0, window, ROUNDING * min(zone.area, 1.0), room)):
        cells = found[room.row[run], room.first[run] : room.last[run]]
        assert (cells == 0).all(), "no cell is told twice"
        cells[:] = room.share[run]
    for left in (room.cover, room.area, room.mark, room.left):
        assert not left.any(), "the room is left empty"
    return found


def by_geos(zone: Any, window: tuple[int, int, int, int]) -> NDArray[np.float64]:
    row, col, height, width = window
    rows, cols = np.mgrid[row : row + height, col : col + width]
    cells = shapely.box(cols, rows, cols + 1, rows + 1)
    return np.asarray(shapely.area(shapely.intersection(zone, cells)))


# ---- shares on paper -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        (Polygon([(0, 0), (3, 0), (0, 3)]), [[1, 1, 0.5], [1, 0.5, 0], [0.5, 0, 0]]),
        (
            Polygon([(0.5, 0.5), (2.5, 0.5), (0.5, 2.5)]),
            [[0.25, 0.5, 0.125], [0.5, 0.5, 0], [0.125, 0, 0]],
        ),
        (box(1, 1, 3, 2), [[0, 0, 0], [0, 1, 1], [0, 0, 0]]),  # along the borders of cells
        (box(0.75, 0, 2.25, 1.5), [[0.25, 1, 0.25], [0.125, 0.5, 0.125], [0, 0, 0]]),
        (Polygon(box(0, 0, 3, 3).exterior, [box(1, 1, 2, 2).exterior.coords]),
         [[1, 1, 1], [1, 0, 1], [1, 1, 1]]),
        (box(0, 0, 3, 3) - box(0.5, 0.5, 2.5, 1.5),
         [[0.75, 0.5, 0.75], [0.75, 0.5, 0.75], [1, 1, 1]]),
        (shapely.MultiPolygon([box(0, 0, 0.5, 1), box(0.75, 0, 1, 1), box(2, 1, 9, 9)]),
         [[0.75, 0, 0], [0, 0, 1], [0, 0, 1]]),
        (box(-7, 1.5, 99, 2), [[0, 0, 0], [0.5, 0.5, 0.5], [0, 0, 0]]),  # over both sides
        (Polygon([(1, 0), (2, 1), (1, 2), (0, 1)]), [[0.5, 0.5, 0], [0.5, 0.5, 0], [0, 0, 0]]),
        (box(3, 0, 5, 5), [[0, 0, 0]] * 3),  # beside
    ],
)  # fmt: skip
def test_shares_on_paper(zone: Any, expected: Any) -> None:
    for turned in (zone, shapely.reverse(zone)):
        # to the last bit: all of these numbers are sums of powers of two
        assert shares(turned, (0, 0, 3, 3)).tolist() == np.array(expected, dtype=float).tolist()


def test_no_last_digit_creeps_into_cells_that_no_edge_passes_through() -> None:
    # sides along the borders of cells, in pieces that do not add up to 1 in binary
    for seed in range(9):
        places = np.unique([0, 1, 3, *10 ** np.random.default_rng(seed).uniform(-6, 0, 300)])
        sides = [(1.0, y) for y in places[::-1]] + [(5.0, y) for y in places]
        sides += [(5.0, 4.0), (0.0, 4.0), (0.0, 3.0)]
        expected = np.zeros((6, 8))
        expected[:3, 1:5] = expected[3, :5] = 1.0
        assert shares(Polygon(sides), (0, 0, 6, 8)).tolist() == expected.tolist()


def test_a_zone_a_millionth_of_a_cell_wide_is_not_lost() -> None:
    found = shares(box(1.3, 1.4, 1.3 + 1e-6, 1.4 + 1e-6), (0, 0, 3, 3))
    assert found[1, 1] == pytest.approx(1e-12, rel=1e-8)
    assert found.sum() == found[1, 1]


def test_a_long_thin_zone_has_its_area_and_no_cell_too_many() -> None:
    thin = Polygon([(0.1, 0.2), (1999.7, 313.1), (1999.7, 313.1 + 1e-6), (0.1, 0.2 + 1e-6)])
    found = shares(thin, (0, 0, 400, 2000))
    assert found.sum() == pytest.approx(thin.area, rel=1e-6)
    # a line from column 0 to 1999 and row 0 to 313 steps once into each further one
    assert np.count_nonzero(found) in (2000 + 313, 2000 + 313 + 1)


def test_far_corners_do_not_matter() -> None:
    for far in (1e6, 1e12, 1e30):
        assert (shares(box(-far, -far, far, far), (5, 7, 4, 6)) == 1.0).all()
        assert not shares(box(far, far, 2 * far, 2 * far), (5, 7, 4, 6)).any()
    wedge = Polygon([(-1e6, 2.0), (1e6, 2.0), (1e6, 1e6 + 2.0), (0.0, 2.5)])
    assert shares(wedge, (0, 0, 9, 9)) == pytest.approx(by_geos(wedge, (0, 0, 9, 9)), abs=1e-8)


# ---- shares against GEOS -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "turn"), [(1.0, 0.0), (0.5, 0.0), (0.37, 0.3), (1.0, 0.785398), (1 / 3, 1.1)]
)
def test_shares_are_areas_of_intersections(step: float, turn: float) -> None:
    cosine, sine = step * math.cos(turn), step * math.sin(turn)
    by = np.array([[cosine, sine], [-sine, cosine]])
    window = (-2, -9, 14, 20)
    for zone in areas(AREAS // 5, seed=round(100 * step + turn)):
        placed = shapely.transform(zone, lambda xy: xy @ by)
        expected = by_geos(placed, window)
        found = shares(placed, window)
        assert np.abs(found - expected).max() < 1e-12
        whole = (expected < 1e-13) | (expected > 1 - 1e-13)
        assert (found[whole] == np.round(expected[whole])).all()


coordinates = st.tuples(
    st.one_of(st.floats(-2, 9), st.integers(-2, 9).map(float)),
    st.one_of(st.floats(-2, 9), st.integers(-2, 9).map(float)),
)


@given(points=st.lists(coordinates, min_size=3, max_size=12, unique=True), split=st.integers(1, 6))
def test_a_cell_has_the_same_share_in_every_window(
    points: list[tuple[float, float]], split: int
) -> None:
    middle = np.mean(points, axis=0)
    around = sorted(points, key=lambda xy: math.atan2(xy[1] - middle[1], xy[0] - middle[0]))
    zone = Polygon(around)
    if not zone.is_valid or zone.area < 1e-3:
        zone = Polygon([(0, 0.5), (6.5, 1), (2, 7)])
    whole = shares(zone, (0, 0, 7, 8))
    assert np.abs(whole - by_geos(zone, (0, 0, 7, 8))).max() < 1e-12
    parts = np.hstack([shares(zone, (0, 0, 7, split)), shares(zone, (0, split, 7, 8 - split))])
    assert np.abs(whole - parts).max() < 1e-13
    parts = np.vstack([shares(zone, (0, 0, split, 8)), shares(zone, (split, 0, 7 - split, 8))])
    assert np.abs(whole - parts).max() < 1e-13


# ---- windows -------------------------------------------------------------------------------


@given(
    shape=st.tuples(st.integers(1, 60), st.integers(1, 60)),
    block=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    cells=st.integers(1, 900),
)
def test_windows_make_up_the_raster_and_read_each_block_once(
    shape: tuple[int, int], block: tuple[int, int], cells: int
) -> None:
    times = np.zeros(shape, dtype=int)
    last: dict[tuple[int, int], int] = {}
    for number, (row, col, height, width) in enumerate(windows(shape, block, cells).tolist()):
        assert height * width <= max(cells, block[0] * block[1])
        times[row : row + height, col : col + width] += 1
        for at in {
            (r // block[0], c // block[1])
            for r in range(row, row + height)
            for c in range(col, col + width)
        }:
            assert last.get(at, number - 1) == number - 1, "parts of a block follow each other"
            last[at] = number
    assert (times == 1).all()


# ---- statistics ----------------------------------------------------------------------------

RNG = np.random.default_rng(5)
VALUES = RNG.normal(300, 60, (90, 110)).round(2)
CLASSES = (VALUES / 40).astype("uint8")
TILES: dict[str, Any] = {"tiled": True, "blockxsize": 16, "blockysize": 16}


@pytest.fixture
def small_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "WORTH_CELLS", 0)
    monkeypatch.setattr(kernels, "GATHERED", 20)
    monkeypatch.setattr(kernels, "windows", lambda shape, block: windows(shape, block, cells=1024))


def zones_on(shape: tuple[int, int], count: int, seed: int) -> gpd.GeoDataFrame:
    """Return stars of 23 corners over a grid of cells of 10 m x 5 m, and beyond its edge."""
    rng = np.random.default_rng(seed)
    angle = np.linspace(0, 2 * np.pi, 23, endpoint=False)
    reach = rng.uniform(2, 30, (count, 1)) * rng.uniform(0.4, 1.0, (count, 23))
    star = np.stack([reach * np.cos(angle), reach * np.sin(angle)], axis=-1)
    rings = rng.uniform(0, 1, (count, 1, 2)) * [shape[1], shape[0]] + star
    return on_map(shapely.polygons(rings))


def on_map(zones: Any) -> gpd.GeoDataFrame:
    moved = shapely.transform(zones, lambda xy: xy * [10, -5] + [500_000, 4_550_000])
    return gpd.GeoDataFrame(geometry=np.atleast_1d(moved), crs=4550)


def both(
    zones: gpd.GeoDataFrame, path: Path, monkeypatch: pytest.MonkeyPatch, **options: Any
) -> tuple[Any, Any]:
    """Return the statistics by the kernels and by exactextract."""
    with Raster(path, **options) as raster:
        ours = zonal_statistics(zones, raster, stats=EVERY)
        with monkeypatch.context() as patch:
            patch.setattr(engine, "WORTH_CELLS", math.inf)
            theirs = zonal_statistics(zones, raster, stats=EVERY)
    return ours, theirs


@pytest.mark.usefixtures("small_windows")
@pytest.mark.parametrize(
    "profile", [TILES, {}, {"blockysize": 7}, {**TILES, "blockxsize": 128, "blockysize": 64}]
)
@pytest.mark.parametrize("kind", ["float32", "int16", "nodata", "mask", "scale"])
def test_statistics_are_those_of_exactextract(
    kind: str, profile: dict[str, Any], write_raster: WriteRaster, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = RNG.random(VALUES.shape) < 0.2
    path = {
        "float32": lambda: write_raster(VALUES.astype("float32"), GRID, **profile),
        "int16": lambda: write_raster(VALUES.astype("int16"), GRID, **profile),
        "nodata": lambda: write_raster(np.where(gone, -9, VALUES), GRID, nodata=-9, **profile),
        "mask": lambda: write_raster(VALUES, GRID, mask=~gone, **profile),
        "scale": lambda: write_raster(
            VALUES.astype("int16"), GRID, scale=0.1, offset=5.0, nodata=300, **profile
        ),
    }[kind]()
    ours, theirs = both(zones_on(VALUES.shape, 40, seed=3), path, monkeypatch)
    for name in (*EVERY, "raster_ratio"):  # exactextract keeps shares as float32
        assert ours[name].to_numpy() == pytest.approx(
            theirs[name].to_numpy(), rel=1e-5, abs=1e-6, nan_ok=True
        ), name
    for name in ("min", "max"):
        assert ours[name].equals(theirs[name])


@pytest.mark.usefixtures("small_windows")
def test_cells_in_degrees_count_by_their_area(
    write_raster: WriteRaster, monkeypatch: pytest.MonkeyPatch
) -> None:
    affine = (0.01, 0.0, 122.5, 0.0, -0.01, 41.6)
    path = write_raster(VALUES, affine, crs="EPSG:4490", nodata=float(VALUES[3, 4]), **TILES)
    zones = gpd.GeoDataFrame(
        geometry=shapely.buffer(shapely.points([(122.9, 41.2), (123.4, 40.9)]), 0.31), crs=4490
    )
    ours, theirs = both(zones, path, monkeypatch)
    assert ours.attrs["cells"] == theirs.attrs["cells"] == "by area"
    for name in (*EVERY, "raster_ratio"):
        assert ours[name].to_numpy() == pytest.approx(theirs[name].to_numpy(), rel=1e-6), name
    with Raster(write_raster(CLASSES, affine, crs="EPSG:4490", **TILES)) as raster:
        ours = zonal_classes(zones, raster)
        monkeypatch.setattr(engine, "WORTH_CELLS", math.inf)
        theirs = zonal_classes(zones, raster)
    assert ours["class_value"].tolist() == theirs["class_value"].tolist()
    assert ours["area_m2"].to_numpy() == pytest.approx(
        theirs["area_m2"].to_numpy(), rel=1e-6, abs=1e-8 * ours["area_m2"].sum()
    )


@pytest.mark.usefixtures("small_windows")
@pytest.mark.parametrize(
    ("dtype", "low", "high"),
    [("uint8", 1, 255), ("int16", -30_000, 30_000), ("int32", -5, 1_000_000_007)],
)
def test_classes_are_those_of_exactextract(
    dtype: str, low: int, high: int, write_raster: WriteRaster, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = CLASSES.astype(dtype)
    values[values == 6], values[values == 7] = low, high
    zones = zones_on(VALUES.shape, 40, seed=4)
    with Raster(write_raster(values, GRID, nodata=3, **TILES)) as raster:
        ours = zonal_classes(zones, raster)
        monkeypatch.setattr(engine, "WORTH_CELLS", math.inf)
        theirs = zonal_classes(zones, raster)
    keys = ["zone_id", "class_value"]
    ours, theirs = ours.sort_values(keys), theirs.sort_values(keys)
    assert ours[keys].to_numpy().tolist() == theirs[keys].to_numpy().tolist()
    for name in ("ratio", "area_m2"):
        assert ours[name].to_numpy() == pytest.approx(theirs[name].to_numpy(), rel=1e-5, abs=1e-5)


@pytest.mark.usefixtures("small_windows")
def test_the_parts_of_a_raster_add_up_to_it(write_raster: WriteRaster) -> None:
    # triangles between random points fill the raster
    rng = np.random.default_rng(6)
    points = np.vstack([rng.uniform(0, 1, (60, 2)), [(0, 0), (0, 1), (1, 0), (1, 1)]]) * [110, 90]
    parts = shapely.get_parts(shapely.delaunay_triangles(shapely.MultiPoint(points)))
    with Raster(write_raster(VALUES, GRID, **TILES)) as raster:
        found = zonal_statistics(on_map(parts), raster, stats=EVERY)
    with Raster(write_raster(CLASSES, GRID, **TILES)) as raster:
        classes = zonal_classes(on_map(parts), raster)
    assert found["count"].sum() == pytest.approx(110 * 90, rel=1e-12)
    assert found["sum"].sum() == pytest.approx(VALUES.sum(), rel=1e-12)
    assert (found["min"].min(), found["max"].max()) == (VALUES.min(), VALUES.max())
    about = found["count"] * (found["stdev"] ** 2 + (found["mean"] - VALUES.mean()) ** 2)
    assert math.sqrt(about.sum() / VALUES.size) == pytest.approx(VALUES.std(), rel=1e-10)
    cells = classes.groupby("class_value")["area_m2"].sum() / 50
    expected = dict(zip(*np.unique(CLASSES, return_counts=True), strict=True))
    assert cells.to_dict() == {one: pytest.approx(n, rel=1e-6) for one, n in expected.items()}


@pytest.mark.usefixtures("small_windows")
def test_values_far_from_nought_keep_their_spread(write_raster: WriteRaster) -> None:
    values = 1e9 + RNG.normal(0, 1e-3, (90, 110))
    with Raster(write_raster(values, GRID, **TILES)) as raster:
        found = zonal_statistics(on_map(box(3, 4, 93, 84)), raster, stats=["stdev", "mean"])
    part = values[4:84, 3:93]
    assert found["stdev"][0] == pytest.approx(part.std(), rel=1e-4)
    assert found["mean"][0] == pytest.approx(part.mean(), rel=1e-15)


@pytest.mark.usefixtures("small_windows")
def test_a_cell_that_is_only_touched_has_no_say(write_raster: WriteRaster) -> None:
    values = np.full((90, 110), 1000.0)
    values[10:20, 30:50] = 7.0
    values[5, 5] = 3.0
    diamond = Polygon([(40, 10), (50, 15), (40, 20), (30, 15)])
    whole = box(30, 10, 50, 20)
    with Raster(write_raster(values, GRID, **TILES)) as raster:
        found = zonal_statistics(on_map(np.array([whole, diamond, box(5, 5, 6, 6)])), raster)
    assert found["min"].tolist() == [7, 7, 3]
    assert found["max"].tolist() == [7, 7, 3]
    assert found["mean"].tolist() == [7, 7, 3]
    assert found["stdev"].tolist() == [0, 0, 0]
    assert found["raster_ratio"].tolist() == pytest.approx([1, 1, 1], rel=1e-12)


@pytest.mark.usefixtures("small_windows")
def test_the_number_of_threads_changes_no_bit(write_raster: WriteRaster) -> None:
    zones = zones_on(VALUES.shape, 60, seed=9)
    cells = shapely.transform(
        zones.geometry.to_numpy(), lambda xy: (xy - [500_000, 4_550_000]) / [10, -5]
    )
    with Raster(write_raster(VALUES, GRID, **TILES)) as raster:
        asked = [
            kernels.statistics(raster, cells, by_area=True, spread=True, threads=count)
            for count in (1, 2, 5)
        ]
    with Raster(write_raster(CLASSES, GRID, **TILES)) as raster:
        amounts = [
            kernels.classes(raster, cells, by_area=False, threads=count) for count in (1, 2, 5)
        ]
    assert len({b"".join(one.tobytes() for one in found.values()) for found in asked}) == 1
    assert len({b"".join(one.tobytes() for one in found) for found in amounts}) == 1


# ---- how a raster is read ------------------------------------------------------------------


@pytest.mark.usefixtures("small_windows")
def test_cells_are_read_once_and_only_where_zones_are(write_raster: WriteRaster) -> None:
    read: list[tuple[int, int, int, int]] = []

    class Watched(Raster):
        def stored(self, *window: int) -> NDArray[Any]:
            read.append(window)  # type: ignore[arg-type]
            return super().stored(*window)

    path = write_raster(VALUES, GRID, **TILES)
    with Watched(path) as raster:
        zonal_statistics(zones_on(VALUES.shape, 30, seed=1), raster)
    times = np.zeros(VALUES.shape, dtype=int)
    for row, col, height, width in read:
        times[row : row + height, col : col + width] += 1
        assert height * width <= 1024
    assert times.max() == 1
    read.clear()
    with Watched(path) as raster:
        zonal_statistics(on_map(np.array([box(1, 1, 3, 4), box(80.5, 70, 82, 71)])), raster)
    assert sorted(read) == [(1, 1, 3, 2), (70, 80, 1, 2)]


MEASURED = """
import re, sys
from pathlib import Path
import geopandas as gpd
from shapely import box
from geoplan.queries import zonal_statistics
from geoplan.raster import Raster
from tests.kernels.test_cells import on_map, wedge

def peak_mb():
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024

few = on_map(box(0, 0, 3500, 3500))
with Raster(sys.argv[1]) as raster:
    zonal_statistics(few, raster)
    before = peak_mb()
    found = zonal_statistics(on_map(wedge(10_000)), raster, stats=["count", "max", "stdev"])
print(peak_mb() - before, *found[["count", "max", "stdev"]].iloc[0])
"""


def wedge(side: int) -> Polygon:
    """Return a square less a quarter of it: its box is the whole square."""
    half = side / 2
    return Polygon([(0, 0), (side, 0), (side, side), (half, half), (0, side)])


def test_a_zone_over_all_of_a_large_raster_takes_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "large.tif"
    with rasterio.open(
        path, "w", driver="GTiff", width=10_000, height=10_000, count=1, dtype="float32",
        crs="EPSG:4550", transform=rasterio.Affine(*GRID), tiled=True, SPARSE_OK=True,
    ):  # fmt: skip
        pass  # of noughts, which take no room in the file
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, str(path)],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    grown_mb, *found = map(float, done.stdout.split())
    assert found == [75_000_000, 0, 0]
    # GDAL's cache of 128 MB and some windows; as float32 the values alone are 400 MB
    assert grown_mb < 250


@pytest.mark.usefixtures("small_windows")
def test_a_file_that_is_replaced_meanwhile_is_read_by_one_thread(
    write_raster: WriteRaster,
) -> None:
    path, other = write_raster(VALUES, GRID, **TILES), write_raster(VALUES + 1000, GRID, **TILES)
    zones = zones_on(VALUES.shape, 20, seed=2)
    with Raster(path) as raster:
        expected = zonal_statistics(zones, raster)
        second = raster.again()
        assert second is not None
        second.close()
        other.replace(path)
        assert raster.again() is None
        assert zonal_statistics(zones, raster).equals(expected)
        path.unlink()
        assert raster.again() is None


@pytest.mark.usefixtures("small_windows")
def test_what_cannot_be_read_or_counted_is_refused(write_raster: WriteRaster) -> None:
    zone = on_map(box(0, 0, 110, 90))
    for values in ([np.inf, 1.0], [np.inf, -np.inf]):
        odd = VALUES.copy()
        odd[40, 40:42] = values
        with Raster(write_raster(odd, GRID)) as raster, pytest.raises(RasterInvalid, match="inf"):
            zonal_statistics(zone, raster, stats=["mean"])
    path = write_raster(RNG.normal(size=(90, 110)), GRID, compress="deflate", **TILES)
    content = path.read_bytes()
    path.write_bytes(content[:40_000] + bytes(9_000) + content[49_000:])
    with Raster(path) as raster, pytest.raises(FileUnreadable, match="damaged"):
        zonal_statistics(zone, raster)


def test_small_questions_and_machines_without_numba_ask_exactextract(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    many, few = engine.WORTH_CELLS, engine.WORTH_CELLS - 1
    engine.is_there.cache_clear()
    assert engine.is_worth_cells(many)
    assert not engine.is_worth_cells(few)
    engine.is_there.cache_clear()
    monkeypatch.setattr(engine, "find_spec", lambda name: None)
    assert not engine.is_worth_cells(many)
    engine.is_there.cache_clear()
