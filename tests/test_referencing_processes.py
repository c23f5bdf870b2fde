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
from geoplan.errors import ChainageNotFound, FeatureNotFound, RouteInvalid, WrongGeometryType
from geoplan.processes import (
    AlongInputs,
    ChainageInputs,
    ClearanceInputs,
    LocateInputs,
    MatrixInputs,
    NearestInputs,
    StationInputs,
)

# (route, zone): from and to in metres from the start of the line as drawn; the angle of crossings
CHAINAGES = {
    ("HW-1", "SC-1"): (0, 600),
    ("HW-1", "IP-1"): (200, 1200),
    ("HW-1", "IP-2"): (1900, 2000),
    ("HW-1", "GP-2"): (700 / 3, 700 / 3),
    ("HW-2", "RR-1"): (500, 700),
    ("HW-2", "IP-2"): (1100, 1500),
}


def table(result: Any) -> Any:
    """Return the rows of a result."""
    return result.features


def test_highways_enter_and_leave_where_paper_says(town: Catalogue) -> None:
    asked = ChainageInputs.model_validate({"layers": ["highways"], "parts": "as_drawn"})
    result = processes.chainage(town, asked)
    rows = table(result).set_index(["route_id", "zone_id"])
    assert set(rows.index) == set(CHAINAGES)
    for key, (start, end) in CHAINAGES.items():
        row = rows.loc[key]
        assert (row["from_m"], row["to_m"]) == pytest.approx((start, end), abs=1e-2)
        assert row["length_m"] == pytest.approx(end - start, abs=1e-2)
    assert rows.loc[("HW-1", "IP-1"), "from_chainage"] == "K0+200.000"
    assert rows.loc[("HW-1", "IP-1"), "to_chainage"] == "K1+200.000"
    angle = math.degrees(math.atan2(3, 4))
    assert rows.loc[("HW-1", "GP-2"), "crossing_angle_deg"] == pytest.approx(angle, abs=1e-4)
    reasons = {(one.reason, one.layers, one.ids) for one in result.left_out}
    assert ("drawn_chainage", ("highways",), ("HW-1", "HW-2")) in reasons
    assert ("no_geometry", ("industrial-parks",), ("IP-4",)) in reasons
    # in order along each route
    assert table(result)["from_m"].tolist() == sorted(table(result)["from_m"][:4]) + sorted(
        table(result)["from_m"][4:]
    )


def test_a_route_in_disorder_is_refused_and_how_to_ask_is_said(town: Catalogue) -> None:
    with pytest.raises(RouteInvalid, match=r"GP-2.*as_drawn"):
        processes.chainage(town, ChainageInputs.model_validate({"layers": ["gas-pipelines"]}))
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


def test_station_and_locate_are_each_others_inverse(town: Catalogue) -> None:
    asked = {"layer": "highways", "feature": "HW-2"}
    there = table(
        processes.locate(
            town, LocateInputs.model_validate(asked | {"chainages": ["K0+250", "K1+000"]})
        )
    )
    # the slope rises 400 over 300: half of its 500 m
    assert (there.geometry.iloc[0].x, there.geometry.iloc[0].y) == pytest.approx(
        (500_150, 4_549_300), abs=1e-2
    )
    points = [(row.lon, row.lat) for row in there.itertuples()]
    back = table(processes.station(town, StationInputs.model_validate(asked | {"points": points})))
    assert back["chainage"].tolist() == ["K0+250.000", "K1+000.000"]
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
