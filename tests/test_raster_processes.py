"""Processes and commands on rasters: the town's figures on paper, and what is left out is said.

z = 100 + 0.03 (E - 498000) + 0.04 (N - 4548900) west of E 500900; cells of 10 m between
E 498000 and 502000, N 4548900 and 4551200 (`examples/town/README.md`).
"""

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import geopandas as gpd
import numpy as np
import pytest
import rasterio
from pydantic import ValidationError
from shapely.geometry import LineString, Point, box

from geoplan import Catalogue, processes
from geoplan.cli import main
from geoplan.errors import (
    BadQuery,
    FeatureNotFound,
    LayerNotFound,
    OutsideRaster,
    RasterNotFound,
    WrongGeometryType,
)
from geoplan.export import result_document
from geoplan.model import LeftOut, Result
from geoplan.processes import ProfileInputs, ZonalClassesInputs, ZonalStatisticsInputs
from geoplan.queries import zonal_statistics
from geoplan.raster import Raster
from geoplan.store.write import write_geopackage

NO_POSITION = LeftOut("no_geometry", ("industrial-parks",), ("IP-4",))
SIZES = {
    "IP-1": 600_000,
    "IP-2": 500_000,
    "IP-3": 240_000,
    "SC-1": 700_000,
    "SC-2": 520_000,
    "SC-3": 105_000,
    "RR-1": 360_000,
    "RR-2": 54_000,
}
INSIDE = box(498_100, 4_549_000, 498_200, 4_549_100)  # its middle: 100 + 4.5 + 6 = 110.5 m
OUTSIDE = box(502_300, 4_549_000, 502_400, 4_549_100)


def with_layer(town_dir: Path, tmp_path: Path, shapes: list[Any], crs: int = 4550,
               geometry: str = "area", **columns: Any) -> Catalogue:  # fmt: skip
    """Return the town with one more layer ``plots``, whose ids are whole numbers from 11."""
    directory = tmp_path / "town"
    shutil.copytree(town_dir, directory)
    path = directory / "catalogue.toml"
    means = 'line_means = "centreline"\n' if geometry == "line" else ""
    path.write_text(
        path.read_text(encoding="utf-8").replace(
            "[[raster]]",
            f'[[layer]]\nid = "plots"\nkind = "generic"\ngeometry = "{geometry}"\n{means}'
            'title = { zh = "地块", en = "Plots" }\nsource = { zh = "虚构", en = "Synthetic" }\n'
            "source_date = 2025-01-01\n\n[[raster]]",
            1,
        ),
        encoding="utf-8",
    )
    features = gpd.GeoDataFrame(
        columns, geometry=shapes, index=range(11, 11 + len(shapes)), crs=4550
    )
    write_geopackage(
        directory / "plots.gpkg", "plots", features.to_crs(crs), id_column=None,
        identifier="plots", description="", last_change=datetime(2025, 1, 1, tzinfo=UTC),
        column_types=dict.fromkeys(columns, "TEXT"),
    )  # fmt: skip
    return Catalogue.open(directory)


def statistics(catalogue: Catalogue, **asked: Any) -> Result:
    inputs = ZonalStatisticsInputs.model_validate({"raster": "elevation", **asked})
    return processes.zonal_statistics(catalogue, inputs)


def classes(catalogue: Catalogue, **asked: Any) -> Result:
    inputs = ZonalClassesInputs.model_validate({"raster": "land-cover", **asked})
    return processes.zonal_classes(catalogue, inputs)


def ground(catalogue: Catalogue, layer: str, feature: Any, **asked: Any) -> Result:
    asked = {"raster": "elevation", "layer": layer, "feature": feature, **asked}
    return processes.profile(catalogue, ProfileInputs.model_validate(asked))


# Statistics of zones


def test_every_area_layer_is_asked_when_none_is_named(town: Catalogue) -> None:
    result = statistics(town)
    rows = result.features.set_index("zone_id")
    assert list(rows.index) == [
        *("IP-1", "IP-2", "IP-3", "IP-4", "SC-1", "SC-2", "SC-3", "RR-1", "RR-2"),
    ]
    assert rows["mean"]["IP-1"] == pytest.approx(194, rel=1e-6)
    assert rows["mean"]["IP-2"] == pytest.approx(117_655_000 / 490_000, rel=1e-6)
    assert rows["mean"]["SC-1"] == pytest.approx(194.5, rel=1e-6)
    assert rows["raster_ratio"]["SC-1"] == pytest.approx(0.7, rel=1e-9)
    # middles of the south-west and the north-east cell of IP-1
    assert rows["min"]["IP-1"] == pytest.approx(100 + 15.15 + 52.2, rel=1e-6)
    assert rows["max"]["IP-1"] == pytest.approx(100 + 44.85 + 75.8, rel=1e-6)
    assert list(rows.loc["IP-3", ["zone_layer", "zone_name"]]) == ["industrial-parks", "南园"]
    assert rows["zone_accuracy_m"].tolist() == [1.0] * 9
    assert result.left_out == (NO_POSITION,)
    assert [layer.id for layer in result.sources] == [
        *("industrial-parks", "scenic-areas", "river-remediation-zones"),
    ]
    assert [raster.id for raster in result.rasters] == ["elevation"]
    assert result.run.measuring_planes == ("EPSG:4550",)
    assert result.totals["count"] == 9
    assert result.totals["zone_area_m2"] == pytest.approx(sum(SIZES.values()), rel=1e-6)
    assert "zone_length_m" not in result.totals


def test_the_raster_and_its_date_are_told_with_the_sources(town: Catalogue) -> None:
    told = result_document(statistics(town, layers=["scenic-areas"]))["sources"]
    assert told == [
        {"layer": "scenic-areas", "source": "虚构", "date": "2025-01-01"},
        {"raster": "elevation", "source": "虚构", "date": "2025-01-01"},
    ]


def test_lines_are_zones_too(town: Catalogue) -> None:
    result = statistics(town, layers=["highways"], stats=["max", "mean"])
    assert result.features.columns.tolist()[-4:] == ["max", "mean", "unit", "geometry"]
    assert result.totals == {"count": 2, "zone_length_m": pytest.approx(3500, rel=1e-6)}


def test_zones_beside_the_raster_are_rows_and_are_left_out(town_dir: Path, tmp_path: Path) -> None:
    catalogue = with_layer(town_dir, tmp_path, [INSIDE, OUTSIDE, None])
    result = statistics(catalogue, layers=["plots"], stats=["mean", "count"])
    rows = result.features.set_index("zone_id")
    means = [110.5, math.nan, math.nan]
    assert rows["mean"].tolist() == pytest.approx(means, rel=1e-6, nan_ok=True)
    assert rows["raster_ratio"].tolist()[:2] == [1, 0]
    assert rows["count"].tolist()[:2] == [100, 0]
    assert set(result.left_out) == {
        LeftOut("no_geometry", ("plots",), (13,)),
        LeftOut("no_raster_data", ("plots", "elevation"), (12,)),
    }


def test_a_layer_wholly_beside_the_raster_stops_no_other(town_dir: Path, tmp_path: Path) -> None:
    catalogue = with_layer(town_dir, tmp_path, [OUTSIDE, None])
    result = statistics(catalogue, layers=["plots", "industrial-parks"])
    assert result.features["zone_id"].tolist() == ["IP-1", "IP-2", "IP-3", "IP-4"]
    assert LeftOut("no_raster_data", ("plots", "elevation"), (11,)) in result.left_out
    with pytest.raises(OutsideRaster, match="plots: none of the 1 features"):
        statistics(catalogue, layers=["plots"])


def test_layers_in_several_crs_are_drawn_in_that_of_the_first(
    town_dir: Path, tmp_path: Path
) -> None:
    catalogue = with_layer(town_dir, tmp_path, [INSIDE], crs=4490)
    assert catalogue.read("plots").crs == 4490
    features = statistics(catalogue, layers=["industrial-parks", "plots"]).features
    assert features.crs == 4550
    last = features.iloc[-1]
    assert last["mean"] == pytest.approx(110.5, rel=1e-6)
    assert last.geometry.hausdorff_distance(INSIDE) < 1e-3
    mixed = statistics(catalogue, layers=["plots", "industrial-parks"]).features
    assert mixed.crs == 4490
    assert mixed["mean"].iloc[1] == pytest.approx(194, rel=1e-6)


# Classes in zones


def test_classes_of_every_zone_add_up_to_it(town: Catalogue) -> None:
    result = classes(town)
    rows = result.features
    sums = rows.groupby("zone_id")["class_area_m2"].sum()
    for zone, size in SIZES.items():
        assert sums[zone] == pytest.approx(size, rel=1e-6), zone
    assert result.totals["class_area_m2"] == pytest.approx(sum(SIZES.values()), rel=1e-6)
    assert result.left_out == (NO_POSITION,)
    assert [raster.id for raster in result.rasters] == ["land-cover"]
    names = rows[rows["zone_id"] == "IP-2"]
    assert names["class_name"].tolist() == ["建设用地", "耕地", "水域"]
    assert names["class_name_en"].tolist() == ["Built-up land", "Cropland", "Water"]
    assert names["class_area_m2"].tolist() == pytest.approx([410_000, 80_000, 10_000], rel=1e-6)
    assert names["zone_ratio"].tolist() == pytest.approx([0.82, 0.16, 0.02], rel=1e-6)


def test_what_has_no_data_is_a_row_with_a_name_and_no_position_none(town: Catalogue) -> None:
    rows = classes(town).features
    hill = rows[rows["zone_id"] == "SC-1"].iloc[-1]
    assert (hill["class_name"], hill["class_name_en"]) == ("无数据", "no data")
    assert hill["class_area_m2"] == pytest.approx(210_000, rel=1e-6)
    nowhere = rows[rows["zone_id"] == "IP-4"]
    assert nowhere[["class_value", "class_name", "zone_ratio"]].isna().all(axis=None)
    document = result_document(classes(town))
    json.dumps(document, allow_nan=False)
    assert [one["class_value"] for one in document["rows"] if one["zone_id"] == "SC-1"] == [
        *(1, 3, None),
    ]


# Profiles


def test_a_profile_of_a_highway(town: Catalogue) -> None:
    result = ground(town, "highways", "HW-2", step_m=500)
    rows = result.features
    assert rows["elevation_m"].tolist() == pytest.approx([168, 193, 213, 233], abs=1e-3)
    assert rows["grade_percent"].iloc[1:].tolist() == pytest.approx([5, 4, 4], rel=1e-3)
    # it jumps back by 50 m at 600 m, and on by 150 m at 1200 m
    assert rows["chainage"].tolist() == ["K10+000.000", "K10+500.000", "K10+950.000", "K11+600.000"]
    assert result.left_out == ()
    result = ground(town, "highways", "HW-1", step_m=500)
    assert result.features["chainage"].isna().all()
    assert result.left_out == (LeftOut("drawn_chainage", ("highways",), ("HW-1",)),)
    result = ground(town, "highways", "HW-2", step_m=500)
    assert result.totals == {
        "count": 4,
        "length_m": pytest.approx(1500, rel=1e-6),
        "climb_m": pytest.approx(65, rel=1e-4),
        "descent_m": 0,
        "elevation_min_m": pytest.approx(168, abs=1e-3),
        "elevation_max_m": pytest.approx(233, abs=1e-3),
    }
    assert [raster.id for raster in result.rasters] == ["elevation"]


def test_a_profile_with_chainage_that_leaves_the_raster(town_dir: Path, tmp_path: Path) -> None:
    # on the terrace; the raster ends at E 502000; 80 m drawn are 80.8 m of design
    road = LineString([(501_910, 4_551_100), (502_310, 4_551_100)])
    catalogue = with_layer(
        town_dir, tmp_path, [road], geometry="line",
        chainage_from=["K7+900"], chainage_to=["K8+304"],
    )  # fmt: skip
    result = ground(catalogue, "plots", 11, step_m=80)
    rows = result.features
    assert rows["chainage"].tolist() == [
        *("K7+900.000", "K7+980.800", "K8+061.600", "K8+142.400", "K8+223.200", "K8+304.000"),
    ]
    assert rows["chainage_basis"].unique().tolist() == ["design"]
    # 100 + 117.3 + 88 + 15, and 80 m on 2.4 m more
    assert rows["elevation_m"].tolist()[:2] == pytest.approx([320.3, 322.7], abs=1e-3)
    assert rows["elevation_m"].isna().tolist() == [False, False, True, True, True, True]
    assert result.left_out == (LeftOut("no_raster_data", ("plots", "elevation"), (11,)),)
    assert result.totals["climb_m"] == pytest.approx(2.4, abs=1e-3)


# What cannot be asked


def test_wrong_questions_are_refused_by_name(town: Catalogue) -> None:
    with pytest.raises(RasterNotFound, match="'slope'; it has: elevation, land-cover"):
        statistics(town, raster="slope")
    with pytest.raises(RasterNotFound):
        ground(town, "highways", "HW-1", raster="slope")
    with pytest.raises(LayerNotFound, match="roads"):
        classes(town, layers=["roads"])
    with pytest.raises(BadQuery, match="land-cover holds classes"):
        statistics(town, raster="land-cover")
    with pytest.raises(BadQuery, match="elevation holds elevations"):
        classes(town, raster="elevation")
    with pytest.raises(BadQuery, match="sum and count are of cells"):
        statistics(town, layers=["highways"], stats=["sum"])
    with pytest.raises(BadQuery, match="land-cover is no elevation model"):
        ground(town, "highways", "HW-1", raster="land-cover")
    with pytest.raises(FeatureNotFound, match="'HW-9'"):
        ground(town, "highways", "HW-9")
    with pytest.raises(WrongGeometryType, match="industrial-parks"):
        ground(town, "industrial-parks", "IP-1")
    with pytest.raises(BadQuery, match="more than 100,000 samples"):
        ground(town, "highways", "HW-1", step_m=0.019)


def test_a_plan_of_lines_has_no_zones_unless_named(town: Catalogue) -> None:
    lines = (town["highways"], town["gas-pipelines"])
    alone = Catalogue(town.directory, town.plan, lines, tuple(town.rasters.values()))
    with pytest.raises(BadQuery, match="no layer of areas"):
        statistics(alone)


@pytest.mark.parametrize(
    ("model", "wrong"),
    [
        (ZonalStatisticsInputs, {"stats": ["mode"]}),
        (ZonalStatisticsInputs, {"stats": ["p100.5"]}),
        (ZonalStatisticsInputs, {"stats": "mean"}),
        (ZonalStatisticsInputs, {"stats": []}),
        (ZonalStatisticsInputs, {"layers": ["a", "a"]}),
        (ProfileInputs, {"step_m": 0}),
        (ProfileInputs, {"step_m": math.nan}),
        (ProfileInputs, {"step_m": math.inf}),
        (ProfileInputs, {"interpolation": "cubic"}),
    ],
)
def test_wrong_inputs_are_refused(model: Any, wrong: dict[str, Any]) -> None:
    right = {"raster": "elevation"}
    right |= {"layer": "highways", "feature": "HW-1"} if model is ProfileInputs else {}
    model.model_validate(right)
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        model.model_validate(right | wrong)


def test_a_statistic_named_twice_is_given_once() -> None:
    asked = ZonalStatisticsInputs(raster="elevation", stats=("p5", "mean", "p5"))
    assert asked.stats == ("p5", "mean")


def test_rasters_are_opened_only_when_one_is_asked_for() -> None:
    program = "import sys, geoplan.processes, geoplan.cli; print('rasterio' in sys.modules)"
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "False"


# On the command line


class Answer(NamedTuple):
    """What a command leaves behind."""

    returncode: int
    stdout: str
    stderr: str


class Run(Protocol):
    """Runs the command line."""

    def __call__(self, *arguments: str | Path) -> Answer: ...


@pytest.fixture
def geoplan(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Return the command line, in this process: `tests/test_cli.py` starts new ones."""
    for name in [name for name in os.environ if name.startswith("GEOPLAN_")]:
        monkeypatch.delenv(name)

    def run(*arguments: str | Path) -> Answer:
        monkeypatch.setattr(sys, "argv", ["geoplan", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            main()
        printed = capsys.readouterr()
        return Answer(int(end.value.code or 0), printed.out, printed.err)

    return run


def test_statistics_are_listed(geoplan: Run, town_dir: Path) -> None:
    asked = ["--raster", "elevation", "--stat", "mean", "--stat", "p95", "--lang", "en"]
    answer = geoplan("zonal-statistics", "--plan", town_dir, *asked)
    assert answer.returncode == 0, answer.stderr
    head, *rows = answer.stdout.splitlines()
    assert head.split()[-3:] == ["Mean", "p95", "Unit"]
    assert len(rows) == 8
    (park,) = [row.split() for row in rows if "IP-2" in row]
    assert park[-5:-2] == ["500,000.0", "98.00%", "240.112"]
    assert "industrial-parks, 1 feature" in answer.stderr


def test_lines_and_points_are_listed_as_zones(geoplan: Run, town_dir: Path, tmp_path: Path) -> None:
    lines = geoplan("zonal-statistics", "--plan", town_dir, "--raster", "elevation",
                    "--layer", "highways")  # fmt: skip
    assert ["HW-1" in lines.stdout, "HW-2" in lines.stdout] == [True, True]
    points = [Point(498_155, 4_549_055), Point(502_300, 4_549_000), None]
    plan = with_layer(town_dir, tmp_path, points, geometry="point").directory
    found = geoplan("zonal-statistics", "--plan", plan, "--raster", "elevation", "--layer", "plots",
                    "--stat", "mean", "--lang", "en")  # fmt: skip
    assert [row.split()[1] for row in found.stdout.splitlines()[1:]] == ["11", "12"]
    # the middle of its cell: 100 + 4.65 + 6.2
    assert found.stdout.splitlines()[1].split()[-2] == "110.85"
    assert "Outside the raster, or where it has no data: plots × elevation, 1" in found.stderr


@pytest.mark.parametrize(("lang", "word"), [("zh", "无数据"), ("en", "no data")])
def test_classes_are_listed(
    geoplan: Run, lang: str, word: str, town_dir: Path, tmp_path: Path
) -> None:
    out = tmp_path / "classes.csv"
    answer = geoplan("zonal-classes", "--plan", town_dir, "--raster", "land-cover", "--layer",
                     "scenic-areas", "--lang", lang, "-o", out)  # fmt: skip
    assert answer.returncode == 0, answer.stderr
    (row,) = [line for line in answer.stdout.splitlines() if word in line]
    assert row.split()[-2:] == ["30.00%", "210,000.0"]
    assert len(out.read_text(encoding="utf-8-sig").splitlines()) == 1 + 7


def test_a_profile_is_listed_and_written(geoplan: Run, town_dir: Path, tmp_path: Path) -> None:
    asked = ["--raster", "elevation", "--layer", "highways", "--route", "HW-1", "--step-m", "1000"]
    out = tmp_path / "ground.gpkg"
    answer = geoplan("profile", "--plan", town_dir, *asked, "--json", "-o", out)
    assert answer.returncode == 0, answer.stderr
    rows = [one["properties"] for one in json.loads(answer.stdout)["features"]]
    assert [row["elevation_m"] for row in rows] == pytest.approx([181, 211, 241], abs=1e-3)
    assert out.read_bytes().startswith(b"SQLite format 3\x00")


def test_terrain_is_written_as_a_cog(geoplan: Run, town_dir: Path, tmp_path: Path) -> None:
    for what, options in (("slope", ["--unit", "percent"]), ("aspect", []), ("hillshade", [])):
        out = tmp_path / f"{what}.tif"
        answer = geoplan(
            "terrain", what, "elevation", "--plan", town_dir, "-o", out, *options, "--lang", "en"
        )
        assert answer.returncode == 0, answer.stderr
        assert f"Wrote {out} (COG, 400 × 230 cells)" in answer.stderr
        with rasterio.open(out) as file:
            assert file.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
    works = Catalogue.open(town_dir).read("river-remediation-zones").loc[["RR-1"]]
    # the ground falls by 5 % towards the south-west; under a light from 315°, 45° high, its
    # cosine to the light is (sin 45° - cos 45° (-0.03 sin 45° + 0.04 cos 45°)) / √(1 + 0.05²)
    shade = (math.sqrt(0.5) - 0.5 * (-0.03 + 0.04)) / math.sqrt(1 + 0.05**2)
    expected = {"slope": 5, "aspect": 180 + math.degrees(math.atan(0.75)), "hillshade":
                math.floor(1 + 254 * shade + 0.5)}  # fmt: skip
    for what, mean in expected.items():
        with Raster(tmp_path / f"{what}.tif") as raster:
            found = zonal_statistics(works, raster, stats=["mean"])["mean"][0]
        assert found == pytest.approx(mean, rel=2e-4), what


def test_a_cog_holds_the_same_cells(geoplan: Run, town_dir: Path, tmp_path: Path) -> None:
    plain, out = tmp_path / "plain.tif", tmp_path / "cog.tif"
    with rasterio.open(town_dir / "elevation.tif") as file:
        cells, profile = file.read(1), {**file.profile, "driver": "GTiff", "tiled": False}
    for option in ("blockxsize", "blockysize", "interleave"):
        profile.pop(option, None)
    with rasterio.open(plain, "w", **profile) as file:
        file.write(cells, 1)
    answer = geoplan("raster", "cog", plain, out, "--compress", "zstd", "--lang", "zh")
    assert answer.returncode == 0, answer.stderr
    assert "已写出" in answer.stderr
    with rasterio.open(out) as file:
        assert np.array_equal(file.read(1), cells)
        assert file.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert file.compression.name == "zstd"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["zonal-statistics"], 2, "--raster"),
        (["zonal-statistics", "--raster", "slope"], 2, "RasterNotFound"),
        (["zonal-statistics", "--raster", "elevation", "--stat", "mode"], 2, "'mode' is unknown"),
        (["zonal-statistics", "--raster", "land-cover"], 2, "BadQuery"),
        (["zonal-classes", "--raster", "land-cover", "-o", "OUT.gpkg"], 2, "no geometry"),
        (["profile", "--raster", "elevation", "--layer", "highways", "--route", "HW-9"], 2, "HW-9"),
        (["terrain", "slope", "slope", "-o", "OUT.tif"], 2, "RasterNotFound"),
        (["terrain", "slope", "elevation", "-o", "OUT.png"], 2, ".tif"),
        (["terrain", "slope", "elevation", "-o", "OUT.tif", "--unit", "x"], 2, "unit"),
        (["terrain", "slope", "elevation"], 2, "-o"),
        (["terrain", "slope", "land-cover", "-o", "OUT.tif"], 2, "no elevation model"),
        (["terrain", "slope", "elevation", "-o", "OUT.tif", "--bbox", "1,2,3"], 2, "BadBbox"),
        (["terrain", "slope", "elevation", "-o", "OUT.tif", "--bbox", "1,2,200,3"], 2, "degrees"),
        (["terrain", "slope", "elevation", "-o", "OUT.tif", "--bbox", "9,9,9,9"], 2, "OutsideRas"),
        (["raster", "cog", "PLAN/elevation.tif", "OUT.tif", "--bbox", "1,2,3,4"], 2, "whole"),
        (["terrain", "hillshade", "elevation", "-o", "OUT.tif", "--z-factor", "0"], 2, "z_factor"),
        (["terrain", "aspect", "absent.tif", "-o", "OUT.tif"], 3, "there is no raster absent.tif"),
        (["terrain", "aspect", "elevation", "-o", "absent/OUT.tif"], 4, "NotWritable"),
        (["terrain", "aspect", "PLAN/elevation.tif", "-o", "PLAN/elevation.tif"], 2, "own source"),
        (["raster", "cog", "PLAN/elevation.tif", "PLAN/elevation.tif"], 2, "own source"),
        (["raster", "cog", "PLAN/highways.gpkg", "OUT.tif"], 3, "DisguisedFile"),
        (["raster", "cog", "PLAN/elevation.tif", "OUT.tif", "--compress", "jpeg"], 2, "jpeg"),
    ],
    ids=lambda case: " ".join(case) if isinstance(case, list) else "",
)
def test_what_cannot_be_done_is_said_and_changes_no_file(
    geoplan: Run, arguments: list[str], code: int, said: str, town_dir: Path, tmp_path: Path
) -> None:
    plan = shutil.copytree(town_dir, tmp_path / "plan")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    named = [one.replace("OUT", str(tmp_path / "out")) for one in arguments]
    named = [one.replace("absent/" + str(tmp_path), str(tmp_path / "absent")) for one in named]
    named = [one.replace("PLAN", str(plan)) for one in named]
    answer = geoplan(*named, *([] if named[0] == "raster" else ["--plan", str(plan)]))
    assert answer.returncode == code, answer.stderr
    assert said in answer.stderr
    assert "Traceback" not in answer.stderr
    assert answer.stdout == ""
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
