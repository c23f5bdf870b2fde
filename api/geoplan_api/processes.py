"""Processes, described and run (after OGC API - Processes, Part 1).

Running one needs geopandas, which is imported only then. Until the worker pool is here, runs
share the process with the reads, few at a time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

from anyio import to_thread
from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ValidationError
from starlette.responses import Response

import geoplan
from geoplan.model import Document, Lang
from geoplan_api.bodies import read_json
from geoplan_api.deps import JsonOrHtml, LangDep, LinksDep, NoParameters, ServiceDep, ViewDep
from geoplan_api.downloads import raster_response
from geoplan_api.errors import BadInput, ProcessNotFound
from geoplan_api.links import EXECUTE, Links, process_path
from geoplan_api.negotiation import COG, HTML, JSON, Offer, choose
from geoplan_api.process_examples import words_of
from geoplan_api.process_pages import process_page, processes_page
from geoplan_api.respond import html_response, json_response, text_response
from geoplan_api.service import Service
from geoplan_api.words import word

if TYPE_CHECKING:
    from collections.abc import Mapping

    from geoplan.catalogue import Catalogue
    from geoplan.processes import Process

router = APIRouter()
_READ = ["GET", "HEAD"]
LAYER_INPUTS = ("layers", "by")
"""Inputs that hold layer ids."""


def _process(process_id: str) -> Any:
    from geoplan.processes import PROCESSES

    if process_id not in PROCESSES:
        raise ProcessNotFound(f"no process {process_id!r}; there are: {', '.join(PROCESSES)}")
    return PROCESSES[process_id]


ProcessDep = Annotated[Any, Depends(_process)]


async def _inputs(request: Request, process: ProcessDep, service: ServiceDep) -> BaseModel:
    return read_inputs(await read_json(request), process.inputs, service.catalogue)


InputsDep = Annotated[BaseModel, Depends(_inputs)]


async def _offer(request: Request, process: ProcessDep) -> Offer:
    offers = _offers(process)
    if len(offers) == 1:
        return offers[0]
    return choose(offers, None, request.headers.get("accept"))


OfferDep = Annotated[Offer, Depends(_offer)]


@router.api_route("/processes", methods=_READ)
def processes(view: ViewDep, links: LinksDep, offer: JsonOrHtml) -> Response:
    """List the processes."""
    from geoplan.processes import PROCESSES

    lang = view.lang
    listed = [_summary(process, lang, links) for process in PROCESSES.values()]
    own = [
        links.self(offer.media_type, word("link.self", lang)),
        *links.alternates(offer, (JSON, HTML), lang),
        links.to("root", "/", JSON.media_type, word("link.landing", lang)),
    ]
    document = {"processes": listed, "links": own}
    if offer is HTML:
        return html_response(processes_page(document, view), lang)
    return json_response(document, lang, offer)


@router.api_route("/processes/{process_id}", methods=_READ)
def process(
    process: ProcessDep, service: ServiceDep, view: ViewDep, links: LinksDep, offer: JsonOrHtml
) -> Response:
    """Describe a process, its inputs and what it answers with."""
    described = _summary(process, view.lang, links)
    described["inputs"] = _inputs_described(process.inputs, service.catalogue)
    described["outputs"] = _outputs_described(process, view.lang)
    if offer is HTML:
        page = process_page(described, view, words_of(service, view.lang), links.base)
        return html_response(page, view.lang, script=True)
    return json_response(described, view.lang, offer)


@router.post("/processes/{process_id}/execution")
async def execution(
    process: ProcessDep,
    inputs: InputsDep,
    offer: OfferDep,
    service: ServiceDep,
    lang: LangDep,
    _: NoParameters,
) -> Response:
    """Run a process and answer with its result."""
    return await run(service, process, inputs, lang, offer)


async def run(
    service: Service, process: Process, inputs: BaseModel, lang: Lang, offer: Offer
) -> Response:
    """Run a process off the event loop, a few at a time."""
    return await to_thread.run_sync(
        _run, service, process, inputs, lang, offer, limiter=service.runs
    )


def read_inputs(body: Any, model: type[BaseModel], catalogue: Catalogue) -> BaseModel:
    """Return the inputs that a body holds.

    Raises
    ------
    BadInput
        They do not fit the process; the pointer says which.
    """
    if not isinstance(body, dict):
        raise BadInput('the body is to be an object such as {"inputs": {}}', "")
    for name in body:
        if name != "inputs":
            raise BadInput(f"unknown member {name!r}; known: inputs", _pointer([name]))
    try:
        inputs = model.model_validate(body.get("inputs", {}))
    except ValidationError as error:
        first = error.errors()[0]
        pointer = _pointer(["inputs", *first["loc"]])
        raise BadInput(f"{pointer}: {first['msg']}", pointer) from None
    _refuse_unknown_layers(inputs, catalogue)
    return inputs


def _refuse_unknown_layers(inputs: BaseModel, catalogue: Catalogue) -> None:
    for name in LAYER_INPUTS:
        for position, layer_id in enumerate(getattr(inputs, name, ())):
            if layer_id not in catalogue:
                pointer = _pointer(["inputs", name, position])
                known = ", ".join(catalogue)
                raise BadInput(f"{pointer}: no layer {layer_id!r}; there are: {known}", pointer)
    for name, there in (("layer", catalogue), ("raster", catalogue.rasters)):
        asked = getattr(inputs, name, None)
        if asked is not None and asked not in there:
            pointer, known = _pointer(["inputs", name]), ", ".join(there) or "none"
            raise BadInput(f"{pointer}: no {name} {asked!r}; there are: {known}", pointer)


def _pointer(steps: list[Any]) -> str:
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)


def _run(
    service: Service, process: Process, inputs: BaseModel, lang: Lang, offer: Offer
) -> Response:
    from geoplan.export import result_document
    from geoplan.processes import RasterResult

    answer = process.run(service.catalogue, inputs)
    if isinstance(answer, RasterResult):
        return raster_response(answer, service.settings.max_raster_cells, offer, lang)
    if isinstance(answer, Document):
        return text_response(answer.content, f"{answer.media_type}; charset=utf-8", lang)
    return json_response(result_document(answer), lang, offer)


def _summary(process: Process, lang: Lang, links: Links) -> dict[str, Any]:
    path, title = process_path(process.id), process.title.to(lang)
    runs = word("link.execute", lang, title=title)
    return {
        "id": process.id,
        "title": title,
        "description": process.description.to(lang),
        "version": geoplan.__version__,
        "jobControlOptions": ["sync-execute"],
        "outputTransmission": ["value"],
        "links": [
            links.to("self", path, JSON.media_type, title),
            links.to("alternate", f"{path}?f=html", HTML.media_type, word("link.as-html", lang)),
            links.to("alternate", f"{path}?f=json", JSON.media_type, word("link.as-json", lang)),
            links.to(EXECUTE, f"{path}/execution", _offers(process)[0].media_type, runs),
        ],
    }


def _inputs_described(model: type[BaseModel], catalogue: Catalogue) -> dict[str, Any]:
    described = {}
    whole = model.model_json_schema()
    shared: Mapping[str, Any] = whole.get("$defs", {})
    schema: Mapping[str, dict[str, Any]] = _inlined(whole["properties"], shared)
    for name, found in schema.items():
        own = {key: value for key, value in found.items() if key not in ("title", "description")}
        if name in LAYER_INPUTS:
            own["items"] = {"type": "string", "enum": list(catalogue)}
        if name == "rasters" and catalogue.rasters:
            own["items"] = {"type": "string", "enum": list(catalogue.rasters)}
        if name in ("layer", "raster"):
            own["enum"] = list(catalogue if name == "layer" else catalogue.rasters)
        described[name] = {
            "title": name,
            "description": found.get("description", ""),
            "minOccurs": int(name in whole.get("required", ())),
            "maxOccurs": 1,
            "schema": own,
        }
    return described


def _inlined(schema: Any, shared: Mapping[str, Any]) -> Any:
    """Return a schema with what it refers to in its place: each input is described by itself."""
    if isinstance(schema, list):
        return [_inlined(one, shared) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        return _inlined({**shared[schema["$ref"].rsplit("/", 1)[1]], **beside}, shared)
    return {key: _inlined(value, shared) for key, value in schema.items()}


def _outputs_described(process: Process, lang: Lang) -> dict[str, Any]:
    kinds = {HTML: "string", COG: "string", JSON: "object"}
    schemas = [
        {"type": kinds[offer], "contentMediaType": offer.media_type}
        | ({"contentEncoding": "binary"} if offer == COG else {})
        for offer in _offers(process)
    ]
    schema = schemas[0] if len(schemas) == 1 else {"oneOf": schemas}
    return {"result": {"title": process.title.to(lang), "schema": schema}}


def _offers(process: Process) -> tuple[Offer, ...]:
    """Return what a process answers with, as its signature says; the first is the usual one."""
    from geoplan.processes import RasterResult

    made = get_type_hints(process.run)["return"]
    if made is RasterResult:
        return COG, JSON
    return (HTML,) if made is Document else (JSON,)
