"""Quality as a process and as a command: the town, files, and a copy repaired."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import apsw
import geopandas as gpd
import pandas as pd
import pytest
from typer.testing import CliRunner

from geoplan import Catalogue
from geoplan.cli import app
from geoplan.export import result_document, write_result
from geoplan.model import Result
from geoplan.processes import LayersInputs, quality

RUNNER = CliRunner()
ANSHAN = Path(__file__).parents[2] / "layers"

COMMON = ["admin_name", "adcode", "legal_status", "lead_agency", "data_quality", "source"]
OWN = {
    "industrial-parks": ["park_level", "park_type", "hazard_class", "major_hazard_source"],
    "scenic-areas": ["grade", "zone", "plan_approved", "management_body"],
    "river-remediation-zones": [
        "river_name", "river_level", "range_type", "range_basis", "has_levee", "works_type"],
    "highways": ["road_code", "road_class", "land_half_width_m", "land_width_basis",
                 "chainage_origin", "structure"],
    "gas-pipelines": ["pipeline_class", "pressure_class", "design_pressure_mpa", "diameter_mm",
                      "laying_mode", "operator"],
}  # fmt: skip


def _run(*arguments: str) -> Any:
    return RUNNER.invoke(app, ["quality", *arguments])


def test_the_town_lacks_columns_and_one_position_and_nothing_else(town: Catalogue) -> None:
    found = quality(town, LayersInputs()).features
    absent = found[found["code"] == "missing-field"]
    for layer, columns in OWN.items():
        assert absent.loc[absent["layer"] == layer, "column"].tolist() == COMMON + columns
    rest = found[found["code"] != "missing-field"]
    told = rest[["layer", "code", "level", "feature_id", "column"]].fillna("").to_numpy().tolist()
    assert told == [
        ["industrial-parks", "null-geometry", "info", "IP-4", ""],
        # the chainage of HW-1 is not published
        ["highways", "null-required", "info", "", "chainage_from"],
        ["highways", "null-required", "info", "", "chainage_to"],
    ]


def test_totals_count_levels_and_codes(town: Catalogue) -> None:
    result = quality(town, LayersInputs(layers=("industrial-parks",)))
    assert result.totals == {
        "count": 11, "error": 0, "warning": 10, "info": 1, "missing-field": 10, "null-geometry": 1
    }  # fmt: skip
    assert result.features["level"].tolist() == ["warning"] * 10 + ["info"]
    assert result.run.measuring_planes == ("EPSG:4550",)


def test_anshan_has_no_error_but_a_strip_between_two_published_counties() -> None:
    if not (ANSHAN / "highways.gpkg").exists():
        pytest.skip("the layers are not built")
    found = quality(Catalogue.open(ANSHAN), LayersInputs()).features
    errors = found[(found["level"] == "error") & (found["layer"] != "county-boundaries")]
    assert errors.empty
    assert not set(found["code"]) & {"mojibake", "control-characters", "sliver", "out-of-domain"}
    declared = found[found["code"] == "declared-measure"]
    assert set(declared["level"]) == {"info"}  # all of it is schematic
    assert "AS-HW-001" in set(declared["feature_id"])


@pytest.mark.parametrize("ending", [".gpkg", ".geojson", ".csv"])
def test_findings_are_written_to_files(town: Catalogue, tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"findings{ending}"
    result = quality(town, LayersInputs(layers=("industrial-parks",)))
    write_result(result, path)
    if ending == ".csv":
        table = pd.read_csv(path)
        assert table["code"].tolist() == result.features["code"].tolist()
        assert table["feature_id"].tolist()[-1] == "IP-4"
    if ending == ".geojson":
        rows = json.loads(path.read_text(encoding="utf-8"))["features"]
        assert rows[-1]["properties"]["feature_id"] == "IP-4"
        assert rows[0]["properties"]["feature_id"] is None
    if ending == ".gpkg":
        with _opened(path) as file:
            sql = "SELECT feature_id, geom IS NULL FROM quality ORDER BY fid DESC LIMIT 2"
            assert file.execute(sql).fetchall() == [("IP-4", 1), (None, 1)]


def test_json_is_json_and_the_summary_stands_beside_it(town_dir: Path) -> None:
    answer = _run("--plan", str(town_dir), "industrial-parks", "--json")
    assert answer.exit_code == 0
    assert json.loads(answer.stdout)["totals"]["null-geometry"] == 1
    assert "警告 10" in answer.stderr


@pytest.mark.parametrize(("fail_on", "code"), [("error", 0), ("warning", 1), ("info", 2)])
def test_fail_on(town_dir: Path, fail_on: str, code: int) -> None:
    assert _run("--plan", str(town_dir), "--fail-on", fail_on).exit_code == code


def _opened(path: Path) -> apsw.Connection:
    return apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)


def test_fix_writes_a_copy_and_its_log_and_leaves_the_layer(town_dir: Path, tmp_path: Path) -> None:
    layer, path = town_dir / "scenic-areas.gpkg", tmp_path / "mended.gpkg"
    before = layer.read_bytes()
    answer = _run("--plan", str(town_dir), "scenic-areas", "--fix", "-o", str(path))
    assert answer.exit_code == 0, answer.output
    assert layer.read_bytes() == before
    town = Catalogue.open(town_dir)
    shutil.copytree(town_dir, tmp_path / "plan")
    shutil.copy(path, tmp_path / "plan" / "scenic-areas.gpkg")
    one, other = town.read("scenic-areas"), Catalogue.open(tmp_path / "plan").read("scenic-areas")
    assert one.index.equals(other.index)
    assert one.geometry.geom_equals(other.geometry).all()
    pd.testing.assert_frame_equal(
        pd.DataFrame(one.drop(columns="geometry")), pd.DataFrame(other.drop(columns="geometry"))
    )
    with _opened(path) as file:
        told = file.execute("SELECT action, area_difference_m2 FROM repair_log").fetchall()
    assert [action for action, _ in told] == ["ring-orientation"]
    assert abs(told[0][1]) < 1e-6  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["scenic-areas", "--fix"], "name one layer"),
        (["--fix", "-o", "x.gpkg"], "name one layer"),
        (["scenic-areas", "--make-valid"], "--fix"),
    ],
)
def test_fix_needs_one_layer_and_a_file(town_dir: Path, arguments: list[str], words: str) -> None:
    answer = _run("--plan", str(town_dir), *arguments)
    assert answer.exit_code == 2
    assert words in answer.stderr
    assert not Path("x.gpkg").exists()


def test_fix_never_writes_in_place_nor_to_another_format(town_dir: Path, tmp_path: Path) -> None:
    layer = town_dir / "scenic-areas.gpkg"
    before = layer.read_bytes()
    for path, words in (
        (layer, "never repaired in place"),
        (tmp_path / "x.csv", "is a GeoPackage"),
    ):
        answer = _run("--plan", str(town_dir), "scenic-areas", "--fix", "-o", str(path))
        assert type(answer.exception).__name__ == "BadQuery"
        assert words in str(answer.exception)
    assert layer.read_bytes() == before
    assert not (tmp_path / "x.csv").exists()


def test_ids_twice_and_missing_are_findings_of_the_process(town_dir: Path, tmp_path: Path) -> None:
    plan = tmp_path / "plan"
    shutil.copytree(town_dir, plan)
    text = (plan / "catalogue.toml").read_text(encoding="utf-8")
    first = text.index('id_column = "feature_id"')
    changed = (
        text[:first] + 'id_column = "status"' + text[first + len('id_column = "feature_id"') :]
    )
    (plan / "catalogue.toml").write_text(changed, encoding="utf-8")
    found = quality(Catalogue.open(plan), LayersInputs(layers=("industrial-parks",))).features
    assert "duplicate-id" in set(found["code"])


def test_a_result_of_several_crs_is_in_one(
    town: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = Catalogue.read

    def elsewhere(self: Catalogue, layer_id: str, *rest: Any) -> Any:
        features = read(self, layer_id, *rest)
        moved = features.set_geometry(features.geometry.map(lambda one: one and one.reverse()))
        moved.loc[moved.index[0], "status"] = " built"
        return moved.to_crs(4490) if layer_id == "highways" else moved

    monkeypatch.setattr(Catalogue, "read", elsewhere)
    result = quality(town, LayersInputs(layers=("gas-pipelines", "highways")))
    assert isinstance(result, Result)
    assert isinstance(result.features, gpd.GeoDataFrame)
    placed = result.features[result.features.geometry.notna()]
    assert set(placed["layer"]) == {"gas-pipelines", "highways"}
    assert (placed.geometry.x > 400_000).all()
    document = result_document(result)
    points = [one["geometry"] for one in document["features"] if one["geometry"]]
    assert all(122.9 < point["coordinates"][0] < 123.1 for point in points)
