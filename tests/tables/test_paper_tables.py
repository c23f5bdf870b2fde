"""Tables of small plans on paper: numbering, sides, structures, land use, what is missing."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import shapely

from geoplan import Catalogue
from geoplan.errors import BadQuery, EmptyLayer, LayerNotFound
from geoplan.model import Table
from geoplan.rules.check import check
from geoplan.schema import schemas
from geoplan.store.write import write_geopackage
from geoplan.tables import Letter, tables
from geoplan.tables import facts as told
from geoplan.tables.numbering import numbered
from tests.rules.conftest import Layers, line, rect, row, rule, write_plan

SETBACK = 'kind = "setback", distance_m = 20, measured_from = "centreline"'
APPROVAL = 'kind = "crossing_needs_approval"'
B: tuple[Letter, ...] = ("B",)
NEAR = 'kind = "within_distance", to_m = 300, measured_from = "boundary"'


def made(folder: Path, rules: str, layers: Layers, letters: str, **more: Any) -> dict[str, Table]:
    """Return tables of a plan on paper by their ids."""
    plan = write_plan(folder / "plan", rules, layers)
    found = tables(check(plan, ["paper"]), plan, tuple(letters), **more)  # type: ignore[arg-type]
    return {table.id: table for table in found}


def by(table: Table, *names: str) -> dict[Any, dict[Any, Any]]:
    """Return the rows of a table by some of their columns; what is missing is None."""
    rows = [
        {name: None if pd.isna(value) else value for name, value in row.items()}
        for row in table.rows.to_dict("records")
    ]
    keys = [tuple(row[name] for name in names) for row in rows]
    assert len(set(keys)) == len(keys)
    return dict(zip(keys if len(names) > 1 else [one for (one,) in keys], rows, strict=True))


def finding(outcome: str, severity: str, *ids: Any, key: str = "f") -> dict[str, Any]:
    """Return what numbering reads of a finding: layers a and b, ids of subject and object, rule."""
    subject, other, rule_id = ids
    return {
        "outcome": outcome, "severity": severity, "subject_layer": "a", "subject_id": subject,
        "object_layer": "b", "object_id": other, "rule_id": rule_id, "finding_id": key,
    }  # fmt: skip


def numbers_of(rows: list[dict[str, Any]]) -> list[tuple[str, Any, Any, str]]:
    """Return (number, subject, object, rule) in order."""
    from geoplan.rules.findings import NUMBERS

    table = pd.DataFrame(rows, dtype=object).reindex(columns=[*rows[0], *NUMBERS])
    found = numbered(table)[["number", "subject_id", "object_id", "rule_id"]]
    return list(found.itertuples(index=False, name=None))


# --- numbers


def test_numbers_go_by_severity_then_outcome_then_ids() -> None:
    rows = [
        finding("hit", "notice", 1, 1, "R1"),
        finding("uncertain", "prohibited", 2, 1, "R1"),
        finding("hit", "approval_required", 9, 1, "R2"),
        finding("hit", "approval_required", 10, 1, "R1"),
        finding("hit", "prohibited", 3, 1, "R1"),
        finding("not_checked", "prohibited", 5, 7, "R9"),
        finding("not_checked", "notice", 5, 7, "R1"),
        finding("not_checked", "notice", 4, None, "R1"),
        finding("not_checked", "prohibited", None, None, "R1"),  # of a layer that is not there
    ]
    expected = [
        ("C01", 3, 1, "R1"), ("C02", 2, 1, "R1"), ("C03", 9, 1, "R2"), ("C04", 10, 1, "R1"),
        ("C05", 1, 1, "R1"), ("U01", 5, 7, "R9"), ("U01", 5, 7, "R1"), ("U02", 4, None, "R1"),
    ]  # fmt: skip
    assert numbers_of(rows) == expected
    assert numbers_of(rows[::-1]) == expected


def test_more_than_99_conflicts_have_three_digits() -> None:
    rows = [finding("hit", "notice", at, 1, "R1") for at in range(1, 101)]
    told_of = numbers_of(rows)
    assert told_of[0][0] == "C001"
    assert told_of[-1][0] == "C100"


# --- table A


def test_side_distance_and_structure(tmp_path: Path) -> None:
    rules = rule(NEAR, subject="highway", other="scenic_area", severity="approval_required")
    layers: Layers = {
        # from west to east: south is on the right
        "highway": [
            row("G1", line((0, 0), (4000, 0)), 1.0, structure="subgrade"),
            row("G2", line((0, 900), (4000, 900)), 1.0, structure="bridge"),
        ],
        "scenic_area": [
            row("south", rect(100, -450, 190, -120), 2.0, level="x"),
            row("on", rect(1000, 800, 1300, 1000), 2.0, level="x"),
        ],
    }
    found = made(tmp_path, rules, layers, "A")
    rows = by(found["A"], "subject_id", "object_id")
    south = rows["G1", "south"]
    assert (south["relation"], south["side"]) == ("adjacent", "right")
    assert south["min_distance_m"] == pytest.approx(120, rel=1e-6)
    assert south["structure"] == "subgrade"
    over = rows["G2", "on"]
    assert (over["relation"], over["structure"]) == ("spans", "bridge")
    assert over["min_distance_m"] == 0
    # the zone is grown by 300 m: x 700–1600
    assert over["chainage"] == "K0+700.000～K1+600.000"
    assert over["length_m"] == pytest.approx(900, rel=1e-6)


def test_a_rule_on_a_distance_tells_what_is_taken_too(tmp_path: Path) -> None:
    layers: Layers = {
        "highway": [
            row(
                "G1", line((0, 0), (4000, 0)), 1.0, road_class="expressway", tech_grade="expressway"
            )
        ],
        "industrial_park": [row("over", rect(100, -40, 190, 90), 2.0)],
    }
    (one,) = by(made(tmp_path, rule(SETBACK), layers, "A")["A"], "number").values()
    assert (one["relation"], one["min_distance_m"]) == ("occupies", 0)
    assert one["length_m"] == pytest.approx(90, rel=1e-6)
    assert one["area_hm2"] is None
    # both fields say the same: once is enough
    assert one["kind_class"] == "公路 高速公路"


def test_stretches_of_one_conflict_add_up(tmp_path: Path) -> None:
    two = shapely.union(rect(1000, -90, 1100, 90), rect(3000, -90, 3050, 90))
    layers: Layers = {
        "highway": [row("G1", line((0, 0), (4000, 0)), 1.0)],
        "scenic_area": [row("two", two, 2.0)],
    }
    found = made(tmp_path, rule(NEAR, subject="highway", other="scenic_area"), layers, "A")
    (one,) = by(found["A"], "number").values()
    # 300 m before and behind both
    assert one["chainage"] == "K0+700.000～K1+400.000;K2+700.000～K3+350.000"
    assert one["length_m"] == pytest.approx(700 + 650, rel=1e-6)


def test_what_attributes_say_stands_in_words(tmp_path: Path) -> None:
    rules = rule('kind = "no_overlap", measured_from = "boundary"', other="nature_reserve")
    layers: Layers = {
        "industrial_park": [row("P", rect(0, 0, 70, 90), 1.0)],
        "nature_reserve": [
            row("N", rect(50, 0, 400, 90), 1.0, level="national", zone="core", lead_agency="=局")
        ],
    }
    found = made(tmp_path, rules, layers, "A")
    (one,) = found["A"].rows.to_dict("records")
    assert one["zone"] == "核心保护区"
    assert one["zone_en"] == "core"
    assert one["kind_class"].startswith("自然保护区 ")
    assert one["authority"] == "=局"
    assert one["area_hm2"] == pytest.approx(20 * 90 / 10_000, rel=1e-6)


def test_every_field_that_is_read_stands_in_a_schema() -> None:
    known = {field.name for one in schemas().values() for field in one.fields}
    asked = {*told.CLASS, *told.ZONE, *told.AUTHORITY, *told.MANAGER, *told.METHOD}
    assert asked <= known


def test_what_was_not_checked_says_why(tmp_path: Path) -> None:
    rules = rule(SETBACK.replace("centreline", "land_edge")) + rule(
        SETBACK, other="railway", key="PAP-02"
    )
    layers: Layers = {
        "highway": [row("G1", line((0, 0), (4000, 0)), 1.0, land_half_width_m=None)],
        "industrial_park": [row("near", rect(100, 28, 190, 90), 2.0), row("nowhere", None, 2.0)],
    }
    layers["highway"][0]["land_half_width_m"] = float("nan")
    found = made(tmp_path, rules, layers, "AF")
    rows = by(found["unchecked"], "reason")
    assert rows["no_layer"]["why"] == "缺该类图层（铁路）"
    assert rows["no_geometry"]["features"] == "nowhere"
    assert rows["field_empty"]["number"] == "U01"
    assert found["A"].rows["outcome"].tolist() == ["not_checked"]
    cell = found["F"].rows.iloc[0]
    assert (cell["conflict_count"], cell["unchecked_count"]) == (0, 1)
    assert pd.isna(cell["worst"])


def test_a_plan_without_conflicts_has_tables_without_rows(tmp_path: Path) -> None:
    layers: Layers = {
        "highway": [row("G1", line((0, 0), (4000, 0)), 1.0)],
        "industrial_park": [row("far", rect(100, 500, 190, 900), 2.0)],
    }
    found = made(tmp_path, rule(SETBACK), layers, "ACF")
    assert {name: len(table.rows) for name, table in found.items()} == dict.fromkeys(
        ("A", "C", "F", "F-layers", "unchecked"), 0
    )


# --- table B

LAND: Layers = {
    "industrial_park": [row("P", rect(0, 0, 300, 200), 1.0), row("Q", rect(900, 0, 1000, 50), 1.0)],
    "highway": [row("G1", line((0, 5000), (4000, 5000)), 1.0)],
    "land_use": [
        row("fields", rect(-50, 0, 120, 400), 1.0, land_class="cultivated"),
        row("wood", rect(120, 0, 200, 400), 1.0, land_class="other_agricultural"),
        row("town", rect(200, 0, 300, 150), 1.0, land_class="construction"),
        row("sand", rect(900, 0, 1100, 100), 1.0, land_class="unused"),
    ],
    "permanent_basic_farmland": [row("basic", rect(0, 0, 150, 70), 1.0)],
    "admin_boundary": [
        row("a-west", rect(-500, -500, 100, 900), 1.0, admin_level="township"),
        row("b-east", rect(100, -500, 2000, 900), 1.0, admin_level="township"),
        row("all", rect(-500, -500, 2000, 900), 1.0, admin_level="county"),
    ],
}


def test_land_use_by_township_with_its_closing_line(tmp_path: Path) -> None:
    found = made(tmp_path, rule(SETBACK), LAND, "B", land_use_layer="land-use")
    rows = by(found["B"], "project_id", "area_id")
    of_p, of_q = [("P", "a-west"), ("P", "b-east"), ("P", None)], [("Q", "b-east"), ("Q", None)]
    assert list(rows) == [*of_p, *of_q, (None, None)]

    def hectares(key: Any) -> list[float]:
        names = ("total", "agricultural", "cultivated", "basic_farmland", "construction", "unused",
                 "reclamation", "sum", "difference")  # fmt: skip
        return [rows[key][f"{name}_hm2"] for name in names]

    # west, x 0–100: all fields, basic 100 × 70. East: fields x 100–120 and wood x 120–200, basic
    # 20 × 70 of the fields (what lies in the wood is not cultivated); town 100 × 150, 100 × 50
    # of no class
    west, east = [2, 2, 2, 0.7, 0, 0, 0, 2, 0], [4, 2, 0.4, 0.14, 1.5, 0, 0, 3.5, -0.5]
    assert hectares(("P", "a-west")) == pytest.approx(west, rel=1e-6, abs=1e-8)
    assert hectares(("P", "b-east")) == pytest.approx(east, rel=1e-6, abs=1e-8)
    both = [one + other for one, other in zip(west, east, strict=True)]
    assert hectares(("P", None)) == pytest.approx(both, rel=1e-6, abs=1e-8)
    sand = [0.5, 0, 0, 0, 0, 0.5, 0, 0.5, 0]
    assert hectares(("Q", None)) == pytest.approx(sand, rel=1e-6, abs=1e-8)
    assert hectares((None, None))[0] == pytest.approx(6.5, rel=1e-6)
    assert [row["closes"] for row in rows.values()] == [True, False, False, True, True, False]


def test_without_areas_and_basic_farmland_the_rest_is_told(tmp_path: Path) -> None:
    plain = {kind: rows for kind, rows in LAND.items() if kind not in
             ("admin_boundary", "permanent_basic_farmland")}  # fmt: skip
    found = made(tmp_path, rule(SETBACK), plain, "B", land_use_layer="land-use")
    rows = found["B"].rows
    assert rows["project_id"].tolist()[:2] == ["P", "Q"]
    assert rows["basic_farmland_hm2"].isna().all()
    assert rows["cultivated_hm2"].tolist()[0] == pytest.approx(2.4, rel=1e-6)


def test_table_b_refuses_what_is_no_land_use(tmp_path: Path) -> None:
    plan = write_plan(tmp_path / "plan", rule(SETBACK), LAND)
    found = check(plan, ["paper"])
    with pytest.raises(BadQuery, match="needs a layer of land use"):
        tables(found, plan, B)
    with pytest.raises(BadQuery, match="'highway' is of kind 'highway'"):
        tables(found, plan, B, land_use_layer="highway")
    with pytest.raises(LayerNotFound):
        tables(found, plan, B, land_use_layer="nothing")


# --- table C


def test_crossings_of_two_roads_a_pipe_and_a_river(tmp_path: Path) -> None:
    layers: Layers = {
        "highway": [
            row("G1", line((0, 0), (4000, 0)), 1.0, chainage_from="K10+000", chainage_to="K14+000",
                structure="bridge"),
            row("G2", line((500, -800), (500, 700)), 1.0, chainage_from="K0+000",
                chainage_to="K1+500", structure="subgrade"),
        ],
        "gas_pipeline": [
            # climbs 300 over 400 and meets G1 at x 1000
            row("P1", line((600, -300), (1400, 300)), 1.0, laying_mode="casing", operator="气"),
        ],
        "river": [row("R", rect(2000, -90, 2130, 400), 1.0)],
    }  # fmt: skip
    rules = rule(APPROVAL, subject="gas_pipeline", severity="approval_required") + rule(
        APPROVAL, other="river", subject="highway", key="PAP-02"
    )
    found = made(tmp_path, rules, layers, "C")
    rows = by(found["C"], "route_id", "object_id")
    assert {key: row["chainage"] for key, row in rows.items()} == {
        ("G1", "G2"): "K10+500.000",
        ("G1", "P1"): "K11+000.000",
        ("G1", "R"): "K12+000.000～K12+130.000",
        ("G2", "G1"): "K0+800.000",
        ("P1", "G1"): "K0+500.000",
    }
    assert [row["row"] for row in rows.values()] == [1, 2, 3, 4, 5]
    assert rows["G1", "G2"]["angle_deg"] == pytest.approx(90, abs=1e-6)
    assert rows["G1", "P1"]["angle_deg"] == pytest.approx(36.8699, abs=1e-4)
    assert rows["G1", "R"]["length_m"] == pytest.approx(130, rel=1e-6)
    assert (rows["G1", "R"]["structure"], rows["G1", "R"]["numbers"]) == ("bridge", "C01")
    assert rows["G1", "P1"]["manager"] == "气"
    assert rows["P1", "G1"]["method"] == "套管"
    assert rows["P1", "G1"]["numbers"] == rows["G1", "P1"]["numbers"] == "C02"


def test_a_line_in_disorder_hides_no_other_and_is_told(tmp_path: Path) -> None:
    # nothing says which way the second line of P2 follows its first, so it has no chainage
    apart = shapely.MultiLineString([line((200, -50), (200, 50)), line((900, 800), (500, 950))])
    layers: Layers = {
        "gas_pipeline": [row("P1", line((0, 0), (1000, 0)), 1.0), row("P2", apart, 1.0)],
        "river": [row("R", rect(100, -90, 300, 400), 1.0)],
    }
    rules = rule(APPROVAL, other="river", subject="gas_pipeline", severity="approval_required")
    found = made(tmp_path, rules, layers, "C")
    rows = by(found["C"], "route_id", "object_id")
    assert {key: (row["chainage"], row["chainage_basis"]) for key, row in rows.items()} == {
        ("P1", "P2"): ("K0+200.000", "drawn"),
        ("P1", "R"): ("K0+100.000～K0+300.000", "drawn"),
        ("P2", "P1"): (None, "RouteInvalid"),
        ("P2", "R"): (None, "RouteInvalid"),
    }


def test_a_layer_of_land_without_features_is_named(tmp_path: Path) -> None:
    plan = write_plan(tmp_path / "plan", rule(SETBACK), LAND)
    found = check(plan, ["paper"])
    nothing = plan.read("land-use").iloc[:0].reset_index(names="feature_id")
    write_geopackage(
        plan.path("land-use"), "land_use", nothing,
        id_column=None, identifier="land-use", description="", provenance=None,
        last_change=datetime(2026, 1, 1, tzinfo=UTC),
    )  # fmt: skip
    with pytest.raises(EmptyLayer, match="land-use"):
        tables(found, Catalogue.open(plan.directory), B, land_use_layer="land-use")
