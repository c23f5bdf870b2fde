"""Tables A, C and F of the town, held to the figures that its README works out by hand."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from io import BytesIO

import openpyxl
import pandas as pd
import pytest

from geoplan import Catalogue, Result
from geoplan.export import result_document
from geoplan.model import Table
from geoplan.processes.check import result_of
from geoplan.rules import load_pack
from geoplan.rules.check import Check, check
from geoplan.tables import tables
from geoplan.workbook import workbook

RULES = ("SCN-01", "SCN-03", "SCN-05", "SCN-06", "SCN-08", "HWY-22", "PIP-21", "RIV-01")
# number: rule, project, thing, relation, chainage, length [m], area [hm²], conclusion
A = {
    "C01": ("SCN-01", "IP-1", "SC-1", "occupies", None, None, 12.0, "禁止"),
    "C02": ("SCN-03", "IP-1", "SC-1", "occupies", None, None, 12.0, "禁止"),
    "C03": ("SCN-01", "IP-2", "SC-2", "occupies", None, None, 3.0, "禁止"),
    "C04": ("SCN-03", "IP-2", "SC-2", "occupies", None, None, 3.0, "禁止"),
    "C05": ("SCN-01", "IP-2", "SC-3", "occupies", None, None, 4.5, "禁止"),
    "C06": ("SCN-03", "IP-2", "SC-3", "occupies", None, None, 4.5, "禁止"),
    "C07": ("HWY-22", "GP-2", "HW-1", "crosses", None, None, None, "需审批"),
    "C08": ("SCN-06", "GP-2", "SC-1", "crosses", None, 500.0, None, "需审批"),
    "C09": ("SCN-06", "GP-2", "SC-2", "crosses", None, 300.0, None, "需审批"),
    "C10": ("SCN-05", "HW-1", "SC-1", "crosses", "K0+000.000～K0+600.000", 600.0, None, "需审批"),
    "C11": ("SCN-08", "RR-2", "SC-1", "occupies", None, None, 2.0, "需审批"),
    "C12": ("SCN-08", "RR-2", "SC-2", "occupies", None, None, 2.4, "需审批"),
    "C13": ("PIP-21", "HW-1", "GP-2", "crosses", "K0+200.000～K0+266.667", 200 / 3, None, "提示"),
    "U01": ("RIV-01", "HW-2", "RR-1", "crosses", "K10+500.000～K10+650.000", 200.0, None,
            "未核查（最重为需审批）：字段为空（河道治理区·范围类型）"),
}  # fmt: skip
# project, layer: conflicts, gross and union [m], gross and union [hm²]
F = {
    ("IP-1", "scenic-areas"): (2, None, None, 12.0, 12.0),
    ("IP-2", "scenic-areas"): (4, None, None, 7.5, 5.0),
    ("HW-1", "scenic-areas"): (1, 600.0, 600.0, None, None),
    ("GP-2", "scenic-areas"): (2, 800.0, 800.0, None, None),
    ("RR-2", "scenic-areas"): (2, None, None, 4.4, 4.4),
    ("GP-2", "highways"): (1, None, None, None, None),
    (None, "scenic-areas"): (11, 1400.0, 1400.0, 23.9, 21.4),
    (None, None): (13, 1400.0, 1400.0, 23.9, 21.4),
}


@pytest.fixture(scope="module")
def found(town: Catalogue) -> Check:
    pack = load_pack("cn-national")
    return check(town, [replace(pack, rules={one: pack.rules[one] for one in RULES})])


@pytest.fixture(scope="module")
def result(found: Check, town: Catalogue) -> Result:
    made = tables(found, town, ("A", "C", "F"))
    return replace(result_of(found, {}), tables=made)


def of(result: Result, letter: str) -> Table:
    """Return one of the tables."""
    return next(table for table in result.tables if table.id == letter)


def close(value: float | None, paper: float | None) -> bool:
    """Tell whether a figure is that on paper: plane and ellipsoid differ by less than 1e-6."""
    if paper is None:
        return bool(pd.isna(value))
    return math.isclose(float(str(value)), paper, rel_tol=1e-6)


def test_table_a_is_that_on_paper(result: Result) -> None:
    rows = of(result, "A").rows
    assert rows["number"].tolist() == list(A)
    assert rows["row"].tolist() == list(range(1, 15))
    for row in rows.to_dict("records"):
        rule, project, thing, relation, chainage, length, area, conclusion = A[row["number"]]
        told = [row[name] for name in ("rule_ids", "subject_id", "object_id", "relation")]
        assert told == [rule, project, thing, relation], row["number"]
        assert (None if pd.isna(row["chainage"]) else row["chainage"]) == chainage
        assert close(row["length_m"], length), row["number"]
        assert close(row["area_hm2"], area), row["number"]
        assert row["conclusion"] == conclusion
        assert row["min_distance_m"] == 0
        assert pd.isna(row["opinion"])


def test_table_a_cites_the_law_and_how_far_it_was_read(result: Result) -> None:
    rows = of(result, "A").rows.to_dict("records")
    first = rows[0]
    assert first["basis"] == "《风景名胜区条例》第二十六条第（一）项（已见原文）"
    assert "text seen" in first["basis_en"]
    assert (first["project"], first["name"]) == ("北园", "西山")
    assert first["measurement"].startswith("量算 12.00 hm²，±0.14 hm²")
    assert rows[6]["procedure"] == "建设单位向公路管理机构申请许可"


def test_table_c_is_that_on_paper(result: Result) -> None:
    rows = of(result, "C").rows
    told = rows[["route_id", "object_id"]].to_numpy().tolist()
    assert told == [["HW-1", "GP-2"], ["HW-2", "RR-1"], ["GP-2", "HW-1"]]
    chainages = [None if pd.isna(one) else one for one in rows["chainage"]]
    assert chainages == ["K0+233.333", "K10+500.000～K10+650.000", None]
    assert rows["chainage_basis"].tolist() == ["drawn", "design", "RouteInvalid"]
    assert close(rows["angle_deg"][0], math.degrees(math.atan(3 / 4)))
    assert close(rows["length_m"][1], 200.0)
    assert rows["structure"][1] == "bridge;subgrade"
    assert rows["length_m"][0] == 0
    assert rows["numbers"].tolist() == ["C07;C13", "U01", "C07;C13"]


def test_table_f_is_that_on_paper(result: Result) -> None:
    rows = of(result, "F").rows
    keys = [
        tuple(None if pd.isna(one) else one for one in key)
        for key in rows[["project_id", "layer"]].itertuples(index=False)
    ]
    cells = dict(zip(keys, rows.to_dict("records"), strict=True))
    assert len(cells) == len(rows)
    for key, (count, *ground) in F.items():
        cell = cells[key]
        assert cell["conflict_count"] == count, key
        measures = ("length_gross_m", "length_union_m", "area_gross_hm2", "area_union_hm2")
        for name, paper in zip(measures, ground, strict=True):
            assert close(cell[name], paper), (key, name)
    assert cells[None, "scenic-areas"]["worst"] == "prohibited"
    assert cells["IP-2", "scenic-areas"]["numbers"] == "C03;C04;C05;C06"
    assert cells["HW-2", "river-remediation-zones"]["unchecked_numbers"] == "U01"
    assert cells["HW-2", "river-remediation-zones"]["conflict_count"] == 0


def test_each_number_stands_in_one_cell_of_a_project(result: Result) -> None:
    cells = of(result, "F").rows
    cells = cells[cells["project_id"].notna() & cells["layer"].notna()]
    told = [one for name in ("numbers", "unchecked_numbers") for one in cells[name].dropna()]
    assert sorted(";".join(told).split(";")) == list(A)


def test_layers_by_layers_count_all_ground_and_both_ways(result: Result) -> None:
    told = of(result, "F-layers").rows.to_dict("records")
    rows = {(row["left_layer"], row["right_layer"]): row for row in told}
    parks = rows["industrial-parks", "scenic-areas"]
    assert close(parks["area_gross_hm2"], 19.5)
    assert close(parks["area_union_hm2"], 17.0)
    # HWY-22 binds the pipe, PIP-21 the road: both are conflicts of these two layers
    assert rows["highways", "gas-pipelines"]["numbers"] == "C07;C13"
    # no rule of these forbids it, but ground is shared
    river = rows["industrial-parks", "river-remediation-zones"]
    assert river["conflict_count"] == 0
    assert close(river["area_union_hm2"], 3.0)


def test_findings_json_and_workbook_hold_the_same_numbers(found: Check, result: Result) -> None:
    document = json.loads(json.dumps(result_document(result)))
    sheet = openpyxl.load_workbook(BytesIO(workbook(result)))["A 位置关系"]
    heads = [cell.value for cell in sheet[3]]
    printed = [dict(zip(heads, row, strict=True)) for row in sheet.iter_rows(4, values_only=True)]
    findings = pd.DataFrame(found.findings.drop(columns="geometry")).to_dict("records")
    by_id = {one["finding_id"]: one for one in findings}
    for row, said, cell in zip(
        of(result, "A").rows.to_dict("records"), document["tables"]["A"], printed, strict=True
    ):
        finding = by_id[row["finding_ids"]]
        assert said["finding_ids"] == row["finding_ids"]
        assert cell["冲突编号"] == said["number"] == row["number"]
        length = finding["shared_length_m"]
        length = finding["stretch_length_m"] if pd.isna(length) else length
        for value, told, shown in (
            (length, said["length_m"], cell["长度(m)"]),
            (finding["shared_area_m2"] / 1e4, said["area_hm2"], cell["占用面积(hm²)"]),
        ):
            if pd.isna(value):
                assert told is None
                assert shown is None
            else:
                assert told == pytest.approx(value, rel=1e-12)
                assert shown == pytest.approx(value, rel=1e-12)
    assert document["tables"]["F"][-1]["area_union_hm2"] == pytest.approx(21.4, rel=1e-6)
