"""Plans of many layers: what is drawn as shapes, what as tiles, what is shown at first."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import pytest
from playwright.sync_api import expect
from shapely import Point

from geoplan.webmap import MapContent, MapLayer, planner_page
from geoplan.webmap.budget import large_layers, shown_layers
from geoplan.webmap.tints import tints
from tests.browser.conftest import CRS, EAST, NORTH, PLAN, ROADS, OpenPage

CAMBRIDGE = Path(__file__).parents[3] / "shared/data/cambridge/cambridge_ma_city_gis.gpkg"
GEOPLAN = str(Path(sys.executable).with_name("geoplan"))
ALL = os.environ.get("HYPOTHESIS_PROFILE") == "soak"
CATALOGUE = """[plan]
id = "cambridge"
title = { zh = "剑桥市", en = "Cambridge" }
extent = [-71.17, 42.34, -71.06, 42.41]
measuring_plane = "EPSG:26986"
data_date = 2024-01-01
attribution = { zh = "City of Cambridge GIS (PDDL)", en = "City of Cambridge GIS (PDDL)" }

[[layer]]
id = "absent"
kind = "generic"
title = { zh = "缺", en = "Absent" }
geometry = "area"
role = "context"
source = { zh = "无", en = "none" }
source_date = 2025-01-01
"""


def points(name: str, count: int, role: str = "plan", kind: str = "generic") -> MapLayer:
    layer = ROADS.model_copy(
        update={"id": name, "geometry": "point", "role": role, "kind": kind, "name_column": None}
    )
    shapes = [Point(EAST + at % 70 * 9, NORTH + at // 70 * 9) for at in range(count)]
    return MapLayer(layer, gpd.GeoDataFrame({"n": range(count)}, geometry=shapes, crs=CRS))


def plan_of(*layers: MapLayer) -> MapContent:
    return MapContent(PLAN, layers)


def test_the_smallest_layers_are_shapes_while_there_is_room() -> None:
    # 1500 + 1900 = 3400 fit into 4000, with 700 more they do not; 2001 are too many alone
    some = plan_of(points("a", 1900), points("b", 700), points("c", 1500), points("d", 2001))
    assert large_layers(some) == [True, False, False, True]
    assert large_layers(plan_of(points("d", 2001))) == [True]
    assert large_layers(plan_of(points("c", 2000), points("e", 2000))) == [False, False]


def test_the_plans_own_layers_are_shown_before_the_context() -> None:
    context = [points(f"c{at}", 1, "context") for at in range(20)]
    own = [points(f"p{at}", 1) for at in range(6)]
    shown = shown_layers(plan_of(*context, *own))
    assert shown[20:] == [True] * 6
    assert shown[:20] == [True] * 18 + [False] * 2


def test_only_layers_that_would_be_alike_get_tints() -> None:
    alone = [points("a", 1), points("r", 1, kind="highway")]
    assert tints(alone) == [None, None]
    two = tints([points("c", 1, "context"), points("r", 1, kind="highway"), points("b", 1)])
    assert two[1] is None
    first, second = two[2], two[0]
    assert first is not None
    assert second is not None
    assert first["fill"] == "#8FB8D8"  # the plan's own is the first
    assert first["fill"] != second["fill"]


def test_layers_that_are_off_at_first_can_be_switched_on(open_page: OpenPage) -> None:
    many = plan_of(*(points(f"p{at}", 3) for at in range(26)))
    page = open_page(planner_page(many, lang="en"))
    expect(page.locator("#sections .note").first).to_contain_text("2 layers are switched off")
    drawn = ".leaflet-layer-p25-pane path"
    assert page.locator(drawn).count() == 0
    page.locator("input[data-layer=p25]").check()
    assert page.locator(drawn).count() == 3
    assert page.locator(".leaflet-layer-p0-pane path").count() == 3


@pytest.mark.skipif(not ALL, reason="a minute: by `make soak`")
@pytest.mark.skipif(not CAMBRIDGE.exists(), reason="the shared data are not here")
def test_the_city_of_cambridge_opens(open_page: OpenPage, tmp_path: Path) -> None:
    """All 140 tables: 142 layers, 142,000 features."""
    (tmp_path / "catalogue.toml").write_text(CATALOGUE, encoding="utf-8")
    command = [GEOPLAN, "import", str(CAMBRIDGE), "--plan", str(tmp_path)]
    command += ["--kind", "generic", "--allow-outside", "--lang", "en"]
    subprocess.run(command, check=True, capture_output=True)
    catalogue = (tmp_path / "catalogue.toml").read_text(encoding="utf-8")
    head, _, *layers = catalogue.split("[[layer]]")
    # overlaps are not what is looked at here, and nothing is worked out between context
    told = [
        layer.replace('kind = "generic"', 'kind = "generic"\nrole = "context"', 1)
        for layer in layers
    ]
    text = head + "".join("[[layer]]" + layer for layer in told)
    (tmp_path / "catalogue.toml").write_text(text, encoding="utf-8")
    made = tmp_path / "map.html"
    run = [GEOPLAN, "map", "--plan", str(tmp_path), "-o", str(made)]
    subprocess.run([*run, "--lang", "en"], check=True, capture_output=True)
    assert made.stat().st_size < 16e6
    page = open_page(made.read_text(encoding="utf-8"))
    page.locator("#panel h2").first.wait_for(timeout=60_000)
    rows = page.locator("#sections .layer-row")
    assert rows.count() == 142
    parcels = page.locator(".layer-row", has_text="assessing_parcelsfy2014")
    expect(parcels.locator(".count")).to_have_text("13115/13116")
    tile = page.locator(".leaflet-layer-assessing-parcelsfy2014-pane canvas").first
    tile.wait_for(timeout=60_000)
    assert (
        page.evaluate("document.querySelectorAll('#map path, .leaflet-pane path').length") < 20_000
    )


def test_a_tiled_layer_takes_its_place_beside_shapes(open_page: OpenPage) -> None:
    mixed = plan_of(points("many", 2500), points("few", 12))
    page = open_page(planner_page(mixed))
    page.locator(".leaflet-layer-many-pane canvas").first.wait_for()
    assert page.locator(".leaflet-layer-many-pane path").count() == 0
    assert page.locator(".leaflet-layer-few-pane path").count() == 12


def test_a_layer_without_names_is_not_labelled_with_ids(
    open_page: OpenPage, content: MapContent
) -> None:
    nameless = points("few", 2)
    page = open_page(planner_page(replace(content, layers=(*content.layers, nameless))))
    labels = page.locator(".name").all_inner_texts()
    assert "城东产业园" in labels
    assert not {"0", "1"} & set(labels)
