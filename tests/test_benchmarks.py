"""The benchmark's layers are what they claim, its table counts right, and its peers agree."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely

ROOT = Path(__file__).parents[1]


@pytest.fixture
def layers(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(ROOT))
    return import_module("benchmarks.layers")


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(ROOT))
    return import_module("benchmarks.table")


def test_parcels_fill_the_extent_with_17_vertices_each(layers: Any) -> None:
    shapes = layers.parcels(144, seed=1).geometry.to_numpy()
    assert shapely.is_valid(shapes).all()
    assert (shapely.get_num_coordinates(shapes) == 17).all()
    assert shapely.area(shapes).sum() == pytest.approx(40_000.0**2, rel=1e-12)
    assert shapely.coverage_is_valid(shapes)


def test_a_seed_gives_the_same_layer_and_another_seed_another(layers: Any) -> None:
    first, again, other = (layers.parcels(25, seed).geometry for seed in (7, 7, 8))
    assert first.to_wkb().tolist() == again.to_wkb().tolist()
    assert first.to_wkb().tolist() != other.to_wkb().tolist()


def test_snapped_zones_run_along_parcel_boundaries_and_miss_some_vertices(layers: Any) -> None:
    cadastre = layers.parcels(400, seed=1)
    zones = layers.snapped_zones(cadastre, 20, seed=3).geometry.to_numpy()
    assert shapely.is_valid(zones).all()
    assert shapely.area(zones).sum() == pytest.approx(40_000.0**2, rel=1e-12)
    parcel_edges = shapely.union_all(cadastre.boundary.to_numpy())
    apart = shapely.difference(shapely.boundary(zones), parcel_edges)
    assert shapely.length(apart).sum() < 1e-6
    # vertices of parcels that lie inside an edge of a zone: the case a kernel must get exact
    of_zones = {tuple(xy) for xy in shapely.get_coordinates(zones).tolist()}
    nodes = np.unique(shapely.get_coordinates(cadastre.geometry.to_numpy()), axis=0)
    on_edge = shapely.distance(shapely.union_all(shapely.boundary(zones)), shapely.points(nodes))
    inside = [tuple(xy) for xy in nodes[on_edge == 0.0].tolist() if tuple(xy) not in of_zones]
    assert len(inside) > 10


def _run(cpu: float, wall: float, **figures: float) -> dict[str, Any]:
    return {"cpu_s": cpu, "wall_s": wall, "peak_mb": 100.0, "figures": figures, "latencies_ms": []}


def test_the_table_takes_medians_and_ratios_round_by_round(table: Any) -> None:
    runs = {
        "geoplan": [_run(1.0, 2.0, n=5), _run(2.0, 4.0, n=5), _run(4.0, 4.0, n=5)],
        "peer": [_run(3.0, 2.0, n=5), _run(4.0, 6.0, n=5), _run(20.0, 6.0, n=5)],
    }
    ours, peer = table.rows(runs)
    assert ours[:4] == ("geoplan", "2.00", "4.00", "100")
    # ratios 3, 2, 5 of CPU and 1, 1.5, 1.5 of wall; not 4 / 2 and not 6 / 4
    assert peer == ("peer", "4.00", "6.00", "100", "3.00", "1.50", "agree")


@pytest.mark.parametrize(
    ("theirs", "said"),
    [
        ({"pairs": 7, "area": 1e6 * (1 + 5e-10)}, "agree"),
        ({"pairs": 7, "area": 1e6 * (1 + 5e-9)}, "DIFFERS: area by 5.0e-09"),
        ({"pairs": 8, "area": 1e6}, "DIFFERS: pairs by 1.4e-01"),
        ({"pairs": 7}, "agree"),
        ({"other": 7}, "not compared"),
        ({}, "not compared"),
    ],
)
def test_figures_that_differ_are_said(table: Any, theirs: dict[str, float], said: str) -> None:
    runs = {"geoplan": [_run(1, 1, pairs=7, area=1e6)], "peer": [_run(1, 1, **theirs)]}
    assert table.rows(runs)[1][-1] == said


def test_who_is_absent_says_why_and_has_no_figures(table: Any) -> None:
    runs = {"geoplan": [_run(1, 1, n=1)], "peer": [{"absent": "not installed"}]}
    assert table.rows(runs)[1] == ("peer", "–", "–", "–", "–", "–", "not installed")


def test_geoplan_agrees_with_its_peers_on_small_layers(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks", "w1-snapped", "w3", "--size", "tiny"]
    done = subprocess.run(
        [*command, "--runs", "1", "--data", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    _, _, *rows = [line for line in done.stdout.splitlines() if line.startswith("|")]
    assert len(rows) == 7 + 9, done.stdout
    for row in rows:
        who, said = row.split(" | ")[1], row.split(" | ")[-1]
        peer_by_name = who in ("DuckDB", "SedonaDB", "PostGIS")
        assert said.startswith("agree") or (peer_by_name and "no" in said), row
