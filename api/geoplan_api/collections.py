"""Collections: the layers of the plan (OGC API - Features, Parts 1 and 2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anyio import to_thread
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from geoplan_api.conditional import not_modified, weak_tag
from geoplan_api.deps import lang_of, layer_of, offered, service_of, view_of
from geoplan_api.geojson import dumps
from geoplan_api.links import (
    MAP,
    QUERYABLES,
    SCHEMA,
    SORTABLES,
    Links,
    collection_path,
    items_path,
    map_path,
)
from geoplan_api.negotiation import GEOJSON, HTML, JSON, PNG
from geoplan_api.negotiation import SCHEMA as JSON_SCHEMA
from geoplan_api.pages import collection_page, collections_page
from geoplan_api.reading import extent_in
from geoplan_api.references import CRS84, URIS, reference, storage_uri
from geoplan_api.respond import html_response, text_response
from geoplan_api.tilesets import VECTOR_TILESETS, tilesets_path
from geoplan_api.ways import crs_name
from geoplan_api.words import word

if TYPE_CHECKING:
    from pyproj import CRS

    from geoplan.model import Lang, Layer, Text
    from geoplan.store.table_now import TableNow
    from geoplan_api.negotiation import Offer
    from geoplan_api.service import Service

router = APIRouter()


async def collections(request: Request) -> Response:
    """List the layers."""
    service, lang, links = service_of(request), lang_of(request), Links(request)
    offer = offered(request, JSON, HTML)
    versions = [table.look().version for table in service.tables.values()]
    tag = weak_tag(versions, list(service.tables), str(request.url), lang, offer.f)
    unchanged = not_modified(request, tag)
    if unchanged is not None:
        return unchanged

    def write() -> str:
        listed = [_collection(service, layer, lang, links) for layer in service.catalogue.values()]
        own = [
            links.self(offer.media_type, word("link.self", lang)),
            *links.alternates(offer, (JSON, HTML), lang),
            links.to("root", "/", JSON.media_type, word("link.landing", lang)),
        ]
        document = {"links": own, "collections": listed}
        if offer is HTML:
            return collections_page(service, document, view_of(request))
        return dumps(document)

    return _answer(await to_thread.run_sync(service.pages.get, tag, write), offer, lang, tag)


async def collection(request: Request) -> Response:
    """Describe a layer."""
    service, layer, lang = service_of(request), layer_of(request), lang_of(request)
    offer = offered(request, JSON, HTML)
    tag = weak_tag(service.tables[layer.id].look().version, str(request.url), lang, offer.f)
    unchanged = not_modified(request, tag)
    if unchanged is not None:
        return unchanged
    links = Links(request)

    def write() -> str:
        document = _collection(service, layer, lang, links)
        if offer is HTML:
            return collection_page(service, document, view_of(request))
        return dumps(document)

    return _answer(await to_thread.run_sync(write), offer, lang, tag)


def _answer(text: str | bytes, offer: Offer, lang: Lang, tag: str) -> Response:
    if offer is HTML:
        return html_response(text, lang, tag=tag)
    return text_response(text, offer.media_type, lang, ETag=tag)


def _collection(service: Service, layer: Layer, lang: Lang, links: Links) -> dict[str, Any]:
    table = service.tables[layer.id].look()
    title = layer.title.to(lang)
    kind = service.catalogue.schema(layer).title
    described: dict[str, Any] = {
        "id": layer.id,
        "title": title,
        "description": _description(layer, kind, table.crs, lang),
        "attribution": layer.source.to(lang),
        "itemType": "feature",
    }
    extent = extent_in(table, layer, reference(CRS84))
    if extent is not None:
        described["extent"] = {"spatial": {"bbox": [list(extent)], "crs": CRS84}}
    described["crs"] = list(URIS)
    stored = storage_uri(table.crs)
    if stored in URIS:
        described["storageCrs"] = stored
        if extent is not None and stored != CRS84:
            described["extent"]["spatial"]["storageCrsBbox"] = [_stored_box(table, layer, stored)]
    drawn = word("link.map-image", lang)
    features, own = word("link.items", lang, title=title), collection_path(layer.id)
    schemas = [
        links.to(rel, f"{own}/{name}", JSON_SCHEMA.media_type, word(f"link.{name}", lang))
        for rel, name in ((QUERYABLES, "queryables"), (SORTABLES, "sortables"), (SCHEMA, "schema"))
    ]
    described["links"] = [
        links.to("self", own, JSON.media_type, title),
        links.to("alternate", f"{own}?f=html", HTML.media_type, word("link.as-html", lang)),
        links.to("alternate", f"{own}?f=json", JSON.media_type, word("link.as-json", lang)),
        links.to("items", items_path(layer.id), GEOJSON.media_type, features),
        *schemas,
        links.to(
            VECTOR_TILESETS, tilesets_path(layer.id), JSON.media_type, word("link.tilesets", lang)
        ),
        # GDAL takes a map to be in degrees, and asks no further
        links.to(MAP, f"{map_path(layer.id)}?f=png&crs=OGC:CRS84", PNG.media_type, drawn),
        links.to("root", "/", JSON.media_type, word("link.landing", lang)),
    ]
    return described


def _stored_box(table: TableNow, layer: Layer, uri: str) -> list[float]:
    """Return where a layer lies in the CRS it is stored in, axes in the order of that."""
    stored = reference(uri)
    west, south, east, north = extent_in(table, layer, stored) or (0.0, 0.0, 0.0, 0.0)
    return [south, west, north, east] if stored.swapped else [west, south, east, north]


def _description(layer: Layer, kind: Text, crs: CRS | None, lang: Lang) -> str:
    text = word(
        "collection.description",
        lang,
        kind=kind.to(lang),
        source=layer.source.to(lang),
        date=layer.source_date.isoformat(),
        crs=crs_name(crs),
    )
    if layer.line_means is None:
        return text
    gap = " " if lang == "en" else ""
    return text + gap + word(f"collection.{layer.line_means}", lang)


_READ = ["GET", "HEAD"]
router.add_route("/collections", collections, methods=_READ)
router.add_route(collection_path("{collection_id}"), collection, methods=_READ)
