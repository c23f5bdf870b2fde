"""Collections and their features (OGC API - Features, Part 1)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter
from pyproj import CRS
from starlette.responses import Response

from geoplan.model import Lang, Layer, Text
from geoplan_api.deps import (
    AsGeoJson,
    AsJson,
    FeatureIdDep,
    ItemsQueryDep,
    LangDep,
    LayerDep,
    LinksDep,
    ServiceDep,
)
from geoplan_api.geojson import collection_text, feature_text, has_heights
from geoplan_api.links import Link, Links, collection_path, item_path, items_path
from geoplan_api.lonlat import CRS84, CRS84H, crs_name
from geoplan_api.negotiation import GEOJSON, JSON
from geoplan_api.reading import Page, read_feature, read_page
from geoplan_api.respond import json_response, text_response
from geoplan_api.service import Service
from geoplan_api.words import word

router = APIRouter()
_READ = ["GET", "HEAD"]


@router.api_route("/collections", methods=_READ)
def collections(service: ServiceDep, lang: LangDep, links: LinksDep, offer: AsJson) -> Response:
    """List the layers."""
    listed = [_collection(service, layer, lang, links) for layer in service.catalogue.values()]
    own = [
        links.self(JSON.media_type, word("link.self", lang)),
        links.to("root", "/", JSON.media_type, word("link.landing", lang)),
    ]
    return json_response({"links": own, "collections": listed}, lang, offer)


@router.api_route("/collections/{collection_id}", methods=_READ)
def collection(
    layer: LayerDep, service: ServiceDep, lang: LangDep, links: LinksDep, offer: AsJson
) -> Response:
    """Describe a layer."""
    return json_response(_collection(service, layer, lang, links), lang, offer)


@router.api_route("/collections/{collection_id}/items", methods=_READ)
def items(
    wanted: ItemsQueryDep, layer: LayerDep, service: ServiceDep, lang: LangDep, links: LinksDep
) -> Response:
    """Return a page of a layer's features."""
    page = read_page(service.catalogue, service.surveys, layer, wanted)
    members = {
        "numberMatched": page.matched,
        "numberReturned": len(page.features),
        "timeStamp": datetime.now(tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "links": _page_links(page, layer, lang, links),
    }
    return _geojson(collection_text(page.features, members), page.features, lang)


@router.api_route("/collections/{collection_id}/items/{feature_id:path}", methods=_READ)
def item(
    feature_id: FeatureIdDep,
    layer: LayerDep,
    service: ServiceDep,
    lang: LangDep,
    links: LinksDep,
    _: AsGeoJson,
) -> Response:
    """Return one feature."""
    found = read_feature(service.catalogue, layer, feature_id)
    path, title = item_path(layer.id, found.id), layer.title.to(lang)
    own = [
        links.to("self", path, GEOJSON.media_type, word("link.self", lang)),
        links.to("collection", collection_path(layer.id), JSON.media_type, title),
        links.to("root", "/", JSON.media_type, word("link.landing", lang)),
    ]
    return _geojson(feature_text(found, {"links": own}), [found], lang)


def _geojson(text: str, features: Any, lang: Lang) -> Response:
    crs = CRS84H if has_heights(features) else CRS84
    return text_response(text, GEOJSON.media_type, lang, Content_Crs=f"<{crs}>")


def _page_links(page: Page, layer: Layer, lang: Lang, links: Links) -> list[Link]:
    found = [links.self(GEOJSON.media_type, word("link.self", lang))]
    if page.next_after is not None:
        title = word("link.next", lang)
        found.append(links.again("next", GEOJSON.media_type, title, after=page.next_after))
    path, title = collection_path(layer.id), layer.title.to(lang)
    found.append(links.to("collection", path, JSON.media_type, title))
    found.append(links.to("root", "/", JSON.media_type, word("link.landing", lang)))
    return found


def _collection(service: Service, layer: Layer, lang: Lang, links: Links) -> dict[str, Any]:
    title = layer.title.to(lang)
    described: dict[str, Any] = {
        "id": layer.id,
        "title": title,
        "description": _description(
            layer,
            service.catalogue.schema(layer).title,
            service.catalogue.table(layer.id).crs,
            lang,
        ),
        "attribution": layer.source.to(lang),
        "itemType": "feature",
    }
    extent = service.surveys.of(layer.id).extent
    if extent is not None:
        described["extent"] = {"spatial": {"bbox": [list(extent)], "crs": CRS84}}
    # no storageCrs before the parameter crs is here: clients (GDAL) would ask for it at once
    described["crs"] = [CRS84]
    features = word("link.items", lang, title=title)
    described["links"] = [
        links.to("self", collection_path(layer.id), JSON.media_type, title),
        links.to("items", items_path(layer.id), GEOJSON.media_type, features),
        links.to("root", "/", JSON.media_type, word("link.landing", lang)),
    ]
    return described


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
