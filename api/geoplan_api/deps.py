"""Requests, parsed: every parameter is read here, so that routes receive values.

The functions read a request; the dependencies are the same ones for FastAPI's routes. All are
asynchronous, because FastAPI sends others through a thread each.
"""

from __future__ import annotations

from typing import Annotated, cast, get_args
from urllib.parse import quote

from fastapi import Depends, Request

from geoplan.errors import FeatureNotFound
from geoplan.model import Lang, Layer
from geoplan_api.frame import View
from geoplan_api.links import Links
from geoplan_api.negotiation import HTML, JSON, OPENAPI, Offer, choose, language
from geoplan_api.permission import caller_of
from geoplan_api.query import single
from geoplan_api.service import Service
from geoplan_api.words import word

LANGUAGE_COOKIE = "geoplan-language"
"""Holds the language chosen on a page; it goes before ``Accept-Language``."""
_AS_SENT = "/~!$&'()*+,;=:@%?"


def service_of(request: Request) -> Service:
    """Return the plan being served, as far as whoever asks may see it."""
    return whole_service_of(request).only(caller_of(request).layers)


def whole_service_of(request: Request) -> Service:
    """Return the plan being served, whoever asks."""
    found = request.app.state.service
    assert isinstance(found, Service)  # noqa: S101 - for the type
    return found


def lang_of(request: Request) -> Lang:
    """Return the language to answer in."""
    if "cookie" in request.headers:
        chosen = request.cookies.get(LANGUAGE_COOKIE)
        for known in get_args(Lang):
            if chosen == known:
                return cast("Lang", known)
    default = service_of(request).settings.lang
    return language(request.headers.get("accept-language"), default)


def view_of(request: Request) -> View:
    """Return how a page is looked at: in which language, from where."""
    plan, lang = service_of(request).catalogue.plan, lang_of(request)
    sent = request.scope.get("raw_path", b"/") or b"/"
    query = request.scope["query_string"]
    here = quote(sent + (b"?" + query if query else b""), safe=_AS_SENT)
    dated = f"{word('page.data-date', lang)} {plan.data_date.isoformat()}"
    review = word("page.internal-use", lang)
    if plan.review_number:
        review = f"{word('page.review-number', lang)} {plan.review_number}"
    credit = " · ".join([plan.attribution.to(lang), dated, review])
    return View(lang, here, plan.title.to(lang), credit)


def layer_of(request: Request) -> Layer:
    """Return the layer that the path names.

    Raises
    ------
    LayerNotFound
        The plan has none of that id.
    """
    return service_of(request).catalogue[request.path_params["collection_id"]]


def feature_id_of(request: Request, layer: Layer) -> str:
    """Return the id of the feature that the path names.

    Raises
    ------
    FeatureNotFound
        It is empty.
    """
    found = str(request.path_params["feature_id"])
    if not found:
        raise FeatureNotFound(f"layer {layer.id!r} has no feature without an id")
    return found


def offered(request: Request, *offers: Offer) -> Offer:
    """Read ``f`` and ``Accept`` of a route that takes no other parameter."""
    parameters = single(request.query_params.multi_items(), ("f",))
    return choose(offers, parameters.get("f"), request.headers.get("accept"))


async def _service(request: Request) -> Service:
    return service_of(request)


async def _lang(request: Request) -> Lang:
    return lang_of(request)


async def _view(request: Request) -> View:
    return view_of(request)


async def _links(request: Request) -> Links:
    return Links(request)


class _Offered:
    """Reads ``f`` and ``Accept`` of a route that takes no other parameter."""

    def __init__(self, *offers: Offer) -> None:
        self._offers = offers

    async def __call__(self, request: Request) -> Offer:
        return offered(request, *self._offers)


async def _no_parameters(request: Request) -> None:
    single(request.query_params.multi_items(), ())


ServiceDep = Annotated[Service, Depends(_service)]
LangDep = Annotated[Lang, Depends(_lang)]
ViewDep = Annotated[View, Depends(_view)]
LinksDep = Annotated[Links, Depends(_links)]
NoParameters = Annotated[None, Depends(_no_parameters)]
AsJson = Annotated[Offer, Depends(_Offered(JSON))]
AsHtml = Annotated[Offer, Depends(_Offered(HTML))]
AsOpenApi = Annotated[Offer, Depends(_Offered(OPENAPI))]
JsonOrHtml = Annotated[Offer, Depends(_Offered(JSON, HTML))]
