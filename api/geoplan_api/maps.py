"""The plan as a map: a page that needs nothing else, or a picture; a layer as a picture."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from geoplan_api.deps import lang_of, layer_of, service_of
from geoplan_api.errors import BadParameter
from geoplan_api.executing import seen_by
from geoplan_api.links import Links, map_path
from geoplan_api.map_images import (
    OF_LAYER,
    OF_PLAN,
    OFFERS,
    of_layer,
    of_plan,
    parameters,
    picture,
)
from geoplan_api.negotiation import HTML, choose
from geoplan_api.permission import caller_of
from geoplan_api.processes import run
from geoplan_api.query import filled, read_day, read_pack
from geoplan_api.tiles import chosen_layers
from geoplan_api.work.computing import Execution

router = APIRouter()
_PARAMETERS = ("f", "check", "packs", "on")


async def checked_by(request: Request) -> dict[str, Any]:
    """Read whether, and by which rules, the plan is to be checked."""
    given = filled(request.query_params.multi_items(), _PARAMETERS)
    choose((HTML,), given.get("f"), request.headers.get("accept"))
    check = given.get("check", "false")
    if check not in ("true", "false"):
        raise BadParameter(f"check = {check!r} is neither true nor false")
    packs = given["packs"].split(",") if "packs" in given else []
    day = {"on": read_day("on", given["on"]).isoformat()} if "on" in given else {}
    return {"check": check == "true", "packs": [read_pack("packs", one) for one in packs], **day}


async def map_(request: Request) -> Response:
    """Draw the plan: as a page, or as a picture where one is asked for."""
    service, lang = service_of(request), lang_of(request)
    query, accept = request.query_params, request.headers.get("accept")
    # what only a picture has asks for one
    pictured = any(name in query for name in OF_PLAN if name != "f")
    if not pictured and choose((HTML, *OFFERS), query.get("f"), accept) is HTML:
        return await _page(request, await checked_by(request))
    given = parameters(request, OF_PLAN)
    layers = chosen_layers(service, given, Links(request).base)
    return await picture(request, service, of_plan(service, given, layers, accept, lang))


async def layer_map(request: Request) -> Response:
    """Draw a layer as a picture."""
    service, layer, lang = service_of(request), layer_of(request), lang_of(request)
    given = parameters(request, OF_LAYER)
    asked = of_layer(service, layer, given, request.headers.get("accept"), lang)
    return await picture(request, service, asked)


async def _page(request: Request, checked: dict[str, Any]) -> Response:
    """Draw the whole plan as one page that needs nothing else, with a check where asked for."""
    service, lang = service_of(request), lang_of(request)
    inputs = {"lang": lang, "served_from": service.settings.map_features, **checked}
    asked = Execution(
        process="map",
        inputs=inputs,
        offer=HTML,
        document=False,
        lang=lang,
        base=Links(request).base,
        seen=seen_by(request),
        who=caller_of(request).name,
    )
    return await run(request, service, asked)


_READ = ["GET", "HEAD"]
router.add_route("/map", map_, methods=_READ)
router.add_route(map_path("{collection_id}"), layer_map, methods=_READ)
