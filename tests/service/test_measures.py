"""A plan with heights and measures on every vertex answers as the plan without them does."""

from __future__ import annotations

import json
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import geopandas as gpd
import httpx
import numpy as np
import pytest
import shapely
from geopandas.testing import assert_geodataframe_equal
from geoplan_api import create_app
from geoplan_api.references import CRS84, reference
from geoplan_api.ways import way
from pyproj import CRS

from geoplan import Catalogue
from geoplan.export import result_document
from geoplan.processes import (
    CoverageInputs,
    MapInputs,
    OverlapInputs,
    coverage,
    map_,
    overlap,
)
from geoplan.settings import Settings
from geoplan.store.write import write_geopackage

HEIGHT, CHAINAGE = 17.5, 12345.678


def with_both(geometry: Any) -> Any:
    """Return a geometry with heights and measures, through its text and not by our code."""
    if geometry is None:
        return None
    chainages = (CHAINAGE + number for number in range(1_000_000))

    def add(vertex: re.Match[str]) -> str:
        m = next(chainages)
        return f"{vertex.group()} {HEIGHT} {'NaN' if m == CHAINAGE else m}"

    kind, numbers = shapely.to_wkt(geometry, rounding_precision=-1).split(" ", 1)
    return shapely.from_wkt(f"{kind} ZM " + re.sub(r"[\d.e-]+ [\d.e-]+", add, numbers))


@pytest.fixture(scope="module")
def measured(town_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    directory = tmp_path_factory.mktemp("measured") / "town"
    shutil.copytree(town_dir, directory)
    plan = Catalogue.open(town_dir)
    for layer in plan.values():
        features = plan.read(layer.id)
        shapes = [with_both(shape) for shape in features.geometry]
        write_geopackage(
            directory / layer.file,
            layer.table,
            features.set_geometry(gpd.GeoSeries(shapes, index=features.index, crs=features.crs)),
            id_column=layer.id_column,
            identifier=layer.title.zh,
            description="",
            last_change=datetime(2025, 1, 1, tzinfo=UTC),
            attribute_tables=plan.tables_beside(layer.id),
        )
    return Catalogue.open(directory)


@pytest.fixture(scope="module")
def measured_client(serve: Any, measured: Catalogue) -> Any:
    with httpx.Client(base_url=serve(create_app(measured, Settings())), timeout=30) as found:
        yield found


def test_the_plan_is_measured_indeed(measured: Catalogue) -> None:
    for layer in measured:
        shapes = measured.read(layer).geometry.dropna()
        assert len(shapes)
        assert shapely.has_m(shapes).all()
        assert shapely.has_z(shapes).all()
        assert CHAINAGE + 1 in shapely.get_coordinates(shapes, include_m=True)[:, 2]


@pytest.mark.parametrize(
    ("run", "inputs"), [(overlap, OverlapInputs()), (coverage, CoverageInputs())]
)
def test_figures_are_the_same(run: Any, inputs: Any, town: Catalogue, measured: Catalogue) -> None:
    plain, found = run(town, inputs), run(measured, inputs)
    assert_geodataframe_equal(found.features, plain.features)
    assert found.left_out == plain.left_out
    assert found.totals == plain.totals
    one, other = (json.dumps(result_document(each)["features"]) for each in (found, plain))
    assert one == other


def test_the_map_shows_the_same_places(town: Catalogue, measured: Catalogue) -> None:
    pages = [str(map_(plan, MapInputs()).content) for plan in (town, measured)]
    drawn = [re.findall(r'"coordinates": ?([\[\]\d., -]+)', page) for page in pages]
    assert drawn[0]
    assert drawn[0] == drawn[1]


def positions(coordinates: Any) -> list[list[float]]:
    if isinstance(coordinates[0], (int, float)):
        return [coordinates]
    return [position for part in coordinates for position in positions(part)]


def test_items_have_heights_and_no_measures(
    measured_client: httpx.Client, client: httpx.Client, measured: Catalogue
) -> None:
    for layer in measured:
        address = f"/collections/{layer}/items"
        answer, plain = (
            one.get(address, params={"limit": 100}) for one in (measured_client, client)
        )
        assert answer.headers["content-crs"].endswith("CRS84h>")
        assert answer.json()["numberMatched"] == plain.json()["numberMatched"]
        for feature, other in zip(answer.json()["features"], plain.json()["features"], strict=True):
            assert feature["id"] == other["id"]
            if other["geometry"] is None:
                assert feature["geometry"] is None
                continue
            found = np.array(positions(feature["geometry"]["coordinates"]))
            assert found.shape[1] == 3
            assert (found[:, 2] == HEIGHT).all()
            expected = np.array(positions(other["geometry"]["coordinates"]))
            np.testing.assert_array_equal(found[:, :2], expected)


def test_what_leaves_the_storage_has_no_measures() -> None:
    given = np.array([with_both(shapely.Point(123, 41)), shapely.from_wkt("POINT M (123 41 5)")])
    found = way(CRS(4490), reference(CRS84)).project(given)
    assert [one.wkt for one in found] == ["POINT Z (123 41 17.5)", "POINT (123 41)"]


def test_a_box_finds_the_same_features(
    measured_client: httpx.Client, client: httpx.Client, town: Catalogue
) -> None:
    west, south, east, north = town.read("highways").to_crs(4490).total_bounds
    box = f"{west},{south},{(west + east) / 2},{(south + north) / 2}"
    for layer in town:
        address = f"/collections/{layer}/items"
        answers = [
            one.get(address, params={"bbox": box}).json() for one in (measured_client, client)
        ]
        found, expected = ([one["id"] for one in each["features"]] for each in answers)
        assert found == expected
