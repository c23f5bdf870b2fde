"""The way in: landing page, conformance, API definition, state of the service."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

import geoplan
from geoplan.model import Lang, Plan
from geoplan_api import editing
from geoplan_api.deps import (
    AsHtml,
    AsJson,
    AsOpenApi,
    JsonOrHtml,
    LangDep,
    LinksDep,
    ServiceDep,
    whole_service_of,
)
from geoplan_api.links import FUNCTIONS, FUNCTIONS_PATH, MAP, PROCESSES, RULES, Link, Links
from geoplan_api.negotiation import HTML, JSON, OPENAPI, Offer
from geoplan_api.openapi import definition
from geoplan_api.pages import documentation_page, landing_page
from geoplan_api.respond import html_response, json_response
from geoplan_api.tilesets import ALL_TILESETS, TILES, TILING_SCHEMES, VECTOR_TILESETS
from geoplan_api.words import word

router = APIRouter()
_READ = ["GET", "HEAD"]

CONFORMANCE = (
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
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
)
"""Classes that have tests: those of Part 1 in tests/service/test_conformance.py, each requirement
by its name; the others in test_cql2.py, test_filter.py and test_describing.py."""


@router.api_route("/", methods=_READ)
async def landing(
    service: ServiceDep, lang: LangDep, links: LinksDep, offer: JsonOrHtml
) -> Response:
    """Show what there is."""
    document = _landing(service.catalogue.plan, lang, links, offer)
    if offer is HTML:
        return html_response(landing_page(service, document, lang), lang)
    return json_response(document, lang, offer)


@router.api_route("/conformance", methods=_READ)
async def conformance(service: ServiceDep, lang: LangDep, offer: AsJson) -> Response:
    """List the conformance classes."""
    classes = [*CONFORMANCE, *(editing.CONFORMANCE if service.settings.editing else ())]
    return json_response({"conformsTo": classes}, lang, offer)


@router.api_route("/openapi.json", methods=_READ)
async def openapi(
    service: ServiceDep, lang: LangDep, links: LinksDep, offer: AsOpenApi
) -> Response:
    """Return the definition of the API."""
    return json_response(definition(service, lang, links), lang, offer)


@router.api_route("/api", methods=_READ)
async def documentation(service: ServiceDep, lang: LangDep, links: LinksDep, _: AsHtml) -> Response:
    """Show the definition of the API as a page."""
    return html_response(documentation_page(definition(service, lang, links), lang), lang)


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


def _landing(plan: Plan, lang: Lang, links: Links, offer: Offer) -> dict[str, Any]:
    return {
        "title": plan.title.to(lang),
        "description": (plan.note or plan.title).to(lang),
        "attribution": plan.attribution.to(lang),
        "links": _landing_links(lang, links, offer),
    }


def _landing_links(lang: Lang, links: Links, offer: Offer) -> list[Link]:
    other = JSON if offer is HTML else HTML
    json = JSON.media_type
    return [
        links.self(offer.media_type, word("link.self", lang)),
        links.again("alternate", other.media_type, word(f"link.as-{other.f}", lang), f=other.f),
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
        links.to(MAP, "/map", HTML.media_type, word("link.map", lang)),
        links.to(RULES, "/rules", json, word("link.rules", lang)),
        links.to("status", "/health", json, word("link.health", lang)),
    ]
