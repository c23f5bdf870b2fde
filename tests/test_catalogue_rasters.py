"""Rasters of a plan: what the catalogue takes, and what it refuses by name."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from geoplan import Catalogue
from geoplan.errors import CatalogueInvalid, RasterNotFound

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def plan(town_dir: Path, tmp_path: Path) -> Path:
    """Return a copy of the town to spoil."""
    return shutil.copytree(town_dir, tmp_path / "plan")


def edit(plan: Path, old: str, new: str) -> None:
    path = plan / "catalogue.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    head, _, tail = text.partition("[[raster]]")
    path.write_text(head + "[[raster]]" + tail.replace(old, new, 1), encoding="utf-8")


def test_rasters_are_listed_apart_from_layers(town: Catalogue) -> None:
    assert list(town.rasters) == ["elevation", "land-cover"]
    assert "elevation" not in town
    dem, cover = town.rasters.values()
    assert (dem.kind, dem.unit, dem.file, dem.band) == ("dem", "m", "elevation.tif", 1)
    assert cover.categories[1].zh == "林地"
    assert cover.categories[4].colour == "#1e88e5"
    assert town.raster_path("land-cover").name == "land-cover.tif"
    with town.open_raster("elevation") as raster:
        assert raster.grid.crs == 4550


def test_a_plan_without_rasters_has_none(plan: Path) -> None:
    path = plan / "catalogue.toml"
    path.write_text(path.read_text(encoding="utf-8").split("[[raster]]")[0], encoding="utf-8")
    assert Catalogue.open(plan).rasters == {}


def test_an_unknown_raster_is_named_with_those_there_are(town: Catalogue) -> None:
    with pytest.raises(RasterNotFound, match="'slope'; it has: elevation, land-cover"):
        town.open_raster("slope")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('id = "elevation"', 'id = "Elevation"', "Elevation.*id"),
        ('id = "elevation"', 'id = "highways"', "a layer and a raster have the id 'highways'"),
        ('id = "land-cover"', 'id = "elevation"', "two rasters have the id 'elevation'"),
        ('kind = "dem"', 'kind = "dtm"', "elevation.*kind"),
        ('unit = "m"', 'unit = "ft"', "elevation.*the unit 'm'"),
        ('unit = "m"\n', "", "elevation.*the unit 'm'"),
        ('unit = "m"', 'unit = "m"\nband = 0', "elevation.*band"),
        ('unit = "m"', 'unit = "m"\nnodata = nan', "elevation.*nodata"),
        ('unit = "m"', 'unit = "m"\ncolour = "red"', "elevation.*colour"),
        ('unit = "m"', 'unit = "m"\nfile = "absent.tif"', "elevation.*absent.tif"),
        ('unit = "m"', 'unit = "m"\nfile = "catalogue.toml"', "elevation.*no TIFF"),
        ('kind = "landcover"', 'kind = "landcover"\nunit = "m"', "land-cover.*either"),
        (
            'kind = "landcover"',
            'kind = "landcover"\nvertical_datum = "x"',
            "land-cover.*vertical_datum",
        ),
        ('en = "Forest", ', "", "land-cover.*categories.1.en"),
        ('"#2e7d32"', '"green"', "land-cover.*categories.1.colour"),
        ("\n1 = {", "\nforest = {", "land-cover.*categories"),
        ("[[raster]]", "[raster]", "raster|cannot be read"),
    ],
)
def test_a_wrong_entry_is_refused_by_name(plan: Path, old: str, new: str, said: str) -> None:
    edit(plan, old, new)
    with pytest.raises(CatalogueInvalid, match=f"(?s){said}"):
        Catalogue.open(plan)


def test_a_landcover_without_categories_is_refused(plan: Path) -> None:
    path = plan / "catalogue.toml"
    text = path.read_text(encoding="utf-8").split("[raster.categories]")[0]
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CatalogueInvalid, match=r"land-cover.*categories are required"):
        Catalogue.open(plan)
