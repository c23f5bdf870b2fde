"""A plan on paper: layers written as rows, and one rule to check them by.

Coordinates are metres, x = E − 500 000 and y = N − 4 550 000 in EPSG:4550. All lies within 8 km of
the central meridian, where a plane metre and one on the ellipsoid differ by less than 1e-6.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely

from geoplan import Catalogue
from geoplan.rules.check import Check, check
from geoplan.store.write import write_geopackage

Row = dict[str, Any]
Layers = dict[str, list[Row]]
"""Kind → rows; the layer of kind ``industrial_park`` is ``industrial-park``."""

HEAD = """[plan]
id = "paper"
title = { zh = "纸上", en = "Paper" }
extent = [122.5, 40.5, 123.5, 41.5]
measuring_plane = "EPSG:4550"
data_date = 2026-01-01
attribution = { zh = "无", en = "none" }
"""
PACK = """id = "paper"
title = { zh = "纸上规则", en = "Paper rules" }
version = "1"
jurisdiction = { zh = "纸上", en = "Paper" }
"""
BASIS = """[rule.basis]
law = { zh = "纸上法", en = "Paper Law" }
article = "第二条"
confidence = "memory"
"""
GEOMETRY = {0: "point", 1: "line", 2: "area"}


def rect(x0: float, y0: float, x1: float, y1: float) -> Any:
    """Return a rectangle on paper."""
    return shapely.box(500_000 + x0, 4_550_000 + y0, 500_000 + x1, 4_550_000 + y1)


def line(*places: tuple[float, float]) -> Any:
    """Return a line on paper."""
    return shapely.LineString([(500_000 + x, 4_550_000 + y) for x, y in places])


def row(key: str, shape: Any, off: float | None = 0.0, **attributes: Any) -> Row:
    """Return one feature: its id, its shape, how far that may be off [m]."""
    return {"feature_id": key, "geometry": shape, "geometry_accuracy_m": off, **attributes}


def rule(
    demand: str,
    *,
    subject: str = "industrial_park",
    other: str = "highway",
    where: str = "",
    key: str = "PAP-01",
    severity: str = "prohibited",
    basis: str = BASIS,
) -> str:
    """Return a rule as TOML."""
    return f"""
[[rule]]
id = "{key}"
title = {{ zh = "规则", en = "Rule" }}
meaning = {{ zh = "规则", en = "Rule" }}
subject = "{subject}"
object = "{other}"
demand = {{ {demand} }}
severity = "{severity}"
{where}
{basis}
"""


def write_plan(folder: Path, rules: str, layers: Layers) -> Catalogue:
    """Write a plan and its pack ``paper``."""
    folder.mkdir(parents=True, exist_ok=True)
    entries = [HEAD]
    for kind, rows in layers.items():
        layer = kind.replace("_", "-")
        frame = gpd.GeoDataFrame(rows, crs="EPSG:4550").set_index("feature_id", drop=False)
        frame = frame.astype({"geometry_accuracy_m": float})
        shapes = [one["geometry"] for one in rows if one["geometry"] is not None]
        geometry = GEOMETRY[int(shapely.get_dimensions(shapes[0]))] if shapes else "area"
        write_geopackage(
            folder / f"{layer}.gpkg",
            kind,
            frame.set_axis(range(1, len(frame) + 1), axis=0),
            id_column=None,
            identifier=layer,
            description="",
            last_change=datetime(2026, 1, 1, tzinfo=UTC),
            provenance=None,
        )
        means = 'line_means = "centreline"\n' if geometry == "line" else ""
        entries.append(
            f'[[layer]]\nid = "{layer}"\nkind = "{kind}"\ntable = "{kind}"\n{means}'
            f'geometry = "{geometry}"\nid_column = "feature_id"\nsource_date = 2026-01-01\n'
            f'title = {{ zh = "{kind}", en = "{kind}" }}\nsource = {{ zh = "无", en = "none" }}\n'
        )
    (folder / "catalogue.toml").write_text("\n".join(entries), encoding="utf-8")
    (folder / "rules").mkdir(exist_ok=True)
    (folder / "rules" / "paper.toml").write_text(PACK + rules, encoding="utf-8")
    return Catalogue.open(folder)


Asking = Callable[[str, Layers], Check]


@pytest.fixture
def ask(tmp_path: Path) -> Asking:
    """Return what checks layers on paper by rules on paper."""

    def asked(rules: str, layers: Layers) -> Check:
        return check(write_plan(tmp_path / "plan", rules, layers), ["paper"])

    return asked


def outcomes(found: Check, column: str = "outcome", of: str = "PAP-01") -> dict[Any, Any]:
    """Return (subject, object) → outcome, or another column, of one rule's findings on features."""
    rows = found.findings[found.findings["rule_id"] == of]
    keys = zip(rows["subject_id"], rows["object_id"], strict=True)
    told = dict(zip(keys, rows[column], strict=True))
    return {key: value for key, value in told.items() if key != (None, None)}
