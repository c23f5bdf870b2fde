"""A site checked by rules: figures on paper, what it would be, and what is wrong with the question.

Coordinates as in the paper plan. The road runs along y = 0, its land ends at y = 12, and it may
be 1 m off; the park P keeps 16 m from that land and may be 2 m off. The rule demands 20 m.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from typer.testing import CliRunner

from geoplan import Catalogue, processes
from geoplan.cli import app
from geoplan.errors import BadQuery, PackNotFound
from geoplan.export import result_document
from geoplan.processes import SiteInputs
from geoplan.rules.check import check
from tests.rules.conftest import Layers, line, rect, row, rule, write_plan

SETBACK = 'kind = "setback", distance_m = 20, measured_from = "land_edge"'
SITE = rect(600, 28, 690, 90)


def layers() -> Layers:
    return {
        "highway": [row("G1", line((0, 0), (4000, 0)), 1.0, land_half_width_m=12.0)],
        "industrial_park": [row("P", rect(100, 28, 190, 90), 2.0)],
    }


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    return write_plan(tmp_path_factory.mktemp("paper") / "plan", rule(SETBACK), layers())


def asked(catalogue: Catalogue, shape: Any, **inputs: Any) -> dict[str, Any]:
    geometry = json.loads(shapely.to_geojson(shape))
    inputs = {"geometry": geometry, "crs": "EPSG:4550", "packs": ["paper"], **inputs}
    result = processes.site_check(catalogue, SiteInputs.model_validate(inputs))
    return dict(json.loads(json.dumps(result_document(result), allow_nan=False)))


def findings(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [part for part in document["parts"] if "rule_id" in part]


def unchecked(document: dict[str, Any]) -> list[tuple[str, str | None, int, str]]:
    return [
        (part["reason"], part["field"], part["finding_count"], part["rule_ids"])
        for part in document["parts"]
        if "rule_ids" in part
    ]


@pytest.mark.parametrize(
    ("north", "accuracy_m", "outcome"),
    # 16 m from the land: 16 + 1 + 2 < 20; 16 + 1 + 5 > 20; and 26 m from it, 26 - 1 - 2 > 20
    [(0, 2, "hit"), (0, 5, "uncertain"), (10, 2, None)],
)
def test_a_park_beside_a_road(
    north: float, accuracy_m: float, outcome: str | None, paper: Catalogue
) -> None:
    shape = shapely.transform(SITE, lambda xy: np.add(xy, (0, north)))
    found = asked(paper, shape, kind="industrial_park", accuracy_m=accuracy_m)
    told = [(one["outcome"], one["binds"], one["feature_id"]) for one in findings(found)]
    assert told == ([] if outcome is None else [(outcome, "site", "G1")])
    counts = {name: found["totals"][f"rules_{name}_count"] for name in ("asked", "clear")}
    assert counts == {"asked": 1, "clear": 1 if outcome is None else 0}


def test_a_finding_is_cited_with_its_figures(paper: Catalogue) -> None:
    found = asked(paper, SITE, kind="industrial_park", accuracy_m=2)
    (one,) = findings(found)
    figures = [one[name] for name in ("measured", "threshold", "margin", "pm")]
    assert figures == pytest.approx([16, 20, -4, 3], abs=1e-6)
    assert (one["severity"], one["article"], one["law_en"]) == ("prohibited", "第二条", "Paper Law")
    assert (one["rule_id"], one["unit"], one["line"]) == ("PAP-01", "m", "land_edge")
    assert found["totals"]["rules_prohibited_hit_count"] == 1
    assert found["run"]["packs"].keys() == {"paper 1"}
    assert found["run"]["code"].startswith("GP-")


def test_a_road_disturbs_the_park_that_stands(paper: Catalogue) -> None:
    # along y = 0 beneath P; its land half-width is told as a command line would, in a text
    road = line((90, 0), (200, 0))
    known = asked(paper, road, kind="highway", attributes={"land_half_width_m": "12"})
    (one,) = findings(known)
    assert (one["outcome"], one["binds"], one["feature_id"]) == ("hit", "feature", "P")
    assert one["measured"] == pytest.approx(16, abs=1e-6)
    assert unchecked(known) == []
    vague = asked(paper, road, kind="highway")
    assert findings(vague) == []
    assert unchecked(vague) == [("field_empty", "object.land_half_width_m", 1, "PAP-01")]


def test_a_site_in_degrees_is_checked_alike(paper: Catalogue) -> None:
    degrees = gpd.GeoSeries([SITE], crs=4550).to_crs(4490).iloc[0]
    found = asked(paper, degrees, kind="industrial_park", accuracy_m=2, crs="EPSG:4490")
    assert findings(found)[0]["measured"] == pytest.approx(16, abs=1e-6)


def test_without_packs_nothing_is_said_of_rules(paper: Catalogue) -> None:
    found = asked(paper, SITE, packs=[])
    assert [part for part in found["parts"] if "layer" not in part] == []
    assert not any(name.startswith("rules_") for name in found["totals"])


def test_a_layer_that_cannot_be_measured_is_told(tmp_path: Path) -> None:
    bow = shapely.Polygon(
        [(500_000 + x, 4_550_000 + y) for x, y in ((0, 0), (9, 9), (9, 0), (0, 9))]
    )
    spoilt = layers() | {"industrial_park": [row("B", bow, 1.0)]}
    catalogue = write_plan(tmp_path / "plan", rule(SETBACK), spoilt)
    found = asked(catalogue, line((90, 300), (200, 300)), kind="highway")
    (told,) = [part for part in found["parts"] if "packs" in part]
    assert (told["outcome"], told["packs"]) == ("not_checked", "paper")
    assert "InvalidGeometry" in told["reason"]
    assert [part["outcome"] for part in found["parts"] if "layer" in part] == [
        "clear",
        "not_checked",
    ]


def test_only_what_concerns_the_site_is_asked(tmp_path: Path) -> None:
    # that P keeps no distance from railways and lies in no zone is no matter of the site
    others = rule('kind = "no_overlap"', other="railway", key="PAP-02")
    inside = rule('kind = "inside_only"', other="highway", key="PAP-03")
    catalogue = write_plan(tmp_path / "plan", rule(SETBACK) + others + inside, layers())
    far = asked(catalogue, line((90, 900), (200, 900)), kind="highway",
                attributes={"land_half_width_m": 12})  # fmt: skip
    assert (findings(far), unchecked(far)) == ([], [])
    park = asked(catalogue, SITE, kind="industrial_park", accuracy_m=2)
    assert {one["rule_id"] for one in findings(park)} == {"PAP-01", "PAP-03"}
    assert unchecked(park) == [("no_layer", "railway", 1, "PAP-02")]


def test_a_site_is_asked_of_the_plan_as_it_stands_now(tmp_path: Path) -> None:
    # layers are kept between questions: a road moved 5 m south is another road
    catalogue = write_plan(tmp_path / "plan", rule(SETBACK), layers())
    before = asked(catalogue, SITE, kind="industrial_park", accuracy_m=2)
    moved = layers() | {
        "highway": [row("G1", line((0, -5), (4000, -5)), 1.0, land_half_width_m=12.0)]
    }
    again = write_plan(tmp_path / "plan", rule(SETBACK), moved)
    after = asked(again, SITE, kind="industrial_park", accuracy_m=2)
    assert findings(before)[0]["measured"] == pytest.approx(16, abs=1e-6)
    assert findings(after)[0]["measured"] == pytest.approx(21, abs=1e-6)
    assert before["run"]["code"] != after["run"]["code"]


def test_a_site_is_checked_as_a_feature_of_the_plan_is(paper: Catalogue) -> None:
    # P itself, drawn anew as a site, has the finding that the check of the plan has of P
    of_plan = check(paper, ["paper"]).findings
    of_site = findings(asked(paper, rect(100, 28, 190, 90), kind="industrial_park", accuracy_m=2))
    columns = ["outcome", "measured", "threshold", "margin", "pm", "article"]
    assert [[one[name] for name in columns] for one in of_site] == of_plan[columns].values.tolist()


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"kind": None}, BadQuery, "kind of the site is needed"),
        ({"kind": "castle"}, BadQuery, "'castle' is unknown; known: .*industrial_park"),
        ({"kind": "highway"}, BadQuery, "of kind highway is drawn as line"),
        ({"attributes": {"colour": "red"}}, BadQuery, "no field 'colour'"),
        ({"attributes": {"built_area_ha": "much"}}, BadQuery, "'much' is no REAL"),
        ({"attributes": {"built_area_ha": "nan"}}, BadQuery, "'nan' is no REAL"),
        ({"packs": ["nowhere"]}, PackNotFound, "nowhere"),
    ],
)
def test_a_wrong_question_is_refused(
    change: dict[str, Any], error: type[Exception], said: str, paper: Catalogue
) -> None:
    with pytest.raises(error, match=said):
        asked(paper, SITE, **{"kind": "industrial_park", **change})


@pytest.mark.parametrize(
    ("lang", "said"),
    [("en", ("prohibited", "the site", "Paper Law", "hit 1")), ("zh", ("禁止", "选址", "纸上法"))],
)
def test_the_command_cites_and_ends_in_a_condition(
    lang: str, said: tuple[str, ...], paper: Catalogue
) -> None:
    command = ["site-check", SITE.wkt, "--source-crs", "EPSG:4550", "--plan", str(paper.directory),
               "--pack", "paper", "--kind", "industrial_park", "--attribute", "status=planned",
               "--accuracy-m", "2", "--lang", lang]  # fmt: skip
    answer = CliRunner().invoke(app, command)
    assert answer.exit_code == 0, answer.output
    for text in said:
        assert text in answer.output
    assert CliRunner().invoke(app, [*command, "--fail-on", "prohibited"]).exit_code == 1
    assert CliRunner().invoke(app, [*command, "--attribute", "status"]).exit_code == 2
