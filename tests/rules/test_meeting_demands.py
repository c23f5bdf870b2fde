"""Meeting on paper: shared ground, crossings, angles, and what all objects together cover."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.rules.conftest import Asking, Layers, line, outcomes, rect, row, rule

NO_OVERLAP = 'kind = "no_overlap"'


def test_shared_ground(ask: Asking) -> None:
    # parks are known to 2 m, the scenic area to 4 m: 6 m of depth are needed to be sure
    layers: Layers = {
        "scenic_area": [
            row("S", rect(1000, 0, 1500, 2000), 4.0, zone="core"),
            row("T", rect(1000, 3000, 1500, 4000), 4.0, zone=None),
        ],
        "industrial_park": [
            row("sixteen", rect(900, 100, 1016, 130), 2.0),
            row("five", rect(900, 200, 1005, 240), 2.0),
            row("short", rect(900, 300, 997, 350), 2.0),  # 3 m away
            row("apart", rect(900, 400, 993, 460), 2.0),  # 7 m away
            row("unzoned", rect(900, 3100, 1050, 3170), 2.0),
            row("nowhere", None, 2.0),
        ],
    }
    where = '[rule.where]\nobject = { zone = "core" }'
    found = ask(rule(NO_OVERLAP, other="scenic_area", where=where), layers)
    assert outcomes(found) == {
        ("sixteen", "S"): "hit",
        ("five", "S"): "uncertain",
        ("short", "S"): "uncertain",
        ("unzoned", "T"): "not_checked",
    }
    rows = found.findings.set_index("subject_id")
    assert rows.loc["sixteen", "shared_area_m2"] == pytest.approx(480, rel=1e-6)  # 16 × 30
    # of the park two sides of 16 and one of 30, of the scenic area one of 30: 62 × 2 + 30 × 4
    assert rows.loc["sixteen", "pm"] == pytest.approx(244, abs=0.01)
    assert rows.loc["short", "measured"] == pytest.approx(3, abs=1e-4)
    assert rows.loc["unzoned", "field"] == "object.zone"
    many = found.findings[found.findings["reason"] == "no_geometry"].iloc[0]
    assert json.loads(many["subject_ids"]) == ["nowhere"]
    # 6 parks × 2 areas: sixteen, five, short, unzoned, and nowhere with both
    counts = found.tally.iloc[0]
    assert counts["asked_count"] == 12
    assert counts["not_checked_count"] == 3
    assert counts["clear_count"] == 6


def test_drawn_exactly_a_touch_shares_no_ground(ask: Asking) -> None:
    layers: Layers = {
        "scenic_area": [row("S", rect(1000, 0, 1500, 2000))],
        "industrial_park": [
            row("touching", rect(900, 100, 1000, 130)),
            row("over", rect(900, 200, 1000.5, 230)),
        ],
    }
    found = ask(rule(NO_OVERLAP, other="scenic_area"), layers)
    assert outcomes(found) == {("over", "S"): "hit"}


def test_the_land_of_a_road_is_wider_than_its_axis(ask: Asking) -> None:
    layers: Layers = {
        "highway": [
            row("G1", line((0, 0), (4000, 0)), 1.0, land_half_width_m=12.0),
            row("G2", line((0, 500), (4000, 500)), 1.0, land_half_width_m=None),
        ],
        "gas_pipeline": [
            row("beside", line((100, 5), (700, 5)), 1.0),  # 7 m inside the edge, 5 m off the axis
            row("rim", line((800, 11), (1500, 11)), 1.0),  # 1 m inside
            row("clear", line((100, 15), (700, 15)), 1.0),  # 3 m outside
            row("bare", line((100, 650), (700, 650)), 1.0),
        ],
    }
    demand = NO_OVERLAP + ', measured_from = "land_edge"'
    found = ask(rule(demand, subject="gas_pipeline"), layers)
    assert outcomes(found) == {
        ("beside", "G1"): "hit",
        ("rim", "G1"): "uncertain",
        ("bare", "G2"): "not_checked",
    }
    beside = found.findings.set_index("subject_id").loc["beside"]
    assert beside["shared_length_m"] == pytest.approx(600, rel=1e-6)
    assert (beside["chainage_from"], beside["chainage_to"]) == ("K0+000.000", "K0+600.000")
    assert beside["chainage_basis"] == "drawn"


PIPES: Layers = {
    "highway": [
        row("B", line((0, 0), (4000, 0)), 1.0, structure="bridge"),
        row("U", line((0, 2000), (4000, 2000)), 1.0, structure=None),
    ],
    "gas_pipeline": [
        row("over", line((100, -50), (100, 70)), 1.0),
        row("ends", line((300, -80), (300, 1.5)), 1.0),  # 1.5 m beyond, r = 2
        row("short", line((500, -60), (500, -1)), 1.0),  # 1 m before
        row("before", line((700, -90), (700, -5)), 1.0),
        row("untold", line((900, 1900), (900, 2050)), 1.0),
    ],
}


@pytest.mark.parametrize(
    ("kind", "severity"),
    [("no_crossing", "prohibited"), ("crossing_needs_approval", "approval_required")],
)
def test_crossings(ask: Asking, kind: str, severity: str) -> None:
    where = '[rule.where]\nobject = { structure = "bridge" }'
    demand = f'kind = "{kind}"'
    found = ask(rule(demand, subject="gas_pipeline", where=where, severity=severity), PIPES)
    assert outcomes(found) == {
        ("over", "B"): "hit",
        ("ends", "B"): "uncertain",
        ("short", "B"): "uncertain",
        ("untold", "U"): "not_checked",
    }
    over = found.findings.set_index("subject_id").loc["over"]
    assert over["severity"] == severity
    assert (over["chainage_from"], over["chainage_to"]) == ("K0+050.000", "K0+050.000")


def test_angles_below_30_degrees(ask: Asking) -> None:
    layers: Layers = {
        "highway": [
            row("G", line((0, 0), (4000, 0)), 1.0, road_class="national"),
            row("U", line((0, 2000), (4000, 2000)), 1.0, road_class=None),
        ],
        "gas_pipeline": [
            row("steep", line((0, -300), (800, 300)), 1.0),  # 3 in 4: 36.87°
            row("flat", line((1000, -100), (1800, 100)), 1.0),  # 1 in 4: 14.04°
            row("about", line((2000, -150), (2520, 150)), 1.0),  # 15 in 26: 29.98°
            row("untold", line((1000, 1900), (1800, 2100)), 1.0),
            row("parallel", line((0, -40), (900, -40)), 1.0),
        ],
    }
    where = '[rule.where]\nobject = { road_class = "national" }'
    demand = 'kind = "crossing_angle", at_least_deg = 30'
    found = ask(rule(demand, subject="gas_pipeline", where=where, severity="notice"), layers)
    assert outcomes(found) == {
        ("flat", "G"): "hit",
        ("about", "G"): "uncertain",
        ("untold", "U"): "not_checked",
    }
    rows = found.findings.set_index("subject_id")
    assert rows.loc["flat", "measured"] == pytest.approx(14.0362, abs=1e-3)
    assert rows.loc["flat", "margin"] == pytest.approx(14.0362 - 30, abs=1e-3)
    # edges of 824.6 m and 4000 m, ends 1 m off each: asin(2/824.6) + asin(2/4000) = 0.139 + 0.029
    assert rows.loc["flat", "pm"] == pytest.approx(0.1676, abs=1e-3)


BOUNDARY = row("U", rect(0, 0, 2000, 1500), 3.0)


def grown(**status: Any) -> Layers:
    """Return parks in and about a boundary: known to 2 m and 3 m, r = 5 m."""
    return {
        "urban_development_boundary": [BOUNDARY],
        "industrial_park": [
            row("deep", rect(20, 100, 120, 130), 2.0, status="planned"),
            row("out", rect(1900, 100, 2040, 130), 2.0, status="planned"),  # 40 × 30 outside
            row("four", rect(1900, 200, 2004, 230), 2.0, status="planned"),
            row("inner", rect(1900, 300, 1996, 330), 2.0, status="planned"),  # 4 m inside
            row("untold", rect(1900, 400, 2040, 430), 2.0, status=None),
            row("built", rect(1900, 500, 2040, 530), 2.0, status="existing"),
        ],
    }


def test_inside_only(ask: Asking) -> None:
    where = '[rule.where]\nsubject = { status = "planned" }'
    found = ask(
        rule('kind = "inside_only"', other="urban_development_boundary", where=where), grown()
    )
    assert outcomes(found) == {
        ("out", None): "hit",
        ("four", None): "uncertain",
        ("inner", None): "uncertain",
        ("untold", None): "not_checked",
    }
    rows = found.findings.set_index("subject_id")
    assert rows.loc["out", "measured"] == pytest.approx(1200, rel=1e-6)
    assert rows.loc["out", "margin"] == pytest.approx(-1200, rel=1e-6)
    assert rows.loc["untold", "field"] == "subject.status"
    assert rows.loc["out", "subject_status"] == "planned"
    assert found.tally.iloc[0][["asked_count", "clear_count"]].tolist() == [5, 1]


def test_inside_of_what_has_no_published_position(ask: Asking) -> None:
    layers = grown()
    layers["urban_development_boundary"] = [BOUNDARY, row("V", None, 3.0)]
    found = ask(rule('kind = "inside_only"', other="urban_development_boundary"), layers)
    # what is bare may lie in the other part; what is deep inside is inside
    assert outcomes(found)["out", None] == "not_checked"
    assert outcomes(found, "reason")["out", None] == "no_geometry"
    assert ("deep", None) not in outcomes(found)


def test_a_share_of_0_6(ask: Asking) -> None:
    # parks of 100 × 50 = 5000 m², everything known to 1 m
    layers: Layers = {
        "wetland": [
            row("W", rect(0, 0, 1000, 3000), 1.0, level="national"),
            row("X", rect(0, 4000, 1000, 5000), 1.0, level=None),
        ],
        "industrial_park": [
            # 90 of 100 m: 0.9 ± (90 + 90 + 50 + 50) / 5000 = 0.056
            row("most", rect(910, 100, 1010, 150), 1.0),
            row("little", rect(980, 200, 1080, 250), 1.0),  # 0.2 ± 140 / 5000
            row("about", rect(942, 300, 1042, 350), 1.0),  # 0.58 ± 216 / 5000 = 0.0432
            row("untold", rect(910, 4100, 1010, 4150), 1.0),  # 0.9 of a wetland of no level
            row("none", rect(1500, 100, 1600, 150), 1.0),
        ],
    }
    where = '[rule.where]\nobject = { level = "national" }'
    demand = 'kind = "coverage_at_least", share = 0.6'
    text = rule(demand, other="wetland", where=where, severity="notice", basis="")
    found = ask(text, layers)
    assert outcomes(found) == {
        ("little", None): "hit",
        ("none", None): "hit",
        ("about", None): "uncertain",
        ("untold", None): "not_checked",
    }
    rows = found.findings.set_index("subject_id")
    assert rows.loc["about", "measured"] == pytest.approx(0.58, abs=1e-6)
    assert rows.loc["about", "pm"] == pytest.approx(0.0432, abs=1e-5)
    assert rows.loc["untold", "field"] == "object.level"
    assert rows.loc["little", "unit"] == "1"
    # an indicator is printed beside no law
    assert rows["law"].isna().all()
    assert rows["article"].isna().all()


def test_a_share_within_a_distance(ask: Asking) -> None:
    # pipes reach 200 m: of a park 100 m wide 80 m away all, 150 m away half, 250 m away nothing
    layers: Layers = {
        "gas_pipeline": [row("P", line((0, 0), (0, 4000)))],
        "industrial_park": [
            row("whole", rect(80, 1000, 180, 1070)),
            row("half", rect(150, 2000, 250, 2070)),
            row("none", rect(250, 3000, 350, 3070)),
        ],
    }
    demand = 'kind = "coverage_at_least", share = 0.8, within_m = 200'
    text = rule(demand, other="gas_pipeline", severity="notice", basis="")
    found = ask(text, layers)
    assert outcomes(found) == {("half", None): "hit", ("none", None): "hit"}
    assert outcomes(found, "measured")["half", None] == pytest.approx(0.5, abs=1e-6)
    assert outcomes(found, "measured")["none", None] == 0


def test_more_than_a_hectare_of_farmland(ask: Asking) -> None:
    # roads of 2 × 15 m, everything known to 1 m; two fields overlap, and count once
    layers: Layers = {
        "farmland": [
            row("F", rect(1000, 0, 1250, 9000), 1.0),
            row("E", rect(1200, 0, 1400, 1000), 1.0),
            row("H", rect(1250, 2900, 1340, 3100), 1.0),
        ],
        "highway": [
            # 400 × 30 = 12 000 m² ± 2 × 400 + 2 × 30 = 860
            row("wide", line((0, 500), (4000, 500)), 1.0, land_half_width_m=15.0),
            # 250 × 30 = 7500 m² ± 560
            row("less", line((0, 2000), (4000, 2000)), 1.0, land_half_width_m=15.0),
            # 340 × 30 = 10 200 m² ± 740
            row("about", line((0, 3000), (4000, 3000)), 1.0, land_half_width_m=15.0),
            row("bare", line((0, 5000), (4000, 5000)), 1.0, land_half_width_m=None),
        ],
    }
    demand = 'kind = "area_threshold", above_ha = 1'
    found = ask(rule(demand, subject="highway", other="farmland"), layers)
    assert outcomes(found) == {
        ("wide", None): "hit",
        ("about", None): "uncertain",
        ("bare", None): "not_checked",
    }
    rows = found.findings.set_index("subject_id")
    assert rows.loc["wide", "measured"] == pytest.approx(12_000, rel=1e-6)
    assert rows.loc["wide", "pm"] == pytest.approx(860, abs=0.01)
    assert rows.loc["wide", "threshold"] == 10_000
    assert rows.loc["wide", "margin"] == pytest.approx(-2000, abs=0.1)
    assert rows.loc["bare", "field"] == "subject.land_half_width_m"
    assert rows.loc["wide", "half_width_m"] == 15


def test_a_road_wider_than_a_plane_is_said_and_not_called_clear(ask: Asking) -> None:
    # 300 km east of the meridian, 3.6°: its land lies in two planes, and is added up in neither
    layers: Layers = {
        "farmland": [row("F", rect(-9000, 400, 9000, 700), 1.0)],
        "highway": [
            row("long", line((0, 500), (300_000, 500)), 1.0, land_half_width_m=15.0),
            row("short", line((0, 4000), (300, 4000)), 1.0, land_half_width_m=15.0),
        ],
    }
    found = ask(
        rule('kind = "area_threshold", above_ha = 1', subject="highway", other="farmland"), layers
    )
    assert outcomes(found, "reason") == {("long", None): "too_wide"}
    assert found.tally.iloc[0][["asked_count", "clear_count"]].tolist() == [2, 1]
