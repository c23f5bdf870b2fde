"""The plan as a map (HTML for now; pictures come with the figure)."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from geoplan_api.deps import AsHtml, LangDep, ServiceDep
from geoplan_api.processes import run

router = APIRouter()


@router.api_route("/map", methods=["GET", "HEAD"])
async def map_(service: ServiceDep, lang: LangDep, offer: AsHtml) -> Response:
    """Draw the whole plan as one page that needs nothing else."""
    from geoplan.processes import PROCESSES

    process = PROCESSES["map"]
    inputs = process.inputs.model_validate({"lang": lang})
    return await run(service, process, inputs, lang, offer)
