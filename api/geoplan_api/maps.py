"""The plan as a map (HTML for now; pictures come with the figure)."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from geoplan_api.deps import LangDep, LinksDep, ServiceDep
from geoplan_api.errors import BadParameter
from geoplan_api.executing import seen_by
from geoplan_api.negotiation import HTML, choose
from geoplan_api.permission import caller_of
from geoplan_api.processes import run
from geoplan_api.query import filled, read_day, read_pack
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


@router.api_route("/map", methods=["GET", "HEAD"])
async def map_(
    request: Request,
    service: ServiceDep,
    lang: LangDep,
    links: LinksDep,
    checked: Annotated[dict[str, Any], Depends(checked_by)],
) -> Response:
    """Draw the whole plan as one page that needs nothing else, with a check where asked for."""
    inputs = {"lang": lang, "served_from": service.settings.map_features, **checked}
    asked = Execution(
        process="map",
        inputs=inputs,
        offer=HTML,
        document=False,
        lang=lang,
        base=links.base,
        seen=seen_by(request),
        who=caller_of(request).name,
    )
    return await run(request, service, asked)
