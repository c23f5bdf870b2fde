"""How much of each zone is covered: lopsided cases checked by head, odd input, an oracle.

Shapes are metres from (500 000, 4 550 000) in EPSG:4550, on the meridian, where plane areas
and reported ones agree to a few parts in 1e8.
"""

from __future__ import annotations

import math
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely

from geoplan.errors import (
    BadQuery,
    CrsMismatch,
    DuplicateId,
    EmptyLayer,
    FeatureTooWide,
    GeoplanError,
    InvalidGeometry,
    WrongGeometryType,
)
from geoplan.queries import coverage, engine, overlap

EAST, NORTH = 500_000, 4_550_000
ORIGIN = np.array([EAST, NORTH], dtype=float)


def at(wkt: str) -> Any:
    return shapely.transform(shapely.from_wkt(wkt), lambda xy: xy + ORIGIN)


def rectangle(x: float, y: float, wide: float, high: float) -> Any:
    return shapely.box(EAST + x, NORTH + y, EAST + x + wide, NORTH + y + high)


def layer(shapes: dict[Any, Any], crs: Any = 4550) -> gpd.GeoDataFrame:
    moved = [at(shape) if isinstance(shape, str) else shape for shape in shapes.values()]
    return gpd.GeoDataFrame(geometry=moved, index=list(shapes), crs=crs)


def metres(value: float) -> Any:
    return pytest.approx(value, rel=1e-6, abs=1e-6)


@pytest.fixture(autouse=True, params=["GEOS", "the kernels"])
def answered_by(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask everything of either."""
    if request.param == "the kernels":
        pytest.importorskip("numba", reason="the extra 'engine' is not installed")
        monkeypatch.setattr(engine, "WORTH", 1)


ZONE = rectangle(0, 0, 300, 200)
RING = "POLYGON ((0 0, 300 0, 300 200, 0 200, 0 0), (100 50, 180 50, 180 90, 100 90, 100 50))"
HOOK = "POLYGON ((280 180, 320 180, 320 120, 300 120, 300 60, 340 60, 340 260, 280 260, 280 180))"

# zone, covers by layer, covered [m²]
CASES: dict[str, tuple[Any, list[list[Any]], float]] = {
    "nothing near": (ZONE, [[rectangle(900, 0, 9, 9)]], 0),
    "touching only": (ZONE, [[rectangle(300, 0, 9, 9), rectangle(-9, 200, 9, 9)]], 0),
    "a corner": (ZONE, [[rectangle(200, 150, 900, 800)]], 100 * 50),
    "a cover wholly inside": (ZONE, [[rectangle(20, 30, 40, 50)]], 40 * 50),
    "a zone wholly inside": (ZONE, [[rectangle(-20, -30, 900, 700)]], 300 * 200),
    "covers apart add up": (
        ZONE,
        [[rectangle(0, 0, 10, 20), rectangle(100, 0, 30, 40)]],
        10 * 20 + 30 * 40,
    ),
    "covers that overlap count once": (
        ZONE,
        [[rectangle(0, 0, 100, 50), rectangle(60, 20, 100, 70)]],
        100 * 50 + 100 * 70 - 40 * 30,
    ),
    "layers that overlap count once": (
        ZONE,
        [[rectangle(0, 0, 100, 50)], [rectangle(60, 20, 100, 70)]],
        100 * 50 + 100 * 70 - 40 * 30,
    ),
    "the same cover thrice counts once": (ZONE, [[ZONE], [ZONE, ZONE]], 300 * 200),
    "side by side leave no seam": (
        ZONE,
        [[rectangle(0, 0, 110, 200)], [rectangle(110, 0, 190, 200)]],
        300 * 200,
    ),
    "a hole in the zone is no zone": (RING, [[rectangle(90, 40, 50, 30)]], 50 * 30 - 40 * 20),
    "a cover in the hole of the zone": (RING, [[rectangle(110, 60, 20, 10)]], 0),
    "a hole in the cover is a gap": (ZONE, [[RING]], 300 * 200 - 80 * 40),
    "the hole of a cover filled by another": (ZONE, [[RING], [rectangle(90, 40, 95, 60)]], 60_000),
    "a zone in two parts": (
        "MULTIPOLYGON (((0 0, 10 0, 10 30, 0 30, 0 0)), ((50 0, 90 0, 50 20, 50 0)))",
        [[rectangle(0, 10, 60, 100)]],
        10 * 20 + 10 * ((20 - 10) + (15 - 10)) / 2,
    ),
    "contact beside a shared piece": (
        ZONE,
        [[HOOK]],
        20 * 20,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_zone_is_covered(case: str) -> None:
    zone, covers, covered = CASES[case]
    by = [layer(dict(enumerate(shapes))) for shapes in covers]
    row = coverage(layer({"Z": zone}), *by).iloc[0]
    whole = layer({"Z": zone}).area.iloc[0]
    assert row["zone_area_m2"] == metres(whole)
    assert row["covered_area_m2"] == metres(covered)
    assert row["gap_area_m2"] == metres(whole - covered)
    assert row["coverage_ratio"] == metres(covered / whole)
    assert row["geometry"].area == metres(whole - covered)
    assert row["geometry"].is_valid


def test_the_gap_is_where_no_cover_is() -> None:
    gap = coverage(
        layer({"Z": ZONE}),
        layer({1: rectangle(-9, -9, 109, 400)}),
        layer({1: rectangle(100, 0, 200, 50)}),
    ).geometry.iloc[0]
    assert gap.equals(rectangle(100, 50, 200, 150))


def lopsided() -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame, gpd.GeoDataFrame]:
    zones = layer(
        {
            "south": rectangle(0, 0, 300, 100),
            "none": None,
            "north": rectangle(0, 100, 300, 300),
            "away": rectangle(900, 0, 10, 20),
        }
    )
    first = layer({1: rectangle(250, 50, 100, 100), 2: rectangle(0, 0, 30, 10)})
    second = layer({1: rectangle(260, 60, 10, 200), 2: None})
    return zones, first, second


def test_every_figure_stands_in_the_row_of_its_zone() -> None:
    found = coverage(*lopsided())
    assert found.columns.tolist() == [
        "zone_id",
        "zone_area_m2",
        "covered_area_m2",
        "gap_area_m2",
        "coverage_ratio",
        "small_gap_count",
        "geometry",
    ]
    assert found["zone_id"].tolist() == ["south", "none", "north", "away"]
    covered = [50 * 50 + 30 * 10, math.nan, 50 * 50 + 10 * 110, 0]
    sizes = [30_000, math.nan, 90_000, 200]
    assert found["covered_area_m2"].tolist() == pytest.approx(covered, rel=1e-6, nan_ok=True)
    assert found["zone_area_m2"].tolist() == pytest.approx(sizes, rel=1e-6, nan_ok=True)
    ratios = [part / size for part, size in zip(covered, sizes, strict=True)]
    assert found["coverage_ratio"].tolist() == pytest.approx(ratios, rel=1e-6, nan_ok=True)
    gaps = [size - part for part, size in zip(covered, sizes, strict=True)]
    assert found["gap_area_m2"].tolist() == pytest.approx(gaps, rel=1e-6, nan_ok=True)
    assert found.geometry.iloc[1] is None
    assert found.index.tolist() == [0, 1, 2, 3]


def test_what_has_no_place_is_listed_by_layer() -> None:
    attrs = coverage(*lopsided()).attrs
    assert attrs["no_geometry"] == {"zones": ["none"], "by": [[], [2]]}
    assert attrs["measuring_planes"] == ["EPSG:4550"]


def test_zones_may_overlap_and_each_is_measured_alone() -> None:
    zones = layer({"a": rectangle(0, 0, 100, 100), "b": rectangle(50, 0, 100, 100)})
    found = coverage(zones, layer({1: rectangle(60, 0, 200, 50)}))
    assert found["covered_area_m2"].tolist() == [metres(40 * 50), metres(90 * 50)]


def test_a_layer_covers_itself_whole() -> None:
    zones, _, _ = lopsided()
    found = coverage(zones, zones).dropna()
    assert found["coverage_ratio"].tolist() == [1.0, 1.0, 1.0]
    assert found["gap_area_m2"].tolist() == [0.0, 0.0, 0.0]
    assert found.geometry.is_empty.all()


def test_sides_that_cross_cover_no_more_than_the_zone() -> None:
    zones, first, second = lopsided()
    found = coverage(zones, first, second, zones, first).dropna()
    assert found["coverage_ratio"].tolist() == pytest.approx([1, 1, 1], rel=1e-12)
    assert (found["coverage_ratio"] <= 1).all()


@pytest.mark.parametrize("crs", [4490, 4529, 4326, 3857])
def test_the_answer_is_in_the_crs_of_the_zones(crs: int) -> None:
    found = coverage(*(one.to_crs(crs) for one in lopsided()))
    plane = coverage(*lopsided())
    assert found.crs == crs
    assert found["coverage_ratio"].tolist() == pytest.approx(
        plane["coverage_ratio"].tolist(), rel=1e-6, nan_ok=True
    )
    assert found.geometry.to_crs(4550).dropna().area.tolist() == pytest.approx(
        plane.geometry.dropna().area.tolist(), rel=1e-6
    )


@pytest.mark.parametrize("nowhere", [None, shapely.Polygon(), shapely.Point()])
def test_zones_with_no_place_at_all_have_rows_without_figures(nowhere: Any) -> None:
    found = coverage(layer({4: nowhere, 2: nowhere}), layer({"c": ZONE}))
    assert found["zone_id"].tolist() == [4, 2]
    assert found.drop(columns="zone_id").isna().all(axis=None)
    assert [str(found[name].dtype) for name in found.columns[1:5]] == ["float64"] * 4
    assert found.attrs["no_geometry"] == {"zones": [4, 2], "by": [[]]}


def test_how_much_covers_without_a_place_cover_is_not_known() -> None:
    found = coverage(layer({"Z": ZONE}), layer({1: None}), layer({2: shapely.Polygon()}))
    assert found["zone_area_m2"].gt(0).all()
    assert found[["covered_area_m2", "gap_area_m2", "coverage_ratio"]].isna().all(axis=None)
    assert found.geometry.iloc[0] is None
    assert found.attrs["no_geometry"] == {"zones": [], "by": [[1], [2]]}


def test_inputs_are_not_modified() -> None:
    given = lopsided()
    before = [one.copy(deep=True) for one in given]
    coverage(*given)
    for now, then in zip(given, before, strict=True):
        assert now.equals(then)
        assert now.columns.tolist() == then.columns.tolist()
        assert now.attrs == then.attrs


def test_other_columns_and_names_of_the_geometry_do_not_matter() -> None:
    zones, first, second = lopsided()
    zones = zones.assign(zone_area_m2="mine", zone_id=1).rename_geometry("shape")
    found = coverage(zones, first.rename_geometry("geom"), second)
    expected = coverage(*lopsided())
    assert found["covered_area_m2"].equals(expected["covered_area_m2"])
    assert found["zone_id"].equals(expected["zone_id"])


def test_far_zones_and_covers_of_the_same_ids_are_kept_apart() -> None:
    # zones 2° apart need two planes, and both layers count their features from 1
    lon = [122.0, 124.8, 123.2]
    zones = gpd.GeoDataFrame(
        geometry=[shapely.box(x, 41, x + 0.01, 41.01) for x in lon], index=[3, 1, 2], crs=4490
    )
    covers = gpd.GeoDataFrame(
        geometry=[
            shapely.box(x, 41, x + wide, 41.01)
            for x, wide in zip(lon, (0.002, 0.009, 0.005), strict=True)
        ],
        index=[1, 2, 3],
        crs=4490,
    )
    found = coverage(zones, covers)
    assert found["zone_id"].tolist() == [3, 1, 2]
    assert found["coverage_ratio"].tolist() == pytest.approx([0.2, 0.9, 0.5], rel=1e-4)
    assert found.attrs["measuring_planes"] == ["EPSG:4550", "EPSG:4551"]


# By groups, small gaps, lines


def town_zones() -> gpd.GeoDataFrame:
    """Return two built zones that share 20 × 30 m, one planned, one of unknown status."""
    zones = layer(
        {
            "a": rectangle(0, 0, 100, 30),
            "b": rectangle(80, 0, 70, 30),
            "c": rectangle(200, 0, 40, 50),
            "d": rectangle(300, 0, 10, 10),
            "e": None,
        }
    )
    return zones.assign(status=["built", "built", "planned", None, "closed"])


def test_zones_of_a_group_are_one_and_shared_ground_counts_once() -> None:
    by = layer({1: rectangle(-5, 0, 95, 20), 2: rectangle(230, 10, 400, 60)})
    found = coverage(town_zones(), by, by_group="status")
    assert found["zone_id"].tolist()[:2] == ["built", "planned"]
    assert found["zone_id"].isna().tolist() == [False, False, True, False]
    assert found["zone_area_m2"].tolist()[:3] == [metres(150 * 30), metres(2000), metres(100)]
    assert found["covered_area_m2"].tolist()[:3] == [metres(90 * 20), metres(10 * 40), 0.0]
    assert found["gap_area_m2"].tolist()[:3] == [metres(2700), metres(1600), metres(100)]
    assert found["coverage_ratio"].tolist()[:2] == [metres(0.4), metres(0.2)]
    assert found.iloc[3]["zone_id"] == "closed"
    assert math.isnan(found.iloc[3]["zone_area_m2"])
    assert found.attrs["no_geometry"]["zones"] == ["e"]


@pytest.mark.parametrize("column", ["nothing", "geometry"])
def test_a_group_is_a_column_of_the_zones(column: str) -> None:
    with pytest.raises(BadQuery, match=f"no column '{column}'"):
        coverage(town_zones(), layer({1: ZONE}), by_group=column)


def test_small_gaps_leave_the_picture_and_not_the_figures() -> None:
    # the cover leaves a strip of 2 × 30 m in the west and one of 20 × 30 m in the east
    zones = layer({"a": rectangle(0, 0, 100, 30), "b": rectangle(200, 0, 10, 10), "c": None})
    by = layer({1: rectangle(2, -5, 78, 40)})
    kept = [coverage(zones, by, min_gap_m2=minimum).iloc[0] for minimum in (0, 59.9, 60.1, 601)]
    assert [row["small_gap_count"] for row in kept] == [0, 0, 1, 2]
    assert [row["geometry"].area for row in kept] == [metres(660), metres(660), metres(600), 0]
    assert [row["gap_area_m2"] for row in kept] == [metres(660)] * 4
    assert kept[2]["geometry"].bounds == (EAST + 80, NORTH, EAST + 100, NORTH + 30)
    rest = coverage(zones, by, min_gap_m2=99).iloc[1:]
    assert rest["small_gap_count"].tolist() == pytest.approx([0, math.nan], nan_ok=True)
    assert rest.geometry.iloc[0].area == metres(100)
    assert rest.geometry.iloc[1] is None


@pytest.mark.parametrize("minimum", [-1, math.nan, math.inf])
def test_a_minimum_gap_is_a_finite_number_from_zero(minimum: float) -> None:
    with pytest.raises(BadQuery, match="min_gap_m2"):
        coverage(layer({1: ZONE}), layer({1: ZONE}), min_gap_m2=minimum)


def test_small_gaps_cannot_be_told_without_geometry() -> None:
    with pytest.raises(BadQuery, match="needs gap_geometry"):
        coverage(layer({1: ZONE}), layer({1: ZONE}), min_gap_m2=1, gap_geometry=False)


def test_without_geometry_the_figures_are_the_same() -> None:
    given = lopsided()
    with_it, without = coverage(*given), coverage(*given, gap_geometry=False)
    assert without.geometry.isna().all()
    for name in with_it.columns[1:-1]:
        assert without[name].tolist() == pytest.approx(with_it[name].tolist(), nan_ok=True)


def test_lines_are_covered_by_a_share_of_their_length() -> None:
    roads = layer(
        {"r": "LINESTRING (-50 20, 350 20)", "in": "LINESTRING (10 10, 40 50)", "no": None}
    )
    found = coverage(roads, layer({1: rectangle(0, 0, 100, 100), 2: rectangle(60, 0, 140, 40)}))
    assert found.columns.tolist()[1:4] == ["zone_length_m", "covered_length_m", "gap_length_m"]
    assert found["zone_length_m"].tolist()[:2] == [metres(400), metres(50)]
    assert found["covered_length_m"].tolist()[:2] == [metres(200), metres(50)]
    assert found["gap_length_m"].tolist()[:2] == [metres(200), 0]
    assert found["coverage_ratio"].tolist() == pytest.approx([0.5, 1, math.nan], nan_ok=True)
    assert found.geometry.iloc[0].length == metres(200)
    assert found.geometry.iloc[1].is_empty


# What is refused

LINE, POINT = "LINESTRING (0 0, 9 9)", "POINT (1 1)"
BOW_TIE = "POLYGON ((0 0, 10 10, 10 0, 0 10, 0 0))"


def test_coverage_by_nothing_is_refused() -> None:
    with pytest.raises(BadQuery, match="at least one layer"):
        coverage(layer({"Z": ZONE}))


def doubled(ids: list[Any]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(geometry=[ZONE] * len(ids), index=ids, crs=4550)


BAD: dict[str, tuple[gpd.GeoDataFrame, type[GeoplanError], str]] = {
    "points": (layer({1: POINT}), WrongGeometryType, "{role} holds points"),
    "a mixture": (layer({1: ZONE, 2: LINE}), WrongGeometryType, "{role} mixes lines and areas"),
    "a collection": (
        layer({1: "GEOMETRYCOLLECTION (POINT (1 1))"}),
        WrongGeometryType,
        "{role} holds geometry collections",
    ),
    "an invalid area": (
        layer({8: ZONE, 9: BOW_TIE}),
        InvalidGeometry,
        r"feature 9 of {role} .* Self-intersection\[500005 4550005\]",
    ),
    "no feature": (layer({}), EmptyLayer, "{role} has no features"),
    "the same id": (doubled(["a", "a"]), DuplicateId, "{role} have the id 'a'"),
    "no id": (doubled([None]), DuplicateId, "{role} has no id"),
    "no CRS": (layer({1: ZONE}, None), CrsMismatch, "has no CRS"),
    "another CRS": (layer({1: ZONE}, 4549), CrsMismatch, "different CRS"),
}


@pytest.mark.parametrize("case", BAD)
@pytest.mark.parametrize("role", ["zones", "covering layer 1", "covering layer 2"])
def test_a_bad_layer_is_refused_and_its_role_named(case: str, role: str) -> None:
    bad, error, words = BAD[case]
    good = layer({"g": ZONE})
    given = {
        "zones": [bad, good],
        "covering layer 1": [good, bad, good],
        "covering layer 2": [good, good, bad],
    }[role]
    with pytest.raises(error, match=words.format(role=role)):
        coverage(*given)


def test_a_zone_across_the_date_line_is_refused_by_its_id() -> None:
    wide = layer({5: shapely.box(-179, 41, 179, 41.01)}, 4490)
    with pytest.raises(FeatureTooWide, match="feature 5 reaches"):
        coverage(wide, wide)


# An oracle that shares no code of ours


def scattered(seed: int, count: int, size: float, spread: float) -> gpd.GeoDataFrame:
    """Return lopsided polygons, every third with a hole."""
    random = np.random.default_rng(seed)
    shapes = {}
    for number in range(count):
        angles = np.sort(random.uniform(0, 2 * np.pi, 5))
        corners = np.column_stack([np.cos(angles), np.sin(angles)])
        hull = shapely.MultiPoint(
            ORIGIN + random.uniform(0, spread, 2) + corners * random.uniform(0.2, 1, (5, 1)) * size
        ).convex_hull
        if number % 3 == 1:
            hull = hull.difference(shapely.affinity.scale(hull, 0.4, 0.3))
        shapes[number] = hull
    return layer(shapes)


@pytest.mark.parametrize("seed", range(4))
def test_random_zones_are_covered_by_the_union_of_all(seed: int) -> None:
    zones = scattered(seed, 25, 250, 1500)
    by = [scattered(seed + 50, 30, 180, 1500), scattered(seed + 90, 20, 90, 1500)]
    union = shapely.union_all([*by[0].geometry, *by[1].geometry])
    found = coverage(zones, *by).set_index("zone_id")
    assert (found["coverage_ratio"] > 0).sum() > 5
    for name, zone in zones.geometry.items():
        row = found.loc[name]
        assert row["covered_area_m2"] == pytest.approx(zone.intersection(union).area, rel=1e-6)
        assert row["gap_area_m2"] == pytest.approx(zone.difference(union).area, rel=1e-6)
        assert row["zone_area_m2"] == pytest.approx(zone.area, rel=1e-6)
        assert row["geometry"].symmetric_difference(zone.difference(union)).area < 1e-4


def test_random_zones_are_covered_less_than_their_overlaps_add_up_to() -> None:
    zones, by = scattered(1, 25, 250, 900), scattered(51, 30, 180, 900)
    added = overlap(zones, by).groupby("left_id")["area_m2"].sum()
    united = coverage(zones, by).set_index("zone_id")["covered_area_m2"]
    # covered is the zone less its gap, which rounds to a hundredth of a square millimetre
    assert (united[added.index] <= added * (1 + 1e-9) + 1e-7).all()
    assert (united[added.index] < added * 0.9).sum() > 5


def test_a_line_under_covers_that_overlap_keeps_no_gap_there() -> None:
    # a slanting road of 500 m; two covers that overlap each other hide all but its ends:
    # from a quarter of the way to the half, from 0.4 to 0.8
    road = shapely.LineString([(EAST, NORTH), (EAST + 300, NORTH + 400)])
    covers = [
        shapely.box(EAST + 75, NORTH - 50, EAST + 150, NORTH + 450),
        shapely.box(EAST + 120, NORTH - 70, EAST + 240, NORTH + 500),
    ]
    zones = gpd.GeoDataFrame(geometry=[road], index=["R"], crs=4550)
    by = gpd.GeoDataFrame(geometry=covers, index=["A", "B"], crs=4550)
    (row,) = coverage(zones, by).itertuples()
    assert row.zone_length_m == pytest.approx(500, rel=1e-6)
    assert row.covered_length_m == pytest.approx(0.55 * 500, rel=1e-6)
    assert row.geometry.length == pytest.approx(0.45 * 500, rel=1e-6)
