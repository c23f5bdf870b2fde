"""The one symbology as QML and SLD, and where a GeoPackage keeps it."""

from __future__ import annotations

import re
import sqlite3
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, cast
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
from geoplan.symbols import CONFLICT, StatusLook, Symbol, marks, symbols, symbols_of

STROKES = Path(looks.__file__).parents[1] / "webmap" / "web" / "js" / "strokes.js"
TRUST = ("geometry_method", "coordinate_basis", "status")
SE = "{http://www.opengis.net/se}"
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
@pytest.mark.parametrize("status", [*marks().status, "unheard-of", None])
def test_one_rule_draws_the_body_of_each_feature_and_one_its_sign(
    method: str | None, basis: str | None, status: str | None
) -> None:
    found = filters(style("highway", "line"))
    assert len(found) == 1 + 2 * 5
    with sqlite3.connect(":memory:") as database:
        database.execute("CREATE TABLE t (geometry_method, coordinate_basis, status)")
        database.execute("INSERT INTO t VALUES (?, ?, ?)", (method, basis, status))
        counts = [
            database.execute(f"SELECT count(*) FROM t WHERE {one}").fetchone()[0]  # noqa: S608
            for one in found
        ]
    order = ["planned", "approved", "under_construction", "retired"]
    place = order.index(status) + 1 if status in order else 0
    body = 1 + 2 * place + (basis == "estimated")
    wanted = [0, body] if method == "schematic" else [body]
    assert [place for place, count in enumerate(counts) if count] == wanted


def test_a_table_that_cannot_tell_has_one_rule_for_all() -> None:
    given = style_of(layer_of("place", "point"), symbols()["place"], schemas()["place"], ["name"])
    (rule,) = (one for one in qml(given).iter("rule"))
    assert "filter" not in rule.attrib
    assert "Filter" not in given.sld


def test_each_rule_is_called_what_its_features_are() -> None:
    labels = [rule.get("label") for rule in qml(style("highway", "line")).iter("rule")]
    assert labels[:3] == ["示意", "建成或状态未公布", "建成或状态未公布、位置为估计"]
    assert labels[3:5] == ["规划", "规划、位置为估计"]
    assert labels[5::2] == ["已批", "在建", "停用"]
    assert labels[6::2] == ["已批、位置为估计", "在建、位置为估计", "停用、位置为估计"]


# worked out by hand from the table in symbols.toml: status → dashes of an outline, a highway's
# casing, a plain line, a pipeline's casing and its core, the outline of a mark, its emptiness
LOOKS: dict[str, tuple[str, str, str, str, str, str, bool]] = {
    "planned": ("7 5", "16 10", "12 9", "20 10", "8 4 8 10", "dash", True),
    "approved": ("16 4", "30 8", "24 6", "32 8", "8 4 8 4 8 8", "solid", True),
    "under_construction": (
        "12 3.5 2 3.5", "22 6 6 6", "18 5 4 5", "20 6 6 6", "8 4 8 6 6 6", "dash", False,
    ),
    "built": ("", "", "", "", "10 6", "solid", False),
    "retired": ("2 6", "6 15", "3 10", "5 15", "5 15", "dot", True),
}  # fmt: skip


def body_of(given: Style, status: str, estimated: bool = False) -> ElementTree.Element:
    """Return the symbol that draws the body of a status."""
    wanted = f"coalesce(\"status\", '') = '{status}'"
    if status == "built":
        wanted = "coalesce(\"status\", '') <> 'planned'"
    basis = "= 'estimated'" if estimated else "<> 'estimated'"
    (rule,) = [
        one
        for one in qml(given).iter("rule")
        if wanted in one.get("filter", "") and one.get("filter", "").endswith(basis)
    ]
    found = qml(given).find(f"./renderer-v2/symbols/symbol[@name='{rule.get('symbol')}']")
    assert found is not None
    return found


def dashes(symbol: ElementTree.Element) -> list[str]:
    """Return the dash of each stroke, empty where it is whole."""
    lines = [one for one in symbol.findall("layer") if one.get("class") == "SimpleLine"]
    return [
        option(one, "customdash")[0].replace(";", " ")
        if option(one, "use_custom_dash") == ["1"]
        else ""
        for one in lines
    ]


@pytest.mark.parametrize("status", LOOKS)
def test_each_status_has_its_dash_in_every_kind_of_layer(status: str) -> None:
    area, double, solid, casing, core, pen, hollow = LOOKS[status]
    assert dashes(body_of(style("industrial_park", "area"), status)) == [area]
    assert dashes(body_of(style("scenic_area", "area"), status)) == [area]
    assert dashes(body_of(style("highway", "line"), status)) == ["", double, double]
    assert dashes(body_of(style("generic", "line"), status)) == ["", solid]
    assert dashes(body_of(style("gas_pipeline", "line"), status)) == ["", casing, core]
    mark = body_of(style("gas_facility", "point"), status)
    assert option(mark, "outline_style") == [pen]
    assert option(mark, "color") == ["255,255,255,230" if hollow else "242,193,78,230"]


def test_no_two_statuses_look_alike_in_any_kind_of_layer() -> None:
    for column in range(4):
        assert len({looks[column] for looks in LOOKS.values()}) == 5
    assert len({looks[5:] for looks in LOOKS.values()}) == 5


@pytest.mark.parametrize("status", LOOKS)
def test_a_core_stands_on_its_casing_only(status: str) -> None:
    """The short dashes of a pipeline never stand where its casing leaves a gap."""
    look = marks().status[status]
    for at in range(240):
        place = at / 2
        if drawn(look.core, place):
            assert drawn(look.casing, place), (status, place)


def drawn(dash: tuple[float, ...], place: float) -> bool:
    place %= sum(dash) or 1.0
    for number, length in enumerate(dash):
        if place < length:
            return number % 2 == 0
        place -= length
    return True


# geometry → the widths over all of dots and of the white between them, worked out from the table
@pytest.mark.parametrize(
    ("kind", "geometry", "role", "dots", "white"),
    [
        ("highway", "line", "plan", 11, 7.48),
        ("scenic_area", "area", "plan", 7.5, 5.1),
        ("river_centreline", "line", "context", 4.6, 3.128),
    ],
)
def test_a_schematic_feature_has_fine_dots_on_both_sides_whatever_its_status(
    kind: str, geometry: Dimension, role: Role, dots: float, white: float
) -> None:
    given = style(kind, geometry, role)
    rule, *_ = qml(given).iter("rule")
    sign = qml(given).find("./renderer-v2/symbols/symbol")
    assert sign is not None
    assert rule.get("filter") == "coalesce(\"geometry_method\", '') = 'schematic'"
    assert [float(width) for width in option(sign, "line_width")] == pytest.approx([dots, white])
    assert dashes(sign) == ["1.5 3.5", ""]
    assert option(sign, "capstyle") == ["flat", "round"]
    assert option(sign, "line_color")[1] == "255,255,255,255"


def test_a_schematic_point_has_a_ring_and_in_the_context_is_smaller() -> None:
    sign = qml(style("gas_facility", "point")).find("./renderer-v2/symbols/symbol")
    assert sign is not None
    assert option(sign, "size") == ["19"]
    assert option(sign, "color") == ["138,82,0,0"]
    assert option(sign, "outline_style") == ["dot"]
    context = qml(style("place", "point", "context"))
    sizes = [option(one, "size") for one in context.findall("./renderer-v2/symbols/symbol")]
    assert sizes == [["6.4"], ["6.4"], ["4.8"], ["4.8"]]


def test_what_only_helps_to_find_ones_way_has_one_look_for_all_statuses() -> None:
    given = style("river_centreline", "line", "context")
    assert "status" not in given.qml.split("<fieldConfiguration", 1)[0]
    assert "status" not in given.sld


def test_the_sld_says_the_same_as_the_qml() -> None:
    """Filters, dashes, widths and colours, in their order."""
    for kind, geometry in (("gas_pipeline", "line"), ("industrial_park", "area")):
        given = style(kind, cast(Dimension, geometry))
        theirs = [
            one.text
            for one in ElementTree.fromstring(given.sld).iter(f"{SE}SvgParameter")  # noqa: S314
            if one.get("name") == "stroke-dasharray"
        ]
        ours = [
            dash
            for symbol in qml(given).findall("./renderer-v2/symbols/symbol")
            for dash in dashes(symbol)
            if dash
        ]
        assert theirs == ours
        assert len(ours) > 8
        literals = re.findall(r"<ogc:Literal>(\w+)<", given.sld)
        assert literals == re.findall(r"'(\w+)'", " ".join(filters(given)))


def test_the_map_reads_the_same_table_and_the_same_constants() -> None:
    script = STROKES.read_text(encoding="utf-8")
    assert f"PALE = {looks.PALE};" in script
    assert f"POINT_WIDTH = {looks.POINT_WIDTH};" in script
    assert "OWN_DASH = [4, 3];" in script
    assert looks.OWN_DASH == (4, 3)
    assert looks.PENS == {"solid": (), "dash": (4, 2), "dot": (1, 2)}
    assert "PENS = { solid: [], dash: [4, 2], dot: [1, 2] };" in script
    assert not re.search(r"planned|approved|under_construction|retired", script)


def test_an_estimated_feature_is_half_as_strong_its_white_ground_is_not() -> None:
    given = style("highway", "line")
    plain, estimated = (body_of(given, "built", estimated) for estimated in (False, True))
    assert option(plain, "line_color") == ["255,255,255,217", "122,31,31,255", "255,255,255,255"]
    assert option(estimated, "line_color") == [
        "255,255,255,217",
        "122,31,31,128",
        "255,255,255,255",
    ]


def test_looks_are_shared_by_all_plans(tmp_path: Path) -> None:
    (tmp_path / "symbols.toml").write_text("[status.planned]\narea = []\n", encoding="utf-8")
    with pytest.raises(ValueError, match="'status' already"):
        symbols_of(tmp_path)


def test_a_dash_is_drawn_and_left_out_in_turn() -> None:
    given = marks().status["planned"].model_dump()
    with pytest.raises(ValueError, match="in turn"):
        StatusLook.model_validate({**given, "area": (7, 5, 2)})


def test_every_status_of_the_schema_has_a_look_and_every_look_a_status() -> None:
    status = schemas()["highway"].field("status")
    assert status is not None
    assert [one.code for one in status.values] == list(marks().status)
    method = schemas()["highway"].field("geometry_method")
    assert method is not None
    assert {one.code for one in method.values} >= set(marks().method)


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
    first = body_of(given, "built")
    assert [one.attrib["class"] for one in first.findall("layer")] == layers
    marks = set(re.findall(r"<se:WellKnownName>(\w+)<", given.sld))
    assert marks == ({mark} if mark else set())


@pytest.mark.parametrize("kind", [kind for kind in symbols() if kind != CONFLICT])
@pytest.mark.parametrize("geometry", ["area", "line", "point"])
@pytest.mark.parametrize("role", ["plan", "context"])
def test_every_symbol_has_a_style_in_its_colour(kind: str, geometry: Dimension, role: Role) -> None:
    given = style(kind, geometry, role)
    wanted = 1 + 10 if role == "plan" else 1 + 2 if geometry != "point" else 4
    assert len(list(qml(given).iter("rule"))) == wanted
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
