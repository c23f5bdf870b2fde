"""Recipes: circles, routes, corridors and points, drawn from places and honest about them."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import shapely
from pyproj import CRS

from geoplan import Catalogue
from geoplan.authoring import build_plan, shapes
from geoplan.crs import reproject
from geoplan.errors import SourceInvalid

if TYPE_CHECKING:
    from pathlib import Path

    from geopandas import GeoDataFrame

# E and N [m] in EPSG:4550, at the meridian, where the plane is true to scale:
# west and corner are 3 km apart, corner and north 4 km
PLACES = """
crs = "EPSG:4550"
[columns]
name = "TEXT"
geometry_accuracy_m = "REAL"
coordinate_basis = "TEXT"
[defaults]
coordinate_basis = "sourced"
[[feature]]
id = "west"
point = [497000, 4550000]
attributes = { geometry_accuracy_m = 50 }
[[feature]]
id = "corner"
point = [500000, 4550000]
attributes = { geometry_accuracy_m = 3000, coordinate_basis = "derived" }
[[feature]]
id = "north"
point = [500000, 4554000]
attributes = { geometry_accuracy_m = 1500, coordinate_basis = "estimated" }
[[feature]]
id = "far"
point = [650000, 4550000]
attributes = { geometry_accuracy_m = 9 }
"""

HEAD = """
crs = "EPSG:4550"
{names}
[columns]
name = "TEXT"
geometry_method = "TEXT"
geometry_accuracy_m = "REAL"
coordinate_basis = "TEXT"
geometry_recipe = "TEXT"
data_quality = "TEXT"
nominal_half_width_m = "REAL"
area_m2 = "REAL"
length_m = "REAL"
"""

COURSES = (
    HEAD.format(names='places = "places.toml"')
    + """
[[feature]]
id = "brook"
route = ["west", "corner"]
attributes = { coordinate_basis = "estimated", geometry_accuracy_m = 4000 }
[[feature]]
id = "unplaced"
"""
)

ENTRY = """
[[layer]]
id = "{id}"
kind = "generic"
title = {{ zh = "{id}", en = "{id}" }}
geometry = "{geometry}"
{line_means}
id_column = "feature_id"
source = {{ zh = "虚构", en = "Synthetic" }}
source_date = 2025-01-01
source_file = "{id}.toml"
"""

PLAN = """
[plan]
id = "workshop"
title = { zh = "试", en = "Trial" }
extent = [122, 41, 124, 42]
measuring_plane = "EPSG:4550"
data_date = 2025-01-01
attribution = { zh = "虚构", en = "Synthetic" }
"""


def plan_of(folder: Path, features: str, geometry: str = "area", names: str | None = None) -> Path:
    means = 'line_means = "centreline"'
    entries = [
        ENTRY.format(id="places", geometry="point", line_means=""),
        ENTRY.format(id="courses", geometry="line", line_means=means),
        ENTRY.format(id="things", geometry=geometry, line_means=means * (geometry == "line")),
    ]
    both = 'places = "places.toml"\ncourses = "courses.toml"'
    things = HEAD.format(names=both if names is None else names) + features
    (folder / "catalogue.toml").write_text(PLAN + "".join(entries), encoding="utf-8")
    (folder / "places.toml").write_text(PLACES, encoding="utf-8")
    (folder / "courses.toml").write_text(COURSES, encoding="utf-8")
    (folder / "things.toml").write_text(things, encoding="utf-8")
    return folder


def built(folder: Path, features: str, geometry: str = "area") -> GeoDataFrame:
    list(build_plan(plan_of(folder, features, geometry)))
    return Catalogue.open(folder).read("things")


def one(folder: Path, features: str, geometry: str = "area") -> Any:
    frame = built(folder, features, geometry)
    assert len(frame) == 1
    return frame.iloc[0]


def thing(recipe: str, attributes: str = "") -> str:
    return f'[[feature]]\nid = "T-1"\n{recipe}\nattributes = {{ {attributes} }}\n'


def edges_m(geometry: shapely.Geometry) -> list[float]:
    """Return the lengths of the edges of a line, or of a polygon without holes."""
    return [math.dist(a, b) for a, b in pairwise(shapely.get_coordinates(geometry))]


# ---- what is drawn


def test_a_circle_has_its_area_and_is_no_better_than_its_place(tmp_path: Path) -> None:
    park = one(tmp_path, thing('circle = { place = "corner", area_ha = 314.159265 }'))
    assert park.area_m2 == pytest.approx(3_141_592.65, rel=1e-8)
    assert park.geometry.centroid.distance(shapely.Point(500000, 4550000)) < 1e-3
    assert park.geometry.minimum_clearance > 0
    # 64 corners on a circle of about 1000 m
    assert len(edges_m(park.geometry)) == 64
    assert math.dist(park.geometry.exterior.coords[0], (500000, 4550000)) == pytest.approx(
        1000, rel=1e-3
    )
    assert (park.geometry_method, park.geometry_accuracy_m) == ("schematic", 3000)
    assert (park.coordinate_basis, park.data_quality) == ("derived", "indicative")
    assert park.geometry_recipe == "circle of 314.159 ha round corner"


def test_a_large_circle_keeps_its_edges_below_a_kilometre(tmp_path: Path) -> None:
    # radius 20 km: 64 corners would be 2 km apart
    park = one(tmp_path, thing('circle = { place = "west", area_ha = 125663.7 }'))
    assert max(edges_m(park.geometry)) <= 1000
    assert park.area_m2 == pytest.approx(1_256_637_000, rel=1e-6)


def test_the_area_is_that_on_the_ellipsoid_also_off_the_meridian() -> None:
    plane, crs = CRS(4550), CRS(4490)
    drawn = shapes.circle(crs, (121.6, 41.0), 1e6)
    in_plane = reproject(np.array([drawn]), crs, plane)[0]
    # 117.8 km from the meridian a plane area is (x / R)² = 3.4e-4 too large
    assert in_plane.area == pytest.approx(1e6 * (1 + 3.4e-4), rel=1e-5)
    assert shapes.measure(crs, drawn)[0] == pytest.approx(1e6, rel=1e-7)


def test_a_route_goes_through_its_places_in_order(tmp_path: Path) -> None:
    road = one(tmp_path, thing('route = ["west", "corner", "north"]'), "line")
    assert road.length_m == pytest.approx(7000, abs=0.01)
    coordinates = list(road.geometry.coords)
    assert coordinates[0] == (497000, 4550000)
    assert (500000, 4550000) in coordinates
    assert coordinates[-1] == (500000, 4554000)
    assert max(edges_m(road.geometry)) <= 1000
    assert (road.geometry_accuracy_m, road.coordinate_basis) == (3000, "estimated")
    assert road.geometry_recipe == "straight legs west - corner - north"


def test_a_corridor_is_a_strip_along_a_course_and_takes_over_its_doubts(tmp_path: Path) -> None:
    strip = 'corridor = { along = "brook", half_width_m = 100, ends = "flat" }'
    zone = one(tmp_path, thing(strip))
    assert zone.area_m2 == pytest.approx(3000 * 200, rel=1e-6)
    assert zone.geometry.bounds == (497000, 4549900, 500000, 4550100)
    assert max(edges_m(zone.geometry)) <= 1000
    assert zone.nominal_half_width_m == 100
    assert (zone.geometry_accuracy_m, zone.coordinate_basis) == (4000, "estimated")
    assert zone.geometry_recipe == "100 m to either side of brook, flat ends"


def test_round_ends_add_a_circle(tmp_path: Path) -> None:
    strip = 'corridor = { along = "brook", half_width_m = 100, ends = "round" }'
    zone = one(tmp_path, thing(strip))
    assert zone.area_m2 == pytest.approx(3000 * 200 + math.pi * 100**2, rel=2e-3)
    assert zone.geometry.bounds[0] == pytest.approx(496900, abs=0.01)


def test_without_a_recipe_nothing_is_drawn_and_nothing_is_claimed(tmp_path: Path) -> None:
    frame = built(
        tmp_path, thing("") + '[[feature]]\nid = "T-2"\ncircle = { place = "west", area_ha = 1 }\n'
    )
    unlocated = frame.loc["T-1"]
    assert unlocated.geometry is None
    assert (unlocated.coordinate_basis, unlocated.data_quality) == ("unpublished", "none")
    for column in ("geometry_method", "geometry_accuracy_m", "geometry_recipe", "area_m2"):
        assert frame[column].isna()["T-1"], column


def test_a_feature_may_state_that_it_is_worse(tmp_path: Path) -> None:
    worse = 'geometry_accuracy_m = 8000, coordinate_basis = "estimated"'
    road = one(tmp_path, thing('route = ["west", "corner"]', worse), "line")
    assert (road.geometry_accuracy_m, road.coordinate_basis) == (8000, "estimated")


def test_wkt_is_measured_too_and_says_nothing_of_itself(tmp_path: Path) -> None:
    field = one(
        tmp_path,
        thing(
            'wkt = "POLYGON ((499000 4550000, 500000 4550000, 500000 4550500, 499000 4550000))"',
            'geometry_method = "survey"',
        ),
    )
    assert field.area_m2 == pytest.approx(250_000, rel=1e-6)
    assert (field.geometry_method, field.coordinate_basis) == ("survey", None) or (
        field.geometry_method == "survey" and field.coordinate_basis != field.coordinate_basis
    )


def test_a_layer_of_places_is_built_from_the_same_text(tmp_path: Path) -> None:
    list(build_plan(plan_of(tmp_path, thing(""), "line")))
    places = Catalogue.open(tmp_path).read("places")
    assert places.geometry["north"] == shapely.Point(500000, 4554000)
    assert places.loc["north", "coordinate_basis"] == "estimated"


def test_what_stands_on_a_place_is_built_anew_when_the_place_moves(tmp_path: Path) -> None:
    strip = thing('corridor = { along = "brook", half_width_m = 100 }')
    plan_of(tmp_path, strip)
    assert [report.built for report in build_plan(tmp_path)] == [True, True, True]
    assert [report.built for report in build_plan(tmp_path)] == [False, False, False]
    moved = PLACES.replace("497000", "496000")
    (tmp_path / "places.toml").write_text(moved, encoding="utf-8")
    assert [report.built for report in build_plan(tmp_path)] == [True, True, True]
    zone = Catalogue.open(tmp_path).read("things").iloc[0]
    assert zone.area_m2 == pytest.approx(4000 * 200, rel=1e-6)


# ---- what is refused, by name

REFUSED = {
    "unknown place": (
        'circle = { place = "nowhere", area_ha = 1 }',
        "unknown place 'nowhere'; known: west, corner",
    ),
    "two recipes": (
        'circle = { place = "west", area_ha = 1 }\nroute = ["west", "north"]',
        "circle and route: a geometry comes about in one way only",
    ),
    "no area": ('circle = { place = "west" }', "circle.area_ha: Field required"),
    "area of nothing": ('circle = { place = "west", area_ha = 0 }', "circle.area_ha"),
    "endless area": ('circle = { place = "west", area_ha = inf }', "circle.area_ha"),
    "one place": ('route = ["west"]', "route"),
    "standing still": ('route = ["west", "west"]', "the leg from 'west' has no length"),
    "too large": ('circle = { place = "west", area_ha = 1e8 }', "a radius of 564 km"),
    "over the edge": (
        'route = ["west", "far"]',
        "more than 1.6° from the meridian",
    ),
    "unknown course": (
        'corridor = { along = "stream", half_width_m = 9 }',
        "unknown course 'stream'; known: brook, unplaced",
    ),
    "course not drawn": (
        'corridor = { along = "unplaced", half_width_m = 9 }',
        "the course 'unplaced' is not a line",
    ),
    "no width": ('corridor = { along = "brook" }', "corridor.half_width_m: Field required"),
    "unknown ends": (
        'corridor = { along = "brook", half_width_m = 9, ends = "square" }',
        "corridor.ends",
    ),
    "misspelt recipe": ('circel = { place = "west" }', "circel: Extra inputs are not permitted"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_wrong_recipe_is_refused_by_feature_and_cause(tmp_path: Path, case: str) -> None:
    recipe, message = REFUSED[case]
    with pytest.raises(SourceInvalid) as refusal:
        list(build_plan(plan_of(tmp_path, thing(recipe))))
    assert "things.toml: feature 'T-1'" in str(refusal.value)
    assert message in str(refusal.value)
    assert not (tmp_path / "things.gpkg").exists()


@pytest.mark.parametrize(
    ("claim", "message"),
    [
        ("geometry_accuracy_m = 100", "better than its worst place, ±3000 m"),
        ('coordinate_basis = "sourced"', "better than its worst place, 'derived'"),
        ('coordinate_basis = "seen"', "'seen' is none of estimated, derived, sourced"),
    ],
)
def test_nothing_is_better_known_than_what_it_stands_on(
    tmp_path: Path, claim: str, message: str
) -> None:
    circle = 'circle = { place = "corner", area_ha = 1 }'
    with pytest.raises(SourceInvalid) as refusal:
        list(build_plan(plan_of(tmp_path, thing(circle, claim))))
    assert message in str(refusal.value)


@pytest.mark.parametrize("claim", ['coordinate_basis = "estimated"', "geometry_accuracy_m = 5"])
def test_what_is_not_drawn_has_neither_basis_nor_accuracy(tmp_path: Path, claim: str) -> None:
    with pytest.raises(SourceInvalid, match="without a geometry"):
        list(build_plan(plan_of(tmp_path, thing("", claim))))


@pytest.mark.parametrize(
    ("was", "becomes", "message"),
    [
        ("geometry_accuracy_m = 50 ", "", "None is no distance in metres"),
        ("geometry_accuracy_m = 50", "geometry_accuracy_m = -1", "-1 is no distance in metres"),
        ('"estimated"', '"guessed"', "'guessed' is none of estimated, derived, sourced"),
        ("point = [497000, 4550000]", "", "place 'west': it needs a point"),
        ('id = "corner"', 'id = "west"', "'west' stands twice"),
        ("[497000, 4550000]", "[497000, nan]", "feature 'west': point.1"),
        ("EPSG:4550", "EPSG:4490", "in EPSG:4490, the source that names it in EPSG:4550"),
    ],
)
def test_a_place_must_say_where_how_well_and_whence(
    tmp_path: Path, was: str, becomes: str, message: str
) -> None:
    plan_of(tmp_path, thing('circle = { place = "west", area_ha = 1 }'))
    catalogue = (tmp_path / "catalogue.toml").read_text(encoding="utf-8")
    own = PLAN + ENTRY.format(id="things", geometry="area", line_means="")
    assert catalogue != own
    (tmp_path / "catalogue.toml").write_text(own, encoding="utf-8")
    assert was in PLACES
    (tmp_path / "places.toml").write_text(PLACES.replace(was, becomes, 1), encoding="utf-8")
    with pytest.raises(SourceInvalid) as refusal:
        list(build_plan(tmp_path))
    assert "places.toml" in str(refusal.value)
    assert message in str(refusal.value)


def test_a_source_that_names_no_places_has_none(tmp_path: Path) -> None:
    circle = thing('circle = { place = "west", area_ha = 1 }')
    with pytest.raises(SourceInvalid, match="the source names no file of them"):
        list(build_plan(plan_of(tmp_path, circle, names="")))


def test_courses_have_no_courses(tmp_path: Path) -> None:
    strip = thing('corridor = { along = "T-1", half_width_m = 9 }')
    with pytest.raises(SourceInvalid, match="has no courses of its own"):
        list(build_plan(plan_of(tmp_path, strip, names='courses = "things.toml"')))


def test_a_missing_file_of_places_is_named(tmp_path: Path) -> None:
    circle = thing('circle = { place = "west", area_ha = 1 }')
    with pytest.raises(SourceInvalid, match=r"gone\.toml cannot be read"):
        list(build_plan(plan_of(tmp_path, circle, names='places = "gone.toml"')))
