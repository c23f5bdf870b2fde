"""Broken chainage kept in the plan: whole-number ids, copies, bad tables."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
from shapely.geometry import LineString, box
from typer.testing import CliRunner

from geoplan import Catalogue
from geoplan.cli import app
from geoplan.errors import CatalogueInvalid, EquationInvalid, FeatureNotFound, TableInvalid
from geoplan.interchange import export_layer
from geoplan.processes import ChainageInputs, chainage
from geoplan.reviewing import write_repaired
from geoplan.store import read_attributes
from geoplan.store.write import write_geopackage
from geoplan.store.writing import open_to_write

WORDS = '{ zh = "虚构", en = "Synthetic" }'
PLAN = f"""
[plan]
id = "roads"
title = {WORDS}
extent = [122.9, 41.0, 123.1, 41.2]
measuring_plane = "EPSG:4550"
data_date = 2025-01-01
attribution = {WORDS}
"""
LAYER = f"""
[[layer]]
id = "ID"
kind = "generic"
title = {WORDS}
geometry = "SHAPE"
source = {WORDS}
source_date = 2025-01-01
"""
TABLE = """
[[layer.attribute_table]]
kind = "chainage_equation"
"""
# 1000 m east, K5+000 on; at 400 m it jumps back to K5+300, so K5+350 is at 350 m and at 450 m
JUMP = pd.DataFrame(
    {"route_id": ["7"], "back_chainage": ["K5+400"], "ahead_chainage": ["K5+300"]}, dtype="str"
)


def write(path: Path, table: str, features: gpd.GeoDataFrame, **tables: pd.DataFrame) -> None:
    write_geopackage(
        path, table, features, id_column=None, identifier=table, description="",
        last_change=datetime(2025, 1, 1, tzinfo=UTC), attribute_tables=tables,
    )  # fmt: skip


def plan_of(folder: Path, equations: pd.DataFrame = JUMP) -> Catalogue:
    """Return a plan with the roads 7 and 12, of which 7 has an equation, and an area 3."""
    roads = gpd.GeoDataFrame(
        {"chainage_from": ["K5+000", "K0+000"]},
        geometry=[LineString([(499_000, 4_550_000), (500_000, 4_550_000)]),
                  LineString([(499_000, 4_551_000), (499_600, 4_551_000)])],
        index=[7, 12], crs=4550,
    )  # fmt: skip
    park = gpd.GeoDataFrame(
        geometry=[box(499_450, 4_549_000, 499_900, 4_552_000)], index=[3], crs=4550
    )
    write(folder / "roads.gpkg", "roads", roads, chainage_equation=equations)
    write(folder / "parks.gpkg", "parks", park)
    means = 'line_means = "centreline"\n'
    entries = LAYER.replace("ID", "roads").replace("SHAPE", "line") + means + TABLE
    (folder / "catalogue.toml").write_text(
        PLAN + entries + LAYER.replace("ID", "parks").replace("SHAPE", "area"), encoding="utf-8"
    )
    return Catalogue.open(folder)


def asked(folder: Path, *arguments: str) -> Any:
    answer = CliRunner().invoke(app, [*arguments, "--plan", str(folder), "--json"])
    assert answer.exit_code == 0, answer.output
    return json.loads(answer.stdout)


def test_whole_numbers_are_found_by_the_command_line(tmp_path: Path) -> None:
    plan_of(tmp_path)
    found = asked(tmp_path, "locate", "K5+350 [1]", "--layer", "roads", "--route", "7")
    (place,) = [one["properties"] for one in found["features"]]
    assert place["route_id"] == 7
    assert place["lon"] == pytest.approx(123 - 550 / 84_000, abs=1e-4)  # E 499450
    rows = [one["properties"] for one in asked(tmp_path, "chainage")["features"]]
    ends = {row["route_id"]: (row["from_chainage"], row["to_chainage"]) for row in rows}
    assert ends == {7: ("K5+350.000 [1]", "K5+800.000"), 12: ("K0+450.000", "K0+600.000")}
    for wrong in ("07", "8", "seven"):
        arguments = ["locate", "K5+350", "--layer", "roads", "--route", wrong]
        answer = CliRunner().invoke(app, [*arguments, "--plan", str(tmp_path)])
        assert isinstance(answer.exception, FeatureNotFound)


def test_a_csv_of_equations_finds_whole_numbers_and_stands_above_the_plan(tmp_path: Path) -> None:
    plan_of(tmp_path)
    table = tmp_path / "jumps.csv"
    table.write_text("route_id,back_chainage,ahead_chainage,segment_name\n12,K0+500,K2+000,east\n")
    rows = asked(tmp_path, "chainage", "--equations", str(table))["features"]
    ends = {row["properties"]["route_id"]: row["properties"]["to_chainage"] for row in rows}
    assert ends == {7: "K5+800.000", 12: "K2+100.000"}  # 7 keeps the plan's
    table.write_text("route_id,back_chainage,ahead_chainage\n7,K5+100,K8+000\n")
    rows = asked(tmp_path, "chainage", "--equations", str(table))["features"]
    ends = {row["properties"]["route_id"]: row["properties"]["to_chainage"] for row in rows}
    assert ends == {7: "K8+800.000", 12: "K0+600.000"}


def test_copies_keep_the_table(tmp_path: Path) -> None:
    catalogue = plan_of(tmp_path)
    roads = catalogue["roads"]
    write_repaired(catalogue, roads, tmp_path / "repaired.gpkg", make_valid=False)
    export_layer(catalogue, "roads", tmp_path / "exported.gpkg")
    for name in ("repaired.gpkg", "exported.gpkg"):
        assert read_attributes(tmp_path / name, "chainage_equation").equals(
            read_attributes(tmp_path / "roads.gpkg", "chainage_equation")
        )


def test_a_row_of_no_route_is_refused_where_all_are_asked(tmp_path: Path) -> None:
    plan_of(tmp_path, pd.concat([JUMP, JUMP.assign(route_id="99")], ignore_index=True))
    catalogue = Catalogue.open(tmp_path)
    with pytest.raises(EquationInvalid, match="row 2 of the equation table names route '99'"):
        chainage(catalogue, ChainageInputs.model_validate({}))
    assert asked(tmp_path, "locate", "K5+350 [0]", "--layer", "roads", "--route", "7")


def test_a_table_without_its_columns_is_refused_when_the_plan_opens(tmp_path: Path) -> None:
    with pytest.raises(CatalogueInvalid, match=r"'roads'.*no column 'ahead_chainage'"):
        plan_of(tmp_path, JUMP.drop(columns="ahead_chainage"))
    plan_of(tmp_path)
    path = tmp_path / "catalogue.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(TABLE, "") + TABLE, encoding="utf-8")
    with pytest.raises(CatalogueInvalid, match=r"'parks'.*routes are lines"):
        Catalogue.open(tmp_path)


def test_a_table_that_is_not_registered_is_no_attribute_table(tmp_path: Path) -> None:
    plan_of(tmp_path)
    connection = open_to_write(tmp_path / "roads.gpkg")
    connection.execute("DELETE FROM gpkg_contents WHERE table_name = 'chainage_equation'")
    connection.close()
    with pytest.raises(TableInvalid, match="no attribute table 'chainage_equation'; it has: none"):
        read_attributes(tmp_path / "roads.gpkg", "chainage_equation")
    with pytest.raises(CatalogueInvalid, match="no attribute table"):
        Catalogue.open(tmp_path)
