"""Slope, aspect, hillshade and parts of rasters as processes: planes on paper, boxes, counts.

The town's ground is z = 100 + 0.03 (E - 498000) + 0.04 (N - 4548900) west of E 500900, on cells
of 10 m between E 498000 and 502000, N 4548900 and 4551200 (`examples/town/README.md`).
"""

from __future__ import annotations

import json
import math
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import rasterio
from pydantic import ValidationError
from pyproj import CRS, Transformer

from geoplan import Catalogue
from geoplan.cli import main
from geoplan.errors import BadQuery, OutsideRaster, RasterNotFound
from geoplan.export import result_document
from geoplan.processes import PROCESSES, RasterResult
from geoplan.processes.surface import of_raster
from geoplan.queries import aspect
from geoplan.raster import Blocks, Grid, Raster, stored_blocks, write_cog
from geoplan.raster.summary import cell_statistics, class_counts, direction_counts

if TYPE_CHECKING:
    from tests.conftest import WriteRaster

TO_DEGREES = Transformer.from_crs(4550, 4490, always_xy=True)
GRID = (10.0, 0.0, 500_000.0, 0.0, -5.0, 4_550_000.0)


def box(east: float, north: float, width: float, height: float) -> list[float]:
    """Return a box in degrees that holds a rectangle of the plane, to within its convergence."""
    lon, lat = TO_DEGREES.transform(
        [east, east, east + width, east + width], [north, north + height, north, north + height]
    )
    return [min(lon), min(lat), max(lon), max(lat)]


def made(catalogue: Catalogue, process: str, **asked: Any) -> RasterResult:
    found = PROCESSES[process]
    inputs = found.inputs.model_validate({"raster": "elevation", **asked})
    answer = found.run(catalogue, inputs)
    assert isinstance(answer, RasterResult)
    return answer


def summed(answer: RasterResult) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    document = json.loads(json.dumps(result_document(answer.summary()), allow_nan=False))
    return document["totals"], document["rows"]


# A plane has one slope and falls one way


def test_the_plane_of_the_town_is_written_and_summed_up(town: Catalogue, tmp_path: Path) -> None:
    # 200 x 300 m on the plane, away from the edge of the raster
    where = {"bbox": box(499_000, 4_549_500, 200, 300)}
    shade = (math.sqrt(0.5) - 0.5 * (-0.03 + 0.04)) / math.sqrt(1 + 0.05**2)
    expected = {
        "slope": math.degrees(math.atan(0.05)),
        "aspect": 180 + math.degrees(math.atan(0.75)),
        "hillshade": math.floor(1 + 254 * shade + 0.5),
    }
    for process, value in expected.items():
        path = made(town, process, **where).write(tmp_path / f"{process}.tif")
        with rasterio.open(path) as file:
            assert file.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
            assert (file.crs.to_epsg(), file.res) == (4550, (10, 10))
            cells = file.read(1, masked=True)
        # neighbours beyond the box are known, so that no cell of it is without a value
        assert not cells.mask.any()
        assert cells.data == pytest.approx(value, rel=2e-4), process
    totals, (row,) = summed(made(town, "slope", unit="percent", **where))
    assert row["mean"] == pytest.approx(5, rel=1e-4)
    assert row["unit"] == "%"
    assert totals["cell_count"] == totals["width"] * totals["height"] > 20 * 30
    _, winds = summed(made(town, "aspect", **where))
    assert {one["direction"]: one["cell_ratio"] for one in winds if one["cell_count"]} == {"SW": 1}
    _, (steeper,) = summed(made(town, "slope", unit="percent", z_factor=3, **where))
    assert steeper["mean"] == pytest.approx(15, rel=1e-4)


def test_a_part_has_the_values_of_the_whole(
    town: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("geoplan.raster.cog.TILE", 16)  # so that a part has several
    for process in ("slope", "hillshade", "cog"):
        whole = made(town, process).write(tmp_path / "whole.tif")
        bbox = box(500_700, 4_549_990, 400, 150)
        part = made(town, process, bbox=bbox).write(tmp_path / "part.tif")
        with rasterio.open(whole) as large, rasterio.open(part) as small:
            window = rasterio.windows.from_bounds(*small.bounds, large.transform)
            row, col = round(window.row_off), round(window.col_off)
            cells = large.read(1)[row : row + small.height, col : col + small.width]
            np.testing.assert_allclose(small.read(1), cells, rtol=3e-7)
            assert small.nodata == large.nodata


def test_an_edge_of_the_raster_has_no_slope(town: Catalogue) -> None:
    totals, _ = summed(made(town, "slope"))
    assert (totals["width"], totals["height"]) == (400, 230)
    # and none beside the lake either, which is 60 x 40 cells without data
    assert totals["no_data_count"] == 2 * 400 + 2 * 230 - 4 + 62 * 42


def test_inputs_and_source_stand_beside_the_summary(town: Catalogue) -> None:
    document = result_document(made(town, "hillshade", altitude_deg=30).summary())
    assert document["process"] == "hillshade"
    assert document["inputs"] == {
        "bbox": None,
        "raster": "elevation",
        "azimuth_deg": 315.0,
        "altitude_deg": 30.0,
        "z_factor": 1.0,
    }
    assert document["sources"] == [
        {"raster": "elevation", "source": "虚构", "date": "2025-01-01"},
    ]


# Cells, as they are stored


def test_a_cog_of_classes_counts_each(town: Catalogue, tmp_path: Path) -> None:
    answer = made(town, "cog", raster="land-cover")
    with rasterio.open(town.raster_path("land-cover")) as file:
        cells = file.read(1)
    with rasterio.open(answer.write(tmp_path / "out.tif")) as file:
        assert np.array_equal(file.read(1), cells)
        assert file.dtypes[0] == cells.dtype
    _, rows = summed(answer)
    values, counts = np.unique(cells, return_counts=True)
    assert {row["class_value"]: row["cell_count"] for row in rows} == dict(
        zip(values.tolist(), counts.tolist(), strict=True)
    )
    assert [row["class_name_en"] for row in rows] == [
        "Forest",
        "Cropland",
        "Built-up land",
        "Water",
    ]
    assert math.fsum(row["cell_ratio"] for row in rows) == pytest.approx(1)


def test_mask_scale_and_no_data_go_along(write_raster: WriteRaster, tmp_path: Path) -> None:
    values = np.array([[1, 2, 3], [4, 5, 999]], dtype="int16")
    mask = np.array([[255, 0, 255], [255, 255, 255]], dtype="uint8")
    path = write_raster(values, GRID, mask=mask, scale=0.5, offset=10.0, unit="m")
    with Raster(path, nodata=999) as raster:
        blocks = stored_blocks(raster)
        (row,) = cell_statistics(blocks).to_dict("records")
        out = write_cog(blocks, tmp_path / "out.tif")
    # 1, 3, 4 and 5, halved, and 10 more
    assert (row["cell_count"], row["min"], row["max"], row["mean"]) == (4, 10.5, 12.5, 11.625)
    assert row["stdev"] == pytest.approx(math.sqrt((1.125**2 + 0.125**2 + 0.375**2 + 0.875**2) / 4))
    with Raster(out) as again:
        expected = np.array([[10.5, np.nan, 11.5], [12, 12.5, np.nan]])
        np.testing.assert_array_equal(again.read(0, 0, 2, 3), expected)
        assert again.unit == "m"
    with rasterio.open(out) as file:
        assert np.array_equal(file.read(1), values)


def test_cells_that_are_no_number_are_no_data(write_raster: WriteRaster, tmp_path: Path) -> None:
    path = write_raster(np.array([[np.nan, 2.0, 7.0]], dtype="float32"), GRID)
    with Raster(path) as raster:
        out = write_cog(stored_blocks(raster), tmp_path / "out.tif")
    with rasterio.open(out) as file:
        assert file.read(1, masked=True).mask.tolist() == [[True, False, False]]


def test_overviews_mix_no_classes(write_raster: WriteRaster, tmp_path: Path) -> None:
    cells = np.where(np.indices((520, 520)).sum(axis=0) % 2, 1, 3).astype("uint8")
    for dtype, between in (("uint8", False), ("float32", True)):
        path = write_raster(cells.astype(dtype), GRID)
        inputs = PROCESSES["cog"].inputs.model_validate({"raster": "x"})
        answer = of_raster("cog", partial(Raster, path), inputs)
        with rasterio.open(answer.write(tmp_path / "out.tif"), overview_level=0) as file:
            assert (2 in file.read(1)) is between


# Summing up, window by window


def blocks_of(values: Any, **more: Any) -> Blocks:
    cells = np.asarray(values, dtype=float)
    grid = Grid(CRS(4550), GRID, *cells.shape)
    return Blocks(
        grid, "float64", -1.0, "m", lambda r, c, h, w: cells[r : r + h, c : c + w], **more
    )


def test_windows_are_joined_as_if_they_were_one(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(11)
    cells = np.round(1e6 + rng.normal(0, 3, (7, 23)), 3)
    cells[2, 3:9] = -1
    cells[:, :4] = -1  # whole windows without a value
    kept = cells[cells != -1]
    monkeypatch.setattr("geoplan.raster.summary.TILE", 4)
    (row,) = cell_statistics(blocks_of(cells)).to_dict("records")
    assert (row["cell_count"], row["min"], row["max"]) == (len(kept), kept.min(), kept.max())
    mean = math.fsum(kept) / len(kept)
    spread = math.sqrt(math.fsum((kept - mean) ** 2) / len(kept))
    assert row["mean"] == pytest.approx(mean, rel=1e-13)
    assert row["stdev"] == pytest.approx(spread, rel=1e-9)


def test_directions_are_45_degrees_around_each_wind() -> None:
    found = direction_counts(blocks_of([[0, 22.4, 22.6, 180, 359.9, 337.4, -1]]))
    counts = dict(zip(found["direction"], found["cell_count"], strict=True))
    assert {wind: count for wind, count in counts.items() if count} == {
        "N": 3, "NE": 1, "S": 1, "NW": 1,
    }  # fmt: skip


def test_without_a_value_there_are_no_statistics() -> None:
    nothing = blocks_of([[-1, -1]])
    (row,) = cell_statistics(nothing).to_dict("records")
    assert row["cell_count"] == 0
    assert math.isnan(row["mean"])
    assert direction_counts(nothing)["cell_ratio"].isna().all()
    assert len(class_counts(nothing)) == 0


def test_flat_ground_faces_no_wind(write_raster: WriteRaster) -> None:
    path = write_raster(np.full((4, 5), 3.0), GRID)
    with Raster(path) as dem:
        assert direction_counts(aspect(dem))["cell_count"].sum() == 0


# Boxes


@pytest.mark.parametrize(
    ("bbox", "window"),
    [
        ((121.9, 41.8, 123.0, 43.0), (0, 0, 10, 20)),  # larger than the raster
        ((122.1, 41.95, 122.1, 41.95), (5, 10, 1, 1)),  # a corner of cells
        ((122.105, 41.955, 122.105, 41.955), (4, 10, 1, 1)),  # one cell
        ((122.1, 41.93, 122.12, 41.95), (5, 10, 2, 2)),  # edge to edge
        ((122.101, 41.931, 122.119, 41.959), (4, 10, 3, 2)),
        ((122.19, 41.0, 180.0, 41.91), (9, 19, 1, 1)),  # over two edges
    ],
)
def test_the_cells_that_cover_a_box(bbox: Any, window: Any) -> None:
    # cells of 0.01°, from 122° E and 42° N
    grid = Grid(CRS(4490), (0.01, 0, 122, 0, -0.01, 42), 10, 20)
    assert grid.covering(bbox) == window
    row, col, height, width = window
    part = grid.window(*window)
    assert (part.height, part.width) == (height, width)
    np.testing.assert_allclose(
        part.to_map(np.array([[0.5, 0.5]])), grid.to_map(np.array([[col + 0.5, row + 0.5]]))
    )


@pytest.mark.parametrize(
    "bbox", [(121, 41, 121.9, 43), (122.2, 41.95, 122.3, 41.96), (122, 42.1, 123, 43)]
)
def test_a_box_beside_the_raster_is_refused(bbox: Any) -> None:
    grid = Grid(CRS(4490), (0.01, 0, 122, 0, -0.01, 42), 10, 20)
    with pytest.raises(OutsideRaster, match=r"lies in \[122, 41.9, 122.2, 42\]"):
        grid.covering(bbox)


def test_a_box_of_the_world_is_the_whole_raster_of_a_plane(town: Catalogue) -> None:
    totals, _ = summed(made(town, "cog", bbox=[-180, -90, 180, 90]))
    assert (totals["width"], totals["height"]) == (400, 230)


def test_rotated_and_south_up_cells_cover_their_box() -> None:
    for affine in ((6.0, 4.0, 5e5, 8.0, -3.0, 4.55e6), (10.0, 0.0, 5e5, 0.0, 10.0, 4.55e6)):
        grid = Grid(CRS(4550), affine, 40, 60)
        corners = np.array([[20.2, 11.0], [22.9, 11.0], [20.2, 13.5], [22.9, 13.5]])
        lonlat = grid.lonlat(corners)
        row, col, height, width = grid.covering((*lonlat.min(axis=0), *lonlat.max(axis=0)))
        assert row <= 11
        assert col <= 20
        assert row + height >= 14
        assert col + width >= 23
        assert height * width < 200


# What cannot be asked


@pytest.mark.parametrize(
    ("process", "wrong"),
    [
        ("slope", {"unit": "radian"}),
        ("slope", {"z_factor": 0}),
        ("slope", {"z_factor": math.inf}),
        ("hillshade", {"altitude_deg": 91}),
        ("hillshade", {"azimuth_deg": math.nan}),
        ("aspect", {"z_factor": 2}),
        ("cog", {"bbox": [1, 2, 3]}),
        ("cog", {"bbox": [123.2, 41, 123.1, 42]}),
        ("cog", {"bbox": [123, 41, 124, math.inf]}),
        ("cog", {"bbox": [500_000, 4_550_000, 500_100, 4_550_100]}),
    ],
)
def test_wrong_inputs_are_refused(process: str, wrong: dict[str, Any]) -> None:
    model = PROCESSES[process].inputs
    model.model_validate({"raster": "elevation"})
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        model.model_validate({"raster": "elevation", **wrong})


def test_wrong_rasters_are_refused_by_name(town: Catalogue, tmp_path: Path) -> None:
    with pytest.raises(RasterNotFound, match="'slope'"):
        made(town, "slope", raster="slope")
    with pytest.raises(BadQuery, match="land-cover is no elevation model"):
        made(town, "aspect", raster="land-cover")
    with pytest.raises(OutsideRaster):
        made(town, "slope", bbox=[9, 9, 9, 9]).write(tmp_path / "out.tif")
    assert list(tmp_path.iterdir()) == []


# On the command line


def test_command_and_process_write_the_same_bytes(
    town: Catalogue,
    town_dir: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    bbox = box(499_000, 4_549_500, 200, 300)
    asked = ["elevation", "--plan", str(town_dir), "--bbox", ",".join(map(repr, bbox))]
    out = tmp_path / "theirs.tif"
    slope = ["terrain", "slope", *asked, "-o", str(out), "--unit", "percent", "--json"]
    command(slope, monkeypatch)
    ours = made(town, "slope", unit="percent", bbox=bbox)
    assert out.read_bytes() == ours.write(tmp_path / "ours.tif").read_bytes()
    found = json.loads(capsys.readouterr().out)
    assert (found["totals"], found["rows"]) == summed(ours)
    command(["raster", "cog", "elevation", str(out), *asked[1:]], monkeypatch)
    ours = made(town, "cog", bbox=bbox)
    assert out.read_bytes() == ours.write(tmp_path / "ours.tif").read_bytes()


def command(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["geoplan", *arguments])
    with pytest.raises(SystemExit) as end:
        main()
    assert not end.value.code


def test_a_file_beside_the_plan_is_taken_too(town: Catalogue, tmp_path: Path) -> None:
    path = town.raster_path("elevation")
    inputs = PROCESSES["hillshade"].inputs.model_validate({"raster": str(path)})
    found = of_raster("hillshade", lambda: Raster(path), inputs)
    ours = made(town, "hillshade").write(tmp_path / "ours.tif")
    assert found.write(tmp_path / "theirs.tif").read_bytes() == ours.read_bytes()
    assert found.summary().rasters == ()
