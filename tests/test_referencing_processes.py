"""Chainage, places, clearance and the matrix by name: the town's figures on paper.

Coordinates as in the town's README: x = E − 490 000, y = N − 4 540 000.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from typer.testing import CliRunner

from geoplan import Catalogue, processes
from geoplan.cli import app
from geoplan.errors import (
    ChainageAmbiguous,
    ChainageNotFound,
    EquationInvalid,
    FeatureNotFound,
    WrongGeometryType,
)
from geoplan.model import Result
from geoplan.processes import (
    AlongInputs,
    ChainageInputs,
    ClearanceInputs,
    LocateInputs,
    MatrixInputs,
    NearestInputs,
    StationInputs,
)

# (route, zone): from and to in metres from the start of the line as drawn
CHAINAGES = {
    ("HW-1", "SC-1"): (0, 600),
    ("HW-1", "IP-1"): (200, 1200),
    ("HW-1", "IP-2"): (1900, 2000),
    ("HW-1", "GP-2"): (700 / 3, 700 / 3),
}
# where chainage jumps: from, to, metres on the ground, on what it runs
BROKEN = {
    ("HW-2", "RR-1"): ("K10+500.000", "K10+650.000", 200, "bridge;subgrade", "170.000;30.000"),
    ("HW-2", "IP-2"): ("K11+050.000", "K11+600.000", 400, "subgrade", "400.000"),
}


def table(result: Any) -> Any:
    """Return the rows of a result."""
    return result.features


def test_highways_enter_and_leave_where_paper_says(town: Catalogue) -> None:
    asked = ChainageInputs.model_validate({"layers": ["highways"], "parts": "as_drawn"})
    result = processes.chainage(town, asked)
    rows = table(result).set_index(["route_id", "zone_id"])
    assert set(rows.index) == set(CHAINAGES) | set(BROKEN)
    for key, (start, end) in CHAINAGES.items():
        row = rows.loc[key]
        assert (row["from_m"], row["to_m"]) == pytest.approx((start, end), abs=1e-2)
        assert row["length_m"] == pytest.approx(end - start, abs=1e-2)
    for key, (first, last, ground, structure, lengths) in BROKEN.items():
        row = rows.loc[key]
        assert (row["from_chainage"], row["to_chainage"]) == (first, last)
        assert (row["structure"], row["structure_length_m"]) == (structure, lengths)
        assert row["length_m"] == pytest.approx(ground, abs=1e-2)
        assert row["chainage_basis"] == "design"
    assert rows.loc[("HW-1", "IP-1"), "from_chainage"] == "K0+200.000"
    assert rows.loc[("HW-1", "IP-1"), "to_chainage"] == "K1+200.000"
    angle = math.degrees(math.atan2(3, 4))
    assert rows.loc[("HW-1", "GP-2"), "crossing_angle_deg"] == pytest.approx(angle, abs=1e-4)
    reasons = {(one.reason, one.layers, one.ids) for one in result.left_out}
    assert ("drawn_chainage", ("highways",), ("HW-1",)) in reasons
    assert ("no_geometry", ("industrial-parks",), ("IP-4",)) in reasons
    # in order along each route
    assert table(result)["from_m"].tolist() == sorted(table(result)["from_m"][:4]) + sorted(
        table(result)["from_m"][4:]
    )


def asked_of(catalogue: Catalogue, **inputs: Any) -> Result:
    return processes.chainage(catalogue, ChainageInputs.model_validate(inputs))


@pytest.mark.parametrize("parts", ["checked", "chained"])
def test_a_route_in_disorder_is_left_out_and_the_others_are_answered(
    town: Catalogue, parts: str
) -> None:
    result = asked_of(town, layers=["gas-pipelines"], by=["industrial-parks"], parts=parts)
    assert set(table(result)["route_id"]) == {"GP-1", "GP-3"}
    (left,) = (one for one in result.left_out if one.reason == "route_invalid")
    assert (left.layers, left.ids) == (("gas-pipelines",), ("GP-2",))
    # √(2400² + 1300²) from end to start, √(2400² + 900²) from end to end
    assert "2729.5 m" in left.why[0]
    assert "2563.2 m" in left.why[0]
    assert "as_drawn" in left.why[0]
    assert ("parts='chained' turns none" in left.why[0]) == (parts == "chained")


def test_where_no_route_can_be_measured_the_reason_is_raised(town: Catalogue) -> None:
    jump = {"route_id": "HW-2", "back_chainage": "K9+000", "ahead_chainage": "K9+500"}
    beyond = {**jump, "route_id": "HW-1"}
    result = asked_of(town, layers=["highways"], by=["scenic-areas"], equations=[jump])
    assert set(table(result)["route_id"]) == {"HW-1"}
    with pytest.raises(EquationInvalid, match="route 'HW-1'"):
        asked_of(town, layers=["highways"], by=["scenic-areas"], equations=[jump, beyond])
    # a layer of which no route can be measured stops no other layer
    both = asked_of(town, layers=["highways", "gas-pipelines"], by=["industrial-parks"],
                    equations=[jump, beyond])  # fmt: skip
    assert set(table(both)["route_id"]) == {"GP-1", "GP-3"}
    reasons = {one.layers: one.ids for one in both.left_out if one.reason == "route_invalid"}
    assert reasons == {("highways",): ("HW-1", "HW-2"), ("gas-pipelines",): ("GP-2",)}


def test_only_lines_are_routes(town: Catalogue) -> None:
    with pytest.raises(WrongGeometryType, match="scenic-areas"):
        processes.chainage(town, ChainageInputs.model_validate({"layers": ["scenic-areas"]}))


def test_equations_make_the_chainage_jump(town: Catalogue) -> None:
    # HW-1 is 2 km; at 1 km the numbering jumps to K3
    jump = {"route_id": "HW-1", "back_chainage": "K1+000", "ahead_chainage": "K3+000"}
    asked = {"layer": "highways", "feature": "HW-1", "equations": [jump]}
    found = table(
        processes.locate(
            town, LocateInputs.model_validate(asked | {"chainages": ["K0+400", "K3+250"]})
        )
    )
    assert [point.x for point in found.geometry] == pytest.approx(
        [490_000 + 8700, 490_000 + 9550], abs=1e-2
    )
    with pytest.raises(ChainageNotFound):
        processes.locate(town, LocateInputs.model_validate(asked | {"chainages": ["K2+000"]}))


def located(catalogue: Catalogue, feature: Any, *chainages: str, **asked: Any) -> list[float]:
    """Return the ground metres from the start of HW-2, (10000, 9100), of chainages of it."""
    inputs = {"layer": "highways", "feature": feature, "chainages": chainages, **asked}
    found = table(processes.locate(catalogue, LocateInputs.model_validate(inputs)))
    bend = 4_549_500
    return [
        round((point.y - 4_549_100) * 5 / 4 if point.y <= bend else 500 + point.y - bend, 2)
        for point in found.geometry
    ]


def test_the_plan_tells_where_chainages_jump(town: Catalogue) -> None:
    places = ("K10+400", "K10+570 [0]", "K10+570 [1]", "K11+100", "K11+400")
    assert located(town, "HW-2", *places) == [400, 570, 620, 1150, 1300]
    with pytest.raises(ChainageAmbiguous, match=r"K10\+570 \[0\] or K10\+570 \[1\]"):
        located(town, "HW-2", "K10+570")
    with pytest.raises(ChainageNotFound, match="short chain"):
        located(town, "HW-2", "K11+200")
    there = {"layer": "highways", "feature": "HW-2", "points": [(123 + 300 / 84_000, 41.0888)]}
    (row,) = table(processes.station(town, StationInputs.model_validate(there))).itertuples()
    assert located(town, "HW-2", row.chainage) == [round(row.along_m, 2)]


def test_a_question_brings_its_own_equations(town: Catalogue) -> None:
    # one jump of 100 m at 1000 m instead of the plan's two
    jump = {"route_id": "HW-2", "back_chainage": "K11+000", "ahead_chainage": "K11+100"}
    assert located(town, "HW-2", "K10+570", "K11+200", equations=[jump]) == [570, 1100]
    stray = {**jump, "route_id": "HW-1"}
    with pytest.raises(EquationInvalid, match="'HW-1'"):
        located(town, "HW-2", "K10+570", equations=[stray])
    with pytest.raises(EquationInvalid, match=r"'HW-9'.*highways"):
        asked_of(town, layers=["highways"], equations=[{**jump, "route_id": "HW-9"}])


def test_station_and_locate_are_each_others_inverse(town: Catalogue) -> None:
    asked = {"layer": "highways", "feature": "HW-2"}
    there = table(
        processes.locate(
            town, LocateInputs.model_validate(asked | {"chainages": ["K10+250", "K10+900"]})
        )
    )
    # the slope rises 400 over 300: half of its 500 m
    assert (there.geometry.iloc[0].x, there.geometry.iloc[0].y) == pytest.approx(
        (500_150, 4_549_300), abs=1e-2
    )
    points = [(row.lon, row.lat) for row in there.itertuples()]
    back = table(processes.station(town, StationInputs.model_validate(asked | {"points": points})))
    assert back["chainage"].tolist() == ["K10+250.000", "K10+900.000"]
    assert back["offset_m"].tolist() == pytest.approx([0, 0], abs=1e-3)
    with pytest.raises(FeatureNotFound, match="HW-9"):
        processes.station(
            town, StationInputs.model_validate(asked | {"feature": "HW-9", "points": points})
        )


def test_along_a_line_from_a_place(town: Catalogue) -> None:
    start = table(
        processes.locate(
            town,
            LocateInputs.model_validate(
                {"layer": "highways", "feature": "HW-1", "chainages": ["K0+150"]}
            ),
        )
    ).iloc[0]
    place = [(start["lon"], start["lat"])]
    asked: dict[str, Any] = {"layer": "highways", "points": place}
    asked |= {"upstream_m": 200, "downstream_m": 300}
    (row,) = table(processes.along(town, AlongInputs.model_validate(asked))).itertuples()
    assert (row.upstream_m, row.missing_upstream_m) == pytest.approx((150, 50), abs=1e-2)
    assert row.length_m == pytest.approx(450, abs=1e-2)


def test_the_matrix_tells_sum_and_ground(town: Catalogue) -> None:
    result = processes.overlap_matrix(town, MatrixInputs())
    rows = table(result).set_index(["left_layer", "right_layer"])
    parks = rows.loc[("industrial-parks", "scenic-areas")]
    assert parks["area_gross_m2"] == pytest.approx(120_000 + 30_000 + 45_000, rel=1e-6)
    # SC-2 and SC-3 share 25,000 of what they take of IP-2
    assert parks["area_union_m2"] == pytest.approx(195_000 - 25_000, rel=1e-6)
    assert rows.loc[("highways", "gas-pipelines"), "point_count"] == 1
    assert len(rows) == 10
    assert result.totals["pair_count"] == 17
    with pytest.raises(ValidationError):
        MatrixInputs(layers=("highways", "highways"))


def test_clearance_against_a_distance_to_be_kept(town: Catalogue) -> None:
    asked = {"layers": ["industrial-parks", "highways"], "within_m": 400, "threshold_m": 317}
    result = processes.clearance(town, ClearanceInputs.model_validate(asked))
    rows = table(result).set_index(["left_id", "right_id"])
    # from IP-3's corner (9700, 9000) to HW-2's start (10000, 9100); both are 1 m off at most
    corner = rows.loc[("IP-3", "HW-2")]
    assert corner["distance_m"] == pytest.approx(math.hypot(300, 100), abs=1e-3)
    assert corner["azimuth_deg"] == pytest.approx(math.degrees(math.atan2(300, 100)), abs=0.01)
    assert corner["outcome"] == "uncertain"
    assert rows.loc[("IP-1", "HW-1"), "outcome"] == "hit"
    assert result.totals["uncertain_count"] == (rows["outcome"] == "uncertain").sum()


def test_nearest_of_each(town: Catalogue) -> None:
    asked = NearestInputs.model_validate({"layers": ["industrial-parks", "highways"]})
    found = table(processes.nearest(town, asked))
    assert found[["left_id", "right_id"]].to_numpy().tolist() == [
        ["IP-1", "HW-1"], ["IP-2", "HW-1"], ["IP-3", "HW-2"],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["chainage", "--layer", "highways"], "K0+200.000"),
        (["locate", "K0+500", "--layer", "highways", "--route", "HW-1"], "K0+500"),
        (["station", "122.99,41.09", "--layer", "highways", "--route", "HW-1"], "K0+859.794"),
        (["along", "123.0,41.09", "--layer", "highways", "--upstream-m", "9"], "HW-1"),
        (["overlap-matrix"], "170,000.0"),
        (["clearance", "--threshold-m", "317"], "316.2"),
        (["nearest", "--layer", "industrial-parks", "--layer", "highways"], "71.6"),
    ],
)
def test_commands(arguments: list[str], words: str, town_dir: Path) -> None:
    answer = CliRunner().invoke(app, [*arguments, "--plan", str(town_dir), "--lang", "en"])
    assert answer.exit_code == 0, answer.output
    assert words in answer.output
    as_json = CliRunner().invoke(app, [*arguments, "--plan", str(town_dir), "--json"])
    assert json.loads(as_json.stdout)["process"] == arguments[0]


def test_a_table_of_equations_is_read(town_dir: Path, tmp_path: Path) -> None:
    table = tmp_path / "jumps.csv"
    table.write_text(
        "route_id,back_chainage,ahead_chainage\nHW-1,K1+000,K3+000\n", encoding="utf-8"
    )
    asked = ["locate", "K3+250", "--layer", "highways", "--route", "HW-1", "--plan", str(town_dir)]
    assert CliRunner().invoke(app, [*asked, "--equations", str(table)]).exit_code == 0
    table.write_text("route\nHW-1\n", encoding="utf-8")
    wrong = CliRunner().invoke(app, [*asked, "--equations", str(table)])
    assert wrong.exit_code == 2
    assert CliRunner().invoke(app, ["station", "here", *asked[2:]]).exit_code == 2
