"""Requests to run a process, read: inputs as sent, what to answer with, at once or as a job."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request

from geoplan_api.bodies import read_json
from geoplan_api.deps import lang_of, service_of
from geoplan_api.errors import BadInput, ProcessNotFound
from geoplan_api.negotiation import (
    COG,
    CSV,
    DOCX,
    GEOJSON_ALONE,
    GPKG,
    HTML,
    JSON,
    PDF,
    PNG,
    SVG,
    XLSX,
    Offer,
    choose,
)
from geoplan_api.permission import caller_of
from geoplan_api.query import single
from geoplan_api.work.computing import Execution
from geoplan_api.work.pointers import pointer_to

OFFERS = {
    offer.f: offer
    for offer in (JSON, GEOJSON_ALONE, CSV, GPKG, PNG, SVG, DOCX, PDF, XLSX, COG, HTML)
}
OUTPUT = "result"
"""Name of the one output that every process has."""
_MEMBERS = ("inputs", "outputs", "response", "subscriber")


async def processes_of(request: Request) -> list[dict[str, Any]]:
    """Return what is told of all processes to whoever asks."""
    return await service_of(request).computing.processes(seen_by(request))


def seen_by(request: Request) -> tuple[str, ...] | None:
    """Return the layers and rasters that whoever asks may see; None for all."""
    layers = caller_of(request).layers
    return None if layers is None else tuple(sorted(layers))


async def described_process(request: Request) -> dict[str, Any]:
    """Return what is told of the process that the path names.

    Raises
    ------
    ProcessNotFound
        There is none of that id.
    """
    process_id = request.path_params["process_id"]
    known = {one["id"]: one for one in await processes_of(request)}
    if process_id not in known:
        raise ProcessNotFound(f"no process {process_id!r}; there are: {', '.join(known)}")
    return known[process_id]


async def read_execution(request: Request) -> tuple[Execution, bool]:
    """Return what a request asks to be run, and whether it wants a job made of it.

    Raises
    ------
    ProcessNotFound, BadInput, NotAcceptable, BadParameter
        There is no such process; a member of the body cannot be; the process makes no such thing.
    BadBody, BodyTooLarge, BodyTooSlow, UnsupportedMediaType
        See `geoplan_api.bodies.read_json`.
    """
    single(request.query_params.multi_items(), ())
    process = await described_process(request)
    body = await read_json(request, service_of(request).settings.max_body_bytes)
    if not isinstance(body, dict):
        raise BadInput('the body is to be an object such as {"inputs": {}}', "")
    for name in body:
        if name not in _MEMBERS:
            pointer = pointer_to(name)
            raise BadInput(f"unknown member {name!r}; known: {', '.join(_MEMBERS)}", pointer)
    if "subscriber" in body:
        raise BadInput("no callbacks are made: ask the job how far it is", "/subscriber")
    response = body.get("response", "raw")
    if response not in ("raw", "document"):
        raise BadInput(f"/response: {response!r} is neither raw nor document", "/response")
    inputs, base = body.get("inputs", {}), str(request.base_url).rstrip("/")
    names = _named(process["offers"], inputs)
    offer = _offer(request, names, body.get("outputs", {}))
    asked = Execution(
        process=process["id"],
        inputs=inputs,
        offer=offer,
        document=response == "document",
        lang=lang_of(request),
        base=base,
        seen=seen_by(request),
        who=caller_of(request).name,
    )
    return asked, _prefers_job(request)


def _named(names: list[str], inputs: Any) -> list[str]:
    """Return the one thing that inputs name as the format of a document, else all there is."""
    named = inputs.get("format") if isinstance(inputs, dict) else None
    return [named] if isinstance(named, str) and named in names else names


def _offer(request: Request, names: list[str], outputs: Any) -> Offer:
    """Return what to answer with: what the body names, else what the client accepts."""
    offers = [OFFERS[name] for name in names]
    wanted = _media_type(outputs)
    if wanted is None:
        return choose(offers, None, request.headers.get("accept"))
    for offer in offers:
        if wanted in (offer.media_type, offer.media_type.split(";")[0], *offer.also):
            return offer
    known = ", ".join(offer.media_type for offer in offers)
    pointer = pointer_to("outputs", OUTPUT, "format", "mediaType")
    raise BadInput(f"{pointer}: {wanted!r} is not to be had; there is: {known}", pointer)


def _media_type(outputs: Any) -> str | None:
    if not isinstance(outputs, dict):
        raise BadInput("/outputs is to be an object", "/outputs")
    for name in outputs:
        if name != OUTPUT:
            pointer = pointer_to("outputs", name)
            raise BadInput(f"{pointer}: there is one output, {OUTPUT!r}", pointer)
    told = outputs.get(OUTPUT) or {}
    if not isinstance(told, dict):
        raise BadInput(f"/outputs/{OUTPUT} is to be an object", f"/outputs/{OUTPUT}")
    if told.get("transmissionMode", "value") != "value":
        pointer = pointer_to("outputs", OUTPUT, "transmissionMode")
        raise BadInput(f"{pointer}: outputs are sent by value", pointer)
    form = told.get("format") or {}
    found = form.get("mediaType") if isinstance(form, dict) else None
    return None if found is None else str(found)


def _prefers_job(request: Request) -> bool:
    """Tell whether the client prefers not to wait (RFC 7240)."""
    asked = ",".join(request.headers.getlist("prefer")).lower()
    return any(one.split(";")[0].strip() == "respond-async" for one in asked.split(","))
