"""Jobs: listed, looked at, their results fetched, dismissed (OGC API - Processes, Part 1)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, get_args

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from geoplan_api.deps import (
    JsonOrHtml,
    LangDep,
    LinksDep,
    NoParameters,
    ServiceDep,
    ViewDep,
    service_of,
)
from geoplan_api.errors import BadParameter, JobNotFound
from geoplan_api.job_documents import status_info
from geoplan_api.job_pages import job_page, jobs_page
from geoplan_api.negotiation import HTML, JSON, Offer, choose
from geoplan_api.permission import Caller, caller_of
from geoplan_api.processes import answered, headers_of_answer
from geoplan_api.query import read_datetime, single
from geoplan_api.respond import html_response, json_response
from geoplan_api.sending import file_response
from geoplan_api.words import word
from geoplan_api.work.computing import Answer, error_of
from geoplan_api.work.jobs import Job, Jobs, Status

if TYPE_CHECKING:
    from collections.abc import Callable

router = APIRouter()
_READ = ["GET", "HEAD"]
FILTERS = ("type", "processID", "status", "datetime", "minDuration", "maxDuration", "limit")
STATUSES: tuple[str, ...] = get_args(Status)
DEFAULT_LIMIT, MAX_LIMIT = 100, 1000


@dataclass(frozen=True)
class _Wanted:
    """Which jobs are asked for, and how many at most."""

    tests: tuple[Callable[[Job], bool], ...]
    limit: int
    offer: Offer


async def _wanted(request: Request) -> _Wanted:
    given = single(request.query_params.multi_items(), ("f", *FILTERS))
    offer = choose((JSON, HTML), given.get("f"), request.headers.get("accept"))
    tests: list[Callable[[Job], bool]] = []
    for one in given.get("type", "process").split(","):
        if one != "process":
            raise BadParameter(f"type = {one!r} is none of: process")
    if "processID" in given:
        processes = given["processID"].split(",")
        tests.append(lambda job: job.process in processes)
    if "status" in given:
        states = given["status"].split(",")
        for one in states:
            if one not in STATUSES:
                raise BadParameter(f"status = {one!r} is none of: {', '.join(STATUSES)}")
        tests.append(lambda job: job.status in states)
    if "datetime" in given:
        begin, end = read_datetime(given["datetime"])
        tests.append(lambda job: begin <= _moment(job.created).timestamp() <= end)
    for name, sign in (("minDuration", 1), ("maxDuration", -1)):
        if name in given:
            bound = _whole(name, given[name], 0, 10**9)
            tests.append(lambda job, bound=bound, sign=sign: sign * (_lasted(job) - bound) >= 0)  # type: ignore[misc]
    limit = _whole("limit", given.get("limit", str(DEFAULT_LIMIT)), 1, None)
    return _Wanted(tuple(tests), min(limit, MAX_LIMIT), offer)


def _whole(name: str, text: str, least: int, most: int | None) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 19 and int(text) >= least):
        raise BadParameter(f"{name} = {text!r} is no whole number from {least} on")
    if most is not None and int(text) > most:
        raise BadParameter(f"{name} = {text!r} is more than {most}")
    return int(text)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _lasted(job: Job) -> float:
    """Return how long a job is or was worked on [s]; 0 before it begins."""
    if job.started is None:
        return 0.0
    end = _moment(job.finished) if job.finished else datetime.now(tz=_moment(job.started).tzinfo)
    return (end - _moment(job.started)).total_seconds()


WantedDep = Annotated[_Wanted, Depends(_wanted)]


@router.api_route("/jobs", methods=_READ)
def jobs(
    request: Request,
    service: ServiceDep,
    view: ViewDep,
    links: LinksDep,
    wanted: WantedDep,
) -> Response:
    """List the jobs that there are, the newest first."""
    lang, offer = view.lang, wanted.offer
    mine = caller_of(request)
    found = [
        job
        for job in service.computing.jobs.every()
        if _is_seen(job, mine) and all(test(job) for test in wanted.tests)
    ]
    document = {
        "jobs": [status_info(job, lang, links) for job in found[: wanted.limit]],
        "numberMatched": len(found),
        "links": [
            links.self(offer.media_type, word("link.self", lang)),
            *links.alternates(offer, (JSON, HTML), lang),
            links.to("root", "/", JSON.media_type, word("link.landing", lang)),
        ],
    }
    if offer is HTML:
        return html_response(jobs_page(document, view), lang)
    return json_response(document, lang, offer)


@router.api_route("/jobs/{job_id}", methods=_READ)
def job(
    request: Request, job_id: str, view: ViewDep, links: LinksDep, offer: JsonOrHtml
) -> Response:
    """Tell how a job stands."""
    document = status_info(_job(request, job_id), view.lang, links)
    document["links"] += links.alternates(offer, (JSON, HTML), view.lang)
    if offer is HTML:
        return html_response(job_page(document, view), view.lang)
    return json_response(document, view.lang, offer)


@router.delete("/jobs/{job_id}")
def dismiss(
    request: Request, job_id: str, lang: LangDep, links: LinksDep, _: NoParameters
) -> Response:
    """Stop a job, or forget one that has ended."""
    gone = service_of(request).computing.jobs.dismiss(_job(request, job_id).id)
    return json_response(status_info(gone, lang, links), lang, JSON)


@router.api_route("/jobs/{job_id}/results", methods=_READ)
def results(request: Request, job_id: str, _: NoParameters) -> Response:
    """Answer with what a job made, or with the error that it ended in."""
    return _made(service_of(request).computing.jobs, _job(request, job_id))


def _job(request: Request, job_id: str) -> Job:
    """Return a job as far as whoever asks may see it.

    Raises
    ------
    JobNotFound
        There is none of that id, or it is another's.
    """
    found = service_of(request).computing.jobs.get(job_id)
    if not _is_seen(found, caller_of(request)):
        raise JobNotFound(f"there is no job {job_id!r}: it may have been dismissed, or be old")
    return found


def _is_seen(job: Job, caller: Caller) -> bool:
    """Tell whether a job is the caller's, or the caller an admin."""
    return caller.role == "admin" or job.who == caller.name


def _made(kept: Jobs, job: Job) -> Response:
    told: dict[str, Any] = kept.answer(job)
    if "error" in told:
        raise error_of(told)
    place, lang = kept.place(job.id), told["lang"]
    if told["document"] or told["name"] is None:
        made = Answer(place.read_bytes(), None, None)
        return answered(made, told["media_type"], lang, document=told["document"])
    made = Answer(None, place, told["name"], told["left_out"])
    return file_response(place, headers_of_answer(made, told["media_type"], lang), keep=True)


def allowed(path: str) -> frozenset[str]:
    """Return the methods that a path of a job takes beside those that read it."""
    parts = path.strip("/").split("/")
    return frozenset({"DELETE"} if len(parts) == 2 and parts[0] == "jobs" else ())
