"""A DXF whose layers become layers of kinds; written by hand, lopsided, counted on paper."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import shapely
from typer.testing import CliRunner

from geoplan import Catalogue
from geoplan.cli import app
from geoplan.errors import BadQuery, EncodingUnknown, LayerNotFound, MixedGeometry
from geoplan.ingest.importing import Wishes, import_files
from tests.ingest.conftest import state
from tests.ingest.test_hostile import POINT, collection

LINE = ["0", "LINE", "8", "{0}", "10", "123.1", "20", "41.2", "11", "123.4", "21", "41.3"]
SPOT = ["0", "POINT", "8", "{0}", "10", "123.5", "20", "41.6"]
RING = ["0", "LWPOLYLINE", "8", "{0}", "90", "3", "70", "1", "10", "123",
        "20", "41", "10", "123.02", "20", "41", "10", "123.01", "20", "41.01"]  # fmt: skip
HOME = "EPSG:4490"


def drawing(
    entities: list[tuple[list[str], str]],
    *,
    version: str = "AC1015",
    page: str | None = None,
    encoding: str = "utf-8",
    blocks: list[str] | None = None,
) -> bytes:
    """Return a DXF of entities, each on a drawing layer."""
    lines = ["0", "SECTION", "2", "HEADER", "9", "$ACADVER", "1", version]
    lines += [] if page is None else ["9", "$DWGCODEPAGE", "3", page]
    lines += ["0", "ENDSEC", *(blocks or []), "0", "SECTION", "2", "ENTITIES"]
    lines += [part.format(layer) for entity, layer in entities for part in entity]
    return "\n".join([*lines, "0", "ENDSEC", "0", "EOF", ""]).encode(encoding)


PLAN = [
    (LINE, "GAS-HP"), (LINE, "gas-lp"), (LINE, "ROAD1"), (LINE, "ROAD2"), (LINE, "ROAD2"),
    (RING, "STBHHX"), (SPOT, "TREES"), (LINE, "TREES"),
]  # fmt: skip


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "d.dxf").write_bytes(drawing(PLAN))
    return tmp_path / "d.dxf"


def wishes(kind: str = "", **kind_of: str) -> Wishes:
    return Wishes(kind, source_crs=HOME, kind_of=kind_of)


def said(found: list[Any], code: str) -> list[str]:
    return [loss.to("en") for one in found for loss in one.losses if loss.code == code]


def test_drawing_layers_become_layers_of_kinds(plan: Path, file: Path) -> None:
    chosen = wishes("generic", **{"gas-*": "gas_pipeline", "road?": "highway"})
    found = import_files(plan, [file], chosen)
    catalogue = Catalogue.open(plan)
    got = {
        one.layer.id: (one.layer.kind, one.layer.geometry, len(catalogue.read(one.layer.id)))
        for one in found
    }
    assert got == {
        "gas": ("gas_pipeline", "line", 2),
        "road": ("highway", "line", 3),
        "entities-points": ("generic", "point", 1),
        "entities-lines": ("generic", "line", 2),
    }
    line = shapely.LineString([(123.1, 41.2), (123.4, 41.3)])
    assert catalogue.read("gas").geometry.iloc[0].equals_exact(line, 1e-9)
    assert sorted(catalogue.read("entities-lines")["layer_name"]) == ["STBHHX", "TREES"]
    assert not said(found, "drawing_layers_left")


def test_provenance_tells_which_drawing_layer_went_where(plan: Path, file: Path) -> None:
    import_files(plan, [file], wishes("generic", **{"gas-*": "gas_pipeline"}))
    catalogue = Catalogue.open(plan)
    source = json.loads(catalogue.provenance("gas") or "")["lineage"]["source"]
    assert source["drawingLayers"] == {"GAS-HP": 1, "gas-lp": 1}
    assert source["title"] == "d.dxf"
    source = json.loads(catalogue.provenance("entities-points") or "")["lineage"]["source"]
    assert source["drawingLayers"] == {"TREES": 1}


def test_names_of_kinds_match_by_themselves(plan: Path, tmp_path: Path) -> None:
    entities = [
        (RING, "STBHHX"), (RING, "生态保护红线"), (LINE, "Gas Pipeline"), (LINE, "公路"),
        (LINE, "generic-ish"), (LINE, "0"), (LINE, "chainage_equation"),
    ]  # fmt: skip
    (tmp_path / "d.dxf").write_bytes(drawing(entities, version="AC1021", page="ANSI_936"))
    found = import_files(plan, [tmp_path / "d.dxf"], wishes())
    got = {one.layer.id: (one.layer.kind, len(one.features)) for one in found}
    assert got == {
        "eco-redlines": ("eco_redline", 2),
        "gas-pipeline": ("gas_pipeline", 1),
        "highways": ("highway", 1),
    }
    ring = shapely.Polygon([(123, 41), (123.02, 41), (123.01, 41.01)])
    areas = Catalogue.open(plan).read("eco-redlines").geometry
    assert all(shape.normalize().equals_exact(ring.normalize(), 1e-9) for shape in areas)
    (left,) = said(found, "drawing_layers_left")
    assert "0 (1), chainage_equation (1), generic-ish (1)" in left
    (tmp_path / "e.dxf").write_bytes(drawing([(LINE, "0")]))
    with pytest.raises(BadQuery, match=r"none of the drawing layers.*0 \(1\)"):
        import_files(plan, [tmp_path / "e.dxf"], wishes())


def test_patterns_come_before_names_and_earlier_before_later(plan: Path, file: Path) -> None:
    kind_of = {"ROAD1": "railway", "road*": "highway", "STB*": "farmland"}
    found = import_files(plan, [file], wishes(**kind_of))
    assert {one.layer.id: one.layer.kind for one in found} == {
        "road1": "railway", "road2": "highway", "stbhhx": "farmland",
    }  # fmt: skip
    (left,) = said(found, "drawing_layers_left")
    assert "GAS-HP (1), TREES (2), gas-lp (1)" in left


@pytest.mark.parametrize(
    ("kind_of", "why"),
    [({"GAZ*": "gas_pipeline"}, r"none matches; drawing layers: GAS-HP \(1\), ROAD1 \(1\), ROAD2 "),
     ({"*": "generic", "GAS*": "gas_pipeline"}, "an earlier --kind-of takes all")],
)  # fmt: skip
def test_a_pattern_that_matches_nothing_is_refused(
    kind_of: dict[str, str], why: str, plan: Path, file: Path
) -> None:
    before = state(plan)
    with pytest.raises(LayerNotFound, match=why):
        import_files(plan, [file], wishes("generic", **kind_of))
    assert state(plan) == before


def test_all_or_nothing_over_the_parts(plan: Path, file: Path) -> None:
    """Gas lines fit, but the trees are no areas: neither is imported."""
    before = state(plan)
    with pytest.raises(MixedGeometry, match="TREES"):
        import_files(plan, [file], wishes(**{"GAS*": "gas_pipeline", "TREES": "wetland"}))
    assert state(plan) == before


def test_a_layer_wished_for_names_the_parts(plan: Path, file: Path) -> None:
    chosen = Wishes("generic", layer="y25", source_crs=HOME, kind_of={"GAS*": "gas_pipeline"})
    found = import_files(plan, [file], chosen)
    assert [one.layer.id for one in found] == ["y25-gas", "y25-points", "y25-lines"]
    again = import_files(plan, [file], chosen)
    assert [(one.layer.id, one.new) for one in again] == [
        ("y25-gas", False), ("y25-points", False), ("y25-lines", False),
    ]  # fmt: skip
    file.write_bytes(drawing(PLAN[:4]))
    alone = Wishes(layer="gas", source_crs=HOME, kind_of={"GAS*": "gas_pipeline"})
    assert [one.layer.id for one in import_files(plan, [file], alone)] == ["gas"]


def test_a_layer_called_by_its_kind_replaces_no_other(plan: Path, tmp_path: Path) -> None:
    for name, count in (("a.dxf", 2), ("b.dxf", 3)):
        (tmp_path / name).write_bytes(drawing([(LINE, "公路")] * count))
        import_files(plan, [tmp_path / name], wishes())
    catalogue = Catalogue.open(plan)
    assert [len(catalogue.read(name)) for name in ("highways", "highways-2")] == [2, 3]


@pytest.mark.parametrize(
    ("version", "page", "encoding", "stated"),
    [("AC1015", "ANSI_936", "gbk", None), ("AC1015", None, "gbk", None),
     ("AC1032", "ANSI_936", "utf-8", None), ("AC1015", None, "utf-8", None),
     ("AC1015", "ANSI_1252", "gbk", "gb18030"), ("AC1015", "ANSI_950", "big5", None)],
)  # fmt: skip
def test_chinese_drawing_layers_in_every_encoding(
    version: str, page: str | None, encoding: str, stated: str | None, plan: Path, tmp_path: Path
) -> None:
    body = drawing([(LINE, "燃气中"), (LINE, "A")], version=version, page=page, encoding=encoding)
    (tmp_path / "d.dxf").write_bytes(body)
    chosen = Wishes("generic", source_crs=HOME, encoding=stated, kind_of={"*气*": "gas_pipeline"})
    gas, _ = import_files(plan, [tmp_path / "d.dxf"], chosen)
    assert gas.source["drawing_layers"] == {"燃气中": 1}


def test_an_encoding_that_does_not_fit_is_refused(plan: Path, tmp_path: Path) -> None:
    body = drawing([(LINE, "燃气")], version="AC1021", encoding="gbk")
    (tmp_path / "d.dxf").write_bytes(body)
    with pytest.raises(EncodingUnknown, match="not in UTF-8"):
        import_files(plan, [tmp_path / "d.dxf"], wishes("generic"))


def test_the_parts_of_a_block_stand_for_themselves(plan: Path, tmp_path: Path) -> None:
    """A symbol of a line and a point, set once at (0.1, 0.2): two features on its own layer."""
    parts = [part.format("0") for entity in (LINE, SPOT) for part in entity]
    block = ["0", "SECTION", "2", "BLOCKS", "0", "BLOCK", "8", "0", "2", "VALVE", "10", "0", "20",
             "0", *parts, "0", "ENDBLK", "0", "ENDSEC"]  # fmt: skip
    insert = ["0", "INSERT", "8", "{0}", "2", "VALVE", "10", "0.1", "20", "0.2"]
    (tmp_path / "d.dxf").write_bytes(drawing([(insert, "VALVES")], blocks=block))
    found = import_files(plan, [tmp_path / "d.dxf"], wishes(VALVES="gas_facility"))
    (one,) = found
    assert (one.layer.geometry, one.source["drawing_layers"]) == ("point", {"VALVES": 1})
    assert one.features.geometry.iloc[0].equals_exact(shapely.Point(123.6, 41.8), 1e-9)
    assert said(found, "other_dimensions")


def test_a_closed_line_is_an_area_where_the_kind_has_no_lines(plan: Path, tmp_path: Path) -> None:
    (tmp_path / "d.dxf").write_bytes(drawing([(RING, "SITE"), (RING, "BANK")]))
    found = import_files(plan, [tmp_path / "d.dxf"], wishes(SITE="gas_facility", BANK="river"))
    assert {one.layer.id: one.layer.geometry for one in found} == {"site": "area", "bank": "line"}


def test_the_kind_is_asked_for_and_patterns_are_for_drawings(plan: Path, tmp_path: Path) -> None:
    (tmp_path / "x.geojson").write_text(collection(POINT), encoding="utf-8")
    with pytest.raises(BadQuery, match=r"say with --kind of which kind x\.geojson is"):
        import_files(plan, [tmp_path / "x.geojson"], Wishes())
    with pytest.raises(BadQuery, match=r"x\.geojson has no drawing layers"):
        import_files(plan, [tmp_path / "x.geojson"], wishes("generic", A="highway"))
    with pytest.raises(BadQuery, match="unknown kind 'motorway'"):
        import_files(plan, [tmp_path / "x.dxf"], wishes(A="motorway"))


def test_on_the_command_line(plan: Path, file: Path) -> None:
    def run(*more: str) -> Any:
        common = ["--plan", str(plan), "--source-crs", HOME, "--lang", "en"]
        return CliRunner().invoke(app, ["import", str(file), *common, *more])

    done = run("--kind-of", "GAS*=gas_pipeline", "--kind-of", "road*=highway")
    assert done.exit_code == 0, done.output
    assert "From the drawing layers: ROAD1 (1), ROAD2 (2)" in done.output
    assert "not imported: TREES (2)" in done.output
    assert "eco_redline" in (plan / "catalogue.toml").read_text(encoding="utf-8")
    twice = run("--kind-of", "GAS*=gas_pipeline", "--kind-of", "GAS*=highway")
    assert (twice.exit_code, "given twice" in twice.output) == (2, True)
    assert run("--kind-of", "GAS*").exit_code == 2
