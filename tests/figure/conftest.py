"""The plans that sheets are drawn of: the town on paper, and Anshan."""

from __future__ import annotations

from pathlib import Path

import pytest

from geoplan.catalogue import Catalogue
from geoplan.figure import Prepared, prepare
from geoplan.model import Result
from geoplan.processes import PROCESSES
from geoplan.rules.pack import load_pack
from geoplan.tables import numbered
from geoplan.webmap import MapContent, MapLayer

ROOT = Path(__file__).parents[2]


def prepared(folder: Path) -> Prepared:
    catalogue = Catalogue.open(folder)
    check = PROCESSES["check"]
    result = check.run(catalogue, check.inputs())
    assert isinstance(result, Result)
    table = numbered(result.features)
    layers = tuple(
        MapLayer(one, catalogue.read(one.id), catalogue.schema(one), catalogue.symbol(one))
        for one in catalogue.values()
    )
    return prepare(
        MapContent(
            catalogue.plan, layers, check=result, rules=load_pack().rules,
            numbers=dict(zip(table["finding_id"], table["number"], strict=True)),
        )
    )  # fmt: skip


@pytest.fixture(scope="session")
def town() -> Prepared:
    return prepared(ROOT / "examples" / "town")


@pytest.fixture(scope="session")
def anshan() -> Prepared:
    return prepared(ROOT / "layers")
