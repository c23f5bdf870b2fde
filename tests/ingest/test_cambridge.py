"""A city as it really is: every layer imports, every invalid geometry is told, none is lost.

Every seventh layer in ``make test``, all 140 in ``make soak``.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from geoplan import Catalogue
from geoplan.ingest import layering, reading
from geoplan.ingest.importing import Wishes
from geoplan.store.admit import inspect
from tests.ingest.conftest import CATALOGUE

FILE = Path(__file__).parents[3] / "shared" / "data" / "cambridge" / "cambridge_ma_city_gis.gpkg"
ALL = os.environ.get("HYPOTHESIS_PROFILE") == "soak"
SOURCE = {"file": FILE.name, "sha256": "", "format": "gpkg"}


@pytest.mark.skipif(not FILE.exists(), reason="the shared data are not here")
def test_cambridge_imports(tmp_path: Path) -> None:
    text = CATALOGUE.replace("[122.0, 40.0, 124.0, 42.0]", "[-71.3, 42.2, -70.9, 42.6]")
    text = text.replace("EPSG:4550", "EPSG:26986")
    (tmp_path / "catalogue.toml").write_text(text, encoding="utf-8")
    plan, invalid, layers = Catalogue.parse(tmp_path), 0, 0
    admission = inspect(FILE)
    assert admission.error() is None
    assert len(admission.tables) == 140
    for one in admission.tables[:: 1 if ALL else 7]:
        table = reading.features_of(FILE, one)
        found = layering.prepare(
            table, plan, Wishes("generic"), SOURCE, several=True, taken=set()
        )  # fmt: skip
        assert sum(len(part.features) for part in found) == len(table.geometry) == one.count
        kept = [shape for part in found for shape in part.features.geometry if shape is not None]
        assert len(kept) == sum(body is not None for body in table.geometry)
        invalid += sum(part.quality.get("invalid-geometry", 0) for part in found)
        layers += len(found)
    assert (invalid, layers) == ((232, 142) if ALL else (invalid, layers))
    assert layers >= 20
