"""Texts that run in other maps, in every place where a text of others can reach ours.

Each of them stands in the name, the id, two attributes and the name of a column of one plan; it is
searched for, and put into the address. With the seal and without it, none of them runs.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import geopandas as gpd
import pytest
from playwright.sync_api import Page
from shapely import Point

from geoplan.webmap import MapContent, MapLayer, planner_page
from geoplan.webmap.spelling import searched
from tests.browser.conftest import CRS, EAST, NORTH, PARKS, OpenPage

POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')
RUN = "window.pwned=1"
VECTORS = [
    f"<script>{RUN}</script>",
    f"</script><script>{RUN}</script>",
    f"</ScRiPt ><sCrIpT>{RUN}//",
    f"<script src=data:text/javascript,{RUN}></script>",
    f"<img src=x onerror={RUN}>",
    f"<img src=x onerror='{RUN}'//",
    f"<IMG SRC=y ONERROR={RUN}>",
    f'"><img src=x onerror={RUN}>',
    f"'><img src=x onerror={RUN}>",
    f"`><img src=x onerror={RUN}>",
    f"<svg onload={RUN}>",
    f"<svg/onload={RUN}//",
    f"<svg><animate onbegin={RUN} attributeName=x dur=1s>",
    f"<svg><script>{RUN}</script></svg>",
    f"<svg><foreignObject><img src=x onerror={RUN}></foreignObject></svg>",
    f"<math><mtext><img src=x onerror={RUN}></mtext></math>",
    f"<body onload={RUN}>",
    f"<input autofocus onfocus={RUN}>",
    f"<select autofocus onfocus={RUN}>",
    f"<details open ontoggle={RUN}>x</details>",
    f"<video><source onerror={RUN}></video>",
    f"<audio src=x onerror={RUN}>",
    f"<object data='javascript:{RUN}'>",
    f"<embed src='javascript:{RUN}'>",
    f"<iframe src='javascript:parent.{RUN}'>",
    f"<iframe srcdoc='<script>parent.{RUN}</script>'>",
    f"<a href='javascript:{RUN}'>x</a>",
    f"<form action='javascript:{RUN}'><button>x</button></form>",
    f"<meta http-equiv=refresh content='0;url=javascript:{RUN}'>",
    f"<link rel=stylesheet href='javascript:{RUN}'>",
    f"<style>*{{background:url(javascript:{RUN})}}</style>",
    f"<base href='javascript:{RUN}//'>",
    f"<template><script>{RUN}</script></template>",
    f"<noscript><p title='</noscript><img src=x onerror={RUN}>'>",
    f"<!--><img src=x onerror={RUN}>-->",
    f"<![CDATA[<img src=x onerror={RUN}>]]>",
    f"</title><script>{RUN}</script>",
    f"</textarea><script>{RUN}</script>",
    f"</style><script>{RUN}</script>",
    f"javascript:{RUN}",
    f"data:text/html,<script>{RUN}</script>",
    f"${{{RUN}}}",
    f"`+({RUN})+`",
    f"';{RUN};//",
    f'";{RUN};//',
    f"{{{{constructor.constructor('{RUN}')()}}}}",
    f"{{% print {RUN} %}}",
    f"\\u003cimg src=x onerror={RUN}\\u003e",
    f"&lt;img src=x onerror={RUN}&gt;",
    f"%3Cimg%20src=x%20onerror={RUN}%3E",
    f"\u2028{RUN}\u2029",
    f"__proto__][{RUN}",
]


@pytest.fixture
def hostile(content: MapContent) -> MapContent:
    """Add a layer in which each text is a feature of its own, and the name of a column."""
    count = len(VECTORS)
    table: dict[str, Any] = {"name": VECTORS, "name_en": VECTORS, "name_alias": VECTORS}
    table |= {f"{text} ": [text] + [None] * (count - 1) for text in VECTORS}
    shapes = [Point(EAST + 9 * at, NORTH - 2000) for at in range(count)]
    features = gpd.GeoDataFrame(table, geometry=shapes, crs=CRS, index=VECTORS)
    layer = PARKS.model_copy(
        update={"id": "texts", "geometry": "point", "name_column": "name", "kind": "generic"}
    )
    entry = MapLayer(layer, features, searched=searched(layer, features))
    return replace(content, layers=(*content.layers, entry))


@pytest.mark.parametrize("sealed", [True, False], ids=["sealed", "unsealed"])
def test_nothing_runs_wherever_a_text_stands(
    open_page: OpenPage, hostile: MapContent, sealed: bool
) -> None:
    document = planner_page(hostile, lang="en")
    if not sealed:
        document, removed = POLICY.subn("", document)
        assert removed == 1
    page = open_page(document, reduced_motion="reduce")
    page.locator("#panel h2").first.wait_for()
    for text in VECTORS:
        look_at(page, text)
    assert page.evaluate("window.pwned") is None
    assert page.locator("iframe, object, embed, body img, video, audio, base, form").count() == 0
    attempts = 6 * len(VECTORS)  # id, name, alias, name of a column, search, address
    assert attempts >= 85


def look_at(page: Page, text: str) -> None:
    """Search for a text, open what has it as its name, and put it into the address."""
    shown = page.evaluate(
        """async (text) => {
            const box = document.getElementById("search-text");
            box.value = text;
            await geoplan.app.search.look();
            const first = document.querySelector("#search-list [role=option]");
            const said = first && first.textContent;
            const layer = geoplan.app.index.layers.get("texts");
            const feature = layer.features.find((one) => one.id === text);
            geoplan.app.choose({ type: "feature", layer, feature }, false);
            const hash = `#12/41.1/123&layers=${text}&lang=${text}&embed=${text}`;
            window.location.hash = hash;
            geoplan.app.address && geoplan.app.address.apply();
            return [said, document.querySelector("#details h2").textContent, feature.id];
        }""",
        text,
    )
    found, title, feature_id = shown
    assert text.strip() in found
    assert (title, feature_id) == (text, text)


def test_the_harness_would_see_a_text_that_runs(
    open_page: OpenPage, content: MapContent, trouble: list[str]
) -> None:
    page = open_page(POLICY.sub("", planner_page(content)))
    page.evaluate("(text) => { document.querySelector('#details').innerHTML = text; }", VECTORS[4])
    page.wait_for_function("window.pwned === 1")
    trouble.clear()
