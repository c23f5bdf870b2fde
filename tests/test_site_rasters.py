"""What the rasters of the town say of a site: figures on paper in the town's README.

Coordinates as there: x = E − 490 000, y = N − 4 540 000.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from pydantic import ValidationError
from typer.testing import CliRunner

from geoplan import Catalogue, processes
from geoplan.cli import app
from geoplan.errors import RasterNotFound
from geoplan.export import result_document
from geoplan.processes import SiteInputs

AREA = shapely.box(8600, 9900, 9000, 10_100)
LINE = shapely.LineString([(8600, 10_005), (9000, 10_005)])
NORTH_END = shapely.box(8200, 11_000, 8400, 11_500)
IN_LAKE = shapely.box(11_200, 9900, 11_300, 9950)
BEYOND = shapely.box(7000, 10_000, 7500, 10_200)


def moved(shape: Any) -> Any:
    return shapely.transform(shape, lambda xy: np.add(xy, (490_000, 4_540_000)))


def asked(catalogue: Catalogue, shape: Any, **inputs: Any) -> dict[str, Any]:
    """Return the whole answer as JSON has it."""
    geometry = json.loads(shapely.to_geojson(moved(shape)))
    inputs = {"geometry": geometry, "crs": "EPSG:4550", **inputs}
    result = processes.site_check(catalogue, SiteInputs.model_validate(inputs))
    return dict(json.loads(json.dumps(result_document(result), allow_nan=False)))


def of_rasters(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {part["raster"]: part for part in document["parts"] if "raster" in part}


def classes(part: dict[str, Any], size: str) -> dict[int | None, float]:
    return {one["class_value"]: one[size] for one in part["classes"]}


@pytest.mark.parametrize(
    ("shape", "data", "mean", "least", "most"),
    [
        (AREA, 1, 168, 158.35, 177.65),
        (LINE, 1, 168.2, 162.35, 174.05),
        (shapely.Point(8605, 10_005), 1, 162.35, 162.35, 162.35),
        (NORTH_END, 2 / 5, 197, 190.35, 203.65),
    ],
)
def test_elevations_of_a_site_on_paper(
    shape: Any, data: float, mean: float, least: float, most: float, town: Catalogue
) -> None:
    part = of_rasters(asked(town, shape))["elevation"]
    assert (part["outcome"], part["reason"], part["unit"]) == ("measured", None, "m")
    assert part["raster_ratio"] == pytest.approx(data, rel=1e-6)
    figures = [part[name] for name in ("mean", "min", "max")]
    assert figures == pytest.approx([mean, least, most], abs=1e-4)


@pytest.mark.parametrize(
    ("shape", "size", "expected"),
    [
        (AREA, "class_area_m2", {2: 30_000, 3: 30_000, 1: 20_000}),
        (LINE, "class_length_m", {3: 300, 1: 100}),
        (shapely.Point(8605, 10_005), "zone_ratio", {1: 1}),
        (NORTH_END, "class_area_m2", {1: 40_000, None: 60_000}),
        (IN_LAKE, "class_area_m2", {4: 5_000}),
    ],
)
def test_land_cover_of_a_site_on_paper(
    shape: Any, size: str, expected: dict[int | None, float], town: Catalogue
) -> None:
    part = of_rasters(asked(town, shape))["land-cover"]
    assert part["outcome"] == "measured"
    assert classes(part, size) == pytest.approx(expected, rel=1e-6)
    assert sum(one["zone_ratio"] for one in part["classes"]) == pytest.approx(1, rel=1e-9)


def test_classes_have_names_and_missing_data_is_one_of_them(town: Catalogue) -> None:
    rows = of_rasters(asked(town, NORTH_END))["land-cover"]["classes"]
    names = [(one["class_name"], one["class_name_en"]) for one in rows]
    assert names == [("林地", "Forest"), ("无数据", "no data")]


def test_a_raster_that_says_nothing_is_not_checked_and_says_why(town: Catalogue) -> None:
    in_lake, beyond = asked(town, IN_LAKE), asked(town, BEYOND)
    told = {
        name: [(part["outcome"], part["reason"]) for part in of_rasters(document).values()]
        for name, document in (("in_lake", in_lake), ("beyond", beyond))
    }
    assert told == {
        "in_lake": [("not_checked", "no_raster_data"), ("measured", None)],
        "beyond": [("not_checked", "outside_raster")] * 2,
    }
    assert (in_lake["totals"]["measured_rasters"], in_lake["totals"]["not_checked_rasters"]) == (
        1,
        1,
    )


def test_a_raster_that_cannot_be_read_spoils_nothing_else(town_dir: Path, tmp_path: Path) -> None:
    shutil.copytree(town_dir, tmp_path / "town")
    catalogue = Catalogue.open(tmp_path / "town")
    path = tmp_path / "town" / "elevation.tif"
    path.write_bytes(path.read_bytes()[:200])  # cut off after its header
    found = asked(catalogue, AREA)
    elevation, cover = of_rasters(found).values()
    assert elevation["outcome"] == "not_checked"
    assert elevation["reason"].startswith("FileUnreadable: elevation.tif")
    assert (cover["outcome"], found["totals"]["not_checked_rasters"]) == ("measured", 1)
    assert found["totals"]["uncertain_layers"] == 1  # the park without a position


def test_rasters_are_asked_by_name_and_are_sources(town: Catalogue) -> None:
    every = asked(town, AREA)
    assert [one["raster"] for one in every["sources"] if "raster" in one] == [
        "elevation",
        "land-cover",
    ]
    assert list(of_rasters(asked(town, AREA, layers=["highways"]))) == []
    both = asked(town, AREA, layers=["highways"], rasters=["land-cover"])
    assert list(of_rasters(both)) == ["land-cover"]
    with pytest.raises(RasterNotFound, match="elevation, land-cover"):
        asked(town, AREA, rasters=["slope"])
    with pytest.raises(ValidationError, match="twice"):
        asked(town, AREA, rasters=["elevation", "elevation"])


@pytest.mark.parametrize(
    ("lang", "said"),
    [("en", ("Cropland", "37.50%", "158.35", "measured")), ("zh", ("耕地", "37.50%", "已量算"))],
)
def test_the_command_shows_the_figures(lang: str, said: tuple[str, ...], town_dir: Path) -> None:
    asked_of = ["--source-crs", "EPSG:4550", "--plan", str(town_dir), "--lang", lang]
    answer = CliRunner().invoke(app, ["site-check", moved(AREA).wkt, *asked_of])
    assert answer.exit_code == 0, answer.output
    for text in said:
        assert text in answer.output
    away = CliRunner().invoke(app, ["site-check", moved(BEYOND).wkt, *asked_of])
    assert {"en": "outside the raster", "zh": "在栅格范围之外"}[lang] in away.output
