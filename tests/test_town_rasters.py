"""The town's rasters: what paper says of zones, classes, slopes and routes."""

from __future__ import annotations

import math
import runpy
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import rasterio

from geoplan import Catalogue
from geoplan.queries import aspect, profile, slope, zonal_classes, zonal_statistics
from geoplan.raster import Raster, write_cog

TOWN = Path(__file__).parents[1] / "examples" / "town"
LAYER_OF = {"IP": "industrial-parks", "SC": "scenic-areas", "RR": "river-remediation-zones"}

# zone: share with data, mean elevation [m]
MEANS = {
    "IP-1": (Fraction(1), Fraction(100 + 30 + 64)),
    "IP-2": (
        Fraction(49, 50),
        Fraction(300_000 * 235 + 200_000 * 242 + 90_000 * 15 - 2_595_000, 490_000),
    ),
    "RR-1": (Fraction(1), Fraction(100 + 45 + 28)),
    "SC-1": (Fraction(7, 10), Fraction(389, 2)),
    "SC-2": (
        Fraction(29, 52),
        Fraction(133_650_000 - 4_960_000 - 59_040_000 + 2_470_000, 290_000) + 15,
    ),
}
NO_DATA = -1
# zone: class → m²
CLASSES = {
    "IP-1": {3: 800 * 600, 1: 200 * 600},
    "IP-2": {3: 700 * 300 + 400 * 500, 2: 300 * 300 - 100 * 100, 4: 100 * 100},
    "RR-1": {2: 1700 * 200, 1: 100 * 200},
    "SC-1": {1: 500 * 700, 3: 200 * 700, NO_DATA: 700 * 300},
    "SC-2": {2: 520_000 - 230_000, 4: 240_000 - 10_000},
}


def tables() -> list[list[list[str]]]:
    """Return the cells of the two tables under "Rasters", without their head lines."""
    section = (TOWN / "README.md").read_text(encoding="utf-8").split("\n## Rasters\n")[1]
    blocks = [part for part in section.split("\n\n") if part.startswith("|")][:2]
    return [
        [[cell.strip() for cell in line.strip("|").split("|")] for line in block.splitlines()[2:]]
        for block in blocks
    ]


def test_readme_states_the_figures_tested_here() -> None:
    means, classes = tables()
    assert {row[0]: (Fraction(row[2]), Fraction(row[3])) for row in means} == MEANS
    stated: dict[str, dict[int, int]] = {}
    for zone, value, _, area in classes:
        number = NO_DATA if value == "no data" else int(value)
        stated.setdefault(zone, {})[number] = int(area.replace(",", ""))
    assert stated == CLASSES


@pytest.mark.parametrize("zone", MEANS)
def test_mean_elevations_are_what_paper_says(zone: str, town: Catalogue) -> None:
    with town.open_raster("elevation") as dem:
        found = zonal_statistics(town.read(LAYER_OF[zone[:2]]), dem, stats=["mean"])
    row = found.set_index("zone_id").loc[zone]
    ratio, mean = MEANS[zone]
    assert row["raster_ratio"] == pytest.approx(float(ratio), rel=1e-9)
    assert row["mean"] == pytest.approx(float(mean), rel=1e-6)
    assert row["unit"] == "m"


@pytest.mark.parametrize("zone", CLASSES)
def test_areas_of_classes_are_what_paper_says(zone: str, town: Catalogue) -> None:
    entry = town.raster("land-cover")
    with town.open_raster("land-cover") as cover:
        found = zonal_classes(town.read(LAYER_OF[zone[:2]]), cover, categories=entry.categories)
    rows = found[found["zone_id"] == zone]
    areas = dict(zip(rows["class_value"].fillna(NO_DATA), rows["area_m2"], strict=True))
    assert areas == {value: pytest.approx(area, rel=1e-6) for value, area in CLASSES[zone].items()}
    assert rows["ratio"].sum() == pytest.approx(1, abs=1e-9)
    named = rows.dropna(subset="class_value")
    assert named["class_zh"].tolist() == [
        entry.categories[int(value)].zh for value in named["class_value"]
    ]
    assert found.attrs["unknown_classes"] == []


def test_the_zone_without_a_place_is_listed(town: Catalogue) -> None:
    with town.open_raster("elevation") as dem:
        found = zonal_statistics(town.read("industrial-parks"), dem)
    assert found.attrs["no_geometry"] == ["IP-4"]
    assert found.set_index("zone_id").loc["IP-4", ["mean", "raster_ratio"]].isna().all()


def test_the_ground_slopes_five_per_cent_to_the_south_west(town: Catalogue, tmp_path: Path) -> None:
    with town.open_raster("elevation") as dem:
        rise = write_cog(slope(dem, unit="percent"), tmp_path / "slope.tif")
        fall = write_cog(aspect(dem), tmp_path / "aspect.tif")
    with Raster(rise) as percent, Raster(fall) as degrees:
        found = zonal_statistics(town.read("river-remediation-zones"), percent)
        assert found["mean"][0] == pytest.approx(5, rel=1e-4)
        assert found["unit"][0] == "%"
        found = zonal_statistics(town.read("river-remediation-zones"), degrees)
        assert found["mean"][0] == pytest.approx(180 + math.degrees(math.atan(0.75)), abs=0.01)


def test_profiles_of_the_highways(town: Catalogue) -> None:
    highways = town.read("highways")
    with town.open_raster("elevation") as dem:
        found = profile(highways, dem, step_m=100)
    first = found[found["route_id"] == "HW-1"]
    assert first["distance_m"].tolist() == pytest.approx(np.arange(0, 2001, 100), rel=1e-6)
    assert first["elevation_m"].iloc[[0, 10, -1]].tolist() == pytest.approx([181, 211, 241])
    assert first["grade_percent"].dropna().tolist() == pytest.approx([3] * 20, rel=1e-3)
    second = found[found["route_id"] == "HW-2"]
    assert len(second) == 16
    assert second["elevation_m"].iloc[[0, 5, -1]].tolist() == pytest.approx([168, 193, 233])
    assert second["grade_percent"].iloc[1:6].tolist() == pytest.approx([5] * 5, rel=1e-3)
    assert second["grade_percent"].iloc[6:].tolist() == pytest.approx([4] * 10, rel=1e-3)
    assert second["climb_m"].iloc[-1] == pytest.approx(65, rel=1e-4)


def test_the_committed_rasters_are_what_their_recipe_makes() -> None:
    recipe = runpy.run_path(str(TOWN / "sources" / "rasters.py"))
    for name, block in (("elevation", "elevation"), ("land-cover", "land_cover")):
        assert (TOWN / f"{name}.tif").stat().st_size < 200_000
        with rasterio.open(TOWN / f"{name}.tif") as file:
            assert (file.read(1) == recipe[block](0, 0, *file.shape)).all()
            assert file.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
            assert file.crs.to_epsg() == 4550
