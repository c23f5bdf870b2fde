"""A kind that the plan itself brings goes in and out with its standard names."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from geoplan import Catalogue
from geoplan.ingest.importing import Wishes, import_files
from geoplan.interchange import export_layer

KIND = """
title = { zh = "生态保护红线（示例）", en = "Ecological redline (example)" }
code = "STBHHX"
geometry = ["area"]
common = ["feature_id", "name", "adcode"]

[[field]]
name = "control_level"
label = { zh = "管控级别", en = "Control level" }
code = "GKJB"
type = "TEXT"
"""
SYMBOL = """
[stbhhx]
title = { zh = "生态保护红线（示例）", en = "Ecological redline (example)" }
fill = "#12AB34"
stroke = "#C0392B"
cue = "hatch"
order = 12
"""
RING = [[122.98, 41.08], [122.99, 41.08], [122.99, 41.095], [122.98, 41.08]]
FEATURE = {
    "type": "Feature",
    "properties": {"BSM": "HX-7", "MC": "西山红线", "XZQDM": "210302", "GKJB": "strict"},
    "geometry": {"type": "Polygon", "coordinates": [RING]},
}


def test_a_kind_of_the_plan_keeps_its_standard_names(town_dir: Path, tmp_path: Path) -> None:
    plan = shutil.copytree(town_dir, tmp_path / "plan")
    (plan / "schema").mkdir()
    (plan / "schema" / "stbhhx.toml").write_text(KIND, encoding="utf-8")
    (plan / "symbols.toml").write_text(SYMBOL, encoding="utf-8")
    foreign = tmp_path / "red.geojson"
    foreign.write_text(json.dumps({"type": "FeatureCollection", "features": [FEATURE]}))

    import_files(plan, [foreign], Wishes(kind="stbhhx", layer="redlines"))
    catalogue = Catalogue.open(plan)
    (stored,) = catalogue.read("redlines").reset_index().to_dict("records")
    assert (stored["id"], stored["name"], stored["adcode"]) == ("HX-7", "西山红线", "210302")
    assert stored["control_level"] == "strict"

    out = tmp_path / "out.geojson"
    export_layer(catalogue, "redlines", out, codes=True)
    (told,) = json.loads(out.read_text(encoding="utf-8"))["features"]
    assert {key: told["properties"][key] for key in ("MC", "XZQDM", "GKJB")} == {
        "MC": "西山红线",
        "XZQDM": "210302",
        "GKJB": "strict",
    }
