"""The way in: landing page, conformance, API definition, state of the service."""

from __future__ import annotations

from typing import Any

from anyio import to_thread
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

import geoplan
from geoplan.model import Lang, Plan
from geoplan_api import editing
from geoplan_api.api_page import documentation_page
from geoplan_api.conditional import not_modified, weak_tag
from geoplan_api.deps import (
    AsHtml,
    AsJson,
    AsOpenApi,
    JsonOrHtml,
    LangDep,
    LinksDep,
    ServiceDep,
    ViewDep,
    lang_of,
    offered,
    service_of,
    view_of,
    whole_service_of,
)
from geoplan_api.document_page import document_page
from geoplan_api.geojson import dumps
from geoplan_api.links import FUNCTIONS, FUNCTIONS_PATH, JOBS, MAP, PROCESSES, RULES, Link, Links
from geoplan_api.map_images import MAPS
from geoplan_api.negotiation import HTML, JSON, OPENAPI, PNG, Offer
from geoplan_api.openapi import definition
from geoplan_api.pages import landing_page
from geoplan_api.references import CRS84, URIS
from geoplan_api.respond import html_response, json_response, text_response
from geoplan_api.service import Service
from geoplan_api.tilesets import ALL_TILESETS, TILES, TILING_SCHEMES, VECTOR_TILESETS
from geoplan_api.words import word

router = APIRouter()
_READ = ["GET", "HEAD"]

CONFORMANCE = (
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/html",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/oas30",
    "http://www.opengis.net/spec/ogcapi-features-2/1.0/conf/crs",
    *(
        f"http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/{name}"
        for name in ("queryables", "filter", "features-filter")
    ),
    *(
        f"http://www.opengis.net/spec/ogcapi-common-3/1.0/conf/{name}"
        for name in (
            "schemas",
            "advanced-property-roles",
            "returnables-and-receivables",
            "queryables",
            "sortables",
        )
    ),
    *(
        f"http://www.opengis.net/spec/cql2/1.0/conf/{name}"
        for name in (
            "cql2-text",
            "cql2-json",
            "basic-cql2",
            "advanced-comparison-operators",
            "case-insensitive-comparison",
            "accent-insensitive-comparison",
            "basic-spatial-functions",
            "basic-spatial-functions-plus",
            "spatial-functions",
            "temporal-functions",
            "array-functions",
            "property-property",
            "functions",
            "arithmetic",
        )
    ),
    *TILES,
    *MAPS,
    *(
        f"http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf/{name}"
        for name in ("core", "ogc-process-description", "json", "job-list", "dismiss")
    ),
)
"""Classes that have tests: those of Part 1 in tests/service/test_conformance.py, each requirement
by its name; Part 2 in test_crs.py, others in test_cql2.py, test_filter.py, test_describing.py."""


async def landing(request: Request) -> Response:
    """Show what there is."""
    service, lang = service_of(request), lang_of(request)
    offer = offered(request, JSON, HTML)
    versions = [table.look().version for table in service.tables.values()]
    tag = weak_tag(versions, str(request.url), lang, offer.f)
    unchanged = not_modified(request, tag)
    if unchanged is not None:
        return unchanged

    def write() -> str:
        document = _landing(service.catalogue.plan, lang, Links(request), offer)
        if offer is HTML:
            return landing_page(service, document, view_of(request))
        return dumps(document)

    # to write it, rows are counted: beside the loop
    body = service.pages.held(tag)
    if body is None:
        body = await to_thread.run_sync(service.pages.get, tag, write)
    if offer is HTML:
        return html_response(body, lang, tag=tag)
    return text_response(body, offer.media_type, lang, ETag=tag)


# a plain route: what FastAPI adds to a route costs more than the page, which is kept
router.add_route("/", landing, methods=_READ)


@router.api_route("/conformance", methods=_READ)
async def conformance(
    service: ServiceDep, view: ViewDep, links: LinksDep, offer: JsonOrHtml
) -> Response:
    """List the conformance classes."""
    classes = [*CONFORMANCE, *(editing.CONFORMANCE if service.settings.editing else ())]
    own = _own_links(links, view.lang, offer, JSON, HTML)
    document = {"conformsTo": classes, "links": own}
    if offer is HTML:
        page = document_page(view, view.say("link.conformance"), document)
        return html_response(page, view.lang)
    return json_response(document, view.lang, offer)


@router.api_route("/openapi.json", methods=_READ)
async def openapi(
    service: ServiceDep, lang: LangDep, links: LinksDep, offer: AsOpenApi
) -> Response:
    """Return the definition of the API."""
    return json_response(definition(service, lang, links), lang, offer)


@router.api_route("/api", methods=_READ)
async def documentation(service: ServiceDep, links: LinksDep, view: ViewDep, _: AsHtml) -> Response:
    """Show the definition of the API as a page."""
    versions = [table.look().version for table in service.tables.values()]
    tag = weak_tag(versions, links.base, view.here, view.lang)
    page = service.pages.get(
        tag,
        lambda: documentation_page(definition(service, view.lang, links), view, _examples(service)),
    )
    return html_response(page, view.lang)


@router.api_route("/health", methods=_READ)
def health(request: Request, service: ServiceDep, lang: LangDep, offer: AsJson) -> Response:
    """Read every layer; one that cannot be read is an error, also to those who do not see it."""
    whole = whole_service_of(request).catalogue
    counts = {layer: whole.table(layer).count for layer in whole}
    state = {
        "status": "ok",
        "software": f"geoplan {geoplan.__version__}",
        "plan": service.catalogue.plan.id,
        "features": {layer: counts[layer] for layer in service.catalogue},
    }
    return json_response(state, lang, offer)


def _examples(service: Service) -> dict[str, str]:
    """Return values of path parameters that the definition does not list, for the examples."""
    found = {"ruleId": "HWY-01", **dict.fromkeys(("tileMatrix", "tileRow", "tileCol"), "0")}
    first = next(iter(service.tables.values()))
    rows = first.look().page(None, 1)
    return found | ({"featureId": str(rows[0].id)} if rows else {})


def _own_links(links: Links, lang: Lang, offer: Offer, *offers: Offer) -> list[Link]:
    return [
        links.self(offer.media_type, word("link.self", lang)),
        *links.alternates(offer, offers, lang),
        links.to("root", "/", JSON.media_type, word("link.landing", lang)),
    ]


def _landing(plan: Plan, lang: Lang, links: Links, offer: Offer) -> dict[str, Any]:
    return {
        "title": plan.title.to(lang),
        "description": (plan.note or plan.title).to(lang),
        "attribution": plan.attribution.to(lang),
        "extent": {"spatial": {"bbox": [list(plan.extent)], "crs": CRS84}},
        "crs": list(URIS),
        "links": _landing_links(lang, links, offer),
    }


def _landing_links(lang: Lang, links: Links, offer: Offer) -> list[Link]:
    json = JSON.media_type
    return [
        links.self(offer.media_type, word("link.self", lang)),
        *links.alternates(offer, (JSON, HTML), lang),
        links.to(
            "service-desc", "/openapi.json", OPENAPI.media_type, word("link.service-desc", lang)
        ),
        links.to("service-doc", "/api", HTML.media_type, word("link.service-doc", lang)),
        links.to("conformance", "/conformance", json, word("link.conformance", lang)),
        links.to("data", "/collections", json, word("link.data", lang)),
        links.to(FUNCTIONS, FUNCTIONS_PATH, json, word("link.functions", lang)),
        links.to(VECTOR_TILESETS, ALL_TILESETS, json, word("link.tilesets", lang)),
        links.to(TILING_SCHEMES, "/tileMatrixSets", json, word("link.tiling-schemes", lang)),
        links.to(PROCESSES, "/processes", json, word("link.processes", lang)),
        links.to(JOBS, "/jobs", json, word("link.jobs", lang)),
        links.to(MAP, "/map", HTML.media_type, word("link.map", lang)),
        links.to(MAP, "/map?f=png", PNG.media_type, word("link.map-image", lang)),
        links.to(RULES, "/rules", json, word("link.rules", lang)),
        links.to("status", "/health", json, word("link.health", lang)),
    ]
