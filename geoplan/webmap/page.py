"""The planner's page: Folium in front, everything inlined, sealed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geoplan.webmap import assets
from geoplan.webmap.budget import large_layers
from geoplan.webmap.elements import (
    LayerElement,
    PlanElement,
    PlannerFigure,
    PlannerMap,
    Verbatim,
    title,
)
from geoplan.webmap.payload import as_json, layer_texts, payload
from geoplan.webmap.seal import seal

if TYPE_CHECKING:
    from geoplan.model import Lang
    from geoplan.webmap.compact import Precision
    from geoplan.webmap.content import MapContent, OnlineBasemap

_HTML_LANG = {"zh": "zh-CN", "en": "en"}


def planner_page(content: MapContent, *, lang: Lang = "zh", precision: Precision = "full") -> str:
    """Write a plan, its overlaps and its coverage as one HTML document.

    Parameters
    ----------
    content : MapContent
        The plan, its layers with their features, and the answers to show.
    lang : {"zh", "en"}, default "zh"
        The language the page opens in; it can be switched on the page.
    precision : {"full", "1m", "10m", "100m"}, default "full"
        How fine the features' coordinates are; answers keep theirs.

    Returns
    -------
    str
        A whole document that makes no request, opens from a file, and is the same for the
        same content.

    Raises
    ------
    CrsMismatch
        A layer or an answer has geometries but no CRS.
    """
    figure = PlannerFigure(_HTML_LANG[lang])
    figure.header.add_child(title(content.plan.title.to(lang)))
    for style in assets.styles():
        figure.header.add_child(Verbatim(f"<style>\n{style}</style>\n"))
    figure.header.add_child(Verbatim(f'<script type="text/plain">\n{assets.licences()}</script>\n'))
    for name, script in assets.engine_scripts().items():
        figure.header.add_child(Verbatim(f'<script id="{name}">\n{script}</script>\n'))
    if any(large_layers(content)):
        # it starts beside what the page has yet to read
        figure.header.add_child(Verbatim("<script>geoplan.engine.workerLink();</script>\n"))
    for script in assets.scripts():
        figure.header.add_child(Verbatim(f"<script>\n{script}</script>\n"))
    figure.html.add_child(Verbatim(assets.skeleton()))
    figure.add_child(_map(content, lang, precision))
    asks = any(entry.served is not None for entry in content.layers)
    return seal(figure.render(), _servers(content.online), asks=asks)


def _servers(online: OnlineBasemap | None) -> list[str]:
    """Return the servers of an online basemap; none where the page is sealed."""
    if online is None:
        return []
    starts = dict.fromkeys("/".join(address.split("/")[:3]) for address in online.addresses)
    return [start.replace("{s}", host) for start in starts for host in online.hosts]


def _map(content: MapContent, lang: Lang, precision: Precision) -> PlannerMap:
    west, south, east, north = content.plan.extent
    planner_map = PlannerMap(
        location=[(south + north) / 2, (west + east) / 2],
        zoom_start=11,
        attributionControl=False,
        zoomSnap=0.25,
        minZoom=3,
        maxZoom=20,
    )
    for name, text, many in layer_texts(content, precision):
        planner_map.add_child(LayerElement(name, text, in_pieces=many))
    planner_map.add_child(PlanElement(as_json(payload(content, lang))))
    return planner_map
