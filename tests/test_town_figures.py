"""The town's figures: worked out on paper, written in its README, held against the program."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations
from pathlib import Path

import pytest

from geoplan import Catalogue, processes
from geoplan.crs import to_lonlat
from geoplan.processes import CoverageInputs, OverlapInputs
from geoplan.queries import coverage, overlap

README = Path(__file__).parents[1] / "examples" / "town" / "README.md"

LAYER_OF = {
    "IP": "industrial-parks",
    "SC": "scenic-areas",
    "RR": "river-remediation-zones",
    "HW": "highways",
    "GP": "gas-pipelines",
}
AREA_LAYERS = ("industrial-parks", "scenic-areas", "river-remediation-zones")
LINE_LAYERS = ("highways", "gas-pipelines")

# id: m² of an area, m of a line
SIZES = {
    "IP-1": 1000 * 600,
    "IP-2": 1000 * 300 + 400 * 500,
    "IP-3": 600 * 800 // 2,
    "SC-1": 700 * 1000,
    "SC-2": 900 * 600 - 200 * 100,
    "SC-3": 150 * 700,
    "RR-1": 1800 * 200,
    "RR-2": 300 * 100 + 200 * 120,
    "HW-1": 2000,
    "HW-2": 500 + 1000,
    "GP-1": 1000,
    "GP-2": 500 + 400,
    "GP-3": 400,
}

# (left, right): shared m²
SHARED_AREAS: dict[tuple[str, str], Fraction] = {
    ("IP-1", "SC-1"): Fraction(400 * 300),
    ("IP-2", "SC-2"): Fraction(200 * 200 - 100 * 100),
    ("IP-2", "SC-3"): Fraction(150 * 300),
    ("IP-3", "RR-1"): Fraction((225 + 75) * 200, 2),
    ("SC-1", "RR-2"): Fraction(200 * 100),
    ("SC-2", "RR-2"): Fraction(200 * 120),
}

# (area, line): shared m
SHARED_LENGTHS: dict[tuple[str, str], Fraction] = {
    ("IP-1", "HW-1"): Fraction(1000),
    ("IP-2", "HW-1"): Fraction(100),
    ("IP-2", "HW-2"): Fraction(400),
    ("IP-1", "GP-2"): 500 * (Fraction(2, 3) - Fraction(1, 4)),
    ("IP-1", "GP-3"): Fraction(400),
    ("IP-2", "GP-1"): Fraction(800),
    ("SC-1", "HW-1"): Fraction(600),
    ("SC-1", "GP-2"): Fraction(500),
    ("SC-2", "GP-2"): Fraction(300),
    ("RR-1", "HW-2"): Fraction(200),
}

# (zone, layers it is covered by): covered m²
COVERED: dict[tuple[str, tuple[str, ...]], int] = {
    ("IP-1", ("scenic-areas", "river-remediation-zones")): 120_000,
    ("IP-2", ("scenic-areas", "river-remediation-zones")): 30_000 + 45_000 - 25_000,
    ("IP-3", ("scenic-areas", "river-remediation-zones")): 30_000,
    ("SC-1", ("industrial-parks", "river-remediation-zones")): 120_000 + 20_000,
    ("SC-2", ("industrial-parks", "river-remediation-zones")): 30_000 + 24_000,
    ("SC-3", ("industrial-parks", "river-remediation-zones")): 45_000,
    ("RR-1", ("industrial-parks", "scenic-areas")): 30_000,
    ("RR-2", ("industrial-parks", "scenic-areas")): 20_000 + 24_000,
    ("IP-1", ("scenic-areas",)): 120_000,
    ("IP-2", ("scenic-areas",)): 30_000 + 45_000 - 25_000,
    ("IP-3", ("scenic-areas",)): 0,
    ("IP-1", ("river-remediation-zones",)): 0,
    ("IP-2", ("river-remediation-zones",)): 0,
    ("IP-3", ("river-remediation-zones",)): 30_000,
    ("SC-1", ("industrial-parks",)): 120_000,
    ("SC-2", ("industrial-parks",)): 30_000,
    ("SC-3", ("industrial-parks",)): 45_000,
    ("SC-1", ("river-remediation-zones",)): 20_000,
    ("SC-2", ("river-remediation-zones",)): 24_000,
    ("SC-3", ("river-remediation-zones",)): 0,
    ("RR-1", ("industrial-parks",)): 30_000,
    ("RR-2", ("industrial-parks",)): 0,
    ("RR-1", ("scenic-areas",)): 0,
    ("RR-2", ("scenic-areas",)): 20_000 + 24_000,
}

# (line, line): where they cross, easting and northing
CROSSINGS: dict[tuple[str, str], tuple[Fraction, Fraction]] = {
    ("HW-1", "GP-2"): (490_000 + 8400 + Fraction(400, 3), Fraction(4_540_000 + 10_700)),
}

# every feature is 1 m off at most: a line along an edge, and one that ends on an edge
UNCERTAIN = {("IP-1", "GP-3"), ("RR-2", "GP-2")}

ON_PAPER = SHARED_AREAS | SHARED_LENGTHS
MEASURABLE = [
    *combinations(AREA_LAYERS, 2),
    *((area, line) for area in AREA_LAYERS for line in LINE_LAYERS),
]


def layer_of(feature_id: str) -> str:
    return LAYER_OF[feature_id[:2]]


def approx(value: Fraction | int) -> object:
    return pytest.approx(float(value), rel=1e-6, abs=1e-9)


def between(left: str, right: str) -> dict[tuple[str, str], Fraction]:
    """Return the figures on paper of one pair of layers."""
    return {
        pair: shared
        for pair, shared in ON_PAPER.items()
        if (layer_of(pair[0]), layer_of(pair[1])) == (left, right)
    }


@pytest.mark.parametrize(("left", "right"), MEASURABLE)
def test_overlap_of_two_layers_is_what_paper_says(left: str, right: str, town: Catalogue) -> None:
    found = overlap(town.read(left), town.read(right))
    shared = found["area_m2"] if right in AREA_LAYERS else found["length_m"]
    pairs = zip(found["left_id"], found["right_id"], strict=True)
    assert dict(zip(pairs, shared, strict=True)) == {
        pair: approx(value) for pair, value in between(left, right).items()
    }


@pytest.mark.parametrize(("left", "right"), MEASURABLE)
def test_overlap_the_other_way_round_shares_the_same(
    left: str, right: str, town: Catalogue
) -> None:
    found = overlap(town.read(right), town.read(left))
    shared = found["area_m2"] if right in AREA_LAYERS else found["length_m"]
    pairs = zip(found["right_id"], found["left_id"], strict=True)
    assert dict(zip(pairs, shared, strict=True)) == {
        pair: approx(value) for pair, value in between(left, right).items()
    }


@pytest.mark.parametrize(("left", "right"), MEASURABLE)
def test_ratios_are_of_each_features_own_size(left: str, right: str, town: Catalogue) -> None:
    found = overlap(town.read(left), town.read(right)).set_index(["left_id", "right_id"])
    for (left_id, right_id), shared in between(left, right).items():
        row = found.loc[(left_id, right_id)]
        assert row["right_ratio"] == approx(shared / SIZES[right_id])
        if right in AREA_LAYERS:
            assert row["left_ratio"] == approx(shared / SIZES[left_id])
        else:
            assert row["left_ratio"] != row["left_ratio"], "an area has no share of a line"


@pytest.mark.parametrize(("zone", "by"), COVERED, ids=lambda case: str(case))
def test_coverage_is_what_paper_says(zone: str, by: tuple[str, ...], town: Catalogue) -> None:
    found = coverage(town.read(layer_of(zone)), *(town.read(layer) for layer in by))
    row = found.set_index("zone_id").loc[zone]
    covered, size = COVERED[zone, by], SIZES[zone]
    assert row["zone_area_m2"] == approx(size)
    assert row["covered_area_m2"] == approx(covered)
    assert row["gap_area_m2"] == approx(size - covered)
    assert row["coverage_ratio"] == approx(Fraction(covered, size))
    assert row["geometry"].area == approx(size - covered)


def test_the_overlap_process_finds_every_pair_on_paper_and_no_other(town: Catalogue) -> None:
    result = processes.overlap(town, OverlapInputs())
    found = result.features
    shared = found["area_m2"].fillna(found["length_m"]).fillna(0)
    pairs = list(zip(found["left_id"], found["right_id"], strict=True))
    nothing = dict.fromkeys([*CROSSINGS, ("RR-2", "GP-2")], 0)
    assert dict(zip(pairs, shared, strict=True)) == {
        pair: approx(value) for pair, value in (ON_PAPER | nothing).items()
    }
    outcomes = dict(zip(pairs, found["outcome"], strict=True))
    assert {pair for pair in pairs if outcomes[pair] == "uncertain"} == UNCERTAIN
    assert set(outcomes.values()) == {"hit", "uncertain"}
    assert set(found["uncertainty_m"]) == {2}
    assert result.totals == {
        "count": 18,
        "hit_count": 16,
        "uncertain_count": 2,
        "area_m2": approx(269_000),
        "length_m": approx(Fraction(13_525, 3)),
        "point_count": 1,
    }


def test_lines_cross_where_paper_says(town: Catalogue) -> None:
    found = overlap(town.read("highways"), town.read("gas-pipelines"))
    (row,) = found.itertuples()
    assert (row.left_id, row.right_id) == ("HW-1", "GP-2")
    assert (row.point_count, row.length_m) == (1, 0)
    assert (row.geometry.x, row.geometry.y) == tuple(map(approx, CROSSINGS["HW-1", "GP-2"]))


def test_the_coverage_process_takes_every_other_area_layer(town: Catalogue) -> None:
    found = processes.coverage(town, CoverageInputs()).features
    found = found[found["zone_id"] != "IP-4"]
    keys = zip(found["zone_id"], (tuple(by.split(", ")) for by in found["by"]), strict=True)
    assert dict(zip(keys, found["covered_area_m2"], strict=True)) == {
        key: approx(covered) for key, covered in COVERED.items() if len(key[1]) == 2
    }


def test_the_feature_without_position_is_listed_and_has_no_figure(town: Catalogue) -> None:
    parks, scenic = town.read("industrial-parks"), town.read("scenic-areas")
    assert overlap(parks, scenic).attrs["no_geometry"] == {"left": ["IP-4"], "right": []}
    assert overlap(scenic, parks).attrs["no_geometry"] == {"left": [], "right": ["IP-4"]}
    row = coverage(parks, scenic).set_index("zone_id").loc["IP-4"]
    assert row.isna().all()
    assert coverage(scenic, parks).attrs["no_geometry"] == {"zones": [], "by": [["IP-4"]]}


def test_the_extent_of_the_plan_holds_every_feature(town: Catalogue) -> None:
    west, south, east, north = town.plan.extent
    for layer_id in town:
        bounds = to_lonlat(town.read(layer_id)).total_bounds
        assert west <= bounds[0] <= bounds[2] <= east, layer_id
        assert south <= bounds[1] <= bounds[3] <= north, layer_id


def test_all_coordinates_lie_within_three_kilometres_of_the_meridian(town: Catalogue) -> None:
    for layer_id in town:
        features = town.read(layer_id)
        assert features.crs == 4550
        west, _, east, _ = features.total_bounds
        assert 497_000 <= west <= east <= 503_000
        parts = features.geometry.dropna().explode().bounds
        assert (parts["maxx"] - parts["minx"] <= 2000).all()
        assert (parts["maxy"] - parts["miny"] <= 2000).all()


def table_under(heading: str) -> list[list[str]]:
    """Return the cells of the README's table under a heading, without its two head lines."""
    section = README.read_text(encoding="utf-8").split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def number(cell: str) -> Fraction:
    return Fraction(cell.replace(",", ""))


def test_readme_states_the_sizes_tested_here() -> None:
    stated = {row[0]: row[3] for row in table_under("Sizes")}
    assert stated.pop("IP-4") == "–"
    assert {name: number(size) for name, size in stated.items()} == SIZES


def test_readme_states_the_overlaps_tested_here() -> None:
    rows = table_under("Overlaps")
    assert {(left, right): number(shared) for left, right, _, shared, _, _ in rows} == ON_PAPER
    assert len(rows) == len(ON_PAPER)
    for left, right, _, shared, of_left, of_right in rows:
        assert number(of_right) == number(shared) / SIZES[right]
        if (left, right) in SHARED_AREAS:
            assert number(of_left) == number(shared) / SIZES[left]
        else:
            assert of_left == "–"


def test_readme_states_the_crossings_tested_here() -> None:
    stated = {(left, right): points for left, right, _, points in table_under("Crossings")}
    assert stated == dict.fromkeys(CROSSINGS, "1")


def test_readme_states_the_coverage_tested_here() -> None:
    rows = table_under("Coverage")
    stated = {(zone, tuple(by.split(", "))): number(area) for zone, by, _, area, _ in rows}
    assert stated == COVERED
    assert len(rows) == len(COVERED)
    for zone, _, _, covered, ratio in rows:
        assert number(ratio) == number(covered) / SIZES[zone]
