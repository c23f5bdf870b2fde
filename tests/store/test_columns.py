"""Attributes in memory answer as the file does, for as long as the file stays as it is."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely

from geoplan.model import Layer
from geoplan.store import columns
from geoplan.store.condition import Condition
from geoplan.store.served import ServedTable
from geoplan.store.write import write_geopackage

TEXT = {"zh": "点", "en": "dots"}
LAYER = Layer.model_validate(
    {"id": "dots", "kind": "generic", "geometry": "point", "title": TEXT, "source": TEXT,
     "source_date": "2025-01-01"}
)  # fmt: skip
ODD = Condition('t."n" % 2 = :q0', (("q0", 1),))


def _write(path: Path, count: int) -> None:
    frame = gpd.GeoDataFrame(
        {"n": np.arange(count), "s": [str(number) for number in range(count)]},
        geometry=shapely.points(np.zeros((count, 2))),
        crs=4326,
    )
    frame.index = np.arange(1, count + 1)
    write_geopackage(
        path, "dots", frame, id_column=None, identifier="dots", description="",
        last_change=datetime(2025, 1, 1, tzinfo=UTC),
    )  # fmt: skip


def test_the_copy_answers_as_the_file_and_goes_with_it(tmp_path: Path) -> None:
    path = tmp_path / "dots.gpkg"
    _write(path, 7)
    served = ServedTable(path, LAYER)
    answers = [served.look().keys([ODD])[0].tolist() for _ in range(3)]
    assert answers == [[2, 4, 6]] * 3  # the file, then the copy twice
    # a number is no text in the copy either
    assert served.look().keys([Condition("t.\"s\" = '3'")])[0].tolist() == [4]
    path.unlink()
    _write(path, 3)
    assert served.look().keys([ODD])[0].tolist() == [2]


def test_attributes_too_large_for_memory_are_read_from_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(columns, "MAX_BYTES", 1)
    path = tmp_path / "dots.gpkg"
    _write(path, 5)
    served = ServedTable(path, LAYER)
    for _ in range(3):
        assert served.look().keys([ODD])[0].tolist() == [2, 4]
