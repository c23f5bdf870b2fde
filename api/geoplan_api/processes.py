"""Processes, described and run (OGC API - Processes, Part 1): at once, or as jobs."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

import geoplan
from geoplan_api.deps import JsonOrHtml, LangDep, LinksDep, ServiceDep, ViewDep
from geoplan_api.executing import OFFERS, OUTPUT, described_process, processes_of, read_execution
from geoplan_api.job_documents import status_info
from geoplan_api.links import EXECUTE, Links, job_path, process_path
from geoplan_api.negotiation import COG, DOCX, GPKG, HTML, JSON, PDF, PNG, XLSX, Offer, choose
from geoplan_api.process_examples import words_of
from geoplan_api.process_pages import process_page, processes_page
from geoplan_api.query import MAX_LIMIT, read_limit, single
from geoplan_api.respond import html_response, json_response, own_headers
from geoplan_api.sending import file_response
from geoplan_api.words import word
from geoplan_api.work.computing import Answer, Execution, enclosed

if TYPE_CHECKING:
    from geoplan.model import Lang
    from geoplan_api.service import Service

router = APIRouter()
_READ = ["GET", "HEAD"]
LEFT_OUT = "Geoplan-Left-Out"
_FILES = (COG, GPKG, XLSX, DOCX, PDF, PNG)

ProcessDep = Annotated[dict[str, Any], Depends(described_process)]
ExecutionDep = Annotated[tuple[Execution, bool], Depends(read_execution)]


async def _listing(request: Request) -> tuple[Offer, int, str | None]:
    """Read ``f``, how many processes are wanted, and after which one."""
    given = single(request.query_params.multi_items(), ("f", "limit", "after"))
    offer = choose((JSON, HTML), given.get("f"), request.headers.get("accept"))
    return offer, read_limit(given.get("limit", str(MAX_LIMIT))), given.get("after")


ListingDep = Annotated[tuple[Offer, int, str | None], Depends(_listing)]


@router.api_route("/processes", methods=_READ)
async def processes(
    request: Request, view: ViewDep, links: LinksDep, asked: ListingDep
) -> Response:
    """List the processes, so many as are asked for."""
    offer, limit, after = asked
    lang = view.lang
    every = await processes_of(request)
    names = [one["id"] for one in every]
    start = 0 if after is None else names.index(after) + 1 if after in names else len(names)
    listed = [_summary(one, lang, links) for one in every[start : start + limit]]
    more = start + limit < len(every)
    title = word("link.next", lang)
    own = [
        *([links.again("next", offer.media_type, title, after=listed[-1]["id"])] if more else []),
        links.self(offer.media_type, word("link.self", lang)),
        *links.alternates(offer, (JSON, HTML), lang),
        links.to("root", "/", JSON.media_type, word("link.landing", lang)),
        links.to("jobs", "/jobs", JSON.media_type, word("link.jobs", lang)),
    ]
    document = {"processes": listed, "links": own}
    if offer is HTML:
        return html_response(processes_page(document, view), lang)
    return json_response(document, lang, offer)


@router.api_route("/processes/{process_id}", methods=_READ)
async def process(
    process: ProcessDep, service: ServiceDep, view: ViewDep, links: LinksDep, offer: JsonOrHtml
) -> Response:
    """Describe a process, its inputs and what it answers with."""
    described = _summary(process, view.lang, links)
    described["inputs"] = process["inputs"]
    described["outputs"] = _outputs(process, view.lang)
    if offer is HTML:
        page = process_page(described, view, words_of(service, view.lang), links.base)
        return html_response(page, view.lang, script=True)
    return json_response(described, view.lang, offer)


@router.post("/processes/{process_id}/execution")
async def execution(
    request: Request, asked: ExecutionDep, service: ServiceDep, lang: LangDep, links: LinksDep
) -> Response:
    """Run a process and answer with its result, or with the job that it has become."""
    wanted, as_job = asked
    if not as_job:
        return await run(request, service, wanted)
    job = service.computing.start(wanted)
    answer = json_response(status_info(job, lang, links), lang, JSON)
    answer.status_code = 201
    answer.headers["Location"] = links.base + job_path(job.id)
    answer.headers["Preference-Applied"] = "respond-async"
    return answer


async def run(request: Request, service: Service, asked: Execution) -> Response:
    """Run a process; the work ends when the client leaves."""
    answer = await service.computing.run(asked, unwanted=request.is_disconnected)
    return answered(answer, asked.offer.media_type, asked.lang, document=asked.document)


def answered(answer: Answer, media_type: str, lang: Lang, *, document: bool) -> Response:
    """Answer with what a process made."""
    headers = headers_of_answer(answer, media_type, lang)
    if document:
        body = answer.body if answer.body is not None else _read(answer)
        return Response(
            enclosed(body, media_type), headers=headers | {"Content-Type": JSON.media_type}
        )
    if answer.file is not None:
        return file_response(answer.file, headers)
    return Response(answer.body, headers=headers)


def headers_of_answer(answer: Answer, media_type: str, lang: Lang) -> dict[str, str]:
    """Return what is said of an answer: its kind, its name, how much it has no room to tell of."""
    charset = "; charset=utf-8" if media_type.startswith("text/") else ""
    headers = own_headers(lang) | {"Content-Type": media_type + charset}
    if answer.name is not None:
        headers["Content-Disposition"] = f'attachment; filename="{answer.name}"'
    if answer.left_out:
        headers[LEFT_OUT] = str(answer.left_out)
    return headers


def _read(answer: Answer) -> bytes:
    assert answer.file is not None  # noqa: S101 - for the type
    body = answer.file.read_bytes()
    shutil.rmtree(answer.file.parent)
    return body


def _summary(process: dict[str, Any], lang: Lang, links: Links) -> dict[str, Any]:
    path, title = process_path(process["id"]), process["title"][lang]
    usual = OFFERS[process["offers"][0]].media_type
    return {
        "id": process["id"],
        "title": title,
        "description": process["description"][lang],
        "version": geoplan.__version__,
        "jobControlOptions": ["sync-execute", "async-execute", "dismiss"],
        "outputTransmission": ["value"],
        "links": [
            links.to("self", path, JSON.media_type, title),
            links.to("alternate", f"{path}?f=html", HTML.media_type, word("link.as-html", lang)),
            links.to("alternate", f"{path}?f=json", JSON.media_type, word("link.as-json", lang)),
            links.to(EXECUTE, f"{path}/execution", usual, word("link.execute", lang, title=title)),
        ],
    }


def _outputs(process: dict[str, Any], lang: Lang) -> dict[str, Any]:
    schemas = [_schema(OFFERS[name]) for name in process["offers"]]
    schema = schemas[0] if len(schemas) == 1 else {"oneOf": schemas}
    return {OUTPUT: {"title": process["title"][lang], "schema": schema}}


def _schema(offer: Offer) -> dict[str, str]:
    kind = "object" if "json" in offer.media_type else "string"
    binary = {"contentEncoding": "binary"} if offer in _FILES else {}
    return {"type": kind, "contentMediaType": offer.media_type, **binary}
