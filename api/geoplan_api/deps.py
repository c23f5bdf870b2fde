"""Requests, parsed: every parameter is read here, so that routes receive values."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from geoplan.errors import FeatureNotFound
from geoplan.model import Lang, Layer
from geoplan_api.links import Links
from geoplan_api.negotiation import GEOJSON, HTML, JSON, OPENAPI, Offer, choose, language
from geoplan_api.query import RESERVED, ItemsQuery, queryable, read_items_query, single
from geoplan_api.service import Service


def _service(request: Request) -> Service:
    found = request.app.state.service
    assert isinstance(found, Service)  # noqa: S101 - for the type
    return found


ServiceDep = Annotated[Service, Depends(_service)]


def _lang(request: Request, service: ServiceDep) -> Lang:
    return language(request.headers.get("accept-language"), service.settings.lang)


def _links(request: Request) -> Links:
    return Links(request)


class _Offered:
    """Reads ``f`` and ``Accept`` of a route that takes no other parameter."""

    def __init__(self, *offers: Offer) -> None:
        self._offers = offers

    async def __call__(self, request: Request) -> Offer:
        parameters = single(request.query_params.multi_items(), ("f",))
        return choose(self._offers, parameters.get("f"), request.headers.get("accept"))


async def _no_parameters(request: Request) -> None:
    single(request.query_params.multi_items(), ())


def _layer(collection_id: str, service: ServiceDep) -> Layer:
    return service.catalogue[collection_id]


LayerDep = Annotated[Layer, Depends(_layer)]


def _items_query(request: Request, service: ServiceDep, layer: LayerDep) -> ItemsQuery:
    columns = service.catalogue.table(layer.id).columns
    known = [*RESERVED, *(column.name for column in queryable(columns))]
    parameters = single(request.query_params.multi_items(), known)
    choose((GEOJSON,), parameters.get("f"), request.headers.get("accept"))
    return read_items_query(parameters, columns)


def _feature_id(feature_id: str, layer: LayerDep) -> str:
    if not feature_id:
        raise FeatureNotFound(f"layer {layer.id!r} has no feature without an id")
    return feature_id


LangDep = Annotated[Lang, Depends(_lang)]
LinksDep = Annotated[Links, Depends(_links)]
ItemsQueryDep = Annotated[ItemsQuery, Depends(_items_query)]
FeatureIdDep = Annotated[str, Depends(_feature_id)]
NoParameters = Annotated[None, Depends(_no_parameters)]
AsJson = Annotated[Offer, Depends(_Offered(JSON))]
AsGeoJson = Annotated[Offer, Depends(_Offered(GEOJSON))]
AsHtml = Annotated[Offer, Depends(_Offered(HTML))]
AsOpenApi = Annotated[Offer, Depends(_Offered(OPENAPI))]
JsonOrHtml = Annotated[Offer, Depends(_Offered(JSON, HTML))]
