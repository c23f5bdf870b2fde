"""The part of the definition of the API that tells of running processes and of jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from geoplan_api.executing import OFFERS
from geoplan_api.jobs import DEFAULT_LIMIT, FILTERS, MAX_LIMIT, STATUSES
from geoplan_api.negotiation import HTML, JSON
from geoplan_api.schemas import BINARY, TEXT, Schema, ref

if TYPE_CHECKING:
    from collections.abc import Callable

    from geoplan_api.negotiation import Offer

    Words = Callable[..., str]
    Responses = Callable[..., dict[str, Any]]
    Parameter = Callable[..., dict[str, Any]]

RUNNING = (400, 404, 405, 406, 408, 413, 415, 421, 422, 500, 503, 507)
_READING = (400, 404, 405, 406, 421, 500, 503)


def job_paths(words: Words, responses: Responses, parameter: Parameter) -> dict[str, Any]:
    """Return the paths of executions and jobs."""
    job_id = parameter("path", "jobId", TEXT, words("parameter.jobId"))
    f = parameter("query", "f", {"type": "string", "enum": ["json", "html"]}, words("parameter.f"))
    info = {JSON: ref("statusInfo")}
    of_job = responses(words, info, _READING)
    shown = responses(words, {**info, HTML: TEXT}, _READING)
    results = responses(words, _answers(), (*_READING, 408, 413, 422, 507))
    return {
        "/processes/{processId}/execution": {"post": _execution(words, responses, parameter)},
        "/jobs": {"get": _listing(words, responses, parameter, f)},
        "/jobs/{jobId}": {
            "get": _operation("job", words, [job_id, f], shown),
            "delete": _operation("dismiss", words, [job_id], of_job),
        },
        "/jobs/{jobId}/results": {"get": _operation("results", words, [job_id], results)},
    }


def _answers() -> dict[Offer, Schema]:
    json = {"oneOf": [ref("result"), ref("outputs")]}
    schemas: dict[str, Schema] = {"json": json, "geojson": ref("result"), "html": TEXT}
    return {offer: schemas.get(name, BINARY) for name, offer in OFFERS.items()}


def _operation(
    name: str, words: Words, parameters: list[Any], responses: dict[str, Any]
) -> dict[str, Any]:
    return {
        "operationId": name,
        "summary": words(f"operation.{name}"),
        "parameters": parameters,
        "responses": responses,
    }


def _execution(words: Words, responses: Responses, parameter: Parameter) -> dict[str, Any]:
    content = {JSON.media_type: {"schema": ref("execute"), "example": {"inputs": {}}}}
    prefer = parameter("header", "Prefer", TEXT, words("parameter.Prefer"))
    process = {"$ref": "#/components/parameters/processId"}
    answers = responses(words, _answers(), RUNNING)
    location = {"description": words("answer.location"), "schema": {**TEXT, "format": "uri"}}
    answers["201"] = {
        "description": words("answer.job"),
        "headers": {"Location": location},
        "content": {JSON.media_type: {"schema": ref("statusInfo")}},
    }
    return {
        **_operation("execute", words, [process, prefer], answers),
        "requestBody": {"required": True, "content": content},
    }


def _listing(
    words: Words, responses: Responses, parameter: Parameter, f: dict[str, Any]
) -> dict[str, Any]:
    whole = {"type": "integer", "minimum": 0}
    schemas: dict[str, Schema] = {
        "type": _several(["process"]),
        "processID": {"type": "array", "items": TEXT},
        "status": _several(list(STATUSES)),
        "datetime": TEXT,
        "minDuration": whole,
        "maxDuration": whole,
        "limit": {
            "type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT,
        },
    }  # fmt: skip
    filters = [
        parameter("query", name, schemas[name], words(f"parameter.job.{name}")) for name in FILTERS
    ]
    answers = responses(words, {JSON: ref("jobList"), HTML: TEXT}, (400, 405, 406, 421, 500, 503))
    return _operation("jobs", words, [*filters, f], answers)


def _several(values: list[str]) -> Schema:
    return {"type": "array", "items": {"type": "string", "enum": values}}
