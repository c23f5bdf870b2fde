"""A seeded plan of parks that pipelines run through: as many conflicts as asked for."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely

from geoplan.store.write import write_geopackage

CATALOGUE = """
[plan]
id = "crossed"
title = { zh = "交叉区规划（虚构）", en = "Plan of crossings (synthetic)" }
extent = [122.0, 40.0, 124.5, 42.0]
measuring_plane = "EPSG:4550"
data_date = 2025-01-01
attribution = { zh = "虚构数据", en = "Synthetic data" }
"""
PARK = {"park_type": "logistics", "hazard_class": "none", "geometry_method": "design"}
PIPE = {
    "pipeline_class": "long_distance", "pressure_class": "transmission", "diameter_mm": 610,
    "laying_mode": "buried", "geometry_method": "design",
}  # fmt: skip
LAYER = """
[[layer]]
id = "{id}"
kind = "{kind}"
title = {{ zh = "{zh}", en = "{en}" }}
geometry = "{geometry}"
id_column = "feature_id"
name_column = "name"
{more}
source = {{ zh = "虚构", en = "Synthetic" }}
source_date = 2025-01-01
"""


def build(folder: Path, conflicts: int) -> Path:
    """Write a plan in which so many parks have a pipeline right through them."""
    folder.mkdir(parents=True, exist_ok=True)
    across = max(1, round(conflicts**0.5))
    west, south = 480_000.0, 4_500_000.0
    parks = [
        shapely.box(x, y, x + 400, y + 400)
        for at in range(conflicts)
        for x, y in [(west + 1000.0 * (at % across), south + 1000.0 * (at // across))]
    ]
    rows = -(-conflicts // across)
    pipes = [
        shapely.LineString([(west - 500, south + 1000 * row + 200),
                            (west + 1000 * across, south + 1000 * row + 230)])
        for row in range(rows)
    ]  # fmt: skip
    _write(folder, "parks", parks, {"status": "planned", **PARK})
    _write(folder, "pipes", pipes, {"status": "built", **PIPE})
    text = CATALOGUE + LAYER.format(
        id="parks", kind="industrial_park", zh="产业园区", en="Industrial parks", geometry="area",
        more="",
    ) + LAYER.format(
        id="pipes", kind="gas_pipeline", zh="燃气管道", en="Gas pipelines", geometry="line",
        more='line_means = "centreline"',
    )  # fmt: skip
    (folder / "catalogue.toml").write_text(text, encoding="utf-8")
    return folder


def _write(folder: Path, name: str, shapes: list[shapely.Geometry], same: dict[str, Any]) -> None:
    ids = [f"{name}-{at + 1}" for at in range(len(shapes))]
    title = {"parks": "园区", "pipes": "管道"}[name]
    table = {
        "name": [f"{title}{at + 1}号" for at in range(len(shapes))],
        "geometry_accuracy_m": 0.5,
        **same,
    }
    index = pd.Index(ids, name="feature_id")
    features = gpd.GeoDataFrame(table, geometry=shapes, crs=4550, index=index)
    write_geopackage(
        folder / f"{name}.gpkg", name, features,
        id_column="feature_id", identifier=name, description="",
        last_change=datetime(2025, 1, 1, tzinfo=UTC),
    )  # fmt: skip
