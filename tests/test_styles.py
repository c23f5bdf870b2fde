"""The one symbology as QML and SLD, and where a GeoPackage keeps it."""

from __future__ import annotations

import re
import sqlite3
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import apsw
import geopandas as gpd
import pandas as pd
import pytest
from shapely import Point, box

from geoplan.model import Dimension, Layer, Role, Text
from geoplan.schema import schemas
from geoplan.store.write import write_geopackage
from geoplan.styles import Style, looks, style_of
from geoplan.symbols import CONFLICT, Symbol, symbols

STROKES = Path(looks.__file__).parents[1] / "webmap" / "web" / "js" / "strokes.js"
TRUST = ("geometry_method", "coordinate_basis")
MOMENT = datetime(2025, 1, 2, tzinfo=UTC)


def layer_of(kind: str, geometry: Dimension, role: Role = "plan", title: str = "甲") -> Layer:
    return Layer(
        id="things",
        kind=kind,
        title=Text(zh=title, en="Things"),
        geometry=geometry,
        role=role,
        line_means="centreline" if geometry == "line" else None,
        source=Text(zh="虚构", en="Synthetic"),
        source_date=date(2025, 1, 1),
    )


def style(kind: str, geometry: Dimension, role: Role = "plan", title: str = "甲") -> Style:
    layer = layer_of(kind, geometry, role, title)
    return style_of(layer, symbols()[kind], schemas()[kind], TRUST)


def qml(given: Style) -> ElementTree.Element:
    return ElementTree.fromstring(given.qml.split("\n", 1)[1])  # noqa: S314 - our own text


def filters(given: Style) -> list[str]:
    return [rule.attrib["filter"] for rule in qml(given).iter("rule")]


def option(element: ElementTree.Element, name: str) -> list[str]:
    return [one.attrib["value"] for one in element.iter("Option") if one.get("name") == name]


@pytest.mark.parametrize("method", ["schematic", "survey", None])
@pytest.mark.parametrize("basis", ["estimated", "sourced", None])
def test_exactly_one_rule_draws_each_feature(method: str | None, basis: str | None) -> None:
    found = filters(style("highway", "line"))
    assert len(found) == 4
    with sqlite3.connect(":memory:") as database:
        database.execute("CREATE TABLE t (geometry_method, coordinate_basis)")
        database.execute("INSERT INTO t VALUES (?, ?)", (method, basis))
        counts = [
            database.execute(f"SELECT count(*) FROM t WHERE {one}").fetchone()[0]  # noqa: S608
            for one in found
        ]
    wanted = 2 * (method == "schematic") + (basis == "estimated")
    assert [place for place, count in enumerate(counts) if count] == [wanted]


def test_a_table_that_cannot_tell_has_one_rule_for_all() -> None:
    given = style_of(layer_of("place", "point"), symbols()["place"], schemas()["place"], ["name"])
    (rule,) = (one for one in qml(given).iter("rule"))
    assert "filter" not in rule.attrib
    assert "Filter" not in given.sld


def test_schematic_lines_are_broken_as_on_the_web_map() -> None:
    script = STROKES.read_text(encoding="utf-8")
    (broken,) = re.findall(r"BROKEN = \{ (.*?) \}", script)
    theirs = {
        cue: tuple(float(part) for part in dash.split())
        for cue, dash in re.findall(r'(\w+): "([\d ]+)"', broken)
    }
    assert {cue: tuple(map(float, dash)) for cue, dash in looks.BROKEN.items()} == theirs
    assert f"PALE = {looks.PALE};" in script
    schematic = qml(style("gas_pipeline", "line")).findall(".//symbol")[2]
    assert option(schematic, "customdash")[1:] == ["8;14;8;4", "8;14;8;4"]


def test_an_estimated_feature_is_half_as_strong_its_white_ground_is_not() -> None:
    plain, estimated, *_ = qml(style("highway", "line")).findall(".//symbol")
    assert option(plain, "line_color") == ["255,255,255,217", "122,31,31,255", "255,255,255,255"]
    assert option(estimated, "line_color") == [
        "255,255,255,217",
        "122,31,31,128",
        "255,255,255,255",
    ]


@pytest.mark.parametrize(
    ("kind", "layers", "mark"),
    [
        ("industrial_park", ["SimpleFill", "SimpleLine"], None),
        ("scenic_area", ["SimpleFill", "PointPatternFill", "SimpleLine"], "circle"),
        ("river_remediation_zone", ["SimpleFill", "LinePatternFill", "SimpleLine"], "horline"),
        ("eco_redline", ["SimpleFill", "LinePatternFill", "SimpleLine"], "slash"),
    ],
)
def test_the_second_cue_of_an_area_is_drawn(kind: str, layers: list[str], mark: str | None) -> None:
    given = style(kind, "area")
    first = qml(given).find("./renderer-v2/symbols/symbol")
    assert first is not None
    assert [one.attrib["class"] for one in first.findall("layer")] == layers
    marks = set(re.findall(r"<se:WellKnownName>(\w+)<", given.sld))
    assert marks == ({mark} if mark else set())


@pytest.mark.parametrize("kind", [kind for kind in symbols() if kind != CONFLICT])
@pytest.mark.parametrize("geometry", ["area", "line", "point"])
@pytest.mark.parametrize("role", ["plan", "context"])
def test_every_symbol_has_a_style_in_its_colour(kind: str, geometry: Dimension, role: Role) -> None:
    given = style(kind, geometry, role)
    assert len(list(qml(given).iter("rule"))) - 1 in (3, 4)
    ElementTree.fromstring(given.sld)  # noqa: S314 - our own text
    symbol = symbols()[kind]
    assert symbol.stroke in given.sld or symbol.fill in given.sld
    assert given == style(kind, geometry, role)


def test_a_title_cannot_break_out_of_the_markup() -> None:
    given = style("generic", "area", title='甲 <&> "乙" ' + "长" * 40)
    ElementTree.fromstring(given.sld)  # noqa: S314 - our own text
    assert given.name == ('甲 <&> "乙" ' + "长" * 40)[:30]


def test_the_file_keeps_the_style_where_qgis_looks_for_it(tmp_path: Path) -> None:
    given = style("place", "point")
    path = tmp_path / "places.gpkg"
    write(path, given)
    connection = apsw.Connection(str(path))
    row = connection.execute("SELECT * FROM layer_styles").fetchone()
    texts = (given.name, given.qml, given.sld)
    last = "2025-01-02T00:00:00.000Z"
    assert row == (1, "", "", "places", "geom", *texts, 1, given.name, "", None, last)
    kinds = "SELECT table_name, data_type FROM gpkg_contents ORDER BY rowid"
    assert connection.execute(kinds).fetchall() == [
        ("places", "features"),
        ("layer_styles", "attributes"),
    ]
    connection.close()
    first = path.read_bytes()
    write(path, given)
    assert path.read_bytes() == first


def write(path: Path, given: Style) -> None:
    features = gpd.GeoDataFrame({"name": ["乙"]}, geometry=[Point(123, 41)], crs="EPSG:4490")
    features.index = pd.Index(["p1"], name="place_id")
    said: dict[str, Any] = {"identifier": "地名", "description": "", "last_change": MOMENT}
    write_geopackage(path, "places", features, id_column="place_id", style=given, **said)


def test_no_table_of_features_takes_the_place_of_the_styles(tmp_path: Path) -> None:
    from geoplan.errors import TableInvalid

    features = gpd.GeoDataFrame({"name": ["乙"]}, geometry=[box(0, 0, 1, 2)], crs="EPSG:4490")
    said: dict[str, Any] = {"identifier": "x", "description": "", "last_change": MOMENT}
    with pytest.raises(TableInvalid, match="layer_styles"):
        write_geopackage(tmp_path / "x.gpkg", "Layer_Styles", features, id_column=None, **said)


def test_a_symbol_names_its_colours_in_full() -> None:
    with pytest.raises(ValueError, match="fill"):
        Symbol.model_validate({**symbols()["place"].model_dump(), "fill": "red"})
