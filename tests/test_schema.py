"""Schemas as data: what kinds there are, what geoplan's own layers keep, what files say of it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import apsw
import geopandas as gpd
import pandas as pd
import pytest
from pydantic import ValidationError
from shapely import Point

from geoplan.authoring.build import build_plan
from geoplan.catalogue import Catalogue
from geoplan.errors import CatalogueInvalid
from geoplan.processes import MapInputs, map_
from geoplan.schema import Field, LayerSchema, schema, schemas
from geoplan.store.write import write_geopackage
from geoplan.symbols import kinds, symbols

ROOT = Path(__file__).parents[1]
PLANS = (ROOT / "layers", ROOT / "examples" / "town")
OF_THE_RULES = {
    "highway", "gas_pipeline", "natural_hazard", "railway", "river_remediation_zone",
    "flood_storage_area", "river_planning_reserve", "river", "scenic_area", "eco_redline",
    "permanent_basic_farmland", "farmland", "urban_development_boundary", "drinking_water_zone",
    "nature_reserve", "wetland", "black_soil", "heritage_site", "residential", "industrial_park",
    "power_line",
}  # fmt: skip
CODES_SEEN = {
    "BSM", "YSDM", "MC", "XZQMC", "XZQDM", "XMDM", "PZWH", "PZRQ", "PZJG", "MJ", "BZ", "YDYHFLDM",
}  # fmt: skip
"""Field codes that a source names; any other would be invented."""


# --- the kinds


def test_the_rules_find_a_kind_for_each_layer_they_ask_for() -> None:
    assert set(schemas()) >= OF_THE_RULES | {
        "generic", "place", "admin_boundary", "river_centreline", "highway_land", "gas_facility",
    }  # fmt: skip


def test_every_kind_of_layer_has_a_symbol_of_the_same_name() -> None:
    drawn = {kind: one for kind, one in schemas().items() if one.geometry}
    assert set(drawn) == kinds()
    assert {kind: one.title for kind, one in drawn.items()} == {
        kind: symbol.title for kind, symbol in symbols().items() if kind in drawn
    }


def test_no_field_code_is_invented() -> None:
    fields = [field for one in schemas().values() for field in one.fields]
    assert {field.code for field in fields if field.code} == CODES_SEEN
    layers = {kind: one.code for kind, one in schemas().items() if one.code}
    assert layers == {
        "eco_redline": "STBHHX",
        "permanent_basic_farmland": "YJJBNT",
        "urban_development_boundary": "CZKFBJ",
    }


def test_the_chainage_equations_are_an_attribute_table_and_no_kind_of_layer(town: Path) -> None:
    assert schema("chainage_equation").geometry == ()
    edit(town, 'kind = "highway"', 'kind = "chainage_equation"')
    with pytest.raises(CatalogueInvalid, match="unknown kind 'chainage_equation'; known: "):
        Catalogue.open(town)


def test_the_open_kind_asks_for_nothing_and_takes_all() -> None:
    assert schema("generic").missing([]) == ()
    assert schema("generic").unknown(["anything"]) == ()
    parks = schema("industrial_park")
    assert parks.field("park_level") in parks.missing(["feature_id"])
    assert parks.field("feature_id") not in parks.missing(["feature_id"])
    assert parks.unknown(["name", "XMMC"]) == ("XMMC",)


# --- our own layers


def taken(field: Field, value: Any) -> bool:
    codes = {one.code for one in field.values}
    parts = str(value).split(";") if field.multiple else [value]
    if codes and not field.open and not set(parts) <= codes:
        return False
    if field.minimum is not None and value < field.minimum:
        return False
    if field.maximum is not None and value > field.maximum:
        return False
    return field.length is None or len(value) <= field.length


@pytest.mark.parametrize("plan", PLANS, ids=["anshan", "town"])
def test_our_own_layers_hold_fields_of_their_kind_with_values_of_their_domain(plan: Path) -> None:
    catalogue = Catalogue.open(plan)
    for layer in catalogue.values():
        kind = catalogue.schema(layer)
        frame = catalogue.read(layer.id).drop(columns="geometry")
        assert kind.unknown(frame.columns) == (), layer.id
        assert layer.geometry in kind.geometry
        types = {column.name: column.type for column in catalogue.table(layer.id).columns}
        for name, values in frame.items():
            field = kind.field(str(name))
            assert field is not None
            assert types[str(name)] == field.type, (layer.id, name)
            wrong = [value for value in values.dropna() if not taken(field, value)]
            assert wrong == [], (layer.id, name)


# --- what is refused

NAME: dict[str, Any] = {"name": "a", "label": {"zh": "甲", "en": "A"}, "type": "TEXT"}
VALUE = {"code": "x", "label": {"zh": "乙", "en": "X"}}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"type": "REAL", "values": [VALUE]}, "an enumeration is a TEXT"),
        ({"values": [VALUE, VALUE]}, "a value stands twice"),
        ({"minimum": 1}, "a range belongs to a number"),
        ({"type": "REAL", "minimum": 2, "maximum": 1}, "its minimum exceeds its maximum"),
        ({"name": "MC"}, "name"),
        ({"label": {"zh": "甲"}}, "en"),
        ({"domain": "x"}, "domain"),
    ],
)
def test_a_field_that_contradicts_itself_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Field.model_validate({**NAME, **change})


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({}, "two fields have the name 'a'"),
        ({"name": "b", "code": "BZ"}, "two fields have the label '甲'"),
        ({"name": "b", "label": {"zh": "丙", "en": "C"}}, "two fields have the code 'mc'"),
    ],
)
def test_fields_are_told_apart_by_name_label_and_code(other: Any, message: str) -> None:
    first = {**NAME, "code": "MC"}
    table = {"kind": "x", "title": {"zh": "甲", "en": "X"}, "geometry": ["area"]}
    with pytest.raises(ValidationError, match=message):
        LayerSchema.model_validate({**table, "fields": [first, {**first, **other}]})


# --- a kind that a plan brings

OWN_KIND = """
title = { zh = "生态保护红线（示例）", en = "Ecological redline (example)" }
code = "STBHHX"
geometry = ["area"]
disjoint = true
common = ["feature_id", "feature_code", "name", "admin_name", "adcode", "area_m2"]

[[field]]
name = "control_level"
label = { zh = "管控级别", en = "Control level" }
type = "TEXT"
values = [{ code = "strict", label = { zh = "严格", en = "strict" } }]
"""
OWN_SYMBOL = """
[stbhhx]
title = { zh = "生态保护红线（示例）", en = "Ecological redline (example)" }
fill = "#12AB34"
stroke = "#C0392B"
cue = "hatch"
order = 12
"""
OWN_LAYER = """
[[layer]]
id = "redlines"
kind = "stbhhx"
title = { zh = "生态保护红线", en = "Redlines" }
geometry = "area"
id_column = "feature_id"
name_column = "name"
source = { zh = "虚构", en = "Synthetic" }
source_date = 2025-01-01
source_file = "sources/redlines.toml"
"""
OWN_SOURCE = """
crs = "EPSG:4490"
[columns]
name = "TEXT"
adcode = "TEXT"
area_m2 = "REAL"
control_level = "TEXT"
[[feature]]
id = "R1"
wkt = "POLYGON ((123 41.08, 123.01 41.08, 123 41.1, 123 41.08))"
attributes = { name = "甲", adcode = "210302", control_level = "strict" }
"""


@pytest.fixture
def town(tmp_path: Path) -> Path:
    return Path(shutil.copytree(PLANS[1], tmp_path / "town"))


@pytest.fixture
def own(town: Path) -> Path:
    (town / "schema").mkdir()
    (town / "schema" / "stbhhx.toml").write_text(OWN_KIND, encoding="utf-8")
    (town / "symbols.toml").write_text(OWN_SYMBOL, encoding="utf-8")
    (town / "sources" / "redlines.toml").write_text(OWN_SOURCE, encoding="utf-8")
    with (town / "catalogue.toml").open("a", encoding="utf-8") as file:
        file.write(OWN_LAYER)
    return town


def edit(plan: Path, old: str, new: str) -> None:
    path = plan / "catalogue.toml"
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")


def test_a_kind_is_a_toml_a_symbol_and_an_entry_and_no_code(own: Path) -> None:
    assert "redlines" in {report.layer for report in build_plan(own)}
    catalogue = Catalogue.open(own)
    layer = catalogue["redlines"]
    assert catalogue.symbol(layer).fill == "#12AB34"
    with apsw.Connection(str(own / "redlines.gpkg")) as file:
        labels = "SELECT column_name, name, description FROM gpkg_data_columns"
        told = {name: (label, said) for name, label, said in file.execute(labels)}
        (style,) = next(file.execute("SELECT styleQML FROM layer_styles"))
    assert told["adcode"] == ("行政区代码", "标准字段 XZQDM")
    assert told["control_level"] == ("管控级别", None)
    assert "18,171,52," in style
    page = map_(catalogue, MapInputs(layers=("redlines",), lang="zh")).content
    assert "#12AB34" in page
    assert '"管控级别"' in page


def test_its_standard_names_are_kept_out_and_in(own: Path) -> None:
    list(build_plan(own))
    catalogue = Catalogue.open(own)
    kind = catalogue.schema(catalogue["redlines"])
    frame = catalogue.read("redlines").drop(columns="geometry")
    out = frame.rename(columns={one.name: one.code for one in kind.fields if one.code})
    assert list(out) == ["MC", "XZQDM", "MJ", "control_level"]
    assert kind.code == "STBHHX"
    back = out.rename(columns={one.code: one.name for one in kind.fields if one.code})
    pd.testing.assert_frame_equal(back, frame)


def test_a_kind_without_a_symbol_is_drawn_as_generic(own: Path) -> None:
    (own / "symbols.toml").unlink()
    list(build_plan(own))
    catalogue = Catalogue.open(own)
    assert catalogue.symbol(catalogue["redlines"]) == symbols()["generic"]


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("schema/highway.toml", OWN_KIND, "has the kind 'highway' already"),
        ("schema/x.toml", "title = 5", "x.toml"),
        ("schema/x.toml", "title =", "x.toml"),
        ("schema/x.toml", OWN_KIND.replace('"name", ', '"nom", '), "no common field 'nom'"),
        ("schema/Big.toml", OWN_KIND, "Big.toml"),
        ("symbols.toml", OWN_SYMBOL.replace("stbhhx", "highway"), "draws 'highway' already"),
        ("symbols.toml", "[stbhhx]\nfill = 'red'", "symbols.toml"),
    ],
)
def test_a_wrong_kind_or_symbol_is_named(own: Path, file: str, text: str, message: str) -> None:
    (own / file).write_text(text, encoding="utf-8")
    with pytest.raises(CatalogueInvalid, match=message):
        Catalogue.parse(own)


# --- what a GeoPackage says of it


def written(path: Path, kind: str, columns: dict[str, list[Any]]) -> Path:
    features = gpd.GeoDataFrame(columns, geometry=[Point(123, 41)], crs="EPSG:4490")
    features.index = pd.Index(["p1"], name="feature_id")
    write_geopackage(
        path,
        "things",
        features,
        id_column="feature_id",
        identifier="物",
        description="",
        last_change=datetime(2025, 1, 2, tzinfo=UTC),
        schema=schema(kind),
    )
    return path


def rows(path: Path, sql: str) -> list[tuple[Any, ...]]:
    connection = apsw.Connection(str(path))
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def test_labels_enumerations_and_ranges_stand_where_the_standard_puts_them(tmp_path: Path) -> None:
    columns: dict[str, list[Any]] = {
        "lanes": [4],
        "declared_length_km": [1.5],
        "tech_grade": ["class1"],
        "name_alias": ["a;b"],
        "source": ["x"],
        "extra": [1],
    }
    path = written(tmp_path / "x.gpkg", "highway", columns)
    known = "SELECT column_name, name, title, description, constraint_name FROM gpkg_data_columns"
    assert rows(path, known) == [
        ("feature_id", "标识码", "标识码 Feature id", "标准字段 BSM", None),
        ("name_alias", "别名", "别名 Also called", None, None),
        ("declared_length_km", "公布长度", "公布长度 Published length", "单位 km",
         "declared_length_km"),
        ("source", "来源", "来源 Source", None, None),  # other values are welcome: no list
        ("tech_grade", "技术等级", "技术等级 Technical grade", None, "tech_grade"),
        ("lanes", "车道数", "车道数 Lanes", None, "lanes"),
    ]  # fmt: skip
    limits = (
        "SELECT value, min, max, description FROM gpkg_data_column_constraints"
        " WHERE constraint_name = ? AND constraint_type = ? ORDER BY rowid"
    )
    with apsw.Connection(str(path)) as file:
        assert file.execute(limits, ("lanes", "range")).fetchall() == [(None, 1, 12, None)]
        grades = file.execute(limits, ("tech_grade", "enum")).fetchall()
    assert [(value, label) for value, _, _, label in grades] == [
        ("expressway", "高速公路"),
        ("class1", "一级"),
        ("class2", "二级"),
        ("class3", "三级"),
        ("class4", "四级"),
    ]
    extensions = "SELECT table_name, scope FROM gpkg_extensions WHERE extension_name='gpkg_schema'"
    assert sorted(rows(path, extensions)) == [
        ("gpkg_data_column_constraints", "read-write"),
        ("gpkg_data_columns", "read-write"),
    ]


def test_a_table_without_fields_of_its_kind_says_nothing(tmp_path: Path) -> None:
    path = tmp_path / "x.gpkg"
    features = gpd.GeoDataFrame({"extra": [1]}, geometry=[Point(123, 41)], crs="EPSG:4490")
    said: dict[str, Any] = {"identifier": "x", "description": "", "schema": schema("place")}
    moment = datetime(2025, 1, 2, tzinfo=UTC)
    write_geopackage(path, "x", features, id_column=None, last_change=moment, **said)
    assert rows(path, "SELECT 1 FROM sqlite_master WHERE name LIKE 'gpkg_data%'") == []


GDAL = """
import ctypes, json, pathlib, sys, warnings
warnings.simplefilter("error")
import pyogrio
found = pyogrio.read_dataframe(sys.argv[1], layer="things")
(library,) = pathlib.Path(pyogrio.__file__).parents[1].glob("pyogrio.libs/libgdal*")
gdal, text, pointer = ctypes.CDLL(str(library)), ctypes.c_char_p, ctypes.c_void_p
def call(name, result, *given):
    function = getattr(gdal, name)
    function.restype, function.argtypes = result, [pointer if a is None else type(a) for a in given]
    return function(*given)
data = call("GDALOpenEx", pointer, text(sys.argv[1].encode()), ctypes.c_uint(4), None, None, None)
table = call("OGR_L_GetLayerDefn", pointer, pointer(
    call("GDALDatasetGetLayer", pointer, pointer(data), ctypes.c_int(0))))
told = {}
for place in range(call("OGR_FD_GetFieldCount", ctypes.c_int, pointer(table))):
    field = pointer(call("OGR_FD_GetFieldDefn", pointer, pointer(table), ctypes.c_int(place)))
    names = ("NameRef", "AlternativeNameRef", "DomainName")
    name, *said = (call(f"OGR_Fld_Get{one}", text, field).decode() for one in names)
    told[name] = said
print(json.dumps(told))
"""


def test_gdal_reads_alternative_names_and_domains_without_a_warning(tmp_path: Path) -> None:
    columns: dict[str, list[Any]] = {"lanes": [4], "tech_grade": ["class1"], "extra": [1]}
    path = written(tmp_path / "x.gpkg", "highway", columns)
    asked = [sys.executable, "-c", GDAL, str(path)]
    answer = subprocess.run(asked, capture_output=True, text=True, check=True)
    assert answer.stderr == ""
    assert json.loads(answer.stdout) == {
        "feature_id": ["标识码", ""],
        "lanes": ["车道数", "lanes"],
        "tech_grade": ["技术等级", "tech_grade"],
        "extra": ["", ""],
    }


def test_a_change_of_the_schema_builds_the_layer_anew(own: Path) -> None:
    list(build_plan(own))
    assert not any(report.built for report in build_plan(own))
    file = own / "schema" / "stbhhx.toml"
    file.write_text(OWN_KIND.replace("严格", "严厉"), encoding="utf-8")
    assert [report.layer for report in build_plan(own) if report.built] == ["redlines"]
    words = "SELECT description FROM gpkg_data_column_constraints WHERE value = 'strict'"
    assert rows(own / "redlines.gpkg", words) == [("严厉",)]


def test_the_day_of_a_layer_is_kept_as_a_date() -> None:
    catalogue = Catalogue.open(PLANS[0])
    assert isinstance(catalogue.read("highways")["source_date"].dropna().iloc[0], date)
