"""Layers in partitions: what is written, and that asking them gives what the queries give."""

from __future__ import annotations

import json
import random
from datetime import date
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geoplan import partitions, queries
from geoplan.catalogue import Catalogue
from geoplan.errors import (
    BadQuery,
    CrsMismatch,
    DuplicateId,
    EmptyLayer,
    FileUnreadable,
    InvalidGeometry,
    NotWritable,
    UnstorableColumn,
    WrongGeometryType,
)
from geoplan.model import Layer, Text
from geoplan.partitions import Partitions, sources, tile
from geoplan.progress import Progress, Step
from geoplan.store import GeoPackageStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from geopandas import GeoDataFrame

EAST, NORTH = 500_000.0, 4_550_000.0


def laid_out(layer: GeoDataFrame, folder: Path, features: int, batch: int = 7) -> Partitions:
    def batches() -> Iterable[GeoDataFrame]:
        return (layer.iloc[at : at + batch] for at in range(0, len(layer), batch))

    return tile(batches, folder, features=features)


def frame(shapes: Any, **columns: Any) -> GeoDataFrame:
    moved = shapely.transform(
        np.asarray(shapes, dtype=object), lambda xy: xy + np.array([EAST, NORTH])
    )
    index = pd.Index(range(1, len(moved) + 1), name="id")
    return gpd.GeoDataFrame(columns, geometry=moved, index=index, crs=4550)


def squares(wide: int, high: int, side: float = 10.0, turned: float = 0.0) -> GeoDataFrame:
    x, y = (one.ravel() * side for one in np.meshgrid(np.arange(wide), np.arange(high)))
    shapes = shapely.box(x, y, x + side, y + side)
    return frame(shapely.transform(shapes, lambda xy: xy + turned * xy[:, ::-1] * (1, -1)))


def answer(path: Path) -> pd.DataFrame:
    """Return a written answer in the order of its ids."""
    if path.is_dir() or path.suffix == ".parquet":
        rows = pq.read_table(path).to_pandas()
    else:
        layer = Layer(
            id=path.stem, kind="generic", geometry="area", id_column=None,
            title=Text(zh="行", en="Rows"), source=Text(zh="测试", en="Test"),
            source_date=date(2026, 1, 1),
        )  # fmt: skip
        with GeoPackageStore(path) as store:
            found = store.read(layer)
        rows = pd.DataFrame(found.drop(columns="geometry"))
        rows["geometry"] = shapely.to_wkb(found.geometry.to_numpy())
    ids = [name for name in rows.columns.tolist() if str(name).endswith("_id")]
    ordered: pd.DataFrame = rows.sort_values(ids, ignore_index=True)
    return ordered


def bits(rows: pd.DataFrame) -> list[Any]:
    shapes = rows["geometry"] if "geometry" in rows else pd.Series(dtype=object)
    bodies = [one if isinstance(one, bytes) else shapely.to_wkb(one) for one in shapes]
    ids = [name for name in rows.columns.tolist() if str(name).endswith("_id")]
    numbers = rows.drop(columns=[*ids, "outcome", "geometry"], errors="ignore")
    outcome = rows["outcome"].tolist() if "outcome" in rows else []
    return [rows[ids].to_numpy().tolist(), numbers.to_numpy(float).tobytes(), outcome, bodies]


def by_ids(found: pd.DataFrame) -> pd.DataFrame:
    ids = [name for name in found.columns.tolist() if str(name).endswith("_id")]
    return pd.DataFrame(found).sort_values(ids, ignore_index=True)


def shuffled(function: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
    waiting = list(enumerate(items))
    random.Random(4).shuffle(waiting)  # noqa: S311 - no secret
    found = {at: function(item) for at, item in waiting}
    return [found[at] for at in sorted(found)]


def test_what_stands_in_the_folder(tmp_path: Path) -> None:
    """Twelve squares of 10 m by four: three files, each with neighbours, boxes that say so."""
    layer = squares(4, 3).assign(name=[f"P{n}" for n in range(12)])
    layer.loc[13] = [None, "nowhere"] if layer.columns[0] == "geometry" else ["nowhere", None]
    whole = laid_out(layer, tmp_path / "parcels", 4)
    assert [one.count for one in whole.partitions] == [4, 4, 4]
    assert whole.no_geometry == (13,)
    assert whole.extent == (EAST, NORTH, EAST + 40, NORTH + 30)
    assert (whole.dimension, whole.accuracy_m, whole.crs) == (2, 0.0, layer.crs)
    names = sorted(path.name for path in (tmp_path / "parcels").iterdir())
    assert names == [*(f"part-0000{n}.parquet" for n in range(3)), "partitions.json"]
    for number, one in enumerate(whole.partitions):
        held = whole.read(number, ["name"])
        assert one.box == tuple(held.total_bounds)
        assert held["name"].tolist() == [f"P{n - 1}" for n in held.index]
        with pq.ParquetFile(tmp_path / "parcels" / one.file) as file:
            about = json.loads(file.schema_arrow.metadata[b"geo"])
        assert about["columns"]["geometry"]["covering"]["bbox"]["xmin"] == ["bbox", "xmin"]
    # a box in the lower left corner meets one square, and its neighbours where it touches them
    assert whole.within((EAST + 1, NORTH + 1, EAST + 2, NORTH + 2)).index.tolist() == [1]
    assert whole.within((EAST + 1, NORTH + 1, EAST + 10, NORTH + 2)).index.tolist() == [1, 2]
    assert len(whole.within((0.0, 0.0, 1.0, 1.0))) == 0
    assert whole.estimate((EAST, NORTH, EAST + 40, NORTH + 30)) == 12


corner = st.integers(0, 30)
areas = st.tuples(corner, corner, st.integers(1, 15), st.integers(1, 15)).map(
    lambda b: shapely.box(b[0] / 3, b[1] / 3, (b[0] + b[2]) / 3, (b[1] + b[3]) / 3)
)
lines = st.lists(st.tuples(corner, corner), min_size=2, max_size=5, unique=True).map(
    shapely.LineString
)


@given(
    left=st.lists(st.one_of(areas, lines), min_size=1, max_size=9),
    right=st.lists(areas, min_size=1, max_size=12),
    features=st.integers(1, 5),
    most=st.integers(1, 9),
)
@settings(max_examples=12)
def test_overlap_of_partitions_is_overlap(
    left: list[Any], right: list[Any], features: int, most: int, tmp_path_factory: Any
) -> None:
    folder = tmp_path_factory.mktemp("parts")
    one, other = frame(left), frame(right)
    mine, yours = laid_out(one, folder / "a", features), laid_out(other, folder / "b", features)
    found = partitions.overlap(mine, yours, folder / "o.parquet", map=shuffled, part_features=most)
    expected = by_ids(queries.overlap(one, other, map=map))
    assert found.count == len(expected)
    if len(expected):
        assert bits(answer(folder / "o.parquet")) == bits(expected)


def test_coverage_and_clearance_of_partitions(tmp_path: Path) -> None:
    zones, first, second = squares(4, 4, 37.0, 0.1), squares(14, 9), squares(5, 20, 7.0)
    first["geometry_accuracy_m"] = np.arange(len(first)) % 4
    layers = [
        laid_out(each, tmp_path / str(n), 5 + n) for n, each in enumerate((zones, first, second))
    ]
    partitions.coverage(*layers, to=tmp_path / "c.gpkg", map=shuffled, part_features=30)
    expected = by_ids(queries.coverage(zones, first, second, map=map))
    assert expected["coverage_ratio"].min() < 0.5 < expected["coverage_ratio"].max() == 1
    assert bits(answer(tmp_path / "c.gpkg")) == bits(expected)
    for threshold in (None, 6.0):
        summary = partitions.clearance(
            layers[1], layers[0], 4.0, tmp_path / "d.parquet",
            threshold_m=threshold, part_features=25,
        )  # fmt: skip
        nearby = queries.clearance(first, zones, 4.0, threshold_m=threshold, map=map)
        assert summary.count == len(nearby)
        plain = by_ids(nearby.drop(columns="geometry"))
        assert bits(answer(tmp_path / "d.parquet")) == bits(plain)
    # a layer with itself: each pair once, 4 x 4 squares have 24 edges and 18 corners in common
    summary = partitions.clearance(layers[0], layers[0], 1.0, tmp_path / "e.parquet")
    assert (summary.count, summary.sums["overlap_area_m2"]) == (42, 0.0)


def test_sums_and_what_was_left_out(tmp_path: Path) -> None:
    """Squares of 10 m and one box over four and a half of them: 4 x 100 and 2 x 25 m²."""
    left = laid_out(squares(4, 2), tmp_path / "left", 3)
    box = frame([shapely.box(0, 0, 22.5, 20), None])
    right = laid_out(box, tmp_path / "right", 1)
    for name in ("all.gpkg", "all.parquet"):
        found = partitions.overlap(left, right, tmp_path / name, min_area_m2=30.0)
        assert (found.count, found.below_minimum) == (4, 2)
        assert found.sums["area_m2"] == pytest.approx(400.0, rel=1e-3)  # on the ellipsoid
        assert found.no_geometry == {"left": 0, "right": 1}
        assert found.measuring_planes == ("EPSG:4550",)
        assert answer(tmp_path / name)["left_id"].tolist() == [1, 2, 5, 6]
    found = partitions.overlap(left, right, tmp_path / "folder", min_area_m2=30.0)
    assert found.count == 4
    assert found.sums["area_m2"] == pytest.approx(400.0, rel=1e-3)
    files = sorted(path.name for path in (tmp_path / "folder").iterdir())
    assert files == [f"part-0000{number}.parquet" for number in range(3)]
    assert bits(answer(tmp_path / "folder")) == bits(answer(tmp_path / "all.parquet"))
    with pytest.raises(NotWritable, match="is there already"):
        partitions.overlap(left, right, tmp_path / "folder")
    nothing = partitions.overlap(left, right, tmp_path / "none.gpkg", min_area_m2=1e6)
    assert (nothing.count, nothing.below_minimum) == (0, 6)
    assert len(answer(tmp_path / "none.gpkg")) == 0


def test_a_layer_of_a_plan_and_a_file_are_laid_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "BATCH", 5)
    town = Catalogue.open("examples/town")
    name = max(town, key=lambda one: town.table(one).count)
    layer = town.read(name)
    layer, nowhere = layer[~layer.is_empty & layer.geometry.notna()], layer[layer.geometry.isna()]
    whole = tile(lambda: sources.of_layer(town, name), tmp_path / "town", features=4)
    read = pd.concat([whole.read(n) for n in range(len(whole.partitions))]).sort_index()
    assert read.index.tolist() == layer.index.tolist()
    assert whole.no_geometry == tuple(nowhere.index) != ()
    assert shapely.equals_identical(read.geometry, layer.geometry).all()
    numbered = squares(3, 2).reset_index(names="number").assign(id=range(11, 17))
    numbered.to_parquet(tmp_path / "squares.parquet")
    file = tmp_path / "squares.parquet"
    again = tile(lambda: sources.of_parquet(file), tmp_path / "by-id")
    assert again.read(0).index.tolist() == [11, 12, 13, 14, 15, 16]
    again = tile(lambda: sources.of_parquet(file, "number"), tmp_path / "by-number")
    assert again.read(0, ["id"]).loc[6, "id"] == 16
    assert again.crs == layer.crs
    with pytest.raises(BadQuery, match="no column 'parcel'"):
        tile(lambda: sources.of_parquet(file, "parcel"), tmp_path / "x")
    file.write_bytes(b"PAR1 no parquet")
    with pytest.raises(FileUnreadable, match=r"squares\.parquet cannot be read as GeoParquet"):
        tile(lambda: sources.of_parquet(file), tmp_path / "x")


def test_progress_is_told(tmp_path: Path) -> None:
    steps = list[Step]()
    left = laid_out(squares(4, 2), tmp_path / "left", 3)
    partitions.overlap(left, left, tmp_path / "o.gpkg", progress=Progress(steps.append))
    assert [(step.what, step.of, step.ratio) for step in steps][-1] == ("measuring", "o.gpkg", 1.0)
    assert len(steps) == len(left.partitions) + 1 == 4
    steps.clear()
    tile(lambda: [squares(4, 2)], tmp_path / "again", features=2, progress=Progress(steps.append))
    ratios = [step.ratio for step in steps]
    assert ratios == sorted(ratios)
    assert ratios[-1] == 1.0
    assert {step.what for step in steps} == {"reading", "writing"}


def test_columns_that_are_empty_at_first_are_kept(tmp_path: Path) -> None:
    layer = squares(4, 2).assign(owner=[None, None, None, None, "A", None, "B", None])
    whole = laid_out(layer, tmp_path / "a", 3, batch=2)
    read = pd.concat([whole.read(n, ["owner"]) for n in range(3)]).sort_index()
    assert [one if isinstance(one, str) else None for one in read["owner"]] == [
        None, None, None, None, "A", None, "B", None,
    ]  # fmt: skip


def test_what_cannot_be_laid_out_leaves_nothing(tmp_path: Path) -> None:
    layer = squares(2, 2)
    cases: list[tuple[type[Exception], GeoDataFrame, Any, str]] = [
        (DuplicateId, layer.set_axis([1, 2, 3, 1]), 2, "id 1 comes twice"),
        (EmptyLayer, layer.iloc[:0], 2, "no features"),
        (EmptyLayer, frame([None]), 2, "no feature of the layer has a place"),
        (UnstorableColumn, layer.assign(odd=["a", "b", {"c": 1}, 4]), 2, "not of one type"),
        (BadQuery, layer, 0, "features must be a whole number"),
    ]
    for error, layer_given, features, words in cases:
        with pytest.raises(error, match=words):
            laid_out(layer_given, tmp_path / "out", features, batch=2)
    others = iter([layer, layer.iloc[:3], layer, layer.iloc[[0, 2, 1, 3]]])
    for _ in range(2):
        with pytest.raises(FileUnreadable, match="has changed while it was being laid out"):
            tile(lambda: [next(others)], tmp_path / "out", features=2)
    with pytest.raises(NotWritable, match="is there already"):
        laid_out(layer, tmp_path, 2)
    with pytest.raises(NotWritable, match="cannot write in"):
        laid_out(layer, tmp_path / "no" / "folder", 2)
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_asked_is_named(tmp_path: Path) -> None:
    one = laid_out(squares(2, 2), tmp_path / "one", 2)
    other = laid_out(squares(2, 2).to_crs(4528), tmp_path / "other", 2)
    bow = frame([shapely.Polygon([(0, 0), (5, 5), (5, 0), (0, 5)])])
    broken = laid_out(bow, tmp_path / "broken", 2)
    mixed = laid_out(frame([shapely.Point(1, 1), shapely.box(0, 0, 3, 3)]), tmp_path / "mixed", 1)
    to = tmp_path / "out.parquet"
    with pytest.raises(CrsMismatch, match="lay them out in one CRS"):
        partitions.overlap(one, other, to)
    with pytest.raises(InvalidGeometry, match="one, broken: feature 1 of right"):
        partitions.overlap(one, broken, to)
    with pytest.raises(WrongGeometryType, match="mixes points and areas"):
        partitions.clearance(one, mixed, 5.0, to)
    with pytest.raises(BadQuery, match=r"use \.parquet or \.gpkg, or no ending for a folder"):
        partitions.overlap(one, one, tmp_path / "out.csv")
    with pytest.raises(BadQuery, match="at most 300000 m"):
        partitions.clearance(one, one, 4e5, to)
    with pytest.raises(BadQuery, match="at least one layer"):
        partitions.coverage(one, to=to)
    with pytest.raises(NotWritable, match="cannot write"):
        partitions.overlap(one, one, tmp_path / "no" / "out.parquet")
    (tmp_path / "one" / one.partitions[0].file).unlink()
    with pytest.raises(FileUnreadable, match=r"part-00000\.parquet of .* cannot be read"):
        partitions.overlap(one, one, to)
    with pytest.raises(FileUnreadable, match="is not a layer in partitions"):
        Partitions.open(tmp_path)
    assert not [path for path in tmp_path.iterdir() if path.is_file()]
