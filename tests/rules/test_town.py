"""The quarter of the example town: every demand with every outcome, as its README works it out."""

from __future__ import annotations

import json
import shutil
from collections import defaultdict
from itertools import product
from pathlib import Path
from typing import NamedTuple, get_args

import pytest

from geoplan import Catalogue
from geoplan.authoring import build_plan
from geoplan.rules import load_pack
from geoplan.rules.check import Check, check
from geoplan.rules.model import Demand

TOWN = Path(__file__).parents[2] / "examples" / "town"
QUARTER = TOWN / "quarter"
LAYER_OF = {"P": "parks", "R": "roads", "G": "pipes", "W": "river-works"}
OUTCOMES = {"hit", "clear", "uncertain", "not_checked"}


class Case(NamedTuple):
    """A row of the README's table."""

    rule: str
    demand: str
    subject: str
    object: str
    on_paper: str
    outcome: str
    measured: str
    threshold: str
    pm: str
    why: str


def cases() -> list[Case]:
    section = (TOWN / "README.md").read_text(encoding="utf-8").split("\n## Rules 规则\n")[1]
    lines = [line for line in section.split("\n## ")[0].splitlines() if line.startswith("|")]
    return [Case(*(cell.strip() for cell in line[1:-1].split("|"))) for line in lines[2:]]


CASES = cases()
LISTED = [case for case in CASES if case.outcome != "clear"]
KINDS = [get_args(one.model_fields["kind"].annotation)[0] for one in get_args(get_args(Demand)[0])]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Check:
    """Return the check of the quarter, built anew from its text."""
    folder = tmp_path_factory.mktemp("quarter") / "quarter"
    shutil.copytree(QUARTER, folder, ignore=shutil.ignore_patterns("*.gpkg"))
    list(build_plan(folder))
    return check(Catalogue.open(folder), ["town"])


def told(found: Check) -> dict[tuple[str, str, str], dict[str, object]]:
    """Return (rule, subject, object) → finding, in the words of the README's table."""
    rows = {}
    for row in found.findings.to_dict("records"):
        if row["reason"] == "no_layer":
            ours, theirs = ["any"], [row["field"]]
        elif row["subject_id"] is not None:
            ours, theirs = [row["subject_id"]], [row["object_id"] or "all"]
        else:
            ours, theirs = (
                ["any"] if row[side] is None else json.loads(row[side])
                for side in ("subject_ids", "object_ids")
            )
        for pair in product(ours, theirs):
            assert (row["rule_id"], *pair) not in rows
            rows[row["rule_id"], *pair] = row
    return rows


def stated(cell: str) -> object:
    """Return what a figure on paper may be printed as; nothing is NaN."""
    if cell.startswith("≈ "):
        number = cell[2:]
        return pytest.approx(float(number), abs=0.5 * 10.0 ** -len(number.split(".")[1]))
    return pytest.approx(float(cell or "nan"), rel=1e-6, abs=1e-6, nan_ok=True)


@pytest.mark.parametrize("kind", KINDS)
def test_every_demand_comes_to_every_outcome(kind: str) -> None:
    possible = {"not_checked"} if kind == "no_numeric_threshold" else OUTCOMES
    assert {case.outcome for case in CASES if case.demand == kind} == possible


@pytest.mark.parametrize("case", LISTED, ids=lambda case: "-".join([case.rule, *case[2:4]]))
def test_check_prints_what_paper_says(case: Case, found: Check) -> None:
    row = told(found)[case.rule, case.subject, case.object]
    assert (row["outcome"], row["reason"] or "") == (case.outcome, case.why)
    for name in ("measured", "threshold", "pm"):
        assert row[name] == stated(getattr(case, name)), name


def test_the_rules_have_no_finding_that_is_not_on_paper(found: Check) -> None:
    rules = {case.rule for case in CASES}
    assert {key for key in told(found) if key[0] in rules} == {
        (case.rule, case.subject, case.object) for case in LISTED
    }


def test_what_paper_calls_clear_is_named_clear(found: Check) -> None:
    wanted = defaultdict(set)
    for case in CASES:
        if case.outcome == "clear":
            other = None if case.object == "all" else case.object
            wanted[case.rule, LAYER_OF[case.subject[0]]].add((case.subject, other))
    for (rule, layer), pairs in wanted.items():
        clear = found.clear(rule, layer)
        assert pairs <= set(zip(clear["subject_id"], clear["object_id"], strict=True)), rule


def test_each_case_names_the_demand_of_its_rule() -> None:
    rules = load_pack("town", folder=QUARTER / "rules").rules
    assert {case.rule: case.demand for case in CASES} == {
        case.rule: rules[case.rule].demand.kind for case in CASES
    }
    assert load_pack("town", folder=QUARTER / "rules").example


def test_the_quarter_in_the_repository_is_what_its_sources_say(tmp_path: Path) -> None:
    shutil.copytree(QUARTER, tmp_path / "again")
    assert not any(report.built for report in build_plan(tmp_path / "again"))
    sources = {f"sources/{path.name}" for path in (QUARTER / "sources").iterdir()}
    assert sources == {layer.source_file for layer in Catalogue.parse(QUARTER).values()}
