"""Features of a collection (OGC API - Features, Parts 1 and 2)."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

from anyio import to_thread
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from geoplan.errors import BadRequest
from geoplan_api.conditional import not_modified, weak_tag
from geoplan_api.deps import feature_id_of, lang_of, layer_of, service_of, view_of
from geoplan_api.errors import status_of
from geoplan_api.feature_pages import MOST_ROWS, ItemsPage, feature_page
from geoplan_api.filtering import read_conditions
from geoplan_api.geojson import collection_text, feature_text, feature_texts, geometry_texts
from geoplan_api.item_files import ITEM_FILES, items_file, whole
from geoplan_api.item_streams import ITEM_STREAMS, items_stream
from geoplan_api.jsonfg import jsonfg_collection, jsonfg_feature, told_of
from geoplan_api.links import Link, Links, collection_path, item_path, items_path, schema_path
from geoplan_api.negotiation import GEOJSON, HTML, JSON, JSONFG, Offer, choose
from geoplan_api.query import (
    ITEM_PARAMETERS,
    RESERVED,
    chosen,
    queryable,
    read_items_query,
    single,
)
from geoplan_api.reading import read_feature, read_page
from geoplan_api.references import CRS84, CRS84H, reference
from geoplan_api.respond import html_response, text_response
from geoplan_api.ways import way_of
from geoplan_api.words import word

if TYPE_CHECKING:
    from collections.abc import Mapping

    from geoplan.model import Lang, Layer
    from geoplan.store.table_now import ServedRow, TableNow
    from geoplan_api.query import ItemsQuery
    from geoplan_api.reading import Page
    from geoplan_api.references import Reference
    from geoplan_api.service import Service

router = APIRouter()
_ITEM = (GEOJSON, HTML, JSONFG)
_ITEMS = (GEOJSON, HTML, JSONFG, *ITEM_STREAMS, *ITEM_FILES)


async def items(request: Request) -> Response:
    """Return a page of a layer's features."""
    service, layer = service_of(request), layer_of(request)
    lang, table = lang_of(request), service.tables[layer.id].look()
    known = [*RESERVED, *(column.name for column in queryable(table.columns))]
    parameters = single(request.query_params.multi_items(), known)
    offer = choose(_ITEMS, parameters.get("f"), request.headers.get("accept"))
    if offer is HTML:
        return await items_page(request, service, layer, parameters)
    wanted = _wanted(service, layer, table, parameters)
    if offer in ITEM_STREAMS:
        return items_stream(request, service, layer, whole(wanted, parameters), offer)
    if offer in ITEM_FILES:
        asked = whole(wanted, parameters)
        return await items_file(request, service, layer, asked, parameters, offer)
    tag = weak_tag(table.version, str(request.url), lang, offer.f)
    unchanged = not_modified(request, tag)
    if unchanged is not None:
        return unchanged
    if wanted.everything or wanted.boxes is not None or table.is_kept(wanted.question):
        text, high = _items_text(table, layer, wanted, lang, Links(request), offer)
    else:  # looks at every row: beside the loop, with a connection of that thread
        text, high = await to_thread.run_sync(
            lambda: _items_text(
                service.tables[layer.id].look(), layer, wanted, lang, Links(request), offer
            )
        )
    return _geojson(text, wanted.reference, high, lang, tag, offer)


def _wanted(
    service: Service, layer: Layer, table: TableNow, parameters: Mapping[str, str]
) -> ItemsQuery:
    wanted = read_items_query(parameters, table.columns)
    conditions = read_conditions(parameters, table, service.catalogue.schema(layer))
    return replace(wanted, conditions=conditions) if conditions else wanted


async def items_page(
    request: Request, service: Service, layer: Layer, parameters: Mapping[str, str]
) -> Response:
    """Show a page of a layer's features; a question that is wrong is told on it."""
    lang, links, view = lang_of(request), Links(request), view_of(request)
    # a form sends what was left empty as an empty text
    asked = {name: value for name, value in parameters.items() if value or name not in RESERVED}

    def write() -> tuple[str, str]:
        table = service.tables[layer.id].look()
        shown = ItemsPage(service, layer, table, asked, view)
        try:
            wanted = _wanted(service, layer, table, asked)
            wanted = replace(wanted, limit=min(wanted.limit, MOST_ROWS))
            page = read_page(table, layer, wanted)
        except BadRequest as error:
            if status_of(type(error)) != HTTPStatus.BAD_REQUEST:
                raise
            return shown.refused(str(error)), ""
        tag = weak_tag(table.version, str(request.url), lang, HTML.f)
        own = _page_links(page, layer, lang, links, HTML)
        return shown.found(page, wanted, own), tag

    text, tag = await to_thread.run_sync(write)
    if not tag:
        answer = html_response(text, lang, form=True)
        answer.status_code = HTTPStatus.BAD_REQUEST
        return answer
    return not_modified(request, tag) or html_response(text, lang, form=True, script=True, tag=tag)


async def item(request: Request) -> Response:
    """Return one feature."""
    service, layer = service_of(request), layer_of(request)
    lang, table = lang_of(request), service.tables[layer.id].look()
    parameters = single(request.query_params.multi_items(), ITEM_PARAMETERS)
    offer = choose(_ITEM, parameters.get("f"), request.headers.get("accept"))
    columns = chosen(parameters.get("properties"), table.columns)
    asked = reference(parameters.get("crs", CRS84))
    # the tag is that of the whole row, however little of it is asked for
    row = read_feature(table, layer, feature_id_of(request, layer))
    plain = asked.uri == CRS84 and columns == table.columns and offer is GEOJSON
    tag = feature_tag(row, "" if plain else (request.url, offer.f, lang))
    unchanged = not_modified(request, tag)
    if unchanged is not None:
        return unchanged
    at = [table.columns.index(column) for column in columns]
    row = row._replace(values=tuple(row.values[place] for place in at))
    path = way_of(layer, table, asked)
    links, title = Links(request), layer.title.to(lang)
    own = [
        links.to("self", item_path(layer.id, row.id), offer.media_type, word("link.self", lang)),
        *links.alternates(offer, _ITEM, lang),
        links.to("collection", collection_path(layer.id), JSON.media_type, title),
        links.to("root", "/", JSON.media_type, word("link.landing", lang)),
    ]
    if offer is HTML:
        (geometry,), _ = geometry_texts([row.geometry], path.move_if_any, swapped=asked.swapped)
        shape = {"geometry": geometry.decode(), "crs": asked.uri, "links": own}
        page = feature_page(service, layer, row, columns, shape, view_of(request))
        return html_response(page, lang, script=True, tag=tag)
    names = [column.name for column in columns]
    (text,), high = feature_texts([row], names, path.move_if_any, swapped=asked.swapped)
    if offer is JSONFG:
        told = told_of(layer, asked, high, links.base + schema_path(layer.id))
        text = jsonfg_feature(text, told, {"links": own})
    else:
        text = feature_text(text, {"links": own})
    return _geojson(text, asked, high, lang, tag, offer)


def feature_tag(row: ServedRow, form: object = "") -> str:
    """Return the strong tag of a feature: of what is stored, then of the form it is given in.

    The part before the dot is alike in all forms; ``If-Match`` is judged by it.
    """
    if not form:
        return f'"{row.version}"'
    given = hashlib.blake2b(str(form).encode("utf-8", "backslashreplace"), digest_size=6)
    return f'"{row.version}.{given.hexdigest()}"'


def _items_text(
    table: TableNow, layer: Layer, wanted: ItemsQuery, lang: Lang, links: Links, offer: Offer
) -> tuple[bytes, bool]:
    page = read_page(table, layer, wanted)
    path = way_of(layer, table, wanted.reference)
    names = [column.name for column in wanted.columns]
    features, high = feature_texts(
        page.rows, names, path.move_if_any, swapped=wanted.reference.swapped
    )
    members = {
        "numberMatched": page.matched,
        "numberReturned": len(page.rows),
        "timeStamp": datetime.now(tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "links": _page_links(page, layer, lang, links, offer),
    }
    if offer is JSONFG:
        told = told_of(layer, wanted.reference, high, links.base + schema_path(layer.id))
        return jsonfg_collection(features, told, members), high
    return collection_text(features, members), high


def _geojson(
    text: bytes, asked: Reference, high: bool, lang: Lang, tag: str, offer: Offer = GEOJSON
) -> Response:
    crs = CRS84H if high and asked.uri == CRS84 else asked.uri
    return text_response(text, offer.media_type, lang, Content_Crs=f"<{crs}>", ETag=tag)


def _page_links(
    page: Page, layer: Layer, lang: Lang, links: Links, offer: Offer = GEOJSON
) -> list[Link]:
    found = [links.self(offer.media_type, word("link.self", lang))]
    found += links.alternates(offer, _ITEMS, lang)
    if page.next_after is not None:
        title = word("link.next", lang)
        found.append(links.again("next", offer.media_type, title, after=page.next_after))
    path, title = collection_path(layer.id), layer.title.to(lang)
    found.append(links.to("collection", path, JSON.media_type, title))
    found.append(links.to("root", "/", JSON.media_type, word("link.landing", lang)))
    return found


_READ = ["GET", "HEAD"]
# plain routes: what FastAPI adds to a route costs more than reading a feature
router.add_route(items_path("{collection_id}"), items, methods=_READ)
router.add_route(items_path("{collection_id}") + "/{feature_id:path}", item, methods=_READ)
