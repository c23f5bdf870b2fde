"""The check as a whole: what is missing is said; what is found is cited, and stays the same."""

from __future__ import annotations

import json
from datetime import date, timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path

import pandas as pd
import pytest

from geoplan import Catalogue
from geoplan.errors import BadQuery, PackNotFound
from geoplan.rules import load_pack
from geoplan.rules.check import Candidate, Check, check
from geoplan.rules.findings import COLUMNS
from geoplan.rules.tally import Tally
from geoplan.rules.verdicts import REASONS
from geoplan.store.write import write_geopackage
from tests.rules.conftest import Asking, Layers, line, outcomes, rect, row, rule, write_plan

ROOT = Path(__file__).parents[2]
SETBACK = 'kind = "setback", distance_m = 20, measured_from = "land_edge"'


@cache
def checked(plan: str) -> Check:
    """Return the check of a plan of the repository by the national base."""
    return check(Catalogue.open(ROOT / plan))


def road_and_park(**attributes: object) -> Layers:
    """Return a road whose land ends at y = 12, and a park 16 m from that."""
    return {
        "highway": [
            row("G1", line((0, 0), (4000, 0)), 1.0, land_half_width_m=12.0, **attributes),
        ],
        "industrial_park": [row("P", rect(100, 28, 190, 90), 2.0, **attributes)],
    }


def test_a_missing_layer_is_not_checked(ask: Asking) -> None:
    layers = road_and_park()
    found = ask(rule('kind = "no_overlap"', other="eco_redline"), layers)
    assert found.findings[["outcome", "reason", "field", "severity"]].values.tolist() == [
        ["not_checked", "no_layer", "eco_redline", "prohibited"]
    ]
    assert found.tally.empty


def test_an_empty_layer_is_not_checked(tmp_path: Path) -> None:
    catalogue = write_plan(tmp_path / "plan", rule(SETBACK), road_and_park())
    roads = catalogue.read("highway")
    write_geopackage(
        catalogue.path("highway"),
        "highway",
        roads.iloc[:0].reset_index(drop=False),
        id_column="feature_id",
        identifier="",
        description="",
        last_change=pd.Timestamp("2026-01-01", tz="UTC").to_pydatetime(),
    )
    found = check(Catalogue.open(tmp_path / "plan"), ["paper"])
    assert found.findings["reason"].tolist() == ["empty_layer"]
    assert found.tally[["asked_count", "clear_count"]].values.tolist() == [[0, 0]]


def test_a_rule_without_subjects_is_named(ask: Asking) -> None:
    layers = road_and_park()
    del layers["industrial_park"]
    found = ask(rule(SETBACK), layers)
    assert found.findings.empty
    assert list(found.findings.columns) == COLUMNS
    assert found.record.unbound == ("PAP-01",)


def test_findings_are_the_same_byte_for_byte(tmp_path: Path) -> None:
    catalogue = write_plan(tmp_path / "plan", rule(SETBACK), road_and_park())
    one, other = check(catalogue, ["paper"]), check(catalogue, ["paper"])
    assert one.findings.to_json() == other.findings.to_json()
    assert one.tally.equals(other.tally)
    assert one.record.code == other.record.code


def test_a_finding_keeps_its_id_when_rule_and_layers_change(tmp_path: Path) -> None:
    first = check(write_plan(tmp_path / "a", rule(SETBACK), road_and_park()), ["paper"])
    wider = SETBACK.replace("20", "25")
    again = check(write_plan(tmp_path / "b", rule(wider), road_and_park(lanes=4)), ["paper"])
    assert first.findings["finding_id"].tolist() == again.findings["finding_id"].tolist()
    assert first.record.code != again.record.code
    renamed = road_and_park()
    renamed["industrial_park"][0]["feature_id"] = "Q"
    third = check(write_plan(tmp_path / "c", rule(SETBACK), renamed), ["paper"])
    assert third.findings["finding_id"].tolist() != first.findings["finding_id"].tolist()


def test_the_record_says_what_was_used(tmp_path: Path) -> None:
    catalogue = write_plan(tmp_path / "plan", rule(SETBACK), road_and_park())
    record = check(catalogue, ["paper"], on=date(2026, 11, 22)).record
    assert record.packs == {"paper 1": load_pack("paper", folder=tmp_path / "plan/rules").sha256}
    assert record.layers == {
        name: sha256((tmp_path / f"plan/{name}.gpkg").read_bytes()).hexdigest()
        for name in ("highway", "industrial-park")
    }
    assert record.expires - record.time == timedelta(days=90)
    assert record.on == date(2026, 11, 22)
    assert len(record.planes) == 1
    assert record.code.startswith("GP-")


def test_a_pack_in_a_plan_replaces_a_rule_of_the_base(tmp_path: Path) -> None:
    catalogue = write_plan(tmp_path / "plan", rule(SETBACK, key="HWY-02"), road_and_park())
    found = check(catalogue, ["cn-national", "paper"])
    mine = found.findings[found.findings["rule_id"] == "HWY-02"]
    assert mine["law"].tolist() == ["纸上法"]
    with pytest.raises(PackNotFound):
        check(catalogue, ["nowhere"])
    with pytest.raises(BadQuery):
        check(catalogue, [])


@pytest.mark.parametrize(
    ("ours", "theirs", "party"),
    [
        ((date(2020, 1, 1), date(2019, 1, 1)), (date(2021, 1, 1), date(2018, 1, 1)), "object"),
        ((date(2022, 1, 1), date(2019, 1, 1)), (date(2021, 1, 1), date(2020, 1, 1)), "subject"),
        # together begun: who was approved later yields
        ((date(2021, 1, 1), date(2019, 1, 1)), (date(2021, 1, 1), date(2018, 1, 1)), "subject"),
        ((None, date(2019, 1, 1)), (date(2021, 1, 1), date(2018, 1, 1)), None),
    ],
)
def test_the_later_project_yields_and_pays(
    ask: Asking,
    ours: tuple[date | None, date],
    theirs: tuple[date | None, date],
    party: str | None,
) -> None:
    def dated(dates: tuple[date | None, date]) -> dict[str, object]:
        return dict(zip(("construction_start_date", "approval_date"), dates, strict=True))

    layers: Layers = {
        "highway": [row("G1", line((0, 0), (4000, 0)), 1.0, **dated(ours))],
        "gas_pipeline": [
            row(
                "L", line((90, -80), (90, 50)), 1.0, pipeline_class="long_distance", **dated(theirs)
            ),
            row("U", line((300, -80), (300, 60)), 1.0, pipeline_class="urban", **dated(theirs)),
        ],
    }
    demand = 'kind = "crossing_needs_approval"'
    found = ask(rule(demand, subject="highway", other="gas_pipeline"), layers)
    assert outcomes(found) == {("G1", "L"): "hit", ("G1", "U"): "hit"}
    # the Pipeline Law is on long-distance pipelines only
    assert outcomes(found, "duty_party") == {("G1", "L"): party, ("G1", "U"): None}


def test_a_candidate_is_checked_as_if_it_stood_in_the_plan(tmp_path: Path) -> None:
    layers = road_and_park()
    catalogue = write_plan(tmp_path / "plan", rule(SETBACK), layers)
    entry = catalogue["industrial-park"].model_copy(update={"id": "site"})
    site = catalogue.read("industrial-park").rename(index={"P": "C"})
    moved = site.set_geometry(site.translate(500, 3))
    found = check(catalogue, ["paper"], candidate=Candidate(entry, moved))
    site_only = found.findings[found.findings["subject_layer"] == "site"]
    assert site_only[["subject_id", "object_id", "outcome"]].values.tolist() == [
        ["C", "G1", "uncertain"]  # 19 m from the edge, r = 3
    ]
    assert set(found.findings["subject_layer"]) == {"site"}
    same = Candidate(catalogue["industrial-park"], moved)
    with pytest.raises(BadQuery, match="industrial-park"):
        check(catalogue, ["paper"], candidate=same)


def test_parks_that_touch_are_named_once(ask: Asking) -> None:
    layers: Layers = {
        "industrial_park": [
            row("A", rect(0, 0, 100, 130), 1.0),
            row("B", rect(90, 0, 300, 140), 1.0),
            row("C", rect(600, 0, 700, 150), 1.0),
        ]
    }
    found = ask(rule('kind = "no_overlap"', other="industrial_park"), layers)
    assert outcomes(found) == {("A", "B"): "hit"}
    counts = found.tally.iloc[0]
    assert (counts["asked_count"], counts["clear_count"]) == (3, 2)
    assert found.clear("PAP-01", "industrial-park").shape == (2, 3)


@pytest.mark.parametrize("plan", ["layers", "examples/town"])
def test_every_count_adds_up_and_every_doubt_has_its_reason(plan: str) -> None:
    found = checked(plan)
    rows, counts = found.findings, found.tally
    assert rows["finding_id"].is_unique
    assert set(rows["outcome"]) <= {"hit", "uncertain", "not_checked"}
    doubtful = rows[rows["outcome"] != "hit"]
    assert doubtful["reason"].isin(REASONS).all()
    assert rows.loc[rows["outcome"] == "hit", "reason"].isna().all()
    assert rows["confidence"].notna().eq(rows["law"].notna()).all()
    parts = counts[["hit_count", "uncertain_count", "clear_count", "not_checked_count"]]
    assert (parts >= 0).all(axis=None)
    assert (parts.sum(axis=1) == counts["asked_count"]).all()
    certain = rows[rows["outcome"].isin(["hit", "uncertain"])]
    assert counts["hit_count"].sum() + counts["uncertain_count"].sum() == len(certain)
    for tally in found._tallies:
        assert isinstance(tally, Tally)
        assert len(list(tally.clear())) == tally.row()["clear_count"]


def test_places_on_a_route_are_named_by_the_chainage_equations_of_the_plan() -> None:
    rows = checked("examples/town").findings
    told = rows[(rows["subject_id"] == "HW-2") & (rows["object_id"] == "RR-1")]
    ends = told[["chainage_from", "chainage_to"]].drop_duplicates().to_numpy().tolist()
    # 500 to 700 m from the start; at 600 m the chainage jumps back by 50 m (the town's README)
    assert ends == [["K10+500.000", "K10+650.000"]]


def test_anshan_is_certain_of_nothing_and_says_why() -> None:
    catalogue = Catalogue.open(ROOT / "layers")
    found = checked("layers")
    rows = found.findings
    # positions are 50 m to 38 km off: nothing can be a hit unless it is deeper than that
    for one in rows[rows["outcome"] == "hit"].itertuples():
        assert one.uncertainty_m < max(one.measured, one.shared_length_m or 0)
    unlocated = catalogue.read("industrial-parks")
    unlocated = unlocated.index[unlocated.geometry.isna()].tolist()
    told = rows[(rows["reason"] == "no_geometry") & (rows["subject_layer"] == "industrial-parks")]
    named = {one for ids in told["subject_ids"].dropna() for one in json.loads(ids)}
    assert named == set(unlocated)
    absent = set(rows.loc[rows["reason"] == "no_layer", "field"])
    assert {"eco_redline", "permanent_basic_farmland", "urban_development_boundary"} <= absent


def test_the_readme_says_what_the_run_printed() -> None:
    counts = (
        checked("layers")
        .tally[[f"{name}_count" for name in ("asked", "hit", "uncertain", "clear", "not_checked")]]
        .sum()
    )
    asked, hit, uncertain, clear, not_checked = counts.tolist()
    told = f"{asked} pairs: hit {hit}, uncertain {uncertain}, clear {clear}, not checked"
    assert f"{told} {not_checked}." in (ROOT / "README.md").read_text(encoding="utf-8")
    told = f"{asked}：命中 {hit}，存疑 {uncertain}，未命中 {clear}，未核查 {not_checked}。"
    assert told in (ROOT / "README.zh.md").read_text(encoding="utf-8")
