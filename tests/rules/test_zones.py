"""Legal zones on paper: from which line, how wide, and why one is not drawn."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from geoplan import Catalogue
from geoplan.processes import PROCESSES
from geoplan.rules import load_pack
from geoplan.rules.sources import Source
from geoplan.rules.zones import COLUMNS, legal_zones
from tests.rules.conftest import line, rect, row, rule, write_plan

NATIONAL = '[rule.where]\nobject = { road_class = "national" }'
RULES = (
    rule('kind = "setback", distance_m = 20, measured_from = "land_edge"', where=NATIONAL)
    + rule(
        'kind = "within_distance", from_m = 20, to_m = 50, measured_from = "land_edge"',
        key="PAP-02",
        severity="approval_required",
    )
    + rule('kind = "buffer_beyond", distance_m = 30, beyond = ["PAP-01"]', key="PAP-03")
    + rule('kind = "no_crossing"', key="PAP-04")
)
ROADS = [
    row("G1", line((0, 0), (4000, 0)), 1.5, road_class="national", land_half_width_m=12.0),
    row("G2", line((0, 900), (4000, 900)), 1.5, road_class="national", land_half_width_m=None),
    row("G3", line((0, 1800), (4000, 1800)), 1.5, road_class=None, land_half_width_m=12.0),
    row("G4", line((0, 2700), (4000, 2700)), 1.5, road_class="county", land_half_width_m=12.0),
    row("G5", None, 1.5, road_class="national", land_half_width_m=12.0),
]


@pytest.fixture
def plan(tmp_path: Path) -> Catalogue:
    return write_plan(
        tmp_path / "plan",
        RULES,
        {"highway": ROADS, "industrial_park": [row("P", rect(0, 50, 90, 150))]},
    )


def test_zones_reach_from_the_land_not_the_axis(plan: Catalogue) -> None:
    source = Source(plan["highway"], plan.read("highway"))
    zones = legal_zones(source, load_pack("paper", folder=plan.directory / "rules"))
    assert list(zones.columns) == COLUMNS
    told = {(one.rule_id, one.source_id): one for one in zones.itertuples()}
    # land of 4000 × 24, and 20 m about it: two sides of 4000, two of 24, four quarter circles
    inner = 4000 * 24 + 2 * 20 * (4000 + 24) + math.pi * 20**2
    first = told["PAP-01", "G1"]
    assert first.geometry.area == pytest.approx(inner, rel=1e-5)
    assert first.geometry.bounds[3] == pytest.approx(4_550_000 + 12 + 20, abs=1e-4)
    assert (first.distance_m, first.half_width_m, first.line_basis) == (20, 12, "land_half_width_m")
    assert first.geometry_accuracy_m == 1.5
    # the band from 20 to 50 m holds the land no more; its corners are chords, 3 m² short
    outer = 4000 * 24 + 2 * 50 * (4000 + 24) + math.pi * 50**2
    assert told["PAP-02", "G1"].geometry.area == pytest.approx(outer - inner, abs=3.2)
    # 30 m beyond 20 m is the same band
    assert told["PAP-03", "G1"].geometry.area == pytest.approx(outer - inner, abs=3.2)
    assert (told["PAP-03", "G1"].from_m, told["PAP-03", "G1"].distance_m) == (20, 50)


def test_what_cannot_be_drawn_says_why(plan: Catalogue) -> None:
    source = Source(plan["highway"], plan.read("highway"))
    zones = legal_zones(source, load_pack("paper", folder=plan.directory / "rules"))
    absent = zones[zones["outcome"] == "not_checked"]
    assert absent.geometry.isna().all()
    told = {(one.rule_id, one.source_id): (one.reason, one.field) for one in absent.itertuples()}
    assert told["PAP-01", "G2"] == ("field_empty", "land_half_width_m")
    assert told["PAP-01", "G3"] == ("field_empty", "road_class")
    assert told["PAP-01", "G5"][0] == "no_geometry"
    # the county road is under no such rule; a crossing draws no zone
    assert ("PAP-01", "G4") not in told
    assert set(zones["rule_id"]) == {"PAP-01", "PAP-02", "PAP-03"}
    assert zones["zone_id"].is_unique


def test_the_process_takes_a_later_pack_over_an_earlier_one(plan: Catalogue) -> None:
    own = rule(
        'kind = "setback", distance_m = 40, measured_from = "land_edge"',
        key="HWY-02",
        where=NATIONAL,
    )
    (plan.directory / "rules" / "paper.toml").write_text(
        (plan.directory / "rules" / "paper.toml").read_text(encoding="utf-8") + own,
        encoding="utf-8",
    )
    process = PROCESSES["legal-zones"]
    inputs = process.inputs.model_validate(
        {"layers": ["highway"], "packs": ["cn-national", "paper"]}
    )
    found = process.run(plan, inputs)
    rows = found.features[found.features["rule_id"] == "HWY-02"]  # type: ignore[union-attr]
    assert set(rows["distance_m"]) == {40}
    assert set(rows["pack"]) == {"paper 1"}
