"""The command `import`: columns matched, ids given, all or nothing, told in words."""

from __future__ import annotations

import json
import struct
import zipfile
from pathlib import Path
from typing import Any

import pytest
import shapely
from typer.testing import CliRunner

from geoplan import Catalogue
from geoplan.cli import app
from geoplan.errors import (
    BadQuery,
    DuplicateId,
    EncodingUnknown,
    FieldsInvalid,
    FileBusy,
    LayerNotFound,
    MixedGeometry,
    NotWritable,
)
from geoplan.ingest import importing
from geoplan.ingest.importing import Wishes, import_files
from tests.ingest.conftest import state
from tests.ingest.test_hostile import collection, shapefile, zipped

AREA = {"type": "Polygon", "coordinates": [[[123, 41], [123.02, 41], [123.01, 41.01], [123, 41]]]}


def features(*rows: dict[str, Any], geometry: Any = AREA) -> str:
    entries = [{"type": "Feature", "properties": row, "geometry": geometry} for row in rows]
    return json.dumps({"type": "FeatureCollection", "features": entries}, ensure_ascii=False)


def put(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_columns_are_matched_by_code_alias_label_and_wish(plan: Path, tmp_path: Path) -> None:
    row = {
        "BSM": "P-1",
        "名称": "甲",
        "Park_Level": "省级",
        "面积": 1,
        "X": "y",
        "批准": "20250630",
    }
    file = put(tmp_path, "x.geojson", features(row))
    wishes = Wishes("industrial_park", layer="parks", mapping={"批准": "approval_date"})
    (found,) = import_files(plan, [file], wishes)
    layer = Catalogue.open(plan).read("parks")
    assert layer.index.tolist() == ["P-1"]
    assert layer.loc["P-1", "name"] == "甲"
    assert str(layer.loc["P-1", "approval_date"]) == "2025-06-30"
    assert found.matched.renamed["BSM"] == "feature_id"
    assert "X" in found.matched.left
    (loss,) = [loss for loss in found.losses if loss.code == "not_imported"]
    assert "X" in loss.to("zh")
    assert "status" in found.matched.absent
    assert layer["status"].isna().all()


def test_a_value_of_the_wrong_type_becomes_null_and_is_told(plan: Path, tmp_path: Path) -> None:
    line = {"type": "LineString", "coordinates": [[123, 41], [123.1, 41.2]]}
    rows = ({"name": "a", "lanes": "four"}, {"lanes": "4"})
    file = put(tmp_path, "x.geojson", features(*rows, geometry=line))
    (found,) = import_files(plan, [file], Wishes("highway", layer="roads"))
    assert found.matched.unread["lanes"] == [(1, "four")]
    assert Catalogue.open(plan).read("roads")["lanes"].tolist()[1] == 4
    assert "four" in next(x for x in found.losses if x.code == "unread_values").to("en")


def test_ids_are_given_where_there_are_none(plan: Path, tmp_path: Path) -> None:
    file = put(tmp_path, "x.geojson", features({"name": "a"}, {"BSM": "A9"}, {"name": "b"}))
    import_files(plan, [file], Wishes("generic", layer="things"))
    ids = Catalogue.open(plan).read("things").index.tolist()
    assert sorted(ids) == ["A9", "things-0001", "things-0003"]


def test_an_id_that_repeats_is_refused_but_a_guess_is_dropped(plan: Path, tmp_path: Path) -> None:
    file = put(tmp_path, "x.geojson", features({"BSM": "A"}, {"BSM": "A"}))
    with pytest.raises(DuplicateId, match="'A'"):
        import_files(plan, [file], Wishes("generic", layer="things"))
    file = put(tmp_path, "y.geojson", features({"ID": 7}, {"ID": 7}))
    (found,) = import_files(plan, [file], Wishes("generic", layer="things"))
    assert {loss.code for loss in found.losses} == {"id_not_unique"}
    assert Catalogue.open(plan).read("things")["ID"].tolist() == [7, 7]


@pytest.mark.parametrize(
    ("mapping", "said"),
    [({"nothing": "name"}, "no column 'nothing'"), ({"a": "nowhere"}, "no field 'nowhere'"),
     ({"a": "name", "b": "name"}, "two columns")],
)  # fmt: skip
def test_a_mapping_that_fits_nothing_is_refused(
    mapping: dict[str, str], said: str, plan: Path, tmp_path: Path
) -> None:
    file = put(tmp_path, "x.geojson", features({"a": "1", "b": "2"}))
    with pytest.raises(FieldsInvalid, match=said):
        import_files(plan, [file], Wishes("industrial_park", layer="p", mapping=mapping))


@pytest.mark.parametrize("encoding", ["gbk", "gb18030", "utf-8"])
@pytest.mark.parametrize("cpg", [True, False])
def test_threat_22_chinese_shapefiles_are_read_in_their_encoding(
    encoding: str, cpg: bool, plan: Path, tmp_path: Path
) -> None:
    parts = shapefile(text="鞍山市岫岩".encode(encoding))
    if cpg:
        parts["a.cpg"] = encoding.encode()
    (tmp_path / "a.zip").write_bytes(zipped(parts))
    import_files(plan, [tmp_path / "a.zip"], Wishes("generic", layer="here"))
    assert Catalogue.open(plan).read("here")["name"].tolist() == ["鞍山市岫岩"]


def test_threat_22_an_encoding_stated_is_believed_if_it_can_be(plan: Path, tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(zipped(shapefile(text="鞍山".encode("big5"))))
    import_files(plan, [tmp_path / "a.zip"], Wishes("generic", layer="here", encoding="big5"))
    assert Catalogue.open(plan).read("here")["name"].tolist() == ["鞍山"]
    with pytest.raises(EncodingUnknown, match="ascii"):
        import_files(plan, [tmp_path / "a.zip"], Wishes("generic", layer="h", encoding="ascii"))


def test_a_folder_and_a_bare_shp_are_read(plan: Path, tmp_path: Path) -> None:
    folder = tmp_path / "shapes"
    folder.mkdir()
    for name, body in shapefile().items():
        (folder / name).write_bytes(body)
    import_files(plan, [folder], Wishes("generic", layer="one"))
    import_files(plan, [folder / "a.shp"], Wishes("generic", layer="two"))
    catalogue = Catalogue.open(plan)
    assert catalogue.read("one")["name"].tolist() == catalogue.read("two")["name"].tolist()


def test_the_catalogue_gains_an_entry_and_keeps_its_words(plan: Path, tmp_path: Path) -> None:
    before = (plan / "catalogue.toml").read_text(encoding="utf-8")
    file = put(tmp_path, 'odd "name"\\.geojson', features({"name": "a"}))
    import_files(plan, [file], Wishes("generic", layer="things"))
    after = (plan / "catalogue.toml").read_text(encoding="utf-8")
    assert after.startswith(before)
    layer = Catalogue.open(plan)["things"]
    assert layer.source.en == 'Imported from odd "name"\\.geojson'
    assert (layer.geometry, layer.name_column) == ("area", "name")
    import_files(plan, [file], Wishes("generic", layer="things"))
    assert (plan / "catalogue.toml").read_text(encoding="utf-8") == after


def test_all_or_nothing(plan: Path, tmp_path: Path) -> None:
    good = put(tmp_path, "good.geojson", features({"name": "a"}))
    bad = put(tmp_path, "bad.geojson", "{")
    import_files(plan, [good], Wishes("generic", layer="good"))
    before = state(plan)
    with pytest.raises(Exception, match="no JSON"):
        import_files(plan, [good, bad], Wishes("generic"))
    assert state(plan) == before


def test_a_failure_while_moving_in_puts_everything_back(
    plan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = put(tmp_path, "old.geojson", features({"name": "old"}))
    new = put(tmp_path, "new.geojson", features({"name": "new"}))
    import_files(plan, [old], Wishes("generic", layer="old"))
    before = state(plan)
    other = put(tmp_path / "..", "other.geojson", features({"name": "x"}))

    def full(*_: Any) -> None:
        raise NotWritable("full")

    monkeypatch.setattr(importing, "store_text", full)
    (tmp_path / "old.geojson").write_text(features({"name": "changed"}))
    with pytest.raises(NotWritable, match="full"):
        import_files(plan, [old, new, other], Wishes("generic"))
    assert state(plan) == before


def test_a_layer_open_elsewhere_is_not_replaced(plan: Path, tmp_path: Path) -> None:
    file = put(tmp_path, "x.geojson", features({"name": "a"}))
    import_files(plan, [file], Wishes("generic", layer="things"))
    (plan / "things.gpkg-wal").write_bytes(b"")
    before = state(plan)
    with pytest.raises(FileBusy, match="another program"):
        import_files(plan, [file], Wishes("generic", layer="things"))
    assert state(plan) == before


def test_dry_run_tells_all_and_writes_nothing(plan: Path, tmp_path: Path) -> None:
    file = put(tmp_path, "x.geojson", features({"name": "a", "foreign": 1}))
    before = state(plan)
    arguments = ["import", str(file), "--kind", "industrial_park", "--plan", str(plan), "--dry-run"]
    answer = CliRunner().invoke(app, [*arguments, "--lang", "en"])
    assert answer.exit_code == 0, answer.output
    assert "Dry run" in answer.output
    assert "foreign" in answer.output
    assert state(plan) == before


def test_layers_of_a_name_shows_where_it_comes_from(plan: Path, tmp_path: Path) -> None:
    file = put(tmp_path, "x.geojson", features({"name": "a"}))
    import_files(plan, [file], Wishes("generic", layer="things"))
    answer = CliRunner().invoke(app, ["layers", "things", "--plan", str(plan)])
    note = json.loads(answer.output[answer.output.index("{") :])
    source = note["lineage"]["source"]
    assert source["title"] == "x.geojson"
    assert len(source["sha256"]) == 64
    assert note["counts"] == {"features": 1, "located": 1, "columns": 1}
    assert note["lineage"]["processStep"]["transformation"]


def test_mixed_geometry_becomes_a_layer_of_each_or_is_refused(plan: Path, tmp_path: Path) -> None:
    shapes = [AREA, {"type": "Point", "coordinates": [123, 41]}, None]
    rows = [{"type": "Feature", "properties": {"n": at}, "geometry": shape}
            for at, shape in enumerate(shapes)]  # fmt: skip
    file = put(tmp_path, "x.geojson", json.dumps({"type": "FeatureCollection", "features": rows}))
    found = import_files(plan, [file], Wishes("generic", layer="things"))
    assert {one.layer.id: len(one.features) for one in found} == {
        "things-points": 2,
        "things-areas": 1,
    }
    with pytest.raises(MixedGeometry, match="number 2"):
        import_files(plan, [file], Wishes("industrial_park", layer="parks"))


def test_a_kind_or_a_layer_that_does_not_fit_is_named(plan: Path, tmp_path: Path) -> None:
    file = put(tmp_path, "x.geojson", features({"name": "a"}))
    with pytest.raises(BadQuery, match="unknown kind"):
        import_files(plan, [file], Wishes("castle"))
    import_files(plan, [file], Wishes("generic", layer="things"))
    with pytest.raises(BadQuery, match="already"):
        import_files(plan, [file], Wishes("industrial_park", layer="things"))


def test_one_of_several_tables_is_chosen(plan: Path, tmp_path: Path) -> None:
    first, second = shapefile(text=b"one"), shapefile(text=b"two")
    files = {**first, **{name.replace("a.", "b."): body for name, body in second.items()}}
    (tmp_path / "x.zip").write_bytes(zipped(files))
    import_files(plan, [tmp_path / "x.zip"], Wishes("generic", layer="b"))
    assert Catalogue.open(plan).read("b")["name"].tolist() == ["two"]
    assert "a" not in Catalogue.open(plan)
    with pytest.raises(LayerNotFound, match="a, b"):
        import_files(plan, [tmp_path / "x.zip"], Wishes("generic", layer="c"))
    assert len(import_files(plan, [tmp_path / "x.zip"], Wishes("generic"))) == 2


def test_threat_22_names_in_a_zip_may_be_gbk(tmp_path: Path, plan: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, body in shapefile().items():
            archive.writestr(name.replace("a.", "QQ."), body)
    path.write_bytes(path.read_bytes().replace(b"QQ.", "园".encode("gbk") + b"."))
    (found,) = import_files(plan, [path], Wishes("generic", layer="parks"))
    assert found.table == "园"


def test_heights_survive(plan: Path, tmp_path: Path) -> None:
    point = {"type": "Point", "coordinates": [123.5, 41.25, 87.5]}
    file = put(tmp_path, "x.geojson", collection(point))
    import_files(plan, [file], Wishes("generic", layer="tops"))
    shape = Catalogue.open(plan).read("tops").geometry.iloc[0]
    assert shapely.get_coordinates(shape, include_z=True).tolist() == [[123.5, 41.25, 87.5]]


def test_a_number_too_fine_for_dbase_is_told() -> None:
    from geoplan.ingest.losses import _fits_dbase

    assert _fits_dbase(0.1)
    assert not _fits_dbase(1e-9 / 3)
    assert struct.calcsize("d") == 8
