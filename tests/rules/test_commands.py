"""The check through process and command line."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from geoplan import GeoPackageStore, Layer, Text
from geoplan.cli import app
from geoplan.export import result_document
from geoplan.processes import PROCESSES
from tests.rules.conftest import Layers, line, rect, row, rule, write_plan

RUN = CliRunner()
SETBACK = 'kind = "setback", distance_m = 20, measured_from = "land_edge"'
LAYERS: Layers = {
    "highway": [row("G1", line((0, 0), (4000, 0)), 1.0, land_half_width_m=12.0)],
    "industrial_park": [
        row("near", rect(100, 28, 190, 90), 2.0),
        row("far", rect(300, 62, 390, 120), 2.0),
        row("nowhere", None, 2.0),
    ],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_plan(tmp_path / "plan", rule(SETBACK), LAYERS).directory


def ask(*words: str | Path) -> tuple[int, str, str]:
    """Return exit code, standard output and standard error of a command."""
    answer = RUN.invoke(app, [str(word) for word in words])
    return answer.exit_code, answer.stdout, answer.stderr


def test_the_table_shows_article_and_measure_and_sums_up(folder: Path) -> None:
    code, out, err = ask("check", "--plan", folder, "--pack", "paper", "--lang", "en")
    assert code == 0
    assert "near" in out
    assert "Paper Law" in out
    assert "第二条" in out
    assert "16.0" in out
    assert "nowhere" not in out
    assert "Pairs asked: 3; hit 1, uncertain 0, clear 1, not checked 1" in err
    assert "Report GP-" in err


def test_json_says_how_it_came_about(folder: Path) -> None:
    _, out, _ = ask("check", "--plan", folder, "--pack", "paper", "--on", "2026-11-22", "--json")
    document = json.loads(out)
    assert document["totals"]["hit_count"] == 1
    assert document["run"]["law_of"] == "2026-11-22"
    assert set(document["run"]["layers"]) == {"highway", "industrial-park"}
    assert document["parts"][0]["clear_count"] == 1
    again = json.loads(
        ask("check", "--plan", folder, "--pack", "paper", "--on", "2026-11-22", "--json")[1]
    )
    for one in (document, again):
        one["run"].pop("time")
    assert document == again


def stored(file: Path, table: str) -> Any:
    """Return a table of a GeoPackage through our own store: GDAL may be restricted by now."""
    words = {"title": Text(zh="表", en="Table"), "source": Text(zh="虚构", en="Synthetic")}
    layer = Layer(id=table, table=table, kind="generic", geometry="area",
                  source_date=date(2025, 1, 1), **words)  # fmt: skip
    with GeoPackageStore(file) as store:
        return store.read(layer)


def test_a_file_holds_every_finding(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "findings.gpkg"
    ask("check", "--plan", folder, "--pack", "paper", "-o", file)
    found = stored(file, "check")
    assert sorted(found["outcome"]) == ["hit", "not_checked"]
    ask("check", "--plan", folder, "--pack", "paper", "-o", tmp_path / "findings.csv")
    assert "第二条" in (tmp_path / "findings.csv").read_text(encoding="utf-8-sig")


def test_fail_on(folder: Path, tmp_path: Path) -> None:
    paper = ("check", "--plan", folder, "--pack", "paper")
    assert ask(*paper, "--fail-on", "prohibited")[0] == 1
    assert ask(*paper, "--fail-on", "everything")[0] == 2
    clear = {"highway": LAYERS["highway"], "industrial_park": LAYERS["industrial_park"][1:]}
    other = write_plan(tmp_path / "clear", rule(SETBACK), clear).directory
    assert ask("check", "--plan", other, "--pack", "paper", "--fail-on", "prohibited")[0] == 0
    # one park has no published position
    assert ask("check", "--plan", other, "--pack", "paper", "--fail-on", "doubt")[0] == 1


def test_rules_are_listed_searched_and_shown(folder: Path) -> None:
    assert len(ask("rules", "--plan", folder)[1].splitlines()) == 144
    _, out, _ = ask("rules", "HWY-02", "--lang", "en", "--plan", folder)
    assert "At least 20 m from the outer edge of its land" in out
    assert "第十一条、第十三条" in out
    assert "text seen" in out
    _, out, _ = ask("rules", "tunnel", "--lang", "en", "--plan", folder)
    assert "HWY-12" in out
    assert "HWY-02" not in out
    _, out, _ = ask("rules", "GAS-13", "--pack", "example-city", "--plan", folder)
    assert "example-city 1 (example-city > cn-national)" in out
    assert "不详" in out  # when it came into force
    assert ask("rules", "nothing like it", "--plan", folder)[0] == 2
    assert ask("rules", "--on", "yesterday", "--plan", folder)[0] == 2


def test_legal_zones_are_printed(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "zones.gpkg"
    words = ("legal-zones", "--plan", folder, "--layer", "highway", "--pack", "paper", "-o", file)
    code, out, _ = ask(*words)
    assert code == 0
    assert "PAP-01" in out
    assert stored(file, "legal-zones")["distance_m"].tolist() == [20]


def test_a_process_answers_what_the_command_prints(folder: Path) -> None:
    from geoplan import Catalogue

    process = PROCESSES["check"]
    result = process.run(
        Catalogue.open(folder), process.inputs.model_validate({"packs": ["paper"]})
    )
    document = result_document(result)  # type: ignore[arg-type]
    counts = document["totals"]
    assert counts["asked_count"] == 3
    assert counts["prohibited_hit_count"] == 1
    json.dumps(document)
