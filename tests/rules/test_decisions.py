"""Decisions on findings: kept, compared with what they were made on, and never lost."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner

from geoplan import Catalogue
from geoplan.cli import app
from geoplan.errors import (
    BadQuery,
    FindingNotFound,
    NotAGeoPackage,
)
from geoplan.export import result_document
from geoplan.processes.check import result_of
from geoplan.rules.check import Check, check
from geoplan.rules.decisions import counts, decide, listed, sha256_of, worse_since
from geoplan.store.decisions import Decision, read_decisions
from tests.rules.conftest import Layers, line, rect, row, rule, write_plan

RUN = CliRunner()
SETBACK = 'kind = "setback", distance_m = 20, measured_from = "land_edge"'
RULES = rule(SETBACK) + rule('kind = "no_crossing"', other="wetland", key="PAP-02")
DAY = date(2026, 3, 1)
DECIDED = Decision(
    "a", "accepted", "x", DAY, None, "PAP-01", "l", "1", "m", "2", "prohibited", "hit", 5.0, -1.0,
    None, None, 0, "GP-0",
)  # fmt: skip
HOSTILE = '=HYPERLINK("x");\'; DROP TABLE decisions; --\x1b[2J\n<script>'


def layers(near_m: float = 16.0) -> Layers:
    """Return two parks; the land of the road ends at y = 12, one park begins `near_m` from it."""
    y = 12.0 + near_m
    return {
        "highway": [row("G1", line((0, 0), (4000, 0)), 0.5, land_half_width_m=12.0)],
        "industrial_park": [row("near", rect(100, y, 190, y + 50)), row("nowhere", None)],
    }


@pytest.fixture
def plan(tmp_path: Path) -> Catalogue:
    return write_plan(tmp_path / "plan", RULES, layers())


def found(plan: Catalogue) -> Check:
    return check(plan, ["paper"])


def hit(of: Check) -> Any:
    (only,) = of.findings[of.findings["outcome"] == "hit"].to_dict("records")
    return only


def accept(plan: Catalogue, word: str = "accepted", note: str | None = None) -> Decision:
    """Decide on the one hit."""
    now = found(plan)
    return decide(plan, now, hit(now)["finding_id"], word, by="Planning office", on=DAY, note=note)


def document(of: Check) -> dict[str, Any]:
    """Return what the process gives as JSON, without the time of the run."""
    told: dict[str, Any] = result_document(result_of(of, {}))
    told["run"].pop("time")
    return told


def test_without_decisions_nothing_is_made_and_nothing_said(plan: Catalogue) -> None:
    first = found(plan)
    assert not (plan.directory / "decisions.gpkg").exists()
    assert first.record.decisions is None
    assert hit(first)["decision"] is None
    assert counts(first) == dict.fromkeys(
        ("decided_count", "worse_since_decision_count", "orphaned_decision_count"), 0
    )


def test_a_decision_survives_the_next_run_byte_for_byte(plan: Catalogue) -> None:
    before = found(plan)
    accept(plan, note="File 12")
    first, again = found(plan), found(Catalogue.open(plan.directory))
    told = hit(first)
    assert (told["decision"], told["decision_by"]) == ("accepted", "Planning office")
    assert (told["decision_on"], told["decision_note"]) == ("2026-03-01", "File 12")
    assert told["worse_since_decision"] is None
    assert first.findings["decision"].notna().sum() == 1
    assert json.dumps(document(first)) == json.dumps(document(again))
    assert document(first)["totals"]["decided_count"] == 1
    assert first.record.code == again.record.code != before.record.code
    assert first.findings["finding_id"].tolist() == before.findings["finding_id"].tolist()


def test_the_record_depends_on_the_decisions_that_count() -> None:
    exempt = replace(DECIDED, decision="exempt")
    other = replace(DECIDED, finding_id="b")
    assert sha256_of([DECIDED, exempt, other]) == sha256_of([other, exempt])
    told = [[DECIDED], [exempt], [DECIDED, other], [replace(DECIDED, note="File 12")]]
    assert len({sha256_of(one) for one in told}) == len(told)


def test_a_park_five_metres_nearer_is_worse_since(plan: Catalogue) -> None:
    accept(plan)
    moved = write_plan(plan.directory, RULES, layers(near_m=11.0))
    now = found(moved)
    assert hit(now)["margin"] == pytest.approx(-9.0, abs=1e-3)  # 11 of 20 m
    assert hit(now)["worse_since_decision"] == "margin"
    assert counts(now)["worse_since_decision_count"] == 1
    (kept,) = listed(now).to_dict("records")
    assert (kept["state"], kept["outcome"]) == ("worse_since", "hit")
    assert kept["margin"] == pytest.approx(-4.0, abs=1e-3)  # as it was: 16 of 20 m
    farther = found(write_plan(plan.directory, RULES, layers(near_m=17.0)))
    assert hit(farther)["worse_since_decision"] is None


def test_what_was_taken_back_is_open_and_never_worse(plan: Catalogue) -> None:
    accept(plan)
    accept(plan, "open")
    now = found(write_plan(plan.directory, RULES, layers(near_m=11.0)))
    assert (hit(now)["decision"], hit(now)["worse_since_decision"]) == ("open", None)
    assert counts(now)["decided_count"] == 0
    assert listed(now)["state"].tolist() == ["open"]


@pytest.mark.parametrize(
    ("then", "now", "worse"),
    [
        ({"severity": "notice"}, {"severity": "prohibited"}, "severity"),
        ({"severity": "prohibited"}, {"severity": "notice"}, None),
        ({"outcome": "uncertain"}, {"outcome": "hit"}, "outcome"),
        ({"outcome": "not_checked"}, {"outcome": "uncertain"}, "outcome"),
        ({"outcome": "hit"}, {"outcome": "not_checked"}, None),
        ({"margin": -1.0}, {"margin": -1.0009}, None),
        ({"margin": -1.0}, {"margin": -1.0011}, "margin"),
        ({"margin": None}, {"margin": -5.0}, None),
        ({"shared_area_m2": None}, {"shared_area_m2": 2.0}, "shared_area_m2"),
        ({"shared_area_m2": 9.0}, {"shared_area_m2": None}, None),
        ({"shared_length_m": 3.0}, {"shared_length_m": 3.5}, "shared_length_m"),
        ({"feature_count": 1}, {"subject_ids": '["a", "b"]'}, "feature_count"),
        ({"margin": 1.0, "outcome": "uncertain"}, {"margin": 0.0}, "outcome;margin"),
    ],
)
def test_worse_is_told_of_each_measure(
    then: dict[str, Any], now: dict[str, Any], worse: str | None
) -> None:
    finding = {
        "severity": "prohibited", "outcome": "hit", "margin": -1.0, "shared_area_m2": None,
        "shared_length_m": None, "subject_ids": None, "object_ids": None,
    }  # fmt: skip
    assert worse_since(replace(DECIDED, **then), finding | now) == worse


def test_a_finding_that_is_gone_leaves_its_decision_as_an_orphan(plan: Catalogue) -> None:
    accept(plan)
    now = found(write_plan(plan.directory, RULES, layers(near_m=40.0)))
    assert listed(now)["state"].tolist() == ["orphaned"]
    assert counts(now)["orphaned_decision_count"] == 1
    assert len(read_decisions(plan.directory / "decisions.gpkg")) == 1
    back = found(write_plan(plan.directory, RULES, layers()))
    assert hit(back)["decision"] == "accepted"


def test_a_rule_that_no_pack_holds_is_not_asked_rather_than_gone(plan: Catalogue) -> None:
    accept(plan)
    only = rule('kind = "no_crossing"', other="wetland", key="PAP-02")
    assert listed(found(write_plan(plan.directory, only, layers())))["state"].tolist() == [
        "not_asked"
    ]


def test_the_last_decision_counts_and_the_history_keeps_all(plan: Catalogue) -> None:
    for word in ("accepted", "mitigated", "exempt"):
        accept(plan, word)
    now = found(plan)
    assert hit(now)["decision"] == "exempt"
    assert listed(now)["decision"].tolist() == ["exempt"]
    told = listed(now, history=True)
    assert told["decision"].tolist() == ["accepted", "mitigated", "exempt"]
    assert told["state"].tolist() == ["superseded", "superseded", "stands"]


def test_a_finding_on_many_features_can_be_decided_on(plan: Catalogue) -> None:
    now = found(plan)
    many = now.findings[now.findings["reason"] == "no_geometry"].iloc[0]
    made = decide(plan, now, many["finding_id"], "accepted", by="office", on=DAY)
    assert (made.subject_id, made.feature_count) == (None, 1)
    more = layers()
    more["industrial_park"].append(row("nowhere either", None))
    again = found(write_plan(plan.directory, RULES, more)).findings.set_index("finding_id")
    assert again.loc[many["finding_id"], "worse_since_decision"] == "feature_count"


def test_what_is_no_decision_is_refused_and_nothing_written(plan: Catalogue) -> None:
    now = found(plan)
    key = hit(now)["finding_id"]
    with pytest.raises(FindingNotFound, match="finding_id"):
        decide(plan, now, "0123456789abcdef", "accepted", by="office", on=DAY)
    unfit: list[tuple[str, str, str | None]] = [
        ("denied", "office", None),
        ("accepted", "  ", None),
        ("accepted", "x" * 201, None),
        ("accepted", "x", "y" * 4001),
    ]
    for word, by, note in unfit:
        with pytest.raises(BadQuery):
            decide(plan, now, key, word, by=by, on=DAY, note=note)
    assert not (plan.directory / "decisions.gpkg").exists()
    with pytest.raises(BadQuery):
        decide(plan, now, key, "accepted", by="\ud800", on=DAY)
    assert read_decisions(plan.directory / "decisions.gpkg") == ()


def ask(*words: str | Path) -> tuple[int, str, str]:
    """Return exit code, standard output and standard error of a command."""
    answer = RUN.invoke(app, [str(word) for word in words])
    return answer.exit_code, answer.stdout, answer.stderr


def test_commands_decide_list_and_check(plan: Catalogue, tmp_path: Path) -> None:
    where = ("--plan", plan.directory, "--pack", "paper")
    _, out, err = ask("check", *where, "--lang", "en")
    key = hit(found(plan))["finding_id"]
    assert key in out
    assert "Decided" not in out + err
    code, out, _ = ask("decide", key, *where, "--decision", "exempt", "--by", "规划科",
                       "--note", HOSTILE, "--date", "2026-03-01")  # fmt: skip
    assert code == 0
    assert "已豁免" in out
    _, out, err = ask("check", *where, "--lang", "en", "-o", tmp_path / "found.csv")
    assert "exempt" in out
    assert "Decided: 1 finding(s), worse since then: 0" in err
    table = pd.read_csv(tmp_path / "found.csv")
    assert table["decision_by"].dropna().tolist() == ["规划科"]
    assert table["decision_note"].dropna().tolist() == [f"'{HOSTILE}"]  # no formula
    _, out, _ = ask("decisions", *where, "--json")
    told = json.loads(out)
    assert told["rows"][0]["state"] == "stands"
    assert told["totals"]["decided_count"] == 1
    _, out, err = ask("decisions", *where, "--lang", "en", "--history")
    assert "stands" in out
    assert "DROP TABLE" in out
    assert "\x1b" not in out
    assert "Decisions: 1" in err
    _, out, _ = ask("check", *where, "--table", "A", "--json")
    rows = json.loads(out)["tables"]["A"]
    assert [one["decisions"] for one in rows if key in one["finding_ids"]] == ["exempt"]
    assert sum(one["decisions"] is not None for one in rows) == 1


def test_a_check_refuses_decisions_that_it_cannot_read(plan: Catalogue) -> None:
    path = plan.directory / "decisions.gpkg"
    path.write_bytes(b"not a database" * 99)
    with pytest.raises(NotAGeoPackage, match="decisions"):
        found(plan)
    assert path.read_bytes() == b"not a database" * 99


def test_wrong_options_are_named(plan: Catalogue) -> None:
    where = ("--plan", plan.directory, "--pack", "paper", "--by", "x")
    assert ask("decide", "0", *where, "--decision", "denied")[0] == 2
    code, _, err = ask("decide", "0", *where, "--decision", "open", "--date", "soon")
    assert code == 2
    assert "--date" in err
    assert isinstance(
        RUN.invoke(app, ["decide", "0", *map(str, where), "--decision", "open"]).exception,
        FindingNotFound,
    )
