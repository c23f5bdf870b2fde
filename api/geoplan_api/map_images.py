"""Maps as pictures, of the plan or of one layer (OGC API - Maps, Part 1): a worker draws them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from starlette.responses import Response

import geoplan
from geoplan.model import Bbox
from geoplan_api.conditional import VARY, not_modified, weak_tag
from geoplan_api.map_query import PARAMETERS, MapQuery, joined_subsets, read_map_query
from geoplan_api.negotiation import PDF, PNG, SVG, Offer, choose
from geoplan_api.query import single
from geoplan_api.references import CRS84, URIS, reference, storage_uri
from geoplan_api.tile_cache import Tile
from geoplan_api.ways import way_of
from geoplan_api.words import HTML_LANG

if TYPE_CHECKING:
    from starlette.requests import Request

    from geoplan.model import Lang, Layer
    from geoplan_api.service import Service

OFFERS = (PNG, SVG, PDF)
OF_PLAN, OF_LAYER = ("f", "collections", *PARAMETERS), ("f", *PARAMETERS)
MAPS = tuple(
    f"http://www.opengis.net/spec/ogcapi-maps-1/1.0/conf/{name}"
    for name in (
        "core",
        "scaling",
        "display-resolution",
        "spatial-subsetting",
        "crs",
        "collections-selection",
        "collection-map",
        "dataset-map",
        "png",
        "svg",
    )
)
"""Classes of maps of which every requirement has a test in tests/service/test_maps.py."""
_DRAW = "geoplan_api.work.mapping:map_image"
_RIM, _LEAST = 0.02, 0.0005
_POLICY = "default-src 'none'; sandbox"


class Asked(NamedTuple):
    """A picture as it was asked for: of which layers, which map, as what, in which language."""

    layers: list[Layer]
    query: MapQuery
    offer: Offer
    lang: Lang


def parameters(request: Request, known: tuple[str, ...]) -> dict[str, str]:
    """Return the parameters of a map.

    Raises
    ------
    BadParameter
        One is unknown or stands twice.
    """
    return single(joined_subsets(request.query_params.multi_items()), known)


def of_plan(
    service: Service, given: dict[str, str], layers: list[Layer], accept: str | None, lang: Lang
) -> Asked:
    """Read a question for a map of the plan."""
    offer = choose(OFFERS, given.get("f"), accept)
    query = read_map_query(given, Bbox(*service.catalogue.plan.extent), CRS84)
    return Asked(layers, query, offer, lang)


def of_layer(
    service: Service, layer: Layer, given: dict[str, str], accept: str | None, lang: Lang
) -> Asked:
    """Read a question for a map of one layer: in its own CRS, unless it says another."""
    offer = choose(OFFERS, given.get("f"), accept)
    stored = storage_uri(service.tables[layer.id].look().crs)
    usual = stored if stored in URIS else CRS84
    assert usual is not None  # noqa: S101 - for the type
    return Asked([layer], read_map_query(given, _whole(service, layer), usual), offer, lang)


async def picture(request: Request, service: Service, asked: Asked) -> Response:
    """Answer with a map, drawn when it is not kept.

    Raises
    ------
    ServiceBusy, WorkerTimeout, WorkerOutOfMemory, WorkerDied, FontMissing
        It cannot be drawn, or not now.
    """
    layers, query, offer, lang = asked
    ids = tuple(layer.id for layer in layers)
    versions = [service.tables[one].look().version for one in ids]
    wanted: dict[str, Any] = {
        "crs": query.reference.uri,
        "box": query.box,
        "size_px": query.size_px,
        "mm_per_px": query.mm_per_px,
        "background": query.background,
        "lang": lang,
    }
    looks = [(layer, service.catalogue.symbol(layer)) for layer in layers]
    made_from = ("map", offer.f, versions, looks, sorted(wanted.items()), geoplan.__version__)
    tag = weak_tag(made_from)
    unchanged = not_modified(request, tag)
    if unchanged is not None:
        return unchanged
    found = service.tiles.get(*made_from)
    if found is None:
        found = Tile(await service.computing.draw(_DRAW, offer.f, ids, wanted))
        service.tiles.put(found, *made_from)
    return Response(found.body, headers=_headers(query, offer, lang, tag))


def _headers(query: MapQuery, offer: Offer, lang: Lang, tag: str) -> dict[str, str]:
    return {
        "Content-Type": offer.media_type,
        "Content-Language": HTML_LANG[lang],
        "Content-Crs": f"<{query.reference.uri}>",
        "Content-Bbox": query.content_bbox,
        "Content-Security-Policy": _POLICY,
        "ETag": tag,
        "Vary": VARY,
        "Cache-Control": "no-cache",
    }


def _whole(service: Service, layer: Layer) -> Bbox:
    """Return what a map of a layer shows when nobody says: where it lies, and a rim."""
    table = service.tables[layer.id].look()
    box = way_of(layer, table, reference(CRS84)).extent(table.extent(), margin=0.0)
    if box is None:
        return Bbox(*service.catalogue.plan.extent)
    rim = max(_RIM * (box.xmax - box.xmin), _RIM * (box.ymax - box.ymin), _LEAST)
    return Bbox(
        max(box.xmin - rim, -180.0),
        max(box.ymin - rim, -90.0),
        min(box.xmax + rim, 180.0),
        min(box.ymax + rim, 90.0),
    )
