"""Layers in several CRS: the figures are those of one CRS, or the difference is named."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
from shapely.geometry import LineString, Polygon, box

from geoplan import Catalogue
from geoplan.errors import CrsMismatch
from geoplan.processes import PROCESSES
from geoplan.queries import (
    chainage,
    clearance,
    coverage,
    measured_routes,
    overlap,
    overlap_matrix,
)
from geoplan.reading import LayerReader
from geoplan.store.write import write_geopackage

WORDS = '{ zh = "虚构", en = "Synthetic" }'
# east of the meridian of 123°, metres in EPSG:4550; nothing coincides exactly: a coordinate that
# is moved is off by nanometres, and what touches may not touch any more
PARK = Polygon([(501_000, 4_550_000), (502_000, 4_550_000), (501_000, 4_550_600)])
ZONES = [box(500_900, 4_550_101, 501_400, 4_550_203), box(501_307, 4_549_500, 501_390, 4_551_000),
         box(503_000, 4_549_000, 503_070, 4_549_050)]  # fmt: skip
ROAD = LineString([(500_500, 4_550_050), (502_900, 4_550_110)])
LAYERS: dict[str, tuple[str, list[Any], dict[str, Any]]] = {
    "parks": ("area", [PARK], {}),
    "zones": ("area", ZONES, {}),
    "roads": ("line", [ROAD], {"chainage_from": ["K3+000"], "chainage_to": ["K5+400"]}),
}
ONE = {"parks": 4550, "zones": 4550, "roads": 4550}
SEVERAL = {"parks": 4490, "zones": 4529, "roads": 4550}
# a column that a figure stands in ends in one of these
UNITS = ("_m", "_m2", "_ratio", "_deg", "_count")
MOVED = ("left_x", "left_y", "right_x", "right_y")


def frame(layer: str, crs: int) -> gpd.GeoDataFrame:
    _, shapes, columns = LAYERS[layer]
    columns = {**columns, "geometry_accuracy_m": [0.5] * len(shapes)}
    if layer == "roads":
        start = gpd.GeoSeries.from_xy([502_900], [4_550_110], crs=4550).to_crs(crs).iloc[0]
        columns["chainage_origin"] = [f"POINT ({start.x!r} {start.y!r})"]  # drawn backwards
    index = [f"{layer[0].upper()}{number}" for number in range(len(shapes))]
    return gpd.GeoDataFrame(columns, geometry=shapes, index=index, crs=4550).to_crs(crs)


def plan_in(folder: Path, crs: dict[str, int]) -> Catalogue:
    folder.mkdir()
    text = (
        f'[plan]\nid = "p"\ntitle = {WORDS}\nextent = [122.9, 41.0, 123.1, 41.2]\n'
        f'measuring_plane = "EPSG:4550"\ndata_date = 2025-01-01\nattribution = {WORDS}\n'
    )
    for layer, (geometry, _, _) in LAYERS.items():
        write_geopackage(
            folder / f"{layer}.gpkg", layer, frame(layer, crs[layer]), id_column="feature_id",
            identifier=layer, description="", last_change=datetime(2025, 1, 1, tzinfo=UTC),
        )  # fmt: skip
        means = 'line_means = "centreline"\n' if geometry == "line" else ""
        text += (
            f'[[layer]]\nid = "{layer}"\nkind = "generic"\ntitle = {WORDS}\n'
            f'geometry = "{geometry}"\n{means}id_column = "feature_id"\nsource = {WORDS}\n'
            f"source_date = 2025-01-01\n"
        )
    (folder / "catalogue.toml").write_text(text, encoding="utf-8")
    return Catalogue.open(folder)


@pytest.fixture(scope="module")
def plans(tmp_path_factory: pytest.TempPathFactory) -> tuple[Catalogue, Catalogue]:
    """Return one plan in one CRS, and the same in several."""
    folder = tmp_path_factory.mktemp("crs")
    return plan_in(folder / "one", ONE), plan_in(folder / "several", SEVERAL)


def rows_of(catalogue: Catalogue, process: str, **inputs: Any) -> Any:
    asked = PROCESSES[process].inputs.model_validate(inputs)
    return PROCESSES[process].run(catalogue, asked).features  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("process", "inputs"),
    [
        ("overlap", {}),
        ("overlap", {"layers": ["zones", "parks"]}),
        ("coverage", {}),
        ("overlap-matrix", {}),
        ("clearance", {"within_m": 2000}),
        ("nearest", {"layers": ["zones", "roads"]}),
        ("chainage", {}),
        ("chainage", {"by": ["zones"], "within_m": 1500}),
    ],
)
def test_figures_are_those_of_one_crs(
    plans: tuple[Catalogue, Catalogue], process: str, inputs: dict[str, Any]
) -> None:
    one, several = (rows_of(plan, process, **inputs) for plan in plans)
    assert len(one) == len(several) > 0
    figures = [name for name in one if name.endswith(UNITS) and name not in MOVED]
    figures = [name for name in figures if one[name].dtype != object]
    assert figures
    for name in figures:
        assert several[name].to_numpy() == pytest.approx(
            one[name].to_numpy(), rel=1e-9, abs=1e-7, nan_ok=True
        )
    for name in [name for name in one if name.endswith(("_id", "relation", "chainage", "side"))]:
        assert several[name].tolist() == one[name].tolist()


def test_the_answer_is_in_the_crs_of_the_left_layer(plans: tuple[Catalogue, Catalogue]) -> None:
    _, several = plans
    found = rows_of(several, "overlap", layers=["zones", "parks"])
    assert found.crs.to_epsg() == 4529
    paper = PARK.intersection(ZONES[0]).area
    assert found.set_index("left_id")["area_m2"]["Z0"] == pytest.approx(paper, rel=1e-6)
    west = found.set_index("left_id").geometry["Z0"].bounds[0]
    assert west == pytest.approx(41_501_000, abs=1e-6)


def test_the_origin_of_a_chainage_moves_with_its_line(plans: tuple[Catalogue, Catalogue]) -> None:
    _, several = plans
    read = LayerReader(several)
    read(several["parks"])  # in degrees, so the roads come in degrees too
    (route,), _ = measured_routes(read(several["roads"]))
    assert route.reversed_by == "chainage_origin"
    assert route.crs.to_epsg() == 4490


def test_another_datum_is_named_and_not_shifted(tmp_path: Path) -> None:
    catalogue = plan_in(tmp_path / "old", {**SEVERAL, "zones": 2365})  # Xian 1980, zone 41
    with pytest.raises(CrsMismatch, match=r"zones.*different datums"):
        rows_of(catalogue, "overlap")
    assert len(rows_of(catalogue, "overlap", layers=["parks", "roads"])) == 1


def test_a_query_takes_one_crs_only() -> None:
    park, zones, road = frame("parks", 4490), frame("zones", 4529), frame("roads", 4529)
    for ask in (
        lambda: overlap(park, zones),
        lambda: coverage(park, zones),
        lambda: clearance(park, zones, within_m=10),
        lambda: overlap_matrix({"parks": park, "zones": zones}),
        lambda: chainage(road, park),
    ):
        with pytest.raises(CrsMismatch, match="reproject one first"):
            ask()
