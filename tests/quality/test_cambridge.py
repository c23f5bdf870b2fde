"""A city's real layers: every invalid geometry is told with its reason and place, none is lost."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from typing import Any

import apsw
import numpy as np
import pytest
import shapely

from geoplan.model import Layer, Text
from geoplan.quality import inspect, repair
from geoplan.schema import schema
from geoplan.store import GeoPackageStore

FILE = Path(__file__).parents[3] / "shared" / "data" / "cambridge" / "cambridge_ma_city_gis.gpkg"
ALL = os.environ.get("HYPOTHESIS_PROFILE") == "soak"
pytestmark = pytest.mark.skipif(not FILE.exists(), reason=f"{FILE} is not on this machine")


def _layers() -> list[Layer]:
    file = apsw.Connection(str(FILE), flags=apsw.SQLITE_OPEN_READONLY)
    names = [str(name) for (name,) in file.execute("SELECT table_name FROM gpkg_geometry_columns")]
    file.close()
    shared: dict[str, Any] = {
        "kind": "generic",
        "title": Text(zh="图层", en="Layer"),
        "geometry": "area",
        "source": Text(zh="剑桥市", en="City of Cambridge"),
        "source_date": date(2025, 1, 1),
    }
    return [Layer(id=f"layer-{n}", table=name, **shared) for n, name in enumerate(names)]


def test_every_invalid_geometry_of_a_city_is_reported_and_none_is_touched() -> None:
    """All 140 layers by `make soak`, each fifth otherwise."""
    told = 0
    layers = _layers()
    assert len(layers) == 140
    with GeoPackageStore(FILE) as store:
        for layer in layers[:: 1 if ALL else 5]:
            features = store.read(layer)
            shapes = features.geometry.to_numpy()
            before = shapely.to_wkb(shapes)
            broken = features.index[~shapely.is_missing(shapes) & ~shapely.is_valid(shapes)]
            found = inspect(
                features, schema=schema("generic"), extent=None, today=date(2026, 11, 22)
            )
            invalid = found[found["code"] == "invalid-geometry"]
            assert invalid["feature_id"].tolist() == broken.tolist(), layer.table
            assert invalid["value"].str.len().gt(0).all()
            assert invalid.geometry.notna().all()
            assert invalid["message"].str.contains("几何无效").all()
            assert np.array_equal(shapely.to_wkb(features.geometry.to_numpy()), before)
            told += len(invalid)
            if len(broken):
                _nothing_is_lost(features.loc[broken])
    assert told == 232 if ALL else told > 0


def _nothing_is_lost(broken: Any) -> None:
    fixed, log = repair(broken, make_valid=True)
    assert fixed.index.equals(broken.index)
    assert (~fixed.geometry.is_empty).all()
    left = log.loc[log["action"] == "left-invalid", "feature_id"]
    assert set(broken.index[~fixed.geometry.is_valid]) == set(left)
    made = log[log["action"] == "make-valid"]
    assert len(made) + len(left) == len(broken)
